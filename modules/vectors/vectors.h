/* modules/vectors/vectors.h - one vector a row, of length 1: what embeddings are here.
**
** Vectors are made once (by an embed stage), normalised once, and never change after vectors_close; any thread
** may read them. They hang on a view (corpus/view.h, view_attach) and on all views made of it. Rows without
** one (an empty text, a vector of zeros, NaN or infinity) have the slot VECTOR_NONE and a state that says why.
** float16 halves the memory; its rounding moves a cosine by less than 0.001. */
#ifndef TAMIS_VECTORS_H
#define TAMIS_VECTORS_H

#include "corpus/view.h"

struct Embedder;

enum { VECTORS_MAX_DIM = 16384 };
#define VECTOR_NONE UINT32_MAX
#define VECTORS_TYPE "vectors"      /* of the attachment */

typedef enum VectorKind { VECTOR_F32, VECTOR_F16 } VectorKind;
typedef enum VectorState { VECTOR_OK, VECTOR_MISSING, VECTOR_ZERO, VECTOR_NOT_FINITE } VectorState;

typedef struct Vectors {
  Attached base;         /* type VECTORS_TYPE */
  uint32_t nrows;        /* rows of the corpus */
  uint32_t n, dim;
  VectorKind kind;
  void *data;            /* [n][dim], in row order; of length 1 as near as the kind can */
  double *inverse;       /* [n] 1 / length of the vector as stored */
  uint32_t *slot;        /* [nrows] place of a row's vector; VECTOR_NONE: it has none */
  uint32_t *row;         /* [n] ascending */
  uint8_t *state;        /* [nrows] VectorState; VECTOR_MISSING: nobody gave it one */
  char *name;            /* for people: "lexical", "potion-base-4m", "v.npy" */
  int meaning;           /* 1: an embedding that may see paraphrases; 0: one of words alone */
  struct Embedder *embedder;   /* a reference: embeds other texts the same way; NULL: nothing here can */
} Vectors;

/* Room for vectors of rows[0..n), ascending, of a corpus of nrows rows. 0; -1 if out of memory, *out NULL. */
int vectors_new(Vectors **out, uint32_t nrows, const uint32_t *rows, uint32_t n, uint32_t dim, VectorKind kind,
                const char *name);
/* The vector x[dim] of rows[place]: normalised in double, stored. Any thread, each a place of its own. */
VectorState vectors_put(Vectors *v, uint32_t place, const float *x);
/* No more come: places without a vector are taken out. */
void vectors_close(Vectors *v);
static inline Vectors *vectors_ref(Vectors *v) {
  attached_ref(&v->base);
  return v;
}
void vectors_unref(Vectors *v);                  /* NULL is left alone */
/* The vectors of a view, by the name under which they were attached; "": the last. NULL: none. */
Vectors *vectors_of(const View *view, Span name);

/* A stored vector as floats: a pointer into data (f32), or room[dim], filled (f16). */
const float *vectors_get(const Vectors *v, uint32_t slot, float *room);
/* Those of slot[0..n), or of first .. first + n - 1 where slot is NULL, into out[n][dim]. */
void vectors_block(const Vectors *v, const uint32_t *slot, uint32_t first, uint32_t n, float *out);

/* Cosine of two stored vectors: the dot product in double over 8 lanes in a fixed order, times both inverses: the
** same bits on every CPU (the product of two floats is exact in double). Exactly 1 where the stored bytes are the
** same and only there. What verdicts rest on. */
double vectors_cosine(const Vectors *v, uint32_t a, uint32_t b);
/* The same between slots of two that one embedding made (of one dim). */
double vectors_cosine_between(const Vectors *v, uint32_t a, const Vectors *w, uint32_t b);
/* The same of two plain vectors of any length but 0; 0 where one is all zero or not finite. */
double vectors_cosine_of(const float *a, const float *b, uint32_t dim);

#endif
