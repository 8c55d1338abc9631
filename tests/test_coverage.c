/* tests/test_coverage.c - distances and outliers against a plain reference; runs of words by hand */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "coverage/apart.h"
#include "coverage/ngrams.h"
#include "coverage/tell.h"
#include "fixture.h"

enum { N = 60, DIM = 12 };

static char lines[N][96];

/* N rows with vectors that look random; rows 7 and 31 have none, row 20 points where no other does. */
static View *make(Corpus **c, Vectors **v, double x[N][DIM]) {
  const char *line[N];
  uint32_t row[N], state = 12345;
  for (int i = 0; i < N; i++) {
    snprintf(lines[i], sizeof lines[i], "{\"input\":\"q %d\",\"output\":\"a\"}", i);
    line[i] = lines[i];
    row[i] = (uint32_t)i;
  }
  *c = fixture_corpus(line, N);
  if (vectors_new(v, N, row, N, DIM, VECTOR_F32, "test") != 0) abort();
  for (int i = 0; i < N; i++) {
    float f[DIM];
    for (int d = 0; d < DIM; d++) {
      state = state * 1664525 + 1013904223;
      x[i][d] = i == 20 ? -1.0 : (double)(state >> 8) / (1 << 24) + 0.2;
      f[d] = i == 7 || i == 31 ? 0 : (float)x[i][d];
      x[i][d] = f[d];
    }
    vectors_put(*v, (uint32_t)i, f);
  }
  vectors_close(*v);
  return view_new(*c);
}

static int by_size(const void *a, const void *b) {
  return (*(const double *)a > *(const double *)b) - (*(const double *)a < *(const double *)b);
}

/* The mean distance of row i to its k nearest of base, the slow way. */
static double plain(double x[N][DIM], int i, const uint32_t *base, size_t n, size_t k) {
  double d[N];
  size_t found = 0;
  for (size_t b = 0; b < n; b++) {
    double dot = 0, aa = 0, bb = 0;
    if ((int)base[b] == i) continue;
    for (int j = 0; j < DIM; j++) {
      dot += x[i][j] * x[base[b]][j];
      aa += x[i][j] * x[i][j];
      bb += x[base[b]][j] * x[base[b]][j];
    }
    d[found++] = 1 - dot / sqrt(aa * bb);
  }
  qsort(d, found, sizeof *d, by_size);
  double sum = 0;
  for (size_t j = 0; j < k; j++) sum += d[j];
  return sum / (double)k;
}

static void close_all(Corpus *c, View *view, Vectors *v) {
  vectors_unref(v);
  view_unref(view);
  corpus_unref(c);
}

static void distances_are_those_of_brute_force(void) {
  Corpus *c;
  Vectors *v;
  double x[N][DIM], mean[N];
  View *view = make(&c, &v, x);
  uint32_t row[N], nearest[N];
  long n = apart_rows(view, v, APART_STANDING, 0, 1, row);
  CHECK(n == N - 2);
  Pool *pool = pool_new(3);
  CHECK(apart_mean(v, row, (uint32_t)n, row, (uint32_t)n, 3, pool, mean, nearest, NULL) == 0);
  for (long i = 0; i < n; i++) {
    CHECK(fabs(mean[i] - plain(x, (int)row[i], row, (size_t)n, 3)) < 1e-6);
    CHECK(nearest[i] != row[i]);
  }
  CHECK(apart_mean(v, row, 1, row, 1, 3, pool, mean, nearest, NULL) == 0 && isnan(mean[0]) && nearest[0] == PLACE_NONE);
  pool_free(pool);
  close_all(c, view, v);
}

static void sets_and_draws_are_the_rows_they_say(void) {
  Corpus *c;
  Vectors *v;
  double x[N][DIM];
  View *view = make(&c, &v, x);
  uint32_t a[N], b[N], all[N];
  CHECK(apart_rows(view, NULL, APART_READ, 0, 1, a) == N);
  CHECK(apart_rows(view, v, APART_RANDOM, 20, 1, a) == 20 && apart_rows(view, v, APART_RANDOM, 20, 1, b) == 20);
  CHECK(memcmp(a, b, 20 * sizeof *a) == 0);
  for (int i = 1; i < 20; i++) CHECK(a[i] > a[i - 1] && v->slot[a[i]] != VECTOR_NONE);
  CHECK(apart_rows(view, v, APART_RANDOM, 20, 2, b) == 20 && memcmp(a, b, 20 * sizeof *a) != 0);
  CHECK(apart_rows(view, v, APART_READ, 0, 1, all) == N - 2 && apart_draw(view, all, N - 2, 20, 1) == 20);
  CHECK(memcmp(a, all, 20 * sizeof *a) == 0);
  CHECK(apart_draw(view, all, 20, 1000, 1) == 20);
  close_all(c, view, v);
}

static void the_farthest_are_exact_though_a_sample_was_looked_at(void) {
  Corpus *c;
  Vectors *v;
  double x[N][DIM];
  View *view = make(&c, &v, x);
  OutlierParams p = { .k = 2, .sample = 1000, .top = 4, .bound = NAN, .seed = 9 };
  Outliers whole, part;
  CHECK(outliers_find(view, v, &p, NULL, &whole, NULL) == 0);
  p.sample = 10;
  CHECK(outliers_find(view, v, &p, NULL, &part, NULL) == 0);
  CHECK(whole.n == N - 2 && whole.base == N - 2 && whole.exact == N - 2 && part.base == 10);
  CHECK(whole.ntop == 4 && whole.top[0].row == 20 && part.ntop == 4);
  CHECK(isnan(whole.distance[7]) && isnan(whole.distance[31]));
  for (size_t i = 0; i < 4; i++)
    CHECK(whole.top[i].row == part.top[i].row && whole.top[i].distance == part.top[i].distance);
  for (int i = 0; i < N; i++) CHECK(isnan(whole.distance[i]) || part.distance[i] >= whole.distance[i]);
  double bound = (whole.top[1].distance + whole.top[2].distance) / 2;
  VerdictList *list = outliers_verdicts(&part, view, bound, "outlier", "distance");
  CHECK(list->n == 2 && list->entry[0].value > bound && list->entry[0].threshold == bound && list->metric != NULL);
  verdicts_free(list);
  outliers_free(&whole);
  outliers_free(&part);
  close_all(c, view, v);
}

/* ---- runs of words ---- */

static void runs_of_words_are_counted_once(void) {
  static const char *rows[] = {
    "{\"input\":\"q\",\"output\":\"The cat sat on the mat.\"}",          /* 4 runs of 3 */
    "{\"input\":\"q\",\"output\":\"the  CAT sat, on a chair\"}",         /* 4, two of them known */
    "{\"input\":\"q\",\"output\":\"the cat\"}", "{\"input\":\"q\"}",
    "{\"input\":\"q\",\"output\":\"a b a b a b\"}",                      /* aba bab aba bab: 2 */
  };
  Corpus *c = fixture_corpus(rows, 5);
  View *view = view_new(c);
  uint32_t row[] = { 0, 1, 2, 4 };
  Ngrams g;
  Pool *pool = pool_new(2);
  CHECK(ngrams_count(view, FIELD_OUTPUT, 3, row, 4, pool, &g, NULL) == 0);
  CHECK(g.all == 12 && g.distinct == 4 + 2 + 2 && g.exact);
  CHECK(ngrams_count(view, FIELD_OUTPUT, 1, row, 4, pool, &g, NULL) == 0);
  CHECK(g.all == 6 + 6 + 2 + 6 && g.distinct == 8);   /* the cat sat on mat a chair b */
  CHECK(ngrams_count(view, FIELD_SYSTEM, 3, row, 4, pool, &g, NULL) == 0 && g.all == 0 && g.distinct == 0);
  CHECK(ngrams_count(view, FIELD_OUTPUT, 3, row, 0, pool, &g, NULL) == 0 && g.all == 0);
  pool_free(pool);
  view_unref(view);
  corpus_unref(c);
}

static void past_the_limit_the_count_is_an_estimate_within_its_error(void) {
  /* 4.5 million words, 1.5 million different, each three times: every second hash is looked at */
  enum { WORDS = 1500000 };
  char *line = malloc((size_t)WORDS * 8 + 100), *p = line;
  p += sprintf(p, "{\"input\":\"q\",\"output\":\"");
  for (int i = 0; i < WORDS; i++) p += sprintf(p, "%x ", i);
  sprintf(p, "\"}");
  const char *rows[] = { line, line, line };
  Corpus *c = fixture_corpus(rows, 3);
  View *view = view_new(c);
  Ngrams g;
  CHECK(ngrams_count(view, FIELD_OUTPUT, 1, (uint32_t[]){ 0, 1, 2 }, 3, NULL, &g, NULL) == 0);
  CHECK(g.all == 3 * WORDS && !g.exact);
  CHECK(fabs(g.distinct - WORDS) < 4 * sqrt(WORDS));   /* one in two kept: variance WORDS / 4, times 4 */
  view_unref(view);
  corpus_unref(c);
  free(line);
}

/* ---- two sets told apart ---- */

static void an_area_is_the_share_of_pairs_in_order(void) {
  double score[] = { 3, 1, 2, 2, 0 };
  uint8_t positive[] = { 1, 0, 1, 0, 0 };          /* pairs: 3 wins 3; 2 wins 2 and ties 1: 5.5 of 6 */
  CHECK(fabs(tell_auc(score, positive, 5) - 5.5 / 6) < 1e-12);
  CHECK(isnan(tell_auc(score, (uint8_t[]){ 1, 1, 1, 1, 1 }, 5)));
}

/* n items a side in 8 dimensions, uniform in each; the second set shifted by `shift` in the first. */
static double told(double shift, Tell *t) {
  enum { SIDE = 300, D = 8 };
  Vectors *v;
  uint32_t row[2 * SIDE], state = 99;
  TellItem item[2 * SIDE];
  for (uint32_t i = 0; i < 2 * SIDE; i++) row[i] = i;
  if (vectors_new(&v, 2 * SIDE, row, 2 * SIDE, D, VECTOR_F32, "test") != 0) abort();
  for (uint32_t i = 0; i < 2 * SIDE; i++) {
    float x[D];
    for (int d = 0; d < D; d++) {
      state = state * 1664525 + 1013904223;
      x[d] = (float)(state >> 8) / (1 << 24) - 0.5f + (d == 0 && i >= SIDE ? (float)shift : 0);
    }
    vectors_put(v, i, x);
    item[i] = (TellItem){ v, i, i >= SIDE, (uint8_t)(i % 5) };
  }
  vectors_close(v);
  TellParams p = { .folds = 5, .passes = 30, .c = 10, .seed = 1 };
  Pool *pool = pool_new(3);
  Tell one;
  CHECK(tell_apart(item, 2 * SIDE, &p, pool, t, NULL) == 0 && tell_apart(item, 2 * SIDE, &p, NULL, &one, NULL) == 0);
  CHECK(memcmp(&one, t, sizeof one) == 0 && t->first == SIDE && t->second == SIDE && t->folds == 5);
  pool_free(pool);
  vectors_unref(v);
  return t->auc;
}

static void sets_of_one_kind_cannot_be_told_apart_shifted_ones_can(void) {
  Tell t;
  double same = told(0, &t);
  CHECK(fabs(same - 0.5) < 0.06);       /* about 2.5 standard errors: sqrt(1 / (6 * 300)) = 0.024 */
  CHECK(t.error > 0.005 && t.error < 0.05);
  CHECK(told(3, &t) > 0.999);
  double some = told(0.5, &t);          /* of the first number alone 1 - 0.5^3 = 0.875, before lengths are made one */
  CHECK(some > 0.8 && some < 0.9);
}

int main(void) {
  RUN(distances_are_those_of_brute_force);
  RUN(sets_and_draws_are_the_rows_they_say);
  RUN(the_farthest_are_exact_though_a_sample_was_looked_at);
  RUN(runs_of_words_are_counted_once);
  RUN(past_the_limit_the_count_is_an_estimate_within_its_error);
  RUN(an_area_is_the_share_of_pairs_in_order);
  RUN(sets_of_one_kind_cannot_be_told_apart_shifted_ones_can);
  return check_done();
}
