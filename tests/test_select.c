/* tests/test_select.c - which rows stay: groups by several keys, quotas, the most diverse first, score then distance.
** What vectors decide is held against plain loops over all pairs. */
#include "tests/check.h"

#include <math.h>
#include <stdlib.h>

#include "select/diverse.h"
#include "select/pick.h"
#include "tests/fixture.h"

enum { DIM = 12, N = 1300 };

/* ---- made rows and vectors ---- */

static Corpus *corpus_of(size_t n, void (*more)(char *, size_t, size_t)) {
  char **line = calloc(n, sizeof *line);
  for (size_t i = 0; i < n; i++) {
    char extra[200] = "";
    line[i] = malloc(400);
    if (more != NULL) more(extra, sizeof extra, i);
    snprintf(line[i], 400, "{\"input\":\"q %zu\",\"output\":\"a\"%s}", i, extra);
  }
  Corpus *c = fixture_corpus((const char *const *)line, n);
  for (size_t i = 0; i < n; i++) free(line[i]);
  free(line);
  return c;
}

static uint64_t state;
static double uniform(void) {
  state += 0x9E3779B97F4A7C15ull;   /* splitmix64 */
  uint64_t z = state;
  z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ull;
  z = (z ^ z >> 27) * 0x94D049BB133111EBull;
  return (double)((z ^ z >> 31) >> 11) * 0x1p-53 - 0.5;
}

/* Around `topics` directions, some copies; every 97th row has none. */
static Vectors *vectors_around(uint32_t n, int topics, VectorKind kind) {
  Vectors *v;
  uint32_t *row = malloc(n * sizeof *row);
  float centre[64][DIM], x[DIM], last[DIM] = { 1 };
  for (int t = 0; t < topics; t++)
    for (int k = 0; k < DIM; k++) centre[t][k] = (float)uniform();
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  if (vectors_new(&v, n, row, n, DIM, kind, "made") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    for (int k = 0; k < DIM; k++) x[k] = centre[i % (uint32_t)topics][k] + 0.5f * (float)uniform();
    if (i % 31 == 30) memcpy(x, last, sizeof x);
    if (i % 97 != 96) vectors_put(v, i, x);
    memcpy(last, x, sizeof x);
  }
  vectors_close(v);
  free(row);
  return v;
}

/* ---- groups ---- */

static void topic_and_date(char *out, size_t len, size_t i) {
  static const char *const dates[] = { "\"2024-01-31\"", "\"2024-01-31T23:30:00-02:00\"", "1709251200", "\"soon\"" };
  snprintf(out, len, ",\"topic\":\"%s\",\"at\":%s", i % 2 == 0 ? "b" : "a", dates[i % 4]);
}

static void groups_of_two_keys_are_sorted_by_their_values(void) {
  Corpus *c = corpus_of(12, topic_and_date);
  View *view = view_new(c);
  GroupKey key[2] = { group_key(span_str("topic")), group_key(span_str("at:month")) };
  Groups g;
  Error err;
  CHECK(key[0].unit == KEY_VALUE && key[1].unit == KEY_MONTH && key[1].name.len == 2);
  CHECK(group_key(span_str("at:hour")).unit == KEY_VALUE);
  CHECK(groups_make(&g, view, NULL, key, 2, &err) == 0);
  /* rows 1, 5, 9: half past one of the first of February, UTC; 1709251200 is the first of March */
  static const char *const names[][2] = { { "a", "2024-02" }, { "a", "" }, { "b", "2024-01" }, { "b", "2024-03" } };
  CHECK(g.n == 4);
  for (size_t i = 0; i < g.n && i < 4; i++) {
    CHECK(strcmp(names_text(c->names, g.item[i].value[0]), names[i][0]) == 0);
    CHECK(strcmp(names_text(c->names, g.item[i].value[1]), names[i][1]) == 0);
    CHECK(g.item[i].count == 3);
  }
  CHECK(g.group[0] == 2 && g.group[1] == 0 && g.group[2] == 3 && g.group[3] == 1);
  groups_free(&g);
  view_unref(view);
  corpus_unref(c);
}

static void parts_of_a_date_are_told_by_the_unit(void) {
  static const struct { const char *key, *value; } cases[] = {
    { "at:day", "2024-01-31" }, { "at:month", "2024-01" }, { "at:quarter", "2024-Q1" }, { "at:year", "2024" } };
  Corpus *c = corpus_of(1, topic_and_date);
  View *view = view_new(c);
  for (size_t i = 0; i < 4; i++) {
    GroupKey key = group_key(span_str(cases[i].key));
    Groups g;
    Error err;
    CHECK(groups_make(&g, view, NULL, &key, 1, &err) == 0);
    CHECK(g.n == 1 && strcmp(names_text(c->names, g.item[0].value[0]), cases[i].value) == 0);
    groups_free(&g);
  }
  view_unref(view);
  corpus_unref(c);
}

/* All rows of a corpus in one group. */
static Groups one_group(View *view) {
  GroupKey key = group_key(span_str("none"));
  Groups g;
  Error err;
  if (groups_make(&g, view, NULL, &key, 1, &err) != 0) abort();
  return g;
}

static void groups_of_one_quota_are_ranked_as_one(void) {
  Corpus *c = corpus_of(40, topic_and_date);
  View *view = view_new(c);
  GroupKey key = group_key(span_str("at:month"));
  Groups g;
  Error err;
  CHECK(groups_make(&g, view, NULL, &key, 1, &err) == 0 && g.n == 4);
  uint32_t bin[4] = { 0, 1, 0, 1 };
  double most[2] = { 7, NAN }, number[40];
  for (int i = 0; i < 40; i++) number[i] = i;
  Quota q = { bin, most, 2, number, 42, "at", "over" };
  VerdictList *list = groups_choose(&g, &q);
  CHECK(list != NULL && list->n == 13);
  /* rows 0, 2, 4, …: of January and March, by turns; the highest seven numbers stay, 26 to 38 */
  for (size_t i = 0; list != NULL && i < list->n; i++)
    CHECK(list->entry[i].row % 2 == 0 && list->entry[i].row < 26 && list->entry[i].threshold == 7);
  verdicts_free(list);
  groups_free(&g);
  view_unref(view);
  corpus_unref(c);
}

/* ---- the most diverse first ---- */

/* Plain: of the rows not taken the one whose highest cosine with the taken is least; of equal ones the first. */
static void plain_diverse(const Vectors *v, const uint32_t *row, size_t n, size_t most, double *number) {
  size_t taken = 0, *pick = malloc((most + 1) * sizeof *pick);
  while (taken < most) {
    size_t best = n;
    double least = INFINITY;
    for (size_t i = 0; i < n; i++) {
      if (v->slot[row[i]] == VECTOR_NONE || !isnan(number[row[i]])) continue;
      double near = -2;
      for (size_t k = 0; k < taken; k++)
        near = fmax(near, vectors_cosine(v, v->slot[row[i]], v->slot[row[pick[k]]]));
      if (near < least) {
        least = near;
        best = i;
      }
    }
    if (best == n) break;
    number[row[best]] = -(double)taken;
    pick[taken++] = best;
  }
  free(pick);
}

static void diverse_rows_are_those_of_the_plain_greedy(void) {
  enum { ROWS = 400 };
  Corpus *c = corpus_of(ROWS, NULL);
  View *view = view_new(c);
  Groups g = one_group(view);
  double *number = calloc(ROWS, sizeof *number), *plain = calloc(ROWS, sizeof *plain), most = 60;
  uint32_t bin = 0, row[ROWS], begin[2];
  Quota q = { &bin, &most, 1, NULL, 7, "x", "y" };
  CHECK(groups_ranked(&g, &q, row, begin) == 0 && begin[0] == 0 && begin[1] == ROWS);
  for (int kind = VECTOR_F32; kind <= VECTOR_F16; kind++) {
    state = 5;
    Vectors *v = vectors_around(ROWS, 8, (VectorKind)kind);
    for (int i = 0; i < ROWS; i++) plain[i] = NAN;
    plain_diverse(v, row, ROWS, 60, plain);
    CHECK(diverse_numbers(&g, &q, v, NULL, number) == 0);
    int same = 1, ranked = 0;
    for (int i = 0; i < ROWS; i++) {
      same = same && (isnan(plain[i]) ? isnan(number[i]) : plain[i] == number[i]);
      ranked += !isnan(number[i]);
    }
    CHECK(same && ranked == 60);
    vectors_unref(v);
  }
  free(number);
  free(plain);
  groups_free(&g);
  view_unref(view);
  corpus_unref(c);
}

/* ---- score first, then distance ---- */

static void plain_pick(const Vectors *v, const uint32_t *row, size_t n, size_t wanted, double max, PickRow *out) {
  size_t stay = 0;
  for (size_t i = 0; i < n; i++) {
    out[i] = (PickRow){ PICK_BEHIND, 0, NAN };
    if (stay == wanted) continue;
    uint32_t slot = v->slot[row[i]];
    for (size_t k = 0; slot != VECTOR_NONE && k < i; k++) {
      if (out[k].state != PICK_KEPT || v->slot[row[k]] == VECTOR_NONE) continue;
      double cosine = vectors_cosine(v, slot, v->slot[row[k]]);
      if (isnan(out[i].cosine) || cosine > out[i].cosine) out[i] = (PickRow){ PICK_BEHIND, (uint32_t)k, cosine };
    }
    out[i].state = out[i].cosine >= max ? PICK_NEAR : PICK_KEPT;
    stay += out[i].state == PICK_KEPT;
  }
}

static int same_rows(const PickRow *a, const PickRow *b, size_t n) {
  for (size_t i = 0; i < n; i++) {
    if (a[i].state != b[i].state || isnan(a[i].cosine) != isnan(b[i].cosine)) return 0;
    if (!isnan(a[i].cosine) && (a[i].cosine != b[i].cosine || a[i].near != b[i].near)) return 0;
  }
  return 1;
}

static void picked_rows_are_those_of_the_plain_loop_with_any_threads(void) {
  static PickRow plain[N], out[N];
  static uint32_t row[N];
  Pool *pool = pool_new(3);
  PickCounts counts;
  Error err;
  for (int round = 0; round < 6; round++) {
    state = 100 + (uint64_t)round;
    Vectors *v = vectors_around(N, round % 2 == 0 ? 7 : 60, round < 4 ? VECTOR_F32 : VECTOR_F16);
    for (uint32_t i = 0; i < N; i++) row[i] = i * 7 % N;
    size_t wanted = round == 3 ? N : 200 + 150 * (size_t)round;
    double max = round == 2 ? 1 : 0.9;
    plain_pick(v, row, N, wanted, max, plain);
    CHECK(pick_apart(v, row, N, wanted, max, 0, NULL, out, &counts, &err) == 0);
    CHECK(same_rows(plain, out, N));
    CHECK(counts.kept + counts.near + counts.behind == N && counts.filled == 0);
    CHECK(pick_apart(v, row, N, wanted, max, 0, pool, out, &counts, &err) == 0);
    CHECK(same_rows(plain, out, N));
    vectors_unref(v);
  }
  pool_free(pool);
}

static void what_is_missing_is_filled_with_the_first_that_were_passed_over(void) {
  static PickRow out[N];
  static uint32_t row[N];
  PickCounts counts;
  Error err;
  state = 9;
  Vectors *v = vectors_around(N, 3, VECTOR_F32);
  for (uint32_t i = 0; i < N; i++) row[i] = i;
  CHECK(pick_apart(v, row, N, 900, 0.8, 1, NULL, out, &counts, &err) == 0);
  CHECK(counts.kept + counts.filled == 900 && counts.filled > 0 && counts.behind == 0);
  CHECK(counts.bare == N / 97);
  int after = 0, wrong = 0;
  for (int i = 0; i < N; i++) {   /* filled ones stand before all that stay passed over */
    after = after || out[i].state == PICK_NEAR;
    wrong += after && out[i].state == PICK_FILLED;
  }
  CHECK(wrong == 0);
  static const char *const reasons[2] = { "too_near", "not_selected" };
  VerdictList *list = pick_verdicts(out, row, N, N, 900, "input", reasons);
  CHECK(list != NULL && list->n == N - 900 && list->measure == 1);
  for (size_t i = 0; list != NULL && i < list->n; i++)
    CHECK(list->entry[i].reason == 0 && list->entry[i].twin != PLACE_NONE && list->entry[i].value >= 0.8 &&
          isnan(list->entry[i].threshold));   /* no second figure of the pair */
  verdicts_free(list);
  vectors_unref(v);
}

static void means_are_those_of_all_pairs(void) {
  enum { Q = 70, B = 300 };
  uint32_t query[Q], base[B];
  Error err;
  state = 77;
  Vectors *v = vectors_around(N, 20, VECTOR_F32);
  for (uint32_t i = 0; i < Q; i++) query[i] = i * 2;
  for (uint32_t i = 0; i < B; i++) base[i] = i;
  for (int self = 0; self < 2; self++) {
    double sum = 0, mean;
    int n = 0;
    for (int i = 0; i < Q; i++) {
      double best = -2;
      if (v->slot[query[i]] == VECTOR_NONE) continue;
      for (int k = 0; k < B; k++)
        if (v->slot[base[k]] != VECTOR_NONE && (self || base[k] != query[i]))
          best = fmax(best, vectors_cosine(v, v->slot[query[i]], v->slot[base[k]]));
      sum += best;
      n++;
    }
    CHECK(pick_mean(v, query, Q, base, B, self, NULL, &mean, &err) == 0);
    CHECK(mean == sum / n && (mean == 1) == self);
  }
  vectors_unref(v);
}

int main(void) {
  RUN(groups_of_two_keys_are_sorted_by_their_values);
  RUN(parts_of_a_date_are_told_by_the_unit);
  RUN(groups_of_one_quota_are_ranked_as_one);
  RUN(diverse_rows_are_those_of_the_plain_greedy);
  RUN(picked_rows_are_those_of_the_plain_loop_with_any_threads);
  RUN(what_is_missing_is_filled_with_the_first_that_were_passed_over);
  RUN(means_are_those_of_all_pairs);
  return check_done();
}
