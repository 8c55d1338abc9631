/* tests/fuzz/fuzz_scan.c - any valid UTF-8 through every rule of pii and secrets, with and without the
** gate: the same matches, by place and apart; redaction and stand-ins keep JSON valid */
#include <stdlib.h>

#include "corpus/json.h"
#include "scan/redact.h"
#include "scan/standin.h"
#include "tests/scan_rules.h"
#include "text/chars.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

enum { MOST_TYPES = 256 };

static ScanRule *rules;          /* kept, so that no leak is seen */
static Scanner *scanner[2];
static ScanState *state[2];
static const char *name[MOST_TYPES];

static void setup(void) {
  Error err;
  size_t n;
  rules = scan_rules(&n);
  for (int i = 0; i < 2; i++) {
    scanner[i] = scanner_new(rules, n, i ? SCAN_UNGATED : 0, &err);
    if (scanner[i] == NULL) abort();
    state[i] = scan_state_new(scanner[i]);
  }
  if (scanner_types(scanner[0]) > MOST_TYPES) abort();
  for (size_t t = 0; t < scanner_types(scanner[0]); t++) name[t] = scanner_type(scanner[0], t);
}

static int is_json(Span text) {
  JsonDoc doc = { 0 };
  int good = json_check(&doc, text, 0) == JSON_OK && (doc.root.kind == JSON_OBJECT || doc.root.kind == JSON_ARRAY);
  json_doc_free(&doc);
  return good;
}

static int write_standin(void *key, Buf *out, uint32_t type, Span match) {
  return standin_write(out, key, span_str(name[type]), match);
}

static void check_edits(Span text) {
  unsigned char key[STANDIN_KEY] = { 1 };
  Buf out = { 0 };
  int json = is_json(text);
  if (scan_redact(&out, text, state[0]->match, state[0]->n, name) != 0) abort();
  if (json && !is_json(buf_span(&out))) abort();
  if (scan_replace(&out, text, state[0]->match, state[0]->n, name, write_standin, key) != 0) abort();
  if (json && !is_json(buf_span(&out))) abort();
  if (!chars_valid(out.ptr, out.len)) abort();
  buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (scanner[0] == NULL) setup();
  char *copy = malloc(len + 1);
  memcpy(copy, data, len);
  Span text = span_of(copy, len);
  if (chars_valid(copy, len)) {
    for (int i = 0; i < 2; i++)
      if (scanner_find(scanner[i], state[i], text) != 0) abort();
    if (state[0]->n != state[1]->n) abort();
    for (size_t k = 0; k < state[0]->n; k++) {
      const ScanMatch *a = &state[0]->match[k], *b = &state[1]->match[k];
      if (a->start != b->start || a->end != b->end || a->type != b->type) abort();
      if (a->start >= a->end || a->end > len || (k > 0 && a->start < a[-1].end)) abort();
    }
    check_edits(text);
  }
  free(copy);
  return 0;
}
