/* modules/neardup/verify.c - see verify.h */
#include "neardup/verify.h"

#include <stdlib.h>

#define OTHER 0x80000000u   /* in GramSlot.pos: the shingle is the other text's */
#define WIDE (UINT64_C(1) << 63)

static inline uint64_t spread(uint64_t token) { return token * UINT64_C(0x9E3779B97F4A7C15); }

/* Room for n distinct shingles at a load of a third, so that most find their place at once (a
** branch foretold wrongly costs more than a table twice as large); what was in is lost. */
static int make_room(GramTable *t, size_t n) {
  unsigned bits = 6;
  while (((size_t)1 << bits) < n * 3) bits++;
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
  uint64_t first = 0;
  for (size_t i = 0; i < g->n; i++) {
    uint64_t token = narrow ? gram_narrow(g, i) : g->token[i], h = spread(token);
    size_t at = (size_t)(h >> shift);
    GramSlot *s = &t->slot[at];
    while (s->stamp >= t->base && !(s->token == token && (narrow || same_shingle(t, s, g, i)))) {
      at = (at + 1) & mask;
      s = &t->slot[at];
    }
    if (s->stamp >= t->base) {
      if (narrow) t->same[i] = s->pos;
    } else {
      if (++distinct > most) return 0;
      *s = (GramSlot){ token, t->base, (uint32_t)i };
      t->bitmap[h >> 60] ^= UINT64_C(1) << (h >> 54 & 63);
      first |= UINT64_C(1) << (i & 63);
    }
    if (narrow && ((i & 63) == 63 || i + 1 == g->n)) {
      t->first[i >> 6] = first;
      first = 0;
    }
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

static int reserve_places(GramTable *t, size_t n) {
  if (n <= t->place_cap) return 0;
  size_t cap = n + n / 2 + 64, words = cap / 64 + 1;
  free(t->first);
  free(t->seen);
  free(t->same);
  t->first = malloc(words * sizeof *t->first);
  t->seen = malloc(words * sizeof *t->seen);
  t->same = malloc(cap * sizeof *t->same);
  t->place_cap = t->first == NULL || t->seen == NULL || t->same == NULL ? 0 : cap;
  return t->place_cap == 0 ? -1 : 0;
}

int gram_table_fill(GramTable *t, const Grams *g) {
  t->of = g;
  if (g->kind == GRAMS_WHOLE) {
    t->distinct = 1;
    return 0;
  }
  if (g->kind == GRAMS_NARROW && reserve_places(t, g->n) != 0) return -1;
  return fill(t, g, g->n < 1u << 15 ? g->n : 1u << 15);
}

void gram_table_free(GramTable *t) {
  free(t->slot);
  free(t->added);
  free(t->first);
  free(t->seen);
  free(t->same);
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

/* ---- two narrow texts: run by run ---- */

/* Bytes that a and b have in common from their start, at most n; both have 8 readable ones behind. */
static inline size_t common_bytes(const char *a, const char *b, size_t n) {
  for (size_t i = 0; i < n; i += 8) {
    uint64_t x, y;
    memcpy(&x, a + i, 8);
    memcpy(&y, b + i, 8);
    if (x == y) continue;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    size_t at = i + (size_t)__builtin_clzll(x ^ y) / 8;
#else
    size_t at = i + (size_t)__builtin_ctzll(x ^ y) / 8;
#endif
    return at < n ? at : n;
  }
  return n;
}

/* How many shingles agree from shingle i of g and shingle p of the table's text on. */
static inline size_t run_length(const GramTable *t, const Grams *g, size_t i, size_t p) {
  size_t most = g->n - i < t->of->n - p ? g->n - i : t->of->n - p, less = g->shingle - 1;
  size_t same = common_bytes(g->text + i, t->of->text + p, most + less);
  return same > less ? same - less : 0;
}

/* The other text has the shingles [p, p + n) of the table's. */
static inline void see_run(GramTable *t, size_t p, size_t n) {
  const size_t end = p + n;
  for (size_t w = p >> 6; w << 6 < end; w++) {
    uint64_t in = ~UINT64_C(0);
    if (w << 6 < p) in <<= p & 63;
    if ((w + 1) << 6 > end) in &= ~UINT64_C(0) >> (64 - (end & 63));
    t->seen[w] |= in & t->first[w];
    for (uint64_t again = in & ~t->first[w]; again != 0; again &= again - 1) {
      uint32_t place = t->same[(w << 6) + (size_t)__builtin_ctzll(again)];
      t->seen[place >> 6] |= UINT64_C(1) << (place & 63);
    }
  }
}

/* The slot of a shingle, or the free one where it would stand. */
static inline size_t narrow_slot(const GramTable *t, uint64_t token) {
  const size_t mask = ((size_t)1 << t->bits) - 1;
  size_t at = (size_t)(spread(token) >> (64 - t->bits));
  while (t->slot[at].stamp >= t->base && t->slot[at].token != token) at = (at + 1) & mask;
  return at;
}

/* As walk(). Where a run has ended, the texts often go on side by side behind what differs: so the
** same distance is tried before the table is asked. */
static int walk_runs(GramTable *t, const Grams *g, double floor, size_t *common, size_t *extra) {
  enum { LONG = 16 };   /* shingles of a run that is no chance */
  const size_t words = (t->of->n + 63) / 64;
  size_t shift = 0, hits = 0, run;   /* shift: place in the table's text less place in g, modulo 2^64 */
  memset(t->seen, 0, words * sizeof *t->seen);
  for (size_t i = 0; i < g->n; i += run) {
    size_t p = i + shift;
    run = p < t->of->n ? run_length(t, g, i, p) : 0;
    if (run == 0) {
      uint64_t token = gram_narrow(g, i);
      size_t at = narrow_slot(t, token);
      GramSlot *s = &t->slot[at];
      run = 1;
      if (s->stamp < t->base) {
        t->added[(*extra)++] = (uint32_t)at;
        *s = (GramSlot){ token, t->stamp, (uint32_t)i | OTHER };
        size_t most = hits + (g->n - i - 1);
        if (hopeless(most < t->distinct ? most : t->distinct, t->distinct + *extra, floor)) return 0;
        continue;
      }
      if (s->pos & OTHER) continue;
      p = s->pos;
      run = run_length(t, g, i, p);
    }
    see_run(t, p, run);
    hits += run;
    if (run >= LONG) shift = p - i;
  }
  for (size_t w = 0; w < words; w++) *common += (size_t)__builtin_popcountll(t->seen[w]);
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
  int whole = other->kind != GRAMS_NARROW ? walk(t, other, floor, common, &extra, 0)
              : t->of->kind == GRAMS_NARROW ? walk_runs(t, other, floor, common, &extra)
                                            : walk(t, other, floor, common, &extra, 1);
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

int gram_bits_allow(const uint64_t *x, const uint64_t *y, double shingles, double floor) {
  unsigned differ;
#ifdef SIMD_X86
  if (__builtin_cpu_supports("popcnt")) differ = differ_popcnt(x, y);
  else
#endif
    differ = bits_that_differ(x, y);
  return (1 + floor) * (differ - 0.5) <= (1 - floor) * shingles;
}

int gram_bitmap_allows(const uint64_t *x, size_t nx, const uint64_t *y, size_t ny, double floor) {
  size_t small = nx < ny ? nx : ny, big = nx < ny ? ny : nx;
  return !hopeless(small, big, floor) && gram_bits_allow(x, y, (double)(nx + ny), floor);
}

int grams_compare(const Grams *a, const Grams *b, double floor, size_t *common, size_t *all) {
  GramTable t = { 0 };
  int r = gram_table_fill(&t, a);
  if (r == 0) r = gram_table_compare(&t, b, floor, common, all);
  gram_table_free(&t);
  return r;
}
