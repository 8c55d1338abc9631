/* tests/fuzz/fuzz_splice.c - whatever object a row is, what is written of it is one object again:
** with members dropped and put in, as a rejected row, and in every format. The first byte chooses. */
#include <stdlib.h>

#include "core/spill.h"
#include "corpus/format.h"
#include "export/convert.h"
#include "export/rejection.h"
#include "export/splice.h"
#include "tests/fixture.h"

static int keep_some(const void *ctx, const JsonMember *m) {
  return ((m->key.raw.len + *(const uint8_t *)ctx) & 1) == 0;
}

static void must_be_object(const Buf *b) {
  JsonDoc doc = { 0 };
  if (json_check(&doc, buf_span(b), 0) != JSON_OK || doc.root.kind != JSON_OBJECT) abort();
  json_doc_free(&doc);
}

static void rewrite(Span line, uint8_t choice) {
  Member add = { span_str("new"), span_str("[1]") }, put = { span_str("topic"), span_str("\"x\"") };
  Rewrite w = { .base = line, .keep = choice & 1 ? keep_some : NULL, .ctx = &choice, .add = &add, .nadd = choice >> 1 & 1,
                .put = &put, .nput = 1 };
  if (choice & 4) w.into = span_str("metadata");
  if (choice & 8) w.head = span_str("\"first\":null");
  Buf b = { 0 };
  if (splice_rewrite(&b, &w) == 0) must_be_object(&b);
  buf_free(&b);
}

static Format *chat_format(void) {
  static const char *const ROLES[] = { "system", "user", "assistant", "tool" };
  Format *f = format_new(span_str("messages"));
  Span path = span_str("messages");
  int bad = format_add_slot(f, FORMAT_CHAT, SHAPE_TURNS, 0, &path, 1, NULL);
  bad |= format_add_role_key(f, span_str("role"), NULL) | format_add_text_key(f, span_str("content"), NULL);
  bad |= format_add_call_key(f, span_str("tool_calls"), NULL) | format_add_part_type(f, span_str("text"), NULL);
  for (int i = 0; i < 4; i++) bad |= format_add_role(f, span_str(ROLES[i]), turn_role_by_name(span_str(ROLES[i])), NULL);
  if (bad) abort();
  return f;
}

/* Gives the row the strings of a chat, if it is one. */
static void read_as_chat(Corpus *c) {
  JsonDoc doc = { 0 };
  FormatRow row = { 0 };
  Format *f = chat_format();
  Span line = corpus_row_bytes(c, 0);
  if (json_check(&doc, line, 0) == JSON_OK && format_walk(f, line, &doc, &row) == 0 && row.state == ROW_OK) {
    spill_free(c->strings);
    c->strings = spill_alloc((row.nstrings + 1) * sizeof *c->strings);
    if (row.nstrings > 0) memcpy(c->strings, row.string, row.nstrings * sizeof *c->strings);
    c->nstrings = row.nstrings;
    c->rows[0].nstrings = (uint16_t)row.nstrings;
    c->nfaults = 0;
    free(c->sources[0].format);
    c->sources[0].format = strdup("messages");
  }
  json_doc_free(&doc);
  format_row_free(&row);
  format_unref(f);
}

static void as_row(const char *line) {
  Corpus *c = fixture_corpus(&line, 1);
  read_as_chat(c);
  View *v = view_new(c);
  Scratch *s = scratch_new(0);
  Row r = scratch_begin(s, v, 0);
  Buf b = { 0 };
  Convert convert = { 0 };
  if (rejection_write(&b, &r, 0) == 0) must_be_object(&b);
  for (int f = EXPORT_MESSAGES; f < EXPORT_FORMAT_COUNT && view_status(v, 0) == STATUS_STANDING; f++) {
    b.len = 0;
    buf_char(&b, '{');
    if (convert_read(&convert, &r, span_str("be brief"), 1) != 0) abort();
    if (convert_write(&convert, (ExportFormat)f, f & 1, &b) != 0) abort();
    if (convert.why_not != NULL) continue;
    buf_char(&b, '}');
    must_be_object(&b);
  }
  convert_free(&convert);
  buf_free(&b);
  scratch_free(s);
  view_unref(v);
  corpus_unref(c);
  free(fixture_text[0]);
  fixture_text[0] = NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *d, size_t n) {
  if (n < 1 || memchr(d, 0, n) != NULL || memchr(d, '\n', n) != NULL) return 0;
  char *line = malloc(n);
  memcpy(line, d + 1, n - 1);
  line[n - 1] = '\0';
  JsonDoc doc = { 0 };
  Span text = span_of(line, n - 1);
  if (json_check(&doc, text, 0) == JSON_OK && doc.root.kind == JSON_OBJECT) rewrite(text, d[0]);
  json_doc_free(&doc);
  as_row(line);
  free(line);
  return 0;
}
