/* modules/embed/svd.h - the leading right singular vectors of a sparse matrix, by random projection: Halko,
** Martinsson, Tropp, "Finding structure with randomness", 2011, algorithms 4.4 and 5.1.
**
**   Y = A W             W Gaussian, of the seed
**   Q = orth(Y)         and a few times:  Q = orth(A (A' Q))
**   A' Q = V S U'       of which the first k columns of V are what was asked
**
** Sums run in the order of the matrix and each number is one thread's, so the result does not depend on the number
** of threads; it does on the CPU's type, as what LAPACK and OpenBLAS give does. */
#ifndef TAMIS_SVD_H
#define TAMIS_SVD_H

#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/pool.h"

/* n rows by m columns: row i has value[start[i] .. start[i + 1]) at column[…], ascending. */
typedef struct SvdMatrix {
  size_t n, m;
  size_t *start;         /* [n + 1] */
  uint32_t *column;
  float *value;
} SvdMatrix;

enum { SVD_MORE = 16 };      /* directions looked at beyond those asked for */

int svd_available(void);     /* 0: LAPACK was not there at build time */

/* v[m][k]: column j is the right singular vector of the j-th largest singular value, sigma[j]. Where the matrix has
** fewer directions the others are all zero, and so is their sigma. One value is at most 1e-4 of the largest: it
** counts as none. 0; -1 with err worded (err->text "" when interrupted): out of memory, or no LAPACK. */
int svd_sparse(const SvdMatrix *a, size_t k, int iterations, uint64_t seed, Pool *pool, float *v, double *sigma,
               Error *err);

/* Standard normal numbers of a seed: Box and Muller's, of a counter. */
void svd_gaussian(uint64_t seed, size_t n, float *out);

#endif
