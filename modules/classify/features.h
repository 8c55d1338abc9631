/* modules/classify/features.h - what a linear classifier sees of a text: hashed n-grams of words, and of the
** characters inside a word.
**
** A word is a run of letters, digits and underscores, folded (fold.h), at most FEATURES_WORD characters; a longer
** run is several. Ways to hide a word are undone first: an apostrophe inside it falls away, a letter three times or
** more in a row stands once, digits and signs among letters are read as the letters they look like ("1d10t",
** "$tupid"), `*` inside a word stays part of it, single letters with one blank or sign between them are one word.
** Digits of a number are all 0.
**   <word>      character n-grams, the blanks at its ends included: " wo", "wor", …, "rd "
**               the word, and the word with the one before it in the same sentence
** Each is hashed to one of 2^bits buckets; which, depends on nothing else. Everything here reads any bytes and is
** linear in them. */
#ifndef TAMIS_FEATURES_H
#define TAMIS_FEATURES_H

#include "core/span.h"

enum { FEATURES_WORD = 40, FEATURES_MAX_BITS = 22, FEATURES_MIN_BITS = 8, FEATURES_MAX_CHARS = 6 };
enum { FEATURES_A_WORD = (FEATURES_WORD + 2) * FEATURES_MAX_CHARS + 2 };   /* buckets of a word at most */

typedef struct FeatureShape {
  uint8_t bits;                  /* 2^bits buckets */
  uint8_t char_min, char_max;    /* lengths of character n-grams; char_max 0: none */
  uint8_t words;                 /* 1: words; 2: and pairs of neighbours */
} FeatureShape;

typedef struct WordWalk {
  Span text;
  size_t at;                     /* where to go on */
  size_t start, end;             /* bytes of the word */
  int opens;                     /* a sentence ended, or a line, between the word before and this one */
  uint64_t before;               /* hash of the word before it in this sentence; 0: none */
  size_t n;                      /* characters of it: cp[1..n], between blanks */
  uint32_t cp[FEATURES_WORD + 2];
} WordWalk;

void words_begin(WordWalk *w, Span text);
int words_step(WordWalk *w);     /* 1: the next word is in w; 0: there is none */
/* The buckets of w's word; how many. Call it for every word, since it notes the word for the next one. */
size_t features_of(WordWalk *w, const FeatureShape *shape, uint32_t bucket[FEATURES_A_WORD]);

#endif
