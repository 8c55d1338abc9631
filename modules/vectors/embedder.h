/* modules/vectors/embedder.h - text to vector, natively: what a static model and the lexical embedding have in common. */
#ifndef TAMIS_EMBEDDER_H
#define TAMIS_EMBEDDER_H

#include "core/pool.h"
#include "vectors/vectors.h"

typedef struct Embedder Embedder;
/* Made with one reference; put first in a struct of its maker's. Never changes: any thread may embed, each with a
** room of its own. */
struct Embedder {
  atomic_int refs;
  uint32_t dim;
  const char *name;                          /* for people; lives as long as the embedder */
  int meaning;                               /* 1: may see paraphrases; 0: words alone */
  void *(*room_new)(const Embedder *);       /* NULL: out of memory */
  void (*room_free)(void *);                 /* NULL is left alone */
  /* UTF-8 text into out[dim], of any length; without a feature that it knows all zero. 0; -1: out of memory */
  int (*embed)(const Embedder *, void *room, Span text, float *out);
  void (*destroy)(Embedder *);
};

static inline Embedder *embedder_ref(Embedder *e) {
  atomic_fetch_add(&e->refs, 1);
  return e;
}
static inline void embedder_unref(Embedder *e) {
  if (e != NULL && atomic_fetch_sub(&e->refs, 1) == 1) e->destroy(e);
}

/* Vectors of rows: the fields of the set (bits 1 << Field) that a row has, joined by line feeds. rows[0..n),
** ascending and readable; NULL: those of vectors_rows. 0; -1 with err worded (err->text "" when interrupted).
** The vectors take a reference of e. */
int vectors_embed(const View *view, Embedder *e, unsigned fields, VectorKind kind, const uint32_t *rows, uint32_t n,
                  Pool *pool, Vectors **out, Error *err);
/* Rows that stand, and those that were rejected for a twin: these may come back, and what is embedded of them is the text
** as they left. Into out[nrows]; how many. */
uint32_t vectors_rows(const View *view, uint32_t *out);
/* The text of a row that is embedded, in buf or in the row's scratch; empty where it has none of the fields. */
int vectors_text(const Row *row, unsigned fields, Buf *buf, Span *text);   /* 0; -1: out of memory */

#endif
