/* tests/fuzz/fuzz_http.c - URLs, retry hints and masked texts of any bytes: taken or refused, never
** read past the end; a URL that is taken names its origin in a way that is taken again, the same. */
#include <stdlib.h>

#include "http/hint.h"
#include "http/secret.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);

static void url(Span text) {
  Url u, again;
  Error err;
  char origin[URL_ORIGIN];
  if (url_parse(&u, text, &err) != 0) return;
  url_origin(&u, origin);
  if (url_parse(&again, span_str(origin), &err) != 0 || !url_same_origin(&u, &again)) abort();
  if (again.path.len != 0 || strlen(u.host) == 0 || u.port < 1 || u.port > 65535) abort();
  (void)url_host_kind(&u);
}

static void hints(Span text) {
  static const char *const names[] = { "retry-after-ms", "retry-after", "x-ratelimit-reset-tokens", "date" };
  HintHeader h[4];
  const HintHeader *which;
  double v;
  if (hint_number(text, &v) == 0 && !(v >= 0)) abort();
  if (hint_duration(text, &v) == 0 && !(v >= 0)) abort();
  (void)hint_date(text, &v);
  for (size_t i = 0; i < 4; i++) h[i] = (HintHeader){ span_str(names[i]), text };
  for (size_t from = 0; from < 4; from++)
    if (hint_retry(h + from, 4 - from, 1.7e9, &v, &which) == 0 && !(v >= 0)) abort();
}

static void masks(Span text) {
  Secret s;
  Error err;
  char *copy = malloc(text.len > 0 ? text.len : 1);
  if (text.len > 0) memcpy(copy, text.ptr, text.len);
  if (secret_init(&s, &err) != 0) abort();
  if (secret_header(&s, "authorization", "Bearer sk-abcabcabcabd", &err) == NULL) abort();
  secret_scrub(&s, copy, text.len, 8);
  if (text.len > 0 && memmem(copy, text.len, "abcabcab", 8) != NULL) abort();
  secret_free(&s);
  free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  char *text = malloc(n > 0 ? n : 1);   /* exact size, so that the sanitizer sees one byte more */
  if (n > 0) memcpy(text, d, n);
  url(span_of(text, n));
  hints(span_of(text, n));
  masks(span_of(text, n));
  free(text);
  return 0;
}
