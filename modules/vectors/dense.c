/* modules/vectors/dense.c - see dense.h */
#include "vectors/dense.h"

#include <stdio.h>

#ifdef HAVE_OPENBLAS
#include <cblas.h>
#include <pthread.h>

/* Threads are ours: a build of the library that has its own is told to use one. The serial build may not be called by two
** threads at once (it hands both the same room, and wrong products come back), so there one waits for the other. */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int must_wait;
static void be_serial(void) {
  openblas_set_num_threads(1);
  must_wait = openblas_get_parallel() == OPENBLAS_SEQUENTIAL;
}

static void product(CBLAS_TRANSPOSE b_as, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                    size_t ldb, float *c, size_t ldc) {
  if (m == 0 || n == 0) return;
  pthread_once(&once, be_serial);
  if (must_wait) pthread_mutex_lock(&lock);
  cblas_sgemm(CblasRowMajor, CblasNoTrans, b_as, (int)m, (int)n, (int)k, 1, a, (int)lda, b, (int)ldb, 0, c, (int)ldc);
  if (must_wait) pthread_mutex_unlock(&lock);
}

void dense_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc) {
  product(CblasTrans, m, n, k, a, lda, b, ldb, c, ldc);
}

void dense_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc) {
  product(CblasNoTrans, m, n, k, a, lda, b, ldb, c, ldc);
}

/* Written once, before anybody reads it. */
static char library[128];
static pthread_once_t named = PTHREAD_ONCE_INIT;
static void name_it(void) { snprintf(library, sizeof library, "%s, %s", openblas_get_config(), openblas_get_corename()); }

const char *dense_library(void) {
  pthread_once(&named, name_it);
  return library;
}

#else

/* Lanes of which the compiler makes vectors. */
enum { LANES = 8 };

static float dot(const float *a, const float *b, size_t k) {
  float lane[LANES] = { 0 };
  size_t i = 0;
  for (; i + LANES <= k; i += LANES)
    for (size_t l = 0; l < LANES; l++) lane[l] += a[i + l] * b[i + l];
  for (size_t l = 0; i + l < k; l++) lane[l] += a[i + l] * b[i + l];
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

void dense_nt(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) c[i * ldc + j] = dot(a + i * lda, b + j * ldb, k);
}

void dense_nn(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc) {
  for (size_t i = 0; i < m; i++) {
    for (size_t j = 0; j < n; j++) c[i * ldc + j] = 0;
    for (size_t l = 0; l < k; l++)
      for (size_t j = 0; j < n; j++) c[i * ldc + j] += a[i * lda + l] * b[l * ldb + j];
  }
}

const char *dense_library(void) { return "plain loops"; }

#endif
