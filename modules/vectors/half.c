/* modules/vectors/half.c - see half.h */
#include "vectors/half.h"

#include <string.h>

#include "core/simd.h"
#ifdef SIMD_X86
#include <immintrin.h>
#endif

static uint32_t bits_of(float x) {
  uint32_t u;
  memcpy(&u, &x, sizeof u);
  return u;
}

static float float_of(uint32_t u) {
  float x;
  memcpy(&x, &u, sizeof x);
  return x;
}

enum { HALF_INFINITY = 0x7C00, HALF_QUIET = 0x0200 };

uint16_t half_of(float x) {
  uint32_t u = bits_of(x), a = u & 0x7FFFFFFFu;
  uint16_t sign = (uint16_t)(u >> 16 & 0x8000u);
  if (a > 0x7F800000u) return (uint16_t)(sign | HALF_INFINITY | HALF_QUIET);
  if (a >= 0x477FF000u) return (uint16_t)(sign | HALF_INFINITY);   /* 65520 and above round to it */
  if (a < 0x38800000u) {   /* below 2^-14: a multiple of 2^-24; adding 0.5 puts its rounding into the last bits */
    float shifted = float_of(a) + 0.5f;
    return (uint16_t)(sign | (uint16_t)(bits_of(shifted) - bits_of(0.5f)));
  }
  uint32_t odd = a >> 13 & 1;
  return (uint16_t)(sign | (uint16_t)((a - 0x38000000u + 0x0FFFu + odd) >> 13));
}

float half_value(uint16_t h) {
  uint32_t a = (uint32_t)(h & 0x7FFFu) << 13, sign = (uint32_t)(h & 0x8000u) << 16;
  if ((h & HALF_INFINITY) == HALF_INFINITY) return float_of(sign | 0x7F800000u | a);
  return float_of(sign | bits_of(float_of(a) * 0x1p112f));   /* moves the exponent's bias; exact */
}

#ifdef SIMD_X86
__attribute__((target("avx,f16c"))) static void to_floats_f16c(const uint16_t *h, size_t n, float *out) {
  size_t i = 0;
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(h + i))));
  for (; i < n; i++) out[i] = half_value(h[i]);
}
#endif

void half_to_floats(const uint16_t *h, size_t n, float *out) {
#ifdef SIMD_X86
  if (simd_has(SIMD_AVX2)) {      /* every machine with AVX2 has F16C, which Clang cannot ask for by name */
    to_floats_f16c(h, n, out);
    return;
  }
#endif
  for (size_t i = 0; i < n; i++) out[i] = half_value(h[i]);
}
