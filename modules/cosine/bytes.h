/* modules/cosine/bytes.h - heads in steps of a 127th of their largest number: four times as many to a vector
** instruction, where the machine multiplies bytes (AVX-512 VNNI). Sums of integers are exact, so all paths give the
** same.
**
** Let q be what a head x becomes, r = x - q, and e the greatest |r| of all rows (measured, not guessed). Then
** x . y - q . q' = r . y + q . r', at most e + (1 + e) e: the slack. A pair whose heads' product is >= b has a sum of
** integers >= (b - slack) / step^2.
**
** Panels as in panels.h, four numbers of a row side by side: panel[width / 4][16][4], each plus 128; the few stay
** signed: few[width / 4][6][4]. So a sum is too large by 128 times the few row's own sum, which its bound takes in. */
#ifndef TAMIS_BYTES_H
#define TAMIS_BYTES_H

#include "cosine/cells.h"

typedef struct Bytes {
  uint32_t n, quads;     /* rows; width / 4, rounded up */
  double step, slack;
  uint8_t *panel;        /* [panels][quads][16][4]; spill_alloc */
} Bytes;

/* Is this machine made for it, and are its widest vectors asked for? (A product takes a quarter of the time of one of
** floats.) */
int bytes_pay(SimdPath path);
/* The rows of c. 0; -1 if out of memory, POOL_INTERRUPTED; *b is empty unless 0. */
int bytes_make(Bytes *b, const Cells *c, Pool *pool);
void bytes_free(Bytes *b);   /* frees and empties */

/* What a sum must reach so that the product of two heads may reach `bound`. */
int32_t bytes_least(const Bytes *b, double bound);
/* Rows position[0..n) as the few, n <= PANEL_FEW (the rest zeros): few[quads][PANEL_FEW] and the least each must
** reach. */
void bytes_few(const Bytes *b, const uint32_t *position, uint32_t n, int32_t least, uint32_t *few, int32_t *each);
/* As panels_reach, a hit's product being that of q and q'. least, each: of bytes_few. fast 0: plain loops. */
size_t bytes_reach(int fast, const Bytes *b, const uint32_t *few, int32_t least, const int32_t *each, size_t nfew,
                   size_t panel, size_t npanels, PanelHit *hit);

#endif
