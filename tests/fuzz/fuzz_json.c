/* tests/fuzz/fuzz_json.c - any bytes: judged alike with and without padding; what simdjson takes,
** we take; and in what is valid every string has a path that leads back to it, found alone or by
** one walk for all of them, in any order. */
#include <stdlib.h>

#include "corpus/json.h"
#include "corpus/simdjson_shim.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

static void walk(Span text, int valid) {
  JsonValue root = json_value(text), v;
  Buf path = { 0 }, same = { 0 };
  JsonPaths paths = { 0 };
  json_paths_begin(&paths, text);
  size_t n = 0;
  char *out = malloc(text.len + 1);
  for (JsonStrings it = json_strings(text); n < 50 && json_next_string(&it, &v); n++) {
    MUST(json_decode(v.raw, out) <= v.raw.len);
    json_lone_surrogate(v.raw);
    if (!valid) continue;
    path.len = 0;
    MUST(json_path_of(text, (size_t)(v.raw.ptr - text.ptr), &path) == 0);
    same.len = 0;
    MUST(json_paths_at(&paths, (size_t)(v.raw.ptr - text.ptr), &same) == 0);
    MUST(span_eq(buf_span(&path), buf_span(&same)));
    size_t any = (n * 7919) % (text.len + 1);   /* backwards, onto keys and into the midst of values */
    path.len = same.len = 0;
    MUST(json_path_of(text, any, &path) == json_paths_at(&paths, any, &same));
    MUST(span_eq(buf_span(&path), buf_span(&same)));
    path.len = 0;
    json_path_of(text, (size_t)(v.raw.ptr - text.ptr), &path);
    if (path.len == 0) continue;   /* the root itself */
    JsonValue back = json_path(&root, buf_span(&path));
    MUST(back.kind != JSON_NONE);   /* the same place, unless a key stands twice or is spelt in two ways */
  }
  json_path(&root, text);
  free(out);
  buf_free(&path);
  buf_free(&same);
  json_paths_free(&paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  char *exact = malloc(n > 0 ? n : 1), *padded = calloc(1, n + 64);
  if (n > 0) memcpy(exact, d, n), memcpy(padded, d, n);
  for (size_t i = 0; i < 64; i++) padded[n + i] = "\"\\{}"[i % 4];   /* whatever stands there */
  JsonDoc a = { 0 }, b = { 0 };
  JsonStatus s = json_check(&a, span_of(exact, n), 0);
  MUST(json_check(&b, span_of(padded, n), 64) == s);
  MUST(a.fault == b.fault && a.nmembers == b.nmembers && a.fault <= n);
  SimdjsonDom *dom = simdjson_dom_new();
  memset(padded + n, 0, 64);
  if (dom != NULL && simdjson_dom_parse(dom, padded, n)) MUST(s == JSON_OK || s == JSON_TOO_DEEP);
  simdjson_dom_free(dom);
  walk(span_of(exact, n), s == JSON_OK);
  json_doc_free(&a);
  json_doc_free(&b);
  free(exact);
  free(padded);
  return 0;
}
