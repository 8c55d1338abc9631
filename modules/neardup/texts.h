/* modules/neardup/texts.h - where the engine reads its texts: rows of a view, or plain strings.
** Texts are asked for by their place 0 .. n-1, from many threads, any number of times: folding
** again costs less than keeping the folded text of all rows. */
#ifndef TAMIS_TEXTS_H
#define TAMIS_TEXTS_H

#include "core/error.h"
#include "core/pool.h"
#include "corpus/view.h"
#include "neardup/grams.h"
#include "neardup/template.h"
#include "neardup/turns.h"

enum { TEXT_NONE = 0xFFFFFFFFu };   /* no text */

typedef struct TextSource TextSource;
struct TextSource {
  size_t n;
  int flags;   /* of fold_text */
  /* Adds the fields of text i to g, which was begun. 0, or -1 if out of memory. */
  int (*fields)(const TextSource *src, size_t i, int worker, Grams *g);
  GramUnit unit;   /* what a shingle is made of */
  const struct Mask *mask;   /* shingles that do not count (mask.h); NULL: all do */
};

/* How rows become sets of shingles, beside the fields: what a stage's parameters say. */
typedef struct TextParams {
  GramUnit unit;
  Turns turns;
  MaskParams mask;
} TextParams;

/* Begins, adds the fields, cuts. 0, or -1 if out of memory. */
static inline int text_read(const TextSource *src, size_t i, int worker, Grams *g,
                            unsigned shingle) {
  grams_begin(g, shingle, src->flags);
  g->unit = src->unit;
  g->mask = src->mask;
  return src->fields(src, i, worker, g) != 0 ? -1 : grams_end(g);
}

/* Strings; field f of text i is span[i * fields + f], absent where ptr is NULL. */
typedef struct SpanTexts {
  TextSource source;
  const Span *span;
  size_t fields;
} SpanTexts;
SpanTexts span_texts(const Span *span, size_t n, size_t fields);

/* Fields of rows. A field that a row lacks stands empty; those at the end are left off. */
typedef struct ViewTexts {
  TextSource source;
  const View *view;
  const uint32_t *rows;      /* [n] */
  unsigned fields;           /* bit f: Field f, in the order of Field */
  Scratch **scratch;         /* [threads] */
  int threads;
  const Template *cut;       /* what is left out of the fields; NULL: nothing. Set by the caller, */
  Turns turns;               /* and which turns of a chat are its input */
} ViewTexts;
/* 0; -1 if out of memory, with *t empty. rows must outlive it. */
int view_texts_init(ViewTexts *t, const View *view, const uint32_t *rows, size_t n,
                    unsigned fields, int flags, Pool *pool);
void view_texts_free(ViewTexts *t);

#endif
