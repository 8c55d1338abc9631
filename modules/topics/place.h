/* modules/topics/place.h - every row of a view with its topic: the centroid that its vector is nearest to. */
#ifndef TAMIS_PLACE_H
#define TAMIS_PLACE_H

#include "corpus/rowop.h"
#include "topics/kmeans.h"

/* All vectors, of rows that stand and of those that may come back. */
typedef struct Placed {
  atomic_int refs;
  Vectors *v;            /* a reference */
  uint32_t k;
  uint32_t *of;          /* [v->n] */
  double *cosine;        /* [v->n] */
} Placed;

Placed *placed_new(const Centroids *c, Vectors *v, Pool *pool, Error *err);   /* NULL with err worded */
Placed *placed_ref(Placed *p);
void placed_unref(Placed *p);   /* NULL is left alone */

/* In the functions below rows are the standing ones of a view that have a vector; one whose cosine is under `min`
** belongs to no topic. */

typedef struct Sizes { uint32_t nowhere, without; double objective; } Sizes;   /* without a vector; sum of cosines */
Sizes placed_sizes(const Placed *p, const View *view, double min, uint32_t *size);   /* into size[k] */

/* The cosines of all of them, sorted: how many are in out[v->n]. */
uint32_t placed_cosines(const Placed *p, const View *view, double *out);

/* The `most` rows of each topic of highest cosine, ties by row, none of the same bytes as another: into row[k][most],
** PLACE_NONE behind the last. 0; -1 if out of memory. */
int placed_central(const Placed *p, const View *view, double min, uint32_t most, uint32_t *row);
/* The `most` rows of no topic of lowest cosine, ties by row; how many. Negative if out of memory. */
int64_t placed_far(const Placed *p, const View *view, double min, uint32_t most, uint32_t *row);

/* A sample of each topic's rows, those of lowest place by seed and identity: row[first[c]] .. row[first[c + 1] - 1],
** with row[most * k] and first[k + 1]. 0; -1 if out of memory. */
int placed_sample(const Placed *p, const View *view, double min, uint32_t most, uint64_t seed, uint32_t *row,
                  uint32_t *first);

typedef struct PlacedRule {
  Placed *placed;        /* a reference is taken */
  Span annotation, unknown;
  const Span *name;      /* [k] */
  double min;
  const char *metric;    /* the cosine with the topic's centroid */
} PlacedRule;
/* Annotates each row with its topic's name; a row without a vector, or under min, with `unknown`. Texts are copied.
** NULL if out of memory. */
RowOp *placed_op(const PlacedRule *rule);
/* Says nothing of any row: stands in for placed_op until all rows are there. NULL if out of memory. */
RowOp *placed_idle(void);

#endif
