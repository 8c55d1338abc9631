/* modules/neardup/grams.h - one text as duplicates are judged by: folded (text/fold.h), its
** fields joined by U+001F, and cut into shingles of n code points or of n words.
**
** A shingle is known by a 64-bit token:
**   code points, all ASCII, n <= 8   its bytes, the first one lowest: exact, and read straight
**                                    from the buffer
**   any other                        a hash with the top bit set; who compares two of them
**                                    compares the code points or words as well (gram_same), so
**                                    nothing rests on the hash
** so an ASCII row and a row with one accent share the tokens of all shingles that they share.
** A word is a token of text/tokens.h: what stands between white space (U+001F is some), or one
** character of a script written without spaces.
** A text shorter than n is one shingle, the whole text, and is compared as text. */
#ifndef TAMIS_GRAMS_H
#define TAMIS_GRAMS_H

#include "core/simd.h"
#include "core/span.h"

enum { GRAMS_MAX_SHINGLE = 16, GRAMS_MAX_WORDS = 8, GRAMS_NARROW_SHINGLE = 8, GRAMS_PAD = 64 };

typedef enum GramUnit { GRAM_CHARS, GRAM_WORDS } GramUnit;
typedef enum GramKind { GRAMS_NARROW, GRAMS_WIDE, GRAMS_WHOLE } GramKind;

typedef struct Grams {
  char *text;          /* [len] folded; GRAMS_PAD readable bytes behind */
  size_t len, cap;
  int flags;           /* of fold_text */
  int ascii;
  int joined;          /* a field was added */
  unsigned shingle;    /* n */
  GramUnit unit;       /* of the shingle: code points, unless set behind grams_begin */
  GramKind kind;
  size_t n;            /* shingles, repeated ones counted; at least 1 */
  uint64_t *token;     /* GRAMS_WIDE: [n] */
  uint32_t *cp;        /* GRAMS_WIDE of code points: [units] */
  size_t wide_cap;
  size_t units;        /* GRAMS_WIDE: code points or words of the text */
  uint32_t *start, *end;   /* GRAM_WORDS: [units] bytes of each word in text */
  size_t word_cap;
  const struct Mask *mask; /* shingles that do not count (mask.h); NULL: all do. Set behind grams_begin */
  int masked;              /* some shingles were left out: */
  uint32_t *place;         /* [n] where each of the others stands among all */
  size_t place_cap;
} Grams;

/* A zeroed Grams is empty. Starts a new text; keeps the memory. */
void grams_begin(Grams *g, unsigned shingle, int flags);
/* Folds a field and puts it behind what is there, U+001F between. 0, or -1 if out of memory. */
int grams_field(Grams *g, Span raw);
/* Cuts the text into shingles. 0, or -1 if out of memory. */
int grams_end(Grams *g);
/* The three in one, for one field. */
int grams_of(Grams *g, Span raw, unsigned shingle, int flags);
/* For grams_end: cuts a text of words; leaves out what the mask says; makes room for n tokens and
** code points. 0, or -1 if out of memory. */
int grams_cut_words(Grams *g);
int grams_mask(const struct Mask *m, Grams *g);
int grams_reserve(Grams *g, size_t n);
size_t grams_length(const Grams *g);   /* code points of a text that was cut */
void grams_free(Grams *g);

/* What the sketch hashes a token to. */
static inline uint32_t gram_hash(uint64_t token) {
  uint32_t h = (uint32_t)token * 0x9E3779B1u ^ (uint32_t)(token >> 32) * 0x85EBCA77u;
  h ^= h >> 16;
  h *= 0x7FEB352Du;
  h ^= h >> 15;
  h *= 0x846CA68Bu;
  return h ^ h >> 16;
}

/* Token i of a narrow text. */
static inline uint64_t gram_narrow(const Grams *g, size_t i) {
  uint64_t t;
  memcpy(&t, g->text + i, sizeof t);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  t = __builtin_bswap64(t);
#endif
  return t & (~UINT64_C(0) >> (64 - 8 * g->shingle));
}

/* Shingles that more than a share of all texts have are left out where asked (mask.h). */
typedef struct MaskParams {
  double share;      /* 0: none is */
  size_t fewest;     /* nor one that fewer texts have */
  size_t rest;       /* code points or words of its own that a text must have to be masked */
  size_t room;       /* for tests: shingles that a thread may count at once; 0: half a million */
} MaskParams;

/* Are shingle i of a and shingle k of b, of texts cut alike and of equal tokens, the same? */
int gram_same(const Grams *a, size_t i, const Grams *b, size_t k);

uint64_t gram_whole(const Grams *g);   /* the token of a text that is one shingle */

/* Token i of any text. */
static inline uint64_t gram_token(const Grams *g, size_t i) {
  return g->kind == GRAMS_NARROW ? gram_narrow(g, i) : g->kind == GRAMS_WIDE ? g->token[i] : gram_whole(g);
}

/* Hashes of tokens [from, from + count) into out[0..count + 8): same values by every path. */
void grams_hash(SimdPath path, const Grams *g, size_t from, size_t count, uint32_t *out);

#endif
