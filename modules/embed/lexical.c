/* modules/embed/lexical.c - see lexical.h */
#include "embed/lexical.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "core/spill.h"
#include "embed/svd.h"

enum { GRAIN = 64, TF = 256, LARGE_PAGE = 1 << 21 };

/* What a worker needs to make a vector of a text. */
typedef struct Room {
  Bag bag;
  float tf[TF];        /* 1 + ln c */
} Room;

static void room_init(Room *r) {
  *r = (Room){ 0 };
  for (int c = 1; c < TF; c++) r->tf[c] = (float)(1 + log(c));
}

static void *room_new(const Embedder *e) {
  (void)e;
  Room *r = malloc(sizeof *r);
  if (r != NULL) room_init(r);
  return r;
}

static void room_free(void *room) {
  if (room != NULL) bag_free(&((Room *)room)->bag);
  free(room);
}

static inline uint32_t bucket_of(uint64_t feature) { return bag_bucket(feature, LEXICAL_BUCKETS); }

/* The weight of feature i of the bag, which was counted. */
static inline float weight(const Lexical *l, const Room *r, size_t i) {
  uint32_t c = r->bag.count[i];
  float tf = c < TF ? r->tf[c] : (float)(1 + log(c));
  return tf * l->idf[bucket_of(r->bag.hash[i])] * l->p.kind[r->bag.hash[i] & BAG_KIND];
}

static int read_text(const Lexical *l, Room *r, Span text) {
  return bag_read(&r->bag, text, l->p.features) != 0 || bag_count(&r->bag) != 0 ? -1 : 0;
}

/* ---- a text's vector ---- */

static void project(const Lexical *l, const Room *r, float *out) {
  for (size_t i = 0; i < r->bag.n; i++) __builtin_prefetch(&l->idf[bucket_of(r->bag.hash[i])]);
  for (size_t i = 0; i < r->bag.n; i++) {
    uint64_t h = r->bag.hash[i];
    uint32_t bits;
    float w = weight(l, r, i);
    memcpy(&bits, &w, sizeof bits);
    bits ^= bag_sign(h) << 31;   /* without a branch on what nobody can foresee */
    memcpy(&w, &bits, sizeof w);
    out[bag_place(h, l->p.dim)] += w;
  }
}

static void fold_portable(const Lexical *l, const Room *r, float *restrict out) {
  size_t dim = l->p.dim;
  for (size_t i = 0; i < r->bag.n; i++) {
    uint32_t term = l->term[bucket_of(r->bag.hash[i])];
    if (term == UINT32_MAX) continue;
    const float *restrict x = l->basis + (size_t)term * dim;
    float w = weight(l, r, i);
    for (size_t j = 0; j < dim; j++) out[j] += w * x[j];
  }
}

#ifdef SIMD_X86
#include <immintrin.h>
/* The same bits: no product is fused with its sum. */
__attribute__((target("avx2"))) static void fold_avx2(const Lexical *l, const Room *r, float *restrict out) {
  size_t dim = l->p.dim;
  for (size_t i = 0; i < r->bag.n; i++) {
    uint32_t term = l->term[bucket_of(r->bag.hash[i])];
    if (term == UINT32_MAX) continue;
    const float *x = l->basis + (size_t)term * dim;
    __m256 w = _mm256_set1_ps(weight(l, r, i));
    for (size_t j = 0; j < dim; j += 8)
      _mm256_storeu_ps(out + j, _mm256_add_ps(_mm256_loadu_ps(out + j), _mm256_mul_ps(w, _mm256_loadu_ps(x + j))));
  }
}
#endif

static int embed(const Embedder *e, void *room, Span text, float *out) {
  const Lexical *l = (const Lexical *)e;
  Room *r = room;
  memset(out, 0, l->p.dim * sizeof *out);
  if (read_text(l, r, text) != 0) return -1;
  if (l->p.method == LEXICAL_PROJECTION) {
    project(l, r, out);
    return 0;
  }
#ifdef SIMD_X86
  if (simd_avx2(simd_best())) {
    fold_avx2(l, r, out);
    return 0;
  }
#endif
  fold_portable(l, r, out);
  return 0;
}

/* Asks for large pages where the system has some: what is looked up in no order is on another page each time. */
static void large_pages(void *at, size_t bytes) {
#ifdef MADV_HUGEPAGE
  size_t before = (LARGE_PAGE - (uintptr_t)at % LARGE_PAGE) % LARGE_PAGE;
  if (bytes > before) madvise((char *)at + before, bytes - before, MADV_HUGEPAGE);   /* refused: only slower */
#else
  (void)at, (void)bytes;
#endif
}

/* A number a bucket, zeroed. NULL if out of memory. */
static void *table_new(size_t width) {
  size_t bytes = LEXICAL_BUCKETS * width;
  void *table = aligned_alloc(LARGE_PAGE, bytes);
  if (table == NULL) return NULL;
  large_pages(table, bytes);
  memset(table, 0, bytes);
  return table;
}

static void destroy(Embedder *e) {
  Lexical *l = (Lexical *)e;
  free(l->idf);
  spill_free(l->term);
  spill_free(l->basis);
  free(l->energy);
  free(l);
}

/* ---- fitting: how many texts have a bucket ---- */

typedef struct Fit {
  Lexical *l;
  LexicalTexts texts;
  const uint32_t *sample;
  int threads;
  Room *room;              /* [threads] */
  uint32_t **df;           /* [threads][LEXICAL_BUCKETS] */
  uint32_t *df_sample;     /* [LEXICAL_BUCKETS] */
  SvdMatrix a;             /* rows of the sample */
  struct Line { size_t n; uint32_t *bucket; float *weight; } *line;   /* [sampled] in the making */
} Fit;

static int count_texts(void *ctx, size_t begin, size_t end, int worker) {
  Fit *f = ctx;
  Room *r = &f->room[worker];
  uint32_t *df = f->df[worker];
  for (size_t i = begin; i < end; i++) {
    Span text;
    if (f->texts.text(f->texts.ctx, i, worker, &text) != 0 || read_text(f->l, r, text) != 0) return -1;
    for (size_t k = 0; k < r->bag.n; k++) __builtin_prefetch(&df[bucket_of(r->bag.hash[k])], 1);
    for (size_t k = 0; k < r->bag.n; k++) df[bucket_of(r->bag.hash[k])]++;
  }
  return 0;
}

static int fit_idf(Fit *f, Pool *pool) {
  int status = pool_for(pool, f->texts.n, GRAIN, count_texts, f);
  if (status != 0) return status;
  double all = log(1 + (double)f->texts.n);
  for (size_t b = 0; b < LEXICAL_BUCKETS; b++) {
    uint64_t df = 0;
    for (int t = 0; t < f->threads; t++) df += f->df[t][b];
    if (df > f->texts.n) df = f->texts.n;   /* two features of one text may share a bucket */
    f->l->idf[b] = (float)(1 + all - log(1 + (double)df));
  }
  f->l->texts = f->texts.n;
  return 0;
}

/* ---- fitting: the sample's strongest directions ---- */

typedef struct Cell { uint32_t bucket; float weight; } Cell;

static int by_bucket(const void *x, const void *y) {
  uint32_t a = ((const Cell *)x)->bucket, b = ((const Cell *)y)->bucket;
  return (a > b) - (a < b);
}

/* The bag's weights by bucket, ascending, into cell[0..n); how many. */
static size_t cells_of(const Lexical *l, const Room *r, Cell *cell) {
  for (size_t k = 0; k < r->bag.n; k++) cell[k] = (Cell){ bucket_of(r->bag.hash[k]), weight(l, r, k) };
  qsort(cell, r->bag.n, sizeof *cell, by_bucket);
  size_t n = 0;
  for (size_t k = 0; k < r->bag.n; k++) {
    if (n > 0 && cell[n - 1].bucket == cell[k].bucket) cell[n - 1].weight += cell[k].weight;
    else cell[n++] = cell[k];
  }
  return n;
}

static int sample_texts(void *ctx, size_t begin, size_t end, int worker) {
  Fit *f = ctx;
  Room *r = &f->room[worker];
  for (size_t i = begin; i < end; i++) {
    Span text;
    if (f->texts.text(f->texts.ctx, f->sample[i], worker, &text) != 0 || read_text(f->l, r, text) != 0) return -1;
    Cell *cell = malloc((r->bag.n + 1) * sizeof *cell);
    struct Line *line = &f->line[i];
    if (cell == NULL) return -1;
    line->n = cells_of(f->l, r, cell);
    line->bucket = malloc((line->n + 1) * sizeof *line->bucket);
    line->weight = malloc((line->n + 1) * sizeof *line->weight);
    int failed = line->bucket == NULL || line->weight == NULL;
    for (size_t k = 0; !failed && k < line->n; k++) {
      line->bucket[k] = cell[k].bucket;
      line->weight[k] = cell[k].weight;
    }
    free(cell);
    if (failed) return -1;
  }
  return 0;
}

typedef struct Ranked { uint32_t df, bucket; } Ranked;

static int by_df(const void *x, const void *y) {
  const Ranked *a = x, *b = y;
  if (a->df != b->df) return a->df > b->df ? -1 : 1;
  return (a->bucket > b->bucket) - (a->bucket < b->bucket);
}

/* Chooses the buckets that the basis knows; their places ascend with the bucket. */
static int choose_terms(Fit *f) {
  Lexical *l = f->l;
  Ranked *ranked = malloc(LEXICAL_BUCKETS * sizeof *ranked);
  if (ranked == NULL) return -1;
  size_t n = 0;
  for (size_t i = 0; i < l->sampled; i++)
    for (size_t k = 0; k < f->line[i].n; k++) f->df_sample[f->line[i].bucket[k]]++;
  for (uint32_t b = 0; b < LEXICAL_BUCKETS; b++) {
    l->term[b] = UINT32_MAX;
    if (f->df_sample[b] >= l->p.least && f->df_sample[b] > 0) ranked[n++] = (Ranked){ f->df_sample[b], b };
  }
  qsort(ranked, n, sizeof *ranked, by_df);
  if (n > l->p.terms) n = l->p.terms;
  for (size_t i = 0; i < n; i++) l->term[ranked[i].bucket] = 0;
  free(ranked);
  for (uint32_t b = 0; b < LEXICAL_BUCKETS; b++)
    if (l->term[b] == 0) l->term[b] = l->nterms++;
  return 0;
}

/* The sample as a matrix of texts by terms, each text of length 1 before what no term has fell away. */
static int make_matrix(Fit *f, double *squares) {
  const Lexical *l = f->l;
  SvdMatrix *a = &f->a;
  size_t values = 0;
  for (size_t i = 0; i < l->sampled; i++) values += f->line[i].n;
  *a = (SvdMatrix){ .n = l->sampled, .m = l->nterms };
  a->start = calloc(l->sampled + 1, sizeof *a->start);
  a->column = spill_alloc((values + 1) * sizeof *a->column);
  a->value = spill_alloc((values + 1) * sizeof *a->value);
  if (a->start == NULL || a->column == NULL || a->value == NULL) return -1;
  size_t at = 0;
  for (size_t i = 0; i < l->sampled; i++) {
    double sum = 0;
    const struct Line *line = &f->line[i];
    for (size_t k = 0; k < line->n; k++) sum += (double)line->weight[k] * line->weight[k];
    double inverse = sum > 0 ? 1 / sqrt(sum) : 0;
    *squares += sum > 0;
    for (size_t k = 0; k < line->n; k++) {
      uint32_t term = l->term[line->bucket[k]];
      if (term == UINT32_MAX) continue;
      a->column[at] = term;
      a->value[at++] = (float)(line->weight[k] * inverse);
    }
    a->start[i + 1] = at;
  }
  return 0;
}

static int fit_svd(Fit *f, Pool *pool, Error *err) {
  Lexical *l = f->l;
  double squares = 0;
  l->term = spill_alloc(LEXICAL_BUCKETS * sizeof *l->term);
  l->energy = calloc(l->p.dim, sizeof *l->energy);
  f->df_sample = calloc(LEXICAL_BUCKETS, sizeof *f->df_sample);
  f->line = calloc(l->sampled + 1, sizeof *f->line);
  if (l->term == NULL || l->energy == NULL || f->df_sample == NULL || f->line == NULL) return error_memory(err);
  int status = pool_for(pool, l->sampled, GRAIN, sample_texts, f);
  if (status == POOL_INTERRUPTED) return status;
  if (status != 0 || choose_terms(f) != 0 || make_matrix(f, &squares) != 0) return error_memory(err);
  l->basis = spill_alloc(((size_t)l->nterms * l->p.dim + 8) * sizeof *l->basis);
  if (l->basis == NULL) return error_memory(err);
  large_pages(l->basis, (size_t)l->nterms * l->p.dim * sizeof *l->basis);
  if (svd_sparse(&f->a, l->p.dim, l->p.iterations, l->p.seed, pool, l->basis, l->energy, err) != 0) return -1;
  for (uint32_t j = 0; j < l->p.dim; j++) l->energy[j] = squares > 0 ? l->energy[j] * l->energy[j] / squares : 0;
  return 0;
}

/* ---- fitting: the whole ---- */

static int fit_init(Fit *f, Pool *pool) {
  f->threads = pool == NULL ? 1 : pool_threads(pool);
  f->room = calloc((size_t)f->threads, sizeof *f->room);
  f->df = calloc((size_t)f->threads, sizeof *f->df);
  if (f->room == NULL || f->df == NULL) return -1;
  for (int t = 0; t < f->threads; t++) {
    room_init(&f->room[t]);
    f->df[t] = table_new(sizeof **f->df);
    if (f->df[t] == NULL) return -1;
  }
  return 0;
}

static void fit_free(Fit *f) {
  for (int t = 0; t < f->threads; t++) {
    if (f->room != NULL) bag_free(&f->room[t].bag);
    if (f->df != NULL) free(f->df[t]);
  }
  for (size_t i = 0; f->line != NULL && i < f->l->sampled; i++) {
    free(f->line[i].bucket);
    free(f->line[i].weight);
  }
  free(f->room);
  free(f->df);
  free(f->df_sample);
  free(f->line);
  free(f->a.start);
  spill_free(f->a.column);
  spill_free(f->a.value);
}

static Lexical *lexical_new(const LexicalParams *p) {
  Lexical *l = calloc(1, sizeof *l);
  if (l == NULL) return NULL;
  const char *name = p->method == LEXICAL_SVD ? "lexical svd" : "lexical";
  l->base = (Embedder){ .dim = p->dim, .name = name, .meaning = 0, .room_new = room_new, .room_free = room_free,
                        .embed = embed, .destroy = destroy };
  atomic_init(&l->base.refs, 1);
  l->p = *p;
  l->idf = table_new(sizeof *l->idf);
  if (l->idf != NULL) return l;
  free(l);
  return NULL;
}

int lexical_fit(Lexical **out, const LexicalParams *p, LexicalTexts texts, const uint32_t *sample, size_t nsample,
                Pool *pool, Error *err) {
  *out = NULL;
  if (p->method == LEXICAL_SVD && !svd_available())
    return error_set(err, "method \"svd\" needs LAPACK, which was not there when this program was built; method "
                          "\"projection\" needs nothing");
  Fit f = { .l = lexical_new(p), .texts = texts, .sample = sample };
  if (f.l == NULL) return error_memory(err);
  f.l->sampled = p->method == LEXICAL_SVD ? nsample : 0;
  int status = fit_init(&f, pool);
  if (status == 0) status = fit_idf(&f, pool);
  if (status == -1) error_memory(err);
  if (status == 0 && p->method == LEXICAL_SVD) status = fit_svd(&f, pool, err);
  fit_free(&f);
  if (status == 0) {
    *out = f.l;
    return 0;
  }
  embedder_unref(&f.l->base);
  if (status == POOL_INTERRUPTED && err != NULL) err->text[0] = '\0';
  return -1;
}
