/* modules/cosine/bytes.c - see bytes.h */
#include "cosine/bytes.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"

#ifdef SIMD_X86
#include <immintrin.h>
#endif

enum { GRAIN = 64, QUAD = 4, PANEL_QUADS = PANEL_LANES * QUAD };

int bytes_pay(SimdPath path) {
#ifdef SIMD_X86
  return path == SIMD_AVX512 && __builtin_cpu_supports("avx512vnni");
#else
  (void)path;
  return 0;
#endif
}

/* ---- heads to bytes ---- */

typedef struct Making { Bytes *b; const Cells *c; float *most; double *worst; int threads; } Making;

static int measure_some(void *ctx, size_t begin, size_t end, int worker) {
  const Making *k = ctx;
  const size_t each = (size_t)k->c->width * PANEL_LANES;
  float most = k->most[worker];
  for (size_t i = begin * each; i < end * each; i++) most = fmaxf(most, fabsf(k->c->panel[i]));
  k->most[worker] = most;
  return 0;
}

/* One panel; the largest square of a row's |r|. */
static double quantise(const Making *k, size_t panel) {
  const size_t width = k->c->width;
  const float *from = k->c->panel + panel * width * PANEL_LANES, scale = (float)(1 / k->b->step);
  uint8_t *to = k->b->panel + panel * k->b->quads * PANEL_QUADS;
  double square[PANEL_LANES] = { 0 }, worst = 0;
  memset(to, 128, (size_t)k->b->quads * PANEL_QUADS);
  for (size_t i = 0; i < width; i++)
    for (size_t l = 0; l < PANEL_LANES; l++) {
      const float x = from[i * PANEL_LANES + l];
      const int q = (int)lrintf(x * scale);
      const double r = x - q * k->b->step;
      to[(i / QUAD * PANEL_LANES + l) * QUAD + i % QUAD] = (uint8_t)(q + 128);
      square[l] += r * r;
    }
  for (size_t l = 0; l < PANEL_LANES; l++) worst = fmax(worst, square[l]);
  return worst;
}

static int make_some(void *ctx, size_t begin, size_t end, int worker) {
  const Making *k = ctx;
  for (size_t p = begin; p < end; p++) k->worst[worker] = fmax(k->worst[worker], quantise(k, p));
  return 0;
}

static int fill(Making *k, Pool *pool) {
  const size_t panels = panels_of(k->c->n);
  float most = 0;
  double worst = 0;
  int r = pool_for(pool, panels, GRAIN, measure_some, k);
  for (int t = 0; t < k->threads; t++) most = fmaxf(most, k->most[t]);
  k->b->step = most > 0 ? (double)most / 127 : 1;
  if (r == 0) r = pool_for(pool, panels, GRAIN, make_some, k);
  for (int t = 0; t < k->threads; t++) worst = fmax(worst, k->worst[t]);
  const double e = sqrt(worst) * (1 + 1e-6);
  k->b->slack = (2 * e + e * e) * (1 + 1e-6);
  return r;
}

int bytes_make(Bytes *b, const Cells *c, Pool *pool) {
  *b = (Bytes){ .n = c->n, .quads = (c->width + QUAD - 1) / QUAD };
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  Making k = { b, c, calloc((size_t)threads, sizeof(float)), calloc((size_t)threads, sizeof(double)), threads };
  b->panel = spill_alloc(panels_of(c->n) * b->quads * PANEL_QUADS + 1);
  int r = b->panel == NULL || k.most == NULL || k.worst == NULL ? -1 : fill(&k, pool);
  free(k.most);
  free(k.worst);
  if (r != 0) bytes_free(b);
  return r;
}

void bytes_free(Bytes *b) {
  spill_free(b->panel);
  *b = (Bytes){ 0 };
}

/* ---- products ---- */

int32_t bytes_least(const Bytes *b, double bound) {
  return (int32_t)fmax(-2e9, floor((bound - b->slack) / (b->step * b->step)) - 1);
}

void bytes_few(const Bytes *b, const uint32_t *position, uint32_t n, int32_t least, uint32_t *few, int32_t *each) {
  memset(few, 0, (size_t)b->quads * PANEL_FEW * sizeof *few);
  for (uint32_t r = 0; r < n; r++) {
    const uint8_t *from = b->panel + ((size_t)(position[r] / PANEL_LANES) * b->quads * PANEL_LANES +
                                      position[r] % PANEL_LANES) * QUAD;
    int32_t sum = 0;
    for (size_t k = 0; k < b->quads; k++) {
      int8_t *to = (int8_t *)&few[k * PANEL_FEW + r];
      for (size_t i = 0; i < QUAD; i++) sum += to[i] = (int8_t)(from[k * PANEL_QUADS + i] - 128);
    }
    each[r] = least + 128 * sum;
  }
  for (uint32_t r = n; r < PANEL_FEW; r++) each[r] = INT32_MAX;
}

static size_t write_hits(const Bytes *b, int32_t sum[PANEL_FEW][PANEL_LANES], int32_t least, const int32_t *each,
                         size_t nfew, size_t panel, PanelHit *hit) {
  size_t n = 0;
  for (size_t r = 0; r < nfew; r++)
    for (size_t l = 0; l < PANEL_LANES; l++) {
      if (sum[r][l] < each[r]) continue;
      const double product = (double)(sum[r][l] - (each[r] - least)) * b->step * b->step;
      hit[n++] = (PanelHit){ (uint32_t)r, (uint32_t)(panel * PANEL_LANES + l), (float)product };
    }
  return n;
}

static size_t reach_plain(const Bytes *b, const uint32_t *few, int32_t least, const int32_t *each, size_t nfew,
                          size_t panel, size_t npanels, PanelHit *hit) {
  size_t n = 0;
  for (size_t p = 0; p < npanels; p++) {
    int32_t sum[PANEL_FEW][PANEL_LANES] = { { 0 } };
    const uint8_t *at = b->panel + (panel + p) * b->quads * PANEL_QUADS;
    for (size_t k = 0; k < b->quads; k++)
      for (size_t r = 0; r < nfew; r++) {
        const int8_t *f = (const int8_t *)&few[k * PANEL_FEW + r];
        for (size_t l = 0; l < PANEL_LANES; l++)
          for (size_t i = 0; i < QUAD; i++) sum[r][l] += at[(k * PANEL_LANES + l) * QUAD + i] * f[i];
      }
    n += write_hits(b, sum, least, each, nfew, p, hit + n);
  }
  return n;
}

#ifdef SIMD_X86

#define ROW(r) \
  f = _mm512_set1_epi32((int)a[r]); \
  c##r##0 = _mm512_dpbusd_epi32(c##r##0, b0, f); \
  c##r##1 = _mm512_dpbusd_epi32(c##r##1, b1, f)
#define ZERO(r) c##r##0 = _mm512_setzero_si512(), c##r##1 = c##r##0
#define REACHES(r, h) _mm512_cmp_epi32_mask(c##r##h, _mm512_set1_epi32(each[r]), _MM_CMPINT_NLT)
#define ANY(h) (REACHES(0, h) | REACHES(1, h) | REACHES(2, h) | REACHES(3, h) | REACHES(4, h) | REACHES(5, h))
#define STORE(r, h) _mm512_storeu_si512(sum[r], c##r##h)
#define WRITE(h) do { \
    int32_t sum[PANEL_FEW][PANEL_LANES]; \
    STORE(0, h); STORE(1, h); STORE(2, h); STORE(3, h); STORE(4, h); STORE(5, h); \
    n += write_hits(b, sum, least, each, nfew, p + h, hit + n); \
  } while (0)

__attribute__((target(SIMD_TARGET_AVX512 ",avx512vnni")))
static size_t reach_vnni(const Bytes *b, const uint32_t *few, int32_t least, const int32_t *each, size_t nfew,
                         size_t panel, size_t npanels, PanelHit *hit) {
  const size_t stride = (size_t)b->quads * PANEL_QUADS;
  size_t n = 0;
  for (size_t p = 0; p < npanels; p += 2) {
    const size_t second = p + 1 < npanels ? stride : 0;   /* an odd last one is taken twice, told once */
    __m512i ZERO(0), ZERO(1), ZERO(2), ZERO(3), ZERO(4), ZERO(5), f;
    const uint32_t *a = few;
    const uint8_t *at = b->panel + (panel + p) * stride;
    for (size_t k = 0; k < b->quads; k++, a += PANEL_FEW, at += PANEL_QUADS) {
      const __m512i b0 = _mm512_loadu_si512(at), b1 = _mm512_loadu_si512(at + second);
      ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
    }
    if (ANY(0)) WRITE(0);
    if (second && ANY(1)) WRITE(1);
  }
  return n;
}
#endif

size_t bytes_reach(int fast, const Bytes *b, const uint32_t *few, int32_t least, const int32_t *each, size_t nfew,
                   size_t panel, size_t npanels, PanelHit *hit) {
#ifdef SIMD_X86
  if (fast) return reach_vnni(b, few, least, each, nfew, panel, npanels, hit);
#endif
  (void)fast;
  return reach_plain(b, few, least, each, nfew, panel, npanels, hit);
}
