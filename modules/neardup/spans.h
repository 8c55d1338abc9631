/* modules/neardup/spans.h - exact spans of N tokens that recur across texts, all of them.
**
** A window is N consecutive tokens (words.h) of one string. It is covered when a text visited
** before has the same window; a text's covered windows, joined where they overlap, are its
** repeated spans. Nothing rests on a hash: tokens are compared by their bytes.
**
**   anchors   each window names the least of its k-gram hashes, k = N / 2, the last of equals: two
**             equal windows name the same one (winnowing; Schleimer, Wilkerson, Aiken, 2003). One
**             anchor in N / 4 tokens; those of all texts are sorted by radix  -> which ones recur
**   windows   only those whose anchor recurs are hashed and sorted             -> the first equal one
**   verify    each against that first one, token by token, text by text in parallel
**   visit     texts in order, on numbers alone: covered by a kept text?        -> spans, shares
**
** The two sorted arrays are made by spill.h. The result is the same for any number of threads. */
#ifndef TAMIS_SPANS_H
#define TAMIS_SPANS_H

#include "neardup/words.h"

enum { SPANS_TOP = 5 };

typedef struct SpanParams {
  unsigned tokens;          /* N, at least 2 */
  double max_share;         /* a text of which more is covered is rejected, and covers no other;
                            ** 1 or above: none is */
  const uint8_t *first;     /* [n] texts visited before all others, and never rejected; NULL: none */
  uint64_t hash_mask;       /* for tests: which bits of hashes count; 0: all */
} SpanParams;

typedef struct RepeatedSpan {
  uint32_t from, to;              /* tokens of the text, end exclusive; within one string */
  uint32_t twin, twin_from;       /* the first N of them stand in that text, from that token on */
} RepeatedSpan;

/* A run of tokens with all its windows in the same number of texts. */
typedef struct TopSpan { uint32_t text, from, to, texts; } TopSpan;

typedef struct Spans {
  size_t n;
  double *share;            /* [n] of a text's tokens that are covered */
  uint8_t *rejected;        /* [n] */
  uint32_t *first;          /* [n] the text's first span; */
  uint32_t *count;          /* [n] how many it has */
  RepeatedSpan *span;       /* [nspans] those of one text in order, side by side */
  size_t nspans, span_cap;
  TopSpan top[SPANS_TOP];   /* in most texts first, then the longest, then the first visited */
  size_t ntop;
  size_t anchors, windows;  /* how many were sorted */
} Spans;

/* Texts are read by words_read. 0; -1 with err worded; POOL_INTERRUPTED. *out is empty unless 0. */
int spans_find(const TextSource *src, const SpanParams *p, Pool *pool, Spans *out, Error *err);
void spans_free(Spans *s);   /* frees and empties */

#endif
