/* modules/select/pick.h - score first, then distance: rows are visited in order, the best first, and one stays if no
** row that stays already is as near to it as `max`. Liu, Zeng, He, Jiang, He, "What makes good data for alignment? A
** comprehensive study of automatic data selection in instruction tuning" (DEITA), 2024. */
#ifndef TAMIS_PICK_H
#define TAMIS_PICK_H

#include "core/pool.h"
#include "vectors/vectors.h"

typedef enum PickState {
  PICK_BEHIND,          /* enough rows stay already: not looked at */
  PICK_KEPT,
  PICK_NEAR,            /* a row that stays is too near */
  PICK_FILLED           /* that, but it stays, since too few rows are far enough */
} PickState;

typedef struct PickRow {
  PickState state;
  uint32_t near;         /* NEAR, FILLED: the place in row[] of the nearest that stayed; of equal ones the first */
  double cosine;         /* with the nearest that stayed when it was visited; NAN: there was none, or no vector */
} PickRow;

typedef struct PickCounts { size_t kept, near, filled, behind, bare; } PickCounts;   /* bare: kept without a vector */

/* Visits row[0..n), rows of the corpus, until `wanted` stay. A row without a vector is compared with nobody, and stays.
** fill: where too few are far enough, the first of those that are too near stay too, up to `wanted`. out[n].
** 0; -1 with err worded; POOL_INTERRUPTED. n * wanted * dim products at most. */
int pick_apart(const Vectors *v, const uint32_t *row, size_t n, size_t wanted, double max, int fill, Pool *pool,
                 PickRow *out, PickCounts *counts, Error *err);

/* How near the nearest of base[0..nbase) lies to each of query[0..n), rows of the corpus, on average; rows without a
** vector are left out on both sides. self: a row is its own nearest where it is among both (coverage: how well do those
** chosen stand for all?); else its nearest is another (how far do those chosen lie apart?). Summed in order. *mean NAN:
** there is no pair. 0; -1 with err worded; POOL_INTERRUPTED. */
int pick_mean(const Vectors *v, const uint32_t *query, size_t n, const uint32_t *base, size_t nbase, int self,
               Pool *pool, double *mean, Error *err);

/* Verdicts on what does not stay: reason[0] with the twin and its cosine for rows that are too near, reason[1] with the
** place in the order and `wanted` for those behind; the metric `nearest` is each visited row's cosine. Kept by the
** caller as long as the list lives: field (empty: not known), reasons. NULL if out of memory. */
VerdictList *pick_verdicts(const PickRow *out, const uint32_t *row, size_t n, size_t nrows, size_t wanted,
                            const char *field, const char *const reason[2]);

#endif
