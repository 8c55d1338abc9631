/* modules/lm/lm_fit.h - a model from texts: letters, counts, probabilities, and the table that scores (lm.h).
**
** One thread, in the order of the texts: the same texts give the same bytes. Only n-grams of the full order are counted;
** a shorter one stands as often as those that end with it. Memory is bounded: when more than `most` different ones are
** held, those seen least leave ("lossy counting": Manku, Motwani, "Approximate frequency counts over data streams",
** 2002) and how many characters went uncounted is told. */
#ifndef TAMIS_LM_FIT_H
#define TAMIS_LM_FIT_H

#include "lm/lm.h"

/* ---- which code points are symbols ---- */

typedef struct LmLetters LmLetters;
LmLetters *lm_letters_new(void);                  /* NULL if out of memory */
void lm_letters_add(LmLetters *l, Span text);
/* The LM_MAX_LETTERS most frequent code points past ASCII, of equals the lowest, that stand `least` times or more. */
void lm_letters_pick(const LmLetters *l, uint64_t least, LmAlphabet *out);
void lm_letters_free(LmLetters *l);               /* NULL is left alone */

/* ---- counts ---- */

typedef struct LmCounts LmCounts;
/* order: LM_MIN_ORDER to LM_MAX_ORDER. most: different n-grams held at once, 16 to 2^31; 32 bytes each at the peak. */
LmCounts *lm_counts_new(const LmAlphabet *a, int order, size_t most);
int lm_counts_add(LmCounts *c, Span text);        /* 0, or -1 if out of memory */
void lm_counts_free(LmCounts *c);                 /* NULL is left alone */

/* ---- probabilities ---- */

/* The n-grams of one length, by key (lm_inside.h). */
typedef struct LmLevel {
  size_t n;
  uint64_t *key, *count;
  double *p, *back;         /* p(newest | others), and the weight of the order below behind it as a context */
} LmLevel;

typedef struct LmTable {
  int order;
  LmAlphabet alphabet;
  LmLevel level[LM_MAX_ORDER + 1];   /* [order]: of that length; [1] has all symbols, LM_START the last */
  uint64_t symbols;         /* counted */
  uint64_t dropped;         /* seen, but left while counting */
  uint64_t cut;             /* n-grams seen less often were pruned */
  size_t pruned;            /* how many */
} LmTable;

/* Keeps the n-grams seen most, at most max_ngrams of two symbols and more (all that are seen equally often stay or
** go). NULL with err worded: out of memory, or no text. */
LmTable *lm_table(const LmCounts *c, size_t max_ngrams, Error *err);
/* p(symbol | context), context[n] oldest first. */
double lm_table_p(const LmTable *t, const uint16_t *context, size_t n, unsigned symbol);
/* The model of the table, with a copy of the note. NULL if out of memory. */
Lm *lm_pack(const LmTable *t, Span note);
void lm_table_free(LmTable *t);                   /* NULL is left alone */

#endif
