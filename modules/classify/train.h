/* modules/classify/train.h - fits a classifier (classify.h) to labelled texts.
**
** L2-regularised logistic regression by dual coordinate descent: one multiplier a text, visited in an order drawn from
** the seed, each brought to the optimum of its one-dimensional problem. Yu, Huang, Lin, "Dual coordinate descent
** methods for logistic regression and maximum entropy models", 2011. One thread, doubles, no clock: the same texts and
** seed give the same weights. A bucket is scaled before the fit by how much it tells of the label alone, the log
** ratio of its share among either side (Wang, Manning, "Baselines and bigrams", 2012), since with few texts the
** regulariser must be told which features are noise. Its memory is that of the buckets and one number a text: the
** features are made anew in each pass. */
#ifndef TAMIS_TRAIN_H
#define TAMIS_TRAIN_H

#include "classify/classify.h"

typedef struct TrainText {
  Span text;
  uint8_t positive;
  uint8_t out;            /* held out: not used by train_fit */
  float weight;           /* how much it counts; above 0 */
} TrainText;

typedef struct TrainParams {
  ClassifyReading read;
  double c;               /* how much a text's error costs against large weights */
  double smooth;          /* added to each bucket's counts before the log ratio; 0: no scaling */
  unsigned passes;
  uint64_t seed;
} TrainParams;

/* A classifier fitted to the texts that are not held out, slope 1 and offset 0. NULL with err worded: out of memory,
** interrupted, or texts of one label only. */
Classify *train_fit(const TrainText *text, size_t n, const TrainParams *p, Span header, Error *err);

/* One step of the descent: the multiplier z in (0, c) where q (z - a) + g + log(z / (c - z)) = 0, by Newton in
** u = log(z / (c - z)), in which the left side rises by 1 or more, kept inside its bracket. q: the squared length of
** the text's features; a: its multiplier now; g: its margin; c: its cost. */
double train_multiplier(double q, double a, double g, double c);

/* Sets slope and offset to the logistic curve of most likelihood over values that the classifier (or others fitted
** like it) gave to texts that it had not seen; values of -HUGE_VAL do not count. Platt's targets. 0, or -1 with err
** worded: values of one label only. */
int train_calibrate(Classify *c, const double *value, const uint8_t *positive, const double *weight, size_t n,
                    Error *err);

/* group[i] = the lowest text that i is connected with by texts whose sets of words (folded, as features.h sees them)
** have a Jaccard of `least` or more; so that rows of one template stand on one side of a split. 0, or -1 with err
** worded. Texts without a word are groups of their own. */
int train_groups(const Span *text, size_t n, double least, uint32_t *group, Error *err);

#endif
