/* modules/neardup/sketch_kernel.h - the inner loops of sketch.c, one set for each SIMD path. All
** sets leave the same registers and keys. Inside the module only.
**
** A table is [registers][SKETCH_LANES] minima, aligned to 64 bytes; SKETCH_TABLES of them lie side
** by side, so that a shingle need not wait for the store of the one before it. */
#ifndef TAMIS_SKETCH_KERNEL_H
#define TAMIS_SKETCH_KERNEL_H

#include "neardup/sketch.h"

enum { SKETCH_TABLES = 2 };
#define SKETCH_KEY_STEP 0x9E3779B1u
#define SKETCH_MIX_1 0x21F0AAADu
#define SKETCH_MIX_2 0x735A2D97u

/* Odd multipliers, from the digits of pi. */
static const uint32_t sketch_multiplier[SKETCH_LANES] = { 0x243F6A89u, 0x85A308D3u, 0x13198A2Fu, 0x03707345u,
                                                          0xA4093823u, 0x299F31D1u, 0x082EFA99u, 0xEC4E6C89u };

typedef struct SketchKernel {
  unsigned tables;   /* how many of them `update` uses */
  /* Lowers the registers that h[0..n) choose. */
  void (*update)(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n);
  /* The minima of all tables into the first one. Is some register without a shingle? */
  int (*merge)(uint32_t *table, uint32_t registers);
  /* Keys of groups * SKETCH_LANES bands of `rows` slots: band l of group g takes its step s from
  ** place order[(g * rows + s) * SKETCH_LANES + l] of the table. The sets for x86 want that place in
  ** lane l of some register. */
  void (*keys)(const uint32_t *table, const uint16_t *order, unsigned groups, unsigned rows, uint32_t *keys);
} SketchKernel;

/* The set of a path; the portable one for a path that this build does not have. */
const SketchKernel *sketch_kernel(SimdPath path);
#ifdef SIMD_X86
extern const SketchKernel sketch_avx2, sketch_avx512;   /* sketch_x86.c */
#endif
#ifdef SIMD_ARM
extern const SketchKernel sketch_neon;                  /* sketch_neon.c */
#endif

/* The register that a hash chooses. */
static inline uint32_t sketch_choose(uint32_t h, uint32_t registers) {
  return (uint32_t)((uint64_t)h * registers >> 32);
}

static inline uint32_t sketch_rehash(uint32_t h, uint32_t round) {
  h += round * 0x9E3779B9u;
  h ^= h >> 16;
  h *= SKETCH_MIX_1;
  h ^= h >> 15;
  h *= SKETCH_MIX_2;
  return h ^ h >> 15;
}

#endif
