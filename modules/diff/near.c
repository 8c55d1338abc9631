/* modules/diff/near.c - see near.h */
#include "diff/near.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/spill.h"
#include "neardup/lsh.h"
#include "neardup/sketch.h"
#include "neardup/verify.h"

enum { GRAIN = 64, MERGE_GRAIN = 4096, KEY_GRAIN = 8192,
       BATCH = 8 };        /* bands whose keys are made at once: their slots share a cache line */

typedef struct NearCandidate { uint32_t text; float estimate; } NearCandidate;
typedef struct NearPair { double jaccard; uint32_t a, b; } NearPair;

/* A side. Texts are known by their rank: text order[k] has rank k. */
typedef struct Texts {
  const TextSource *src;
  const uint32_t *order;   /* [n] */
  uint32_t *rank;          /* [n] of each text */
  uint8_t *free;           /* [n] by rank: not in a pair yet */
  uint32_t *length;        /* [n] by rank: code points; 0: not known yet */
  uint16_t *slot;          /* [n][hashes] by rank, in the order of Near.place: those of a band together */
  uint8_t *in;             /* [n] by rank: has slots in this pass */
  uint32_t *list;          /* [nlist] ranks that do, ascending */
  size_t nlist;
  uint32_t *key;           /* [BATCH][nlist] */
  uint64_t *word, *room;   /* [nlist] keys of the band */
} Texts;

typedef struct NearRoom {
  Grams mine, theirs;
  GramTable table;
  SketchRoom *sketch;
  uint32_t *slots;         /* [registers * 8] */
  size_t proposed, verified;
} NearRoom;

typedef struct Near {
  const NearParams *p;
  const NearPass *pass;
  Pool *pool;
  int threads;
  SketchPlan plan;
  Texts a, b;
  NearRoom *room;          /* [threads] */
  NearCandidate *cand;     /* [b.n][most] by rank, likeliest first */
  uint8_t *ncand;          /* [b.n] */
  double *value;           /* [b.n][most] their Jaccard; NaN: no match */
  uint16_t place[NEAR_HASHES];   /* slots of the bands, one behind another */
  unsigned batch, band;    /* the first band of the batch; the band at work */
  Texts *at;               /* the side at work */
} Near;

/* ---- sketches ---- */

static uint64_t mix(uint64_t z) {   /* splitmix64, Steele, Lea, Flood 2014 */
  z += UINT64_C(0x9E3779B97F4A7C15);
  z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
  return z ^ (z >> 31);
}

/* Slots of one register share their shingles (sketch.h): dealt by chance, few of a band do. */
static void deal(Near *x) {
  const unsigned n = x->pass->hashes;
  for (unsigned i = 0; i < n; i++) x->place[i] = (uint16_t)i;
  for (unsigned i = n; i > 1; i--) {
    unsigned k = (unsigned)(mix(i) % i);
    uint16_t t = x->place[i - 1];
    x->place[i - 1] = x->place[k];
    x->place[k] = t;
  }
}

static int is_of(const NearPass *p, size_t length) { return length >= p->from && length < p->to; }

static int sketch_texts(void *ctx, size_t begin, size_t end, int worker) {
  Near *x = ctx;
  Texts *t = x->at;
  NearRoom *r = &x->room[worker];
  const unsigned hashes = x->pass->hashes;
  for (size_t i = begin; i < end; i++) {
    const uint32_t k = t->rank[i];
    t->in[k] = 0;
    if (!t->free[k] || (t->length[k] > 0 && !is_of(x->pass, t->length[k]))) continue;
    if (text_read(t->src, i, worker, &r->mine, x->pass->shingle) != 0) return -1;
    if (r->mine.kind == GRAMS_WHOLE) continue;
    size_t length = grams_length(&r->mine);
    t->length[k] = length < UINT32_MAX ? (uint32_t)length : UINT32_MAX;
    if (!is_of(x->pass, t->length[k])) continue;
    sketch_slots(&x->plan, r->sketch, &r->mine, r->slots);
    uint16_t *slot = t->slot + (size_t)k * hashes;
    for (unsigned h = 0; h < hashes; h++) slot[h] = (uint16_t)(r->slots[x->place[h]] * 0x9E3779B1u >> 16);
    t->in[k] = 1;
  }
  return 0;
}

static int sketch_side(Near *x, Texts *t) {
  x->at = t;
  int r = pool_for(x->pool, t->src->n, GRAIN, sketch_texts, x);
  t->nlist = 0;
  for (uint32_t k = 0; r == 0 && k < t->src->n; k++)
    if (t->in[k]) t->list[t->nlist++] = k;
  return r;
}

static unsigned slots_alike(const uint16_t *a, const uint16_t *b, unsigned n) {
  unsigned same = 0;
  for (unsigned i = 0; i < n; i += 8) {
    uint16_t eight = 0;
    for (unsigned k = 0; k < 8; k++) eight = (uint16_t)(eight + (a[i + k] == b[i + k]));
    same += eight;
  }
  return same;
}

/* ---- bands ---- */

static unsigned bands_of(const Near *x) { return x->pass->hashes / x->pass->rows; }

static int fill_keys(void *ctx, size_t begin, size_t end, int worker) {
  (void)worker;
  Near *x = ctx;
  Texts *t = x->at;
  const unsigned rows = x->pass->rows, last = bands_of(x) < x->batch + BATCH ? bands_of(x) : x->batch + BATCH;
  for (size_t i = begin; i < end; i++) {
    const uint16_t *slot = t->slot + (size_t)t->list[i] * x->pass->hashes + (size_t)x->batch * rows;
    for (unsigned band = x->batch; band < last; band++, slot += rows) {
      uint64_t h = band;
      for (unsigned r = 0; r < rows; r++) h = (h ^ slot[r]) * UINT64_C(0x9E3779B97F4A7C15);
      t->key[(band - x->batch) * t->nlist + i] = (uint32_t)(h >> 32);
    }
  }
  return 0;
}

static int sort_sides(void *ctx, size_t begin, size_t end, int worker) {
  (void)worker;
  Near *x = ctx;
  for (size_t s = begin; s < end; s++) {
    Texts *t = s == 0 ? &x->a : &x->b;
    const uint32_t *key = t->key + (x->band - x->batch) * t->nlist;
    for (size_t i = 0; i < t->nlist; i++) t->room[i] = (uint64_t)key[i] << 32 | t->list[i];
    lsh_sort(t->room, t->word, t->nlist);
  }
  return 0;
}

static int likelier(NearCandidate p, NearCandidate q) {
  return p.estimate != q.estimate ? p.estimate > q.estimate : p.text < q.text;
}

/* Holds slots against slots and keeps the likeliest. */
static void offer(Near *x, NearRoom *room, uint32_t b, uint32_t a) {
  NearCandidate *list = x->cand + (size_t)b * x->p->most;
  unsigned n = x->ncand[b];
  for (unsigned i = 0; i < n; i++)
    if (list[i].text == a) return;
  const unsigned hashes = x->pass->hashes;
  room->proposed++;
  unsigned same = slots_alike(x->a.slot + (size_t)a * hashes, x->b.slot + (size_t)b * hashes, hashes);
  NearCandidate c = { a, (float)same / (float)hashes };
  if (c.estimate < x->pass->floor) return;
  if (n == x->p->most && !likelier(c, list[n - 1])) return;
  unsigned at = n < x->p->most ? n : n - 1;
  for (; at > 0 && likelier(c, list[at - 1]); at--) list[at] = list[at - 1];
  list[at] = c;
  if (n < x->p->most) x->ncand[b]++;
}

/* A text of B meets those of A from word i on to k; of a crowd, some that depend on itself alone. */
static void meet(Near *x, NearRoom *room, uint32_t b, size_t i, size_t k) {
  const size_t n = k - i, most = x->p->crowd;
  const size_t first = n > most ? (size_t)(mix((uint64_t)x->band << 32 | b) % n) : 0;
  for (size_t s = 0; s < n && s < most; s++) offer(x, room, b, (uint32_t)x->a.word[i + (first + s) % n]);
}

static size_t first_word(const uint64_t *word, size_t n, uint64_t key) {
  size_t low = 0;
  while (n > 0) {
    size_t half = n / 2;
    if (word[low + half] >> 32 < key) low += half + 1, n -= half + 1;
    else n = half;
  }
  return low;
}

static int merge_words(void *ctx, size_t begin, size_t end, int worker) {
  Near *x = ctx;
  const uint64_t *a = x->a.word, *b = x->b.word;
  const size_t n = x->a.nlist;
  size_t i = first_word(a, n, b[begin] >> 32), k = i;
  for (size_t w = begin; w < end; w++) {
    const uint64_t key = b[w] >> 32;
    if (w == begin || key != b[w - 1] >> 32) {
      for (i = k; i < n && a[i] >> 32 < key;) i++;
      for (k = i; k < n && a[k] >> 32 == key;) k++;
    }
    if (i < k) meet(x, &x->room[worker], (uint32_t)b[w], i, k);
  }
  return 0;
}

static int fill_batch(Near *x) {
  x->batch = x->band;
  x->at = &x->a;
  int r = pool_for(x->pool, x->a.nlist, KEY_GRAIN, fill_keys, x);
  x->at = &x->b;
  return r == 0 ? pool_for(x->pool, x->b.nlist, KEY_GRAIN, fill_keys, x) : r;
}

static int run_bands(Near *x) {
  for (x->band = 0; x->band < bands_of(x); x->band++) {
    int r = x->band % BATCH == 0 ? fill_batch(x) : 0;
    if (r == 0) r = pool_for(x->pool, 2, 1, sort_sides, x);
    if (r == 0) r = pool_for(x->pool, x->b.nlist, MERGE_GRAIN, merge_words, x);
    if (r != 0) return r;
  }
  return 0;
}

/* ---- verifying and matching ---- */

static int verify_texts(void *ctx, size_t begin, size_t end, int worker) {
  Near *x = ctx;
  NearRoom *r = &x->room[worker];
  for (size_t k = begin; k < end; k++) {
    const NearCandidate *list = x->cand + k * x->p->most;
    double *value = x->value + k * x->p->most;
    if (x->ncand[k] == 0) continue;
    if (text_read(x->b.src, x->b.order[k], worker, &r->mine, x->p->shingle) != 0) return -1;
    const int whole = r->mine.kind == GRAMS_WHOLE;
    if (!whole && gram_table_fill(&r->table, &r->mine) != 0) return -1;
    for (unsigned i = 0; i < x->ncand[k]; i++) {
      size_t common, all;
      value[i] = NAN;
      if (whole) continue;
      if (text_read(x->a.src, x->a.order[list[i].text], worker, &r->theirs, x->p->shingle) != 0) return -1;
      if (r->theirs.kind == GRAMS_WHOLE) continue;
      r->verified++;
      int matches = gram_table_compare(&r->table, &r->theirs, x->p->threshold, &common, &all);
      if (matches < 0) return -1;
      if (matches > 0) value[i] = (double)common / (double)all;
    }
  }
  return 0;
}

static int by_jaccard(const void *p, const void *q) {
  const NearPair *x = p, *y = q;
  if (x->jaccard != y->jaccard) return x->jaccard > y->jaccard ? -1 : 1;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

/* Takes the pairs; *more is set where a text whose likeliest were as many as are kept got none of them. */
static int take_pairs(Near *x, uint32_t *partner, float *jaccard, size_t *taken, int *more) {
  size_t n = 0, found = 0;
  const unsigned most = x->p->most;
  for (size_t k = 0; k < x->b.src->n; k++)
    for (unsigned i = 0; i < x->ncand[k]; i++) found += !isnan(x->value[k * most + i]);
  NearPair *pair = spill_alloc((found + 1) * sizeof *pair);
  if (pair == NULL) return -1;
  for (size_t k = 0; k < x->b.src->n; k++)
    for (unsigned i = 0; i < x->ncand[k]; i++)
      if (!isnan(x->value[k * most + i]))
        pair[n++] = (NearPair){ x->value[k * most + i], x->cand[k * most + i].text, (uint32_t)k };
  qsort(pair, n, sizeof *pair, by_jaccard);
  *taken = 0;
  for (size_t i = 0; i < n; i++) {
    NearPair p = pair[i];
    if (!x->a.free[p.a] || !x->b.free[p.b]) continue;
    x->a.free[p.a] = x->b.free[p.b] = 0;
    partner[x->b.order[p.b]] = x->a.order[p.a];
    jaccard[x->b.order[p.b]] = (float)p.jaccard;
    ++*taken;
  }
  *more = 0;
  for (size_t i = 0; i < n && !*more; i++) *more = x->b.free[pair[i].b] && x->ncand[pair[i].b] == most;
  spill_free(pair);
  return 0;
}

static int run_pass(Near *x, const NearPass *pass) {
  x->pass = pass;
  x->plan = sketch_plan(pass->hashes, 1, 1, x->p->path);
  deal(x);
  int r = 0;
  for (int t = 0; r == 0 && t < x->threads; t++) {
    sketch_room_free(x->room[t].sketch);
    if ((x->room[t].sketch = sketch_room_new(&x->plan)) == NULL) r = -1;
  }
  if (r == 0) r = sketch_side(x, &x->a);
  if (r == 0) r = sketch_side(x, &x->b);
  return r == 0 && x->a.nlist > 0 && x->b.nlist > 0 ? run_bands(x) : r;
}

static int run_round(Near *x, uint32_t *partner, float *jaccard, size_t *taken, int *more) {
  memset(x->ncand, 0, x->b.src->n);
  for (size_t i = 0; i < x->p->npasses; i++) {
    int r = run_pass(x, &x->p->pass[i]);
    if (r != 0) return r;
  }
  int r = pool_for(x->pool, x->b.src->n, GRAIN, verify_texts, x);
  return r != 0 ? r : take_pairs(x, partner, jaccard, taken, more);
}

/* ---- all of it ---- */

static int side_init(Texts *t, const TextSource *src, const uint32_t *order, unsigned hashes) {
  const size_t n = src->n;
  t->src = src;
  t->order = order;
  t->rank = spill_alloc((n + 1) * sizeof *t->rank);
  t->free = spill_alloc(n + 1);
  t->in = spill_alloc(n + 1);
  t->length = spill_alloc((n + 1) * sizeof *t->length);
  t->list = spill_alloc((n + 1) * sizeof *t->list);
  t->key = spill_alloc((n * BATCH + 1) * sizeof *t->key);
  t->word = spill_alloc((n + 1) * sizeof *t->word);
  t->room = spill_alloc((n + 1) * sizeof *t->room);
  t->slot = spill_alloc((n + 1) * hashes * sizeof *t->slot);
  if (t->rank == NULL || t->free == NULL || t->in == NULL || t->list == NULL || t->key == NULL ||
      t->length == NULL || t->word == NULL || t->room == NULL || t->slot == NULL) return -1;
  for (uint32_t k = 0; k < n; k++) t->rank[order[k]] = k;
  memset(t->free, 1, n + 1);
  memset(t->length, 0, (n + 1) * sizeof *t->length);
  return 0;
}

static void side_free(Texts *t) {
  void *spilled[] = { t->rank, t->free, t->length, t->in, t->list, t->key, t->word, t->room, t->slot };
  for (size_t i = 0; i < sizeof spilled / sizeof *spilled; i++) spill_free(spilled[i]);
}

static int near_init(Near *x, const TextSource *a, const TextSource *b, const uint32_t *order_a,
                     const uint32_t *order_b) {
  unsigned hashes = 8;
  for (size_t i = 0; i < x->p->npasses; i++)
    if (x->p->pass[i].hashes > hashes) hashes = x->p->pass[i].hashes;
  if (side_init(&x->a, a, order_a, hashes) != 0 || side_init(&x->b, b, order_b, hashes) != 0) return -1;
  x->cand = spill_alloc((b->n * x->p->most + 1) * sizeof *x->cand);
  x->ncand = spill_alloc(b->n + 1);
  x->value = spill_alloc((b->n * x->p->most + 1) * sizeof *x->value);
  x->room = calloc((size_t)x->threads, sizeof *x->room);
  if (x->cand == NULL || x->ncand == NULL || x->value == NULL || x->room == NULL) return -1;
  for (int t = 0; t < x->threads; t++)
    if ((x->room[t].slots = calloc(hashes + 8, sizeof *x->room[t].slots)) == NULL) return -1;
  return 0;
}

static void near_free(Near *x) {
  for (int t = 0; x->room != NULL && t < x->threads; t++) {
    grams_free(&x->room[t].mine);
    grams_free(&x->room[t].theirs);
    gram_table_free(&x->room[t].table);
    sketch_room_free(x->room[t].sketch);
    free(x->room[t].slots);
  }
  free(x->room);
  spill_free(x->cand);
  spill_free(x->ncand);
  spill_free(x->value);
  side_free(&x->a);
  side_free(&x->b);
}

int near_match(const TextSource *a, const TextSource *b, const uint32_t *order_a, const uint32_t *order_b,
               const NearParams *p, Pool *pool, uint32_t *partner, float *jaccard, NearCounts *counts, Error *err) {
  Near x = { .p = p, .pool = pool, .threads = pool != NULL ? pool_threads(pool) : 1 };
  NearCounts c = { 0 };
  for (size_t i = 0; i < b->n; i++) {
    partner[i] = TEXT_NONE;
    jaccard[i] = NAN;
  }
  int more = a->n > 0 && b->n > 0;
  int r = more ? near_init(&x, a, b, order_a, order_b) : 0;
  while (r == 0 && more && c.rounds < p->rounds) {
    size_t taken = 0;
    r = run_round(&x, partner, jaccard, &taken, &more);
    c.matched += taken;
    c.rounds++;
    if (taken == 0) break;
  }
  for (int t = 0; x.room != NULL && t < x.threads; t++) {
    c.proposed += x.room[t].proposed;
    c.verified += x.room[t].verified;
  }
  near_free(&x);
  if (counts != NULL) *counts = c;
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}
