/* modules/vectors/dense.h - products of dense matrices in float, on the caller's thread.
**
** By OpenBLAS where it was there at build time and may be called by many threads (its builds with threads of their own,
** told to use one), else by tiles.h (42 to 92% of its speed on x86). What they give differs in the last bits between
** libraries and CPUs: it may propose, never decide (vectors_cosine does). */
#ifndef TAMIS_DENSE_H
#define TAMIS_DENSE_H

#include <stddef.h>

/* C[m][n] = A[m][k] times the transpose of B[n][k]; rows lda, ldb, ldc floats apart. */
void dense_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c,
              size_t ldc);
/* C[m][n] = A[m][k] times B[k][n]. */
void dense_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c,
              size_t ldc);
/* Before LAPACK is called beside these products: OpenBLAS is told to use one thread. */
void dense_prepare(void);
/* What computes them, by name: for lineage and benchmarks. */
const char *dense_library(void);

#endif
