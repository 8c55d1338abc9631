/* modules/text/repetition.h - how much of a text repeats itself?
** The share of word bigrams that are repeats: 1 - distinct / all, over the words between blanks
** of a folded text (fold.h: lower-cased, one blank between words). A text of w words has w - 1
** bigrams. Bigrams are told apart by 64 bits of hash. */
#ifndef TAMIS_REPETITION_H
#define TAMIS_REPETITION_H

#include "core/span.h"

typedef struct Bigrams {
  size_t words;      /* in the text */
  size_t all;        /* bigrams: words - 1, or 0 */
  size_t distinct;   /* different ones among them */
} Bigrams;

/* Bytes of room that repetition_bigrams needs, 8-byte aligned, for a text of that many words. */
size_t repetition_room(size_t words);
/* Words of a folded text: its blanks and one. */
size_t repetition_words(Span folded);
/* Counts; room holds repetition_room(repetition_words(folded)) bytes. REPETITION_PAD bytes behind
** the text must be readable (a buffer of fold_room has them). */
enum { REPETITION_PAD = 16 };
Bigrams repetition_bigrams(Span folded, void *room);
static inline double repetition_ratio(Bigrams b) {
  return b.all == 0 ? 0.0 : (double)(b.all - b.distinct) / (double)b.all;
}

#endif
