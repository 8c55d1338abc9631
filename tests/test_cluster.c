/* tests/test_cluster.c - clusters from pairs, the pairs of groups, and sweeps over them, against
** brute force. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "neardup/leaders_exact.h"
#include "neardup/sweep.h"
#include "neardup/verify.h"

static uint64_t seed;
static uint32_t draw(uint32_t n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)((seed >> 33) % n);
}

/* ---- texts with many near copies, chains of them, and copies ---- */

typedef struct Made { char *room; Span *span; size_t n; } Made;

static Made make_texts(size_t n) {
  enum { MOST = 120 };
  Made m = { malloc(n * MOST), malloc(n * sizeof(Span)), n };
  for (size_t i = 0; i < n; i++) {
    char *room = m.room + i * MOST;
    size_t len = draw(30) == 0 ? draw(6) : 30 + draw(70);
    for (size_t k = 0; k < len; k++) room[k] = (char)('a' + draw(20));
    m.span[i] = span_of(room, len);
    if (i == 0 || draw(5) == 0) continue;
    Span from = m.span[draw(2) ? i - 1 : draw((uint32_t)i)];
    memcpy(room, from.ptr, from.len);
    m.span[i].len = from.len;
    for (uint32_t edits = draw(4); edits > 0 && from.len > 0; edits--)
      room[draw((uint32_t)from.len)] = (char)('a' + draw(20));
  }
  return m;
}

static void made_free(Made *m) {
  free(m->room);
  free(m->span);
}

/* [n * n] the exact Jaccard of every two texts. */
static double *all_jaccards(const Made *m, unsigned shingle) {
  double *out = malloc(m->n * m->n * sizeof *out);
  Grams *g = calloc(m->n, sizeof *g);
  GramTable t = { 0 };
  for (size_t i = 0; i < m->n; i++) CHECK(grams_of(&g[i], m->span[i], shingle, 0) == 0);
  for (size_t i = 0; i < m->n; i++) {
    CHECK(gram_table_fill(&t, &g[i]) == 0);
    for (size_t k = 0; k < m->n; k++) {
      size_t common, all;
      CHECK(gram_table_compare(&t, &g[k], 0, &common, &all) == 1);
      out[i * m->n + k] = (double)common / (double)all;
    }
  }
  for (size_t i = 0; i < m->n; i++) grams_free(&g[i]);
  free(g);
  gram_table_free(&t);
  return out;
}

static void random_order(uint32_t *order, size_t n) {
  for (uint32_t i = 0; i < n; i++) order[i] = i;
  for (size_t i = n; i > 1; i--) {
    size_t k = draw((uint32_t)i);
    uint32_t t = order[i - 1];
    order[i - 1] = order[k];
    order[k] = t;
  }
}

/* ---- the definitions ---- */

static void brute_leaders(const double *j, size_t n, const uint32_t *order, double threshold, const uint8_t *barred,
                          uint32_t *twin) {
  for (size_t v = 0; v < n; v++) {
    uint32_t i = order[v];
    twin[i] = TEXT_NONE;
    for (size_t w = 0; w < v; w++) {
      uint32_t k = order[w];
      if (twin[k] != TEXT_NONE || barred[k] || j[i * n + k] < threshold) continue;
      if (twin[i] == TEXT_NONE || j[i * n + k] > j[i * n + twin[i]]) twin[i] = k;
    }
  }
}

static void brute_components(const double *j, size_t n, const uint32_t *order, double threshold,
                             const uint8_t *barred, uint32_t *twin) {
  uint32_t *kept = malloc(n * sizeof *kept);   /* of a text's component, by spreading */
  uint32_t *rank = malloc(n * sizeof *rank);
  for (uint32_t v = 0; v < n; v++)   /* barred ones are the last to be kept */
    rank[order[v]] = v + (barred[order[v]] ? (uint32_t)n : 0);
  for (uint32_t i = 0; i < n; i++) kept[i] = i;
  for (int changed = 1; changed;) {
    changed = 0;
    for (size_t i = 0; i < n; i++)
      for (size_t k = 0; k < n; k++) {
        if (j[i * n + k] < threshold || rank[kept[k]] >= rank[kept[i]]) continue;
        kept[i] = kept[k];
        changed = 1;
      }
  }
  for (size_t i = 0; i < n; i++) twin[i] = kept[i] == i || barred[kept[i]] ? TEXT_NONE : kept[i];
  free(kept);
  free(rank);
}

static void brute(const double *j, size_t n, const uint32_t *order, double threshold, ClusterMode mode,
                  const uint8_t *barred, uint32_t *twin) {
  (mode == CLUSTER_LEADER ? brute_leaders : brute_components)(j, n, order, threshold, barred, twin);
}

/* Are the clusters those, with the Jaccards of j, and does every via lead to the kept text? */
static int is_right(const double *j, size_t n, double threshold, const uint32_t *want, const uint32_t *twin,
                    const double *jaccard, const uint32_t *via, const double *via_jaccard, int measured) {
  int right = 1;
  for (size_t i = 0; i < n; i++) {
    right &= twin[i] == want[i];
    if (!right || twin[i] == TEXT_NONE) continue;
    if (measured || !isnan(jaccard[i])) right &= jaccard[i] == j[i * n + twin[i]];
    if (via == NULL || via[i] == TEXT_NONE) {
      right &= via == NULL ? jaccard[i] >= threshold : jaccard[i] >= threshold && isnan(via_jaccard[i]);
      continue;
    }
    right &= via_jaccard[i] == j[i * n + via[i]] && via_jaccard[i] >= threshold && twin[via[i]] == twin[i];
    uint32_t at = (uint32_t)i;
    size_t steps = 0;
    for (; via[at] != TEXT_NONE && steps < n; steps++) at = via[at];
    right &= steps < n;
  }
  return right;
}

static void clusters_of_pairs_equal_brute_force(void) {
  seed = 31;
  for (int round = 0; round < 60; round++) {
    Made m = make_texts(20 + draw(100));
    const size_t n = m.n;
    double *j = all_jaccards(&m, 5), floor = 0.3 + draw(5) / 10.0;
    uint32_t *order = malloc(n * sizeof *order), *want = malloc(n * sizeof *want);
    random_order(order, n);
    TextPair *pair = malloc(n * n * sizeof *pair);
    size_t npairs = 0;
    for (uint32_t a = 0; a < n; a++)
      for (uint32_t b = a + 1; b < n; b++)
        if (j[a * n + b] >= floor) pair[npairs++] = (TextPair){ a, b, j[a * n + b] };
    ClusterGraph g;
    uint8_t *barred = calloc(n, 1);
    CHECK(cluster_graph_init(&g, n, order, NULL, pair, npairs) == 0);
    for (int t = 0; t < 12; t++) {
      const ClusterMode mode = t % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
      const double threshold = t < 2 ? floor : t < 4 ? 1 : floor + (1 - floor) * draw(1000) / 1000;
      Clusters c;
      for (size_t i = 0; t >= 8 && i < n; i++) barred[i] = draw(3) == 0;
      CHECK(clusters_init(&c, n, mode) == 0);
      cluster_take(&g, threshold, mode, t >= 8 ? barred : NULL, &c);
      brute(j, n, order, threshold, mode, barred, want);
      CHECK(is_right(j, n, threshold, want, c.twin, c.jaccard, c.via, c.via_jaccard, 0));
      clusters_free(&c);
    }
    cluster_graph_free(&g);
    free(barred);
    free(pair);
    free(order);
    free(want);
    free(j);
    made_free(&m);
  }
}

/* ---- the engine ---- */

static LeaderParams params(unsigned bands, unsigned rows) {
  return (LeaderParams){ .shingle = 5, .hashes = bands * rows, .bands = bands, .rows = rows, .threshold = 0.8,
                         .floor = 0.8, .evidence_pairs = 50, .path = simd_best() };
}

/* What leaders.h promises of pairs: those not given are of two open texts, or of copies. */
static int pairs_are_whole(const Leaders *l, const double *j, double floor) {
  const size_t n = l->n;
  uint8_t *given = calloc(n * n, 1);
  int whole = 1;
  for (size_t i = 0; i < l->npairs; i++) {
    const TextPair *p = &l->pair[i];
    whole &= p->a < p->b && p->jaccard == j[p->a * n + p->b] && p->jaccard >= floor;
    whole &= i == 0 || l->pair[i - 1].a < p->a || (l->pair[i - 1].a == p->a && l->pair[i - 1].b < p->b);
    given[p->a * n + p->b] = given[p->b * n + p->a] = 1;
  }
  for (size_t a = 0; a < n; a++)
    for (size_t b = a + 1; b < n; b++) {
      if (given[a * n + b] || j[a * n + b] < floor || (l->open[a] && l->open[b])) continue;
      int copy = 0;   /* one of them is a copy with a pair of its own */
      for (size_t i = 0; i < l->npairs && !copy; i++) {
        const TextPair *p = &l->pair[i];
        copy = p->jaccard >= 1 && (p->a == a || p->b == a || p->a == b || p->b == b);
      }
      whole &= copy;
    }
  free(given);
  return whole;
}

static void one_engine_run(const Made *m, LeaderParams *p, const double *j, int bar, Pool *pool) {
  const size_t n = m->n;
  double *rank = malloc(n * sizeof *rank);
  uint32_t *order = malloc(n * sizeof *order), *want = malloc(n * sizeof *want);
  random_order(order, n);
  for (size_t v = 0; v < n; v++) rank[order[v]] = (double)(n - v);
  p->rank = rank;
  SpanTexts texts = span_texts(m->span, n, 1);
  uint8_t *barred = calloc(n, 1);
  for (size_t i = 0; bar && i < n; i++) barred[i] = draw(3) == 0;
  p->barred = bar ? barred : NULL;
  brute(j, n, order, p->threshold, p->mode, barred, want);
  for (int exact = 0; exact < 2; exact++) {
    Leaders got;
    Error err;
    CHECK((exact ? leaders_exact : leaders_find)(&texts.source, p, pool, &got, &err) == 0);
    CHECK(is_right(j, n, p->threshold, want, got.twin, got.jaccard, got.via, got.via_jaccard, 1));
    CHECK(pairs_are_whole(&got, j, p->floor));
    size_t open = 0, rejected = 0;
    for (size_t i = 0; i < n; i++) {
      open += got.open[i];
      rejected += want[i] != TEXT_NONE;
    }
    CHECK(got.rejected == rejected);
    if (p->evidence && p->evidence_pairs >= n) CHECK(open == 0);
    leaders_free(&got);
  }
  p->rank = NULL;
  p->barred = NULL;
  free(barred);
  free(rank);
  free(order);
  free(want);
}

static void both_methods_and_modes_equal_brute_force(void) {
  seed = 37;
  for (int round = 0; round < 60; round++) {
    Made m = make_texts(30 + draw(120));
    /* one slot a band and many of them: every pair worth a look is proposed */
    LeaderParams p = params(256, 1);
    double *j = all_jaccards(&m, 5);
    p.mode = round % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
    p.threshold = p.floor = 0.5 + draw(51) / 100.0;
    p.evidence = round % 3 > 0;
    if (p.evidence) p.floor = 0.5;
    p.evidence_pairs = round % 3 == 1 ? 1000 : draw(6);   /* and groups that go past it */
    Pool *pool = pool_new(1 + (int)draw(3));
    one_engine_run(&m, &p, j, round % 5 == 4, pool);
    pool_free(pool);
    free(j);
    made_free(&m);
  }
}

static void threads_do_not_show(void) {
  seed = 41;
  Made m = make_texts(3000);
  SpanTexts texts = span_texts(m.span, m.n, 1);
  for (int round = 0; round < 4; round++) {
    LeaderParams p = params(40, 5);
    p.mode = round % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
    p.evidence = round / 2;
    p.evidence_pairs = 20;
    p.floor = 0.6;
    Leaders one;
    Error err;
    CHECK(leaders_find(&texts.source, &p, NULL, &one, &err) == 0);
    CHECK(one.rejected > 500);
    for (int threads = 2; threads < 6; threads += 3) {
      Pool *pool = pool_new(threads);
      Leaders more;
      CHECK(leaders_find(&texts.source, &p, pool, &more, &err) == 0);
      CHECK(memcmp(one.twin, more.twin, m.n * 4) == 0 && memcmp(one.jaccard, more.jaccard, m.n * 8) == 0);
      CHECK(p.mode == CLUSTER_LEADER || memcmp(one.via, more.via, m.n * 4) == 0);
      CHECK(one.npairs == more.npairs && memcmp(one.pair, more.pair, one.npairs * sizeof *one.pair) == 0);
      CHECK(memcmp(one.open, more.open, m.n) == 0);
      CHECK(one.candidates == more.candidates && one.verified == more.verified);
      leaders_free(&more);
      pool_free(pool);
    }
    leaders_free(&one);
  }
  made_free(&m);
}

/* Shuffled rows: the same sets of rows are clusters. */
static void components_do_not_depend_on_the_order_of_rows(void) {
  seed = 43;
  Made m = make_texts(2000);
  uint32_t *order = malloc(m.n * sizeof *order), *lowest = malloc(m.n * sizeof *lowest);
  Span *span = malloc(m.n * sizeof *span);
  LeaderParams p = params(36, 7);
  p.mode = CLUSTER_COMPONENTS;
  Leaders one, more;
  Error err;
  SpanTexts texts = span_texts(m.span, m.n, 1), shuffled = span_texts(span, m.n, 1);
  CHECK(leaders_find(&texts.source, &p, NULL, &one, &err) == 0);
  CHECK(one.rejected > 300);
  for (int round = 0; round < 3; round++) {
    random_order(order, m.n);
    for (size_t i = 0; i < m.n; i++) span[i] = m.span[order[i]];
    CHECK(leaders_find(&shuffled.source, &p, NULL, &more, &err) == 0);
    for (size_t i = 0; i < m.n; i++) lowest[i] = TEXT_NONE;
    for (uint32_t i = 0; i < m.n; i++) {   /* of a shuffled cluster, the lowest row as it was */
      uint32_t kept = more.twin[i] == TEXT_NONE ? i : more.twin[i];
      if (order[i] < lowest[kept]) lowest[kept] = order[i];
    }
    int same = one.rejected == more.rejected;
    for (uint32_t i = 0; i < m.n; i++) {
      uint32_t kept = more.twin[i] == TEXT_NONE ? i : more.twin[i];
      uint32_t was = one.twin[order[i]] == TEXT_NONE ? order[i] : one.twin[order[i]];
      same &= was == lowest[kept];
    }
    CHECK(same);
    leaders_free(&more);
  }
  leaders_free(&one);
  free(order);
  free(lowest);
  free(span);
  made_free(&m);
}

static void a_template_of_20000_rows_is_not_quadratic(void) {
  enum { N = 20000 };
  char (*room)[300] = malloc(N * sizeof *room);
  Span *s = malloc(N * sizeof *s);
  for (int i = 0; i < N; i++) {
    int n = snprintf(room[i], sizeof room[i], "Dear customer, thank you for your patience. Your order with the "
                     "number %05d has left our warehouse this morning and will reach you within three working "
                     "days. If you have any questions please write to us at any time. Kind regards", i);
    s[i] = span_of(room[i], (size_t)n);
  }
  SpanTexts texts = span_texts(s, N, 1);
  for (int evidence = 0; evidence < 2; evidence++)
    for (int mode = 0; mode < 2; mode++) {
      LeaderParams p = params(36, 7);
      p.mode = mode ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
      p.evidence = evidence;
      p.floor = evidence ? 0.6 : 0.8;
      Leaders got;
      Error err;
      CHECK(leaders_find(&texts.source, &p, NULL, &got, &err) == 0);
      CHECK(got.rejected == N - 1 && got.verified <= 2 * N && got.npairs <= 2 * N);
      CHECK(got.open[0] == (mode == 1 || evidence) && got.open[N - 1]);
      leaders_free(&got);
    }
  free(room);
  free(s);
}

/* ---- sweeps ---- */

/* The lowest Jaccard of a rejected text with its twin, by all pairs. */
static double brute_taken(const double *j, size_t n, const uint32_t *twin) {
  double best = 2;
  for (size_t a = 0; a < n; a++)
    if (twin[a] != TEXT_NONE && j[a * n + twin[a]] < best) best = j[a * n + twin[a]];
  return best;
}

static int down(const void *a, const void *b) {
  const double x = *(const double *)a, y = *(const double *)b;
  return x < y ? 1 : x > y ? -1 : 0;
}

/* How many Jaccards below the threshold and from the floor on lie between two clusters (leader: two kept texts),
** and the highest two. Copies of one text count once. */
static size_t brute_spared(const double *j, size_t n, double floor, double threshold, int leader,
                           const uint32_t *twin, double most[2]) {
  double *found = malloc((n * n + 1) * sizeof *found);
  size_t count = 0;
  for (size_t a = 0; a < n; a++)
    for (size_t b = a + 1; b < n; b++) {
      const uint32_t x = twin[a] != TEXT_NONE ? twin[a] : (uint32_t)a, y = twin[b] != TEXT_NONE ? twin[b] : (uint32_t)b;
      const int copy = (x != a && j[a * n + x] >= 1) || (y != b && j[b * n + y] >= 1);
      if (x == y || copy || (leader && (x != a || y != b))) continue;
      if (j[a * n + b] < threshold && j[a * n + b] >= floor) found[count++] = j[a * n + b];
    }
  qsort(found, count, sizeof *found, down);
  for (size_t i = 0; i < 2; i++) most[i] = i < count ? found[i] : -1;
  free(found);
  return count;
}

static void one_sweep(const Made *m, LeaderParams *p, const double *j, const uint32_t *order, Pool *pool) {
  const size_t n = m->n;
  SpanTexts texts = span_texts(m->span, n, 1);
  uint32_t *want = malloc(n * sizeof *want);
  uint8_t *barred = calloc(n, 1);
  Leaders l;
  Error err = { "" };
  CHECK((p->exact ? leaders_exact : leaders_find)(&texts.source, p, pool, &l, &err) == 0);
  double threshold[4];
  for (int i = 0; i < 4; i++)
    threshold[i] = i == 0 ? p->floor : i == 1 ? 1 : p->floor + (1 - p->floor) * draw(1000) / 1000;
  SweepPairs pairs = { l.pair, l.npairs, l.open };
  SweepParams s = { .threshold = threshold, .nsteps = 4, .margin = 2, .most_rows = 3 };
  SweepStep step[4];
  CHECK(sweep_find(&texts.source, p, &pairs, &s, pool, step, &err) == 0);
  for (int i = 0; i < 4; i++) {
    LeaderParams again = *p;
    again.threshold = threshold[i];
    Leaders r;
    ClusterFigures f;
    CHECK((p->exact ? leaders_exact : leaders_find)(&texts.source, &again, pool, &r, &err) == 0);
    CHECK(cluster_figures(r.twin, r.jaccard, n, 3, &f) == 0);
    brute(j, n, order, threshold[i], p->mode, barred, want);
    CHECK(memcmp(want, r.twin, n * sizeof *want) == 0);
    CHECK(step[i].threshold == threshold[i] && step[i].rejected == r.rejected && step[i].kept == n - r.rejected);
    CHECK(step[i].clusters.clusters == f.clusters && step[i].clusters.largest == f.largest);
    CHECK(step[i].clusters.largest_of == f.largest_of && step[i].clusters.over == f.over);
    CHECK(isnan(step[i].clusters.loosest) || step[i].clusters.loosest == f.loosest);
    for (size_t k = 0; k < step[i].ntaken; k++) {
      TextPair *q = &step[i].taken[k];
      CHECK(want[q->a] != TEXT_NONE && q->jaccard == j[q->a * n + q->b] && q->jaccard >= threshold[i]);
      CHECK(k == 0 || q[-1].jaccard <= q->jaccard);
    }
    for (size_t k = 0; k < step[i].nspared; k++) {
      TextPair *q = &step[i].spared[k];
      CHECK(q->jaccard == j[q->a * n + q->b] && q->jaccard < threshold[i] && q->jaccard >= p->floor);
    }
    const int leader = p->mode == CLUSTER_LEADER;
    if (leader) CHECK(step[i].ntaken > 0 ? step[i].taken[0].jaccard == brute_taken(j, n, want) : r.rejected == 0);
    double most[2];
    size_t count = brute_spared(j, n, p->floor, threshold[i], leader, want, most);
    CHECK(leader ? step[i].nspared == (count < 2 ? count : 2) : (step[i].nspared > 0) == (count > 0));
    for (size_t k = 0; k < step[i].nspared && (leader || k == 0); k++)   /* also where texts were read again */
      CHECK(step[i].spared[k].jaccard == most[k]);
    leaders_free(&r);
  }
  sweep_free(step, 4);
  leaders_free(&l);
  free(want);
  free(barred);
}

static void a_sweep_gives_what_a_run_at_each_threshold_gives(void) {
  seed = 47;
  for (int round = 0; round < 48; round++) {
    Made m = make_texts(30 + draw(120));
    LeaderParams p = params(256, 1);
    double *j = all_jaccards(&m, 5), *rank = malloc(m.n * sizeof *rank);
    uint32_t *order = malloc(m.n * sizeof *order);
    random_order(order, m.n);
    for (size_t v = 0; v < m.n; v++) rank[order[v]] = (double)(m.n - v);
    p.rank = rank;
    p.exact = round / 2 % 2;
    p.mode = round % 2 ? CLUSTER_COMPONENTS : CLUSTER_LEADER;
    p.evidence = round % 3 > 0;
    p.evidence_pairs = round % 3 == 1 ? 1000 : draw(6);
    p.threshold = p.floor = 0.5 + draw(40) / 100.0;
    if (p.evidence) p.floor = 0.5;
    Pool *pool = pool_new(1 + (int)draw(3));
    one_sweep(&m, &p, j, order, pool);
    pool_free(pool);
    free(order);
    free(rank);
    free(j);
    made_free(&m);
  }
}

/* A crowd of forms too large to list its pairs, and beside it two strangers that are a pair at 0.7 or so. */
static void a_sweep_shows_no_spared_pair_where_a_nearer_one_may_lie_in_a_crowd(void) {
  enum { N = SWEEP_LISTED + 3 };
  char (*room)[300] = malloc(N * sizeof *room);
  Span *s = malloc(N * sizeof *s);
  for (int i = 0; i < N; i++) {
    int n = i >= N - 2
      ? snprintf(room[i], sizeof room[i], "a quick brown fox jumps over some lazy dogs near the river%s",
                 i == N - 1 ? " while we look on" : "")
      : snprintf(room[i], sizeof room[i], "Dear customer, your order with the number %05d has left our warehouse this "
                 "morning and will reach you within three working days. Kind regards", i);
    s[i] = span_of(room[i], (size_t)n);
  }
  LeaderParams p = params(128, 2);
  p.evidence = 1;
  p.evidence_pairs = 5;
  p.threshold = 0.9;
  p.floor = 0.6;
  double threshold[] = { 0.9 };
  SweepParams sweep = { .threshold = threshold, .nsteps = 1, .margin = 2, .most_rows = 0 };
  for (size_t crowd = 0; crowd < 2; crowd++) {   /* without ten rows the crowd is small enough */
    SpanTexts of = span_texts(s + (crowd ? 0 : 10), N - (crowd ? 0 : 10), 1);
    Leaders l;
    Error err = { "" };
    SweepStep step;
    CHECK(leaders_find(&of.source, &p, NULL, &l, &err) == 0);
    SweepPairs pairs = { l.pair, l.npairs, l.open };
    CHECK(sweep_find(&of.source, &p, &pairs, &sweep, NULL, &step, &err) == 0);
    CHECK(crowd ? step.compared > SWEEP_LISTED : step.compared > 1000 && step.compared <= SWEEP_LISTED);
    CHECK(crowd ? step.nspared == 0 : step.nspared > 0);
    sweep_free(&step, 1);
    leaders_free(&l);
  }
  free(room);
  free(s);
}

static void a_sweep_visits_the_longest_first(void) {
  seed = 53;
  Made m = make_texts(400);
  for (size_t i = 0; i < m.n; i += 3) m.span[i].len -= m.span[i].len / 30;
  SpanTexts texts = span_texts(m.span, m.n, 1);
  LeaderParams p = params(64, 2);
  p.longest = 1;
  p.evidence = 1;
  p.floor = 0.6;
  Leaders l, again;
  Error err = { "" };
  CHECK(leaders_find(&texts.source, &p, NULL, &l, &err) == 0);
  double threshold[] = { 0.6, 0.7, 0.9 };
  SweepPairs pairs = { l.pair, l.npairs, l.open };
  SweepParams s = { .threshold = threshold, .nsteps = 3, .margin = 3, .most_rows = 0 };
  SweepStep step[3];
  CHECK(sweep_find(&texts.source, &p, &pairs, &s, NULL, step, &err) == 0);
  for (int i = 0; i < 3; i++) {
    p.threshold = threshold[i];
    CHECK(leaders_find(&texts.source, &p, NULL, &again, &err) == 0);
    CHECK(step[i].rejected == again.rejected && step[i].compared == 0 && again.rejected > 20);
    CHECK(again.twin[step[i].taken[0].a] == step[i].taken[0].b);
    leaders_free(&again);
  }
  sweep_free(step, 3);
  leaders_free(&l);
  made_free(&m);
}

/* Rows that share a template and match few others: what proposes them changes, the clusters do not. */
static void a_crowd_has_the_components_of_the_exact_join(void) {
  enum { N = 4000, BODY = 60, ALL = 100 };
  seed = 59;
  char (*room)[ALL] = malloc(N * sizeof *room);
  Span *s = malloc(N * sizeof *s);
  for (int i = 0; i < N; i++) {
    for (int k = 0; k < ALL; k++) room[i][k] = i > 0 && k < BODY ? room[0][k] : (char)('a' + draw(20));
    if (i > 0 && draw(3) == 0) memcpy(room[i], room[draw((uint32_t)i)], ALL);
    if (draw(2)) room[i][draw(ALL)] = '.';
    s[i] = span_of(room[i], i % 50 == 7 ? 4 : ALL);
  }
  SpanTexts texts = span_texts(s, N, 1);
  LeaderParams p = params(128, 1);
  p.mode = CLUSTER_COMPONENTS;
  p.floor = 0.7;
  Leaders sketch, exact;
  Error err = { "" };
  CHECK(leaders_find(&texts.source, &p, NULL, &sketch, &err) == 0);
  CHECK(leaders_exact(&texts.source, &p, NULL, &exact, &err) == 0);
  CHECK(sketch.rejected > 300 && sketch.rejected < N - 300);
  CHECK(sketch.candidates < 800u * N);   /* the index proposes, not the buckets: those hold N / 2 a text */
  CHECK(memcmp(sketch.twin, exact.twin, N * sizeof *sketch.twin) == 0);
  CHECK(memcmp(sketch.jaccard, exact.jaccard, N * sizeof *sketch.jaccard) == 0);
  for (size_t i = 1; i < sketch.npairs; i++)
    CHECK(sketch.pair[i - 1].a != sketch.pair[i].a || sketch.pair[i - 1].b != sketch.pair[i].b);
  leaders_free(&sketch);
  leaders_free(&exact);
  free(room);
  free(s);
}

static void figures_name_the_largest_and_the_loosest(void) {
  const uint32_t none = TEXT_NONE, twin[] = { none, 0, none, 2, 2, none, 5, 5 };
  const double jaccard[] = { NAN, 0.9, NAN, 0.85, 0.95, NAN, 0.4, 0.4 };
  ClusterFigures f;
  CHECK(cluster_figures(twin, jaccard, 8, 2, &f) == 0);
  CHECK(f.clusters == 3 && f.largest == 3 && f.largest_of == 2 && f.over == 2);
  CHECK(f.loosest == 0.4 && f.loosest_of == 6);
  CHECK(cluster_figures(twin, jaccard, 1, 0, &f) == 0);
  CHECK(f.clusters == 0 && f.largest_of == none && isnan(f.loosest) && f.loosest_of == none);
}

int main(void) {
  RUN(clusters_of_pairs_equal_brute_force);
  RUN(both_methods_and_modes_equal_brute_force);
  RUN(threads_do_not_show);
  RUN(components_do_not_depend_on_the_order_of_rows);
  RUN(a_template_of_20000_rows_is_not_quadratic);
  RUN(a_crowd_has_the_components_of_the_exact_join);
  RUN(a_sweep_gives_what_a_run_at_each_threshold_gives);
  RUN(a_sweep_shows_no_spared_pair_where_a_nearer_one_may_lie_in_a_crowd);
  RUN(a_sweep_visits_the_longest_first);
  RUN(figures_name_the_largest_and_the_loosest);
  return check_done();
}
