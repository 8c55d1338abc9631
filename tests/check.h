/* tests/check.h - a C test: small functions named after the fact they show.
**   static void empty_text_has_no_tokens(void) { CHECK(text_tokens("", 0) == 0); }
**   int main(void) { RUN(empty_text_has_no_tokens); return check_done(); }
** CHECK counts, prints file:line: function: expression when it fails, and goes on. A test that
** cannot run where it is (no data) calls SKIP with the reason. */
#ifndef TAMIS_CHECK_H
#define TAMIS_CHECK_H

#include <stdio.h>
#include <string.h>

static int check_failures, check_tests_failed, check_tests_passed, check_tests_skipped, check_skipping;

#define CHECK(e) \
  ((e) ? (void)0 \
       : (void)(check_failures++, \
                printf("%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #e), fflush(stdout)))
#define SKIP(why) do { printf("skip: %s: %s\n", __func__, why); check_skipping = 1; return; } while (0)
#define RUN(test) do { \
    int before_ = check_failures; \
    check_skipping = 0; \
    test(); \
    if (check_skipping) check_tests_skipped++; \
    else if (check_failures > before_) { check_tests_failed++; printf("FAIL %s\n", #test); } \
    else check_tests_passed++; \
  } while (0)

/* Prints the line that tests/run adds up. */
static inline int check_done(void) {
  printf("%d passed, %d failed, %d skipped\n", check_tests_passed, check_tests_failed, check_tests_skipped);
  return check_tests_failed != 0;
}

#endif
