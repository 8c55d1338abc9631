/* modules/neardup/lsh.h - which texts share a band's key, without a hash table: each band's
** (key, text) words are sorted by radix and equal neighbours joined in a union-find. What it
** gives are groups: sets of texts connected by shared keys. Two texts in different groups share
** no key, so groups can be judged apart and in parallel. */
#ifndef TAMIS_LSH_H
#define TAMIS_LSH_H

#include "core/pool.h"
#include "core/span.h"

/* Sorts n words by their upper 32 bits, stable. The result is in `to`; both are [n] and both are
** written. */
void lsh_sort(uint64_t *from, uint64_t *to, size_t n);

/* Keys a text, rounded up so that rows of keys can be compared by blocks. */
static inline size_t lsh_stride(unsigned bands) { return ((size_t)bands + 3) / 4 * 4; }
/* Fills the keys that a text does not have, from `used` on, with its own number: no other text has
** that there, and lsh_groups leaves it out. */
static inline void lsh_pad(uint32_t *keys, unsigned used, size_t stride, uint32_t text) {
  for (size_t b = used; b < stride; b++) keys[b] = text;
}

/* Do two texts share a key? */
static inline int lsh_meet(const uint32_t *a, const uint32_t *b, size_t stride);

/* Are two texts that share a key worth a group? 0: they cannot match (NULL: all are). Any thread may call. */
typedef int (*LshMay)(const void *ctx, uint32_t a, uint32_t b);

/* keys is [n][stride]; a key that is the text's own number stands for none. On return root[i] is the
** lowest text of i's group; bands run in parallel, each with 16 bytes a text of transient room. Pairs of
** texts with the same key are asked about unless they are connected already; where more than LSH_MANY
** share one, nobody is asked. 0; -1 if out of memory; POOL_INTERRUPTED. */
enum { LSH_MANY = 64 };
int lsh_groups(const uint32_t *keys, size_t n, unsigned bands, size_t stride, LshMay may, const void *ctx,
               Pool *pool, uint32_t *root);

#ifdef __SSE2__
#include <emmintrin.h>
static inline int lsh_meet(const uint32_t *a, const uint32_t *b, size_t stride) {
  __m128i any = _mm_setzero_si128();
  for (size_t i = 0; i < stride; i += 4)
    any = _mm_or_si128(any, _mm_cmpeq_epi32(_mm_loadu_si128((const __m128i *)(a + i)),
                                            _mm_loadu_si128((const __m128i *)(b + i))));
  return _mm_movemask_epi8(any) != 0;
}
#else
static inline int lsh_meet(const uint32_t *a, const uint32_t *b, size_t stride) {
  unsigned any = 0;
  for (size_t i = 0; i < stride; i++) any |= a[i] == b[i];
  return (int)any;
}
#endif

#endif
