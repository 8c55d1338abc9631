/* modules/neardup/texts.c - see texts.h */
#include "neardup/texts.h"

#include <stdlib.h>

static int span_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  (void)worker;
  const SpanTexts *t = (const SpanTexts *)src;
  const Span *span = t->span + i * t->fields;
  size_t last = t->fields;
  while (last > 0 && span[last - 1].ptr == NULL) last--;
  for (size_t f = 0; f < last; f++)
    if (grams_field(g, span[f]) != 0) return -1;
  return 0;
}

SpanTexts span_texts(const Span *span, size_t n, size_t fields) {
  return (SpanTexts){ { .n = n, .fields = span_fields }, span, fields };
}

/* Adds a field without what its template says. */
static int add_field(const ViewTexts *t, unsigned f, Span raw, Grams *g) {
  size_t start = g->len + (g->joined ? 1 : 0);
  if (grams_field(g, raw) != 0) return -1;
  if (t->cut == NULL) return 0;
  Span left = template_cut(&t->cut->field[f], span_of(g->text + start, g->len - start));
  memmove(g->text + start, left.ptr, left.len);
  g->len = start + left.len;
  return 0;
}

static int view_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  const ViewTexts *t = (const ViewTexts *)src;
  Scratch *scratch = t->scratch[worker];
  Row row = scratch_begin(scratch, t->view, t->rows[i]);
  unsigned missing = 0;
  for (unsigned f = 0; f < FIELD_COUNT; f++) {
    if (!(t->fields >> f & 1)) continue;
    Span text;
    if (turns_field(&row, (Field)f, t->turns, &text) != 0) return -1;
    if (text.ptr == NULL) {
      missing++;
      continue;
    }
    for (; missing > 0; missing--)
      if (grams_field(g, span_of("", 0)) != 0) return -1;
    if (add_field(t, f, text, g) != 0) return -1;
  }
  return scratch_failed(scratch) ? -1 : 0;
}

int view_texts_init(ViewTexts *t, const View *view, const uint32_t *rows, size_t n,
                    unsigned fields, int flags, Pool *pool) {
  int threads = pool != NULL ? pool_threads(pool) : 1;
  *t = (ViewTexts){ .source = { .n = n, .flags = flags, .fields = view_fields }, .view = view, .rows = rows,
                    .fields = fields };
  t->scratch = calloc((size_t)threads, sizeof *t->scratch);
  if (t->scratch == NULL) return -1;
  for (; t->threads < threads; t->threads++) {
    t->scratch[t->threads] = scratch_new(t->threads);
    if (t->scratch[t->threads] == NULL) {
      view_texts_free(t);
      return -1;
    }
  }
  return 0;
}

void view_texts_free(ViewTexts *t) {
  for (int i = 0; i < t->threads; i++) scratch_free(t->scratch[i]);
  free(t->scratch);
  *t = (ViewTexts){ 0 };
}
