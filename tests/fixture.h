/* tests/fixture.h - a Corpus made by hand from lines, for tests of what stands on rows:
**   Corpus *c = fixture_corpus(lines, n);      strings "system", "input", "output" and "alternative"
** Every line is a row of the source "rows.jsonl"; a line that is no JSON object, or lacks input
** or output, is a fault. Frees: corpus_unref; the text stays reachable to the end. */
#ifndef TAMIS_FIXTURE_H
#define TAMIS_FIXTURE_H

#include <stdlib.h>
#include <xxhash.h>

#include "core/spill.h"
#include "corpus/json.h"
#include "corpus/view.h"

static char *fixture_text[256];   /* keeps the rows' bytes reachable for leak checkers */

static inline void fixture_string(Corpus *c, RowRec *rec, const char *line, JsonValue v, Field f) {
  size_t n = c->nstrings;
  c->strings = spill_resize(c->strings, (n + 1) * sizeof *c->strings);
  if (c->strings == NULL) abort();
  int escaped = (v.flags & JSON_ESCAPED) != 0;
  c->strings[c->nstrings++] = (StringRef){
    .start = (uint32_t)(v.raw.ptr - line), .len = (uint32_t)v.raw.len & 0x7FFFFFFF,
    .escaped = escaped ? 1u : 0u, .turn = rec->nstrings, .field = (uint8_t)f,
    .flags = (uint8_t)((escaped ? STRING_ESCAPED : 0) | (f == FIELD_OUTPUT ? STRING_ASSISTANT : 0)),
  };
  rec->nstrings++;
}

static inline RowState fixture_row(Corpus *c, RowRec *rec, Span line, JsonDoc *doc) {
  JsonStatus status = json_check(doc, line, 0);
  if (status == JSON_NOT_UTF8) return ROW_NOT_UTF8;
  if (status != JSON_OK) return ROW_MALFORMED;
  if (doc->root.kind != JSON_OBJECT) return ROW_NOT_AN_OBJECT;
  int found = 0;
  for (Field f = FIELD_SYSTEM; f <= FIELD_ALTERNATIVE; f++) {
    JsonValue v = json_get(&doc->root, span_str(field_name(f)));
    if (v.kind != JSON_STRING) continue;
    found |= 1 << f;
    fixture_string(c, rec, line.ptr, v, f);
  }
  int both = 1 << FIELD_INPUT | 1 << FIELD_OUTPUT;
  return (found & both) == both ? ROW_OK : ROW_MISSING_FIELD;
}

static inline Corpus *fixture_corpus(const char *const *lines, size_t n) {
  Corpus *c = calloc(1, sizeof *c);
  size_t total = 0;
  for (size_t i = 0; i < n; i++) total += strlen(lines[i]) + 1;
  char *text = calloc(1, total + 64);
  for (int i = 0; i < 256; i++)
    if (fixture_text[i] == NULL) { fixture_text[i] = text; break; }
  atomic_init(&c->refs, 1);
  c->names = names_new();
  c->nsources = 1;
  c->sources = calloc(1, sizeof *c->sources);
  c->sources[0] = (Source){ .path = strdup("rows.jsonl"), .format = strdup("pairs"), .bytes = text, .len = total, .rows = n };
  c->rows = spill_alloc((n + 1) * sizeof *c->rows);
  c->identity = spill_alloc((n + 1) * sizeof *c->identity);
  c->faults = calloc(n + 1, sizeof *c->faults);
  JsonDoc doc = { 0 };
  char *p = text;
  for (size_t i = 0; i < n; i++) {
    size_t len = strlen(lines[i]);
    memcpy(p, lines[i], len);
    p[len] = '\n';
    c->rows[i] = (RowRec){ .offset = (uint64_t)(p - text), .len = (uint32_t)len, .line = (uint32_t)i + 1,
                           .first_string = (uint32_t)c->nstrings };
    XXH128_hash_t h = XXH3_128bits(p, len);
    c->identity[i] = (Hash128){ h.high64, h.low64 };
    RowState state = fixture_row(c, &c->rows[i], span_of(p, len), &doc);
    if (state != ROW_OK) c->faults[c->nfaults++] = (RowFault){ .row = (uint32_t)i, .offset = (uint32_t)doc.fault, .state = (uint8_t)state };
    c->nrows++;
    p += len + 1;
  }
  json_doc_free(&doc);
  return c;
}

#endif
