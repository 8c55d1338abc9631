/* modules/cosine/approximate.c - see approximate.h */
#include "cosine/approximate.h"

#ifndef HAVE_FAISS

int approximate_available(void) { return 0; }

int approximate_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p,
                      const ApproximateParams *a, Pool *pool, CosinePairs *out, ApproximateFigures *figures,
                      Error *err) {
  (void)v, (void)slot, (void)n, (void)p, (void)a, (void)pool;
  *out = (CosinePairs){ 0 };
  *figures = (ApproximateFigures){ 0 };
  return error_set(err, "approximate search needs FAISS, which was not there when this program was built "
                        "(libfaiss-dev); exact search needs nothing");
}

#else

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/spill.h"
#include "cosine/distinct.h"
#include "cosine/faiss_shim.h"
#include "cosine/hits.h"
#include "cosine/pack.h"
#include "cosine/scan.h"

enum { GRAIN = 256, LISTS_A_ROOT = 4, PROBES = 8, TRAIN_EACH = 40, SAMPLE = 1000 };

int approximate_available(void) { return 1; }

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

typedef struct Near {
  const Vectors *v;
  Distinct d;
  Pack pack;
  FaissIndex *index;
  uint32_t lists, probes;
  int64_t *list;           /* [d.n][probes] nearest first: so [i][0] is the list that i lies in */
  float *near;             /* [d.n][probes] */
  float least;
  Hits hits;
  char (*text)[FAISS_TEXT];   /* [threads] */
  uint64_t *proposed;         /* [threads] */
} Near;

typedef struct Asking { Near *s; int worker; size_t first; } Asking;

static int probes_list(const Near *s, uint32_t i, int64_t list) {
  for (uint32_t k = 0; k < s->probes; k++)
    if (s->list[(size_t)i * s->probes + k] == list) return 1;
  return 0;
}

/* A pair that both find is the earlier one's. */
static int take(void *ctx, size_t query, int64_t row) {
  const Asking *a = ctx;
  Near *s = a->s;
  const uint32_t i = (uint32_t)(a->first + query), j = (uint32_t)row;
  if (i == j || (j < i && probes_list(s, j, s->list[(size_t)i * s->probes]))) return 0;
  s->proposed[a->worker]++;
  return hits_add(&s->hits, a->worker, s->d.place[i], s->d.place[j], vectors_cosine(s->v, s->d.slot[i], s->d.slot[j]));
}

static int ask_some(void *ctx, size_t begin, size_t end, int worker) {
  Near *s = ctx;
  Asking a = { s, worker, begin };
  return faiss_index_range(s->index, s->pack.x + begin * s->pack.width, end - begin, s->probes,
                           s->list + begin * s->probes, s->near + begin * s->probes, s->least, take, &a,
                           s->text[worker]);
}

/* Rows spread over all, to train on. */
static float *draw_rows(const Near *s, uint32_t m) {
  const size_t width = s->pack.width;
  float *x = malloc(m * width * sizeof *x + 1);
  for (size_t i = 0; x != NULL && i < m; i++)
    memcpy(x + i * width, s->pack.x + i * s->d.n / m * width, width * sizeof *x);
  return x;
}

static int make_index(Near *s, const ApproximateParams *a) {
  const uint32_t n = s->d.n;
  s->lists = a->lists > 0 ? a->lists : (uint32_t)(LISTS_A_ROOT * sqrt(n));
  if (s->lists > n / 8) s->lists = n / 8;
  if (s->lists < 1) s->lists = 1;
  s->probes = a->probes > 0 ? a->probes : PROBES;
  if (s->probes > s->lists) s->probes = s->lists;
  s->list = spill_alloc((size_t)n * s->probes * sizeof *s->list + 1);
  s->near = spill_alloc((size_t)n * s->probes * sizeof *s->near + 1);
  const uint32_t train = n / TRAIN_EACH < s->lists ? n : s->lists * TRAIN_EACH;
  float *x = draw_rows(s, train);
  int r = s->list == NULL || s->near == NULL || x == NULL ? -1 : 0;
  if (r == 0) s->index = faiss_index_new(s->pack.x, n, x, train, s->pack.width, s->lists, s->text[0]);
  free(x);
  if (r == 0 && s->index == NULL) r = -1;
  if (r == 0) r = faiss_index_lists(s->index, s->pack.x, n, s->probes, s->list, s->near, s->text[0]);
  return r;
}

/* ---- what was missed ---- */

typedef struct Missing {
  const CosinePairs *out;
  const uint32_t *asked, *all;   /* places of the list: of a scan's sides */
  size_t *pairs, *found;         /* [threads] */
} Missing;

static int is_found(const CosinePairs *out, uint32_t a, uint32_t b) {
  size_t low = 0, high = out->n;
  while (low < high) {
    const size_t mid = (low + high) / 2;
    const CosinePair *p = &out->pair[mid];
    if (p->a == a && p->b == b) return 1;
    if (p->a < a || (p->a == a && p->b < b)) low = mid + 1;
    else high = mid;
  }
  return 0;
}

static int hold(void *ctx, int worker, uint32_t i, uint32_t k, double cosine) {
  const Missing *m = ctx;
  const uint32_t a = m->asked[i], b = m->all[k];
  if (a == b || cosine < m->out->floor) return 0;
  m->pairs[worker]++;
  m->found[worker] += (size_t)is_found(m->out, a < b ? a : b, a < b ? b : a);
  return 0;
}

static int measure(const Near *s, const CosinePairs *out, double threshold, uint32_t sample, Pool *pool,
                   ApproximateFigures *f) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  f->sample = sample < s->d.n ? sample : s->d.n;
  const size_t room = f->sample + (size_t)1;
  uint32_t *slot = malloc(room * sizeof *slot), *place = malloc(room * sizeof *place);
  Missing m = { out, place, s->d.place, calloc((size_t)threads, sizeof(size_t)),
                calloc((size_t)threads, sizeof(size_t)) };
  int r = slot == NULL || place == NULL || m.pairs == NULL || m.found == NULL ? -1 : 0;
  for (uint32_t i = 0; r == 0 && i < f->sample; i++) {
    const uint32_t at = (uint32_t)((uint64_t)i * s->d.n / f->sample);
    slot[i] = s->d.slot[at];
    place[i] = s->d.place[at];
  }
  const ScanSide asked = { slot, f->sample }, all = { s->d.slot, s->d.n };
  const ScanSink sink = { NULL, hold, &m };
  if (r == 0) r = cosine_scan(s->v, &asked, &all, threshold, &sink, pool);
  for (int t = 0; r == 0 && t < threads; t++) {
    f->sample_pairs += m.pairs[t];
    f->sample_found += m.found[t];
  }
  f->recall = f->sample_pairs > 0 ? (double)f->sample_found / (double)f->sample_pairs : NAN;
  free(slot);
  free(place);
  free(m.pairs);
  free(m.found);
  return r;
}

/* ---- the whole ---- */

static int find(Near *s, const uint32_t *slot, uint32_t n, const CosineParams *p, const ApproximateParams *a,
                Pool *pool, CosinePairs *out, ApproximateFigures *f) {
  const int threads = pool != NULL ? pool_threads(pool) : 1;
  const double begun = now_s();
  s->text = calloc((size_t)threads, sizeof *s->text);
  s->proposed = calloc((size_t)threads, sizeof *s->proposed);
  s->least = (float)(p->threshold - pack_slack(s->v->dim));
  int r = s->text == NULL || s->proposed == NULL ? -1 : hits_init(&s->hits, p->threshold, p->most, 2, threads);
  if (r == 0) r = distinct_find(&s->d, s->v, slot, n, pool);
  if (r == 0) r = pack_whole(&s->pack, s->v, s->d.slot, s->d.n, pool);
  if (r == 0 && s->d.n > 1) r = make_index(s, a);
  const double prepared = now_s();
  if (r == 0 && s->d.n > 1) r = pool_for(pool, s->d.n, GRAIN, ask_some, s);
  const double searched = now_s();
  if (r == 0) r = hits_take(&s->hits, out);
  if (r == 0) r = distinct_lay(&s->d, out);
  *f = (ApproximateFigures){ .lists = s->lists, .probes = s->probes, .recall = NAN };
  if (r == 0) r = measure(s, out, p->threshold, a->sample > 0 ? a->sample : SAMPLE, pool, f);
  out->figures = (CosineFigures){ .distinct = s->d.n, .head = s->v->dim, .prepare_s = prepared - begun,
                                  .search_s = searched - prepared, .settle_s = now_s() - searched };
  CosineFigures *g = &out->figures;
  for (int t = 0; s->proposed != NULL && t < threads; t++) g->proposed += s->proposed[t];
  g->pairs = (uint64_t)s->d.n * (s->d.n > 0 ? s->d.n - 1 : 0) / 2;
  g->by_cluster = g->pairs - g->proposed;
  g->clusters = s->lists;
  return r;
}

int approximate_pairs(const Vectors *v, const uint32_t *slot, uint32_t n, const CosineParams *p,
                      const ApproximateParams *a, Pool *pool, CosinePairs *out, ApproximateFigures *figures,
                      Error *err) {
  *out = (CosinePairs){ 0 };
  Near s = { .v = v };
  int r = find(&s, slot, n, p, a, pool, out, figures);
  const char *said = NULL;
  for (int t = 0; s.text != NULL && t < (pool != NULL ? pool_threads(pool) : 1); t++)
    if (said == NULL && s.text[t][0] != '\0') said = s.text[t];
  if (r != 0 && r != POOL_INTERRUPTED) r = said != NULL ? error_set(err, "%s", said) : error_memory(err);
  distinct_free(&s.d);
  pack_free(&s.pack);
  faiss_index_free(s.index);
  spill_free(s.list);
  spill_free(s.near);
  hits_free(&s.hits);
  free(s.text);
  free(s.proposed);
  if (r != 0) cosine_pairs_free(out);
  return r;
}

#endif
