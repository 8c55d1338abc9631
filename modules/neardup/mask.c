/* modules/neardup/mask.c - see mask.h */
#include "neardup/mask.h"

#include <stdlib.h>

#define WIDE (UINT64_C(1) << 63)   /* in tokens: it is a hash */
enum { GRAIN = 64, SAMPLE = 512, BLOCK = 512, LEAST_BITS = 14, MOST_BITS = 22, FILTER_BITS = 16 };
enum { ROOM = 1 << 19, MOST_SLICES = 16, FULL = 1 };   /* shingles in a worker's table; bits */

/* Shingles by open addressing. A token that is a hash has its shingle spelled out in `spelling`:
** bytes of it all (4), then code points (4 each), or words, each behind its length (4). */
typedef struct Entry {
  uint64_t token;
  size_t spelled;
  uint32_t texts;   /* that have it; 0: the slot is free */
  uint32_t last;    /* 1 + the last text that was counted */
} Entry;

typedef struct Table {
  Entry *slot;      /* [1 << bits] */
  unsigned bits;
  size_t n;
  char *spelling;
  size_t used, cap;
} Table;

struct Mask {
  Table table;
  size_t rest;
  SimdPath path;
  uint64_t filter[((size_t)1 << FILTER_BITS) / 64];   /* most shingles are not frequent: answered here */
};

typedef struct Counter {   /* a worker's */
  Grams grams;
  uint32_t hash[BLOCK + 8];
  uint32_t *count[2];      /* [1 << bits] shingles in a bucket, repeated ones counted */
  Table table;
} Counter;

typedef struct Run {
  const TextSource *src;
  unsigned shingle;
  SimdPath path;
  unsigned bits;           /* of a bucket's number */
  Counter *worker;         /* [threads] */
  int threads;
  uint64_t *high[2];       /* [1 << bits] bits: the bucket may hold a frequent shingle */
  size_t room;             /* shingles that a worker's table may hold */
  unsigned slice_bits;     /* the shingles are looked at in 1 << slice_bits slices, */
  uint32_t slice;          /* this one now */
} Run;

/* Two buckets of a shingle, by the hash that the sketch takes too (grams_hash): eight at a time. */
static inline size_t bucket(uint32_t hash, int which, unsigned bits) {
  return (which == 0 ? hash : hash * 0x9E3779B1u) >> (32 - bits);
}

static inline int in_slice(const Run *run, uint32_t hash) {
  return run->slice_bits == 0 || (hash * 0x85EBCA6Bu) >> (32 - run->slice_bits) == run->slice;
}

static inline size_t table_slot(uint64_t token, unsigned bits) {
  return (size_t)(token * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
}

static inline int bit_at(const uint64_t *bits, size_t i) { return (int)(bits[i >> 6] >> (i & 63) & 1); }
static inline void set_bit(uint64_t *bits, size_t i) { bits[i >> 6] |= UINT64_C(1) << (i & 63); }

static inline size_t hash_block(SimdPath path, const Grams *g, size_t from, uint32_t *hash) {
  size_t n = g->n - from < BLOCK ? g->n - from : BLOCK;
  grams_hash(path, g, from, n, hash);
  return n;
}

/* ---- spelled shingles ---- */

static int same_as_spelled(const char *p, const Grams *g, size_t i) {
  p += sizeof(uint32_t);
  if (g->unit == GRAM_CHARS) return memcmp(p, g->cp + i, g->shingle * sizeof *g->cp) == 0;
  for (unsigned k = 0; k < g->shingle; k++) {
    uint32_t len;
    memcpy(&len, p, sizeof len);
    p += sizeof len;
    if (len != g->end[i + k] - g->start[i + k] || memcmp(p, g->text + g->start[i + k], len) != 0) return 0;
    p += len;
  }
  return 1;
}

static uint32_t spelled_len(const char *p) {
  uint32_t len;
  memcpy(&len, p, sizeof len);
  return len;
}

/* Room at the end of the spelling; NULL if out of memory. */
static char *spelling_room(Table *t, size_t len) {
  if (t->used + len > t->cap) {
    size_t cap = (t->used + len) * 2 + 4096;
    char *more = realloc(t->spelling, cap);
    if (more == NULL) return NULL;
    t->spelling = more;
    t->cap = cap;
  }
  return t->spelling + t->used;
}

static int spell(Table *t, const Grams *g, size_t i) {
  size_t len = sizeof(uint32_t) * (g->shingle + 1);
  for (unsigned k = 0; g->unit == GRAM_WORDS && k < g->shingle; k++) len += g->end[i + k] - g->start[i + k];
  char *p = len <= UINT32_MAX ? spelling_room(t, len) : NULL;
  if (p == NULL) return -1;
  memcpy(p, &(uint32_t){ (uint32_t)len }, sizeof(uint32_t));
  p += sizeof(uint32_t);
  if (g->unit == GRAM_CHARS) memcpy(p, g->cp + i, g->shingle * sizeof *g->cp);
  for (unsigned k = 0; g->unit == GRAM_WORDS && k < g->shingle; k++) {
    uint32_t word = g->end[i + k] - g->start[i + k];
    memcpy(p, &word, sizeof word);
    memcpy(p + sizeof word, g->text + g->start[i + k], word);
    p += sizeof word + word;
  }
  t->used += len;
  return 0;
}

/* ---- tables ---- */

/* The slot of shingle i of g, or the free one where it belongs. */
static inline Entry *slot_of(const Table *t, const Grams *g, size_t i, uint64_t token) {
  size_t mask = ((size_t)1 << t->bits) - 1, at = table_slot(token, t->bits);
  while (t->slot[at].texts != 0 && !(t->slot[at].token == token &&
         (!(token & WIDE) || same_as_spelled(t->spelling + t->slot[at].spelled, g, i))))
    at = (at + 1) & mask;
  return &t->slot[at];
}

/* The same for another table's entry, by what it spells. */
static Entry *slot_of_entry(const Table *t, const Entry *e, const char *spelling) {
  size_t mask = ((size_t)1 << t->bits) - 1, at = table_slot(e->token, t->bits);
  for (; t->slot[at].texts != 0; at = (at + 1) & mask) {
    if (t->slot[at].token != e->token) continue;
    if (!(e->token & WIDE)) break;
    const char *a = t->spelling + t->slot[at].spelled, *b = spelling + e->spelled;
    if (spelled_len(a) == spelled_len(b) && memcmp(a, b, spelled_len(a)) == 0) break;
  }
  return &t->slot[at];
}

/* Room for one more at a load of a half. 0, or -1 if out of memory. */
static int table_room(Table *t) {
  if (t->slot != NULL && 2 * (t->n + 1) <= (size_t)1 << t->bits) return 0;
  Table more = { .bits = t->slot != NULL ? t->bits + 1 : 8 };
  more.slot = calloc((size_t)1 << more.bits, sizeof *more.slot);
  if (more.slot == NULL) return -1;
  for (size_t i = 0; t->slot != NULL && i < (size_t)1 << t->bits; i++) {
    size_t mask = ((size_t)1 << more.bits) - 1, at = table_slot(t->slot[i].token, more.bits);
    if (t->slot[i].texts == 0) continue;
    while (more.slot[at].texts != 0) at = (at + 1) & mask;
    more.slot[at] = t->slot[i];
  }
  free(t->slot);
  t->slot = more.slot;
  t->bits = more.bits;
  return 0;
}

static void table_free(Table *t) {
  free(t->slot);
  free(t->spelling);
  *t = (Table){ 0 };
}

/* Adds an entry of another table, its texts to those known. */
static int table_merge(Table *t, const Entry *e, const char *spelling) {
  if (table_room(t) != 0) return -1;
  Entry *to = slot_of_entry(t, e, spelling);
  if (to->texts > 0) {
    to->texts += e->texts;
    return 0;
  }
  *to = (Entry){ .token = e->token, .spelled = t->used, .texts = e->texts };
  t->n++;
  if (!(e->token & WIDE)) return 0;
  uint32_t len = spelled_len(spelling + e->spelled);
  char *p = spelling_room(t, len);
  if (p == NULL) return -1;
  memcpy(p, spelling + e->spelled, len);
  t->used += len;
  return 0;
}

/* ---- count ---- */

/* Buckets enough that what falls into one by chance is an eighth of what makes it high. */
static int choose_bits(Run *run, double share) {
  size_t n = run->src->n, step = n / SAMPLE + 1, texts = 0;
  double shingles = 0;
  for (size_t i = 0; i < n; i += step, texts++) {
    if (text_read(run->src, i, 0, &run->worker[0].grams, run->shingle) != 0) return -1;
    shingles += (double)run->worker[0].grams.n;
  }
  double want = texts > 0 ? 8 * shingles / (double)texts / share : 0;
  run->bits = LEAST_BITS;
  while (run->bits < MOST_BITS && (double)((size_t)1 << run->bits) < want) run->bits++;
  return 0;
}

static int count_texts(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  Counter *w = &run->worker[worker];
  for (int k = 0; k < 2; k++) {
    if (w->count[k] == NULL) w->count[k] = calloc((size_t)1 << run->bits, sizeof *w->count[k]);
    if (w->count[k] == NULL) return -1;
  }
  for (size_t i = begin; i < end; i++) {
    if (text_read(run->src, i, worker, &w->grams, run->shingle) != 0) return -1;
    for (size_t from = 0; w->grams.kind != GRAMS_WHOLE && from < w->grams.n; from += BLOCK) {
      size_t n = hash_block(run->path, &w->grams, from, w->hash);
      for (size_t s = 0; s < n; s++) {
        uint32_t *a = &w->count[0][bucket(w->hash[s], 0, run->bits)];
        uint32_t *b = &w->count[1][bucket(w->hash[s], 1, run->bits)];
        *a += *a != UINT32_MAX;
        *b += *b != UINT32_MAX;
      }
    }
  }
  return 0;
}

static int find_high(Run *run, double most) {
  for (int k = 0; k < 2; k++) {
    run->high[k] = calloc(((size_t)1 << run->bits) / 64, sizeof *run->high[k]);
    if (run->high[k] == NULL) return -1;
    for (size_t b = 0; b < (size_t)1 << run->bits; b++) {
      double all = 0;
      for (int t = 0; t < run->threads; t++)
        if (run->worker[t].count[k] != NULL) all += run->worker[t].count[k][b];
      if (all > most) set_bit(run->high[k], b);
    }
  }
  return 0;
}

/* ---- table ---- */

static int note_shingle(Counter *w, size_t i, uint32_t text) {
  const uint64_t token = gram_token(&w->grams, i);
  if (table_room(&w->table) != 0) return -1;
  Entry *e = slot_of(&w->table, &w->grams, i, token);
  if (e->texts == 0) {
    *e = (Entry){ .token = token, .spelled = w->table.used };
    if (token & WIDE && spell(&w->table, &w->grams, i) != 0) return -1;
    w->table.n++;
  }
  e->texts += e->last != text + 1;
  e->last = text + 1;
  return 0;
}

/* A bit for each of n hashes that may be a frequent shingle's: gathered without a branch, since which
** they are is not to be guessed. */
static inline uint64_t high_ones(const Run *run, const uint32_t *hash, size_t n) {
  uint64_t high = 0;
  for (size_t s = 0; s < n; s++)
    high |= (uint64_t)(bit_at(run->high[0], bucket(hash[s], 0, run->bits)) &
                       bit_at(run->high[1], bucket(hash[s], 1, run->bits)) & in_slice(run, hash[s])) << s;
  return high;
}

static int note_texts(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  Counter *w = &run->worker[worker];
  for (size_t i = begin; i < end; i++) {
    if (w->table.n > run->room && run->slice_bits < MOST_SLICES) return FULL;
    if (text_read(run->src, i, worker, &w->grams, run->shingle) != 0) return -1;
    for (size_t from = 0; w->grams.kind != GRAMS_WHOLE && from < w->grams.n; from += BLOCK) {
      size_t n = hash_block(run->path, &w->grams, from, w->hash);
      for (size_t s = 0; s < n; s += 64)
        for (uint64_t high = high_ones(run, w->hash + s, n - s < 64 ? n - s : 64); high != 0; high &= high - 1)
          if (note_shingle(w, from + s + (size_t)__builtin_ctzll(high), (uint32_t)i) != 0) return -1;
    }
  }
  return 0;
}

/* The frequent ones of all workers' tables. */
static int take_frequent(Run *run, const MaskParams *p, Mask *m) {
  Table all = { 0 };
  int r = 0;
  for (int t = 0; t < run->threads; t++) {
    const Table *from = &run->worker[t].table;
    for (size_t i = 0; r == 0 && from->slot != NULL && i < (size_t)1 << from->bits; i++)
      if (from->slot[i].texts > 0) r = table_merge(&all, &from->slot[i], from->spelling);
  }
  for (size_t i = 0; r == 0 && all.slot != NULL && i < (size_t)1 << all.bits; i++) {
    const Entry *e = &all.slot[i];
    if (e->texts == 0 || e->texts < p->fewest || (double)e->texts <= p->share * (double)run->src->n) continue;
    r = table_merge(&m->table, e, all.spelling);
    set_bit(m->filter, bucket(gram_hash(e->token), 0, FILTER_BITS));
  }
  table_free(&all);
  return r;
}

static void empty_tables(Run *run) {
  for (int t = 0; t < run->threads; t++) table_free(&run->worker[t].table);
}

/* Slice by slice; where a slice has no room it is halved, and its first half begun anew. */
static int find_frequent(Run *run, const MaskParams *p, Mask *m, Pool *pool) {
  while (run->slice >> run->slice_bits == 0) {
    int r = pool_for(pool, run->src->n, GRAIN, note_texts, run);
    if (r == FULL) {
      run->slice_bits++;
      run->slice *= 2;
    } else {
      if (r == 0) r = take_frequent(run, p, m);
      if (r != 0) return r;
      run->slice++;
    }
    empty_tables(run);
  }
  return 0;
}

static void free_run(Run *run) {
  for (int t = 0; run->worker != NULL && t < run->threads; t++) {
    grams_free(&run->worker[t].grams);
    free(run->worker[t].count[0]);
    free(run->worker[t].count[1]);
    table_free(&run->worker[t].table);
  }
  free(run->worker);
  free(run->high[0]);
  free(run->high[1]);
}

int mask_find(Mask **out, const TextSource *src, unsigned shingle, const MaskParams *p, Pool *pool, Error *err) {
  Run run = { .src = src, .shingle = shingle, .path = simd_best(), .room = p->room > 0 ? p->room : ROOM,
              .threads = pool != NULL ? pool_threads(pool) : 1 };
  double most = p->share * (double)src->n;
  if (most < (double)p->fewest - 1) most = (double)p->fewest - 1;
  Mask *m = calloc(1, sizeof *m);
  run.worker = calloc((size_t)run.threads, sizeof *run.worker);
  int r = m == NULL || run.worker == NULL ? -1 : choose_bits(&run, p->share);
  if (r == 0) r = pool_for(pool, src->n, GRAIN, count_texts, &run);
  if (r == 0) r = find_high(&run, most);
  if (r == 0) r = find_frequent(&run, p, m, pool);
  if (r == 0) {
    m->rest = p->rest;
    m->path = run.path;
  }
  free_run(&run);
  *out = r == 0 && m->table.n > 0 ? m : NULL;
  if (*out == NULL) mask_free(m);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

size_t mask_count(const Mask *m) { return m != NULL ? m->table.n : 0; }

void mask_free(Mask *m) {
  if (m == NULL) return;
  table_free(&m->table);
  free(m);
}

/* ---- a text ---- */

static int reserve(Grams *g) {
  if (grams_reserve(g, g->n) != 0) return -1;
  if (g->n <= g->place_cap) return 0;
  uint32_t *place = realloc(g->place, (g->n + g->n / 4) * sizeof *place);
  if (place == NULL) return -1;
  g->place = place;
  g->place_cap = g->n + g->n / 4;
  return 0;
}

typedef struct Walk {
  size_t kept;
  size_t begin, end;   /* of the present stretch */
  size_t longest;
} Walk;

/* A bit for each of the n shingles from i on that is frequent. */
static inline uint64_t frequent_ones(const Mask *m, const Grams *g, size_t i, const uint32_t *hash, size_t n) {
  uint64_t found = 0;
  for (size_t s = 0; s < n; s++) found |= (uint64_t)bit_at(m->filter, bucket(hash[s], 0, FILTER_BITS)) << s;
  for (uint64_t left = found; left != 0; left &= left - 1) {
    size_t at = i + (size_t)__builtin_ctzll(left);
    if (slot_of(&m->table, g, at, gram_token(g, at))->texts == 0) found &= ~(left & -left);
  }
  return found;
}

/* The others among these go into place. */
static inline void walk_ones(Walk *to, uint32_t *place, size_t rest, size_t i, uint64_t own) {
  Walk w = *to;
  for (; own != 0; own &= own - 1) {
    size_t at = i + (size_t)__builtin_ctzll(own);
    if (w.kept == 0 || at - w.end >= rest) w.begin = at;
    w.end = at + 1;
    if (w.end - w.begin > w.longest) w.longest = w.end - w.begin;
    place[w.kept++] = (uint32_t)at;
  }
  *to = w;
}

static size_t walk_block(const Mask *m, Grams *g, size_t from, Walk *w) {
  uint32_t hash[BLOCK + 8];
  const size_t n = hash_block(m->path, g, from, hash);
  for (size_t s = 0; s < n; s += 64) {
    const size_t some = n - s < 64 ? n - s : 64;
    walk_ones(w, g->place, m->rest, from + s,
              ~frequent_ones(m, g, from + s, hash + s, some) & ~UINT64_C(0) >> (64 - some));
  }
  return n;
}

int grams_mask(const Mask *m, Grams *g) {
  Walk w = { 0 };
  if (g->kind == GRAMS_WHOLE) return 0;
  if (reserve(g) != 0) return -1;
  for (size_t from = 0; from < g->n;) from += walk_block(m, g, from, &w);
  if (w.kept == g->n || (m->rest > 0 && w.longest < m->rest + g->shingle - 1)) return 0;
  for (size_t k = 0; k < w.kept; k++) g->token[k] = gram_token(g, g->place[k]);
  g->masked = w.kept > 0;
  g->kind = w.kept > 0 ? GRAMS_WIDE : GRAMS_WHOLE;
  g->n = w.kept > 0 ? w.kept : 1;
  return 0;
}
