/* modules/vectors/tiles.h - a product of matrices of our own, for where no library serves: tiles of 6 rows by 16 or 32
** columns that stay in registers, over copies that lie in the order in which they are read (Goto and van de Geijn,
** "Anatomy of high-performance matrix multiplication", 2008). Any thread may call it at any time. */
#ifndef TAMIS_TILES_H
#define TAMIS_TILES_H

#include <stddef.h>

#include "core/simd.h"

/* C[m][n] = A[m][k] times B: B[k][n], or the transpose of B[n][k]. What is written does not depend on how a caller cuts
** m and n, only on the path. Sums are in the order of k. */
void tiles_product(SimdPath path, int b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda,
                   const float *b, size_t ldb, float *c, size_t ldc);

#endif
