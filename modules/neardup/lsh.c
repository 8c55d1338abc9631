/* modules/neardup/lsh.c - see lsh.h */
#include "neardup/lsh.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
  DIGIT = 11, BUCKETS = 1 << DIGIT,
  PARTS_FROM = 4096   /* words worth parting by their leading bits */
};

static void pass(const uint64_t *from, uint64_t *to, size_t n, unsigned shift, const size_t *count) {
  size_t start[BUCKETS], at = 0;
  for (unsigned b = 0; b < BUCKETS; b++) {
    start[b] = at;
    at += count[b];
  }
  for (size_t i = 0; i < n; i++) to[start[from[i] >> shift & (BUCKETS - 1)]++] = from[i];
}

void lsh_sort(uint64_t *from, uint64_t *to, size_t n) {
  size_t count[3][BUCKETS];
  memset(count, 0, sizeof count);
  for (size_t i = 0; i < n; i++) {
    count[0][from[i] >> 32 & (BUCKETS - 1)]++;
    count[1][from[i] >> (32 + DIGIT) & (BUCKETS - 1)]++;
    count[2][from[i] >> (32 + 2 * DIGIT)]++;
  }
  pass(from, to, n, 32, count[0]);
  pass(to, from, n, 32 + DIGIT, count[1]);
  pass(from, to, n, 32 + 2 * DIGIT, count[2]);
}

/* ---- union-find that several threads may share (Anderson and Woll 1991): links go from the
** higher text to the lower, so the roots do not depend on who came first ---- */

typedef _Atomic uint32_t Parent;

static uint32_t find(Parent *parent, uint32_t i) {
  for (;;) {
    uint32_t p = atomic_load_explicit(&parent[i], memory_order_relaxed);
    if (p == i) return i;
    uint32_t up = atomic_load_explicit(&parent[p], memory_order_relaxed);
    if (up != p) atomic_compare_exchange_weak_explicit(&parent[i], &p, up, memory_order_relaxed,
                                                       memory_order_relaxed);
    i = up;
  }
}

static void join(Parent *parent, uint32_t a, uint32_t b) {
  for (;;) {
    a = find(parent, a);
    b = find(parent, b);
    if (a == b) return;
    if (a < b) {
      uint32_t t = a;
      a = b;
      b = t;
    }
    uint32_t expected = a;
    if (atomic_compare_exchange_strong_explicit(&parent[a], &expected, b, memory_order_relaxed,
                                                memory_order_relaxed))
      return;
  }
}

typedef struct Slots { uint64_t *slot; size_t cap; } Slots;

typedef struct Bands {
  const uint32_t *keys;
  size_t n, stride;
  LshMay may;
  const void *ctx;
  Parent *parent;
  uint64_t **room;   /* [threads] of 2 n words, made by their worker */
} Bands;

/* Joins the texts of words with the same key. */
static void join_bucket(Bands *b, const uint64_t *word, size_t n) {
  if (b->may == NULL || n > LSH_MANY) {
    for (size_t i = 1; i < n; i++) join(b->parent, (uint32_t)word[i - 1], (uint32_t)word[i]);
    return;
  }
  for (size_t i = 1; i < n; i++)
    for (size_t k = 0; k < i; k++) {
      uint32_t x = (uint32_t)word[k], y = (uint32_t)word[i];
      if (find(b->parent, x) != find(b->parent, y) && b->may(b->ctx, x, y)) join(b->parent, x, y);
    }
}

static void join_sorted(Bands *b, const uint64_t *sorted, size_t n) {
  for (size_t from = 0, to; from < n; from = to) {
    for (to = from + 1; to < n && (sorted[to] ^ sorted[from]) >> 32 == 0;) to++;
    if (to - from > 1) join_bucket(b, sorted + from, to - from);
  }
}

/* Joins the texts of equal keys among words that share their leading bits, by open addressing in `slot`,
** which is made larger where it must be. */
static int join_part(Bands *b, const uint64_t *word, size_t n, Slots *s) {
  size_t slots = 64;
  while (slots < 2 * n) slots *= 2;
  if (slots > s->cap) {
    free(s->slot);
    s->cap = slots;
    s->slot = malloc(slots * sizeof *s->slot);
    if (s->slot == NULL) return -1;
  }
  memset(s->slot, 0xFF, slots * sizeof *s->slot);
  for (size_t i = 0; i < n; i++) {
    size_t at = word[i] >> 32 & (slots - 1);
    while (s->slot[at] != UINT64_MAX && (s->slot[at] ^ word[i]) >> 32 != 0) at = (at + 1) & (slots - 1);
    if (s->slot[at] == UINT64_MAX) s->slot[at] = word[i];
    else join(b->parent, (uint32_t)s->slot[at], (uint32_t)word[i]);
  }
  return 0;
}

/* One scattering pass, and the rest where the words of a part lie in the nearest cache. */
static int join_parts(Bands *b, const uint64_t *word, uint64_t *to, size_t n) {
  const unsigned shift = 64 - DIGIT;
  size_t count[BUCKETS] = { 0 }, at = 0;
  Slots slots = { 0 };
  int r = 0;
  for (size_t i = 0; i < n; i++) count[word[i] >> shift]++;
  pass(word, to, n, shift, count);
  for (unsigned part = 0; r == 0 && part < BUCKETS; at += count[part++])
    if (count[part] > 1) r = join_part(b, to + at, count[part], &slots);
  free(slots.slot);
  return r;
}

static int join_bands(void *ctx, size_t begin, size_t end, int worker) {
  Bands *b = ctx;
  if (b->room[worker] == NULL) b->room[worker] = malloc(2 * b->n * sizeof(uint64_t));
  uint64_t *word = b->room[worker];
  int r = word == NULL ? -1 : 0;
  for (size_t band = begin; r == 0 && band < end; band++) {
    size_t n = 0;
    for (size_t i = 0; i < b->n; i++) {
      uint32_t key = b->keys[i * b->stride + band];
      word[n] = (uint64_t)key << 32 | i;
      n += key != i;
    }
    if (b->may == NULL && n >= PARTS_FROM) {
      r = join_parts(b, word, word + b->n, n);
    } else {
      lsh_sort(word, word + b->n, n);
      join_sorted(b, word + b->n, n);
    }
  }
  return r;
}

int lsh_groups(const uint32_t *keys, size_t n, unsigned bands, size_t stride, LshMay may, const void *ctx,
               Pool *pool, uint32_t *root) {
  int threads = pool != NULL ? pool_threads(pool) : 1, result = -1;
  Bands b = { .keys = keys, .n = n, .stride = stride, .may = may, .ctx = ctx };
  b.parent = malloc((n + 1) * sizeof(Parent));
  b.room = calloc((size_t)threads, sizeof(uint64_t *));
  if (n > 0 && b.parent != NULL && b.room != NULL) {
    for (size_t i = 0; i < n; i++) atomic_init(&b.parent[i], (uint32_t)i);
    result = pool_for(pool, bands, 1, join_bands, &b);
    for (size_t i = 0; i < n; i++) root[i] = find(b.parent, (uint32_t)i);
  } else if (n == 0) {
    result = 0;
  }
  for (int t = 0; b.room != NULL && t < threads; t++) free(b.room[t]);
  free(b.room);
  free((void *)b.parent);
  return result;
}
