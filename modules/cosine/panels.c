/* modules/cosine/panels.c - see panels.h */
#include "cosine/panels.h"

#ifdef SIMD_X86
#include <immintrin.h>
#endif

/* The hits of one panel from its products. */
static size_t write_hits(const float product[PANEL_FEW][PANEL_LANES], size_t nfew, size_t panel, const float *least,
                         PanelHit *hit) {
  size_t n = 0;
  for (size_t r = 0; r < nfew; r++)
    for (size_t l = 0; l < PANEL_LANES; l++)
      if (product[r][l] >= least[l])
        hit[n++] = (PanelHit){ (uint32_t)r, (uint32_t)(panel * PANEL_LANES + l), product[r][l] };
  return n;
}

static size_t scan_portable(const float *few, size_t nfew, const float *panel, size_t npanels, size_t width,
                            const float *least, size_t stride, PanelHit *hit) {
  size_t n = 0;
  for (size_t p = 0; p < npanels; p++) {
    float sum[PANEL_FEW][PANEL_LANES] = { { 0 } };
    const float *b = panel + p * width * PANEL_LANES;
    for (size_t k = 0; k < width; k++)
      for (size_t r = 0; r < PANEL_FEW; r++)
        for (size_t l = 0; l < PANEL_LANES; l++) sum[r][l] += few[k * PANEL_FEW + r] * b[k * PANEL_LANES + l];
    n += write_hits(sum, nfew, p, least + p * stride, hit + n);
  }
  return n;
}

#ifdef SIMD_X86

#define ROW(r) \
  f = _mm256_broadcast_ss(a + r); \
  c##r##0 = _mm256_fmadd_ps(f, b0, c##r##0); \
  c##r##1 = _mm256_fmadd_ps(f, b1, c##r##1)
#define ZERO(r) c##r##0 = _mm256_setzero_ps(), c##r##1 = c##r##0
#define REACHES(r) _mm256_or_ps(_mm256_cmp_ps(c##r##0, t0, _CMP_GE_OQ), _mm256_cmp_ps(c##r##1, t1, _CMP_GE_OQ))
#define STORE(r) _mm256_storeu_ps(sum[r], c##r##0), _mm256_storeu_ps(sum[r] + 8, c##r##1)

__attribute__((target("avx2,fma")))
static size_t scan_avx2(const float *few, size_t nfew, const float *panel, size_t npanels, size_t width,
                        const float *least, size_t stride, PanelHit *hit) {
  size_t n = 0;
  for (size_t p = 0; p < npanels; p++) {
    __m256 ZERO(0), ZERO(1), ZERO(2), ZERO(3), ZERO(4), ZERO(5), f;
    const float *a = few, *b = panel + p * width * PANEL_LANES;
    for (size_t k = 0; k < width; k++, a += PANEL_FEW, b += PANEL_LANES) {
      const __m256 b0 = _mm256_loadu_ps(b), b1 = _mm256_loadu_ps(b + 8);
      ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
    }
    const __m256 t0 = _mm256_loadu_ps(least + p * stride), t1 = _mm256_loadu_ps(least + p * stride + 8);
    __m256 any = _mm256_or_ps(_mm256_or_ps(_mm256_or_ps(REACHES(0), REACHES(1)), _mm256_or_ps(REACHES(2), REACHES(3))),
                              _mm256_or_ps(REACHES(4), REACHES(5)));
    if (_mm256_testz_ps(any, any)) continue;
    float sum[PANEL_FEW][PANEL_LANES];
    STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
    n += write_hits(sum, nfew, p, least + p * stride, hit + n);
  }
  return n;
}

#undef ROW
#undef ZERO
#undef REACHES
#undef STORE

/* Two panels at once: 12 sums of 16. */
#define ROW(r) \
  f = _mm512_set1_ps(a[r]); \
  c##r##0 = _mm512_fmadd_ps(f, b0, c##r##0); \
  c##r##1 = _mm512_fmadd_ps(f, b1, c##r##1)
#define ZERO(r) c##r##0 = _mm512_setzero_ps(), c##r##1 = c##r##0
#define REACHES(r, h) _mm512_cmp_ps_mask(c##r##h, t##h, _CMP_GE_OQ)
#define ANY(h) (REACHES(0, h) | REACHES(1, h) | REACHES(2, h) | REACHES(3, h) | REACHES(4, h) | REACHES(5, h))
#define STORE(r, h) _mm512_storeu_ps(sum[r], c##r##h)
#define WRITE(h) do { \
    float sum[PANEL_FEW][PANEL_LANES]; \
    STORE(0, h); STORE(1, h); STORE(2, h); STORE(3, h); STORE(4, h); STORE(5, h); \
    n += write_hits(sum, nfew, p + h, least + (p + h) * stride, hit + n); \
  } while (0)

__attribute__((target(SIMD_TARGET_AVX512)))
static size_t scan_avx512(const float *few, size_t nfew, const float *panel, size_t npanels, size_t width,
                          const float *least, size_t stride, PanelHit *hit) {
  size_t n = 0;
  for (size_t p = 0; p < npanels; p += 2) {
    const size_t second = p + 1 < npanels ? width * PANEL_LANES : 0;   /* an odd last one is taken twice, told once */
    __m512 ZERO(0), ZERO(1), ZERO(2), ZERO(3), ZERO(4), ZERO(5), f;
    const float *a = few, *b = panel + p * width * PANEL_LANES;
    for (size_t k = 0; k < width; k++, a += PANEL_FEW, b += PANEL_LANES) {
      const __m512 b0 = _mm512_loadu_ps(b), b1 = _mm512_loadu_ps(b + second);
      ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
    }
    const __m512 t0 = _mm512_loadu_ps(least + p * stride);
    const __m512 t1 = _mm512_loadu_ps(least + (second ? p + 1 : p) * stride);
    if (ANY(0)) WRITE(0);
    if (second && ANY(1)) WRITE(1);
  }
  return n;
}
#endif

size_t panels_reach(SimdPath path, const float *few, size_t nfew, const float *panel, size_t npanels, size_t width,
                   const float *least, size_t stride, PanelHit *hit) {
#ifdef SIMD_X86
  if (path == SIMD_AVX512) return scan_avx512(few, nfew, panel, npanels, width, least, stride, hit);
  if (path == SIMD_AVX2 && __builtin_cpu_supports("fma"))
    return scan_avx2(few, nfew, panel, npanels, width, least, stride, hit);
#endif
  (void)path;
  return scan_portable(few, nfew, panel, npanels, width, least, stride, hit);
}
