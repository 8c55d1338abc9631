/* tests/fuzz/fuzz_array.c - any bytes as a JSON array: each line that comes of a whole, valid array
** is a valid value, and there are as many as elements. */
#include <stdlib.h>
#include <unistd.h>

#include "corpus/json.h"
#include "corpus/source.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  char *text = malloc(n > 0 ? n : 1);
  Spool spool;
  Broken broken;
  Error err;
  JsonDoc doc = { 0 };
  if (n > 0) memcpy(text, d, n);
  MUST(spool_open(&spool, NULL, &err) == 0);
  MUST(array_to_lines(span_of(text, n), &spool, &broken, &err) == 0);
  MUST(spool_flush(&spool, &err) == 0);
  MUST(broken.why == NULL || broken.at <= n);
  char *lines = malloc(spool.len + 1);
  MUST(pread(spool.fd, lines, spool.len, 0) == (ssize_t)spool.len);
  if (json_check(&doc, span_of(text, n), 0) == JSON_OK && doc.root.kind == JSON_ARRAY) {
    size_t elements = 0, found = 0;
    JsonValue v;
    MUST(broken.why == NULL);
    for (JsonIter it = json_iter(&doc.root); json_next(&it, NULL, &v);) elements++;
    for (const char *p = lines, *end = lines + spool.len; p < end; found++) {
      Span line = next_line(&p, end);
      MUST(json_check(&doc, line, 0) == JSON_OK);
    }
    MUST(found == elements);
  }
  json_doc_free(&doc);
  free(lines);
  spool_close(&spool);
  free(text);
  return 0;
}
