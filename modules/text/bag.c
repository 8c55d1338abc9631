/* modules/text/bag.c - see bag.h
**
** ASCII is cut 64 bytes at a time: a bit for every byte of a word; a word begins and ends where a bit differs from
** the one before it. All else goes by characters. */
#include "text/bag.h"

#include <stdlib.h>

#include "text/chars.h"
#include "text/fold.h"

enum { BLOCK = 64, PAD = 64 };

__extension__ typedef unsigned __int128 Wide;

/* Both halves of a product of 128 bits, as wyhash (Wang Yi) mixes. */
static inline uint64_t mix(uint64_t h) {
  Wide w = (Wide)(h ^ UINT64_C(0xA0761D6478BD642F)) * (h ^ UINT64_C(0xE7037ED1A0B428DB) ^ h >> 32);
  return (uint64_t)(w >> 64) ^ (uint64_t)w;
}

static inline uint64_t feature(uint64_t h, unsigned kind) { return (mix(h) & ~(uint64_t)BAG_KIND) | kind; }

static inline uint64_t load8(const char *p) {
  uint64_t x;
  memcpy(&x, p, sizeof x);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  x = __builtin_bswap64(x);
#endif
  return x;
}

/* Seven bytes behind the word may be read. */
static inline uint64_t hash_word(const char *p, size_t len) {
  uint64_t h = len * UINT64_C(0x9E3779B97F4A7C15);
  for (; len > 8; p += 8, len -= 8) {
    h = (h ^ load8(p)) * UINT64_C(0xC2B2AE3D27D4EB4F);
    h ^= h >> 29;
  }
  return h ^ (load8(p) & ~UINT64_C(0) >> (64 - 8 * len));
}

static inline uint64_t hash_pair(uint64_t a, uint64_t b) {
  return (a >> 2) * UINT64_C(0x9E3779B97F4A7C15) + (b >> 2);
}

typedef struct Cut {
  Bag *bag;
  int words, bigrams;
  uint64_t before;     /* the word before; 0: none */
} Cut;

/* Room for more features. 0, or -1. */
static int reserve(Bag *b, size_t more) {
  if (b->cap - b->n >= more) return 0;
  size_t cap = b->cap * 2 > b->n + more ? b->cap * 2 : b->n + more;
  uint64_t *hash = realloc(b->hash, cap * sizeof *hash);
  if (hash == NULL) return -1;
  b->hash = hash;
  b->cap = cap;
  return 0;
}

static inline void add_word(Cut *c, const char *p, size_t len) {
  Bag *b = c->bag;
  uint64_t word = feature(hash_word(p, len), BAG_WORD);
  b->words++;
  if (c->words) b->hash[b->n++] = word;
  if (c->bigrams && c->before != 0) b->hash[b->n++] = feature(hash_pair(c->before, word), BAG_BIGRAM);
  c->before = word;
}

/* ---- by characters ---- */

/* Where the word that begins at s[i] ends: behind one character of a script without spaces and its marks, else
** before the first character that belongs to no word. */
static size_t word_end(const char *s, size_t len, size_t i) {
  size_t next;
  CharKind first = chars_kind(chars_decode(s, len, i, &next));
  int alone = first == CHAR_UNSPACED || first == CHAR_MARK;
  for (i = next; i < len; i = next) {
    uint32_t c = chars_decode(s, len, i, &next);
    if (c < 0x80) {
      if (alone || !chars_in_word(c)) return i;
      continue;
    }
    CharKind kind = chars_kind(c);
    if (alone ? kind != CHAR_MARK : kind != CHAR_WORD || !chars_in_word(c)) return i;
  }
  return len;
}

static int begins_word(uint32_t c) {
  if (c < 0x80) return chars_in_word(c);
  CharKind kind = chars_kind(c);
  return kind == CHAR_UNSPACED || kind == CHAR_MARK || (kind == CHAR_WORD && chars_in_word(c));
}

static int cut_portable(Cut *c, const char *s, size_t len) {
  for (size_t i = 0, next; i < len; i = next) {
    if (!begins_word(chars_decode(s, len, i, &next))) continue;
    next = word_end(s, len, i);
    if (reserve(c->bag, 2) != 0) return -1;
    add_word(c, s + i, next - i);
  }
  return 0;
}

/* ---- by blocks ---- */

#ifdef __SSE2__
#include <emmintrin.h>

/* Folded ASCII: a bit for every letter, digit and underscore of 64 bytes. */
static inline uint64_t block_words(const char *p) {
  uint64_t words = 0;
#pragma GCC unroll 4
  for (int k = 0; k < 4; k++) {
    __m128i v = _mm_loadu_si128((const __m128i *)(p + 16 * k));
    __m128i letter = _mm_sub_epi8(v, _mm_set1_epi8('a')), digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
    __m128i is = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
                              _mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
    is = _mm_or_si128(is, _mm_cmpeq_epi8(v, _mm_set1_epi8('_')));
    words |= (uint64_t)(unsigned)_mm_movemask_epi8(is) << (16 * k);
  }
  return words;
}

/* s has PAD readable bytes behind it. */
static int cut_blocks(Cut *c, const char *s, size_t len) {
  size_t start = 0;
  uint64_t inside = 0;
  for (size_t at = 0; at < len; at += BLOCK) {
    uint64_t words = block_words(s + at);
    if (len - at < BLOCK) words &= (UINT64_C(1) << (len - at)) - 1;
    uint64_t edges = words ^ (words << 1 | inside);
    if (reserve(c->bag, BLOCK + 2) != 0) return -1;
    if (inside && edges != 0) {
      add_word(c, s + start, at + (size_t)__builtin_ctzll(edges) - start);
      edges &= edges - 1;
    }
    while (edges != 0) {
      start = at + (size_t)__builtin_ctzll(edges);
      edges &= edges - 1;
      if (edges == 0) break;
      add_word(c, s + start, at + (size_t)__builtin_ctzll(edges) - start);
      edges &= edges - 1;
    }
    inside = words >> 63;
  }
  if (inside) {
    if (reserve(c->bag, 2) != 0) return -1;
    add_word(c, s + start, len - start);
  }
  return 0;
}
#endif

/* ---- characters ---- */

/* The last five code points of the folded text make the runs that end with the newest. */
static int cut_chars(Bag *b, const char *s, size_t len) {
  uint64_t cp[BAG_MAX_CHARS] = { 0 };
  size_t seen = 0;
  for (size_t i = 0, next; i < len; i = next) {
    memmove(cp, cp + 1, (BAG_MAX_CHARS - 1) * sizeof *cp);
    cp[BAG_MAX_CHARS - 1] = chars_decode(s, len, i, &next);
    seen++;
    if (reserve(b, BAG_MAX_CHARS - BAG_MIN_CHARS + 1) != 0) return -1;
    uint64_t h = cp[4] | cp[3] << 21 | cp[2] << 42;
    if (seen >= 3) b->hash[b->n++] = feature(h + 3, BAG_CHAR);
    for (unsigned k = 4; k <= BAG_MAX_CHARS && seen >= k; k++) {
      h = (h ^ h >> 29) * UINT64_C(0xC2B2AE3D27D4EB4F) + cp[BAG_MAX_CHARS - k];
      b->hash[b->n++] = feature(h + k, BAG_CHAR);
    }
  }
  return 0;
}

/* ---- the bag ---- */

int bag_read_path(SimdPath path, Bag *b, Span text, unsigned kinds) {
  b->n = b->words = 0;
  size_t room = fold_room(text.len) + PAD;
  if (room > b->text_cap) {
    free(b->text);
    b->text_cap = 0;
    b->text = malloc(room * 2);
    if (b->text == NULL) return -1;
    b->text_cap = room * 2;
  }
  int ascii = 1;
  size_t len = text.len == 0 ? 0 : fold_text_path(path, b->text, text, 0, &ascii);
  memset(b->text + len, 0, PAD);
  Cut c = { b, (kinds & BAG_WORDS) != 0, (kinds & BAG_BIGRAMS) != 0, 0 };
  int failed = 0;
  if (c.words || c.bigrams) {
#ifdef __SSE2__
    failed = ascii && path != SIMD_PORTABLE ? cut_blocks(&c, b->text, len) : cut_portable(&c, b->text, len);
#else
    failed = cut_portable(&c, b->text, len);
#endif
  }
  return failed || !(kinds & BAG_CHARS) ? failed : cut_chars(b, b->text, len);
}

int bag_read(Bag *b, Span text, unsigned kinds) { return bag_read_path(simd_best(), b, text, kinds); }

/* Room to count n features. */
static int reserve_counts(Bag *b, size_t n, size_t slots) {
  if (b->count_cap < n) {
    free(b->count);
    b->count_cap = 0;
    b->count = malloc(n * 2 * sizeof *b->count);
    if (b->count == NULL) return -1;
    b->count_cap = n * 2;
  }
  if (b->slot_cap < slots) {
    free(b->slot);
    b->slot_cap = 0;
    b->slot = malloc(slots * sizeof *b->slot);
    if (b->slot == NULL) return -1;
    b->slot_cap = slots;
  }
  return 0;
}

int bag_count(Bag *b) {
  if (b->n > UINT32_MAX / 4) return -1;
  size_t slots = 64;
  while (slots < 4 * b->n) slots *= 2;
  if (reserve_counts(b, b->n + 1, slots) != 0) return -1;
  memset(b->slot, 0, slots * sizeof *b->slot);
  memset(b->count, 0, b->n * sizeof *b->count);
  uint32_t distinct = 0;
  uint64_t *hash = b->hash;
  for (size_t i = 0; i < b->n; i++) {   /* without a branch on whether a feature is new, which nobody can foresee */
    uint64_t h = hash[i];
    size_t at = (size_t)(h >> 20) & (slots - 1);
    while (b->slot[at] != 0 && hash[b->slot[at] - 1] != h) at = (at + 1) & (slots - 1);
    uint32_t is_new = b->slot[at] == 0, place = is_new ? distinct : b->slot[at] - 1;
    hash[place] = h;
    b->count[place]++;
    b->slot[at] = place + 1;
    distinct += is_new;
  }
  b->n = distinct;
  return 0;
}

void bag_free(Bag *b) {
  free(b->hash);
  free(b->count);
  free(b->text);
  free(b->slot);
  *b = (Bag){ 0 };
}
