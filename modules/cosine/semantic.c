/* modules/cosine/semantic.c - see semantic.h */
#include "cosine/semantic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"
#include "core/union_find.h"

enum { FEW = 4, LISTED = 1000000, MEASURE_GRAIN = 1024 };

typedef struct Bag { TextPair *pair; size_t n, cap; } Bag;

typedef struct Run {
  const Vectors *v;
  const uint32_t *slot;     /* [n] */
  size_t n;
  const uint32_t *order;    /* [n] */
  const LeaderParams *p;
  Pool *pool;
  int threads;
  uint32_t m;
  uint32_t *text;           /* [m] texts with a vector, ascending: the places of a search */
  uint32_t *place_slot;     /* [m] */
  Bag *bag;                 /* [threads] links of a forest, in places */
  Leaders *out;
} Run;

static int make_places(Run *run) {
  run->text = malloc((run->n + 1) * sizeof *run->text);
  run->place_slot = malloc((run->n + 1) * sizeof *run->place_slot);
  if (run->text == NULL || run->place_slot == NULL) return -1;
  for (uint32_t i = 0; i < run->n; i++) {
    if (run->slot[i] == VECTOR_NONE) continue;
    run->text[run->m] = i;
    run->place_slot[run->m++] = run->slot[i];
  }
  return 0;
}

static int by_place(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* ---- all pairs ---- */

static int take_list(const Run *run, const CosinePairs *found) {
  Leaders *out = run->out;
  out->pair = malloc((found->n + 1) * sizeof *out->pair);
  if (out->pair == NULL) return -1;
  for (size_t i = 0; i < found->n; i++) {
    const CosinePair q = found->pair[i];
    out->pair[out->npairs++] = (TextPair){ run->text[q.a], run->text[q.b], q.cosine };
  }
  return 0;
}

/* ---- too many pairs: components by a forest ---- */

static int by_cosine(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->jaccard != y->jaccard) return x->jaccard > y->jaccard ? -1 : 1;
  return by_place(a, b);
}

static int bag_put(Bag *b, TextPair q) {
  if (b->n == b->cap) {
    const size_t cap = b->cap * 2 + 256;
    TextPair *more = spill_resize(b->pair, cap * sizeof *more);
    if (more == NULL) return -1;
    b->pair = more;
    b->cap = cap;
  }
  b->pair[b->n++] = q;
  return 0;
}

/* Leaves the pairs of the forest of highest cosines alone (Kruskal 1956). The order of pairs is total, so the forest of
** several such forests is that of all their pairs. */
static int prune(Bag *b, uint32_t m) {
  uint32_t *parent = malloc((m + (size_t)1) * sizeof *parent);
  size_t n = 0;
  if (parent == NULL) return -1;
  union_begin(parent, m);
  if (b->n > 0) qsort(b->pair, b->n, sizeof *b->pair, by_cosine);
  for (size_t i = 0; i < b->n; i++) {
    const TextPair q = b->pair[i];
    if (union_root(parent, q.a) == union_root(parent, q.b)) continue;
    union_join(parent, q.a, q.b);
    b->pair[n++] = q;
  }
  b->n = n;
  free(parent);
  return 0;
}

static int take_link(void *ctx, int worker, uint32_t a, uint32_t b, double cosine) {
  Run *run = ctx;
  Bag *bag = &run->bag[worker];
  if (bag->n >= (size_t)FEW * run->m + LISTED && prune(bag, run->m) != 0) return -1;
  return bag_put(bag, (TextPair){ a, b, cosine });
}

static int take_forest(Run *run) {
  const ScanSide all = { run->place_slot, run->m };
  const ScanSink sink = { .take = take_link, .ctx = run };
  Leaders *out = run->out;
  run->bag = calloc((size_t)run->threads, sizeof *run->bag);
  if (run->bag == NULL) return -1;
  int r = cosine_scan(run->v, &all, NULL, run->p->threshold, &sink, run->pool);
  Bag *bag = &run->bag[0];
  for (int t = 1; t < run->threads; t++)
    for (size_t i = 0; r == 0 && i < run->bag[t].n; i++) r = bag_put(bag, run->bag[t].pair[i]);
  if (r == 0) r = prune(bag, run->m);
  out->pair = r == 0 ? malloc((bag->n + 1) * sizeof *out->pair) : NULL;
  if (r == 0 && out->pair == NULL) r = -1;
  for (size_t i = 0; r == 0 && i < bag->n; i++)
    out->pair[out->npairs++] = (TextPair){ run->text[bag->pair[i].a], run->text[bag->pair[i].b], bag->pair[i].jaccard };
  for (int t = 0; t < run->threads; t++) spill_free(run->bag[t].pair);
  return r;
}

/* ---- too many pairs: leaders ---- */

/* Places in visiting order, and which are barred. */
static int order_places(const Run *run, uint32_t *order, uint8_t *barred) {
  uint32_t *place = malloc((run->n + 1) * sizeof *place), at = 0;
  if (place == NULL) return -1;
  for (uint32_t i = 0; i < run->m; i++) {
    place[run->text[i]] = i;
    barred[i] = run->p->barred != NULL && run->p->barred[run->text[i]];
  }
  for (size_t i = 0; i < run->n; i++)
    if (run->slot[run->order[i]] != VECTOR_NONE) order[at++] = place[run->order[i]];
  free(place);
  return 0;
}

/* Twins as the search found them, and the pairs that say so. */
static int take_twins(const Run *run, const CosineLeaders *found) {
  Leaders *out = run->out;
  out->twin = malloc((run->n + 1) * sizeof *out->twin);
  out->jaccard = malloc((run->n + 1) * sizeof *out->jaccard);
  out->pair = malloc((found->rejected + (size_t)1) * sizeof *out->pair);
  if (out->twin == NULL || out->jaccard == NULL || out->pair == NULL) return -1;
  for (size_t i = 0; i < run->n; i++) {
    out->twin[i] = TEXT_NONE;
    out->jaccard[i] = NAN;
  }
  for (uint32_t i = 0; i < run->m; i++) {
    if (found->twin[i] == COSINE_NONE) continue;
    const uint32_t me = run->text[i], twin = run->text[found->twin[i]];
    out->twin[me] = twin;
    out->jaccard[me] = found->cosine[i];
    out->pair[out->npairs++] = (TextPair){ me < twin ? me : twin, me < twin ? twin : me, found->cosine[i] };
  }
  out->rejected = found->rejected;
  return 0;
}

static int take_leaders(Run *run, CosineFigures *figures, Error *err) {
  const CosineParams params = { .threshold = run->p->threshold };
  uint32_t *order = malloc((run->m + (size_t)1) * sizeof *order);
  uint8_t *barred = malloc(run->m + (size_t)1);
  CosineLeaders found = { 0 };
  int r = order == NULL || barred == NULL ? -1 : order_places(run, order, barred);
  if (r == 0) r = cosine_leaders(run->v, run->place_slot, run->m, order, barred, &params, run->pool, &found, err);
  if (r == 0) r = take_twins(run, &found);
  if (r == 0) *figures = found.figures;
  cosine_leaders_free(&found);
  free(order);
  free(barred);
  return r;
}

/* ---- clusters ---- */

typedef struct Measure { const Run *run; Clusters *clusters; } Measure;

static int measure_texts(void *ctx, size_t begin, size_t end, int worker) {
  const Measure *m = ctx;
  Clusters *c = m->clusters;
  (void)worker;
  for (size_t i = begin; i < end; i++)
    if (c->twin[i] != TEXT_NONE && isnan(c->jaccard[i]))
      c->jaccard[i] = vectors_cosine(m->run->v, m->run->slot[i], m->run->slot[c->twin[i]]);
  return 0;
}

/* Clusters of out->pair. */
static int settle(const Run *run) {
  Leaders *out = run->out;
  ClusterGraph g;
  Clusters c = { 0 };
  Measure m = { run, &c };
  int r = cluster_graph_init(&g, run->n, run->order, NULL, out->pair, out->npairs);
  if (r == 0) r = clusters_init(&c, run->n, run->p->mode);
  if (r == 0) cluster_take(&g, run->p->threshold, run->p->mode, run->p->barred, &c);
  if (r == 0 && run->p->mode == CLUSTER_COMPONENTS) r = pool_for(run->pool, run->n, MEASURE_GRAIN, measure_texts, &m);
  if (r == 0) {
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

static int find_pairs(const Run *run, const CosineParams *p, ApproximateFigures *approximate, CosinePairs *found,
                      Error *err) {
  if (approximate == NULL) return cosine_pairs(run->v, run->place_slot, run->m, p, run->pool, found, err);
  const ApproximateParams usual = { 0 };
  return approximate_pairs(run->v, run->place_slot, run->m, p, &usual, run->pool, found, approximate, err);
}

static int find(Run *run, const SemanticParams *s, CosineFigures *figures, Error *err) {
  const size_t list = s->list;
  const LeaderParams *p = run->p;
  Leaders *out = run->out;
  CosinePairs found = { 0 };
  out->n = run->n;
  out->open = calloc(run->n + 1, 1);
  if (out->open == NULL || make_places(run) != 0) return -1;
  const size_t a_vector = p->evidence && p->evidence_pairs > 0 ? p->evidence_pairs : FEW;
  const CosineParams params = { .threshold = p->floor,
    .give_up = p->threshold, .most = list > 0 ? list : a_vector * run->m > LISTED ? a_vector * run->m : LISTED };
  int r = find_pairs(run, &params, s->approximate, &found, err);
  const int open = r == 0 && found.limited, crowd = open && found.floor > p->threshold;
  *figures = found.figures;
  if (r == 0 && !crowd) r = take_list(run, &found);
  cosine_pairs_free(&found);
  if (r == 0 && crowd && p->mode == CLUSTER_LEADER) r = take_leaders(run, figures, err);
  if (r == 0 && crowd && p->mode == CLUSTER_COMPONENTS) r = take_forest(run);
  if (r == 0 && out->npairs > 0) qsort(out->pair, out->npairs, sizeof *out->pair, by_place);
  if (r == 0 && out->twin == NULL) r = settle(run);
  for (uint32_t i = 0; open && i < run->m; i++) out->open[run->text[i]] = 1;
  out->candidates = out->verified = out->npairs;
  return r;
}

int semantic_find(const Vectors *v, const uint32_t *slot, size_t n, const uint32_t *order, const SemanticParams *p,
                  Pool *pool, Leaders *out, CosineFigures *figures, Error *err) {
  Run run = { .v = v, .slot = slot, .n = n, .order = order, .p = p->leaders, .pool = pool, .out = out,
              .threads = pool != NULL ? pool_threads(pool) : 1 };
  CosineFigures none;
  *out = (Leaders){ 0 };
  err->text[0] = '\0';
  int r = find(&run, p, figures != NULL ? figures : &none, err);
  free(run.bag);
  free(run.text);
  free(run.place_slot);
  if (r == 0) return 0;
  leaders_free(out);
  return r == POOL_INTERRUPTED || err->text[0] != '\0' ? r : error_memory(err);
}
