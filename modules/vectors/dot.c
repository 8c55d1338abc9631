/* modules/vectors/dot.c - see dot.h */
#include "vectors/dot.h"

#ifdef SIMD_X86
#include <immintrin.h>
#endif

enum { LANES = 8 };

static double tail_and_sum(double *lane, const float *a, const float *b, size_t i, size_t n) {
  for (size_t k = 0; i + k < n; k++) lane[k] += (double)a[i + k] * (double)b[i + k];
  return ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
}

static double dot_portable(const float *a, const float *b, size_t n) {
  double lane[LANES] = { 0 };
  size_t i = 0;
  for (; i + LANES <= n; i += LANES)
    for (size_t k = 0; k < LANES; k++) lane[k] += (double)a[i + k] * (double)b[i + k];
  return tail_and_sum(lane, a, b, i, n);
}

#ifdef SIMD_X86
__attribute__((target("avx2"))) static double dot_avx2(const float *a, const float *b, size_t n) {
  __m256d low = _mm256_setzero_pd(), high = _mm256_setzero_pd();
  size_t i = 0;
  for (; i + LANES <= n; i += LANES) {
    __m256d al = _mm256_cvtps_pd(_mm_loadu_ps(a + i)), bl = _mm256_cvtps_pd(_mm_loadu_ps(b + i));
    __m256d ah = _mm256_cvtps_pd(_mm_loadu_ps(a + i + 4)), bh = _mm256_cvtps_pd(_mm_loadu_ps(b + i + 4));
    low = _mm256_add_pd(low, _mm256_mul_pd(al, bl));
    high = _mm256_add_pd(high, _mm256_mul_pd(ah, bh));
  }
  double lane[LANES];
  _mm256_storeu_pd(lane, low);
  _mm256_storeu_pd(lane + 4, high);
  return tail_and_sum(lane, a, b, i, n);
}
#endif

double dot_fixed(SimdPath path, const float *a, const float *b, size_t n) {
#ifdef SIMD_X86
  if (simd_avx2(path)) return dot_avx2(a, b, n);
#endif
  (void)path;
  return dot_portable(a, b, n);
}
