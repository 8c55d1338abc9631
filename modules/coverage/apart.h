/* modules/coverage/apart.h - how far do rows lie apart, and from all others? Distances are 1 - cosine of the vectors of
** one embedding, exact (cosine/nearest.h). Sets and samples are chosen by the seed and the rows' identities
** (select/select.h), so they are the same on every machine; lists of rows ascend. */
#ifndef TAMIS_COVERAGE_APART_H
#define TAMIS_COVERAGE_APART_H

#include "vectors/vectors.h"

typedef enum ApartSet {
  APART_STANDING,     /* rows that stand */
  APART_READ,         /* all rows that were read whole */
  APART_RANDOM        /* so many of these, drawn by the seed: what chance alone would keep */
} ApartSet;

/* The rows of a set, of those that have a vector (v NULL: of all), into out[nrows]. n: of APART_RANDOM.
** How many; -1 if out of memory. */
long apart_rows(const View *view, const Vectors *v, ApartSet set, size_t n, uint64_t seed, uint32_t *out);
/* Draws `want` of row[0..n) in place; n where there are no more. How many; -1 if out of memory. */
long apart_draw(const View *view, uint32_t *row, size_t n, size_t want, uint64_t seed);

/* mean[i]: the mean distance of query row i to the k nearest of the base rows, itself apart; NaN where there is none.
** nearest[i] (NULL: not asked): the nearest's row, PLACE_NONE for none. Rows must have a vector.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int apart_mean(const Vectors *v, const uint32_t *base, uint32_t nbase, const uint32_t *query, uint32_t nquery,
               uint32_t k, Pool *pool, double *mean, uint32_t *nearest, Error *err);

/* ---- rows far from everything ---- */

typedef struct OutlierParams {
  uint32_t k;
  size_t sample;         /* more rows than this are first held against so many of them; those that then lie far */
  size_t top;            /* off, against all. The farthest `top` are told */
  double bound;          /* rejected above it, unless trusted; NAN: nobody is */
  uint64_t seed;
} OutlierParams;

typedef struct Outlier { uint32_t row, nearest; double distance; } Outlier;
typedef struct Outliers {
  size_t n, base;        /* standing rows with a vector; how many of them each was held against */
  size_t exact;          /* how many were held against all */
  double *distance;      /* [nrows], NaN for other rows; where only a sample was looked at, at most too large */
  size_t ntop;
  Outlier *top;          /* [ntop] farthest first, ties by row; always exact */
} Outliers;

/* 0; -1 with err worded; POOL_INTERRUPTED. *out is empty unless 0. */
int outliers_find(const View *view, const Vectors *v, const OutlierParams *p, Pool *pool, Outliers *out, Error *err);
/* Rows above the bound as verdicts, but for those of trusted sources, which stand; the distances as the metric
** `metric_name`. The names live as long as the list. Takes over o->distance. NULL if out of memory. */
VerdictList *outliers_verdicts(Outliers *o, const View *view, double bound, const char *reason, const char *metric_name);
void outliers_free(Outliers *o);

#endif
