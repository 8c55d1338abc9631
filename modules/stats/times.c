/* modules/stats/times.c - see times.h */
#include "stats/times.h"

typedef struct Cursor { const char *p, *end; } Cursor;

/* Exactly n digits; -1 if they are not there. */
static int digits(Cursor *c, int n) {
  int v = 0;
  if (c->end - c->p < n) return -1;
  for (int i = 0; i < n; i++) {
    unsigned d = (unsigned)(c->p[i] - '0');
    if (d > 9) return -1;
    v = v * 10 + (int)d;
  }
  c->p += n;
  return v;
}

static int accept(Cursor *c, char ch) {
  if (c->p == c->end || *c->p != ch) return 0;
  c->p++;
  return 1;
}

static int days_in(int year, int month) {
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 of the proleptic Gregorian calendar, counted from 1 March of year 0 so
** that the leap day comes last. */
static long days_from_civil(int year, int month, int day) {
  long y = month <= 2 ? year - 1 : year;
  long m = month > 2 ? month - 3 : month + 9;
  return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

/* The part behind the date: T12:00[:00[.5]][Z|+02:00]. */
static int clock_part(Cursor *c, double *seconds) {
  int hour = digits(c, 2);
  if (!accept(c, ':')) return -1;
  int minute = digits(c, 2), second = 0;
  double fraction = 0;
  if (accept(c, ':')) {
    second = digits(c, 2);
    if (accept(c, '.')) {
      double unit = 0.1;
      if (c->p == c->end || (unsigned)(*c->p - '0') > 9) return -1;
      for (; c->p < c->end && (unsigned)(*c->p - '0') <= 9; c->p++, unit /= 10) fraction += unit * (*c->p - '0');
    }
  }
  if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60) return -1;
  *seconds += hour * 3600.0 + minute * 60.0 + second + fraction;
  return 0;
}

static int zone_part(Cursor *c, double *seconds) {
  if (c->p == c->end || accept(c, 'Z') || accept(c, 'z')) return 0;
  int sign = accept(c, '+') ? 1 : accept(c, '-') ? -1 : 0;
  if (sign == 0) return -1;
  int hour = digits(c, 2);
  accept(c, ':');
  int minute = c->p == c->end ? 0 : digits(c, 2);
  if (hour < 0 || hour > 14 || minute < 0 || minute > 59) return -1;
  *seconds -= sign * (hour * 3600.0 + minute * 60.0);
  return 0;
}

int time_parse(Span text, double *seconds) {
  if (text.ptr == NULL) return -1;
  Cursor c = { text.ptr, text.ptr + text.len };
  int year = digits(&c, 4);
  if (year < 0 || !accept(&c, '-')) return -1;
  int month = digits(&c, 2);
  if (month < 1 || month > 12 || !accept(&c, '-')) return -1;
  int day = digits(&c, 2);
  if (day < 1 || day > days_in(year, month)) return -1;
  double t = (double)days_from_civil(year, month, day) * 86400.0;
  if (c.p < c.end) {
    if (!accept(&c, 'T') && !accept(&c, 't') && !accept(&c, ' ')) return -1;
    if (clock_part(&c, &t) != 0 || zone_part(&c, &t) != 0) return -1;
  }
  if (c.p != c.end) return -1;
  *seconds = t;
  return 0;
}
