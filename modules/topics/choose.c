/* modules/topics/choose.c - see choose.h */
#include "topics/choose.h"

#include <math.h>
#include <stdlib.h>

#include "topics/seeds.h"

enum { GRAIN = 64 };

typedef struct Judge {
  const Centroids *c;
  const Vectors *v;
  const uint32_t *slot;
  double *out;
  float *room;           /* [threads][dim] */
} Judge;

static int judge(void *ctx, size_t begin, size_t end, int worker) {
  Judge *j = ctx;
  float *room = j->room + (size_t)worker * j->v->dim;
  for (size_t i = begin; i < end; i++) {
    double first = -2, second = -2;
    for (uint32_t c = 0; c < j->c->k; c++) {
      double cosine = centroids_cosine(j->c, c, j->v, j->slot[i], room);
      if (cosine > first) second = first, first = cosine;
      else if (cosine > second) second = cosine;
    }
    double a = 1 - first, b = 1 - second;
    j->out[i] = j->c->k < 2 || !(b > 0) ? 0 : (b - a) / b;   /* a <= b */
  }
  return 0;
}

/* Fits to the first half, judges the second. 0; -1 with err worded. */
static int score_of(const Vectors *v, const uint32_t *fitted, uint32_t n, const uint64_t *key, const uint32_t *held,
                    uint32_t m, KmeansSpec spec, Pool *pool, double *score, Error *err) {
  Kmeans k;
  if (kmeans_fit(v, fitted, n, key, &spec, pool, &k, err) != 0) return -1;
  int threads = pool != NULL ? pool_threads(pool) : 1;
  Judge j = { &k.centroids, v, held, malloc(m * sizeof *j.out + 1), malloc((size_t)threads * v->dim * sizeof *j.room) };
  int code = j.out != NULL && j.room != NULL ? pool_for(pool, m, GRAIN, judge, &j) : -1;
  *score = 0;
  for (uint32_t i = 0; i < m && code == 0; i++) *score += j.out[i] / m;
  if (code == -1) error_memory(err);
  else if (code != 0) err->text[0] = '\0';
  free(j.out);
  free(j.room);
  kmeans_free(&k);
  return code != 0 ? -1 : 0;
}

static int by_number(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

int choose_scores(const Vectors *v, const uint32_t *slot, uint32_t n, const uint64_t *key, const ChooseSpec *spec,
                  Pool *pool, double *score, Error *err) {
  uint32_t most = spec->sample < n ? spec->sample : n, half = most / 2;
  uint32_t *chosen = malloc((size_t)most * sizeof *chosen + 1), *part = malloc((size_t)most * sizeof *part + 1);
  uint64_t *order = malloc((size_t)most * sizeof *order + 1);
  int code = chosen != NULL && part != NULL && order != NULL ? seeds_sample(slot, n, key, most, chosen) : -1;
  if (code != 0) error_memory(err);
  for (uint32_t i = 0; i < most && code == 0; i++) part[i % 2 == 0 ? half + i / 2 : i / 2] = chosen[i];
  /* part: the held out, then the fitted; in order of slots, which is that of memory */
  for (uint32_t i = 0; i < most && code == 0; i++) order[i] = i;
  if (code == 0) qsort(part, half, sizeof *part, by_number);
  for (uint32_t i = 0; i < spec->nk && code == 0; i++) {
    uint32_t k = spec->k[i];
    score[i] = NAN;
    if ((most - half) / 2 < k || half == 0) continue;
    KmeansSpec fit = kmeans_spec(k, spec->seed);
    fit.tries = (fit.tries + 2) / 3;   /* one among many */
    code = score_of(v, part + half, most - half, order, part, half, fit, pool, &score[i], err);
  }
  free(chosen);
  free(part);
  free(order);
  return code != 0 ? -1 : 0;
}
