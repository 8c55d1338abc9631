/* modules/corpus/corpus.c - the rows' end, and the words for their parts. See corpus.h. */
#include "corpus/corpus.h"

#include <stdlib.h>

#include "core/spill.h"
#include "corpus/format.h"
#include "corpus/logs.h"
#include "corpus/names.h"
#include "corpus/source.h"

static const char *const field_names[FIELD_COUNT + 1] = {
  [FIELD_SYSTEM] = "system", [FIELD_INPUT] = "input", [FIELD_OUTPUT] = "output",
  [FIELD_ALTERNATIVE] = "alternative", [FIELD_ASSISTANT] = "assistant", [FIELD_NONE] = "other",
};

const char *field_name(Field f) { return field_names[f]; }

Field field_by_name(Span name) {
  int f = 0;
  while (f < FIELD_COUNT && !span_eq(name, span_str(field_names[f]))) f++;
  return (Field)f;
}

static const char *const state_reasons[ROW_STATE_COUNT] = {
  [ROW_OK] = "", [ROW_MALFORMED] = "malformed", [ROW_NOT_UTF8] = "not_utf8",
  [ROW_NOT_AN_OBJECT] = "not_an_object", [ROW_MISSING_FIELD] = "missing_field",
  [ROW_FIELD_TYPE] = "field_type", [ROW_DUPLICATE_KEY] = "duplicate_key",
  [ROW_LONE_SURROGATE] = "lone_surrogate", [ROW_TOO_DEEP] = "too_deep", [ROW_TOO_LONG] = "too_long",
};

const char *row_state_reason(RowState s) { return state_reasons[s]; }

const RowFault *corpus_row_fault(const Corpus *c, uint32_t row) {
  size_t low = 0, high = c->nfaults;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    if (c->faults[mid].row < row) low = mid + 1;
    else high = mid;
  }
  return low < c->nfaults && c->faults[low].row == row ? &c->faults[low] : NULL;
}

RowState corpus_row_state(const Corpus *c, uint32_t row) {
  const RowFault *f = corpus_row_fault(c, row);
  return f == NULL ? ROW_OK : (RowState)f->state;
}

Corpus *corpus_ref(Corpus *c) {
  atomic_fetch_add(&c->refs, 1);
  return c;
}

static void source_free(Source *s) {
  source_close(s);
  format_unref(s->fmt);
  for (size_t i = 0; i < s->nattr; i++) {
    free(s->attr[i].name);
    free(s->attr[i].value);
  }
  free(s->attr);
  free(s->path);
  free(s->kind);
  free(s->generator);
  free(s->format);
  free(s->format_reason);
}

void corpus_unref(Corpus *c) {
  if (c == NULL || atomic_fetch_sub(&c->refs, 1) != 1) return;
  logs_free(c);
  for (size_t i = 0; i < c->nsources; i++) source_free(&c->sources[i]);
  free(c->sources);
  spill_free(c->rows);
  spill_free(c->identity);
  spill_free(c->strings);
  free(c->faults);
  names_free(c->names);
  free(c->id_path);
  free(c);
}
