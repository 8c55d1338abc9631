/* tests/bench/bench_select.c [ROWS [DIM]] - choosing rows by their vectors: CPU seconds of score first, then distance
** (a fifth of the rows), and of the most diverse first (a hundredth of one group of all rows, and a tenth of 200 groups).
** Rows are topical: 300 centres, a tenth near copies of another row. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "select/diverse.h"
#include "select/pick.h"
#include "tests/fixture.h"

enum { TOPICS = 300 };

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t state;
static float uniform(void) {
  uint64_t z = (state += 0x9E3779B97F4A7C15u);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
  return (float)((double)((z ^ (z >> 31)) >> 11) / 9007199254740992.0 - 0.5);
}

static Vectors *make(uint32_t n, uint32_t dim) {
  Vectors *v;
  uint32_t *row = malloc(n * sizeof *row);
  float *centre = malloc((size_t)TOPICS * dim * sizeof *centre), *x = malloc(dim * sizeof *x);
  for (size_t i = 0; i < (size_t)TOPICS * dim; i++) centre[i] = uniform();
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  if (vectors_new(&v, n, row, n, dim, VECTOR_F32, "made") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = 0; k < dim; k++)
      x[k] = i % 10 == 9 ? x[k] + 0.1f * uniform() : centre[(size_t)(i % TOPICS) * dim + k] + uniform();
    vectors_put(v, i, x);
  }
  vectors_close(v);
  free(row);
  free(centre);
  free(x);
  return v;
}

static void line(const char *what, double cpu) { printf("%-52s %8.2f CPU s\n", what, cpu); }

int main(int argc, char **argv) {
  uint32_t n = argc > 1 ? (uint32_t)atoi(argv[1]) : 50000, dim = argc > 2 ? (uint32_t)atoi(argv[2]) : 384;
  Vectors *v = make(n, dim);
  uint32_t *row = malloc(n * sizeof *row);
  PickRow *out = malloc(n * sizeof *out);
  PickCounts counts;
  Error err;
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  double from = cpu_s();
  if (pick_apart(v, row, n, n / 5, 0.9, 0, NULL, out, &counts, &err) != 0) abort();
  line("score first, then distance: a fifth", cpu_s() - from);
  printf("  %zu kept, %zu too near, %zu not looked at\n", counts.kept, counts.near, counts.behind);

  const char **text = malloc(n * sizeof *text);
  for (uint32_t i = 0; i < n; i++) {
    char *s = malloc(80);
    snprintf(s, 80, "{\"input\":\"%u\",\"output\":\"a\",\"t\":%u}", (unsigned)i, (unsigned)(i % 200));
    text[i] = s;
  }
  Corpus *c = fixture_corpus(text, n);
  View *view = view_new(c);
  double *number = malloc(n * sizeof *number);
  for (int groups = 1; groups <= 200; groups += 199) {
    GroupKey key = group_key(span_str(groups == 1 ? "none" : "t"));
    Groups g;
    if (groups_make(&g, view, NULL, &key, 1, &err) != 0) abort();
    uint32_t *bin = malloc(g.n * sizeof *bin);
    double *most = malloc(g.n * sizeof *most);
    for (uint32_t i = 0; i < g.n; i++) {
      bin[i] = i;
      most[i] = groups == 1 ? n / 100 : n / 2000;
    }
    Quota q = { bin, most, g.n, NULL, 42, "t", "over" };
    from = cpu_s();
    if (diverse_numbers(&g, &q, v, NULL, number) != 0) abort();
    line(groups == 1 ? "most diverse first: a hundredth of one group" : "most diverse first: a tenth of 200 groups",
         cpu_s() - from);
    groups_free(&g);
    free(bin);
    free(most);
  }
  return 0;
}
