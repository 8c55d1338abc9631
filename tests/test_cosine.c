/* tests/test_cosine.c - pairs, leaders and nearest vectors by cosine, against a plain double reference that holds every
** vector against every other. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "core/spill.h"
#include "cosine/approximate.h"
#include "cosine/bytes.h"
#include "cosine/nearest.h"
#include "cosine/search.h"
#include "cosine/sweep.h"
#include "neardup/cluster.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}
static float bell(void) {   /* about normal */
  float sum = 0;
  for (int i = 0; i < 6; i++) sum += (float)draw(1 << 20) / (1 << 19) - 1;
  return sum / 1.414f;
}

/* ---- data ---- */

typedef enum Shape { RANDOM, CLUSTERED, COPIES, EQUAL, OPPOSITE, TOPICS } Shape;

static void draw_vector(Shape shape, const float *made, uint32_t i, uint32_t dim, float *x) {
  uint32_t like = i > 0 ? draw(i) : 0;
  for (uint32_t k = 0; k < dim; k++) x[k] = bell() / (1 + 0.05f * (float)k);
  if (i == 0 || shape == RANDOM) return;
  if (shape == EQUAL) like = 0;
  if (shape == TOPICS && i < 40) return;
  if (shape == TOPICS && draw(10) > 0) like = draw(40);
  if (shape == CLUSTERED && draw(8) == 0) return;
  float noise = shape == OPPOSITE ? 0.02f : shape == TOPICS ? 0.2f : 0;
  if (shape == CLUSTERED) noise = (float)(1 << draw(5)) / 32;
  float sign = shape == OPPOSITE && draw(2) ? -1 : 1;
  if (shape == COPIES && draw(3) == 0) return;
  for (uint32_t k = 0; k < dim; k++) x[k] = sign * made[(size_t)like * dim + k] + noise * x[k];
}

static Vectors *make(Shape shape, uint32_t n, uint32_t dim, VectorKind kind) {
  Vectors *v;
  uint32_t *row = calloc(n + 1, sizeof *row);
  float *x = malloc(((size_t)n + 1) * dim * sizeof *x);
  for (uint32_t i = 0; i < n; i++) row[i] = i;
  if (vectors_new(&v, n, row, n, dim, kind, "made") != 0) abort();
  for (uint32_t i = 0; i < n; i++) {
    draw_vector(shape, x, i, dim, x + (size_t)i * dim);
    CHECK(vectors_put(v, i, x + (size_t)i * dim) == VECTOR_OK);
  }
  vectors_close(v);
  CHECK(v->n == n);
  free(row);
  free(x);
  return v;
}

/* ---- the reference ---- */

static void numbers(const Vectors *v, uint32_t slot, double *out) {
  float *room = malloc(v->dim * sizeof *room);
  const float *x = vectors_get(v, slot, room);
  for (uint32_t i = 0; i < v->dim; i++) out[i] = x[i];
  free(room);
}

/* cos [n][n]; exactly 1 for equal numbers */
static double *reference(const Vectors *v) {
  double *x = malloc((size_t)v->n * v->dim * sizeof *x + 1), *cos = malloc((size_t)v->n * v->n * sizeof *cos + 1);
  for (uint32_t i = 0; i < v->n; i++) numbers(v, i, x + (size_t)i * v->dim);
  for (uint32_t i = 0; i < v->n; i++)
    for (uint32_t j = 0; j < v->n; j++) {
      const double *a = x + (size_t)i * v->dim, *b = x + (size_t)j * v->dim;
      double ab = 0, aa = 0, bb = 0;
      for (uint32_t k = 0; k < v->dim; k++) {
        ab += a[k] * b[k];
        aa += a[k] * a[k];
        bb += b[k] * b[k];
      }
      cos[(size_t)i * v->n + j] = memcmp(a, b, v->dim * sizeof *a) == 0 ? 1 : ab / (sqrt(aa) * sqrt(bb));
    }
  free(x);
  return cos;
}

/* like[n]: the first vector of the same numbers. */
static uint32_t *first_likes(const double *cos, uint32_t n) {
  uint32_t *like = calloc(n + 1, sizeof *like);
  for (uint32_t i = 0; i < n; i++)
    while (cos[(size_t)i * n + like[i]] != 1) like[i]++;
  return like;
}

/* Is a pair that the reference puts at `cos` there (near 1e-12 of the threshold either may be right)? */
static int agrees(double cos, double threshold, int there, double given) {
  if (there) return fabs(cos - given) < 1e-12 && given >= threshold;
  return cos < threshold + 1e-12;
}

static void check_pairs(const Vectors *v, const double *cos, double threshold, const CosinePairs *got) {
  size_t at = 0;
  int sorted = 1, right = 1, like_brute = 1;
  uint32_t *like = first_likes(cos, v->n);
  for (size_t i = 1; i < got->n; i++)
    sorted &= got->pair[i - 1].a < got->pair[i].a ||
              (got->pair[i - 1].a == got->pair[i].a && got->pair[i - 1].b < got->pair[i].b);
  for (uint32_t a = 0; a < v->n; a++)
    for (uint32_t b = a + 1; b < v->n; b++) {
      const int there = at < got->n && got->pair[at].a == a && got->pair[at].b == b;
      const double given = there ? got->pair[at].cosine : -2, c = cos[(size_t)a * v->n + b];
      at += (size_t)there;
      if (like[a] == like[b]) right &= there == (a == like[a]) && (!there || given == 1);
      else if (like[a] != a || like[b] != b) right &= !there;
      else right &= agrees(c, threshold, there, given);
      like_brute &= !there || given == vectors_cosine(v, a, b);
    }
  CHECK(sorted);
  CHECK(right);
  CHECK(like_brute);
  CHECK(at == got->n);
  free(like);
}

static CosinePairs pairs_of(const Vectors *v, CosineParams p, Pool *pool) {
  CosinePairs out;
  Error err;
  CHECK(cosine_pairs(v, NULL, v->n, &p, pool, &out, &err) == 0);
  const CosineFigures *f = &out.figures;
  if (p.threshold < 1) CHECK(f->by_cluster + f->by_annulus + f->by_head + f->proposed == f->pairs);
  return out;
}

static int same_pairs(const CosinePairs *a, const CosinePairs *b) {
  if (a->n != b->n || a->floor != b->floor || a->limited != b->limited) return 0;
  for (size_t i = 0; i < a->n; i++)
    if (a->pair[i].a != b->pair[i].a || a->pair[i].b != b->pair[i].b || a->pair[i].cosine != b->pair[i].cosine)
      return 0;
  return 1;
}

static int same_figures(const CosineFigures *a, const CosineFigures *b) {
  return a->distinct == b->distinct && a->pairs == b->pairs && a->by_cluster == b->by_cluster &&
         a->by_annulus == b->by_annulus && a->by_head == b->by_head && a->proposed == b->proposed &&
         a->products == b->products && a->clusters == b->clusters && a->head == b->head;
}

static const struct { Shape shape; uint32_t n, dim; VectorKind kind; } CASES[] = {
  { RANDOM, 300, 1, VECTOR_F32 },      { RANDOM, 600, 3, VECTOR_F32 },      { RANDOM, 300, 384, VECTOR_F32 },
  { CLUSTERED, 600, 3, VECTOR_F32 },   { CLUSTERED, 1100, 24, VECTOR_F32 }, { CLUSTERED, 300, 384, VECTOR_F32 },
  { CLUSTERED, 200, 384, VECTOR_F16 }, { CLUSTERED, 90, 1000, VECTOR_F32 }, { COPIES, 200, 384, VECTOR_F16 },
  { COPIES, 600, 31, VECTOR_F32 },     { EQUAL, 600, 20, VECTOR_F32 },      { OPPOSITE, 400, 65, VECTOR_F32 },
  { RANDOM, 0, 8, VECTOR_F32 },        { RANDOM, 1, 8, VECTOR_F32 },        { RANDOM, 2, 8, VECTOR_F16 },
};
enum { NCASES = sizeof CASES / sizeof CASES[0] };

/* Instrumented builds take one case in three: they are ten times as slow. */
static int left_out(int i) { return getenv("SANITIZED") != NULL && i % 3 != 1; }
static const double THRESHOLDS[] = { 0.3, 0.7, 0.92, 0.999, 1.0 };

static void pairs_are_those_of_brute_force(void) {
  for (int c = 0; c < NCASES; c++) {
    if (left_out(c)) continue;
    seed = 7 + (uint64_t)c;
    Vectors *v = make(CASES[c].shape, CASES[c].n, CASES[c].dim, CASES[c].kind);
    double *cos = reference(v);
    for (size_t t = 0; t < sizeof THRESHOLDS / sizeof THRESHOLDS[0]; t++) {
      for (int plain = 0; plain < 2; plain++) {
        CosinePairs got = pairs_of(v, (CosineParams){ .threshold = THRESHOLDS[t], .plain = plain }, NULL);
        check_pairs(v, cos, THRESHOLDS[t], &got);
        CHECK(got.floor == THRESHOLDS[t] && !got.limited);
        cosine_pairs_free(&got);
      }
    }
    free(cos);
    vectors_unref(v);
  }
}

/* Large enough for heads and cells; plain is held against the reference above. */
static void heads_and_cells_lose_no_pair(void) {
  static const struct { Shape shape; uint32_t n, dim; double threshold; } TRIED[] = {
    { TOPICS, 5000, 200, 0.95 }, { CLUSTERED, 5000, 64, 0.9 }, { RANDOM, 4500, 64, 0.35 }, { TOPICS, 5000, 3, 0.9999 },
    { CLUSTERED, 3000, 256, 0.92 },
  };
  Pool *pool = pool_new(3);
  for (size_t t = 0; t < sizeof TRIED / sizeof TRIED[0]; t++) {
    if (left_out((int)t)) continue;
    seed = 5 + t;
    Vectors *v = make(TRIED[t].shape, TRIED[t].n, TRIED[t].dim, VECTOR_F32);
    CosineParams p = { .threshold = TRIED[t].threshold };
    CosinePairs fast = pairs_of(v, p, NULL), four = pairs_of(v, p, pool);
    p.plain = 1;
    CosinePairs plain = pairs_of(v, p, pool);
    CHECK(plain.n > 100 && same_pairs(&fast, &plain) && same_pairs(&four, &plain));
    CHECK(same_figures(&fast.figures, &four.figures));
    if (TRIED[t].dim == 256) CHECK(fast.figures.head < 256);
    cosine_pairs_free(&fast);
    cosine_pairs_free(&four);
    cosine_pairs_free(&plain);
    vectors_unref(v);
  }
  pool_free(pool);
}

typedef struct Met { const Vectors *v; const Cells *c; double threshold; size_t pairs, near; } Met;

static int meet(void *ctx, int worker, uint32_t a, uint32_t b, double most) {
  Met *m = ctx;
  const double cosine = vectors_cosine(m->v, m->c->row[a], m->c->row[b]);
  (void)worker;
  m->pairs++;
  m->near += cosine >= m->threshold;
  CHECK(most >= cosine - 1e-9 && a < b);
  return 0;
}

/* Every path, with cells where they pay. */
static void every_path_proposes_every_pair(void) {
  static const SimdPath PATHS[] = { SIMD_PORTABLE, SIMD_AVX2, SIMD_AVX512 };
  seed = 5;
  Vectors *v = make(TOPICS, 6000, 64, VECTOR_F32);
  uint32_t *slot = malloc(v->n * sizeof *slot);
  for (uint32_t i = 0; i < v->n; i++) slot[i] = i;
  const double threshold = 0.97;
  CosinePairs plain = pairs_of(v, (CosineParams){ .threshold = threshold, .plain = 1 }, NULL);
  for (size_t p = 0; p < sizeof PATHS / sizeof PATHS[0]; p++) {
    if (!simd_has(PATHS[p])) continue;
    Heads h;
    Cells c;
    SweepCounts n;
    CHECK(heads_make(&h, v, slot, v->n, threshold, 0, NULL) == 0);
    const double bound = heads_bound(&h, threshold);
    CHECK(cells_make(&c, &h, 0, NULL) == 0);
    Met met = { v, &c, threshold, 0, 0 };
    CHECK(sweep_pairs(&c, bound, PATHS[p], NULL, meet, &met, &n) == 0);
    CHECK(met.near == plain.n && met.pairs == n.reached && n.by_cluster + n.by_annulus + n.taken == 6000ull * 5999 / 2);
    if (!bytes_pay(PATHS[p])) CHECK(n.cells > 1 && n.by_cluster > n.taken);
    cells_free(&c);
  }
  cosine_pairs_free(&plain);
  free(slot);
  vectors_unref(v);
}

static void bytes_are_multiplied_alike_on_every_machine(void) {
  if (!bytes_pay(simd_best())) SKIP("this machine has no instruction for products of bytes");
  seed = 6;
  Vectors *v = make(RANDOM, 199, 50, VECTOR_F32);
  uint32_t slot[199], position[PANEL_FEW] = { 0, 7, 198, 33, 34 }, few[13 * PANEL_FEW];
  for (uint32_t i = 0; i < v->n; i++) slot[i] = i;
  Heads h;
  Cells c;
  Bytes b;
  CHECK(heads_make(&h, v, slot, v->n, 0.5, 1, NULL) == 0 && cells_make(&c, &h, 1, NULL) == 0);
  CHECK(bytes_make(&b, &c, NULL) == 0 && b.quads == 13);
  PanelHit *hit = malloc(2 * PANEL_MOST * sizeof *hit), *plain = hit + PANEL_MOST;
  for (double bound = -0.2; bound < 1; bound += 0.15) {
    int32_t least = bytes_least(&b, bound), each[PANEL_FEW];
    bytes_few(&b, position, 5, least, few, each);
    size_t n = bytes_reach(1, &b, few, least, each, 5, 0, 13, hit);
    CHECK(n > 4 && n == bytes_reach(0, &b, few, least, each, 5, 0, 13, plain));
    CHECK(memcmp(hit, plain, n * sizeof *hit) == 0);
    for (size_t i = 0; i < n && hit[i].many < 199; i++)
      CHECK(fabs(hit[i].product - vectors_cosine(v, position[hit[i].few], hit[i].many)) <= b.slack + 1e-6);
  }
  CHECK(b.slack > 0 && b.slack < 0.1);
  free(hit);
  bytes_free(&b);
  cells_free(&c);
  vectors_unref(v);
}

static void negative_thresholds_give_every_pair(void) {
  seed = 3;
  Vectors *v = make(OPPOSITE, 60, 5, VECTOR_F32);
  double *cos = reference(v);
  CosinePairs got = pairs_of(v, (CosineParams){ .threshold = -1 }, NULL);
  check_pairs(v, cos, -1, &got);
  CHECK(got.n == 60 * 59 / 2);
  cosine_pairs_free(&got);
  free(cos);
  vectors_unref(v);
}

static void any_number_of_threads_gives_the_same(void) {
  Pool *pool = pool_new(4);
  seed = 11;
  Vectors *v = make(CLUSTERED, 1500, 96, VECTOR_F32);
  for (size_t most = 0; most <= 200; most += 100) {
    CosineParams p = { .threshold = 0.8, .most = most };
    CosinePairs one = pairs_of(v, p, NULL), four = pairs_of(v, p, pool);
    CHECK(one.n > 50 && same_pairs(&one, &four));
    CHECK(same_figures(&one.figures, &four.figures));
    cosine_pairs_free(&one);
    cosine_pairs_free(&four);
  }
  vectors_unref(v);
  pool_free(pool);
}

static int by_cosine(const void *a, const void *b) {
  const CosinePair *x = a, *y = b;
  return x->cosine > y->cosine ? -1 : x->cosine < y->cosine;
}

static void a_limit_keeps_the_highest_and_tells_the_floor(void) {
  seed = 13;
  Vectors *v = make(CLUSTERED, 2000, 24, VECTOR_F32);
  CosinePairs all = pairs_of(v, (CosineParams){ .threshold = 0.2 }, NULL);
  CosinePair *sorted = malloc(all.n * sizeof *sorted);
  memcpy(sorted, all.pair, all.n * sizeof *sorted);
  qsort(sorted, all.n, sizeof *sorted, by_cosine);
  CHECK(all.n > 60000);
  for (size_t most = 1; most < 50000; most = most * 7 + 3) {
    CosinePairs got = pairs_of(v, (CosineParams){ .threshold = 0.2, .most = most }, NULL);
    size_t wanted = most;   /* equals at the cut: all or none */
    while (wanted > 0 && sorted[wanted - 1].cosine == sorted[most].cosine) wanted--;
    CHECK(got.limited && got.n == wanted && got.floor == sorted[wanted - 1].cosine);
    cosine_pairs_free(&got);
  }
  Pool *pool = pool_new(3);
  for (int i = 0; i < 2; i++) {   /* above what is needed it ends; as long as the floor stays below, it does not */
    CosinePairs got = pairs_of(v, (CosineParams){ .threshold = 0.2, .most = 1000, .give_up = 0.21 }, i ? pool : NULL);
    CHECK(got.n == 0 && got.limited && got.floor > 1 && got.figures.proposed == 0);
    cosine_pairs_free(&got);
    got = pairs_of(v, (CosineParams){ .threshold = 0.2, .most = 1000, .give_up = sorted[0].cosine }, i ? pool : NULL);
    CHECK(got.n > 900 && got.limited);
    cosine_pairs_free(&got);
  }
  pool_free(pool);
  CosinePairs fits = pairs_of(v, (CosineParams){ .threshold = 0.2, .most = all.n }, NULL);
  CHECK(same_pairs(&all, &fits));
  cosine_pairs_free(&fits);
  cosine_pairs_free(&all);
  free(sorted);
  vectors_unref(v);
}

static void copies_are_found_and_do_not_count_towards_a_limit(void) {
  seed = 17;
  Vectors *v = make(EQUAL, 5000, 16, VECTOR_F32);
  CosinePairs got = pairs_of(v, (CosineParams){ .threshold = 0.5, .most = 10 }, NULL);
  CHECK(got.n == 4999 && !got.limited && got.figures.distinct == 1);
  int right = 1;
  for (size_t i = 0; i < got.n; i++)
    right &= got.pair[i].a == 0 && got.pair[i].b == i + 1 && got.pair[i].cosine == 1;
  CHECK(right);
  cosine_pairs_free(&got);
  vectors_unref(v);
}

static void a_list_of_slots_is_searched_and_nothing_else(void) {
  seed = 19;
  Vectors *v = make(CLUSTERED, 900, 32, VECTOR_F32);
  uint32_t *slot = malloc(v->n * sizeof *slot), n = 0;
  for (uint32_t i = v->n; i-- > 0;)
    if (i % 3 != 1) slot[n++] = i;
  CosinePairs all = pairs_of(v, (CosineParams){ .threshold = 0.6 }, NULL), some;
  Error err;
  CHECK(cosine_pairs(v, slot, n, &(CosineParams){ .threshold = 0.6 }, NULL, &some, &err) == 0);
  size_t wanted = 0;
  int right = 1;
  for (size_t i = 0; i < all.n; i++) wanted += all.pair[i].a % 3 != 1 && all.pair[i].b % 3 != 1;
  for (size_t i = 0; i < some.n; i++)
    right &= some.pair[i].cosine == vectors_cosine(v, slot[some.pair[i].a], slot[some.pair[i].b]) &&
             some.pair[i].a < some.pair[i].b;
  CHECK(wanted > 50 && some.n == wanted && right);
  cosine_pairs_free(&all);
  cosine_pairs_free(&some);
  free(slot);
  vectors_unref(v);
}

/* ---- by inverted lists ---- */

static void approximate_pairs_are_some_of_the_exact_ones_and_say_how_many(void) {
  ApproximateFigures f, g;
  CosinePairs some, again;
  Error err;
  CosineParams p = { .threshold = 0.9 };
  seed = 51;
  Vectors *v = make(CLUSTERED, 1200, 48, VECTOR_F32);
  if (!approximate_available()) {
    CHECK(approximate_pairs(v, NULL, v->n, &p, &(ApproximateParams){ 0 }, NULL, &some, &f, &err) == -1);
    CHECK(strstr(err.text, "libfaiss-dev") != NULL);
    vectors_unref(v);
    SKIP("built without FAISS");
  }
  Pool *pool = pool_new(3);
  CosinePairs all = pairs_of(v, p, NULL);
  for (uint32_t probes = 1; probes <= 40; probes *= 40) {   /* 40: every list */
    const ApproximateParams a = { .lists = 40, .probes = probes, .sample = 1200 };
    CHECK(approximate_pairs(v, NULL, v->n, &p, &a, NULL, &some, &f, &err) == 0);
    CHECK(approximate_pairs(v, NULL, v->n, &p, &a, pool, &again, &g, &err) == 0);
    CHECK(same_pairs(&some, &again) && f.recall == g.recall);
    size_t at = 0, found = 0;   /* both are sorted: what is found is of the exact ones */
    for (size_t i = 0; i < all.n && at < some.n; i++)
      if (all.pair[i].a == some.pair[at].a && all.pair[i].b == some.pair[at].b) {
        found += all.pair[i].cosine == some.pair[at].cosine;
        at++;
      }
    CHECK(found == some.n && some.n > all.n / 2);
    CHECK(fabs(f.recall - (double)some.n / (double)all.n) < 1e-12);   /* all rows are the sample */
    if (probes == 40) CHECK(some.n == all.n && f.recall == 1);
    else CHECK(some.n < all.n);
    cosine_pairs_free(&some);
    cosine_pairs_free(&again);
  }
  cosine_pairs_free(&all);
  vectors_unref(v);
  for (uint32_t n = 0; n < 3; n++) {
    v = make(RANDOM, n, 8, VECTOR_F32);
    CHECK(approximate_pairs(v, NULL, n, &p, &(ApproximateParams){ 0 }, pool, &some, &f, &err) == 0 && some.n == 0);
    cosine_pairs_free(&some);
    vectors_unref(v);
  }
  pool_free(pool);
}

/* ---- leaders ---- */

/* What cluster_take makes of all pairs, copies included. */
static void check_leaders(const Vectors *v, double threshold, const uint32_t *order, const uint8_t *barred,
                          Pool *pool) {
  CosinePairs all = pairs_of(v, (CosineParams){ .threshold = threshold, .plain = 1 }, NULL);
  TextPair *pair = malloc((all.n + 1) * sizeof *pair);
  for (size_t i = 0; i < all.n; i++) pair[i] = (TextPair){ all.pair[i].a, all.pair[i].b, all.pair[i].cosine };
  ClusterGraph g;
  Clusters c;
  CosineLeaders got;
  Error err;
  CHECK(cluster_graph_init(&g, v->n, order, NULL, pair, all.n) == 0);
  CHECK(clusters_init(&c, v->n, CLUSTER_LEADER) == 0);
  cluster_take(&g, threshold, CLUSTER_LEADER, barred, &c);
  CHECK(cosine_leaders(v, NULL, v->n, order, barred, &(CosineParams){ .threshold = threshold }, pool, &got, &err) == 0);
  int twins = 1, cosines = 1;
  for (uint32_t i = 0; i < v->n; i++) {
    twins &= got.twin[i] == c.twin[i];
    cosines &= isnan(c.jaccard[i]) ? isnan(got.cosine[i]) : got.cosine[i] == c.jaccard[i];
  }
  CHECK(twins);
  CHECK(cosines);
  CHECK(got.rejected == c.rejected);
  cosine_leaders_free(&got);
  clusters_free(&c);
  cluster_graph_free(&g);
  cosine_pairs_free(&all);
  free(pair);
}

static void leaders_are_those_of_all_pairs(void) {
  Pool *pool = pool_new(3);
  for (int c = 0; c < NCASES; c++) {
    if (left_out(c)) continue;
    seed = 23 + (uint64_t)c;
    Vectors *v = make(CASES[c].shape, CASES[c].n, CASES[c].dim, CASES[c].kind);
    uint32_t *order = malloc((v->n + 1) * sizeof *order);
    uint8_t *barred = malloc(v->n + 1);
    for (uint32_t i = 0; i < v->n; i++) {
      uint32_t j = draw(i + 1);
      order[i] = order[j];
      order[j] = i;
      barred[i] = draw(5) == 0;
    }
    for (size_t t = 0; t < sizeof THRESHOLDS / sizeof THRESHOLDS[0]; t++) {
      check_leaders(v, THRESHOLDS[t], NULL, NULL, NULL);
      check_leaders(v, THRESHOLDS[t], order, barred, pool);
    }
    free(order);
    free(barred);
    vectors_unref(v);
  }
  pool_free(pool);
}

/* ---- nearest ---- */

static int by_hit(const void *a, const void *b) {
  const CosineHit *x = a, *y = b;
  if (x->cosine != y->cosine) return x->cosine > y->cosine ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

static void check_nearest(const Vectors *base, const Vectors *queries, NearestParams p, Pool *pool) {
  CosineHit *hits = malloc((size_t)(queries->n + 1) * p.k * sizeof *hits);
  CosineHit *brute = malloc((base->n + 1) * sizeof *brute);
  uint32_t *found = malloc((queries->n + 1) * sizeof *found);
  Error err;
  int right = 1;
  CHECK(cosine_nearest(base, NULL, base->n, queries, NULL, queries->n, &p, pool, hits, found, &err) == 0);
  for (uint32_t q = 0; q < queries->n; q++) {
    uint32_t n = 0;
    for (uint32_t i = 0; i < base->n; i++) {
      double cosine = vectors_cosine_between(queries, q, base, i);
      if (cosine >= p.least && !(p.exclude_self && base == queries && i == q)) brute[n++] = (CosineHit){ cosine, i };
    }
    qsort(brute, n, sizeof *brute, by_hit);
    if (n > p.k) n = p.k;
    right &= found[q] == n;
    for (uint32_t i = 0; i < p.k; i++) {
      const CosineHit *h = &hits[(size_t)q * p.k + i];
      if (i < n) right &= h->place == brute[i].place && h->cosine == brute[i].cosine;
      else right &= h->place == VECTOR_NONE && isnan(h->cosine);
    }
  }
  CHECK(right);
  free(hits);
  free(brute);
  free(found);
}

static void the_nearest_are_those_of_brute_force(void) {
  Pool *pool = pool_new(3);
  for (int c = 0; c < NCASES; c++) {
    if (left_out(c)) continue;
    seed = 31 + (uint64_t)c;
    Vectors *v = make(CASES[c].shape, CASES[c].n, CASES[c].dim, CASES[c].kind);
    Vectors *w = make(CASES[c].shape, 70, CASES[c].dim, VECTOR_F32);
    check_nearest(v, v, (NearestParams){ .k = 7, .least = -2, .exclude_self = 1 }, pool);
    check_nearest(v, v, (NearestParams){ .k = 1, .least = 0.5 }, NULL);
    if (CASES[c].kind == VECTOR_F32) check_nearest(v, w, (NearestParams){ .k = 1000, .least = 0.1 }, pool);
    vectors_unref(v);
    vectors_unref(w);
  }
  pool_free(pool);
}

static void a_plain_vector_has_nearest_ones_too(void) {
  seed = 41;
  Vectors *v = make(CLUSTERED, 400, 24, VECTOR_F16);
  NearestParams p = { .k = 5, .least = -2 };
  CosineHit one[5], hits[5];
  Error err;
  uint32_t found;
  float x[24], zero[24] = { 0 };
  const uint32_t query = 17;
  const float *stored = vectors_get(v, query, x);
  for (int i = 0; i < 24; i++) x[i] = stored[i] * 4;
  CHECK(cosine_nearest(v, NULL, v->n, v, &query, 1, &p, NULL, one, NULL, &err) == 0);
  CHECK(cosine_nearest_of(v, NULL, v->n, x, &p, NULL, hits, &found, &err) == 0);
  CHECK(found == 5 && one[0].place == 17 && one[0].cosine == 1);
  for (int i = 0; i < 5; i++) CHECK(one[i].place == hits[i].place && fabs(one[i].cosine - hits[i].cosine) < 2e-3);
  CHECK(cosine_nearest_of(v, NULL, v->n, zero, &p, NULL, hits, &found, &err) == 0);
  CHECK(found == 0 && hits[0].place == VECTOR_NONE);
  vectors_unref(v);
}

static void unlike_lengths_and_wrong_counts_are_told(void) {
  Vectors *v = make(RANDOM, 4, 8, VECTOR_F32), *w = make(RANDOM, 4, 9, VECTOR_F32);
  NearestParams p = { .k = 1 };
  CosineHit hit[4];
  Error err;
  CHECK(cosine_nearest(v, NULL, 4, w, NULL, 4, &p, NULL, hit, NULL, &err) == -1 && strstr(err.text, "of 9 numbers"));
  p.k = 0;
  CHECK(cosine_nearest(v, NULL, 4, v, NULL, 4, &p, NULL, hit, NULL, &err) == -1 && strstr(err.text, "1 to 10000"));
  vectors_unref(v);
  vectors_unref(w);
}

int main(void) {
  RUN(pairs_are_those_of_brute_force);
  RUN(heads_and_cells_lose_no_pair);
  RUN(every_path_proposes_every_pair);
  RUN(bytes_are_multiplied_alike_on_every_machine);
  RUN(negative_thresholds_give_every_pair);
  RUN(any_number_of_threads_gives_the_same);
  RUN(a_limit_keeps_the_highest_and_tells_the_floor);
  RUN(copies_are_found_and_do_not_count_towards_a_limit);
  RUN(a_list_of_slots_is_searched_and_nothing_else);
  RUN(approximate_pairs_are_some_of_the_exact_ones_and_say_how_many);
  RUN(leaders_are_those_of_all_pairs);
  RUN(the_nearest_are_those_of_brute_force);
  RUN(a_plain_vector_has_nearest_ones_too);
  RUN(unlike_lengths_and_wrong_counts_are_told);
  return check_done();
}
