/* tests/test_kmeans.c - spherical k-means against plain loops in double. */
#include "topics/kmeans.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"

static uint64_t state;

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

typedef struct Set { Vectors *v; uint64_t *key; uint32_t *topic; } Set;

/* n points around `topics` random directions, noise times a random direction away; every tenth repeats the one before. */
static Set set_new(uint32_t n, uint32_t dim, uint32_t topics, float noise, VectorKind kind, uint64_t seed) {
  Set s = { NULL, calloc(n, sizeof *s.key), calloc(n, sizeof *s.topic) };
  uint32_t *row = calloc(n, sizeof *row);
  float *centre = calloc((size_t)topics * dim, sizeof *centre), *x = calloc(dim, sizeof *x);
  if (!s.key || !s.topic || !row || !centre || !x) abort();
  state = seed;
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  for (size_t i = 0; i < (size_t)topics * dim; i++) centre[i] = normal();
  if (vectors_new(&s.v, n, row, n, dim, kind, "made") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    s.key[i] = next();
    if (i % 10 != 9) {
      s.topic[i] = (uint32_t)(next() % topics);
      for (uint32_t d = 0; d < dim; d++) x[d] = centre[(size_t)s.topic[i] * dim + d] + noise * normal();
    } else {
      s.topic[i] = s.topic[i - 1];
    }
    vectors_put(s.v, i, x);
  }
  vectors_close(s.v);
  free(row);
  free(centre);
  free(x);
  return s;
}

static void set_free(Set *s) {
  vectors_unref(s->v);
  free(s->key);
  free(s->topic);
}

static Kmeans fitted(const Set *s, KmeansSpec spec, Pool *pool) {
  Kmeans k;
  Error err;
  CHECK(kmeans_fit(s->v, NULL, s->v->n, s->key, &spec, pool, &k, &err) == 0);
  return k;
}

/* The cosine by a plain loop in double. */
static double plain(const Vectors *v, uint32_t slot, const float *c) {
  float *room = malloc(v->dim * sizeof *room);
  const float *x = vectors_get(v, slot, room);
  double dot = 0, xx = 0, cc = 0;
  for (uint32_t d = 0; d < v->dim; d++) {
    dot += (double)x[d] * (double)c[d];
    xx += (double)x[d] * (double)x[d];
    cc += (double)c[d] * (double)c[d];
  }
  free(room);
  return dot / sqrt(xx * cc);
}

static const float *centroid(const Kmeans *k, uint32_t c) { return k->centroids.x + (size_t)c * k->centroids.dim; }

/* Points for which a plain loop finds a centroid nearer by more than rounding. */
static uint32_t worse_off(const Vectors *v, const Kmeans *k) {
  uint32_t bad = 0;
  for (uint32_t i = 0; i < v->n; i++) {
    double own = plain(v, i, centroid(k, k->of[i]));
    bad += fabs(own - k->cosine[i]) > 1e-12;
    for (uint32_t c = 0; c < k->centroids.k; c++) bad += plain(v, i, centroid(k, c)) > own + 1e-12;
  }
  return bad;
}

/* Centroids that are not the normalised sum of their points, as far as float can say. */
static uint32_t off_centre(const Vectors *v, const Kmeans *k) {
  uint32_t bad = 0, dim = v->dim;
  double *sum = calloc(dim, sizeof *sum);
  float *room = calloc(dim, sizeof *room);
  for (uint32_t c = 0; c < k->centroids.k; c++) {
    double square = 0;
    for (uint32_t d = 0; d < dim; d++) sum[d] = 0;
    for (uint32_t i = 0; i < v->n; i++) {
      if (k->of[i] != c) continue;
      const float *x = vectors_get(v, i, room);
      for (uint32_t d = 0; d < dim; d++) sum[d] += (double)x[d] * v->inverse[i];
    }
    for (uint32_t d = 0; d < dim; d++) square += sum[d] * sum[d];
    for (uint32_t d = 0; d < dim; d++) bad += fabs(sum[d] / sqrt(square) - (double)centroid(k, c)[d]) > 1e-7;
  }
  free(sum);
  free(room);
  return bad;
}

static int same(const Kmeans *a, const Kmeans *b) {
  size_t cells = (size_t)a->centroids.k * a->centroids.dim;
  return a->centroids.k == b->centroids.k && a->n == b->n && a->rounds == b->rounds &&
         memcmp(a->of, b->of, a->n * sizeof *a->of) == 0 && memcmp(a->cosine, b->cosine, a->n * sizeof *a->cosine) == 0 &&
         memcmp(a->centroids.x, b->centroids.x, cells * sizeof(float)) == 0 && a->objective == b->objective;
}

static void every_point_is_with_its_nearest_centroid(void) {
  static const uint32_t GROUPS[] = { 0, 1, 5, 40 };
  for (int kind = VECTOR_F32; kind <= VECTOR_F16; kind++) {
    Set s = set_new(1500, 24, 30, 0.9f, (VectorKind)kind, 11);
    for (size_t g = 0; g < 4; g++) {
      KmeansSpec spec = kmeans_spec(40, 1);
      spec.groups = GROUPS[g];
      spec.tries = 1;
      spec.sample = 0;
      spec.rounds = 4;     /* long before it has settled */
      Kmeans k = fitted(&s, spec, NULL);
      CHECK(k.centroids.k == 40 && k.rounds == 4);
      CHECK(worse_off(s.v, &k) == 0);
      kmeans_free(&k);
    }
    set_free(&s);
  }
}

static void settled_in_full_every_centroid_is_the_middle_of_its_points(void) {
  Set s = set_new(2500, 17, 12, 0.8f, VECTOR_F32, 3);
  KmeansSpec spec = kmeans_spec(20, 5);
  spec.settled = 0;
  spec.rounds = 500;
  Kmeans k = fitted(&s, spec, NULL);
  CHECK(k.moved == 0 && k.rounds < 500);
  CHECK(worse_off(s.v, &k) == 0 && off_centre(s.v, &k) == 0);
  double sum = 0;
  uint32_t points = 0;
  for (uint32_t i = 0; i < s.v->n; i++) sum += plain(s.v, i, centroid(&k, k.of[i]));
  for (uint32_t c = 0; c < k.centroids.k; c++) {
    points += k.size[c];
    CHECK(c == 0 || k.size[c] <= k.size[c - 1]);
  }
  CHECK(fabs(sum - k.objective) < 1e-8 && points == s.v->n);
  kmeans_free(&k);
  set_free(&s);
}

static void bounds_change_the_work_and_nothing_else(void) {
  Set s = set_new(3000, 32, 60, 0.7f, VECTOR_F32, 21);
  KmeansSpec spec = kmeans_spec(64, 9);
  spec.sample = spec.tries = 0;
  spec.settled = 0;
  spec.groups = 0;
  Kmeans lloyd = fitted(&s, spec, NULL);
  spec.groups = 1;
  Kmeans hamerly = fitted(&s, spec, NULL);
  spec.groups = 8;
  Kmeans groups = fitted(&s, spec, NULL);
  CHECK(same(&lloyd, &hamerly) && same(&lloyd, &groups));
  CHECK(hamerly.products < lloyd.products && groups.products < hamerly.products);
  kmeans_free(&lloyd);
  kmeans_free(&hamerly);
  kmeans_free(&groups);
  set_free(&s);
}

static void threads_change_nothing(void) {
  for (int kind = VECTOR_F32; kind <= VECTOR_F16; kind++) {
    Set s = set_new(2500, 20, 25, 0.8f, (VectorKind)kind, 31);
    Kmeans one = fitted(&s, kmeans_spec(50, 2), NULL);
    for (int threads = 2; threads <= 3; threads++) {
      Pool *pool = pool_new(threads);
      Kmeans many = fitted(&s, kmeans_spec(50, 2), pool);
      CHECK(same(&one, &many));
      kmeans_free(&many);
      pool_free(pool);
    }
    kmeans_free(&one);
    set_free(&s);
  }
}

static void topics_far_apart_are_found(void) {
  Set s = set_new(2000, 48, 8, 0.15f, VECTOR_F32, 77);
  for (uint64_t seed = 1; seed <= 3; seed++) {
    Kmeans k = fitted(&s, kmeans_spec(8, seed), NULL);
    uint32_t cluster[8], wrong = 0;
    for (int t = 0; t < 8; t++) cluster[t] = KMEANS_NONE;
    for (uint32_t i = 0; i < s.v->n; i++) {
      if (cluster[s.topic[i]] == KMEANS_NONE) cluster[s.topic[i]] = k.of[i];
      wrong += cluster[s.topic[i]] != k.of[i];
    }
    CHECK(k.centroids.k == 8 && wrong == 0);
    kmeans_free(&k);
  }
  set_free(&s);
}

static void points_that_are_few_or_alike_give_fewer_clusters(void) {
  Set s = set_new(10, 6, 10, 1, VECTOR_F32, 5);     /* the tenth repeats the ninth */
  Kmeans k = fitted(&s, kmeans_spec(50, 1), NULL);
  CHECK(k.centroids.k == 9);
  for (uint32_t i = 0; i < 10; i++) CHECK(k.cosine[i] > 1 - 1e-7);
  kmeans_free(&k);
  Error err;
  KmeansSpec spec = kmeans_spec(3, 1);
  uint32_t two[2] = { 8, 9 };
  CHECK(kmeans_fit(s.v, two, 2, s.key, &spec, NULL, &k, &err) == 0);
  CHECK(k.centroids.k == 1 && k.size[0] == 2 && k.of[0] == 0 && k.of[1] == 0);
  kmeans_free(&k);
  CHECK(kmeans_fit(s.v, two, 0, s.key, &spec, NULL, &k, &err) == 0 && k.n == 0 && k.centroids.k == 0);
  set_free(&s);
}

static void opposite_points_do_not_lose_their_centroid(void) {
  uint32_t row[2] = { 0, 1 };
  float x[2][2] = { { 1, 0 }, { -1, 0 } };
  uint64_t key[2] = { 1, 2 };
  Vectors *v;
  Kmeans k;
  Error err;
  CHECK(vectors_new(&v, 2, row, 2, 2, VECTOR_F32, "two") == 0);
  for (uint32_t i = 0; i < 2; i++) vectors_put(v, i, x[i]);
  vectors_close(v);
  KmeansSpec spec = kmeans_spec(1, 1);
  CHECK(kmeans_fit(v, NULL, 2, key, &spec, NULL, &k, &err) == 0);
  CHECK(k.centroids.k == 1 && fabs(fabs((double)k.centroids.x[0]) - 1) < 1e-7 && k.objective == 0);
  kmeans_free(&k);
  vectors_unref(v);
}

static void empty_clusters_take_the_farthest_point(void) {
  /* k-means++ sees one candidate a cluster: the many copies of one point, and not the few others */
  enum { N = 600 };
  uint32_t row[N];
  uint64_t key[N];
  Vectors *v;
  Kmeans k;
  Error err;
  for (uint32_t i = 0; i < N; i++) row[i] = i, key[i] = i;
  CHECK(vectors_new(&v, N, row, N, 4, VECTOR_F32, "copies") == 0);
  for (uint32_t i = 0; i < N; i++) {
    float x[4] = { 1, 0, 0, 0 };
    if (i >= N - 3) x[0] = 0, x[i - (N - 3) + 1] = 1;
    vectors_put(v, i, x);
  }
  vectors_close(v);
  for (uint32_t groups = 0; groups < 3; groups++) {
    KmeansSpec spec = { .k = 4, .rounds = 10, .candidates = 4, .groups = groups, .seed = 1 };
    CHECK(kmeans_fit(v, NULL, N, key, &spec, NULL, &k, &err) == 0);
    CHECK(k.centroids.k == 4 && k.size[0] == N - 3 && k.size[3] == 1 && fabs(k.objective - N) < 1e-6);
    kmeans_free(&k);
  }
  vectors_unref(v);
}

static void the_nearest_of_given_centroids(void) {
  Set s = set_new(3000, 19, 9, 1, VECTOR_F16, 91), other = set_new(2000, 19, 9, 1, VECTOR_F32, 92);
  Kmeans k = fitted(&s, kmeans_spec(33, 4), NULL);
  uint32_t *of = calloc(2000, sizeof *of);
  double *cosine = calloc(2000, sizeof *cosine);
  Pool *pool = pool_new(2);
  Error err;
  CHECK(kmeans_nearest(&k.centroids, other.v, NULL, 2000, pool, of, cosine, &err) == 0);
  for (uint32_t i = 0; i < 2000; i++) {
    double best = -2;
    for (uint32_t c = 0; c < k.centroids.k; c++) best = fmax(best, plain(other.v, i, centroid(&k, c)));
    CHECK(fabs(best - cosine[i]) < 1e-12 && fabs(plain(other.v, i, centroid(&k, of[i])) - best) < 1e-12);
  }
  pool_free(pool);
  free(of);
  free(cosine);
  kmeans_free(&k);
  set_free(&s);
  set_free(&other);
}

static void an_interrupt_ends_it_without_words(void) {
  Set s = set_new(2000, 8, 5, 1, VECTOR_F32, 6);
  KmeansSpec spec = kmeans_spec(5, 1);
  Kmeans k;
  Error err;
  interrupt_raise();
  CHECK(kmeans_fit(s.v, NULL, s.v->n, s.key, &spec, NULL, &k, &err) == -1 && err.text[0] == '\0' && k.of == NULL);
  interrupt_clear();
  set_free(&s);
}

int main(void) {
  RUN(every_point_is_with_its_nearest_centroid);
  RUN(settled_in_full_every_centroid_is_the_middle_of_its_points);
  RUN(bounds_change_the_work_and_nothing_else);
  RUN(threads_change_nothing);
  RUN(topics_far_apart_are_found);
  RUN(points_that_are_few_or_alike_give_fewer_clusters);
  RUN(opposite_points_do_not_lose_their_centroid);
  RUN(empty_clusters_take_the_farthest_point);
  RUN(the_nearest_of_given_centroids);
  RUN(an_interrupt_ends_it_without_words);
  return check_done();
}
