/* modules/text/repetition.c - see repetition.h.
** A word's hash eats eight bytes at a step; a bigram's is made of two words' hashes and goes into
** an open-addressing set that is at most a third full. */
#include "text/repetition.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

static inline uint64_t load8(const char *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return w;
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
  __uint128_t m = (__uint128_t)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
  return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The lowest n bytes set, n >= 8 all. */
static inline uint64_t low_bytes(size_t n) { return n >= 8 ? ~(uint64_t)0 : ((uint64_t)1 << (8 * n)) - 1; }

/* Words of up to 16 bytes, nearly all, take no branch; may read 16 bytes from p, whatever len. */
static inline uint64_t word_hash(const char *p, size_t len) {
  uint64_t h = len;
  for (; len > 16; p += 8, len -= 8) h = mix(h, load8(p));
  uint64_t low = load8(p) & low_bytes(len), high = load8(p + 8) & low_bytes(len > 8 ? len - 8 : 0);
  return mix(h ^ low, high + 0x8EBC6AF09C88C6E3u);
}

/* Slots of the set: a power of two, at least three times the bigrams, so that most find theirs at once. */
static size_t slots_for(size_t words) {
  size_t n = 16;
  while (n < 3 * words) n *= 2;
  return n;
}

size_t repetition_room(size_t words) { return slots_for(words) * sizeof(uint64_t); }

/* ---- blanks, 64 bytes at a time ---- */

/* Bits of the blanks among text[at .. at + 64); what lies behind the text counts as blank. */
static inline uint64_t blanks_at(Span text, size_t at) {
  char tail[64];
  const char *p = text.ptr + at;
  if (text.len - at < 64) {
    memset(tail, ' ', sizeof tail);
    memcpy(tail, p, text.len - at);
    p = tail;
  }
  uint64_t bits = 0;
#ifdef __SSE2__
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    __m128i same = _mm_cmpeq_epi8(_mm_loadu_si128((const __m128i *)(p + 16 * k)), _mm_set1_epi8(' '));
    bits |= (uint64_t)(unsigned)_mm_movemask_epi8(same) << (16 * k);
  }
#else
  for (int k = 0; k < 64; k++) bits |= (uint64_t)(p[k] == ' ') << k;
#endif
  return bits;
}

static inline unsigned bits_set(uint64_t x) {
  x -= x >> 1 & 0x5555555555555555u;
  x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
  return (unsigned)(((x + (x >> 4)) & 0x0F0F0F0F0F0F0F0Fu) * 0x0101010101010101u >> 56);
}

size_t repetition_words(Span folded) {
  size_t n = folded.len > 0;
  for (size_t at = 0; at < folded.len; at += 64) {
    size_t past = folded.len - at < 64 ? 64 - (folded.len - at) : 0;
    n += bits_set(blanks_at(folded, at)) - past;
  }
  return n;
}

/* ---- bigrams ---- */

typedef struct Set {
  uint64_t *slot;
  size_t mask, n;
} Set;

static inline void add_bigram(Set *s, uint64_t first, uint64_t second) {
  uint64_t key = mix(first, second);
  key += key == 0;                       /* 0 marks an empty slot */
  size_t i = key & s->mask;
  while (s->slot[i] != 0 && s->slot[i] != key) i = (i + 1) & s->mask;
  s->n += s->slot[i] == 0;
  s->slot[i] = key;
}

Bigrams repetition_bigrams(Span folded, void *room) {
  Bigrams b = { repetition_words(folded), 0, 0 };
  Set set = { room, slots_for(b.words) - 1, 0 };
  if (b.words < 2) return b;
  memset(set.slot, 0, (set.mask + 1) * sizeof *set.slot);
  size_t start = 0, words = 0;
  uint64_t before = 0;
  for (size_t at = 0; at < folded.len; at += 64) {
    for (uint64_t blanks = blanks_at(folded, at); blanks != 0; blanks &= blanks - 1) {
      size_t end = at + (size_t)__builtin_ctzll(blanks);
      uint64_t h = word_hash(folded.ptr + start, end - start);
      if (words++ > 0) add_bigram(&set, before, h);
      before = h;
      start = end + 1;
      if (end >= folded.len) break;      /* the blanks behind the text are none of its */
    }
  }
  if (words < b.words) add_bigram(&set, before, word_hash(folded.ptr + start, folded.len - start));
  b.all = b.words - 1;
  b.distinct = set.n;
  return b;
}
