/* tests/test_lexical.c - lexical vectors and the sparse decomposition, against plain sums in double. */
#include <math.h>
#include <stdlib.h>

#include "embed/lexical.h"
#include "embed/svd.h"
#include "check.h"

enum { DIM = 64, TEXTS = 300, WORDS = 120 };

static uint64_t state;
static uint32_t draw(uint32_t n) {
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(state >> 33) % n;
}

/* ---- texts ---- */

typedef struct Set { size_t n; char text[TEXTS][256]; } Set;

static int text_of(void *ctx, size_t i, int worker, Span *text) {
  (void)worker;
  *text = span_str(((Set *)ctx)->text[i]);
  return 0;
}

/* Texts of ten topics, a few words of each kind, and repeated ones. */
static Set *make_set(uint64_t seed) {
  Set *s = calloc(1, sizeof *s);
  state = seed;
  s->n = TEXTS;
  for (size_t i = 0; i < TEXTS; i++) {
    size_t len = 0;
    uint32_t topic = draw(10), words = 4 + draw(16);
    for (uint32_t w = 0; w < words; w++)
      len += (size_t)sprintf(s->text[i] + len, "%s%u ", draw(3) ? "topic" : "w",
                             draw(3) ? topic * 12 + draw(12) : draw(WORDS));
  }
  return s;
}

static Lexical *fit(Set *s, LexicalParams p, Pool *pool) {
  uint32_t sample[TEXTS];
  Lexical *l;
  Error err = { "" };
  for (uint32_t i = 0; i < s->n; i++) sample[i] = i;
  CHECK(lexical_fit(&l, &p, (LexicalTexts){ s->n, text_of, s }, sample, s->n, pool, &err) == 0);
  if (l == NULL) printf("%s\n", err.text);
  return l;
}

static const LexicalParams PROJECTION = { .method = LEXICAL_PROJECTION, .features = BAG_WORDS | BAG_BIGRAMS, .dim = DIM,
                                          .kind = { 1, 0.5f, 1 } };
static const LexicalParams SVD = { .method = LEXICAL_SVD, .features = BAG_WORDS | BAG_BIGRAMS, .dim = DIM,
                                   .kind = { 1, 0.5f, 1 }, .seed = 42, .sample = TEXTS, .terms = 1 << 16,
                                   .least = 1, .iterations = 4 };

/* A text's weights by the definition, dense: weight[LEXICAL_BUCKETS] zeroed by the caller. */
static void weights_of(Set *s, const uint32_t *df, const char *text, unsigned features, double *weight) {
  Bag b = { 0 };
  CHECK(bag_read(&b, span_str(text), features) == 0 && bag_count(&b) == 0);
  for (size_t i = 0; i < b.n; i++) {
    uint32_t k = bag_bucket(b.hash[i], LEXICAL_BUCKETS);
    double kind = (b.hash[i] & BAG_KIND) == BAG_BIGRAM ? 0.5 : 1;
    weight[k] += kind * (1 + log(b.count[i])) * (1 + log((1 + (double)s->n) / (1 + (double)df[k])));
  }
  bag_free(&b);
}

static uint32_t *count_texts(Set *s, unsigned features) {
  uint32_t *df = calloc(LEXICAL_BUCKETS, sizeof *df);
  Bag b = { 0 };
  for (size_t i = 0; i < s->n; i++) {
    CHECK(bag_read(&b, span_str(s->text[i]), features) == 0 && bag_count(&b) == 0);
    for (size_t k = 0; k < b.n; k++) df[bag_bucket(b.hash[k], LEXICAL_BUCKETS)]++;
  }
  bag_free(&b);
  return df;
}

static double cosine(const double *a, const double *b, size_t n) {
  double ab = 0, aa = 0, bb = 0;
  for (size_t i = 0; i < n; i++) ab += a[i] * b[i], aa += a[i] * a[i], bb += b[i] * b[i];
  return aa > 0 && bb > 0 ? ab / sqrt(aa * bb) : 0;
}

static int embed(Lexical *l, void *room, const char *text, float *out) {
  return l->base.embed(&l->base, room, span_str(text), out);
}

/* ---- projection ---- */

static void projected_vectors_are_signed_sums_of_the_weights(void) {
  Set *s = make_set(3);
  uint32_t *df = count_texts(s, PROJECTION.features);
  Lexical *l = fit(s, PROJECTION, NULL);
  void *room = l->base.room_new(&l->base);
  Bag b = { 0 };
  for (size_t i = 0; i < 50; i++) {
    float x[DIM];
    double want[DIM] = { 0 };
    CHECK(embed(l, room, s->text[i], x) == 0);
    CHECK(bag_read(&b, span_str(s->text[i]), PROJECTION.features) == 0 && bag_count(&b) == 0);
    for (size_t k = 0; k < b.n; k++) {
      double w = ((b.hash[k] & BAG_KIND) == BAG_BIGRAM ? 0.5 : 1) * (1 + log(b.count[k])) *
                 (1 + log((1 + (double)s->n) / (1 + (double)df[bag_bucket(b.hash[k], LEXICAL_BUCKETS)])));
      want[bag_place(b.hash[k], DIM)] += bag_sign(b.hash[k]) ? -w : w;
    }
    for (size_t j = 0; j < DIM; j++) CHECK(fabs(x[j] - want[j]) < 1e-4);
  }
  bag_free(&b);
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(df);
  free(s);
}

/* Noise of 1 / sqrt(dim) a pair: over many pairs the mean error is small and its spread as the theory has it. */
static void projected_cosines_are_those_of_the_weights_with_the_noise_of_their_size(void) {
  enum { BIG = 256, PAIRS = 400 };
  Set *s = make_set(5);
  LexicalParams p = PROJECTION;
  p.dim = BIG;
  uint32_t *df = count_texts(s, p.features);
  Lexical *l = fit(s, p, NULL);
  void *room = l->base.room_new(&l->base);
  double sum = 0, squares = 0, *a = malloc(LEXICAL_BUCKETS * sizeof *a), *b = malloc(LEXICAL_BUCKETS * sizeof *b);
  for (int t = 0; t < PAIRS / 8; t++) {
    const char *first = s->text[draw(TEXTS)], *second = s->text[draw(TEXTS)];
    float x[BIG], y[BIG];
    memset(a, 0, LEXICAL_BUCKETS * sizeof *a);
    memset(b, 0, LEXICAL_BUCKETS * sizeof *b);
    weights_of(s, df, first, p.features, a);
    weights_of(s, df, second, p.features, b);
    CHECK(embed(l, room, first, x) == 0 && embed(l, room, second, y) == 0);
    double error = vectors_cosine_of(x, y, BIG) - cosine(a, b, LEXICAL_BUCKETS);
    sum += error;
    squares += error * error;
  }
  CHECK(fabs(sum / (PAIRS / 8)) < 0.03);
  CHECK(sqrt(squares / (PAIRS / 8)) < 1.5 / sqrt(BIG));
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(a);
  free(b);
  free(df);
  free(s);
}

static void texts_without_a_feature_have_no_vector(void) {
  Set *s = make_set(7);
  Lexical *l = fit(s, PROJECTION, NULL);
  void *room = l->base.room_new(&l->base);
  const char *texts[] = { "", "  \n", "?!", "..." };
  for (int t = 0; t < 4; t++) {
    float x[DIM];
    CHECK(embed(l, room, texts[t], x) == 0);
    for (int j = 0; j < DIM; j++) CHECK(x[j] == 0);
  }
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(s);
}

static void fitting_gives_the_same_for_any_number_of_threads(void) {
  Set *s = make_set(9);
  Pool *pool = pool_new(3);
  for (int method = 0; method < 1 + svd_available(); method++) {
    LexicalParams p = method ? SVD : PROJECTION;
    Lexical *a = fit(s, p, NULL), *b = fit(s, p, pool);
    CHECK(memcmp(a->idf, b->idf, LEXICAL_BUCKETS * sizeof *a->idf) == 0);
    CHECK(a->nterms == b->nterms);
    if (method && a->nterms == b->nterms) {
      CHECK(memcmp(a->basis, b->basis, (size_t)a->nterms * DIM * sizeof *a->basis) == 0);
      CHECK(memcmp(a->term, b->term, LEXICAL_BUCKETS * sizeof *a->term) == 0);
    }
    embedder_unref(&a->base);
    embedder_unref(&b->base);
  }
  pool_free(pool);
  free(s);
}

/* ---- svd ---- */

/* Singular values of a dense matrix a[n][m], n >= m, by one-sided rotations (Hestenes); a's columns become them times
** the left vectors, v[m][m] the right ones. */
static void jacobi(double *a, size_t n, size_t m, double *v) {
  for (size_t i = 0; i < m; i++)
    for (size_t j = 0; j < m; j++) v[i * m + j] = i == j;
  for (int sweep = 0; sweep < 30; sweep++) {
    double off = 0;
    for (size_t p = 0; p < m; p++)
      for (size_t q = p + 1; q < m; q++) {
        double pp = 0, qq = 0, pq = 0;
        for (size_t i = 0; i < n; i++) {
          pp += a[i * m + p] * a[i * m + p];
          qq += a[i * m + q] * a[i * m + q];
          pq += a[i * m + p] * a[i * m + q];
        }
        if (fabs(pq) <= 1e-14 * sqrt(pp * qq) || pq == 0) continue;
        off += fabs(pq);
        double zeta = (qq - pp) / (2 * pq), t = (zeta >= 0 ? 1 : -1) / (fabs(zeta) + sqrt(1 + zeta * zeta));
        double c = 1 / sqrt(1 + t * t), s = c * t;
        for (size_t i = 0; i < n + m; i++) {
          double *row = i < n ? a + i * m : v + (i - n) * m, x = row[p], y = row[q];
          row[p] = c * x - s * y;
          row[q] = s * x + c * y;
        }
      }
    if (off < 1e-12) break;
  }
}

static int descending(const void *x, const void *y) {
  double a = *(const double *)x, b = *(const double *)y;
  return (a < b) - (a > b);
}

static void singular_values_are_those_of_the_dense_matrix(void) {
  enum { N = 90, M = 40, K = 8 };
  if (!svd_available()) SKIP("no LAPACK");
  static double dense[N * M], v[M * M], sigma[M];
  size_t start[N + 1] = { 0 };
  static uint32_t column[N * M];
  static float value[N * M];
  size_t at = 0;
  state = 77;
  for (size_t i = 0; i < N; i++) {
    for (size_t j = 0; j < M; j++) {
      if (draw(4) != 0) continue;
      double x = (double)(draw(2000) + 1) / 1000 * (j % 5 == i % 5 ? 4 : 0.5);
      column[at] = (uint32_t)j;
      value[at] = (float)x;
      dense[i * M + j] = value[at++];
    }
    start[i + 1] = at;
  }
  SvdMatrix a = { N, M, start, column, value };
  float got[M * K];
  double have[K];
  Error err = { "" };
  CHECK(svd_sparse(&a, K, 8, 1, NULL, got, have, &err) == 0);
  static double copy[N * M];
  memcpy(copy, dense, sizeof copy);
  jacobi(copy, N, M, v);
  for (size_t j = 0; j < M; j++) {
    double sum = 0;
    for (size_t i = 0; i < N; i++) sum += copy[i * M + j] * copy[i * M + j];
    sigma[j] = sqrt(sum);
  }
  qsort(sigma, M, sizeof *sigma, descending);
  for (size_t j = 0; j < K; j++) {
    CHECK(fabs(have[j] - sigma[j]) < 1e-3 * sigma[0]);
    double length = 0, image = 0;   /* |A v| is sigma, |v| is 1 */
    for (size_t i = 0; i < M; i++) length += (double)got[i * K + j] * got[i * K + j];
    for (size_t i = 0; i < N; i++) {
      double dot = 0;
      for (size_t t = 0; t < M; t++) dot += dense[i * M + t] * got[t * K + j];
      image += dot * dot;
    }
    CHECK(fabs(length - 1) < 1e-4);
    CHECK(fabs(sqrt(image) - sigma[j]) < 1e-3 * sigma[0]);
  }
}

static void a_matrix_of_few_directions_leaves_the_others_zero(void) {
  if (!svd_available()) SKIP("no LAPACK");
  size_t start[] = { 0, 2, 4, 6, 7 };
  uint32_t column[] = { 0, 1, 0, 1, 0, 1, 2 };
  float value[] = { 1, 1, 2, 2, 3, 3, 1 }, v[3 * 16];
  double sigma[16];
  Error err = { "" };
  SvdMatrix a = { 4, 3, start, column, value };
  CHECK(svd_sparse(&a, 16, 2, 1, NULL, v, sigma, &err) == 0);
  CHECK(fabs(sigma[0] - sqrt(28)) < 1e-4 && fabs(sigma[1] - 1) < 1e-4);
  for (int j = 2; j < 16; j++) {
    CHECK(sigma[j] == 0);
    for (int i = 0; i < 3; i++) CHECK(v[i * 16 + j] == 0);
  }
  SvdMatrix none = { 0, 0, start, column, value };
  CHECK(svd_sparse(&none, 16, 2, 1, NULL, v, sigma, &err) == 0 && sigma[0] == 0);
}

/* Where as many directions are kept as there are texts, folding loses nothing: cosines are those of the weights. */
static void with_all_directions_folded_cosines_are_those_of_the_weights(void) {
  if (!svd_available()) SKIP("no LAPACK");
  Set *s = make_set(13);
  s->n = 40;
  uint32_t *df = count_texts(s, SVD.features);
  Lexical *l = fit(s, SVD, NULL);
  void *room = l->base.room_new(&l->base);
  double *a = malloc(LEXICAL_BUCKETS * sizeof *a), *b = malloc(LEXICAL_BUCKETS * sizeof *b);
  for (int t = 0; t < 30; t++) {
    const char *first = s->text[draw(40)], *second = s->text[draw(40)];
    float x[DIM], y[DIM];
    memset(a, 0, LEXICAL_BUCKETS * sizeof *a);
    memset(b, 0, LEXICAL_BUCKETS * sizeof *b);
    weights_of(s, df, first, SVD.features, a);
    weights_of(s, df, second, SVD.features, b);
    CHECK(embed(l, room, first, x) == 0 && embed(l, room, second, y) == 0);
    CHECK(fabs(vectors_cosine_of(x, y, DIM) - cosine(a, b, LEXICAL_BUCKETS)) < 1e-3);
  }
  double all = 0;
  for (int j = 0; j < DIM; j++) {
    all += l->energy[j];
    CHECK(j == 0 || l->energy[j] <= l->energy[j - 1]);
  }
  CHECK(fabs(all - 1) < 1e-3);
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(a);
  free(b);
  free(df);
  free(s);
}

static void words_that_stand_in_too_few_texts_are_not_folded(void) {
  if (!svd_available()) SKIP("no LAPACK");
  Set *s = make_set(15);
  LexicalParams p = SVD;
  p.least = 2;
  strcpy(s->text[0], "unheard");
  Lexical *l = fit(s, p, NULL);
  void *room = l->base.room_new(&l->base);
  float x[DIM];
  CHECK(embed(l, room, "unheard", x) == 0);
  for (int j = 0; j < DIM; j++) CHECK(x[j] == 0);
  l->base.room_free(room);
  embedder_unref(&l->base);
  free(s);
}

static void gaussian_numbers_have_mean_0_and_variance_1(void) {
  enum { N = 40000 };
  float *x = malloc(N * sizeof *x);
  double sum = 0, squares = 0;
  svd_gaussian(5, N, x);
  for (int i = 0; i < N; i++) sum += x[i], squares += (double)x[i] * x[i];
  CHECK(fabs(sum / N) < 5 / sqrt(N));
  CHECK(fabs(squares / N - 1) < 5 * sqrt(2.0 / N));
  free(x);
}

int main(void) {
  RUN(projected_vectors_are_signed_sums_of_the_weights);
  RUN(projected_cosines_are_those_of_the_weights_with_the_noise_of_their_size);
  RUN(texts_without_a_feature_have_no_vector);
  RUN(fitting_gives_the_same_for_any_number_of_threads);
  RUN(singular_values_are_those_of_the_dense_matrix);
  RUN(a_matrix_of_few_directions_leaves_the_others_zero);
  RUN(with_all_directions_folded_cosines_are_those_of_the_weights);
  RUN(words_that_stand_in_too_few_texts_are_not_folded);
  RUN(gaussian_numbers_have_mean_0_and_variance_1);
  return check_done();
}
