/* tests/bench/bench_kmeans.c - k-means of 50,000 topical vectors of 384 dimensions into 512 clusters, in CPU seconds:
** the shipped effort beside Lloyd's rounds without bounds, and what each reaches. One process, both of its threads. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "topics/kmeans.h"
#include "vectors/dense.h"

enum { N = 50000, DIM = 384, TOPICS = 400, K = 512 };

static uint64_t state = 7;

static uint64_t next(void) {
  uint64_t z = state += 0x9E3779B97F4A7C15u;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return z ^ (z >> 31);
}

static float normal(void) {
  double sum = 0;
  for (int i = 0; i < 12; i++) sum += (double)(next() >> 11) * 0x1p-53;
  return (float)(sum - 6);
}

static double cpu(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Points around topics of uneven size, with a spectrum that falls as k to the -0.35, and a mean cosine of about 0.2. */
static Vectors *points(uint32_t n) {
  static float topic[TOPICS][DIM], scale[DIM], mean[DIM];
  uint32_t *row = calloc(n, sizeof *row);
  Vectors *v;
  for (int d = 0; d < DIM; d++) scale[d] = powf((float)(d + 1), -0.35f), mean[d] = 0.5f * normal() * scale[d];
  for (int t = 0; t < TOPICS; t++)
    for (int d = 0; d < DIM; d++) topic[t][d] = mean[d] + normal() * scale[d];
  for (uint32_t i = 0; i < n && row != NULL; i++) row[i] = i;
  if (row == NULL || vectors_new(&v, n, row, n, DIM, VECTOR_F32, "synthetic") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    float x[DIM];
    double u = (double)(next() >> 11) * 0x1p-53;
    size_t t = (size_t)(u * u * TOPICS);
    for (int d = 0; d < DIM; d++) x[d] = topic[t][d] + 0.8f * normal() * scale[d];
    vectors_put(v, i, x);
  }
  vectors_close(v);
  free(row);
  return v;
}

static double mean_cosine(const Vectors *v) {
  double sum = 0;
  for (int i = 0; i < 10000; i++) sum += vectors_cosine(v, (uint32_t)(next() % v->n), (uint32_t)(next() % v->n));
  return sum / 10000;
}

static void measure(const char *what, const Vectors *v, const uint64_t *key, KmeansSpec spec, Pool *pool) {
  Kmeans k;
  Error err;
  double start = cpu();
  if (kmeans_fit(v, NULL, v->n, key, &spec, pool, &k, &err) != 0) {
    printf("k-means: %s\n", err.text);
    exit(1);
  }
  double spent = cpu() - start;
  printf("k-means, %u x %u into %u, %s: %.2f CPU s, %u rounds, %.1f%% of all products a round, mean cosine %.5f\n", v->n,
         v->dim, k.centroids.k, what, spent, k.rounds, 100 * (double)k.products / k.rounds / v->n / spec.k,
         k.objective / v->n);
  kmeans_free(&k);
}

int main(int argc, char **argv) {
  uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : N, most = argc > 2 ? (uint32_t)atoi(argv[2]) : K;
  Vectors *v = points(n);
  uint64_t *key = malloc(n * sizeof *key);
  Pool *pool = pool_new(2);
  if (key == NULL || pool == NULL) return 1;
  for (uint32_t i = 0; i < n; i++) key[i] = next();
  printf("k-means: mean cosine of two points %.2f; products by %s\n", mean_cosine(v), dense_library());
  KmeansSpec spec = kmeans_spec(most, 42);
  measure("bounds", v, key, spec, pool);
  for (int i = 3; i < argc; i++) {
    spec.groups = (uint32_t)atoi(argv[i]);
    measure(argv[i], v, key, spec, pool);
  }
  spec.groups = 0;
  measure("no bounds", v, key, spec, pool);
  spec.sample = 0;
  spec.settled = 0.001;
  measure("no bounds, no sample", v, key, spec, pool);
  pool_free(pool);
  vectors_unref(v);
  free(key);
  return 0;
}
