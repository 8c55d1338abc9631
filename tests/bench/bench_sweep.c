/* tests/bench/bench_sweep.c - ten thresholds of near_dedup over the pairs that a run left: CPU
** milliseconds for 1,000,000 rows of which a third stand in clusters, none open. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "neardup/sweep.h"

enum { ROWS = 1000000, STEPS = 10, MOST = 1500000 };

static double cpu_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static uint64_t state = 42;
static unsigned below(unsigned n) {
  state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)((state >> 33) % n);
}

/* Clusters of 2 to 8 rows that lie apart; all pairs of each. */
static size_t make_pairs(TextPair *pair) {
  size_t n = 0;
  for (uint32_t row = 0; row + 100 < ROWS && n + 32 < MOST; row += 15) {
    uint32_t size = 2 + below(7);
    for (uint32_t a = 0; a < size; a++)
      for (uint32_t b = a + 1; b < size; b++)
        pair[n++] = (TextPair){ row + a, row + b, 0.5 + below(500) / 1000.0 };
  }
  return n;
}

static int no_text(const TextSource *src, size_t i, int worker, Grams *g) {
  (void)src, (void)i, (void)worker, (void)g;
  return -1;
}

int main(void) {
  TextPair *pair = malloc(MOST * sizeof *pair);
  if (pair == NULL) return 1;
  TextSource src = { .n = ROWS, .fields = no_text };
  SweepPairs pairs = { pair, make_pairs(pair), NULL };
  double threshold[STEPS];
  for (int i = 0; i < STEPS; i++) threshold[i] = 0.5 + 0.05 * i;
  SweepParams s = { .threshold = threshold, .nsteps = STEPS, .margin = 3, .most_rows = 500 };
  for (int mode = 0; mode < 2; mode++) {
    LeaderParams p = { .shingle = 5, .threshold = 0.8, .floor = 0.5, .mode = (ClusterMode)mode };
    SweepStep step[STEPS];
    Error err;
    double t = cpu_ms();
    if (sweep_find(&src, &p, &pairs, &s, NULL, step, &err) != 0) return 1;
    printf("%-10s %d rows, %zu pairs, %d thresholds: %.0f CPU ms; removed %zu to %zu\n", mode ? "components" : "leader",
           ROWS, pairs.npairs, STEPS, cpu_ms() - t, step[STEPS - 1].rejected, step[0].rejected);
    sweep_free(step, STEPS);
  }
  free(pair);
  return 0;
}
