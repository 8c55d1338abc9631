/* tests/test_rows.c - URLs and links of a text, and dates: by hand, and by the C library's calendar */
#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "check.h"
#include "rules/dates.h"
#include "rules/rules.h"

/* ---- urls ---- */

static Finding url_figure(const char *measure, const char *text, double min_chars, double code) {
  static const char *const WORDS[] = { "bit.ly", "example.com", "test", "gclid", "utm_*" };
  RuleSetup s = { .wanted = ~UINT32_C(0), .number = { min_chars, code, 1, 2 } };
  Finding f[RULES_MAX_MEASURES];
  for (; s.nwords < 5; s.nwords++) s.word[s.nwords] = span_str(WORDS[s.nwords]);
  CHECK(rules_run(&rules_urls, &s, span_str(text), span_of("", 0), f) == 0);
  return f[rules_measure(&rules_urls, span_str(measure))];
}

static double urls(const char *measure, const char *text) { return url_figure(measure, text, 1, 0).value; }

static void the_share_of_urls_is_of_characters(void) {
  Finding f = url_figure("url_ratio", "see http://a.org/b now", 1, 0);   /* 14 of 22 */
  CHECK(fabs(f.value - 14.0 / 22) < 1e-12 && f.start == 4 && f.end == 18);
  CHECK(fabs(urls("url_ratio", "\xC3\xA9\xC3\xA9 www.a.org") - 9.0 / 12) < 1e-12);
  CHECK(isnan(url_figure("url_ratio", "http://a.org", 13, 0).value));
  CHECK(urls("url_ratio", "none here: a://b, 12:30, http") == 0);
}

static void a_url_ends_where_its_sentence_goes_on(void) {
  CHECK(url_figure("urls", "(http://a.org/x_(y)).", 1, 0).end == 19);
  CHECK(url_figure("urls", "\"http://a.org/x\", b", 1, 0).end == 15);
  CHECK(url_figure("urls", "http://a.org/?a=1&b=2.\nx", 1, 0).end == 21);
  CHECK(url_figure("urls", "\xE8\xAF\xB7\xE7\x9C\x8Bhttp://a.org\xE3\x80\x82\xE8\xB0\xA2", 1, 0).end == 18);
  CHECK(urls("urls", "http://a.org,http://b.org www.c.org ftp://d.org mailto:x@y.org jo@www.e.org") == 4);
}

static void faults_of_a_url_are_told_from_templates(void) {
  static const char *const BAD[] = { "http:/a.org", "http//a.org", "http:\\\\a.org", "http:///a.org", "htps://a.org",
    "htttp://a.org/x", "http:://a.org", "https://https://a.org", "https:// a.org/x", "http://a..org", "http://-a.org",
    "http://a.org:99999/", "http://1.2.3.400/", "http://a!b.org/", "www.website", "http://a.org/%zz", "http://a.12" };
  static const char *const GOOD[] = { "http://a.org", "https://sub.a-b.co.uk:8080/x?y=%20z#w", "http://localhost:3000/",
    "http://intranet/", "http://user:pw@a.org/", "http://[2001:db8::1]:80/", "http://${HOST}/x", "https://<your-host>/",
    "https://a.org/{id}/%s", "http://a.org:PORT/", "begins with http:// or https://", "https://...", "http: the protocol",
    "xhttp:/y", "see a//b", "http://*.a.org", "http://a_b.org.", "ratio 3:4", "http://m\xC3\xBCller.de/" };
  for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
    CHECK(urls("malformed", BAD[i]) == 1);
    if (urls("malformed", BAD[i]) != 1) printf("  %s\n", BAD[i]);
  }
  for (size_t i = 0; i < sizeof GOOD / sizeof *GOOD; i++) {
    CHECK(urls("malformed", GOOD[i]) == 0);
    if (urls("malformed", GOOD[i]) != 0) printf("  %s\n", GOOD[i]);
  }
}

static void hosts_are_looked_up_with_their_subdomains(void) {
  CHECK(urls("shorteners", "https://bit.ly/x http://WWW.Bit.Ly/y http://habit.ly http://bit.ly.org") == 2);
  CHECK(urls("placeholder_hosts", "http://api.example.com http://a.test http://latest http://example.org") == 2);
  CHECK(urls("placeholder_hosts", "get('http://example.com') `http://example.com`\n```\nhttp://example.com\n```") == 0);
  CHECK(url_figure("placeholder_hosts", "```\nhttp://example.com\n```", 1, 1).value == 1);
  CHECK(urls("ip_hosts", "http://8.8.8.8/ http://[2a00::1]/ http://127.0.0.1 http://192.168.1.1 http://10.0.0.1 "
                         "http://172.16.0.1 http://172.32.0.1 http://203.0.113.7 http://[::1] http://1.2.3") == 3);
  CHECK(urls("tracking", "http://a.org/?utm_source=x&b=1&utm_medium=y&gclid=z&gclidx=1#utm_a") == 4);
}

static void links_without_target_or_text_are_told_from_code(void) {
  CHECK(urls("broken_links", "[here]() [there]( ) ![pic]() [a](http://a.org") == 4);
  CHECK(urls("broken_links", "[a](http://a.org) f[x]() x = [Int]() [&]() { } [this]() -> int g()[y]() [1]()") == 0);
  CHECK(urls("empty_link_text", "[](http://a.org) [ ](www.a.org) ![](http://a.org) [](int x) [x](http://a.org)") == 2);
}

/* ---- dates ---- */

static const DateStyle PLAIN = { DATE_EARLIER, 0 };

/* The dates of a text, each as written by the C library, with blanks between. */
static const char *dates(const char *text, DateStyle style) {
  static char out[256];
  size_t at = 0, n = 0;
  DateFound f;
  out[0] = '\0';
  while (dates_next(span_str(text), &at, &style, &f)) {
    time_t t = (time_t)(f.day * 86400);
    struct tm tm;
    gmtime_r(&t, &tm);
    n += strftime(out + n, sizeof out - n, n > 0 ? " %Y-%m-%d" : "%Y-%m-%d", &tm);
  }
  return out;
}

#define DATES(text, expected) do { \
  CHECK(strcmp(dates(text, PLAIN), expected) == 0); \
  if (strcmp(dates(text, PLAIN), expected) != 0) printf("  %s: %s\n", text, dates(text, PLAIN)); } while (0)

static void dates_are_read_in_their_forms(void) {
  DATES("on 2026-03-05, 2026/03/06 and 2026-03-07T10:00:00Z.", "2026-03-05 2026-03-06 2026-03-07");
  DATES("March 5, 2026; mar 5th 2026, Sept. 3 2026 (May 1,\n2027)", "2026-03-05 2026-03-05 2026-09-03 2027-05-01");
  DATES("5 March 2026, 5th of march, 2026, 05-Mar-2026, the 29 Feb 2024", "2026-03-05 2026-03-05 2026-03-05 2024-02-29");
  DATES("13/05/2026 05/13/2026 5-13-2026 05.03.2026", "2026-05-13 2026-05-13 2026-05-13 2026-03-05");
  DATES("in March 2026, Dec. 2027", "2026-03-01 2027-12-01");
}

static void what_only_looks_like_a_date_is_none(void) {
  static const char *const NONE[] = { "v2026.03.05", "1.2.2026", "version 10.04.2026.1", "+1 555-03-2026", "978-3-16-148410-0",
    "2026-13-05", "2026-02-29", "29 February 2026", "a2026-03-05", "2026-03-051", "12026-03-05", "192.168.2026.1",
    "they may 2026 times", "marching 5, 2026", "March 32, 2026", "/2026/03/05/post", "tel:05-03-2026", "$2026-03-05",
    "1,203/05/2026", "2026", "5 of 2026", "sunday 5", "03/05/26", "2026-03-05-1", "March 5, 20261", "" };
  for (size_t i = 0; i < sizeof NONE / sizeof *NONE; i++) DATES(NONE[i], "");
}

static void an_ambiguous_date_is_read_as_asked(void) {
  CHECK(strcmp(dates("03/05/2026", (DateStyle){ DATE_EARLIER, 0 }), "2026-03-05") == 0);
  CHECK(strcmp(dates("03/05/2026", (DateStyle){ DATE_LATER, 0 }), "2026-05-03") == 0);
  CHECK(strcmp(dates("03/05/2026", (DateStyle){ DATE_DAY_FIRST, 0 }), "2026-05-03") == 0);
  CHECK(strcmp(dates("03/25/2026", (DateStyle){ DATE_DAY_FIRST, 0 }), "2026-03-25") == 0);
  CHECK(strcmp(dates("in 2026, 1899 and 3000", (DateStyle){ DATE_EARLIER, 1 }), "2026-01-01") == 0);
}

static int row_day(const char *text) {
  int64_t day;
  return dates_of_text(span_str(text), DATE_LATER, &day) ? (int)day : -1;
}

static void a_rows_date_is_read_in_its_forms(void) {
  const int day = 19787;   /* 2024-03-05: 54 years, 13 leap days, 31 + 29 + 4 */
  CHECK(54 * 365 + 13 + 31 + 29 + 4 == day);
  static const char *const SAME[] = { "2024-03-05", "2024-03-05T10:00:00.5Z", "Tue, 05 Mar 2024 10:00:00 +0000",
    "1709632800", "1709632800000", "20240305", " March 5, 2024 ", "5 Mar 2024 10:00", "2024/03/05", "2024-03-06T01:00:00+02:00" };
  for (size_t i = 0; i < sizeof SAME / sizeof *SAME; i++) {
    CHECK(row_day(SAME[i]) == day);
    if (row_day(SAME[i]) != day) printf("  %s: %d\n", SAME[i], row_day(SAME[i]));
  }
  CHECK(row_day("yesterday") == -1 && row_day("") == -1 && row_day("12") == -1 && row_day("2024") == -1);
  int64_t d;
  CHECK(dates_of_number(1709632800, &d) && d == day && dates_of_number(1709632800e3, &d) && d == day);
  CHECK(dates_of_number(1709632800e6, &d) && d == day && dates_of_number(1709632800e9, &d) && d == day);
  CHECK(!dates_of_number(2024, &d) && !dates_of_number(NAN, &d) && !dates_of_number(INFINITY, &d));
}

static void days_are_written_as_the_c_library_writes_them(void) {
  for (int64_t day = -25567; day < 400000; day += 13) {   /* 1900 to the year 3065 */
    char got[32], want[32];
    time_t t = (time_t)(day * 86400);
    struct tm tm;
    gmtime_r(&t, &tm);
    strftime(want, sizeof want, "%Y-%m-%d", &tm);
    dates_write(day, got);
    CHECK(strcmp(got, want) == 0);
  }
}

int main(void) {
  RUN(the_share_of_urls_is_of_characters);
  RUN(a_url_ends_where_its_sentence_goes_on);
  RUN(faults_of_a_url_are_told_from_templates);
  RUN(hosts_are_looked_up_with_their_subdomains);
  RUN(links_without_target_or_text_are_told_from_code);
  RUN(dates_are_read_in_their_forms);
  RUN(what_only_looks_like_a_date_is_none);
  RUN(an_ambiguous_date_is_read_as_asked);
  RUN(a_rows_date_is_read_in_its_forms);
  RUN(days_are_written_as_the_c_library_writes_them);
  return check_done();
}
