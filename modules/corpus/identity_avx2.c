/* modules/corpus/identity_avx2.c - XXH3 compiled once more, for machines that have AVX2. The
** headers of the system come first, so that only xxhash itself is compiled for them. */
#include "corpus/identity.h"

#ifdef SIMD_X86
#include <immintrin.h>
#include <limits.h>
#include <stdlib.h>

#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2")
#endif

#define XXH_INLINE_ALL
#define XXH_VECTOR 2   /* XXH_AVX2 */
#include <xxhash.h>

Hash128 row_identity_avx2(Span bytes) {
  XXH128_hash_t h = XXH3_128bits(bytes.ptr, bytes.len);
  return (Hash128){ h.high64, h.low64 };
}

#ifdef __clang__
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif
