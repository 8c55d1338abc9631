/* modules/http/hint.c - see hint.h */
#include "http/hint.h"

#include <stdio.h>

#include "stats/times.h"

enum { FRACTION_DIGITS = 9, WHOLE_DIGITS = 12 };   /* more than any clock needs, and no overflow */

static Span trim(Span s) {
  while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) s = span_of(s.ptr + 1, s.len - 1);
  while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t')) s.len--;
  return s;
}

static int is_digit(char c) { return c >= '0' && c <= '9'; }

/* Digits with an optional fraction at s[*at]; moves *at behind them. */
static int number_at(Span s, size_t *at, double *n) {
  size_t i = *at, begin = i, whole;
  double v = 0, unit = 0.1;
  for (; i < s.len && is_digit(s.ptr[i]); i++) v = v * 10 + (s.ptr[i] - '0');
  whole = i - begin;
  if (whole > WHOLE_DIGITS) return -1;
  size_t fraction = 0;
  if (i < s.len && s.ptr[i] == '.') {
    for (i++; i < s.len && is_digit(s.ptr[i]); i++, fraction++)
      if (fraction < FRACTION_DIGITS) v += unit * (s.ptr[i] - '0'), unit /= 10;
    if (fraction == 0) return -1;
  }
  if (whole + fraction == 0) return -1;
  *at = i;
  *n = v;
  return 0;
}

int hint_number(Span text, double *n) {
  Span s = trim(text);
  size_t at = 0;
  double v;
  if (number_at(s, &at, &v) != 0 || at != s.len) return -1;
  *n = v;
  return 0;
}

/* The unit at s[*at] in seconds, the longer spelling first; moves *at behind it. */
static double unit_at(Span s, size_t *at) {
  static const struct { const char *name; double seconds; } units[] = {
    { "ms", 1e-3 }, { "us", 1e-6 }, { "\xc2\xb5s", 1e-6 }, { "ns", 1e-9 }, { "h", 3600 }, { "m", 60 }, { "s", 1 }
  };
  for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
    size_t n = strlen(units[i].name);
    if (s.len - *at < n || memcmp(s.ptr + *at, units[i].name, n) != 0) continue;
    *at += n;
    return units[i].seconds;
  }
  return 0;
}

int hint_duration(Span text, double *seconds) {
  Span s = trim(text);
  double sum = 0;
  if (s.len == 0) return -1;
  for (size_t at = 0; at < s.len;) {
    double n, unit;
    if (number_at(s, &at, &n) != 0 || (unit = unit_at(s, &at)) == 0) return -1;
    sum += n * unit;
  }
  *seconds = sum;
  return 0;
}

static int month_of(const char *name) {
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  for (int m = 0; m < 12; m++)
    if (memcmp(months + m * 3, name, 3) == 0) return m + 1;
  return 0;
}

/* Sun, 06 Nov 1994 08:49:37 GMT; Sunday, 06-Nov-94 08:49:37 GMT; Sun Nov  6 08:49:37 1994 */
int hint_date(Span text, double *moment) {
  Span s = trim(text);
  char in[48], month[4], iso[64];
  int year, day, h, m, sec, used = 0;
  if (s.len == 0 || s.len >= sizeof in || memchr(s.ptr, '\0', s.len) != NULL) return -1;
  if (s.len > 10 && is_digit(s.ptr[0])) return time_parse(s, moment);
  memcpy(in, s.ptr, s.len);
  in[s.len] = '\0';
  if (sscanf(in, "%*3[A-Za-z], %2d %3[A-Za-z] %4d %2d:%2d:%2d GMT%n", &day, month, &year, &h, &m, &sec, &used) == 6 &&
      in[used] == '\0') {
  } else if (sscanf(in, "%*9[A-Za-z], %2d-%3[A-Za-z]-%2d %2d:%2d:%2d GMT%n",
                    &day, month, &year, &h, &m, &sec, &used) == 6 && in[used] == '\0') {
    year += year < 70 ? 2000 : 1900;
  } else if (sscanf(in, "%*3[A-Za-z] %3[A-Za-z] %2d %2d:%2d:%2d %4d%n", month, &day, &h, &m, &sec, &year, &used) != 6 ||
             in[used] != '\0') {
    return -1;
  }
  if (used == 0 || strlen(month) != 3) return -1;
  if (year < 1970 || day < 0 || h < 0 || m < 0 || sec < 0) return -1;
  snprintf(iso, sizeof iso, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month_of(month), day, h, m, sec);
  return time_parse(span_str(iso), moment);
}

static const HintHeader *named(const HintHeader *header, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (span_eq(header[i].name, span_str(name))) return &header[i];
  return NULL;
}

static double from_now(double moment, double now) { return moment > now ? moment - now : 0; }

/* retry-after-ms, then retry-after. */
static int retry_after(const HintHeader *header, size_t n, double now, double *seconds, const HintHeader **which) {
  double v;
  const HintHeader *h = named(header, n, "retry-after-ms");
  if (h != NULL && hint_number(h->value, &v) == 0) {
    *seconds = v / 1000;
    *which = h;
    return 0;
  }
  h = named(header, n, "retry-after");
  if (h == NULL) return -1;
  if (hint_number(h->value, &v) == 0) *seconds = v;
  else if (hint_date(h->value, &v) == 0) *seconds = from_now(v, now);
  else if (hint_duration(h->value, &v) == 0) *seconds = v;
  else return -1;
  *which = h;
  return 0;
}

typedef struct Reset { const char *reset, *remaining; } Reset;
static const Reset RESETS[] = {
  { "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests" },
  { "x-ratelimit-reset-tokens", "x-ratelimit-remaining-tokens" },
  { "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining" },
  { "anthropic-ratelimit-tokens-reset", "anthropic-ratelimit-tokens-remaining" },
  { "anthropic-ratelimit-input-tokens-reset", "anthropic-ratelimit-input-tokens-remaining" },
  { "anthropic-ratelimit-output-tokens-reset", "anthropic-ratelimit-output-tokens-remaining" },
};

int hint_retry(const HintHeader *header, size_t n, double now, double *seconds, const HintHeader **which) {
  double moment, v;
  const HintHeader *date = named(header, n, "date");
  if (date != NULL && hint_date(date->value, &moment) == 0) now = moment;
  if (retry_after(header, n, now, seconds, which) == 0) return 0;
  int spent = 0;              /* a limit that is spent speaks before those that are not */
  *which = NULL;
  for (size_t i = 0; i < sizeof RESETS / sizeof RESETS[0]; i++) {
    const HintHeader *h = named(header, n, RESETS[i].reset), *left = named(header, n, RESETS[i].remaining);
    if (h == NULL) continue;
    if (hint_duration(h->value, &v) != 0) {
      if (hint_date(h->value, &moment) == 0) v = from_now(moment, now);
      else if (hint_number(h->value, &v) != 0) continue;
    }
    double rest;
    int zero = left != NULL && hint_number(left->value, &rest) == 0 && rest == 0;
    if (*which == NULL || zero > spent || (zero == spent && v > *seconds)) {
      *which = h;
      *seconds = v;
    }
    if (zero) spent = 1;
  }
  return *which != NULL ? 0 : -1;
}
