/* modules/neardup/leaders.c - see leaders.h */
#include "neardup/leaders.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "core/spill.h"
#include "neardup/confirm.h"
#include "neardup/judge.h"
#include "neardup/lsh.h"
#include "neardup/outline.h"
#include "neardup/pairs.h"

enum {
  SKETCH_GRAIN = 64, JUDGE_GRAIN = 16,
  LARGE_GROUP = 100000   /* texts in a group from which on it is worth taking apart */
};

/* Room of one thread while all texts are sketched. */
typedef struct SketchWorker { Grams grams; SketchRoom *room; } SketchWorker;

typedef struct Groups {
  uint32_t *text;      /* [n] texts of groups of two or more, group by group, in visiting order */
  uint32_t *start;     /* [groups + 1] */
  uint32_t *order;     /* [n] all texts in visiting order */
  size_t groups, largest;
} Groups;

typedef struct Run {
  const TextSource *src;
  const LeaderParams *p;
  Pool *pool;
  int threads;
  SketchPlan plan;
  SketchWorker *sketcher;   /* [threads] */
  JudgeRoom **room;         /* [threads] */
  PairsRoom **pairs;        /* [threads]; NULL: a leader's visit finds all that is wanted */
  uint8_t *open;            /* [n] */
  size_t stride;
  uint32_t *keys;           /* [n][stride] */
  uint64_t *hash;           /* [n] */
  uint32_t *shingles;       /* [n] */
  uint32_t *length;         /* [n] code points, if p->longest */
  Groups groups;
  Judge judge;
} Run;

static int sketch_texts(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  SketchWorker *w = &run->sketcher[worker];
  if (w->room == NULL) w->room = sketch_room_new(&run->plan);
  if (w->room == NULL) return -1;
  for (size_t i = begin; i < end; i++) {
    uint32_t *keys = run->keys + i * run->stride;
    if (text_read(run->src, i, worker, &w->grams, run->p->shingle) != 0) return -1;
    run->hash[i] = confirm_hash(run->p, (uint32_t)i, XXH3_64bits(w->grams.text, w->grams.len));
    run->shingles[i] = w->grams.n < UINT32_MAX ? (uint32_t)w->grams.n : UINT32_MAX;
    if (run->length != NULL) run->length[i] = (uint32_t)grams_length(&w->grams);
    unsigned used = sketch_keys(&run->plan, w->room, &w->grams, keys);
    lsh_pad(keys, used, run->stride, (uint32_t)i);
  }
  return 0;
}

/* ---- visiting order ---- */

typedef struct Visit { uint32_t text; uint32_t later; double rank; } Visit;

static int visit_before(const void *a, const void *b) {
  const Visit *x = a, *y = b;
  if (x->later != y->later) return x->later < y->later ? -1 : 1;
  if (x->rank != y->rank) return x->rank > y->rank ? -1 : 1;
  return x->text < y->text ? -1 : x->text > y->text;
}

/* Texts in visiting order into order[n]. NaN ranks come last. */
static int visit_order(const LeaderParams *p, const uint32_t *length, size_t n, uint32_t *order) {
  if (p->first == NULL && p->rank == NULL && !p->longest) {
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    return 0;
  }
  Visit *v = malloc((n + 1) * sizeof *v);
  if (v == NULL) return -1;
  for (size_t i = 0; i < n; i++) {
    double rank = p->longest ? length[i] : p->rank != NULL ? p->rank[i] : 0;
    v[i] = (Visit){ (uint32_t)i, p->first == NULL ? 0 : UINT8_MAX - p->first[i], isnan(rank) ? -INFINITY : rank };
  }
  qsort(v, n, sizeof *v, visit_before);
  for (size_t i = 0; i < n; i++) order[i] = v[i].text;
  free(v);
  return 0;
}

typedef struct Lengths { const TextSource *src; Grams *grams; uint32_t *length; unsigned shingle; } Lengths;

static int measure_lengths(void *ctx, size_t begin, size_t end, int worker) {
  Lengths *l = ctx;
  for (size_t i = begin; i < end; i++) {
    if (text_read(l->src, i, worker, &l->grams[worker], l->shingle) != 0) return -1;
    l->length[i] = (uint32_t)grams_length(&l->grams[worker]);
  }
  return 0;
}

int leaders_order(const TextSource *src, const LeaderParams *p, Pool *pool, uint32_t *order) {
  int threads = pool != NULL ? pool_threads(pool) : 1, r = 0;
  Lengths l = { src, NULL, NULL, p->shingle };
  if (p->longest) {
    l.grams = calloc((size_t)threads, sizeof *l.grams);
    l.length = malloc((src->n + 1) * sizeof *l.length);
    r = l.grams == NULL || l.length == NULL ? -1 : pool_for(pool, src->n, SKETCH_GRAIN, measure_lengths, &l);
  }
  if (r == 0) r = visit_order(p, l.length, src->n, order);
  for (int t = 0; l.grams != NULL && t < threads; t++) grams_free(&l.grams[t]);
  free(l.grams);
  free(l.length);
  return r;
}

/* ---- groups ---- */

/* Lays the texts of each root's group side by side: root[n] is used up. */
static int lay_groups(Groups *g, uint32_t *root, const uint32_t *order, size_t n) {
  uint32_t *count = calloc(n + 1, sizeof *count);
  g->text = malloc((n + 1) * sizeof *g->text);
  g->start = malloc((n / 2 + 2) * sizeof *g->start);
  if (count == NULL || g->text == NULL || g->start == NULL) {
    free(count);
    return -1;
  }
  uint32_t at = 0;
  for (size_t i = 0; i < n; i++) count[root[i]]++;
  for (size_t i = 0; i < n; i++) {   /* count becomes the place of the root's next text */
    uint32_t size = count[i];
    count[i] = TEXT_NONE;
    if (size < 2) continue;
    if (size > g->largest) g->largest = size;
    g->start[g->groups++] = count[i] = at;
    at += size;
  }
  g->start[g->groups] = at;
  for (size_t i = 0; i < n; i++) {
    uint32_t r = root[order[i]];
    if (count[r] != TEXT_NONE) g->text[count[r]++] = order[i];
  }
  free(count);
  return 0;
}

/* Was a text's pair with those behind it left out? A copy of a kept one has the pairs of that. */
static int is_passed_over(const Run *run, uint32_t text) {
  if (run->judge.twin[text] != TEXT_NONE) return run->judge.jaccard[text] < 1;
  return run->p->barred != NULL && run->p->barred[text];
}

static void mark_open(const Run *run, const uint32_t *text, size_t n) {
  size_t i = 0;
  while (i < n && !is_passed_over(run, text[i])) i++;
  if (i + 1 >= n) return;
  for (; i < n; i++) run->open[text[i]] = 1;
}

static int judge_groups(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  if (run->room[worker] == NULL) run->room[worker] = judge_room_new(worker);
  if (run->pairs != NULL && run->pairs[worker] == NULL) run->pairs[worker] = pairs_room_new(worker);
  if (run->room[worker] == NULL || (run->pairs != NULL && run->pairs[worker] == NULL)) return -1;
  for (size_t g = begin; g < end; g++) {
    const uint32_t *text = run->groups.text + run->groups.start[g];
    const size_t n = run->groups.start[g + 1] - run->groups.start[g];
    int r = PAIRS_TOO_MANY;
    if (run->pairs != NULL) r = pairs_group(&run->judge, run->pairs[worker], text, n, run->open);
    if (r != PAIRS_TOO_MANY && r != 0) return r;
    if (r == 0) continue;
    Judge judge = run->judge;
    LeaderParams p = *run->p;
    const int too_many = run->pairs != NULL && p.floor < p.threshold;
    if (too_many) {   /* below the threshold there may be as many */
      p.floor = p.threshold;
      judge.p = &p;
    }
    r = judge_group(&judge, run->room[worker], text, n);
    if (r != 0) return r;
    if (too_many) for (size_t i = 0; i < n; i++) run->open[text[i]] = 1;
    else mark_open(run, text, n);
  }
  return 0;
}

static int by_place(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

static void add_pairs(Leaders *out, const TextPair *pair, size_t n) {
  if (n > 0) memcpy(out->pair + out->npairs, pair, n * sizeof *pair);
  out->npairs += n;
}

/* All workers' pairs and counts into out. */
static int gather(const Run *run, Leaders *out) {
  size_t total = 0, n;
  for (int t = 0; t < run->threads; t++) {
    if (run->room[t] == NULL) continue;   /* a worker has all its rooms or none */
    judge_pairs(run->room[t], &n);
    total += n;
    judge_counts(run->room[t], out);
    if (run->pairs == NULL) continue;
    pairs_found(run->pairs[t], &n);
    total += n;
    pairs_counts(run->pairs[t], &out->candidates, &out->verified);
  }
  out->pair = malloc((total + 1) * sizeof *out->pair);
  if (out->pair == NULL) return -1;
  for (int t = 0; t < run->threads; t++) {
    if (run->room[t] == NULL) continue;
    const TextPair *pair = judge_pairs(run->room[t], &n);
    add_pairs(out, pair, n);
    if (run->pairs == NULL) continue;
    pair = pairs_found(run->pairs[t], &n);
    add_pairs(out, pair, n);
  }
  qsort(out->pair, out->npairs, sizeof *out->pair, by_place);
  if (run->pairs != NULL) {
    int r = leaders_settle(run->src, run->p, run->groups.order, NULL, run->pool, out);
    if (r != 0) return r;
  }
  out->rejected = 0;
  for (size_t i = 0; i < out->n; i++) out->rejected += out->twin[i] != TEXT_NONE;
  out->groups = run->groups.groups;
  out->largest = run->groups.largest;
  return 0;
}

int leaders_settle(const TextSource *src, const LeaderParams *p, const uint32_t *order, const uint32_t *same,
                   Pool *pool, Leaders *out) {
  ClusterGraph g;
  Clusters c = { 0 };
  int r = cluster_graph_init(&g, out->n, order, same, out->pair, out->npairs);
  if (r == 0) r = clusters_init(&c, out->n, p->mode);
  if (r == 0) cluster_take(&g, p->threshold, p->mode, p->barred, &c);
  if (r == 0 && p->mode == CLUSTER_COMPONENTS) r = pairs_measure(src, p->shingle, pool, g.like, &c);
  if (r == 0) {
    free(out->twin);
    free(out->jaccard);
    free(out->via);
    free(out->via_jaccard);
    out->twin = c.twin;
    out->jaccard = c.jaccard;
    out->via = c.via;
    out->via_jaccard = c.via_jaccard;
    out->rejected = c.rejected;
    c.twin = c.via = NULL;
    c.jaccard = c.via_jaccard = NULL;
  }
  clusters_free(&c);
  cluster_graph_free(&g);
  return r;
}

/* ---- the whole ---- */

static int make_run(Run *run, size_t n) {
  run->keys = spill_alloc((n + 1) * run->stride * sizeof *run->keys);
  run->hash = spill_alloc((n + 1) * sizeof *run->hash);
  run->shingles = spill_alloc((n + 1) * sizeof *run->shingles);
  run->sketcher = calloc((size_t)run->threads, sizeof *run->sketcher);
  run->room = calloc((size_t)run->threads, sizeof(JudgeRoom *));
  const int all = run->p->evidence || run->p->mode == CLUSTER_COMPONENTS;
  if (all) run->pairs = calloc((size_t)run->threads, sizeof(PairsRoom *));
  if (all && run->pairs == NULL) return -1;
  if (run->p->longest) run->length = malloc((n + 1) * sizeof *run->length);
  return run->keys == NULL || run->hash == NULL || run->shingles == NULL || run->sketcher == NULL ||
         run->room == NULL || (run->p->longest && run->length == NULL) ? -1 : 0;
}

static void free_sketchers(Run *run) {
  for (int t = 0; run->sketcher != NULL && t < run->threads; t++) {
    grams_free(&run->sketcher[t].grams);
    sketch_room_free(run->sketcher[t].room);
  }
  free(run->sketcher);
  run->sketcher = NULL;
}

static void free_run(Run *run) {
  free_sketchers(run);
  for (int t = 0; run->room != NULL && t < run->threads; t++) judge_room_free(run->room[t]);
  for (int t = 0; run->pairs != NULL && t < run->threads; t++) pairs_room_free(run->pairs[t]);
  free(run->room);
  free(run->pairs);
  spill_free(run->keys);
  spill_free(run->hash);
  spill_free(run->shingles);
  free(run->length);
  free(run->groups.text);
  free(run->groups.order);
  free(run->groups.start);
}

/* Groups by shared keys; where chance made a large one, by those of them whose outlines allow a match. */
static int connect(Run *run, size_t n, uint32_t *root) {
  const LeaderParams *p = run->p;
  Outlines o = { .floor = p->floor, .shingles = run->shingles };
  int any = 0, r = lsh_groups(run->keys, n, p->bands, run->stride, NULL, NULL, run->pool, root);
  if (r == 0) r = outlines_make(&o, run->src, p->shingle, p->path, root, LARGE_GROUP, run->pool, &any);
  if (r == 0 && any) r = lsh_groups(run->keys, n, p->bands, run->stride, outlines_may_match, &o, run->pool, root);
  outlines_free(&o);
  return r;
}

static int find_groups(Run *run, size_t n) {
  uint32_t *root = malloc((n + 1) * sizeof *root), *order = run->groups.order = malloc((n + 1) * sizeof *order);
  int r = root == NULL || order == NULL ? -1 : 0;
  if (r == 0) r = connect(run, n, root);
  if (r == 0) r = visit_order(run->p, run->length, n, order);
  if (r == 0) r = lay_groups(&run->groups, root, order, n);
  free(root);
  if (run->pairs == NULL) {   /* has done its work */
    free(order);
    run->groups.order = NULL;
  }
  return r;
}

static int find_leaders(Run *run, Leaders *out) {
  size_t n = run->src->n;
  out->n = n;
  out->twin = malloc((n + 1) * sizeof *out->twin);
  out->jaccard = malloc((n + 1) * sizeof *out->jaccard);
  out->open = run->open = calloc(n + 1, 1);
  if (out->twin == NULL || out->jaccard == NULL || out->open == NULL || make_run(run, n) != 0) return -1;
  for (size_t i = 0; i < n; i++) {
    out->twin[i] = TEXT_NONE;
    out->jaccard[i] = NAN;
  }
  int r = pool_for(run->pool, n, SKETCH_GRAIN, sketch_texts, run);
  free_sketchers(run);
  if (r == 0) r = find_groups(run, n);
  if (r != 0) return r;
  run->judge = (Judge){ run->src, run->p, run->stride, run->keys, run->hash, run->shingles,
                        out->twin, out->jaccard, JUDGE_PATIENCE };
  r = pool_for(run->pool, run->groups.groups, JUDGE_GRAIN, judge_groups, run);
  if (r == 0 && run->p->keep_keys) {
    out->keys = run->keys;
    run->keys = NULL;
  }
  return r != 0 ? r : gather(run, out);
}

SketchPlan leaders_plan(const LeaderParams *p) {
  SketchPlan plan = sketch_plan(p->hashes, p->bands - p->short_bands, p->rows, p->path);
  plan.short_bands = p->short_bands;
  plan.short_rows = p->short_rows;
  plan.short_most = p->short_most;
  return plan;
}

int leaders_find(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out,
                 Error *err) {
  *out = (Leaders){ 0 };
  Run run = { .src = src, .p = p, .pool = pool, .threads = pool != NULL ? pool_threads(pool) : 1,
              .plan = leaders_plan(p), .stride = lsh_stride(p->bands) };
  int r = find_leaders(&run, out);
  free_run(&run);
  if (r == 0) return 0;
  leaders_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void leaders_free(Leaders *l) {
  free(l->twin);
  free(l->jaccard);
  free(l->via);
  free(l->via_jaccard);
  free(l->open);
  free(l->pair);
  spill_free(l->keys);
  *l = (Leaders){ 0 };
}
