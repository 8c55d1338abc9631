/* modules/text/repetition.c - see repetition.h.
** A word's hash eats eight bytes at a step; a bigram's is made of two words' hashes and goes into
** an open-addressing set that is at most half full. */
#include "text/repetition.h"

static inline uint64_t load8(const char *p) {
  uint64_t w;
  memcpy(&w, p, 8);
  return w;
}

static inline uint64_t mix(uint64_t a, uint64_t b) {
  __uint128_t m = (__uint128_t)(a ^ 0x9E3779B97F4A7C15u) * (b ^ 0xE7037ED1A0B428DBu);
  return (uint64_t)m ^ (uint64_t)(m >> 64);
}

/* The last n bytes, 0 < n < 8, before end; may read up to 8 bytes back, never before start. */
static inline uint64_t load_tail(const char *start, const char *end, size_t n) {
  if ((size_t)(end - start) >= 8) return load8(end - 8) >> (8 * (8 - n));
  uint64_t w = 0;
  for (size_t i = 0; i < n; i++) w |= (uint64_t)(unsigned char)end[-(ptrdiff_t)n + (ptrdiff_t)i] << (8 * i);
  return w;
}

static inline uint64_t word_hash(const char *text, const char *p, size_t len) {
  uint64_t h = len;
  const char *end = p + len;
  for (; end - p >= 8; p += 8) h = mix(h, load8(p));
  return p < end ? mix(h, load_tail(text, end, (size_t)(end - p))) : h;
}

/* Slots of the set: a power of two, at least twice the bigrams. */
static size_t slots_for(size_t words) {
  size_t n = 16;
  while (n < 2 * words) n *= 2;
  return n;
}

size_t repetition_room(size_t words) { return slots_for(words) * sizeof(uint64_t); }

size_t repetition_words(Span folded) {
  size_t n = folded.len > 0;
  for (size_t i = 0; i < folded.len; i++) n += folded.ptr[i] == ' ';
  return n;
}

Bigrams repetition_bigrams(Span folded, void *room) {
  Bigrams b = { repetition_words(folded), 0, 0 };
  size_t mask = slots_for(b.words) - 1;
  uint64_t *set = room, before = 0;
  if (b.words < 2) return b;
  memset(set, 0, (mask + 1) * sizeof *set);
  const char *p = folded.ptr, *end = p + folded.len;
  for (size_t k = 0; k < b.words; k++) {
    const char *blank = memchr(p, ' ', (size_t)(end - p));
    if (blank == NULL) blank = end;
    uint64_t h = word_hash(folded.ptr, p, (size_t)(blank - p));
    p = blank + 1;
    if (k > 0) {
      uint64_t key = mix(before, h);
      key += key == 0;                   /* 0 marks an empty slot */
      size_t i = key & mask;
      while (set[i] != 0 && set[i] != key) i = (i + 1) & mask;
      b.distinct += set[i] == 0;
      set[i] = key;
    }
    before = h;
  }
  b.all = b.words - 1;
  return b;
}
