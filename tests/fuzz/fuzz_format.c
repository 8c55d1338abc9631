/* tests/fuzz/fuzz_format.c - any valid line in any format: strings lie within it, and say so. */
#include <stdlib.h>

#include "../formats.h"

#define MUST(e) do { if (!(e)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  Format *formats[] = { pairs_format(), alpaca_format(), chat_format(), preference_format() };
  char *text = malloc(n > 0 ? n : 1);
  JsonDoc doc = { 0 };
  FormatRow row = { 0 };
  Buf words = { 0 };
  if (n > 0) memcpy(text, d, n);
  int valid = json_check(&doc, span_of(text, n), 0) == JSON_OK;
  for (int i = 0; i < 4; i++) {
    if (valid) {
      MUST(format_walk(formats[i], span_of(text, n), &doc, &row) == 0);
      MUST(row.state == ROW_OK || row.nstrings == 0);
      MUST(row.offset <= n);
      for (size_t k = 0; k < row.nstrings; k++) {
        StringRef s = row.string[k];
        MUST(s.start >= 1 && s.start + (size_t)s.len < n && text[s.start - 1] == '"' && text[s.start + s.len] == '"');
        MUST(s.field < FIELD_ASSISTANT);
      }
      if (doc.root.kind == JSON_OBJECT) MUST(format_describe(formats[i], &doc, &words) == 0);
    }
    format_unref(formats[i]);
  }
  buf_free(&words);
  format_row_free(&row);
  json_doc_free(&doc);
  free(text);
  return 0;
}
