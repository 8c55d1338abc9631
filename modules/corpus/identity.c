/* modules/corpus/identity.c - see identity.h */
#include "corpus/identity.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

Hash128 row_identity(Span bytes, SimdPath path) {
#ifdef SIMD_X86
  if (simd_avx2(path) && bytes.len > 240) return row_identity_avx2(bytes);   /* shorter ones use no vectors */
#endif
  (void)path;
  XXH128_hash_t h = XXH3_128bits(bytes.ptr, bytes.len);
  return (Hash128){ h.high64, h.low64 };
}
