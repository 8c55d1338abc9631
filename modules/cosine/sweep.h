/* modules/cosine/sweep.h - all pairs of rows of a layout (cells.h) whose heads' product reaches a bound.
**
** A block of rows of one cell is held against the centres; for each cell that some of them reach, these rows are put in
** the order of their rings there and held, six at a time, against the panels that the six rings cover (panels.h). Every
** pair is met once: by the row that stands first. */
#ifndef TAMIS_SWEEP_H
#define TAMIS_SWEEP_H

#include "cosine/cells.h"

/* A pair of positions, a < b, that may reach the bound: their exact product is at most `most`. Not 0: the sweep ends
** with that. */
typedef int (*SweepFn)(void *ctx, int worker, uint32_t a, uint32_t b, double most);

/* All pairs = by_cluster + by_annulus + taken; of those taken some reach the bound. cells 0: a trial on some rows said
** that cells cost more than they spare, and all pairs were taken. */
typedef struct SweepCounts { uint64_t by_cluster, by_annulus, taken, reached; uint32_t cells; } SweepCounts;

/* Nanoseconds that a product takes for each of its numbers, about. */
double sweep_number_ns(SimdPath path);

/* bound: of exact products (heads_bound). 0; what fn returned; -1 if out of memory; POOL_INTERRUPTED. The counts do not
** depend on the number of threads. */
int sweep_pairs(const Cells *c, double bound, SimdPath path, Pool *pool, SweepFn fn, void *ctx, SweepCounts *counts);

#endif
