/* modules/cosine/heads.h - short vectors whose products bound the cosines of long ones from above.
**
** Let P project onto a few directions that hold most of the vectors' length (found in a sample). Then
**   x . y = Px . Py + (x - Px) . (y - Py) <= Px . Py + |x - Px| |y - Py|                              (Cauchy-Schwarz)
** which is the product of (Px, |x - Px|) and (Py, |y - Py|): a vector's head is those few numbers and, last, the length
** of what they leave out. A head has length 1, so what holds for angles of unit vectors holds for heads: pairs of
** cosine >= t are pairs of heads within acos t, and heads can be clustered and searched instead of the vectors.
**
** What floats add. u = 2^-24, Q the w - 1 directions as stored, d numbers a vector:
**   directions   Q'Q = I + E, |E| <= 2.1 u w: so Px . Py and (Q'x) . (Q'y) differ by no more
**   projection   each number of Q'x is off by at most (d + 4) u, so all of them by eta = sqrt(w) (d + 4) u
**   left out     1 - |Px|^2 is off by at most delta = 2 eta + eta^2 + 2.1 u w: that much is added to it before the root
**   unit length  a head (length^2 within 1 .. 1 + 2 delta) is divided by its length
** So with s(t) = (t - delta) / (1 + 2 delta) - 4 u (t > delta), cosine >= t implies that the heads' exact product is
** >= s(t), and its float is >= s(t) - heads_error. Where vectors are not shortened, the bound of pack.h takes delta's
** place. */
#ifndef TAMIS_HEADS_H
#define TAMIS_HEADS_H

#include "core/pool.h"
#include "vectors/vectors.h"

typedef struct Heads {
  uint32_t n, width;
  float *x;          /* [n][width], of length 1; spill_alloc */
  int whole;         /* the vectors themselves */
  double delta;
} Heads;

/* Of slot[0..n), for a search at the threshold: as short as a sample says that it pays. `plain`: whole. 0; -1 if out of
** memory, POOL_INTERRUPTED; *h is empty unless 0. */
int heads_make(Heads *h, const Vectors *v, const uint32_t *slot, uint32_t n, double threshold, int plain, Pool *pool);
void heads_free(Heads *h);   /* frees and empties */

double heads_bound(const Heads *h, double cosine);   /* s(cosine) */
double heads_error(const Heads *h);                  /* of a float product of two heads */

#endif
