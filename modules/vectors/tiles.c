/* modules/vectors/tiles.c - see tiles.h */
#include "vectors/tiles.h"

#include <stdlib.h>
#include <string.h>

#ifdef SIMD_X86
#include <immintrin.h>
#endif

enum { ROWS = 6, LANES = 16, PAIR = 2 * LANES, CHUNK_FLOATS = 96 * 1024 };

/* Sums of ROWS rows with 32 columns, over k: a[k][ROWS], b[2][k][LANES]. */
typedef void (*TileFn)(size_t k, const float *a, const float *b, float sum[ROWS][PAIR]);

static void tile_portable(size_t k, const float *a, const float *b, float sum[ROWS][PAIR]) {
  memset(sum, 0, ROWS * PAIR * sizeof(float));
  for (int half = 0; half < 2; half++)
    for (size_t i = 0; i < k; i++)
      for (size_t r = 0; r < ROWS; r++)
        for (size_t l = 0; l < LANES; l++)
          sum[r][half * LANES + l] += a[i * ROWS + r] * b[(half * k + i) * LANES + l];
}

#ifdef SIMD_X86
#define ROW(r) \
  f = _mm256_broadcast_ss(x + r); \
  c##r##0 = _mm256_fmadd_ps(f, b0, c##r##0); \
  c##r##1 = _mm256_fmadd_ps(f, b1, c##r##1)
#define ZERO(r) c##r##0 = _mm256_setzero_ps(), c##r##1 = c##r##0
#define STORE(r) _mm256_storeu_ps(sum[r] + half, c##r##0), _mm256_storeu_ps(sum[r] + half + 8, c##r##1)

__attribute__((target("avx2,fma")))
static void tile_avx2(size_t k, const float *a, const float *b, float sum[ROWS][PAIR]) {
  for (size_t half = 0; half < PAIR; half += LANES) {
    __m256 ZERO(0), ZERO(1), ZERO(2), ZERO(3), ZERO(4), ZERO(5), f;
    const float *x = a, *y = b + half * k;
    for (size_t i = 0; i < k; i++, x += ROWS, y += LANES) {
      const __m256 b0 = _mm256_loadu_ps(y), b1 = _mm256_loadu_ps(y + 8);
      ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
    }
    STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
  }
}
#undef ROW
#undef ZERO
#undef STORE

#define ROW(r) \
  f = _mm512_set1_ps(x[r]); \
  c##r##0 = _mm512_fmadd_ps(f, b0, c##r##0); \
  c##r##1 = _mm512_fmadd_ps(f, b1, c##r##1)
#define ZERO(r) c##r##0 = _mm512_setzero_ps(), c##r##1 = c##r##0
#define STORE(r) _mm512_storeu_ps(sum[r], c##r##0), _mm512_storeu_ps(sum[r] + LANES, c##r##1)

__attribute__((target(SIMD_TARGET_AVX512)))
static void tile_avx512(size_t k, const float *a, const float *b, float sum[ROWS][PAIR]) {
  __m512 ZERO(0), ZERO(1), ZERO(2), ZERO(3), ZERO(4), ZERO(5), f;
  const float *x = a, *y = b, *z = b + k * LANES;
  for (size_t i = 0; i < k; i++, x += ROWS, y += LANES, z += LANES) {
    const __m512 b0 = _mm512_loadu_ps(y), b1 = _mm512_loadu_ps(z);
    ROW(0); ROW(1); ROW(2); ROW(3); ROW(4); ROW(5);
  }
  STORE(0); STORE(1); STORE(2); STORE(3); STORE(4); STORE(5);
}
#endif

static TileFn tile_of(SimdPath path) {
#ifdef SIMD_X86
  if (path == SIMD_AVX512) return tile_avx512;
  if (path == SIMD_AVX2 && __builtin_cpu_supports("fma")) return tile_avx2;
#endif
  (void)path;
  return tile_portable;
}

/* rows (at most `most`) of x as columns: out[k][most], the rest zeros. */
static void pack_rows(const float *x, size_t ld, size_t rows, size_t most, size_t k, float *out) {
  for (size_t r = 0; r < most; r++)
    for (size_t i = 0; i < k; i++) out[i * most + r] = r < rows ? x[r * ld + i] : 0;
}

/* Columns from .. from + n of B as pairs of panels. */
static void pack_b(int transposed, const float *b, size_t ldb, size_t from, size_t n, size_t k, float *out) {
  for (size_t p = 0; p < n || p % PAIR != 0; p += LANES, out += k * LANES) {
    const size_t have = p >= n ? 0 : n - p < LANES ? n - p : LANES;
    if (transposed) {
      pack_rows(have > 0 ? b + (from + p) * ldb : NULL, ldb, have, LANES, k, out);
      continue;
    }
    for (size_t i = 0; i < k; i++) {
      if (have > 0) memcpy(out + i * LANES, b + i * ldb + from + p, have * sizeof *out);
      for (size_t l = have; l < LANES; l++) out[i * LANES + l] = 0;
    }
  }
}

/* Where there is no room for copies. */
static void plain_product(int transposed, size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                          size_t ldb, float *c, size_t ldc) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < n; j++) {
      float sum = 0;
      for (size_t l = 0; l < k; l++) sum += a[i * lda + l] * (transposed ? b[j * ldb + l] : b[l * ldb + j]);
      c[i * ldc + j] = sum;
    }
}

void tiles_product(SimdPath path, int b_transposed, size_t m, size_t n, size_t k, const float *a, size_t lda,
                   const float *b, size_t ldb, float *c, size_t ldc) {
  const TileFn tile = tile_of(path);
  size_t chunk = CHUNK_FLOATS / (k + 1) / PAIR * PAIR;
  if (chunk < PAIR) chunk = PAIR;
  if (chunk > (n + PAIR - 1) / PAIR * PAIR) chunk = (n + PAIR - 1) / PAIR * PAIR;
  float *few = malloc((chunk + ROWS) * k * sizeof *few + 1), sum[ROWS][PAIR];
  if (few == NULL) {
    plain_product(b_transposed, m, n, k, a, lda, b, ldb, c, ldc);
    return;
  }
  float *many = few + ROWS * k;
  for (size_t from = 0; from < n; from += chunk) {
    const size_t columns = n - from < chunk ? n - from : chunk;
    pack_b(b_transposed, b, ldb, from, columns, k, many);
    for (size_t i = 0; i < m; i += ROWS) {
      const size_t rows = m - i < ROWS ? m - i : ROWS;
      pack_rows(a + i * lda, lda, rows, ROWS, k, few);
      for (size_t j = 0; j < columns; j += PAIR) {
        const size_t width = columns - j < PAIR ? columns - j : PAIR;
        tile(k, few, many + j * k, sum);
        for (size_t r = 0; r < rows; r++) memcpy(c + (i + r) * ldc + from + j, sum[r], width * sizeof(float));
      }
    }
  }
  free(few);
}
