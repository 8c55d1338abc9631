/* modules/cosine/scan.h - each of some vectors held against each of others, told to a function: for a few
** against all (rows that come back), and where the pairs are too many to list (semantic.h).
**
** Blocks of both sides are multiplied in float (vectors/dense.h); what comes within the rounding of the threshold
** is measured by vectors_cosine, so every pair at the threshold is told and none below it. */
#ifndef TAMIS_COSINE_SCAN_H
#define TAMIS_COSINE_SCAN_H

#include "core/pool.h"
#include "vectors/vectors.h"

/* Places in a list of slots. */
typedef struct ScanSide { const uint32_t *slot; uint32_t n; } ScanSide;

typedef struct ScanSink {
  /* Is the pair wanted? Asked before its cosine is known; NULL: each is. */
  int (*want)(void *ctx, uint32_t a, uint32_t b);
  /* A pair at the threshold or above. 0 to go on; any other value ends the scan. */
  int (*take)(void *ctx, int worker, uint32_t a, uint32_t b, double cosine);
  void *ctx;
} ScanSink;

/* Places of a against places of b; b NULL: every two of a, a < b. The sink is called from the pool's threads, in
** any order. No slot is VECTOR_NONE; threshold above 0. 0; -1 if out of memory; POOL_INTERRUPTED; or what take said. */
int cosine_scan(const Vectors *v, const ScanSide *a, const ScanSide *b, double threshold, const ScanSink *sink,
                Pool *pool);

/* How far below the threshold the float product of two stored vectors may lie whose cosine reaches it: the bound of a
** product of dim terms in any order, and the lengths that the vectors were stored with. */
double cosine_lowest_product(const Vectors *v, double threshold);

#endif
