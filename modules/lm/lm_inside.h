/* modules/lm/lm_inside.h - what scoring, fitting and the file share. Inside the module only.
** An n-gram is a key of LM_BITS a symbol, the newest lowest, and its length. */
#ifndef TAMIS_LM_INSIDE_H
#define TAMIS_LM_INSIDE_H

#include "lm/lm.h"
#include "text/chars.h"

static inline uint64_t lm_mask(int len) { return ((uint64_t)1 << LM_BITS * len) - 1; }

static inline uint64_t lm_hash(uint64_t key, int len) {
  uint64_t x = (key ^ (uint64_t)len << 60) * 0x9E3779B97F4A7C15u;
  x = (x ^ x >> 32) * 0xD6E8FEB86659FD93u;
  return x ^ x >> 32;
}

/* Where a look-up begins. The last LM_PROBES slots are nobody's home, so that none runs past the end. */
static inline size_t lm_home(uint64_t hash, size_t nslots) {
  return (size_t)((hash >> 32) * (uint64_t)(nslots - LM_PROBES) >> 32);
}

static inline uint64_t lm_tag(uint64_t hash) {
  uint64_t tag = hash & 0xFFFFFFFFFFu;
  return tag == 0 ? 1 : tag;
}

static inline uint64_t lm_slot(uint64_t tag, LmEntry e) { return tag << 24 | (uint64_t)e.cost << 12 | e.back; }

static inline uint32_t lm_letter_hash(uint32_t c) { return c * 2654435761u >> 21; }

/* The symbol of a code point; 0 if it is spelt by its bytes. */
static inline unsigned lm_letter(const LmAlphabet *a, uint32_t c) {
  for (uint32_t i = lm_letter_hash(c);; i = (i + 1) & (LM_LETTER_SLOTS - 1)) {
    uint32_t v = a->slot[i];
    if (v == 0) return 0;
    if (v >> LM_BITS == c) return v & LM_START;
  }
}

/* The symbols of the character at text[*at], at most four, into out; *at moves behind it. How many. */
static inline int lm_symbols(const LmAlphabet *a, Span text, size_t *at, uint16_t out[4]) {
  size_t from = *at, next;
  unsigned char byte = (unsigned char)text.ptr[from];
  if (byte < 0x80) {
    out[0] = byte;
    *at = from + 1;
    return 1;
  }
  uint32_t c = chars_decode(text.ptr, text.len, from, &next);
  unsigned letter = next - from > 1 ? lm_letter(a, c) : 0;
  *at = next;
  if (letter != 0) {
    out[0] = (uint16_t)letter;
    return 1;
  }
  int n = 0;
  for (; from < next; from++) out[n++] = (unsigned char)text.ptr[from];
  return n;
}

#endif
