/* modules/select/importance.h - which rows look like those of a target? Importance resampling with hashed n-grams
** (DSIR: Xie, Santurkar, Ma, Liang, "Data selection for language models via importance resampling", 2023).
**
** A text is its words and pairs of words (text/bag.h), counted in so many buckets. The target and the rows at hand
** have a share of their features in each bucket; the weight of a row is the logarithm of how much likelier the
** target makes it: the sum of log(p_target / p_raw) over its features, repeats counted. k rows are drawn without
** replacement in proportion to the weights: the k of the highest weight + Gumbel noise (Vieira, "Gumbel-max trick
** and weighted reservoir sampling", 2014), the noise a hash of the seed and the row's identity. So the same rows for
** any order of reading or number of threads; trusted rows go before all others, ties by order. */
#ifndef TAMIS_IMPORTANCE_H
#define TAMIS_IMPORTANCE_H

#include "corpus/view.h"
#include "text/bag.h"

enum { IMPORTANCE_MAX_BUCKETS = 1 << 24 };

typedef struct ImportanceShape {
  unsigned fields;       /* a set of 1 << Field: their texts, joined by line feeds */
  unsigned features;     /* BAG_WORDS | BAG_BIGRAMS | BAG_CHARS */
  uint32_t buckets;      /* 1 .. IMPORTANCE_MAX_BUCKETS; the paper has 10,000 */
} ImportanceShape;

/* What a set of texts is made of. */
typedef struct ImportanceCounts {
  ImportanceShape shape;
  uint64_t texts;        /* rows looked at; `empty` of them have no feature */
  uint64_t empty;
  uint64_t features;     /* the sum of count */
  uint64_t *count;       /* [buckets]; NULL when empty */
} ImportanceCounts;

/* Counts rows[0..n) of a view, as its texts now are; rows NULL: its standing rows. 0; -1 with err worded (err->text ""
** when interrupted) and *c empty. */
int importance_count(ImportanceCounts *c, const View *v, const uint32_t *rows, size_t n, ImportanceShape shape,
                     Pool *pool, Error *err);
/* Adds one text. 0; -1 if out of memory. */
int importance_add(ImportanceCounts *c, Bag *room, Span text);
int importance_counts_new(ImportanceCounts *c, ImportanceShape shape);   /* all zero. 0; -1 if out of memory */
void importance_counts_free(ImportanceCounts *c);

/* log(p_target / p_raw) of each bucket into ratio[buckets], p = (count + smoothing) / (features + smoothing *
** buckets). Of one shape; smoothing > 0. */
void importance_ratio(const ImportanceCounts *target, const ImportanceCounts *raw, double smoothing, double *ratio);
/* The Kullback-Leibler divergence of target from other, in nats: sum of p_target * log(p_target / p_other). How far
** a set is from its target; 0 where they are the same. Of one shape; smoothing > 0. */
double importance_kl(const ImportanceCounts *target, const ImportanceCounts *other, double smoothing);

/* A weight a row. */
typedef struct ImportanceWeights {
  View *view;            /* a reference; NULL when empty */
  size_t n;
  uint32_t *row;         /* [n] ascending */
  double *weight;        /* [n] natural logarithm; -INFINITY for a row without a feature: it goes last */
  uint32_t *features;    /* [n] */
} ImportanceWeights;

/* Weighs rows as importance_count reads them, by the ratios of buckets. mean: the weight a feature, so that long
** rows do not have the most extreme ones (the paper takes the sum). 0; -1 with err worded and *w empty. */
int importance_weigh(ImportanceWeights *w, View *v, const uint32_t *rows, size_t n, ImportanceShape shape,
                     const double *ratio, int mean, Pool *pool, Error *err);
void importance_weights_free(ImportanceWeights *w);

/* Keeps k of the rows and rejects the others. Keys are sharpness * weight + noise: 1 draws in proportion to the
** weights, 0 draws at random, INFINITY takes the highest. Evidence: the row's rank and k. NULL if out of memory.
** Field and reason are kept by the caller as long as the list lives. */
VerdictList *importance_choose(const ImportanceWeights *w, size_t k, double sharpness, uint64_t seed, const char *field,
                               const char *reason);
/* The ranking itself: rank[i], from 1, is that of w->row[i]. 0; -1 if out of memory. */
int importance_rank(const ImportanceWeights *w, double sharpness, uint64_t seed, uint32_t *rank);

/* The standard Gumbel noise of a place (select_place). */
double importance_noise(uint64_t place);

#endif
