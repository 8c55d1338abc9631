/* modules/select/importance.c - see importance.h */
#include "select/importance.h"

#include <math.h>
#include <stdlib.h>

#include "corpus/row.h"
#include "select/select.h"
#include "vectors/embedder.h"

enum { GRAIN = 64 };   /* rows a chunk */

/* ---- counts ---- */

int importance_counts_new(ImportanceCounts *c, ImportanceShape shape) {
  *c = (ImportanceCounts){ .shape = shape, .count = calloc(shape.buckets, sizeof(uint64_t)) };
  return c->count == NULL ? -1 : 0;
}

void importance_counts_free(ImportanceCounts *c) {
  free(c->count);
  *c = (ImportanceCounts){ 0 };
}

int importance_add(ImportanceCounts *c, Bag *room, Span text) {
  if (bag_read(room, text, c->shape.features) != 0) return -1;
  c->texts++;
  c->empty += room->n == 0;
  c->features += room->n;
  for (size_t i = 0; i < room->n; i++) c->count[bag_bucket(room->hash[i], c->shape.buckets)]++;
  return 0;
}

void importance_ratio(const ImportanceCounts *target, const ImportanceCounts *raw, double smoothing, double *ratio) {
  uint32_t n = target->shape.buckets;
  double all = log((double)raw->features + smoothing * n) - log((double)target->features + smoothing * n);
  for (uint32_t i = 0; i < n; i++)
    ratio[i] = log((double)target->count[i] + smoothing) - log((double)raw->count[i] + smoothing) + all;
}

double importance_kl(const ImportanceCounts *target, const ImportanceCounts *other, double smoothing) {
  uint32_t n = target->shape.buckets;
  double p_all = (double)target->features + smoothing * n, q_all = (double)other->features + smoothing * n, sum = 0;
  for (uint32_t i = 0; i < n; i++) {
    double p = ((double)target->count[i] + smoothing) / p_all, q = ((double)other->count[i] + smoothing) / q_all;
    sum += p * log(p / q);
  }
  return sum > 0 ? sum : 0;
}

/* ---- rows ---- */

typedef struct Worker {
  Scratch *scratch;
  Bag bag;
  Buf text;
  ImportanceCounts counts;
} Worker;

typedef struct Walk {
  const View *view;
  const uint32_t *rows;
  ImportanceShape shape;
  const double *ratio;         /* weighing, else counting */
  int mean;
  ImportanceWeights *weights;
  Worker *worker;
  int threads;
} Walk;

static int text_of(Walk *w, Worker *own, size_t i, Span *text) {
  Row row = scratch_begin(own->scratch, w->view, w->rows[i]);
  return vectors_text(&row, w->shape.fields, &own->text, text) != 0 || scratch_failed(own->scratch) ? -1 : 0;
}

static int count_rows(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  Worker *own = &w->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Span text;
    if (text_of(w, own, i, &text) != 0 || importance_add(&own->counts, &own->bag, text) != 0) return -1;
  }
  return 0;
}

static int weigh_rows(void *ctx, size_t begin, size_t end, int worker) {
  Walk *w = ctx;
  Worker *own = &w->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Span text;
    if (text_of(w, own, i, &text) != 0 || bag_read(&own->bag, text, w->shape.features) != 0) return -1;
    double sum = 0;
    for (size_t k = 0; k < own->bag.n; k++) sum += w->ratio[bag_bucket(own->bag.hash[k], w->shape.buckets)];
    w->weights->weight[i] = own->bag.n == 0 ? -INFINITY : w->mean ? sum / (double)own->bag.n : sum;
    w->weights->features[i] = own->bag.n < UINT32_MAX ? (uint32_t)own->bag.n : UINT32_MAX;
  }
  return 0;
}

static int workers_make(Walk *w, Pool *pool) {
  w->threads = pool == NULL ? 1 : pool_threads(pool);
  w->worker = calloc((size_t)w->threads, sizeof *w->worker);
  for (int i = 0; w->worker != NULL && i < w->threads; i++) {
    w->worker[i].scratch = scratch_new(i);
    if (w->worker[i].scratch == NULL) return -1;
    if (w->ratio == NULL && importance_counts_new(&w->worker[i].counts, w->shape) != 0) return -1;
  }
  return w->worker == NULL ? -1 : 0;
}

static void workers_free(Walk *w) {
  for (int i = 0; w->worker != NULL && i < w->threads; i++) {
    scratch_free(w->worker[i].scratch);
    bag_free(&w->worker[i].bag);
    buf_free(&w->worker[i].text);
    importance_counts_free(&w->worker[i].counts);
  }
  free(w->worker);
}

static int told(int status, Error *err) {
  if (status == 0) return 0;
  if (status != POOL_INTERRUPTED) return error_memory(err);
  if (err != NULL) err->text[0] = '\0';
  return -1;
}

/* The rows given, or those that stand, in a copy; NULL if out of memory. */
static uint32_t *rows_of(const View *v, const uint32_t *rows, size_t *n) {
  if (rows == NULL) *n = v->standing;
  uint32_t *copy = malloc((*n + 1) * sizeof *copy);
  if (copy == NULL) return NULL;
  if (rows == NULL) view_standing(v, copy);
  else memcpy(copy, rows, *n * sizeof *copy);
  return copy;
}

int importance_count(ImportanceCounts *c, const View *v, const uint32_t *rows, size_t n, ImportanceShape shape,
                     Pool *pool, Error *err) {
  int status = importance_counts_new(c, shape);
  uint32_t *own = rows_of(v, rows, &n);
  Walk w = { .view = v, .rows = own, .shape = shape };
  if (status == 0 && own == NULL) status = -1;
  if (status == 0) status = workers_make(&w, pool);
  if (status == 0) status = pool_for(pool, n, GRAIN, count_rows, &w);
  for (int i = 0; status == 0 && i < w.threads; i++) {   /* whole numbers: the order does not matter */
    const ImportanceCounts *from = &w.worker[i].counts;
    c->texts += from->texts;
    c->empty += from->empty;
    c->features += from->features;
    for (uint32_t b = 0; b < shape.buckets; b++) c->count[b] += from->count[b];
  }
  workers_free(&w);
  free(own);
  if (status != 0) importance_counts_free(c);
  return told(status, err);
}

int importance_weigh(ImportanceWeights *out, View *v, const uint32_t *rows, size_t n, ImportanceShape shape,
                     const double *ratio, int mean, Pool *pool, Error *err) {
  *out = (ImportanceWeights){ .view = view_ref(v), .row = rows_of(v, rows, &n) };
  out->n = n;
  out->weight = malloc((n + 1) * sizeof *out->weight);
  out->features = malloc((n + 1) * sizeof *out->features);
  Walk w = { .view = v, .rows = out->row, .shape = shape, .ratio = ratio, .mean = mean, .weights = out };
  int status = out->row == NULL || out->weight == NULL || out->features == NULL ? -1 : workers_make(&w, pool);
  if (status == 0) status = pool_for(pool, n, GRAIN, weigh_rows, &w);
  workers_free(&w);
  if (status != 0) importance_weights_free(out);
  return told(status, err);
}

void importance_weights_free(ImportanceWeights *w) {
  view_unref(w->view);
  free(w->row);
  free(w->weight);
  free(w->features);
  *w = (ImportanceWeights){ 0 };
}

/* ---- the draw ---- */

double importance_noise(uint64_t place) {
  double u = ((double)(place >> 12) + 0.5) * 0x1p-52;   /* in (0, 1), neither end */
  return -log(-log(u));
}

typedef struct Ranked {
  double key;
  uint32_t at;         /* place among the rows */
  int untrusted;
} Ranked;

static int by_key(const void *x, const void *y) {
  const Ranked *a = x, *b = y;
  if (a->untrusted != b->untrusted) return a->untrusted - b->untrusted;
  if (a->key != b->key) return a->key > b->key ? -1 : 1;
  return (a->at > b->at) - (a->at < b->at);
}

int importance_rank(const ImportanceWeights *w, double sharpness, uint64_t seed, uint32_t *rank) {
  Ranked *order = malloc((w->n + 1) * sizeof *order);
  if (order == NULL) return -1;
  const Corpus *c = w->view->corpus;
  for (size_t i = 0; i < w->n; i++) {
    uint32_t row = w->row[i];
    double key = w->weight[i], noise = importance_noise(select_place(c->identity[row], seed));
    if (!isinf(sharpness)) key = (sharpness > 0 ? key * sharpness : 0) + noise;
    order[i] = (Ranked){ key, (uint32_t)i, c->sources[c->rows[row].source].trusted == 0 };
  }
  qsort(order, w->n, sizeof *order, by_key);
  for (size_t i = 0; i < w->n; i++) rank[order[i].at] = (uint32_t)i + 1;
  free(order);
  return 0;
}

VerdictList *importance_choose(const ImportanceWeights *w, size_t k, double sharpness, uint64_t seed, const char *field,
                               const char *reason) {
  uint32_t *rank = malloc((w->n + 1) * sizeof *rank);
  VerdictList *list = verdicts_new();
  int failed = rank == NULL || list == NULL || importance_rank(w, sharpness, seed, rank) != 0;
  if (!failed) {
    list->field = field;
    list->reasons[0] = reason;
  }
  for (size_t i = 0; !failed && i < w->n; i++)
    if (rank[i] > k)
      failed = verdicts_add(list, (VerdictEntry){ .row = w->row[i], .twin = PLACE_NONE, .value = rank[i],
                                                  .threshold = (double)k, .reason = 0, .blob = -1 }) != 0;
  free(rank);
  if (!failed) return list;
  verdicts_free(list);
  return NULL;
}
