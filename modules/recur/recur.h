/* modules/recur/recur.h - the sentences that recur across texts: in how many texts each stands (document
** frequency), counted exactly, in memory that does not grow with the number of different sentences.
**
**   count    every sentence of every text adds one to a cell of a table of counters, found by its hash: no sentence
**            stands in more texts than its cell says
**   collect  the texts are read again; a sentence whose cell reaches the bound is counted by its 128-bit hash, once
**            a text: at most (sentences / bound) of them, and those that share a cell with others
**   keep     those that really reach it
**
** A sentence counts if it has min_words words. One that is a whole text without a mark at its end (a label, a
** name, a number) is no sentence: answers of a closed set recur by nature.
** The result does not depend on the number of threads, nor on the number of cells. */
#ifndef TAMIS_RECUR_H
#define TAMIS_RECUR_H

#include "core/error.h"
#include "core/pool.h"
#include "recur/sentences.h"

/* Where the texts are read, from many threads, twice each. */
typedef struct RecurTexts RecurTexts;
struct RecurTexts {
  size_t n;
  Span (*text)(const RecurTexts *t, size_t i, int worker);   /* ptr NULL: there is none */
};

typedef struct RecurParams {
  const Abbreviations *abbreviations;
  size_t min_words;
  double max_df;       /* a sentence recurs that more than this share of the texts has, */
  size_t min_rows;     /* and so many at least; 1 counts as 2 */
  size_t cells;        /* for tests: counters, a power of two; 0: by the number of texts */
} RecurParams;

typedef struct RecurSentence {
  uint64_t hi, lo;     /* SentenceKey */
  uint32_t rows;       /* texts that have it */
  uint32_t first;      /* the first of them */
} RecurSentence;

enum { RECUR_NONE = 0xFFFFFFFFu };

typedef struct Recur {
  size_t texts;            /* that there are */
  size_t sentences;        /* in them, of min_words words */
  size_t bound;            /* texts that a sentence must stand in */
  RecurSentence *list;     /* [n] in most texts first, then by first text, then by hash */
  size_t n;
  uint32_t *slot;          /* [mask + 1] RECUR_NONE, or a place in list */
  size_t mask;
} Recur;

/* 0; -1 with err worded; POOL_INTERRUPTED. *out is empty unless 0. */
int recur_find(const RecurTexts *t, const RecurParams *p, Pool *pool, Recur *out, Error *err);
void recur_free(Recur *r);   /* frees and empties */
/* The sentence's place in list; RECUR_NONE: it does not recur. */
uint32_t recur_place(const Recur *r, const SentenceKey *k);

/* What of one string of a text stands in recurring sentences. */
typedef struct RecurHit { size_t begin, end; uint32_t place; } RecurHit;   /* bytes of the string */
typedef struct RecurShare { size_t all, recurring; } RecurShare;           /* bytes of folded sentences */
/* Adds to *share, and fills hit[0..cap); returns how many there are. lone: the string is the whole text.
** room: fold_room(string.len) bytes. */
size_t recur_measure(const Recur *r, const RecurParams *p, Span string, int lone, char *room, RecurShare *share,
                     RecurHit *hit, size_t cap);

#endif
