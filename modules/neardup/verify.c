/* modules/neardup/verify.c - see verify.h */
#include "neardup/verify.h"

#include <stdlib.h>

#define OTHER 0x80000000u   /* in GramSlot.pos: the shingle is the other text's */
#define WIDE (UINT64_C(1) << 63)

static inline uint64_t spread(uint64_t token) { return token * UINT64_C(0x9E3779B97F4A7C15); }

/* Room for n distinct shingles at a load of two thirds; what was in is lost. */
static int make_room(GramTable *t, size_t n) {
  unsigned bits = 6;
  while (((size_t)1 << bits) * 2 < n * 3) bits++;
  if (bits > t->made) {
    GramSlot *slot = calloc((size_t)1 << bits, sizeof *slot);
    if (slot == NULL) return -1;
    free(t->slot);
    t->slot = slot;
    t->made = bits;
    t->stamp = 0;
  } else if (t->stamp > UINT32_MAX / 2) {
    memset(t->slot, 0, ((size_t)1 << t->made) * sizeof *t->slot);
    t->stamp = 0;
  }
  t->bits = bits;
  t->base = ++t->stamp;
  return 0;
}

static int same_shingle(const GramTable *t, const GramSlot *s, const Grams *g, size_t i) {
  if (!(s->token & WIDE)) return 1;
  const Grams *of = s->pos & OTHER ? g : t->of;
  return gram_same(of, s->pos & ~OTHER, g, i);
}

/* Puts all shingles in; 0 when more than `most` are distinct. */
static inline int insert_all(GramTable *t, const Grams *g, size_t most, int narrow) {
  const unsigned shift = 64 - t->bits;
  const size_t mask = ((size_t)1 << t->bits) - 1;
  size_t distinct = 0;
  for (size_t i = 0; i < g->n; i++) {
    uint64_t token = narrow ? gram_narrow(g, i) : g->token[i], h = spread(token);
    size_t at = (size_t)(h >> shift);
    GramSlot *s = &t->slot[at];
    while (s->stamp >= t->base && !(s->token == token && (narrow || same_shingle(t, s, g, i)))) {
      at = (at + 1) & mask;
      s = &t->slot[at];
    }
    if (s->stamp >= t->base) continue;
    if (++distinct > most) return 0;
    *s = (GramSlot){ token, t->base, (uint32_t)i };
    t->bitmap[h >> 60] ^= UINT64_C(1) << (h >> 54 & 63);
  }
  t->distinct = distinct;
  return 1;
}

static int fill(GramTable *t, const Grams *g, size_t room) {
  for (;;) {   /* a long text repeats itself, so it starts with room for fewer */
    if (make_room(t, room) != 0) return -1;
    memset(t->bitmap, 0, sizeof t->bitmap);
    int all = g->kind == GRAMS_NARROW ? insert_all(t, g, room, 1) : insert_all(t, g, room, 0);
    if (all) return 0;
    room *= 4;
  }
}

int gram_table_fill(GramTable *t, const Grams *g) {
  t->of = g;
  if (g->kind == GRAMS_WHOLE) {
    t->distinct = 1;
    return 0;
  }
  return fill(t, g, g->n < 1u << 16 ? g->n : 1u << 16);
}

void gram_table_free(GramTable *t) {
  free(t->slot);
  free(t->added);
  *t = (GramTable){ 0 };
}

/* Can n common shingles at most, of `all` at least, not reach the floor? Half a shingle of slack
** keeps rounding on the safe side: the last word is the division's. */
static inline int hopeless(size_t n, size_t all, double floor) {
  return (double)n + 0.5 < floor * (double)all;
}

static inline int walk(GramTable *t, const Grams *g, double floor, size_t *common, size_t *extra,
                       int narrow) {
  const unsigned shift = 64 - t->bits;
  const size_t mask = ((size_t)1 << t->bits) - 1;
  const uint32_t stamp = t->stamp;
  for (size_t i = 0; i < g->n; i++) {
    uint64_t token = narrow ? gram_narrow(g, i) : g->token[i];
    size_t at = (size_t)(spread(token) >> shift);
    GramSlot *s = &t->slot[at];
    while (s->stamp >= t->base && !(s->token == token && (narrow || same_shingle(t, s, g, i)))) {
      at = (at + 1) & mask;
      s = &t->slot[at];
    }
    if (s->stamp >= t->base) {
      *common += s->stamp != stamp;
      s->stamp = stamp;
      continue;
    }
    t->added[(*extra)++] = (uint32_t)at;
    *s = (GramSlot){ token, stamp, (uint32_t)i | OTHER };
    size_t most = *common + (g->n - i - 1);
    if (hopeless(most < t->distinct ? most : t->distinct, t->distinct + *extra, floor)) return 0;
  }
  return 1;
}

/* The most shingles that `other` may have beside the table's before the walk ends. */
static size_t most_added(const GramTable *t, const Grams *other, double floor) {
  double most = floor > 0 ? ((double)t->distinct + 1) / floor - (double)t->distinct + 2 : 1e18;
  return most < (double)other->n ? (size_t)most : other->n;
}

static int room_for(GramTable *t, size_t added) {
  if (added > t->added_cap) {
    uint32_t *p = realloc(t->added, added * sizeof *p);
    if (p == NULL) return -1;
    t->added = p;
    t->added_cap = added;
  }
  if (t->distinct + added <= ((size_t)7 << t->bits) / 8) return 0;
  return fill(t, t->of, t->distinct + added);
}

static int whole_compare(const Grams *a, const Grams *b, double floor, size_t *common,
                         size_t *all) {
  *common = a->kind == b->kind && a->len == b->len && memcmp(a->text, b->text, a->len) == 0;
  *all = 1;
  return (double)*common >= floor;
}

int gram_table_compare(GramTable *t, const Grams *other, double floor, size_t *common,
                       size_t *all) {
  if (t->of->kind == GRAMS_WHOLE || other->kind == GRAMS_WHOLE)
    return whole_compare(t->of, other, floor, common, all);
  if (hopeless(other->n, t->distinct, floor)) return 0;
  if (room_for(t, most_added(t, other, floor)) != 0) return -1;
  size_t extra = 0;
  *common = 0;
  t->stamp++;
  int whole = other->kind == GRAMS_NARROW ? walk(t, other, floor, common, &extra, 1)
                                          : walk(t, other, floor, common, &extra, 0);
  for (size_t i = 0; i < extra; i++) t->slot[t->added[i]].stamp = 0;
  *all = t->distinct + extra;
  return whole && (double)*common / (double)*all >= floor;
}

static inline unsigned bits_that_differ(const uint64_t *x, const uint64_t *y) {
  unsigned n = 0;
  for (unsigned i = 0; i < GRAM_BITMAP; i++) n += (unsigned)__builtin_popcountll(x[i] ^ y[i]);
  return n;
}

#ifdef SIMD_X86
__attribute__((target("popcnt"))) static unsigned differ_popcnt(const uint64_t *x, const uint64_t *y) {
  return bits_that_differ(x, y);
}
#endif

int gram_bitmap_allows(const uint64_t *x, size_t nx, const uint64_t *y, size_t ny, double floor) {
  size_t small = nx < ny ? nx : ny, big = nx < ny ? ny : nx;
  if (hopeless(small, big, floor)) return 0;
  unsigned differ;
#ifdef SIMD_X86
  if (__builtin_cpu_supports("popcnt")) differ = differ_popcnt(x, y);
  else
#endif
    differ = bits_that_differ(x, y);
  return (1 + floor) * (differ - 0.5) <= (1 - floor) * (double)(nx + ny);
}

int grams_compare(const Grams *a, const Grams *b, double floor, size_t *common, size_t *all) {
  GramTable t = { 0 };
  int r = gram_table_fill(&t, a);
  if (r == 0) r = gram_table_compare(&t, b, floor, common, all);
  gram_table_free(&t);
  return r;
}
