/* modules/neardup/sketch_neon.c - sketch_kernel.h by NEON: a register is two 128-bit images. */
#include "neardup/sketch_kernel.h"

#ifdef SIMD_ARM
#include <arm_neon.h>

static inline void lower(uint32_t *table, uint32_t registers, uint32x4_t low, uint32x4_t high, uint32_t h) {
  uint32_t *reg = table + SKETCH_LANES * sketch_choose(h, registers);
  vst1q_u32(reg, vminq_u32(vld1q_u32(reg), vmulq_n_u32(low, h)));
  vst1q_u32(reg + 4, vminq_u32(vld1q_u32(reg + 4), vmulq_n_u32(high, h)));
}

static void update(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n) {
  const uint32x4_t low = vld1q_u32(sketch_multiplier), high = vld1q_u32(sketch_multiplier + 4);
  uint32_t *second = table + (size_t)registers * SKETCH_LANES;
  size_t i = 0;
  for (; i + SKETCH_TABLES <= n; i += SKETCH_TABLES) {
    lower(table, registers, low, high, h[i]);
    lower(second, registers, low, high, h[i + 1]);
  }
  if (i < n) lower(table, registers, low, high, h[i]);
}

static int merge(uint32_t *table, uint32_t registers) {
  const size_t size = (size_t)registers * SKETCH_LANES;
  uint32x4_t none = vdupq_n_u32(0);
  for (size_t i = 0; i < size; i += SKETCH_LANES) {
    uint32x4_t low = vminq_u32(vld1q_u32(table + i), vld1q_u32(table + size + i));
    uint32x4_t high = vminq_u32(vld1q_u32(table + i + 4), vld1q_u32(table + size + i + 4));
    none = vorrq_u32(none, vceqq_u32(low, vdupq_n_u32(UINT32_MAX)));
    vst1q_u32(table + i, low);
    vst1q_u32(table + i + 4, high);
  }
  return vgetq_lane_u32(none, 0) != 0;
}

static inline uint32x4_t mixed(uint32x4_t key, uint32_t by) {
  key = vmulq_n_u32(key, by);
  return veorq_u32(key, vshrq_n_u32(key, 15));
}

static inline uint32x4_t finished(uint32x4_t key) {
  return mixed(mixed(veorq_u32(key, vshrq_n_u32(key, 16)), SKETCH_MIX_1), SKETCH_MIX_2);
}

static void keys(const uint32_t *table, const uint16_t *order, unsigned groups, unsigned rows, uint32_t *out) {
  for (unsigned g = 0; g < groups; g++, out += SKETCH_LANES) {
    uint32x4_t low = vdupq_n_u32(0), high = low;
    for (unsigned r = 0; r < rows; r++, order += SKETCH_LANES) {
      uint32_t slot[SKETCH_LANES];
      for (unsigned lane = 0; lane < SKETCH_LANES; lane++) slot[lane] = table[order[lane]];
      low = mixed(veorq_u32(low, vld1q_u32(slot)), SKETCH_KEY_STEP);
      high = mixed(veorq_u32(high, vld1q_u32(slot + 4)), SKETCH_KEY_STEP);
    }
    vst1q_u32(out, finished(low));
    vst1q_u32(out + 4, finished(high));
  }
}

const SketchKernel sketch_neon = { SKETCH_TABLES, update, merge, keys };
#endif
