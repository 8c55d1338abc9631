/* modules/core/simd.h - which vector instructions this machine has. Every kernel with a fast
** path has a portable one that gives the same bytes; tests ask for each by name. */
#ifndef TAMIS_SIMD_H
#define TAMIS_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86 1
#elif defined(__aarch64__) && defined(__ARM_NEON) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SIMD_ARM 1
#endif

/* SIMD_AVX512 is F, BW, DQ and VL, and all that SIMD_AVX2 has: a kernel without a path for it takes
** that one. */
typedef enum SimdPath { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512, SIMD_NEON, SIMD_PATHS } SimdPath;

#define SIMD_TARGET_AVX512 "avx512f,avx512bw,avx512dq,avx512vl,avx2"

/* Does this machine have the path? Cheap: a load and a test. */
static inline int simd_has(SimdPath path) {
#ifdef SIMD_X86
  if (path == SIMD_AVX2) return __builtin_cpu_supports("avx2") != 0;
  if (path == SIMD_AVX512)
    return __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512dq");
#endif
#ifdef SIMD_ARM
  if (path == SIMD_NEON) return 1;
#endif
  return path == SIMD_PORTABLE;
}

/* The best path of this machine. */
static inline SimdPath simd_best(void) {
#ifdef SIMD_X86
  if (simd_has(SIMD_AVX512)) return SIMD_AVX512;
  if (simd_has(SIMD_AVX2)) return SIMD_AVX2;
#endif
#ifdef SIMD_ARM
  return SIMD_NEON;
#endif
  return SIMD_PORTABLE;
}

/* May a kernel use AVX2 on this path? */
static inline int simd_avx2(SimdPath path) { return path == SIMD_AVX2 || path == SIMD_AVX512; }

#endif
