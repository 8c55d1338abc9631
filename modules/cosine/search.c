/* modules/cosine/search.c - see search.h */
#include "cosine/search.h"

#include <stdlib.h>
#include <time.h>

#include "core/spill.h"
#include "cosine/hits.h"
#include "cosine/pack.h"
#include "vectors/dense.h"

enum { BLOCK = 512 };

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct Search {
  const Vectors *v;
  const uint32_t *slot;    /* of the list */
  uint32_t n;              /* distinct vectors: */
  uint32_t *place;         /* [n] their places in the list, */
  uint32_t *mine;          /* [n] and slots */
  Pack pack;
  double threshold, slack;
  Hits hits;
  int threads;
  float **room;            /* [threads] a tile of products */
  uint64_t *proposed;      /* [threads] */
} Search;

/* ---- the upper triangle, tile by tile ---- */

/* Tile number u of a triangle of `side` rows of tiles: row i, column j >= i. */
static void tile_at(size_t side, size_t u, size_t *i, size_t *j) {
  size_t low = 0, high = side;   /* row i begins at i * side - i (i - 1) / 2 */
  while (high - low > 1) {
    size_t mid = (low + high) / 2;
    if (mid * side - mid * (mid - 1) / 2 <= u) low = mid;
    else high = mid;
  }
  *i = low;
  *j = low + u - (low * side - (low > 0 ? low * (low - 1) / 2 : 0));
}

/* A product may propose a pair that is wanted no more (hits.h): it is counted all the same, so that the count does not
** depend on which pairs came first. */
static int decide(Search *s, int worker, uint32_t a, uint32_t b, float product) {
  s->proposed[worker]++;
  if (product < hits_least(&s->hits) - s->slack) return 0;
  double cosine = vectors_cosine(s->v, s->mine[a], s->mine[b]);
  return cosine < hits_least(&s->hits) ? 0 : hits_add(&s->hits, worker, s->place[a], s->place[b], cosine);
}

static int one_tile(Search *s, int worker, uint32_t a, uint32_t b) {
  const uint32_t m = s->n - a < BLOCK ? s->n - a : BLOCK, n = s->n - b < BLOCK ? s->n - b : BLOCK, w = s->pack.width;
  const float least = (float)(s->threshold - s->slack);
  float *c = s->room[worker];
  dense_nt(m, n, w, s->pack.x + (size_t)a * w, w, s->pack.x + (size_t)b * w, w, c, BLOCK);
  for (uint32_t i = 0; i < m; i++) {
    const float *row = c + (size_t)i * BLOCK;
    for (uint32_t j = a == b ? i + 1 : 0; j < n; j++)
      if (row[j] >= least && decide(s, worker, a + i, b + j, row[j]) != 0) return -1;
  }
  return 0;
}

static int search_tiles(void *ctx, size_t begin, size_t end, int worker) {
  Search *s = ctx;
  const size_t side = (s->n + (size_t)BLOCK - 1) / BLOCK;
  if (s->room[worker] == NULL) s->room[worker] = malloc((size_t)BLOCK * BLOCK * sizeof(float));
  if (s->room[worker] == NULL) return -1;
  for (size_t u = begin; u < end; u++) {
    size_t i, j;
    tile_at(side, u, &i, &j);
    if (one_tile(s, worker, (uint32_t)i * BLOCK, (uint32_t)j * BLOCK) != 0) return -1;
  }
  return 0;
}

/* ---- the whole ---- */

static void free_search(Search *s) {
  for (int t = 0; s->room != NULL && t < s->threads; t++) free(s->room[t]);
  free(s->room);
  free(s->proposed);
  free(s->place);
  free(s->mine);
  pack_free(&s->pack);
  hits_free(&s->hits);
}

/* The distinct vectors of the list; *copies how many others there are. */
static int find_distinct(Search *s, uint32_t n, Pool *pool, uint32_t *like) {
  s->place = malloc((n + (size_t)1) * sizeof *s->place);
  s->mine = malloc((n + (size_t)1) * sizeof *s->mine);
  if (s->place == NULL || s->mine == NULL) return -1;
  int r = cosine_copies(s->v, s->slot, n, pool, like);
  for (uint32_t i = 0; r == 0 && i < n; i++) {
    if (like[i] != i) continue;
    s->mine[s->n] = slot_at(s->slot, i);
    s->place[s->n++] = i;
  }
  return r;
}

static int make_rooms(Search *s, const CosineParams *p) {
  s->room = calloc((size_t)s->threads, sizeof *s->room);
  s->proposed = calloc((size_t)s->threads, sizeof *s->proposed);
  if (s->room == NULL || s->proposed == NULL) return -1;
  return hits_init(&s->hits, p->threshold, p->most, s->threads);
}

static int by_b(const void *a, const void *b) {
  const CosinePair *x = a, *y = b;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* Pairs and those of copies, by a, then by b: counted into place by a. */
static int lay_pairs(CosinePairs *out, const uint32_t *like, uint32_t n) {
  size_t total = out->n, *start = calloc(n + (size_t)2, sizeof *start);
  for (uint32_t i = 0; i < n; i++) total += like[i] != i;
  CosinePair *pair = spill_alloc((total + 1) * sizeof *pair);
  if (start == NULL || pair == NULL) {
    free(start);
    spill_free(pair);
    return -1;
  }
  for (size_t i = 0; i < out->n; i++) start[out->pair[i].a + 2]++;
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) start[like[i] + 2]++;
  for (uint32_t i = 0; i < n; i++) start[i + 2] += start[i + 1];
  for (size_t i = 0; i < out->n; i++) pair[start[out->pair[i].a + 1]++] = out->pair[i];
  for (uint32_t i = 0; i < n; i++)
    if (like[i] != i) pair[start[like[i] + 1]++] = (CosinePair){ like[i], i, 1 };
  for (uint32_t i = 0; i < n; i++)
    if (start[i + 1] - start[i] > 1) qsort(pair + start[i], start[i + 1] - start[i], sizeof *pair, by_b);
  free(start);
  spill_free(out->pair);
  out->pair = pair;
  out->n = total;
  return 0;
}

static int find_pairs(Search *s, uint32_t n, const CosineParams *p, Pool *pool, CosinePairs *out) {
  const double begun = now_s();
  uint32_t *like = malloc((n + (size_t)1) * sizeof *like);
  int r = like == NULL ? -1 : find_distinct(s, n, pool, like);
  if (r == 0) r = make_rooms(s, p);
  if (r == 0 && p->threshold < 1) r = pack_whole(&s->pack, s->v, s->mine, s->n, pool);
  const double prepared = now_s();
  if (r == 0 && p->threshold < 1) {   /* else only copies match */
    size_t side = (s->n + (size_t)BLOCK - 1) / BLOCK;
    r = pool_for(pool, side * (side + 1) / 2, 1, search_tiles, s);
  }
  const double searched = now_s();
  if (r == 0) r = hits_take(&s->hits, out);
  if (r == 0) r = lay_pairs(out, like, n);
  free(like);
  if (r != 0) return r;
  CosineFigures *f = &out->figures;
  f->distinct = s->n;
  f->pairs = f->products = (uint64_t)s->n * (s->n > 0 ? s->n - 1 : 0) / 2;
  for (int t = 0; t < s->threads; t++) f->proposed += s->proposed[t];
  f->by_head = f->pairs - f->proposed;
  f->head = s->v->dim;
  f->prepare_s = prepared - begun;
  f->search_s = searched - prepared;
  f->settle_s = now_s() - searched;
  return 0;
}

int cosine_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p, Pool *pool,
                 CosinePairs *out, Error *err) {
  *out = (CosinePairs){ 0 };
  Search s = { .v = v, .slot = slot, .threads = pool != NULL ? pool_threads(pool) : 1,
               .threshold = p->threshold, .slack = pack_slack(v->dim) };
  int r = find_pairs(&s, n, p, pool, out);
  free_search(&s);
  if (r == 0) return 0;
  cosine_pairs_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}

void cosine_pairs_free(CosinePairs *p) {
  spill_free(p->pair);
  *p = (CosinePairs){ 0 };
}
