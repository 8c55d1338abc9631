/* modules/lm/lm_view.h - a model on the rows of a view: fitting on a field, its figures, and the row operator. */
#ifndef TAMIS_LM_VIEW_H
#define TAMIS_LM_VIEW_H

#include "core/pool.h"
#include "corpus/rowop.h"
#include "lm/lm.h"
#include "lm/lm_fit.h"

/* Some of the texts, by a hash of the text itself, so that copies of one never stand on both sides. */
typedef struct LmPart {
  unsigned every;         /* one text in so many is held out; 0: none is, and all texts are in */
  int held_out;           /* in are those held out; 0: the others */
  uint64_t seed;
} LmPart;

typedef struct LmSpec {
  Field field;
  int order;
  size_t most;            /* n-grams held while counting */
  size_t max_ngrams;      /* in the model */
  uint64_t least;         /* a code point that stands so often is a symbol */
  LmPart part;
} LmSpec;

typedef struct LmFitted { uint64_t texts, chars; } LmFitted;   /* chars: code points */

/* A table of the standing rows' texts, in their order, on the caller's thread. NULL with err worded; err->text "" when
** interrupted. */
LmTable *lm_fit_view(const View *v, const LmSpec *spec, LmFitted *fitted, Error *err);

/* The perplexity of each standing row's text into out[nrows]; NaN: no such text, one that is not in the part, or of
** fewer characters. 0; -1 with err worded; POOL_INTERRUPTED. */
int lm_measure(const View *v, const Lm *m, Field field, size_t min_chars, LmPart part, Pool *pool, double *out,
               Error *err);
/* Puts the numbers of v[n] that are not NaN first, sorted; how many. */
size_t lm_sorted(double *v, size_t n);
/* The nearest-rank percentile: the least of sorted[n] that at least `share` of all do not exceed. n > 0. */
double lm_percentile(const double *sorted, size_t n, double share);

typedef struct LmRule {
  Lm *model;              /* a reference is taken */
  Field field;
  size_t min_chars;       /* a text of fewer characters is not judged */
  size_t window;          /* characters of the part that evidence shows */
  double max, min;        /* perplexity; HUGE_VAL and -HUGE_VAL: no bound */
  double past, share;     /* the perplexity of a percentile, the same way, and which percentile */
  const char *high, *low, *past_reason;   /* reasons */
  const char *perplexity, *bits;          /* metrics */
} LmRule;

/* Evidence: value and threshold are perplexities; the span is the part that costs most (`low`: least); `past` has
** "percentile" too. Names are copied. NULL with err worded. */
RowOp *lm_op(const LmRule *rule, Error *err);

#endif
