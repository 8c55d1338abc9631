/* tests/test_vectors.c - vectors of rows: storage, the cosine that decides, attachments, products of matrices. */
#include "vectors/vectors.h"

#include <math.h>

#include "tests/check.h"
#include "tests/fixture.h"
#include "vectors/dense.h"
#include "vectors/tiles.h"
#include "vectors/dot.h"
#include "vectors/embedder.h"
#include "vectors/half.h"

/* ---- numbers to test with ---- */

static uint64_t state = 1;
static float any(void) {   /* -1 to 1, in steps of 2^-23 (a linear congruential generator, Knuth's MMIX) */
  state = state * 6364136223846793005u + 1442695040888963407u;
  return (float)((int64_t)(state >> 40) - (1 << 23)) / (float)(1 << 23);
}

static Vectors *vectors_at_random(uint32_t n, uint32_t dim, VectorKind kind) {
  Vectors *v;
  uint32_t *rows = malloc((n + 1) * sizeof *rows);
  float *x = malloc(dim * sizeof *x);
  for (uint32_t i = 0; i < n; i++) rows[i] = i;
  if (vectors_new(&v, n, rows, n, dim, kind, "random") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    for (uint32_t k = 0; k < dim; k++) x[k] = any();
    vectors_put(v, i, x);
  }
  vectors_close(v);
  free(rows);
  free(x);
  return v;
}

/* ---- binary16 ---- */

/* The value of a pattern by the standard's words: sign, 5 bits of exponent biased by 15, 10 of fraction. */
static double half_by_the_standard(uint16_t h) {
  int e = h >> 10 & 31, f = h & 1023;
  double x = e == 0 ? ldexp(f, -24) : ldexp(1024 + f, e - 25);
  return h & 0x8000 ? -x : x;
}

static void every_half_has_the_value_that_the_standard_says(void) {
  int wrong = 0;
  uint16_t h[65536];
  static float at_once[65536];
  for (uint32_t i = 0; i < 65536; i++) h[i] = (uint16_t)i;
  half_to_floats(h, 65536, at_once);
  for (uint32_t i = 0; i < 65536; i++) {
    if ((i >> 10 & 31) == 31) continue;
    if ((double)half_value((uint16_t)i) != half_by_the_standard((uint16_t)i)) wrong++;
    if (at_once[i] != half_value((uint16_t)i)) wrong++;
    if (half_of(half_value((uint16_t)i)) != i) wrong++;
  }
  CHECK(wrong == 0);
  CHECK(isinf(half_value(0x7C00)) && isnan(half_value(0x7E00)));
}

static void a_float_becomes_the_nearest_half_and_a_tie_the_even_one(void) {
  int wrong = 0;
  for (uint32_t i = 0; i < 0x7BFF; i++) {
    double low = half_by_the_standard((uint16_t)i), high = half_by_the_standard((uint16_t)(i + 1));
    float middle = (float)((low + high) / 2);   /* exact: one bit more than a half has */
    if (half_of(middle) != (i % 2 == 0 ? i : i + 1)) wrong++;
    if (half_of(nextafterf(middle, 0)) != i || half_of(nextafterf(middle, 1e6f)) != i + 1) wrong++;
  }
  CHECK(wrong == 0);
  CHECK(half_of(65519) == 0x7BFF && half_of(65520) == 0x7C00 && half_of(-65520) == 0xFC00);
  CHECK(half_of(NAN) != 0x7C00 && isnan(half_value(half_of(NAN))));
}

/* ---- the dot product ---- */

static void the_dot_product_is_that_of_the_lanes_on_every_path(void) {
  float a[1003], b[1003];
  for (size_t i = 0; i < 1003; i++) {
    a[i] = any();
    b[i] = any();
  }
  for (size_t n = 0; n <= 1003; n = n < 40 ? n + 1 : n * 2 + 1) {
    double plain = 0, lane[8] = { 0 };
    for (size_t i = 0; i < n; i++) {
      plain += (double)a[i] * (double)b[i];
      lane[i % 8] += (double)a[i] * (double)b[i];
    }
    double want = ((lane[0] + lane[4]) + (lane[2] + lane[6])) + ((lane[1] + lane[5]) + (lane[3] + lane[7]));
    for (int path = 0; path < SIMD_PATHS; path++)
      if (simd_has((SimdPath)path)) CHECK(dot_fixed((SimdPath)path, a, b, n) == want);
    CHECK(fabs(want - plain) < 1e-12);
  }
}

static void a_cosine_is_that_of_the_doubles(void) {
  for (int kind = VECTOR_F32; kind <= VECTOR_F16; kind++) {
    Vectors *v = vectors_at_random(40, 1500, (VectorKind)kind);
    float x[1500], y[1500];
    for (uint32_t i = 1; i < v->n; i++) {
      const float *a = vectors_get(v, i, x), *b = vectors_get(v, i - 1, y);
      double dot = 0, aa = 0, bb = 0;
      for (uint32_t k = 0; k < v->dim; k++) {
        dot += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
      }
      CHECK(fabs(vectors_cosine(v, i, i - 1) - dot / sqrt(aa * bb)) < 1e-12);
      CHECK(vectors_cosine(v, i, i - 1) == vectors_cosine(v, i - 1, i));
      CHECK(fabs(aa - 1) < (kind == VECTOR_F32 ? 1e-6 : 1e-3));
    }
    vectors_unref(v);
  }
}

static void a_cosine_is_1_only_between_the_same_bytes(void) {
  uint32_t rows[] = { 0, 1, 2, 3 };
  Vectors *v;
  CHECK(vectors_new(&v, 4, rows, 4, 3, VECTOR_F32, "v") == 0);
  vectors_put(v, 0, (float[]){ 1, 2, 3 });
  vectors_put(v, 1, (float[]){ 1, 2, 3 });
  vectors_put(v, 2, (float[]){ 1, 2, 3.0000005f });
  vectors_put(v, 3, (float[]){ -1, -2, -3 });
  vectors_close(v);
  CHECK(vectors_cosine(v, 0, 1) == 1);
  CHECK(vectors_cosine(v, 0, 2) < 1 && vectors_cosine(v, 0, 2) > 0.999999);
  CHECK(vectors_cosine(v, 0, 3) >= -1 && vectors_cosine(v, 0, 3) < -0.999999);
  vectors_unref(v);
  float zero[2] = { 0, 0 }, one[2] = { 0, 5 }, bad[2] = { NAN, 1 };
  CHECK(vectors_cosine_of(zero, one, 2) == 0 && vectors_cosine_of(bad, one, 2) == 0);
  CHECK(vectors_cosine_of(one, one, 2) == 1);
}

static void vectors_of_two_kinds_have_a_cosine_too(void) {
  state = 7;
  Vectors *v = vectors_at_random(3, 100, VECTOR_F32);
  state = 7;
  Vectors *w = vectors_at_random(3, 100, VECTOR_F16);
  for (uint32_t i = 0; i < 3; i++) CHECK(fabs(vectors_cosine_between(v, i, w, i) - 1) < 1e-6);
  CHECK(fabs(vectors_cosine_between(v, 0, w, 1) - vectors_cosine(v, 0, 1)) < 1e-3);
  vectors_unref(v);
  vectors_unref(w);
}

/* ---- storage ---- */

static void rows_whose_vector_is_nothing_have_none_and_it_is_told_why(void) {
  uint32_t rows[] = { 1, 3, 4, 6, 7 };
  Vectors *v;
  CHECK(vectors_new(&v, 9, rows, 5, 2, VECTOR_F16, "v") == 0);
  CHECK(vectors_put(v, 0, (float[]){ 0, -0.0f }) == VECTOR_ZERO);
  CHECK(vectors_put(v, 1, (float[]){ 3, 4 }) == VECTOR_OK);
  CHECK(vectors_put(v, 2, (float[]){ INFINITY, 1 }) == VECTOR_NOT_FINITE);
  CHECK(vectors_put(v, 3, (float[]){ 1e30f, -1e30f }) == VECTOR_OK);   /* its square is no float */
  vectors_close(v);
  CHECK(v->n == 2 && v->row[0] == 3 && v->row[1] == 6);
  CHECK(v->slot[3] == 0 && v->slot[6] == 1 && v->slot[1] == VECTOR_NONE && v->slot[0] == VECTOR_NONE);
  CHECK(v->state[1] == VECTOR_ZERO && v->state[4] == VECTOR_NOT_FINITE && v->state[7] == VECTOR_MISSING);
  float x[2];
  const float *a = vectors_get(v, 0, x);
  CHECK(fabsf(a[0] - 0.6f) < 1e-3f && fabsf(a[1] - 0.8f) < 1e-3f);
  vectors_unref(v);
}

static void a_vector_so_small_that_its_square_is_nothing_still_has_a_direction(void) {
  uint32_t rows[] = { 0 };
  Vectors *v;
  CHECK(vectors_new(&v, 1, rows, 1, 2, VECTOR_F32, "v") == 0);
  CHECK(vectors_put(v, 0, (float[]){ 3e-40f, 4e-40f }) == VECTOR_OK);
  vectors_close(v);
  CHECK(fabsf(vectors_get(v, 0, NULL)[0] - 0.6f) < 1e-5f);
  vectors_unref(v);
}

/* ---- embedding a view ---- */

/* Counts of a, b and c in a text. */
static void *letters_room(const Embedder *e) {
  (void)e;
  return malloc(1);
}
static int letters_embed(const Embedder *e, void *room, Span text, float *out) {
  (void)room;
  for (uint32_t i = 0; i < e->dim; i++) out[i] = 0;
  for (size_t i = 0; i < text.len; i++)
    if (text.ptr[i] >= 'a' && text.ptr[i] < 'a' + (int)e->dim) out[text.ptr[i] - 'a']++;
  return 0;
}
static void letters_destroy(Embedder *e) { (void)e; }

static const char *const LINES[] = {
  "{\"input\":\"ab\",\"output\":\"c\"}", "{\"input\":\"aabb\",\"output\":\"d\"}", "not JSON",
  "{\"input\":\"d\",\"output\":\"d\"}",  "{\"input\":\"c\",\"output\":\"\\u0061\"}",
};

static void standing_rows_are_embedded_the_same_by_any_number_of_threads(void) {
  Corpus *c = fixture_corpus(LINES, 5);
  View *view = view_new(c);
  Embedder letters = { .dim = 3, .name = "letters", .room_new = letters_room, .room_free = free,
                       .embed = letters_embed, .destroy = letters_destroy };
  atomic_init(&letters.refs, 1);
  Error err = { "" };
  for (int threads = 1; threads <= 3; threads++) {
    Pool *pool = pool_new(threads);
    Vectors *v;
    CHECK(vectors_embed(view, &letters, 1 << FIELD_INPUT | 1 << FIELD_OUTPUT, VECTOR_F32, NULL, 0, pool, &v, &err) == 0);
    CHECK(v->n == 3 && v->slot[2] == VECTOR_NONE && v->state[2] == VECTOR_MISSING && v->state[3] == VECTOR_ZERO);
    const float *x = vectors_get(v, v->slot[0], NULL);
    CHECK(fabsf(x[0] - sqrtf(1 / 3.0f)) < 1e-6f && x[0] == x[1] && x[1] == x[2]);   /* a, b and, of the output, c */
    CHECK(vectors_cosine(v, v->slot[1], v->slot[4]) > 0.49 && vectors_cosine(v, v->slot[1], v->slot[4]) < 0.51);
    vectors_unref(v);
    CHECK(vectors_embed(view, &letters, 1 << FIELD_OUTPUT, VECTOR_F32, (uint32_t[]){ 0, 3 }, 2, pool, &v, &err) == 0);
    CHECK(v->n == 1 && v->row[0] == 0 && vectors_get(v, 0, NULL)[2] == 1 && v->state[4] == VECTOR_MISSING);
    CHECK(v->embedder == &letters && strcmp(v->name, "letters") == 0);
    vectors_unref(v);
    pool_free(pool);
  }
  CHECK(atomic_load(&letters.refs) == 1);
  view_unref(view);
  corpus_unref(c);
}

static void views_share_what_was_attached_and_the_last_of_a_name_counts(void) {
  Corpus *c = fixture_corpus(LINES, 5);
  View *view = view_new(c);
  Error err = { "" };
  Vectors *v = vectors_at_random(5, 4, VECTOR_F32), *w = vectors_at_random(5, 4, VECTOR_F16);
  View *one = view_attach(view, span_str("embed"), &v->base, &err);
  View *two = view_attach(one, span_str("other"), &w->base, &err);
  View *three = view_attach(two, span_str("embed"), &w->base, &err);
  vectors_unref(v);
  vectors_unref(w);
  CHECK(vectors_of(view, span_str("")) == NULL);
  CHECK(vectors_of(one, span_str("")) == v && vectors_of(one, span_str("embed")) == v);
  CHECK(vectors_of(two, span_str("")) == w && vectors_of(two, span_str("embed")) == v);
  CHECK(vectors_of(three, span_str("embed")) == w && vectors_of(three, span_str("none")) == NULL);
  CHECK(view_attached(three, span_str("embed"), "another type") == NULL);
  view_unref(view);
  view_unref(one);
  view_unref(two);
  CHECK(vectors_of(three, span_str("embed"))->n == 5);
  view_unref(three);
  corpus_unref(c);
}

/* ---- products of matrices ---- */

enum { M = 37, N = 79, K = 131 };

/* Of c[M][N + 3] from a[M][K] times the transpose of b[N][K]: the greatest error; and nothing behind a row is written. */
static double worst_error(const float *a, const float *b, const float *c) {
  double worst = 0;
  for (size_t i = 0; i < M; i++) {
    for (size_t j = 0; j < N; j++) {
      double want = 0;
      for (size_t k = 0; k < K; k++) want += (double)a[i * K + k] * (double)b[j * K + k];
      worst = fmax(worst, fabs(want - (double)c[i * (N + 3) + j]));
    }
    for (size_t j = N; j < N + 3; j++) CHECK(c[i * (N + 3) + j] == 77);
  }
  return worst;
}

static void products_of_matrices_are_near_those_of_doubles(void) {
  static float a[M * K], b[N * K], bt[K * N], c[M * (N + 3)], d[M * (N + 3)];
  for (size_t i = 0; i < M * K; i++) a[i] = any();
  for (size_t i = 0; i < N * K; i++) bt[i % K * N + i / K] = b[i] = any();
  for (size_t i = 0; i < M * (N + 3); i++) c[i] = d[i] = 77;
  dense_nt(M, N, K, a, K, b, K, c, N + 3);
  dense_nn(M, N, K, a, K, bt, N, d, N + 3);
  CHECK(worst_error(a, b, c) < 1e-4 && worst_error(a, b, d) < 1e-4);
  static const SimdPath PATHS[] = { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512 };
  for (size_t p = 0; p < sizeof PATHS / sizeof PATHS[0]; p++) {
    if (!simd_has(PATHS[p])) continue;
    tiles_product(PATHS[p], 1, M, N, K, a, K, b, K, c, N + 3);
    tiles_product(PATHS[p], 0, M, N, K, a, K, bt, N, d, N + 3);
    CHECK(worst_error(a, b, c) < 1e-4 && memcmp(c, d, sizeof c) == 0);
    tiles_product(PATHS[p], 1, M - 5, N, K, a + 5 * K, K, b, K, d + 5 * (N + 3), N + 3);   /* cut elsewhere: the same */
    CHECK(memcmp(c, d, sizeof c) == 0);
    tiles_product(PATHS[p], 1, 0, N, K, a, K, b, K, c, N + 3);
    tiles_product(PATHS[p], 1, M, 0, K, a, K, b, K, c, N + 3);
  }
  CHECK(dense_library()[0] != '\0');
}
int main(void) {
  RUN(every_half_has_the_value_that_the_standard_says);
  RUN(a_float_becomes_the_nearest_half_and_a_tie_the_even_one);
  RUN(the_dot_product_is_that_of_the_lanes_on_every_path);
  RUN(a_cosine_is_that_of_the_doubles);
  RUN(a_cosine_is_1_only_between_the_same_bytes);
  RUN(vectors_of_two_kinds_have_a_cosine_too);
  RUN(rows_whose_vector_is_nothing_have_none_and_it_is_told_why);
  RUN(a_vector_so_small_that_its_square_is_nothing_still_has_a_direction);
  RUN(standing_rows_are_embedded_the_same_by_any_number_of_threads);
  RUN(views_share_what_was_attached_and_the_last_of_a_name_counts);
  RUN(products_of_matrices_are_near_those_of_doubles);
  return check_done();
}
