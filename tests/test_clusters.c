/* tests/test_clusters.c - what stands on k-means: terms, rows in topics, the file, matching, how many clusters. */
#include <math.h>

#include "tests/check.h"
#include "tests/fixture.h"
#include "topics/choose.h"
#include "topics/model.h"
#include "topics/place.h"
#include "topics/terms.h"

static View *view_of(const char *const *lines, size_t n) {
  Corpus *c = fixture_corpus(lines, n);
  View *v = view_new(c);
  corpus_unref(c);
  return v;
}

/* ---- words ---- */

static void a_word_is_letters_digits_and_inner_apostrophes(void) {
  static const struct { const char *text, *words; } CASES[] = {
    { "don't 'quote' x_1, 24h so", "don't|quote|x_1|24h|+so|" },
    { "a--b, (c)", "a|b|c|" },
    { "\xE4\xBD\xA0\xE5\xA5\xBD ok", "\xE4\xBD\xA0|+\xE5\xA5\xBD|+ok|" },
    { "top up. now", "top|+up|now|" },
    { "\xFF\xFE a", "a|" },
    { "", "" },
  };
  for (size_t i = 0; i < sizeof CASES / sizeof *CASES; i++) {
    char got[128] = "";
    size_t at = 0;
    int joined = 0;
    Span text = span_str(CASES[i].text);
    for (Span w; (w = terms_word(text, &at, &joined)).ptr != NULL;) {
      if (joined) strcat(got, "+");
      strncat(got, w.ptr, w.len);
      strcat(got, "|");
    }
    if (strcmp(got, CASES[i].words) != 0) printf("%s: %s\n", CASES[i].text, got);
    CHECK(strcmp(got, CASES[i].words) == 0);
  }
}

/* ---- terms ---- */

static const TermsSpec SPEC = { 1u << FIELD_INPUT, 4, 2, 1.5, 0.6 };

static void the_words_of_one_cluster_alone_name_it(void) {
  static const char *const LINES[] = {
    "{\"input\":\"the credit card was declined\",\"output\":\"\"}",
    "{\"input\":\"the Credit card got lost\",\"output\":\"\"}",
    "{\"input\":\"my credit card in the shop\",\"output\":\"\"}",
    "{\"input\":\"the weather is fine\",\"output\":\"\"}",
    "{\"input\":\"is the weather cold\",\"output\":\"\"}", "{\"input\":\"the rain and the weather\",\"output\":\"\"}" };
  static const uint32_t ROW[] = { 0, 1, 2, 3, 4, 5 }, FIRST[] = { 0, 3, 6 }, SIZE[] = { 3, 3 };
  View *v = view_of(LINES, 6);
  Terms t;
  Error err;
  CHECK(terms_make(v, 2, ROW, FIRST, SIZE, &SPEC, NULL, &t, &err) == 0);
  /* "credit", "card" and "credit card" stand in all three rows of the first and nowhere else; "the" everywhere */
  CHECK(t.n[0] == 1 && span_eq(t.term[0].text, span_str("credit card")) && t.term[0].share == 1);
  /* 1 * log(1 + (6 / 2) / 3) */
  CHECK(fabs(t.term[0].score - log(2)) < 1e-12);
  CHECK(t.n[1] == 2 && span_eq(t.term[4].text, span_str("weather")) && span_eq(t.term[5].text, span_str("is")));
  terms_free(&t);
  view_unref(v);
}

static void a_sample_stands_for_its_cluster(void) {
  static const char *const LINES[] = {
    "{\"input\":\"red\",\"output\":\"\"}", "{\"input\":\"red\",\"output\":\"\"}",
    "{\"input\":\"blue red\",\"output\":\"\"}", "{\"input\":\"blue\",\"output\":\"\"}" };
  static const uint32_t ROW[] = { 0, 1, 2, 3 }, FIRST[] = { 0, 2, 4 }, SIZE[] = { 200, 100 };
  TermsSpec spec = SPEC;
  spec.least = 1;
  View *v = view_of(LINES, 4);
  Terms t;
  Error err;
  CHECK(terms_make(v, 2, ROW, FIRST, SIZE, &spec, NULL, &t, &err) == 0);
  /* red: all 200 rows of the first and, by the sample, 50 of the second; 150 rows a cluster */
  CHECK(t.n[0] == 1 && fabs(t.term[0].score - log(1 + 150.0 / 250)) < 1e-12);
  CHECK(t.n[1] == 1 && span_eq(t.term[4].text, span_str("blue")) && fabs(t.term[4].score - log(2.5)) < 1e-12);
  terms_free(&t);
  view_unref(v);
}

/* ---- rows in topics ---- */

static Vectors *vectors_of_rows(uint32_t n, const float (*x)[2], const uint32_t *row, uint32_t nrows) {
  Vectors *v;
  if (vectors_new(&v, nrows, row, n, 2, VECTOR_F32, "plain") != 0) abort();
  for (uint32_t i = 0; i < n; i++) vectors_put(v, i, x[i]);
  vectors_close(v);
  return v;
}

static void rows_are_told_by_how_near_they_are(void) {
  static const char *const LINES[] = {
    "{\"input\":\"a\",\"output\":\"\"}", "{\"input\":\"b\",\"output\":\"\"}", "{\"input\":\"b\",\"output\":\"\"}",
    "{\"input\":\"c\",\"output\":\"\"}", "{\"input\":\"d\",\"output\":\"\"}", "{\"input\":\"e\",\"output\":\"\"}",
    "no row" };
  static const uint32_t ROW[] = { 0, 1, 2, 3, 4, 6 };
  static const float X[][2] = { { 1, 0.5f }, { 1, 0 }, { 1, 0 }, { 0, 1 }, { -1, -1 }, { 0, 2 } };
  View *view = view_of(LINES, 7);
  Vectors *v = vectors_of_rows(6, X, ROW, 7);
  Centroids c;
  Error err;
  CHECK(centroids_new(&c, 2, 2) == 0);
  CHECK(centroids_put(&c, 0, (double[]){ 3, 0 }) == 0 && centroids_put(&c, 1, (double[]){ 0, 1 }) == 0);
  CHECK(centroids_put(&c, 1, (double[]){ 0, 0 }) == -1 && c.x[3] == 1);
  Placed *p = placed_new(&c, v, NULL, &err);
  uint32_t size[2], row[4];
  double cosine[6];
  Sizes s = placed_sizes(p, view, 0, size);
  /* the seventh row is none that stands, the sixth has no vector, the fifth points away from both */
  CHECK(size[0] == 3 && size[1] == 1 && s.nowhere == 1 && s.without == 1);
  CHECK(placed_cosines(p, view, cosine) == 5 && fabs(cosine[0] + sqrt(0.5)) < 1e-7 && cosine[4] == 1);
  CHECK(placed_central(p, view, 0, 2, row) == 0);
  CHECK(row[0] == 1 && row[1] == 0 && row[2] == 3 && row[3] == PLACE_NONE);   /* 2 repeats 1, byte for byte */
  CHECK(placed_far(p, view, 0, 4, row) == 1 && row[0] == 4);
  uint32_t sample[4], first[3];
  CHECK(placed_sample(p, view, 0, 2, 1, sample, first) == 0 && first[0] == 0 && first[1] == 2 && first[2] == 3);
  CHECK(sample[2] == 3 && sample[0] != sample[1] && sample[0] < 3 && sample[1] < 3);
  placed_unref(p);
  centroids_free(&c);
  vectors_unref(v);
  view_unref(view);
}

/* ---- the file, and matching ---- */

static Centroids made(uint32_t k, uint32_t dim, uint32_t from) {
  Centroids c;
  double *x = calloc(dim, sizeof *x);
  if (x == NULL || centroids_new(&c, k, dim) != 0) abort();
  for (uint32_t i = 0; i < k; i++) {
    for (uint32_t d = 0; d < dim; d++) x[d] = sin(1 + 3.7 * (from + i) + 1.3 * d * (from + i + 1));
    centroids_put(&c, i, x);
  }
  free(x);
  return c;
}

static void the_file_holds_what_was_written(void) {
  Centroids c = made(5, 7, 0), back;
  Buf b = { 0 }, again = { 0 };
  Span note;
  Error err;
  CHECK(topic_model_write(&c, span_str("{\"n\":1}"), &b) == 0);
  CHECK(topic_model_read(buf_span(&b), "x", &back, &note, &err) == 0);
  CHECK(back.k == 5 && back.dim == 7 && memcmp(back.x, c.x, 35 * sizeof(float)) == 0);
  CHECK(memcmp(back.inverse, c.inverse, 5 * sizeof(double)) == 0 && span_eq(note, span_str("{\"n\":1}")));
  CHECK(topic_model_write(&back, note, &again) == 0 && span_eq(buf_span(&b), buf_span(&again)));
  centroids_free(&back);
  for (size_t i = 0; i < b.len; i++) {         /* one changed byte anywhere is noticed */
    b.ptr[i] ^= 1;
    CHECK(topic_model_read(buf_span(&b), "x", &back, &note, &err) == -1 && back.x == NULL);
    b.ptr[i] ^= 1;
    CHECK(topic_model_read(span_of(b.ptr, i), "x", &back, &note, &err) == -1);
  }
  buf_free(&b);
  c.x[3] = NAN;
  CHECK(topic_model_write(&c, span_str(""), &b) == 0);
  CHECK(topic_model_read(buf_span(&b), "x.model", &back, &note, &err) == -1);
  CHECK(strstr(err.text, "x.model") != NULL && strstr(err.text, "no vector of length 1") != NULL);
  buf_free(&b);
  buf_free(&again);
  centroids_free(&c);
}

static void the_same_topics_are_matched_one_to_one(void) {
  Centroids a = made(4, 9, 0), b = made(5, 9, 1);   /* b's first three are a's last three */
  TopicPair pair[4];
  CHECK(topic_model_match(&a, &b, 0.999, pair) == 3);
  for (uint32_t i = 0; i < 3; i++) CHECK(pair[i].a == i + 1 && pair[i].b == i && pair[i].cosine == 1);
  CHECK(topic_model_match(&a, &b, -1, pair) == 4 && pair[3].a == 0 && pair[3].b >= 3);
  centroids_free(&a);
  centroids_free(&b);
}

/* ---- how many ---- */

static void the_held_out_points_tell_how_many_there_are(void) {
  enum { N = 600, TOPICS = 6 };
  static float x[N][2];
  static uint32_t row[N];
  static uint64_t key[N];
  static const uint32_t K[] = { 2, 3, 4, 6, 8, 12, 400 };
  double score[7];
  uint64_t state = 3;
  for (uint32_t i = 0; i < N; i++) {
    row[i] = i;
    key[i] = state = state * 6364136223846793005u + 1442695040888963407u;
    double angle = (double)(i % TOPICS) * 2 * 3.14159265358979 / TOPICS + (double)(state >> 40) * 0x1p-24 * 0.3;
    x[i][0] = (float)cos(angle), x[i][1] = (float)sin(angle);
  }
  Vectors *v = vectors_of_rows(N, (const float (*)[2])x, row, N);
  Error err;
  ChooseSpec spec = { K, 7, 500, 1 };
  CHECK(choose_scores(v, NULL, N, key, &spec, NULL, score, &err) == 0);
  for (int i = 0; i < 6; i++) CHECK(score[i] > 0 && score[i] <= 1 && score[i] <= score[3]);
  CHECK(isnan(score[6]));
  vectors_unref(v);
}

int main(void) {
  RUN(a_word_is_letters_digits_and_inner_apostrophes);
  RUN(the_words_of_one_cluster_alone_name_it);
  RUN(a_sample_stands_for_its_cluster);
  RUN(rows_are_told_by_how_near_they_are);
  RUN(the_file_holds_what_was_written);
  RUN(the_same_topics_are_matched_one_to_one);
  RUN(the_held_out_points_tell_how_many_there_are);
  return check_done();
}
