/* modules/stats/passing.h - how many rows would pass at other values of a stage's bounds, from the figures
** that it measured: no text is read. A row passes a minimum v at a figure of v or more, a maximum at v or
** less; one without a figure (NaN) was not judged, and passes. */
#ifndef TAMIS_PASSING_H
#define TAMIS_PASSING_H

#include <stddef.h>
#include <stdint.h>

#include "corpus/view.h"

/* What a row is to the stage, a character each. */
enum {
  PASSING_UNSEEN = '0',    /* it did not reach the stage */
  PASSING_JUDGED = '1',    /* the bounds decide */
  PASSING_KEPT = '2',      /* kept whatever they say: a row of a trusted source */
  PASSING_REMOVED = '3'    /* removed whatever they say: for a reason that is none of them */
};

typedef enum PassingSide { PASSING_MIN, PASSING_MAX } PassingSide;

/* A bound as it stands. */
typedef struct PassingBound { const double *figure; PassingSide side; double value; } PassingBound;   /* figure [n] */

/* A bound over values, which ascend. */
typedef struct PassingAxis { const double *figure; PassingSide side; const double *value; size_t n; } PassingAxis;

typedef struct PassingRows {
  size_t n;
  const char *state;             /* [n] PASSING_… */
  const PassingBound *bound;     /* [nbounds] all that the stage has but those that are swept */
  size_t nbounds;
} PassingRows;

/* Rows kept at each value of a, with b (NULL: none) at each pair: kept[i * b->n + j]. O(n log values).
** 0; -1 if out of memory; POOL_INTERRUPTED. */
int passing_count(const PassingRows *r, const PassingAxis *a, const PassingAxis *b, uint64_t *kept);

/* The rows at the margin of value a->value[at]: goes [most] are those removed by it alone whose figure
** is nearest to it, stays [most] the kept ones, ties in row order; *ngoes, *nstays say how many.
** 0; POOL_INTERRUPTED. */
int passing_margin(const PassingRows *r, const PassingAxis *a, size_t at, size_t most, uint32_t *goes, size_t *ngoes,
                   uint32_t *stays, size_t *nstays);

/* What the standing rows of `before` are to a stage that ran on it and gave `after`: one that it rejected
** for a reason not among reason[0..n) is PASSING_REMOVED. state [nrows], and a NUL behind. */
void passing_states(const View *before, const View *after, uint16_t stage, const uint32_t *reason, size_t n,
                    char *state);

/* Which of reason[0..n), n <= 32, a stage noted on a row that it decided, a bit each, in all rows:
** mask [nrows]. */
void passing_faults(const View *v, uint16_t stage, const uint32_t *reason, size_t n, uint32_t *mask);

#endif
