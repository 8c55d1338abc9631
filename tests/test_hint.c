/* tests/test_hint.c - when a server says to come back, and keys that are masked. */
#include <math.h>

#include "check.h"
#include "http/hint.h"
#include "http/secret.h"

static const double NOW = 784111777;   /* Sun, 06 Nov 1994 08:49:37 GMT, of RFC 9110 */

static double duration(const char *s) {
  double v;
  return hint_duration(span_str(s), &v) == 0 ? v : -1;
}

static double date(const char *s) {
  double v;
  return hint_date(span_str(s), &v) == 0 ? v : -1;
}

static double number(const char *s) {
  double v;
  return hint_number(span_str(s), &v) == 0 ? v : -1;
}

static void numbers_are_plain(void) {
  CHECK(number("7") == 7 && number(" 0.5 ") == 0.5 && number("120.") == -1 && number(".5") == 0.5);
  CHECK(number("-1") == -1 && number("1e3") == -1 && number("") == -1 && number("7s") == -1 && number("nan") == -1);
  CHECK(number("86400") == 86400 && number("9999999999999999999") == -1);
}

static void durations_are_those_of_go(void) {
  CHECK(duration("6m0s") == 360 && duration("1.5s") == 1.5 && fabs(duration("12ms") - 0.012) < 1e-12);
  CHECK(duration("1h2m3s") == 3723 && fabs(duration("1m12.5s") - 72.5) < 1e-9 && duration("0s") == 0);
  CHECK(fabs(duration("5us") - 5e-6) < 1e-15 && fabs(duration("80ns") - 8e-8) < 1e-15);
  CHECK(duration("") == -1 && duration("5") == -1 && duration("s") == -1 && duration("1x") == -1 &&
        duration("-1s") == -1);
  CHECK(duration("1s 2m") == -1);
}

static void dates_are_the_three_of_http_and_rfc_3339(void) {
  CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT") == NOW);
  CHECK(date("Sunday, 06-Nov-94 08:49:37 GMT") == NOW);
  CHECK(date("Sun Nov  6 08:49:37 1994") == NOW);
  CHECK(date("1994-11-06T08:49:37Z") == NOW && date("1994-11-06T10:49:37+02:00") == NOW);
  CHECK(date("Sun, 06 Nov 1994 08:49:37 CET") == -1 && date("Sun, 32 Nov 1994 08:49:37 GMT") == -1);
  CHECK(date("Sun, 06 Foo 1994 08:49:37 GMT") == -1 && date("tomorrow") == -1 && date("") == -1 && date("7") == -1);
  CHECK(date("Sun, 06 Nov 1994 08:49:37 GMT trailing") == -1 && date("Sun, 06 Nov -994 08:49:37 GMT") == -1);
}

typedef struct Case { const char *name[4], *value[4]; double seconds; const char *which; } Case;

static void the_first_header_that_can_be_read_decides(void) {
  static const Case cases[] = {
    { { "retry-after" }, { "7" }, 7, "retry-after" },
    { { "retry-after", "retry-after-ms" }, { "7", "250" }, 0.25, "retry-after-ms" },
    { { "retry-after", "retry-after-ms" }, { "7", "soon" }, 7, "retry-after" },
    { { "retry-after" }, { "Sun, 06 Nov 1994 08:49:47 GMT" }, 10, "retry-after" },
    { { "retry-after" }, { "Sun, 06 Nov 1994 08:49:07 GMT" }, 0, "retry-after" },
    { { "retry-after", "date" }, { "Sun, 06 Nov 1994 09:00:10 GMT", "Sun, 06 Nov 1994 09:00:00 GMT" }, 10,
      "retry-after" },
    { { "retry-after" }, { "-5" }, -1, NULL },
    { { "retry-after", "x-ratelimit-reset-tokens" }, { "garbage", "6m0s" }, 360, "x-ratelimit-reset-tokens" },
    { { "x-ratelimit-reset-requests", "x-ratelimit-reset-tokens" }, { "12ms", "1.5s" }, 1.5,
      "x-ratelimit-reset-tokens" },
    { { "x-ratelimit-reset-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-tokens" },
      { "2s", "0", "60s" }, 2,
      "x-ratelimit-reset-requests" },
    { { "anthropic-ratelimit-requests-reset", "anthropic-ratelimit-requests-remaining" },
      { "1994-11-06T08:49:59Z", "0" }, 22,
      "anthropic-ratelimit-requests-reset" },
    { { "x-other" }, { "7" }, -1, NULL },
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    HintHeader h[4];
    size_t n = 0;
    for (; n < 4 && cases[i].name[n] != NULL; n++)
      h[n] = (HintHeader){ span_str(cases[i].name[n]), span_str(cases[i].value[n]) };
    double seconds = -1;
    const HintHeader *which = NULL;
    int got = hint_retry(h, n, NOW, &seconds, &which);
    CHECK(got == (cases[i].which == NULL ? -1 : 0));
    if (got != 0) continue;
    if (fabs(seconds - cases[i].seconds) > 1e-9) printf("case %zu: %g\n", i, seconds);
    CHECK(fabs(seconds - cases[i].seconds) < 1e-9 && span_eq(which->name, span_str(cases[i].which)));
  }
}

static const char *scrubbed(const Secret *s, const char *text, size_t shortest) {
  static char out[512];
  snprintf(out, sizeof out, "%s", text);
  secret_scrub(s, out, strlen(out), shortest);
  return out;
}

static void what_repeats_a_key_is_masked(void) {
  Secret s;
  Error err;
  CHECK(secret_init(&s, &err) == 0);
  const char *line = secret_header(&s, "authorization", "Bearer sk-0123456789ABCDEF", &err);
  CHECK(line != NULL && strcmp(line, "authorization: Bearer sk-0123456789ABCDEF") == 0);
  CHECK(strcmp(scrubbed(&s, "key sk-0123456789ABCDEF.", 8), "key *******************.") == 0);
  CHECK(strcmp(scrubbed(&s, "sk-01234 is a prefix", 8), "******** is a prefix") == 0);
  CHECK(strcmp(scrubbed(&s, "sk-0123 is 7 long", 8), "sk-0123 is 7 long") == 0);
  CHECK(strcmp(scrubbed(&s, "tail 89ABCDEF and 9ABCDEF", 8), "tail ******** and 9ABCDEF") == 0);
  CHECK(strcmp(scrubbed(&s, "sk-01234 but sk-0123456789ABC", 16), "sk-01234 but ****************") == 0);
  CHECK(strcmp(scrubbed(&s, "Bearer of news", 8), "Bearer of news") == 0);
  /* base64 of "sk-0123456789ABCDEF", ":sk-…" and "::sk-…" (coreutils base64), what the key alone decides */
  CHECK(strcmp(scrubbed(&s, "c2stMDEyMzQ1Njc4OUFCQ0RFRg==", 8), "*************************g==") == 0);
  CHECK(strcmp(scrubbed(&s, "OnNrLTAxMjM0NTY3ODlBQkNERUY=", 8), "On************************Y=") == 0);
  CHECK(strcmp(scrubbed(&s, "Ojpzay0wMTIzNDU2Nzg5QUJDREVG", 8), "Ojp*************************") == 0);
  CHECK(secret_header(&s, "x", "a\nb", &err) == NULL && strstr(err.text, "a\nb") == NULL);
  CHECK(secret_header(&s, "x", "", &err) == NULL);
  CHECK(secret_header(&s, "y", "short", &err) != NULL);
  CHECK(strcmp(scrubbed(&s, "short keys are not looked for", 8), "short keys are not looked for") == 0);
  secret_free(&s);
  secret_free(&s);
}

int main(void) {
  RUN(numbers_are_plain);
  RUN(durations_are_those_of_go);
  RUN(dates_are_the_three_of_http_and_rfc_3339);
  RUN(the_first_header_that_can_be_read_decides);
  RUN(what_repeats_a_key_is_masked);
  return check_done();
}
