/* modules/coverage/ngrams.h - how much of what a set of rows says is said once? Runs of n words (tokens.h, folded
** without punctuation), inside one text, over all texts. */
#ifndef TAMIS_COVERAGE_NGRAMS_H
#define TAMIS_COVERAGE_NGRAMS_H

#include "corpus/view.h"

typedef struct Ngrams {
  uint64_t all;          /* runs of n words; a text of fewer words has none */
  double distinct;       /* how many different ones: exact up to NGRAMS_EXACT runs; beyond, of a part of all runs that is
                         ** chosen by their hash, times the parts: without bias (Gibbons, "Distinct sampling", 2001) */
  int exact;
} Ngrams;
#define NGRAMS_EXACT ((uint64_t)1 << 22)

enum { NGRAMS_MAX = 16 };

/* Of rows[0..n), as the view has them. Same result for any number of threads.
** 0; -1 with err worded; POOL_INTERRUPTED. */
int ngrams_count(const View *view, Field field, unsigned words, const uint32_t *rows, uint32_t n, Pool *pool,
                 Ngrams *out, Error *err);

#endif
