/* modules/neardup/sketch_x86.c - sketch_kernel.h by AVX2 and AVX-512. A register is one 256-bit
** image, and what bounds the update is its load and store, so that AVX-512 has nothing to add to
** it; it merges and clears two registers at a time (and hashes shingles, grams.c). */
#include "neardup/sketch_kernel.h"

#ifdef SIMD_X86
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define AVX512 __attribute__((target(SIMD_TARGET_AVX512)))

AVX2 static inline void lower(uint32_t *table, uint32_t registers, __m256i mult, const uint32_t *h) {
  __m256i *reg = (__m256i *)(table + SKETCH_LANES * sketch_choose(*h, registers));
  __m256i v = _mm256_mullo_epi32(_mm256_set1_epi32((int)*h), mult);
  _mm256_store_si256(reg, _mm256_min_epu32(_mm256_load_si256(reg), v));
}

AVX2 static void update(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n) {
  const __m256i mult = _mm256_loadu_si256((const __m256i *)sketch_multiplier);
  uint32_t *second = table + (size_t)registers * SKETCH_LANES;
  size_t i = 0;
  for (; i + SKETCH_TABLES <= n; i += SKETCH_TABLES) {
    lower(table, registers, mult, h + i);
    lower(second, registers, mult, h + i + 1);
  }
  if (i < n) lower(table, registers, mult, h + i);
}

AVX2 static int merge_avx2(uint32_t *table, uint32_t registers) {
  __m256i *t = (__m256i *)table, none = _mm256_setzero_si256();
  const __m256i ones = _mm256_set1_epi32(-1);
  for (uint32_t r = 0; r < registers; r++) {
    __m256i least = _mm256_min_epu32(t[r], t[registers + r]);
    none = _mm256_or_si256(none, _mm256_cmpeq_epi32(least, ones));
    _mm256_store_si256(&t[r], least);
  }
  return _mm256_movemask_epi8(none) & 1;
}

AVX512 static int merge_avx512(uint32_t *table, uint32_t registers) {
  const size_t size = (size_t)registers * SKETCH_LANES;
  const __m512i ones = _mm512_set1_epi32(-1);
  unsigned none = 0;
  size_t i = 0;
  for (; i + 16 <= size; i += 16) {
    __m512i least = _mm512_min_epu32(_mm512_load_si512(table + i), _mm512_loadu_si512(table + size + i));
    none |= _mm512_cmpeq_epu32_mask(least, ones);
    _mm512_store_si512(table + i, least);
  }
  if (i == size) return (none & 0x101) != 0;
  __m256i a = _mm256_load_si256((const __m256i *)(table + i));
  __m256i least = _mm256_min_epu32(a, _mm256_loadu_si256((const __m256i *)(table + size + i)));
  none |= _mm256_cmpeq_epu32_mask(least, _mm256_set1_epi32(-1));
  _mm256_store_si256((__m256i *)(table + i), least);
  return (none & 0x101) != 0;
}

/* A lane's slot of each of eight registers. */
AVX2 static inline __m256i gather_lanes(const uint32_t *table, const uint16_t *order) {
#define ROW(lane) _mm256_load_si256((const __m256i *)(table - (lane) + order[lane]))
  __m256i a = _mm256_blend_epi32(ROW(0), ROW(1), 0x02), b = _mm256_blend_epi32(ROW(2), ROW(3), 0x08);
  __m256i c = _mm256_blend_epi32(ROW(4), ROW(5), 0x20), d = _mm256_blend_epi32(ROW(6), ROW(7), 0x80);
#undef ROW
  return _mm256_blend_epi32(_mm256_blend_epi32(a, b, 0x0C), _mm256_blend_epi32(c, d, 0xC0), 0xF0);
}

AVX2 static void keys_avx2(const uint32_t *table, const uint16_t *order, unsigned groups, unsigned rows,
                           uint32_t *keys) {
  const __m256i step = _mm256_set1_epi32((int)SKETCH_KEY_STEP), first = _mm256_set1_epi32((int)SKETCH_MIX_1);
  const __m256i second = _mm256_set1_epi32((int)SKETCH_MIX_2);
  for (unsigned g = 0; g < groups; g++) {
    __m256i key = _mm256_setzero_si256();
    for (unsigned r = 0; r < rows; r++, order += SKETCH_LANES) {
      key = _mm256_mullo_epi32(_mm256_xor_si256(key, gather_lanes(table, order)), step);
      key = _mm256_xor_si256(key, _mm256_srli_epi32(key, 15));
    }
    key = _mm256_mullo_epi32(_mm256_xor_si256(key, _mm256_srli_epi32(key, 16)), first);
    key = _mm256_mullo_epi32(_mm256_xor_si256(key, _mm256_srli_epi32(key, 15)), second);
    key = _mm256_xor_si256(key, _mm256_srli_epi32(key, 15));
    _mm256_storeu_si256((__m256i *)(keys + g * SKETCH_LANES), key);
  }
}

const SketchKernel sketch_avx2 = { SKETCH_TABLES, update, merge_avx2, keys_avx2 };
const SketchKernel sketch_avx512 = { SKETCH_TABLES, update, merge_avx512, keys_avx2 };
#endif
