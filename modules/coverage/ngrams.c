/* modules/coverage/ngrams.c - see ngrams.h */
#include "coverage/ngrams.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "core/spill.h"
#include "text/fold.h"
#include "text/tokens.h"

enum { GRAIN = 128 };

typedef struct Worker {
  Scratch *scratch;
  uint64_t all;
  uint64_t *hash;          /* [n] runs of this worker's rows that belong to the part looked at */
  size_t n, cap;
} Worker;

typedef struct Walk {
  const View *view;
  Field field;
  unsigned words;
  const uint32_t *row;
  Worker *worker;
  uint64_t mask;           /* a run is looked at where its hash has none of these bits */
  int keep;                /* 0: they are only counted */
} Walk;

static int keep_hash(Worker *w, uint64_t hash) {
  if (w->n == w->cap) {
    size_t cap = w->cap == 0 ? 4096 : w->cap * 2;
    uint64_t *more = realloc(w->hash, cap * sizeof *more);
    if (more == NULL) return -1;
    w->hash = more, w->cap = cap;
  }
  w->hash[w->n++] = hash;
  return 0;
}

/* The runs of one folded text, by the hashes of their words. */
static int take_text(const Walk *s, Worker *w, Span text) {
  uint64_t last[NGRAMS_MAX];
  size_t at = 0, n = 0;
  for (Span word; (word = tokens_next(text, &at)).ptr != NULL;) {
    for (unsigned i = 1; i < s->words; i++) last[i - 1] = last[i];
    last[s->words - 1] = XXH3_64bits(word.ptr, word.len);
    if (++n < s->words) continue;
    w->all++;
    if (!s->keep) continue;
    uint64_t hash = XXH3_64bits(last, s->words * sizeof *last);
    if ((hash & s->mask) == 0 && keep_hash(w, hash) != 0) return -1;
  }
  return 0;
}

static int walk_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Walk *s = ctx;
  Worker *w = &s->worker[worker];
  for (size_t i = begin; i < end; i++) {
    Row row = scratch_begin(w->scratch, s->view, s->row[i]);
    Span text = row_field(&row, s->field);
    if (text.ptr == NULL) continue;
    char *room = scratch_room(w->scratch, fold_room(text.len));
    if (room == NULL) return -1;
    if (take_text(s, w, span_of(room, fold_text(room, text, FOLD_DROP_PUNCTUATION, NULL))) != 0) return -1;
  }
  return scratch_failed(w->scratch) ? -1 : 0;
}

/* How many different runs were kept. */
static uint64_t distinct_of(const Walk *s, int threads, int *failed) {
  size_t all = 0, n = 0, slots = 64;
  for (int t = 0; t < threads; t++) all += s->worker[t].n;
  while (slots < 2 * all) slots *= 2;
  uint64_t *table = spill_alloc(slots * sizeof *table);      /* open addressing; 0: free */
  *failed = table == NULL;
  if (table == NULL) return 0;
  memset(table, 0, slots * sizeof *table);
  for (int t = 0; t < threads; t++) {
    for (size_t i = 0; i < s->worker[t].n; i++) {
      uint64_t h = s->worker[t].hash[i];
      if (h == 0) h = 1;
      size_t at = (size_t)(h >> 20) & (slots - 1);
      while (table[at] != 0 && table[at] != h) at = (at + 1) & (slots - 1);
      n += table[at] == 0;
      table[at] = h;
    }
  }
  spill_free(table);
  return n;
}

static int run(Walk *s, uint32_t n, Pool *pool, Ngrams *out) {
  int threads = pool_threads(pool), r, failed;
  s->keep = 0;
  r = pool_for(pool, n, GRAIN, walk_chunk, s);
  for (int t = 0; r == 0 && t < threads; t++) out->all += s->worker[t].all;
  if (r != 0) return r;
  uint64_t parts = 1;
  while (out->all / parts > NGRAMS_EXACT) parts *= 2;
  s->mask = parts - 1, s->keep = 1;
  r = pool_for(pool, n, GRAIN, walk_chunk, s);
  if (r != 0) return r;
  out->exact = parts == 1;
  out->distinct = (double)(distinct_of(s, threads, &failed) * parts);
  return failed ? -1 : 0;
}

int ngrams_count(const View *view, Field field, unsigned words, const uint32_t *rows, uint32_t n, Pool *pool,
                 Ngrams *out, Error *err) {
  int threads = pool_threads(pool), made = 0, r = -1;
  Walk s = { .view = view, .field = field, .words = words, .row = rows };
  *out = (Ngrams){ 0 };
  s.worker = calloc((size_t)threads, sizeof *s.worker);
  if (s.worker == NULL) return error_memory(err);
  while (made < threads && (s.worker[made].scratch = scratch_new(made)) != NULL) made++;
  if (made == threads) r = run(&s, n, pool, out);
  for (int t = 0; t < made; t++) {
    scratch_free(s.worker[t].scratch);
    free(s.worker[t].hash);
  }
  free(s.worker);
  return r == -1 ? error_memory(err) : r;
}
