/* modules/recur/sentences.h - the sentences of a text, in one pass and without a model.
**
** A sentence ends at a line's end, at a mark of a script that needs no blank behind it (。 ！ ？ । ؟ …), or at
** . ! ? and the ellipsis, the marks and closing quotes behind them included, where white space or the end of
** the text follows. Not at a full stop behind an abbreviation that is known, behind an initial ("J. Smith"),
** behind the number of a list at the beginning of a sentence ("1. Open it"), nor at an ellipsis before a lower-case
** letter. Linear in the text; any bytes will do. */
#ifndef TAMIS_SENTENCES_H
#define TAMIS_SENTENCES_H

#include "core/span.h"

enum { ABBREVIATION_BYTES = 16 };   /* longer ones are never found */

/* A set of words, "e.g" without the last stop; ASCII case apart. */
typedef struct Abbreviations { uint64_t *slot; size_t mask; } Abbreviations;
/* 0; -1 if out of memory, with *a empty. An empty one knows none. */
int abbreviations_init(Abbreviations *a, const Span *word, size_t n);
void abbreviations_free(Abbreviations *a);

typedef struct Sentence {
  Span text;     /* without white space at its ends; ptr NULL: there is none left */
  int ended;     /* by a mark, not by a line's or the text's end */
} Sentence;
/* The next sentence at or behind *at; *at moves behind it. a NULL: no abbreviation is known. */
Sentence sentence_next(const Abbreviations *a, Span text, size_t *at);

/* A sentence as it is compared: folded, without punctuation (text/fold.h). */
typedef struct SentenceKey {
  uint64_t hi, lo;   /* XXH3-128 of it */
  size_t bytes;      /* of it */
  size_t words;      /* tokens (text/tokens.h) */
} SentenceKey;
/* room: fold_room(text.len) bytes. */
SentenceKey sentence_key(Span text, char *room);

#endif
