/* modules/recur/recur.c - see recur.h */
#include "recur/recur.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "core/spill.h"
#include "text/fold.h"

enum { GRAIN = 64, PENDING = 16 };
enum { CELLS_A_TEXT = 8, FEWEST_CELLS = 1 << 12, MOST_CELLS = 1 << 24 };   /* room alone depends on them */

/* Sentences counted by a worker: open addressing over places in `list`. */
typedef struct Table {
  RecurSentence *list;
  uint32_t *last;          /* [n] the text that was counted last */
  size_t n, cap;
  uint32_t *slot;
  size_t mask;
} Table;

typedef struct Worker {
  Table table;
  char *room;
  size_t room_len, texts, sentences;
} Worker;

typedef struct Search {
  const RecurTexts *texts;
  const RecurParams *p;
  _Atomic uint32_t *cell;
  size_t mask;
  uint32_t bound;
  Worker *worker;
} Search;

/* ---- tables ---- */

static uint32_t *find_slot(uint32_t *slot, size_t mask, const RecurSentence *list, uint64_t hi, uint64_t lo) {
  size_t i = lo & mask;
  while (slot[i] != RECUR_NONE && (list[slot[i]].lo != lo || list[slot[i]].hi != hi)) i = (i + 1) & mask;
  return &slot[i];
}

static int table_grow(Table *t) {
  size_t cap = t->cap > 0 ? 2 * t->cap : 256, mask = 2 * cap - 1;
  RecurSentence *list = spill_resize(t->list, cap * sizeof *list);
  if (list == NULL) return -1;
  t->list = list;
  uint32_t *last = spill_resize(t->last, cap * sizeof *last);
  if (last == NULL) return -1;
  t->last = last;
  uint32_t *slot = spill_alloc((mask + 1) * sizeof *slot);
  if (slot == NULL) return -1;
  memset(slot, 0xFF, (mask + 1) * sizeof *slot);
  for (size_t i = 0; i < t->n; i++) *find_slot(slot, mask, t->list, t->list[i].hi, t->list[i].lo) = (uint32_t)i;
  spill_free(t->slot);
  t->slot = slot;
  t->mask = mask;
  t->cap = cap;
  return 0;
}

/* Adds rows of a sentence; text: the first of them. */
static int table_add(Table *t, const RecurSentence *s, uint32_t text, int once) {
  if (t->n == t->cap && table_grow(t) != 0) return -1;
  uint32_t *slot = find_slot(t->slot, t->mask, t->list, s->hi, s->lo);
  if (*slot == RECUR_NONE) {
    *slot = (uint32_t)t->n;
    t->list[t->n] = *s;
    t->last[t->n++] = text;
    return 0;
  }
  RecurSentence *have = &t->list[*slot];
  if (once && t->last[*slot] == text) return 0;
  have->rows += s->rows;
  if (s->first < have->first) have->first = s->first;
  t->last[*slot] = text;
  return 0;
}

static void table_free(Table *t) {
  spill_free(t->list);
  spill_free(t->last);
  spill_free(t->slot);
  *t = (Table){ 0 };
}

/* ---- the two passes ---- */

static int make_room(Worker *w, size_t len) {
  size_t need = fold_room(len);
  if (need <= w->room_len) return 0;
  char *room = realloc(w->room, need * 2);
  if (room == NULL) return -1;
  w->room = room;
  w->room_len = need * 2;
  return 0;
}

/* A text without a mark that is one sentence: a label. */
static int is_label(Span text, const Sentence *s, size_t behind) {
  if (s->ended) return 0;
  return sentence_next(NULL, text, &behind).text.ptr == NULL;
}

typedef int (*Visit)(Search *s, Worker *w, const SentenceKey *k, uint32_t text);

/* Sentences of a text whose cells were asked for: they come from memory while the next ones are hashed. */
typedef struct Pending { SentenceKey key[PENDING]; size_t n; } Pending;

static int visit_pending(Search *s, Worker *w, Pending *p, uint32_t i, Visit visit) {
  for (size_t k = 0; k < p->n; k++)
    if (visit(s, w, &p->key[k], i) != 0) return -1;
  p->n = 0;
  return 0;
}

static int visit_text(Search *s, Worker *w, uint32_t i, Span text, Visit visit) {
  size_t at = 0;
  Sentence n;
  Pending pending = { .n = 0 };
  if (make_room(w, text.len) != 0) return -1;
  for (int first = 1; (n = sentence_next(s->p->abbreviations, text, &at)).text.ptr != NULL; first = 0) {
    if (first && is_label(text, &n, at)) return 0;
    SentenceKey k = sentence_key(n.text, w->room);
    if (k.words < s->p->min_words) continue;
    __builtin_prefetch((const void *)&s->cell[k.hi & s->mask]);
    pending.key[pending.n++] = k;
    if (pending.n == PENDING && visit_pending(s, w, &pending, i, visit) != 0) return -1;
  }
  return visit_pending(s, w, &pending, i, visit);
}

static int count(Search *s, Worker *w, const SentenceKey *k, uint32_t text) {
  (void)text;
  atomic_fetch_add_explicit(&s->cell[k->hi & s->mask], 1, memory_order_relaxed);
  w->sentences++;
  return 0;
}

static int collect(Search *s, Worker *w, const SentenceKey *k, uint32_t text) {
  if (atomic_load_explicit(&s->cell[k->hi & s->mask], memory_order_relaxed) < s->bound) return 0;
  return table_add(&w->table, &(RecurSentence){ k->hi, k->lo, 1, text }, text, 1);
}

static int walk(Search *s, size_t begin, size_t end, int worker, Visit visit) {
  Worker *w = &s->worker[worker];
  if (interrupt_pending()) return POOL_INTERRUPTED;
  for (size_t i = begin; i < end; i++) {
    Span text = s->texts->text(s->texts, i, worker);
    w->texts += text.ptr != NULL;
    if (text.ptr != NULL && visit_text(s, w, (uint32_t)i, text, visit) != 0) return -1;
  }
  return 0;
}

static int count_texts(void *ctx, size_t begin, size_t end, int worker) { return walk(ctx, begin, end, worker, count); }
static int collect_texts(void *ctx, size_t begin, size_t end, int worker) {
  return walk(ctx, begin, end, worker, collect);
}

/* ---- what really recurs ---- */

static int by_rows(const void *a, const void *b) {
  const RecurSentence *x = a, *y = b;
  if (x->rows != y->rows) return x->rows < y->rows ? 1 : -1;
  if (x->first != y->first) return x->first < y->first ? -1 : 1;
  if (x->hi != y->hi) return x->hi < y->hi ? -1 : 1;
  return x->lo < y->lo ? -1 : x->lo > y->lo;
}

static int keep(const Search *s, int threads, Recur *out) {
  Table all = { 0 };
  for (int t = 0; t < threads; t++) {
    const Table *from = &s->worker[t].table;
    for (size_t i = 0; i < from->n; i++)
      if (table_add(&all, &from->list[i], from->list[i].first, 0) != 0) {
        table_free(&all);
        return -1;
      }
  }
  size_t n = 0;
  for (size_t i = 0; i < all.n; i++)
    if (all.list[i].rows >= s->bound) n++;
  out->mask = 7;
  while (out->mask < 2 * n) out->mask = 2 * out->mask + 1;
  out->list = spill_alloc((n + 1) * sizeof *out->list);
  out->slot = spill_alloc((out->mask + 1) * sizeof *out->slot);
  if (out->list != NULL && out->slot != NULL) {
    for (size_t i = 0; i < all.n; i++)
      if (all.list[i].rows >= s->bound) out->list[out->n++] = all.list[i];
    qsort(out->list, out->n, sizeof *out->list, by_rows);
    memset(out->slot, 0xFF, (out->mask + 1) * sizeof *out->slot);
    for (size_t i = 0; i < n; i++)
      *find_slot(out->slot, out->mask, out->list, out->list[i].hi, out->list[i].lo) = (uint32_t)i;
  }
  table_free(&all);
  return out->list != NULL && out->slot != NULL ? 0 : -1;
}

static size_t cells_for(const RecurParams *p, size_t n) {
  size_t cells = FEWEST_CELLS;
  if (p->cells != 0) return p->cells;
  while (cells < MOST_CELLS && cells < CELLS_A_TEXT * n) cells *= 2;
  return cells;
}

static size_t bound_of(const RecurParams *p, size_t texts) {
  double more = p->max_df * (double)texts;
  size_t bound = more < (double)UINT32_MAX - 1 ? (size_t)more + 1 : UINT32_MAX - 1;
  if (bound < p->min_rows) bound = p->min_rows;
  return bound < 2 ? 2 : bound;
}

static int search(Search *s, Pool *pool, int threads, Recur *out) {
  int r = pool_for(pool, s->texts->n, GRAIN, count_texts, s);
  for (int t = 0; t < threads; t++) {
    out->texts += s->worker[t].texts;
    out->sentences += s->worker[t].sentences;
  }
  out->bound = bound_of(s->p, out->texts);
  s->bound = (uint32_t)out->bound;
  if (r == 0 && out->texts >= out->bound) r = pool_for(pool, s->texts->n, GRAIN, collect_texts, s);
  return r != 0 ? r : keep(s, threads, out);
}

int recur_find(const RecurTexts *t, const RecurParams *p, Pool *pool, Recur *out, Error *err) {
  int threads = pool != NULL ? pool_threads(pool) : 1, r = -1;
  size_t cells = cells_for(p, t->n);
  Search s = { .texts = t, .p = p, .mask = cells - 1 };
  *out = (Recur){ 0 };
  s.cell = spill_alloc(cells * sizeof *s.cell);
  s.worker = calloc((size_t)threads, sizeof *s.worker);
  if (s.cell != NULL && s.worker != NULL) {
    memset((void *)s.cell, 0, cells * sizeof *s.cell);
    r = search(&s, pool, threads, out);
  }
  for (int i = 0; s.worker != NULL && i < threads; i++) {
    table_free(&s.worker[i].table);
    free(s.worker[i].room);
  }
  free(s.worker);
  spill_free((void *)s.cell);
  if (r != 0) recur_free(out);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

void recur_free(Recur *r) {
  spill_free(r->list);
  spill_free(r->slot);
  *r = (Recur){ 0 };
}

uint32_t recur_place(const Recur *r, const SentenceKey *k) {
  return r->n == 0 ? RECUR_NONE : *find_slot(r->slot, r->mask, r->list, k->hi, k->lo);
}

size_t recur_measure(const Recur *r, const RecurParams *p, Span string, int lone, char *room, RecurShare *share,
                     RecurHit *hit, size_t cap) {
  size_t at = 0, n = 0;
  Sentence s;
  for (int first = 1; (s = sentence_next(p->abbreviations, string, &at)).text.ptr != NULL; first = 0) {
    SentenceKey k = sentence_key(s.text, room);
    share->all += k.bytes;
    if (k.words < p->min_words || (first && lone && is_label(string, &s, at))) continue;
    uint32_t place = recur_place(r, &k);
    if (place == RECUR_NONE) continue;
    share->recurring += k.bytes;
    size_t begin = (size_t)(s.text.ptr - string.ptr);
    if (n < cap) hit[n] = (RecurHit){ begin, begin + s.text.len, place };
    n++;
  }
  return n;
}
