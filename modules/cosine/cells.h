/* modules/cosine/cells.h - heads (heads.h) laid out by the nearest of some centres, for searches that pass over what is
** too far away.
**
** Centres are found by a few rounds of spherical k-means on a sample; any centres give right answers, better ones save
** more. Angles of unit vectors obey the triangle inequality, so a row at angle p to the centre of a cell is within
** angle a only of those of its rows whose angle to the centre lies in p - a .. p + a. Rows of a cell stand by that
** angle, nearest first, so these are a range; of most cells it is empty. Cosines take the place of angles: cos (p + a)
** = cos p cos a - sin p sin a. */
#ifndef TAMIS_CELLS_H
#define TAMIS_CELLS_H

#include "cosine/heads.h"
#include "cosine/panels.h"

typedef struct Cells {
  uint32_t n, width, k;  /* rows, numbers of a head, cells */
  uint32_t *start;       /* [k + 1] positions of a cell's rows */
  uint32_t *row;         /* [n] by position */
  float *along;          /* [n] product with the cell's centre, by position: not ascending within a cell */
  float *panel;          /* heads by position, in panels (panels.h), the last filled up with zeros; spill_alloc */
  float *centre;         /* [k] in panels */
  double error;          /* of a product */
} Cells;

/* k 0: as many as seem best; 1: no centres, rows in their order (along is 1). Takes h->x over panel by panel and frees
** it: *h is empty behind. 0; -1 if out of memory, POOL_INTERRUPTED; *c empty unless 0. */
int cells_make(Cells *c, Heads *h, uint32_t k, Pool *pool);
void cells_free(Cells *c);   /* frees and empties */

/* Rows (positions) begin .. begin + n as the few of a scan: out[width][PANEL_FEW], n <= PANEL_FEW; the rest zeros. */
void cells_few(const Cells *c, const uint32_t *position, uint32_t n, float *out);

static inline size_t panels_of(size_t n) { return (n + PANEL_LANES - 1) / PANEL_LANES; }

/* What a row whose product with the centre is `along` may meet in that cell, where bound = cos a is the least product
** of unit vectors: those whose own product lies in *low .. *high. */
void cells_ring(double along, double bound, double error, double *low, double *high);

#endif
