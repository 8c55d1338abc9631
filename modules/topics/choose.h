/* modules/topics/choose.h - how many clusters? Half of a sample is clustered, the other half tells how well.
**
** A point's silhouette, simplified: a and b are 1 - cosine with the nearest and the second nearest centroid; its value
** is (b - a) / max(a, b), from 0 (between two) to 1 (Hruschka and others, "Evolutionary algorithms for clustering
** gene-expression data", 2004). Points that were not fitted to tell when clusters only follow noise. */
#ifndef TAMIS_CHOOSE_H
#define TAMIS_CHOOSE_H

#include "topics/kmeans.h"

typedef struct ChooseSpec {
  const uint32_t *k;     /* [nk] numbers of clusters to try, each 2 or more */
  uint32_t nk;
  uint32_t sample;       /* points, those of lowest key: every other one is fitted to */
  uint64_t seed;
} ChooseSpec;

/* The mean silhouette of the points held out for each k into score[nk]; NaN for one that half the sample is not at
** least twice. 0; -1 with err worded (err->text "" when interrupted). */
int choose_scores(const Vectors *v, const uint32_t *slot, uint32_t n, const uint64_t *key, const ChooseSpec *spec,
                  Pool *pool, double *score, Error *err);

#endif
