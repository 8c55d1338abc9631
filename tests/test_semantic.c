/* tests/test_semantic.c - semantic duplicates and plain scans against brute force in double. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "cosine/semantic.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}
static float noise(void) { return (float)draw(2001) / 1000 - 1; }

/* n rows: strangers, near copies of earlier ones, chains of them, copies; every ninth has no vector. */
static Vectors *make_vectors(uint32_t n, uint32_t dim, VectorKind kind) {
  uint32_t *rows = calloc(n + 1, sizeof *rows);
  float *x = malloc((size_t)(n + 1) * dim * sizeof *x);
  Vectors *v;
  for (uint32_t i = 0; i < n; i++) rows[i] = i;
  CHECK(vectors_new(&v, n, rows, n, dim, kind, "made") == 0);
  for (uint32_t i = 0; i < n; i++) {
    float *mine = x + (size_t)i * dim;
    const float *from = i > 0 && draw(4) > 0 ? x + (size_t)(draw(2) ? i - 1 : draw(i)) * dim : NULL;
    const float spread = (float)(draw(5) * draw(5)) / 20;
    for (uint32_t k = 0; k < dim; k++) mine[k] = from != NULL ? from[k] + spread * noise() : noise();
    if (i % 9 != 4) CHECK(vectors_put(v, i, mine) == VECTOR_OK);
  }
  vectors_close(v);
  free(rows);
  free(x);
  return v;
}

typedef struct Case {
  Vectors *v;
  uint32_t n;
  double *cosine;      /* [n * n]; -2 where one has no vector */
  uint32_t *order;     /* [n] */
  uint8_t *barred;     /* [n] */
} Case;

static Case make_case(uint32_t n, uint32_t dim, VectorKind kind, int bar) {
  Case c = { make_vectors(n, dim, kind), n, malloc((size_t)n * n * sizeof(double)), malloc((n + 1) * sizeof(uint32_t)),
             calloc(n + 1, 1) };
  for (uint32_t i = 0; i < n; i++) {
    c.order[i] = i;
    c.barred[i] = bar && draw(3) == 0;
    for (uint32_t k = 0; k < n; k++) {
      const uint32_t a = c.v->slot[i], b = c.v->slot[k];
      c.cosine[i * n + k] = a == VECTOR_NONE || b == VECTOR_NONE ? -2 : vectors_cosine(c.v, a, b);
    }
  }
  for (uint32_t i = n; i > 1; i--) {
    const uint32_t k = draw(i), t = c.order[i - 1];
    c.order[i - 1] = c.order[k];
    c.order[k] = t;
  }
  return c;
}

static void case_free(Case *c) {
  vectors_unref(c->v);
  free(c->cosine);
  free(c->order);
  free(c->barred);
}

static void brute_leaders(const Case *c, double threshold, uint32_t *twin) {
  for (uint32_t v = 0; v < c->n; v++) {
    const uint32_t i = c->order[v];
    twin[i] = TEXT_NONE;
    for (uint32_t w = 0; w < v; w++) {
      const uint32_t k = c->order[w];
      if (twin[k] != TEXT_NONE || c->barred[k] || c->cosine[i * c->n + k] < threshold) continue;
      if (twin[i] == TEXT_NONE || c->cosine[i * c->n + k] > c->cosine[i * c->n + twin[i]]) twin[i] = k;
    }
  }
}

static void brute_components(const Case *c, double threshold, uint32_t *twin) {
  const uint32_t n = c->n;
  uint32_t *kept = malloc(n * sizeof *kept), *rank = malloc(n * sizeof *rank);
  for (uint32_t v = 0; v < n; v++) rank[c->order[v]] = v + (c->barred[c->order[v]] ? n : 0);
  for (uint32_t i = 0; i < n; i++) kept[i] = i;
  for (int changed = 1; changed;) {
    changed = 0;
    for (uint32_t i = 0; i < n; i++)
      for (uint32_t k = 0; k < n; k++) {
        if (c->cosine[i * n + k] < threshold || rank[kept[k]] >= rank[kept[i]]) continue;
        kept[i] = kept[k];
        changed = 1;
      }
  }
  for (uint32_t i = 0; i < n; i++) twin[i] = kept[i] == i || c->barred[kept[i]] ? TEXT_NONE : kept[i];
  free(kept);
  free(rank);
}

/* What semantic.h promises of the answer. */
static void check_answer(const Case *c, const LeaderParams *p, const Leaders *l, int listed) {
  const uint32_t n = c->n;
  uint32_t *want = malloc((n + 1) * sizeof *want);
  uint8_t *given = calloc((size_t)n * n + 1, 1), *copy = calloc(n + 1, 1);
  size_t rejected = 0, wrong = 0, missing = 0;
  (p->mode == CLUSTER_LEADER ? brute_leaders : brute_components)(c, p->threshold, want);
  for (uint32_t i = 0; i < n; i++) {
    rejected += want[i] != TEXT_NONE;
    wrong += l->twin[i] != want[i];
    if (l->twin[i] == TEXT_NONE) continue;
    wrong += l->jaccard[i] != c->cosine[i * n + l->twin[i]];
    if (l->via == NULL || l->via[i] == TEXT_NONE) wrong += l->jaccard[i] < p->threshold;
    else wrong += l->via_jaccard[i] != c->cosine[i * n + l->via[i]] || l->via_jaccard[i] < p->threshold;
  }
  CHECK(wrong == 0);
  CHECK(l->rejected == rejected);
  for (size_t i = 0; i < l->npairs; i++) {
    const TextPair q = l->pair[i];
    wrong += q.a >= q.b || q.jaccard != c->cosine[q.a * n + q.b] || q.jaccard < p->floor;
    wrong += i > 0 && (l->pair[i - 1].a > q.a || (l->pair[i - 1].a == q.a && l->pair[i - 1].b >= q.b));
    given[q.a * n + q.b] = 1;
    if (q.jaccard == 1) copy[q.a] = copy[q.b] = 1;
  }
  for (uint32_t a = 0; a < n; a++)
    for (uint32_t b = a + 1; b < n; b++)
      missing += c->cosine[a * n + b] >= p->floor && !given[a * n + b] && !(l->open[a] && l->open[b]) && !copy[a] && !copy[b];
  CHECK(wrong == 0);
  CHECK(missing == 0);
  for (uint32_t i = 0; listed && i < n; i++) missing += l->open[i];
  CHECK(missing == 0);
  free(want);
  free(given);
  free(copy);
}

static void answers_are_those_of_brute_force(void) {
  seed = 71;
  for (int round = 0; round < 48; round++) {
    Case c = make_case(20 + draw(150), 1 + draw(40), round % 3 ? VECTOR_F32 : VECTOR_F16, round % 4 == 3);
    LeaderParams p = { .threshold = 0.5 + draw(50) / 100.0, .mode = round % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER,
                       .barred = round % 4 == 3 ? c.barred : NULL, .evidence = round % 5 == 0 };
    p.floor = p.evidence ? 0.4 : p.threshold;
    for (int few = 0; few < 3; few++) {   /* and lists too short for all pairs */
      const SemanticParams s = { &p, few == 0 ? 0 : few == 1 ? 1 : 60, NULL };
      Pool *pool = pool_new(1 + (int)draw(3));
      Leaders l;
      Error err;
      CHECK(semantic_find(c.v, c.v->slot, c.n, c.order, &s, pool, &l, NULL, &err) == 0);
      check_answer(&c, &p, &l, few == 0);
      leaders_free(&l);
      pool_free(pool);
    }
    case_free(&c);
  }
}

static void threads_do_not_show(void) {
  seed = 73;
  Case c = make_case(700, 24, VECTOR_F32, 0);
  for (int round = 0; round < 4; round++) {
    LeaderParams p = { .threshold = 0.8, .floor = 0.8, .mode = round % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER };
    const SemanticParams s = { &p, round / 2, NULL };
    Leaders one, more;
    Error err;
    Pool *pool = pool_new(4);
    CHECK(semantic_find(c.v, c.v->slot, c.n, c.order, &s, NULL, &one, NULL, &err) == 0);
    CHECK(semantic_find(c.v, c.v->slot, c.n, c.order, &s, pool, &more, NULL, &err) == 0);
    CHECK(one.rejected > 50);
    CHECK(memcmp(one.twin, more.twin, c.n * 4) == 0 && memcmp(one.jaccard, more.jaccard, c.n * 8) == 0);
    CHECK(p.mode == CLUSTER_LEADER || memcmp(one.via, more.via, c.n * 4) == 0);
    CHECK(one.npairs == more.npairs && memcmp(one.pair, more.pair, one.npairs * sizeof *one.pair) == 0);
    leaders_free(&one);
    leaders_free(&more);
    pool_free(pool);
  }
  case_free(&c);
}

typedef struct Told { const Case *c; uint8_t *seen; double threshold; _Atomic int wrong; const ScanSide *a, *b; } Told;

static int tell(void *ctx, int worker, uint32_t a, uint32_t b, double cosine) {
  Told *t = ctx;
  (void)worker;
  const uint32_t i = t->c->v->row[t->a->slot[a]], k = t->c->v->row[t->b->slot[b]];
  t->wrong += cosine != t->c->cosine[i * t->c->n + k] || cosine < t->threshold || t->seen[i * t->c->n + k];
  t->seen[i * t->c->n + k] = 1;
  return 0;
}

static void a_scan_tells_every_pair_at_the_threshold(void) {
  seed = 79;
  for (int round = 0; round < 12; round++) {
    Case c = make_case(600 + draw(300), 3 + draw(30), round % 2 ? VECTOR_F32 : VECTOR_F16, 0);
    uint32_t *slot = malloc(c.v->n * sizeof *slot), few = 1 + draw(c.v->n - 1);
    for (uint32_t i = 0; i < c.v->n; i++) slot[i] = i;
    const ScanSide all = { slot, c.v->n }, some = { slot, few };
    Told t = { .c = &c, .seen = calloc((size_t)c.n * c.n, 1), .threshold = 0.9, .a = round % 3 ? &some : &all, .b = &all };
    const ScanSink sink = { .take = tell, .ctx = &t };
    Pool *pool = pool_new(2);
    CHECK(cosine_scan(c.v, t.a, round % 3 ? &all : NULL, t.threshold, &sink, pool) == 0);
    size_t missing = 0;
    for (uint32_t a = 0; a < t.a->n; a++)
      for (uint32_t b = round % 3 ? 0 : a + 1; b < all.n; b++) {
        const size_t at = (size_t)c.v->row[a] * c.n + c.v->row[b];
        missing += c.cosine[at] >= t.threshold && !t.seen[at];
      }
    CHECK(missing == 0 && t.wrong == 0);
    pool_free(pool);
    free(t.seen);
    free(slot);
    case_free(&c);
  }
}

static void nobody_is_compared_where_no_row_has_a_vector(void) {
  Vectors *v;
  const uint32_t row[3] = { 0, 1, 2 }, order[3] = { 0, 1, 2 };
  CHECK(vectors_new(&v, 3, row, 3, 4, VECTOR_F32, "none") == 0);
  vectors_close(v);
  LeaderParams p = { .threshold = 0.9, .floor = 0.9 };
  const SemanticParams s = { &p, 0, NULL };
  Leaders l;
  Error err;
  CHECK(semantic_find(v, v->slot, 3, order, &s, NULL, &l, NULL, &err) == 0);
  CHECK(l.rejected == 0 && l.npairs == 0);
  leaders_free(&l);
  vectors_unref(v);
}

int main(void) {
  RUN(answers_are_those_of_brute_force);
  RUN(threads_do_not_show);
  RUN(a_scan_tells_every_pair_at_the_threshold);
  RUN(nobody_is_compared_where_no_row_has_a_vector);
  return check_done();
}
