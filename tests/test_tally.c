/* tests/test_tally.c - rows counted by a value and by the row that they copy, against counts by hand. */
#include "stats/tally.h"

#include <math.h>

#include "stats/numbers.h"
#include "tests/check.h"
#include "tests/fixture.h"

static const char *const ROWS[] = {
  "{\"input\":\"a\",\"output\":\"a\",\"topic\":\"x\",\"at\":\"1970-01-02\"}",
  "{\"input\":\"b\",\"output\":\"b\",\"topic\":\"y\",\"at\":7.5}",
  "{\"input\":\"a\",\"output\":\"a\",\"topic\":\"x\",\"at\":\"no time\"}", "{\"input\":\"b\",\"output\":\"b\"}",
  "{\"input\":\"a\",\"output\":\"a\",\"topic\":1}",     "{\"input\":\"c\",\"output\":\"c\",\"topic\":\"x\"}",
  "{\"input\":\"broken\"",                              "{\"input\":\"b\",\"output\":\"b\",\"topic\":\"y\"}",
};
enum { NROWS = 8 };

/* Rows 2 and 4 copy row 0, rows 3 and 7 copy row 1; row 6 could not be read. */
static View *make(int *stage) {
  Corpus *c = fixture_corpus(ROWS, NROWS);
  View *v = view_new(c);
  corpus_unref(c);
  static const uint32_t TWINS[][2] = { { 7, 1 }, { 2, 0 }, { 3, 1 }, { 4, 0 } };
  VerdictList *list = verdicts_new();
  list->reasons[0] = "near_duplicate";
  list->field = "input+output";
  for (size_t i = 0; i < 4; i++)
    verdicts_add(list, (VerdictEntry){ .row = TWINS[i][0], .twin = TWINS[i][1], .value = 1, .threshold = 0.8, .blob = -1 });
  *stage = corpus_stage(v->corpus, span_str("near_dedup"));
  Error err;
  View *w = view_apply(v, (uint16_t)*stage, list, &err);
  verdicts_free(list);
  view_unref(v);
  return w;
}

static const TallyGroup *of(const View *v, const TallyGroup *g, size_t n, const char *name) {
  for (size_t i = 0; i < n; i++)
    if (strcmp(names_text(v->corpus->names, g[i].id), name) == 0) return &g[i];
  return NULL;
}

static void groups_count_the_rows_read_and_those_that_stand(void) {
  int stage;
  View *v = make(&stage);
  TallyGroup *g;
  size_t n;
  double at[NROWS];
  CHECK(tally_groups(v, NULL, span_str("topic"), span_str("at"), at, &g, &n) == 0 && n == 4);   /* x, y, 1 and none */
  CHECK(at[0] == 86400 && at[1] == 7.5 && isnan(at[2]) && isnan(at[3]) && isnan(at[6]));
  const TallyGroup *x = of(v, g, n, "x"), *y = of(v, g, n, "y");
  CHECK(x != NULL && x->read == 3 && x->standing == 2);    /* rows 0, 2, 5 */
  CHECK(y != NULL && y->read == 2 && y->standing == 1);    /* rows 1, 7 */
  size_t read = 0, standing = 0;
  for (size_t i = 0; i < n; i++) read += g[i].read, standing += g[i].standing;
  CHECK(read == 7 && standing == 3);                       /* all but row 6 */
  free(g);
  CHECK(tally_annotation(v, span_str("topic"), &g, &n) == 1);
  view_unref(v);
}

static void clusters_stand_by_size_then_by_their_first_copy(void) {
  int stage;
  View *v = make(&stage);
  TallyCopies *list;
  size_t n;
  CHECK(tally_copies(v, stage, &list, &n) == 0 && n == 2);
  CHECK(list[0].row == 0 && list[0].copies == 2 && list[0].first == 2);
  CHECK(list[1].row == 1 && list[1].copies == 2 && list[1].first == 3);
  free(list);
  const uint32_t rows[] = { 1, 0, 5 };
  uint32_t out[6];
  size_t each[3];
  tally_members(v, stage, rows, 3, out, each, 2);
  CHECK(each[0] == 2 && out[0] == 3 && out[1] == 7 && each[1] == 2 && out[2] == 2 && out[3] == 4 && each[2] == 0);
  tally_members(v, stage, rows, 1, out, each, 1);
  CHECK(each[0] == 1 && out[0] == 3);
  CHECK(tally_copies(v, stage + 1, &list, &n) == 0 && n == 0);
  free(list);
  view_unref(v);
}

static void the_first_rows_of_a_reason_come_in_their_order(void) {
  int stage;
  View *v = make(&stage);
  uint32_t out[4];
  CHECK(tally_rows(v, stage, span_str("near_duplicate"), out, 4) == 4 && out[0] == 2 && out[3] == 7);
  CHECK(tally_rows(v, stage, span_str("near_duplicate"), out, 2) == 2 && out[1] == 3);
  CHECK(tally_rows(v, stage, span_str("another"), out, 4) == 0);
  CHECK(tally_rows(v, 0, span_str("malformed"), out, 4) == 1 && out[0] == 6);
  view_unref(v);
}

static void numbers_up_to_a_value_include_it(void) {
  const double v[] = { -1, 0, 0, 0.5, 2, 2 };
  CHECK(numbers_below(v, 6, 0) == 1 && numbers_upto(v, 6, 0) == 3);
  CHECK(numbers_below(v, 6, 2) == 4 && numbers_upto(v, 6, 2) == 6);
  CHECK(numbers_upto(v, 6, -2) == 0 && numbers_upto(v, 6, 1) == 4 && numbers_upto(v, 0, 1) == 0);
}

int main(void) {
  RUN(groups_count_the_rows_read_and_those_that_stand);
  RUN(clusters_stand_by_size_then_by_their_first_copy);
  RUN(the_first_rows_of_a_reason_come_in_their_order);
  RUN(numbers_up_to_a_value_include_it);
  return check_done();
}
