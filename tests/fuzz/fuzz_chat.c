/* tests/fuzz/fuzz_chat.c - lists of turns, and texts with answer markers: any valid JSON is read to its end, a
** fault's turn is one of the list, markers lie in the text and move on. */
#include <stdlib.h>

#include "corpus/json.h"
#include "rules/chat.h"
#include "rules/markers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void check_markers(Span text) {
  const Span words[] = { span_str("answer:"), span_str("a") };
  Marker m;
  for (size_t at = 0; marker_next(text, at, words, 2, &m); at = m.end + 1)
    if (m.start < at || m.mark < m.start || m.behind <= m.mark || m.end < m.behind || m.end > text.len) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  char *copy = malloc(len > 0 ? len : 1);   /* a block of its own, so that reading past it is seen */
  if (copy == NULL) abort();
  memcpy(copy, data, len);
  Span text = span_of(copy, len), null = span_str("null");
  JsonDoc doc = { 0 };
  check_markers(text);
  if (json_check(&doc, text, 0) == JSON_OK && doc.root.kind == JSON_ARRAY) {
    ChatFaults f;
    size_t turns = 0;
    JsonValue v;
    for (JsonIter it = json_iter(&doc.root); json_next(&it, NULL, &v);) turns++;
    if (chat_read(doc.root.raw, &null, 1, &f) != 0) abort();
    for (int s = 0; s < CHAT_SIGNS; s++)
      if (f.n[s] > 0 && f.turn[s] > 0 && f.turn[s] >= turns) abort();
  }
  json_doc_free(&doc);
  free(copy);
  return 0;
}
