/* modules/cosine/basis.h - the few directions that hold most of the length of some vectors: the leading eigenvectors of
** their matrix of second moments (about zero, not about the mean: it is products that are wanted), by subspace
** iteration on a sample (Halko, Martinsson and Tropp 2011, "Finding structure with randomness"; Rayleigh-Ritz at the
** end). Any orthonormal directions give a bound; better ones give a tighter one. */
#ifndef TAMIS_BASIS_H
#define TAMIS_BASIS_H

#include "core/pool.h"
#include "vectors/vectors.h"

typedef struct Basis {
  uint32_t n, dim;
  float *x;        /* [n][dim] orthonormal, the longest direction first; malloc */
} Basis;

/* So many directions are looked for among dim; 0: too few numbers for it to pay. One less than a power of two. */
uint32_t basis_size(uint32_t dim);
/* m <= n of slot[0..n), of length 1, one from each m-th part of them, drawn by a fixed seed: into out[m][v->dim]. */
void basis_sample(const Vectors *v, const uint32_t *slot, uint32_t n, uint32_t m, float *out);
/* Of sample[m][dim]. 0; -1 if out of memory, POOL_INTERRUPTED; *b is empty unless 0. */
int basis_find(Basis *b, const float *sample, uint32_t m, uint32_t dim, Pool *pool);
void basis_free(Basis *b);   /* frees and empties */

#endif
