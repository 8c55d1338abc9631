/* modules/vectors/dense.c - see dense.h */
#include "vectors/dense.h"

#include <stdio.h>

#include "vectors/tiles.h"

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <pthread.h>

/* Threads are ours: a build of the library that has its own is told to use one. The serial build may not be called by
** two threads at once (it hands both the same room, and wrong products come back): where it is that, tiles.h serves. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_serial;
static void be_serial(void) {
  openblas_set_num_threads(1);
  is_serial = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
}

static void product(int b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                    size_t ldb, float *c, size_t ldc) {
  pthread_once(&once, be_serial);
  if (is_serial) tiles_product(simd_best(), b_transposed, m, n, k, a, lda, b, ldb, c, ldc);
  else if (m > 0 && n > 0)
    cblas_sgemm(CblasRowMajor, CblasNoTrans, b_transposed ? CblasTrans : CblasNoTrans, (int)m, (int)n, (int)k, 1, a,
                (int)lda, b, (int)ldb, 0, c, (int)ldc);
}

void dense_prepare(void) { pthread_once(&once, be_serial); }

/* Written once, before anybody reads it. */
static char library[128];
static pthread_once_t named = PTHREAD_ONCE_INIT;
static void name_it(void) {
  pthread_once(&once, be_serial);
  snprintf(library, sizeof library, "%s%s, %s", is_serial ? "tiles of our own beside " : "", openblas_get_config(),
           openblas_get_corename());
}

const char *dense_library(void) {
  pthread_once(&named, name_it);
  return library;
}

#else

void dense_prepare(void) { }

static void product(int b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                    size_t ldb, float *c, size_t ldc) {
  tiles_product(simd_best(), b_transposed, m, n, k, a, lda, b, ldb, c, ldc);
}

const char *dense_library(void) { return "tiles of our own"; }

#endif

void dense_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c,
              size_t ldc) {
  product(1, m, n, k, a, lda, b, ldb, c, ldc);
}

void dense_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c,
              size_t ldc) {
  product(0, m, n, k, a, lda, b, ldb, c, ldc);
}
