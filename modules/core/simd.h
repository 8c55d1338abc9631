/* modules/core/simd.h - which vector instructions this machine has. Every kernel with a fast
** path has a portable one that gives the same bytes; tests ask for each by name. */
#ifndef TAMIS_SIMD_H
#define TAMIS_SIMD_H

#if defined(__x86_64__) && defined(__GNUC__)
#define SIMD_X86 1
#endif

typedef enum SimdPath { SIMD_PORTABLE, SIMD_AVX2 } SimdPath;

/* The best path of this machine. Cheap: a load and a test. */
static inline SimdPath simd_best(void) {
#ifdef SIMD_X86
  if (__builtin_cpu_supports("avx2")) return SIMD_AVX2;
#endif
  return SIMD_PORTABLE;
}

#endif
