/* modules/rules/dates.c - see dates.h */
#include "rules/dates.h"

#include <math.h>
#include <stdio.h>

#include "rules/rules.h"
#include "stats/times.h"

static const char *const MONTHS[] = { "january", "february", "march", "april", "may", "june", "july", "august",
                                      "september", "october", "november", "december" };

/* ---- the calendar ---- */

static int days_in(int year, int month) {
  static const int DAYS[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return DAYS[month - 1] + (month == 2 && leap);
}

static int is_date(int year, int month, int day) {
  return year >= 1000 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

/* Years that begin in March, so that the leap day comes last. */
static int64_t day_of(int year, int month, int day) {
  int64_t y = month <= 2 ? year - 1 : year, m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

void dates_write(int64_t day, char out[32]) {
  int64_t year = 1970 + day / 366, rest;
  if (day < -719162 || day > 2932896) {
    snprintf(out, 32, "%lld", (long long)day);
    return;
  }
  if (day < 0) year = 1969 + day / 365;
  while (day_of((int)year + 1, 1, 1) <= day) year++;
  while (day_of((int)year, 1, 1) > day) year--;
  rest = day - day_of((int)year, 1, 1);
  int month = 1;
  while (rest >= days_in((int)year, month)) rest -= days_in((int)year, month++);
  snprintf(out, 32, "%04d-%02d-%02d", (int)year, month, (int)rest + 1);
}

/* ---- pieces of a date ---- */

typedef struct Cursor { const char *p, *end; } Cursor;

/* A run of `least` to `most` digits that no digit follows; -1 otherwise. */
static int number(Cursor *c, int least, int most) {
  const char *p = c->p;
  int v = 0, n = 0;
  for (; p < c->end && rules_digit(*p) && n <= most; p++, n++) v = v * 10 + (*p - '0');
  if (n < least || n > most) return -1;
  c->p = p;
  return v;
}

static int accept(Cursor *c, char ch) {
  if (c->p == c->end || *c->p != ch) return 0;
  c->p++;
  return 1;
}

static size_t blanks(Cursor *c) {
  const char *from = c->p;
  while (c->p < c->end && (*c->p == ' ' || *c->p == '\n') && c->p - from < 2) c->p++;
  return (size_t)(c->p - from);
}

static int is_word(char c) { return rules_letter(c) || rules_digit(c) || c == '_' || (c & 0x80) != 0; }

/* The month whose name, whole or its first three letters ("Sept" too), stands at c; 0 if none. */
static int month(Cursor *c) {
  Span rest = span_of(c->p, (size_t)(c->end - c->p));
  if (rest.len < 3 || !rules_letter(*rest.ptr)) return 0;
  for (int m = 0; m < 12; m++) {
    if (rules_lower(*rest.ptr) != MONTHS[m][0]) continue;
    Span name = span_str(MONTHS[m]);
    size_t n = 0;
    while (n < name.len && n < rest.len && rules_lower(rest.ptr[n]) == name.ptr[n]) n++;
    if (n != name.len && n != 3 && !(n == 4 && m == 8)) continue;
    if (n < rest.len && is_word(rest.ptr[n])) continue;
    c->p += n;
    if (n < name.len) accept(c, '.');
    return m + 1;
  }
  return 0;
}

/* th, st, nd, rd behind a day. */
static void ordinal(Cursor *c) {
  static const char *const ENDS[] = { "st", "nd", "rd", "th" };
  for (int i = 0; i < 4; i++)
    if (c->end - c->p >= 2 && rules_begins(span_of(c->p, 2), span_str(ENDS[i]))) {
      c->p += 2;
      return;
    }
}

/* Does what stands at c let a number end there? A sign between digits joins them. */
static int ends(const Cursor *c) {
  if (c->p == c->end) return 1;
  if (is_word(*c->p)) return 0;
  int joined = c->end - c->p > 1 && rules_digit(c->p[1]);
  return !(joined && memchr("-/.,:", *c->p, 5) != NULL) && *c->p != '%';
}

/* ---- the forms ---- */

/* 2026-03-05, 2026/03/05; a time may follow. */
static int iso(Cursor *c, int64_t *day) {
  int y = number(c, 4, 4);
  char sign = c->p < c->end ? *c->p : '\0';
  if (y < 0 || (sign != '-' && sign != '/')) return 0;
  c->p++;
  int m = number(c, 2, 2);
  if (m < 0 || !accept(c, sign)) return 0;
  int d = number(c, 2, 2);
  if (!is_date(y, m, d)) return 0;
  *day = day_of(y, m, d);
  int timed = c->end - c->p > 1 && (*c->p == 'T' || *c->p == 't') && rules_digit(c->p[1]);
  return timed || ends(c);
}

static int64_t numeric_day(DateOrder order, int a, int b, int y) {
  int day_first = is_date(y, b, a), month_first = is_date(y, a, b);
  int64_t d = day_first ? day_of(y, b, a) : 0, m = month_first ? day_of(y, a, b) : 0;
  if (!day_first || !month_first) return day_first ? d : m;
  switch (order) {
    case DATE_DAY_FIRST: return d;
    case DATE_MONTH_FIRST: return m;
    case DATE_LATER: return d > m ? d : m;
    default: return d < m ? d : m;
  }
}

/* 03/05/2026, 3-5-2026, 05.03.2026. */
static int numeric(Cursor *c, DateOrder order, int64_t *day) {
  const char *from = c->p;
  int a = number(c, 1, 2);
  char sign = c->p < c->end ? *c->p : '\0';
  if (a < 0 || (sign != '-' && sign != '/' && sign != '.')) return 0;
  c->p++;
  int b = number(c, 1, 2);
  if (b < 0 || !accept(c, sign)) return 0;
  int long_parts = c->p - from == 6, y = number(c, 4, 4);
  if (sign == '.') {   /* 1.2.2024 may be a version: both parts of two digits, and a day that fits */
    if (!long_parts || !is_date(y, b, a)) return 0;
    order = DATE_DAY_FIRST;
  }
  if (!is_date(y, b, a) && !is_date(y, a, b)) return 0;
  *day = numeric_day(order, a, b, y);
  return ends(c);
}

/* 5 March 2026, 5th of March, 2026, 05-Mar-2026. */
static int day_month(Cursor *c, int64_t *day) {
  int d = number(c, 1, 2);
  if (d < 0) return 0;
  ordinal(c);
  int dashed = accept(c, '-');
  if (!dashed && blanks(c) == 0) return 0;
  if (!dashed && c->end - c->p > 3 && rules_begins(span_of(c->p, 3), span_str("of "))) c->p += 3;
  int m = month(c);
  if (m == 0) return 0;
  if (dashed ? !accept(c, '-') : !(accept(c, ',') + blanks(c))) return 0;
  int y = number(c, 4, 4);
  if (!is_date(y, m, d)) return 0;
  *day = day_of(y, m, d);
  return ends(c);
}

/* March 5, 2026; Mar. 5th 2026; March 2026, but not behind a number, as in 32 March 2026. */
static int month_day(Cursor *c, int numbered, int64_t *day) {
  int capital = *c->p < 'a', m = month(c);
  if (m == 0 || blanks(c) == 0) return 0;
  Cursor back = *c;
  int d = number(c, 1, 2);
  if (d < 0) {   /* a month alone */
    *c = back;
    int y = number(c, 4, 4);
    if (!capital || numbered || y < 1900 || y > 2999) return 0;
    *day = day_of(y, m, 1);
    return ends(c);
  }
  ordinal(c);
  if (!(accept(c, ',') + blanks(c))) return 0;
  int y = number(c, 4, 4);
  if (!is_date(y, m, d)) return 0;
  *day = day_of(y, m, d);
  return ends(c);
}

static int bare_year(Cursor *c, int64_t *day) {
  int y = number(c, 4, 4);
  if (y < 1900 || y > 2999 || !ends(c)) return 0;
  *day = day_of(y, 1, 1);
  return 1;
}

static int any_form(Span text, size_t i, const DateStyle *style, DateFound *out) {
  Cursor begin = { text.ptr + i, text.ptr + text.len }, c;
  int digit = rules_digit(*begin.p), found = 0;
  if (!digit) {
    int numbered = i > 1 && text.ptr[i - 1] == ' ' && rules_digit(text.ptr[i - 2]);
    c = begin, found = month_day(&c, numbered, &out->day);
  } else {
    int form = 0;
    for (; !found && form < 3 + (style->bare_years != 0); form++) {
      c = begin;
      found = form == 0 ? iso(&c, &out->day) : form == 1 ? numeric(&c, style->order, &out->day)
            : form == 2 ? day_month(&c, &out->day) : bare_year(&c, &out->day);
    }
  }
  if (found) out->start = i, out->end = (size_t)(c.p - text.ptr);
  return found;
}

/* May a date begin behind what stands before i? A sign that a digit or letter touches joins numbers. */
static int may_begin(Span text, size_t i, int digit) {
  if (i == 0) return 1;
  char before = text.ptr[i - 1];
  if (is_word(before)) return 0;
  if (!digit) return 1;
  return memchr("-./#$+:=&\\", before, 10) == NULL && !(before == ',' && i > 1 && rules_digit(text.ptr[i - 2]));
}

/* A digit, or a letter that a month begins with. */
static int begins_date(char c) {
  enum { MONTH_LETTERS = 1 << ('j' & 31) | 1 << ('f' & 31) | 1 << ('m' & 31) | 1 << ('a' & 31) | 1 << ('s' & 31) |
                         1 << ('o' & 31) | 1 << ('n' & 31) | 1 << ('d' & 31) };
  return rules_digit(c) || (rules_letter(c) && MONTH_LETTERS >> (c & 31) & 1);
}

int dates_next(Span text, size_t *at, const DateStyle *style, DateFound *out) {
  size_t i = *at;
  while (i < text.len) {
    char c = text.ptr[i];
    if (!is_word(c)) {
      i++;
      continue;
    }
    if (begins_date(c) && may_begin(text, i, rules_digit(c)) && any_form(text, i, style, out)) {
      *at = out->end;
      return 1;
    }
    /* no date begins inside a word or number */
    while (i < text.len && is_word(text.ptr[i])) i++;
  }
  *at = text.len;
  return 0;
}

/* ---- the row's own ---- */

int dates_of_number(double epoch, int64_t *day) {
  double size = fabs(epoch), unit = size < 1e11 ? 1 : size < 1e14 ? 1e3 : size < 1e17 ? 1e6 : 1e9;
  double d = floor(epoch / unit / 86400);
  if (!(fabs(d) < 3e6) || size < 1e6) return 0;   /* a year or a count is no moment */
  *day = (int64_t)d;
  return 1;
}

static Span trimmed(Span t) {
  while (t.len > 0 && rules_blank(t.ptr[0])) t.ptr++, t.len--;
  while (t.len > 0 && rules_blank(t.ptr[t.len - 1])) t.len--;
  return t;
}

/* All digits: 20260305, or an epoch. */
static int of_digits(Span t, int64_t *day) {
  double v = 0;
  for (size_t i = 0; i < t.len; i++) {
    if (!rules_digit(t.ptr[i])) return 0;
    v = v * 10 + (t.ptr[i] - '0');
  }
  int n = t.len == 8 ? (int)v : 0, y = n / 10000, m = n / 100 % 100, d = n % 100;
  if (t.len == 8 && y >= 1900 && is_date(y, m, d)) {
    *day = day_of(y, m, d);
    return 1;
  }
  return t.len >= 9 && dates_of_number(v, day);
}

int dates_of_text(Span text, DateOrder order, int64_t *day) {
  Span t = trimmed(text);
  double seconds;
  DateFound f;
  size_t at = 0;
  if (t.len == 0 || t.len > 64) return 0;
  if (t.len <= 20 && rules_digit(t.ptr[t.len - 1]) && of_digits(t, day)) return 1;
  if (time_parse(t, &seconds) == 0) {
    *day = (int64_t)floor(seconds / 86400);
    return 1;
  }
  /* "Thu, 05 Mar 2026 10:00:00 +0000", "March 5, 2026" */
  if (!dates_next(t, &at, &(DateStyle){ order, 0 }, &f) || f.start > 12) return 0;
  *day = f.day;
  return 1;
}
