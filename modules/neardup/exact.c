/* modules/neardup/exact.c - see exact.h */
#include "neardup/exact.h"

#include <stdlib.h>
#include <xxhash.h>

#include "neardup/lsh.h"

enum { HASH_GRAIN = 64, RUN_GRAIN = 64 };

typedef struct Hash { uint64_t hi, lo; } Hash;

/* A worker's room: two texts, and the kept texts of the run at hand. */
typedef struct ExactWorker {
  Grams mine, kept_text;
  uint32_t held;          /* the text in kept_text; TEXT_NONE: none */
  uint32_t *kept;         /* [nkept] */
  size_t nkept, cap;
} ExactWorker;

typedef struct ExactRun {
  const TextSource *src;
  const ExactParams *p;
  Hash *hash;             /* [n] */
  uint64_t *word;         /* [2 n] 32 bits of hash, then the text */
  uint32_t *run;          /* [runs + 1] where stretches of equal words begin and (odd places) end */
  ExactWorker *worker;
  uint32_t *twin;
} ExactRun;

static int read_text(const ExactRun *e, uint32_t text, int worker, Grams *g) {
  grams_begin(g, 1, e->src->flags);
  return e->src->fields(e->src, text, worker, g);
}

static int hash_texts(void *ctx, size_t begin, size_t end, int worker) {
  ExactRun *e = ctx;
  Grams *g = &e->worker[worker].mine;
  const uint64_t mask = e->p->hash_mask != 0 ? e->p->hash_mask : UINT64_MAX;
  for (size_t i = begin; i < end; i++) {
    if (read_text(e, (uint32_t)i, worker, g) != 0) return -1;
    XXH128_hash_t h = XXH3_128bits(g->text, g->len);
    e->hash[i] = (Hash){ h.high64 & mask, h.low64 & mask };
    e->word[i] = e->hash[i].lo << 32 | i;
    if (e->p->keys != NULL) e->p->keys[i] = (uint32_t)e->hash[i].lo;
    e->twin[i] = TEXT_NONE;
  }
  return 0;
}

/* Is the text equal to a kept one? Then that is its twin; else it is kept itself. */
static int judge(ExactRun *e, ExactWorker *w, uint32_t text, int worker) {
  int read = 0;
  for (size_t k = 0; k < w->nkept; k++) {
    uint32_t kept = w->kept[k];
    if (e->hash[kept].hi != e->hash[text].hi || e->hash[kept].lo != e->hash[text].lo) continue;
    if (!read && read_text(e, text, worker, &w->mine) != 0) return -1;
    read = 1;
    if (w->held != kept && read_text(e, kept, worker, &w->kept_text) != 0) return -1;
    w->held = kept;
    if (!span_eq(span_of(w->mine.text, w->mine.len), span_of(w->kept_text.text, w->kept_text.len)))
      continue;
    e->twin[text] = kept;
    return 0;
  }
  if (w->nkept == w->cap) {
    size_t cap = w->cap * 2 + 16;
    uint32_t *more = realloc(w->kept, cap * sizeof *more);
    if (more == NULL) return -1;
    w->kept = more;
    w->cap = cap;
  }
  w->kept[w->nkept++] = text;
  return 0;
}

static int judge_runs(void *ctx, size_t begin, size_t end, int worker) {
  ExactRun *e = ctx;
  ExactWorker *w = &e->worker[worker];
  const uint8_t *first = e->p->first;
  for (size_t r = begin; r < end; r++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    w->nkept = 0;
    w->held = TEXT_NONE;
    for (int turn = first != NULL ? 0 : 1; turn < 2; turn++)   /* those that win come first */
      for (uint32_t i = e->run[2 * r]; i < e->run[2 * r + 1]; i++) {
        uint32_t text = (uint32_t)e->word[i];
        if (first != NULL && (first[text] != 0) != (turn == 0)) continue;
        if (judge(e, w, text, worker) != 0) return -1;
      }
  }
  return 0;
}

/* Stretches of two or more equal hashes among the sorted words. */
static size_t find_runs(ExactRun *e, size_t n) {
  size_t runs = 0;
  for (size_t i = 0, k; i < n; i = k) {
    for (k = i + 1; k < n && (e->word[k] ^ e->word[i]) >> 32 == 0;) k++;
    if (k - i < 2) continue;
    e->run[2 * runs] = (uint32_t)i;
    e->run[2 * runs + 1] = (uint32_t)k;
    runs++;
  }
  return runs;
}

static int find_copies(ExactRun *e, Pool *pool) {
  size_t n = e->src->n;
  int r = pool_for(pool, n, HASH_GRAIN, hash_texts, e);
  if (r != 0) return r;
  uint64_t *raw = e->word;
  lsh_sort(raw, raw + n, n);
  e->word = raw + n;
  r = pool_for(pool, find_runs(e, n), RUN_GRAIN, judge_runs, e);
  e->word = raw;
  return r;
}

int exact_find(const TextSource *src, const ExactParams *p, Pool *pool, uint32_t *twin,
               size_t *rejected, Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, r = -1;
  size_t n = src->n;
  ExactRun e = { .src = src, .p = p, .twin = twin };
  e.hash = malloc((n + 1) * sizeof *e.hash);
  e.word = malloc((2 * n + 1) * sizeof *e.word);
  e.run = malloc((n + 1) * sizeof *e.run);
  e.worker = calloc((size_t)threads, sizeof *e.worker);
  if (e.hash != NULL && e.word != NULL && e.run != NULL && e.worker != NULL) r = find_copies(&e, pool);
  *rejected = 0;
  for (size_t i = 0; r == 0 && i < n; i++) *rejected += twin[i] != TEXT_NONE;
  for (int t = 0; e.worker != NULL && t < threads; t++) {
    grams_free(&e.worker[t].mine);
    grams_free(&e.worker[t].kept_text);
    free(e.worker[t].kept);
  }
  free(e.worker);
  free(e.hash);
  free(e.word);
  free(e.run);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}
