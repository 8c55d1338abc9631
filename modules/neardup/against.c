/* modules/neardup/against.c - see against.h */
#include "neardup/against.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <xxhash.h>

#include "core/spill.h"
#include "neardup/join.h"
#include "neardup/lsh.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"

enum {
  GRAIN = 64,            /* texts a chunk when they are read */
  SLAB = 4096,           /* texts whose proposals are gathered in one list */
  AHEAD = 32,            /* look-ups under way at once */
  FLUSH = 1 << 20,       /* proposals of a slab after which they are verified and forgotten */
  POPULAR = 4            /* texts held against a kept one, after which it gets a bitmap */
};

typedef struct AgainstRoom {
  Grams mine, theirs;
  SketchRoom *sketch;
  GramTable table, kept_table;
  uint32_t *mark;        /* [kept] the last text it was proposed to, counted by `marks` */
  uint32_t marks;
  size_t copies, candidates;
} AgainstRoom;

/* What is known of a kept text that many are held against. Which have one depends on who came first;
** what follows from it does not. */
typedef struct Popular {
  uint32_t distinct;
  uint64_t bitmap[GRAM_BITMAP];
} Popular;
enum { MAKING = 0x7FFFFFFE, READY = 0x7FFFFFFF };

/* Proposals of a slab: (text - first of the slab) << 32 | kept text. */
typedef struct Proposals { uint64_t *pair, *room; size_t n, cap; } Proposals;   /* both [cap] */

/* The keys of one band of the kept texts, as (key << 32 | text), and where each value of their
** upper bits begins. */
typedef struct BandTable {
  uint64_t *word, *room; /* [kept] */
  uint32_t *start;       /* [(1 << bits) + 1] */
  unsigned bits;
  size_t n;
} BandTable;

typedef struct Against {
  const TextSource *kept, *texts;
  const LeaderParams *p;
  Pool *pool;
  int threads;
  SketchPlan plan;
  AgainstRoom *room;     /* [threads] */
  uint32_t *kept_key;    /* [bands][kept] */
  uint32_t *key;         /* [bands][texts] */
  uint64_t *hash;        /* [kept] of the folded text */
  uint32_t *copy;        /* [1 << copy_bits] open addressing by hash */
  unsigned copy_bits;
  uint16_t *kept_bands;  /* [kept] keys that the text has */
  uint16_t *open;        /* [texts] keys worth looking up; 0 where there is nothing to find */
  uint32_t *last;        /* [texts] the kept text proposed last */
  _Atomic uint32_t *asked;   /* [kept] how many texts were held against it; MAKING, READY */
  Popular *popular;      /* [kept] set where asked is READY */
  Proposals *slab;       /* [slabs] */
  size_t slabs;
  BandTable table;
  unsigned band;
  AgainstMatch *out;
} Against;

static unsigned bits_for(size_t n) {
  unsigned bits = 4;
  while (((size_t)1 << bits) < n) bits++;
  return bits;
}

/* ---- reading ---- */

static int sketch_kept(void *ctx, size_t begin, size_t end, int worker) {
  Against *a = ctx;
  AgainstRoom *r = &a->room[worker];
  uint32_t keys[SKETCH_MAX_BANDS];
  for (size_t i = begin; i < end; i++) {
    if (text_read(a->kept, i, worker, &r->theirs, a->p->shingle) != 0) return -1;
    a->hash[i] = XXH3_64bits(r->theirs.text, r->theirs.len);
    if (a->p->exact) continue;
    a->kept_bands[i] = (uint16_t)sketch_keys(&a->plan, r->sketch, &r->theirs, keys);
    for (unsigned b = 0; b < a->kept_bands[i]; b++) a->kept_key[b * a->kept->n + i] = keys[b];
  }
  return 0;
}

static size_t copy_slot(const Against *a, uint64_t hash) {
  return (size_t)(hash * UINT64_C(0x9E3779B97F4A7C15) >> (64 - a->copy_bits));
}

/* In order, so that of copies among the kept texts the first is met first. */
static void enter_copies(Against *a) {
  const size_t mask = ((size_t)1 << a->copy_bits) - 1;
  memset(a->copy, 0xFF, (mask + 1) * sizeof *a->copy);
  for (size_t i = 0; i < a->kept->n; i++) {
    size_t at = copy_slot(a, a->hash[i]);
    while (a->copy[at] != TEXT_NONE) at = (at + 1) & mask;
    a->copy[at] = (uint32_t)i;
  }
}

/* The first kept text with the bytes of r->mine, in *twin. 0, or -1 if out of memory. */
static int find_copy(const Against *a, AgainstRoom *r, int worker, uint32_t *twin) {
  const size_t mask = ((size_t)1 << a->copy_bits) - 1;
  const uint64_t hash = XXH3_64bits(r->mine.text, r->mine.len);
  *twin = TEXT_NONE;
  for (size_t at = copy_slot(a, hash); a->copy[at] != TEXT_NONE; at = (at + 1) & mask) {
    uint32_t kept = a->copy[at];
    if (a->hash[kept] != hash) continue;
    if (text_read(a->kept, kept, worker, &r->theirs, a->p->shingle) != 0) return -1;
    if (r->theirs.len != r->mine.len || memcmp(r->theirs.text, r->mine.text, r->mine.len) != 0) continue;
    *twin = kept;
    return 0;
  }
  return 0;
}

static int sketch_texts(void *ctx, size_t begin, size_t end, int worker) {
  Against *a = ctx;
  AgainstRoom *r = &a->room[worker];
  uint32_t keys[SKETCH_MAX_BANDS];
  for (size_t i = begin; i < end; i++) {
    uint32_t twin;
    if (text_read(a->texts, i, worker, &r->mine, a->p->shingle) != 0) return -1;
    if (find_copy(a, r, worker, &twin) != 0) return -1;
    a->out[i] = (AgainstMatch){ twin, twin == TEXT_NONE ? NAN : 1 };
    r->copies += twin != TEXT_NONE;
    a->open[i] = twin == TEXT_NONE && r->mine.kind != GRAMS_WHOLE;   /* a whole text has copies or nothing */
    if (!a->open[i] || a->p->exact) continue;
    a->last[i] = TEXT_NONE;
    a->open[i] = (uint16_t)sketch_keys(&a->plan, r->sketch, &r->mine, keys);
    for (unsigned b = 0; b < a->open[i]; b++) a->key[b * a->texts->n + i] = keys[b];
  }
  return 0;
}

/* ---- verifying ---- */

/* Asked for the kept text: 1 when it can be turned away unread; the text itself is in r->theirs else.
** -1 if out of memory. */
static int turn_away(Against *a, AgainstRoom *r, int worker, uint32_t kept, double floor) {
  Popular *p = &a->popular[kept];
  uint32_t asked = atomic_load_explicit(&a->asked[kept], memory_order_acquire);
  if (asked == READY && !gram_bitmap_allows(r->table.bitmap, r->table.distinct, p->bitmap, p->distinct, floor))
    return 1;
  if (text_read(a->kept, kept, worker, &r->theirs, a->p->shingle) != 0) return -1;
  if (r->theirs.kind == GRAMS_WHOLE) return 1;
  if (asked < POPULAR) {   /* no plain addition: it could come late, and make READY of another thread's MAKING */
    atomic_compare_exchange_strong_explicit(&a->asked[kept], &asked, asked + 1, memory_order_relaxed,
                                            memory_order_relaxed);
  } else if (asked < MAKING && r->theirs.n < UINT32_MAX &&
             atomic_compare_exchange_strong_explicit(&a->asked[kept], &asked, MAKING, memory_order_relaxed,
                                                     memory_order_relaxed)) {
    if (gram_table_fill(&r->kept_table, &r->theirs) != 0) return -1;
    memcpy(p->bitmap, r->kept_table.bitmap, sizeof p->bitmap);
    p->distinct = (uint32_t)r->kept_table.distinct;
    atomic_store_explicit(&a->asked[kept], READY, memory_order_release);
  }
  return 0;
}

static int verify_pair(Against *a, AgainstRoom *r, int worker, AgainstMatch *best, uint32_t kept) {
  double floor = best->twin == TEXT_NONE ? a->p->threshold : best->jaccard;
  size_t common, all;
  int away = turn_away(a, r, worker, kept, floor);
  if (away != 0) return away < 0 ? -1 : 0;
  int matches = gram_table_compare(&r->table, &r->theirs, floor, &common, &all);
  if (matches <= 0) return matches;
  double jaccard = (double)common / (double)all;
  if (best->twin == TEXT_NONE || jaccard > best->jaccard || (jaccard == best->jaccard && kept < best->twin))
    *best = (AgainstMatch){ kept, jaccard };
  return 0;
}

/* Holds text i against the kept texts of pair[0..n), which may repeat. */
static int verify_text(Against *a, AgainstRoom *r, int worker, size_t i, const uint64_t *pair, size_t n) {
  if (text_read(a->texts, i, worker, &r->mine, a->p->shingle) != 0) return -1;
  if (gram_table_fill(&r->table, &r->mine) != 0) return -1;
  r->marks++;
  for (size_t k = 0; k < n; k++) {
    uint32_t kept = (uint32_t)pair[k];
    if (r->mark[kept] == r->marks) continue;
    r->mark[kept] = r->marks;
    r->candidates++;
    if (verify_pair(a, r, worker, &a->out[i], kept) != 0) return -1;
  }
  return 0;
}

static int verify_slab(Against *a, size_t s, int worker) {
  Proposals *list = &a->slab[s];
  if (list->n == 0) return 0;
  lsh_sort(list->pair, list->room, list->n);
  for (size_t i = 0, k; i < list->n; i = k) {
    uint64_t text = list->room[i] >> 32;
    for (k = i + 1; k < list->n && list->room[k] >> 32 == text;) k++;
    if (interrupt_pending()) return POOL_INTERRUPTED;
    if (verify_text(a, &a->room[worker], worker, s * SLAB + (size_t)text, list->room + i, k - i) != 0) return -1;
  }
  list->n = 0;
  return 0;
}

static int verify_slabs(void *ctx, size_t begin, size_t end, int worker) {
  int r = 0;
  for (size_t s = begin; r == 0 && s < end; s++) r = verify_slab(ctx, s, worker);
  return r;
}

/* ---- bands ---- */

static int make_table(Against *a) {
  BandTable *t = &a->table;
  const size_t n = a->kept->n;
  t->bits = bits_for(n) < 28 ? bits_for(n) : 28;
  t->word = spill_alloc((n + 1) * sizeof *t->word);
  t->room = spill_alloc((n + 1) * sizeof *t->room);
  t->start = spill_alloc((((size_t)1 << t->bits) + 1) * sizeof *t->start);
  return t->word == NULL || t->room == NULL || t->start == NULL ? -1 : 0;
}

static void fill_table(Against *a, unsigned band) {
  BandTable *t = &a->table;
  const uint32_t *key = a->kept_key + (size_t)band * a->kept->n;
  t->n = 0;
  for (size_t i = 0; i < a->kept->n; i++)
    if (band < a->kept_bands[i]) t->room[t->n++] = (uint64_t)key[i] << 32 | i;
  lsh_sort(t->room, t->word, t->n);
  size_t at = 0;
  for (size_t v = 0; v <= (size_t)1 << t->bits; v++) {
    while (at < t->n && t->word[at] >> (64 - t->bits) < v) at++;
    t->start[v] = (uint32_t)at;
  }
}

static int propose(Against *a, Proposals *list, size_t i, uint32_t kept) {
  if (a->last[i] == kept) return 0;   /* a close pair meets in most bands */
  a->last[i] = kept;
  if (list->n == list->cap) {
    size_t cap = list->cap * 2 + 64;
    uint64_t *more = realloc(list->pair, cap * sizeof *more);
    if (more == NULL) return -1;
    list->pair = more;
    more = realloc(list->room, cap * sizeof *more);
    if (more == NULL) return -1;
    list->room = more;
    list->cap = cap;
  }
  list->pair[list->n++] = (uint64_t)(i % SLAB) << 32 | kept;
  return 0;
}

/* Looks a few texts up: the directory and the words lie all over memory, so all of a kind are asked
** for before the first is read. */
static int look_up(Against *a, Proposals *list, size_t begin, size_t end) {
  const BandTable *t = &a->table;
  const uint32_t *key = a->key + (size_t)a->band * a->texts->n;
  const unsigned shift = 32 - t->bits;
  for (size_t i = begin; i < end; i++)
    if (a->band < a->open[i]) __builtin_prefetch(&t->start[key[i] >> shift]);
  for (size_t i = begin; i < end; i++)
    if (a->band < a->open[i]) __builtin_prefetch(&t->word[t->start[key[i] >> shift]]);
  for (size_t i = begin; i < end; i++) {
    if (a->band >= a->open[i]) continue;
    size_t v = key[i] >> shift;
    for (size_t w = t->start[v]; w < t->start[v + 1]; w++)
      if (t->word[w] >> 32 == key[i] && propose(a, list, i, (uint32_t)t->word[w]) != 0) return -1;
  }
  return 0;
}

static int look_up_slabs(void *ctx, size_t begin, size_t end, int worker) {
  Against *a = ctx;
  for (size_t s = begin; s < end; s++) {
    Proposals *list = &a->slab[s];
    size_t last = (s + 1) * SLAB < a->texts->n ? (s + 1) * SLAB : a->texts->n;
    for (size_t i = s * SLAB; i < last; i += AHEAD) {
      if (look_up(a, list, i, i + AHEAD < last ? i + AHEAD : last) != 0) return -1;
      int r = list->n >= FLUSH ? verify_slab(a, s, worker) : 0;
      if (r != 0) return r;
    }
  }
  return 0;
}

static int find_by_bands(Against *a) {
  if (make_table(a) != 0) return -1;
  for (a->band = 0; a->band < a->p->bands; a->band++) {
    fill_table(a, a->band);
    int r = pool_for(a->pool, a->slabs, 1, look_up_slabs, a);
    if (r != 0) return r;
  }
  return pool_for(a->pool, a->slabs, 1, verify_slabs, a);
}

/* ---- by the join ---- */

static int two_fields(const TextSource *src, size_t i, int worker, Grams *g) {
  const TwoTexts *t = (const TwoTexts *)src;
  if (i < t->a->n) return t->a->fields(t->a, i, worker, g);
  i -= t->a->n;
  return t->b->fields(t->b, t->pick != NULL ? t->pick[i] : i, worker, g);
}

TwoTexts two_texts(const TextSource *a, const TextSource *b, const uint32_t *pick, size_t n) {
  TextSource source = *a;
  source.n = a->n + (pick != NULL ? n : b->n);
  source.fields = two_fields;
  return (TwoTexts){ source, a, b, pick };
}

/* Pairs are in order of the kept text, so the first of equals comes first. */
static void take_pairs(Against *a, const uint32_t *pick, const Join *j) {
  const size_t n = a->kept->n;
  for (size_t k = 0; k < j->npairs; k++) {
    if (j->pair[k].a >= n || j->pair[k].b < n) continue;
    AgainstMatch *best = &a->out[pick[j->pair[k].b - n]];
    if (best->twin == TEXT_NONE || j->pair[k].jaccard > best->jaccard)
      *best = (AgainstMatch){ j->pair[k].a, j->pair[k].jaccard };
  }
  for (size_t i = n; i < j->n; i++)   /* a copy of a text before it has that one's verdict */
    if (j->same[i] != TEXT_NONE && j->same[i] >= n) a->out[pick[i - n]] = a->out[pick[j->same[i] - n]];
}

static int find_by_join(Against *a, Error *err) {
  JoinParams p = { .shingle = a->p->shingle, .threshold = a->p->threshold, .path = a->p->path };
  const size_t n = a->kept->n;
  Join found = { 0 };
  size_t picked = 0;
  uint32_t *pick = malloc((a->texts->n + 1) * sizeof *pick);   /* texts that no copy was found of */
  if (pick == NULL) return error_memory(err);
  for (size_t i = 0; i < a->texts->n; i++)
    if (a->open[i]) pick[picked++] = (uint32_t)i;
  TwoTexts both = two_texts(a->kept, a->texts, pick, picked);
  uint8_t *centre = calloc(n + picked + 1, 1);
  p.centre = centre;
  int r = centre == NULL ? error_memory(err) : 0;
  if (r == 0) {
    memset(centre, 1, n);
    r = join_find(&both.source, &p, a->pool, &found, err);
  }
  if (r == 0) take_pairs(a, pick, &found);
  join_free(&found);
  free(centre);
  free(pick);
  return r;
}

/* ---- all of it ---- */

static void against_free(Against *a) {
  for (int t = 0; a->room != NULL && t < a->threads; t++) {
    grams_free(&a->room[t].mine);
    grams_free(&a->room[t].theirs);
    gram_table_free(&a->room[t].table);
    gram_table_free(&a->room[t].kept_table);
    spill_free(a->room[t].mark);
    sketch_room_free(a->room[t].sketch);
  }
  for (size_t s = 0; a->slab != NULL && s < a->slabs; s++) {
    free(a->slab[s].pair);
    free(a->slab[s].room);
  }
  free(a->room);
  free(a->slab);
  void *spilled[] = { a->kept_key, a->key, a->hash, a->copy, a->kept_bands, a->open, a->last, a->asked, a->popular,
                      a->table.word, a->table.room, a->table.start };
  for (size_t i = 0; i < sizeof spilled / sizeof *spilled; i++) spill_free(spilled[i]);
}

static int against_init(Against *a) {
  const size_t n = a->kept->n, m = a->texts->n, bands = a->p->exact ? 0 : a->p->bands;
  a->room = calloc((size_t)a->threads, sizeof *a->room);
  a->slabs = (m + SLAB - 1) / SLAB;
  a->slab = calloc(a->slabs + 1, sizeof *a->slab);
  a->copy_bits = bits_for(2 * n + 1);
  a->kept_key = spill_alloc((n * bands + 1) * sizeof *a->kept_key);
  a->key = spill_alloc((m * bands + 1) * sizeof *a->key);
  a->hash = spill_alloc((n + 1) * sizeof *a->hash);
  a->copy = spill_alloc(((size_t)1 << a->copy_bits) * sizeof *a->copy);
  a->kept_bands = spill_alloc((n + 1) * sizeof *a->kept_bands);
  a->open = spill_alloc((m + 1) * sizeof *a->open);
  a->last = spill_alloc((m + 1) * sizeof *a->last);
  a->asked = spill_alloc((n + 1) * sizeof *a->asked);
  a->popular = spill_alloc((n + 1) * sizeof *a->popular);
  if (a->room == NULL || a->slab == NULL || a->kept_key == NULL || a->key == NULL || a->hash == NULL ||
      a->copy == NULL || a->kept_bands == NULL || a->open == NULL || a->last == NULL ||
      a->asked == NULL || a->popular == NULL)
    return -1;
  for (size_t i = 0; i < n; i++) atomic_init(&a->asked[i], 0);
  for (int t = 0; t < a->threads; t++)
    if ((a->room[t].sketch = sketch_room_new(&a->plan)) == NULL ||
        (a->room[t].mark = spill_alloc((n + 1) * sizeof *a->room[t].mark)) == NULL)
      return -1;
  for (int t = 0; t < a->threads; t++) memset(a->room[t].mark, 0, (n + 1) * sizeof *a->room[t].mark);
  return 0;
}

static void count(const Against *a, AgainstCounts *c) {
  *c = (AgainstCounts){ .kept = a->kept->n };
  for (size_t i = 0; i < a->texts->n; i++) c->matched += a->out[i].twin != TEXT_NONE;
  for (int t = 0; t < a->threads; t++) {
    c->copies += a->room[t].copies;
    c->candidates += a->room[t].candidates;
  }
}

int against_find(const TextSource *kept, const TextSource *texts, const LeaderParams *p, Pool *pool,
                 AgainstMatch *out, AgainstCounts *counts, Error *err) {
  Against a = { .kept = kept, .texts = texts, .p = p, .pool = pool, .out = out,
                .threads = pool != NULL ? pool_threads(pool) : 1,
                .plan = leaders_plan(p) };
  Error join = { "" };
  int r = against_init(&a);
  if (r == 0) r = pool_for(pool, kept->n, GRAIN, sketch_kept, &a);
  if (r == 0) enter_copies(&a);
  if (r == 0) r = pool_for(pool, texts->n, GRAIN, sketch_texts, &a);
  if (r == 0) r = p->exact ? find_by_join(&a, &join) : find_by_bands(&a);
  if (r == 0) count(&a, counts);
  against_free(&a);
  if (r == 0 || r == POOL_INTERRUPTED) return r;
  if (join.text[0] == '\0') return error_memory(err);
  if (err != NULL) *err = join;
  return -1;
}
