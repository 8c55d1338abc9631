/* modules/text/bag.h - a text as a bag of hashed features: its words, its pairs of neighbouring words, its runs
** of 3 to 5 characters. What lexical vectors (embed/lexical.h) and importance weights (select/importance.h) see.
**
**   "Reset my  password."   ->   reset  my  reset_my  password  my_password
**
** The text is folded as duplicates are judged (fold.h). A word is a run of letters, digits and underscores; past
** ASCII, of all but punctuation and white space (chars.h); one character, with its marks, of a script written
** without spaces is a word of its own. Punctuation ends a word and is none. Characters are those of the folded
** text, single blanks and punctuation included; a text of fewer than three has none.
** A feature is known by 64 bits: two bits say its kind, the rest hash its bytes and nothing else, the same on
** every machine. Any bytes are read. */
#ifndef TAMIS_BAG_H
#define TAMIS_BAG_H

#include "core/simd.h"
#include "core/span.h"

enum { BAG_WORDS = 1, BAG_BIGRAMS = 2, BAG_CHARS = 4 };            /* what to look for */
enum { BAG_KIND = 3, BAG_WORD = 0, BAG_BIGRAM = 1, BAG_CHAR = 2 };   /* feature & BAG_KIND */
enum { BAG_MIN_CHARS = 3, BAG_MAX_CHARS = 5 };

typedef struct Bag {
  size_t n;
  uint64_t *hash;      /* [n] */
  uint32_t *count;     /* [n] behind bag_count */
  size_t words;        /* words of the text, repeats counted */
  /* room, kept from text to text */
  size_t cap, count_cap, text_cap, slot_cap;
  char *text;
  uint32_t *slot;
} Bag;

/* A zeroed Bag is empty. Reads a text: hash[0..n) are its features, each as often as it stands there: words, each
** with the pair it ends behind it, then characters. Linear in the text. 0, or -1 if out of memory. */
int bag_read(Bag *b, Span text, unsigned kinds);
/* The same by one path; the result is the same for each. */
int bag_read_path(SimdPath path, Bag *b, Span text, unsigned kinds);
/* Makes hash[0..n) distinct, in the order of their first place, with how often each stood there in count.
** 0, or -1 if out of memory (or of 2^32 features). */
int bag_count(Bag *b);
void bag_free(Bag *b);   /* frees and empties */

/* One of n buckets (n >= 1), of the upper half of the hash; a place below n and a sign, of the lower half. */
static inline uint32_t bag_bucket(uint64_t feature, uint32_t n) { return (uint32_t)((feature >> 32) * n >> 32); }
static inline uint32_t bag_place(uint64_t feature, uint32_t n) {
  return (uint32_t)((feature >> 3 & 0x1FFFFFFF) * n >> 29);
}
static inline uint32_t bag_sign(uint64_t feature) { return (uint32_t)(feature >> 2 & 1); }   /* 1: minus */

#endif
