/* modules/neardup/gold.c - see gold.h */
#include "neardup/gold.h"

#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#include "neardup/verify.h"

enum { NEED = 8 };   /* hits asked of a text before a gold text is read: fewer, and strangers come */

typedef struct Posting { uint64_t token; uint32_t gold, rarity; } Posting;

typedef struct TokenSlot {
  uint64_t token;
  uint32_t start, n;      /* postings; n 0: free */
} TokenSlot;

struct GoldIndex {
  const TextSource *src;
  unsigned shingle;
  double threshold;
  SimdPath path;
  uint64_t *hash;         /* [n] of the folded text */
  uint32_t *whole;        /* [1 << whole_bits] open addressing by hash */
  unsigned whole_bits;
  uint32_t *need;         /* [n] hits that make a gold text worth verifying; 0: it has no postings */
  uint32_t *shingles;     /* [n] distinct ones */
  uint32_t *posting;      /* gold texts, token by token */
  TokenSlot *slot;        /* [1 << slot_bits] */
  unsigned slot_bits;
  uint64_t *filter;       /* [1 << (filter_bits - 6)] */
  unsigned filter_bits;
};

struct GoldRoom {
  int worker;
  GramTable table;
  Grams theirs;
  uint32_t *hits;         /* [n] zero between texts */
  uint32_t *touched;      /* [n] */
};

static size_t slot_of(uint64_t token, unsigned bits) {
  return (size_t)(token * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
}

static unsigned bits_for(size_t n) {
  unsigned bits = 4;
  while (((size_t)1 << bits) < n) bits++;
  return bits;
}

void gold_free(GoldIndex *g) {
  if (g == NULL) return;
  void *owned[] = { g->hash, g->whole, g->need, g->shingles, g->posting, g->slot, g->filter };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  free(g);
}

/* ---- building ---- */

typedef struct Postings { Posting *p; size_t n, cap; } Postings;

static int by_token(const void *a, const void *b) {
  const Posting *x = a, *y = b;
  if (x->token != y->token) return x->token < y->token ? -1 : 1;
  return x->gold < y->gold ? -1 : x->gold > y->gold;
}

static int by_rarity(const void *a, const void *b) {
  const Posting *x = a, *y = b;
  if (x->gold != y->gold) return x->gold < y->gold ? -1 : 1;
  if (x->rarity != y->rarity) return x->rarity < y->rarity ? -1 : 1;
  return x->token < y->token ? -1 : x->token > y->token;
}

static void put_whole(GoldIndex *g, uint32_t gold) {
  size_t mask = ((size_t)1 << g->whole_bits) - 1, at = slot_of(g->hash[gold], g->whole_bits);
  while (g->whole[at] != TEXT_NONE) at = (at + 1) & mask;
  g->whole[at] = gold;
}

/* Adds the distinct shingles of a gold text. */
static int add_postings(Postings *all, GramTable *t, const Grams *text, uint32_t gold) {
  if (gram_table_fill(t, text) != 0) return -1;
  if (all->n + t->distinct > all->cap) {
    size_t cap = (all->n + t->distinct) * 2;
    Posting *more = realloc(all->p, cap * sizeof *more);
    if (more == NULL) return -1;
    all->p = more;
    all->cap = cap;
  }
  for (size_t i = 0; i < (size_t)1 << t->bits; i++)
    if (t->slot[i].stamp >= t->base) all->p[all->n++] = (Posting){ t->slot[i].token, gold, 0 };
  return 0;
}

static int read_gold(GoldIndex *g, Postings *all) {
  Grams text = { 0 };
  GramTable table = { 0 };
  int r = 0;
  for (size_t i = 0; r == 0 && i < g->src->n; i++) {
    r = text_read(g->src, i, 0, &text, g->shingle);
    if (r != 0) break;
    g->hash[i] = XXH3_64bits(text.text, text.len);
    put_whole(g, (uint32_t)i);
    if (text.kind == GRAMS_WHOLE) continue;
    r = add_postings(all, &table, &text, (uint32_t)i);
    g->shingles[i] = (uint32_t)table.distinct;
  }
  grams_free(&text);
  gram_table_free(&table);
  return r;
}

/* Keeps of each gold text the rarest postings, as many as the proof wants. */
static void choose_postings(GoldIndex *g, Postings *all) {
  qsort(all->p, all->n, sizeof *all->p, by_token);
  for (size_t i = 0, k; i < all->n; i = k) {
    for (k = i + 1; k < all->n && all->p[k].token == all->p[i].token;) k++;
    uint32_t rarity = k - i < UINT32_MAX ? (uint32_t)(k - i) : UINT32_MAX;
    for (size_t m = i; m < k; m++) all->p[m].rarity = rarity;
  }
  qsort(all->p, all->n, sizeof *all->p, by_rarity);
  size_t kept = 0;
  for (size_t i = 0, k; i < all->n; i = k) {
    uint32_t gold = all->p[i].gold;
    for (k = i + 1; k < all->n && all->p[k].gold == gold;) k++;
    size_t n = k - i, lacking = (size_t)floor((1 - g->threshold) * (double)n + 1e-6);
    size_t chosen = lacking + NEED < n ? lacking + NEED : n;
    g->need[gold] = chosen > lacking ? (uint32_t)(chosen - lacking) : 1;
    memmove(all->p + kept, all->p + i, chosen * sizeof *all->p);
    kept += chosen;
  }
  all->n = kept;
  qsort(all->p, all->n, sizeof *all->p, by_token);
}

static int lay_postings(GoldIndex *g, const Postings *all) {
  g->slot_bits = bits_for(2 * all->n);
  g->filter_bits = bits_for(16 * all->n) < 30 ? bits_for(16 * all->n) : 30;
  if (g->filter_bits < 6) g->filter_bits = 6;
  g->posting = malloc((all->n + 1) * sizeof *g->posting);
  g->slot = calloc((size_t)1 << g->slot_bits, sizeof *g->slot);
  g->filter = calloc((size_t)1 << (g->filter_bits - 6), sizeof *g->filter);
  if (g->posting == NULL || g->slot == NULL || g->filter == NULL) return -1;
  size_t mask = ((size_t)1 << g->slot_bits) - 1;
  for (size_t i = 0, k; i < all->n; i = k) {
    uint64_t token = all->p[i].token;
    for (k = i; k < all->n && all->p[k].token == token; k++) g->posting[k] = all->p[k].gold;
    size_t at = slot_of(token, g->slot_bits);
    while (g->slot[at].n != 0) at = (at + 1) & mask;
    g->slot[at] = (TokenSlot){ token, (uint32_t)i, (uint32_t)(k - i) };
    uint32_t bit = gram_hash(token) >> (32 - g->filter_bits);
    g->filter[bit >> 6] |= UINT64_C(1) << (bit & 63);
  }
  return 0;
}

GoldIndex *gold_new(const TextSource *src, unsigned shingle, double threshold, Error *err) {
  Postings all = { 0 };
  size_t n = src->n;
  GoldIndex *g = calloc(1, sizeof *g);
  if (g != NULL) {
    *g = (GoldIndex){ .src = src, .shingle = shingle, .threshold = threshold, .path = simd_best(),
                      .whole_bits = bits_for(2 * n + 1) };
    g->hash = malloc((n + 1) * sizeof *g->hash);
    g->whole = malloc(((size_t)1 << g->whole_bits) * sizeof *g->whole);
    g->need = calloc(n + 1, sizeof *g->need);
    g->shingles = calloc(n + 1, sizeof *g->shingles);
  }
  int r = -1;
  if (g != NULL && g->hash != NULL && g->whole != NULL && g->need != NULL && g->shingles != NULL) {
    memset(g->whole, 0xFF, ((size_t)1 << g->whole_bits) * sizeof *g->whole);
    r = read_gold(g, &all);
  }
  if (r == 0) {
    choose_postings(g, &all);
    r = lay_postings(g, &all);
  }
  free(all.p);
  if (r == 0) return g;
  gold_free(g);
  error_memory(err);
  return NULL;
}

/* ---- matching ---- */

GoldRoom *gold_room_new(const GoldIndex *g, int worker) {
  GoldRoom *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  r->worker = worker;
  r->hits = calloc(g->src->n + 1, sizeof *r->hits);
  r->touched = malloc((g->src->n + 1) * sizeof *r->touched);
  if (r->hits != NULL && r->touched != NULL) return r;
  gold_room_free(r);
  return NULL;
}

void gold_room_free(GoldRoom *r) {
  if (r == NULL) return;
  gram_table_free(&r->table);
  grams_free(&r->theirs);
  free(r->hits);
  free(r->touched);
  free(r);
}

/* The first gold text with the same bytes. */
static int match_whole(const GoldIndex *g, GoldRoom *r, const Grams *text, GoldMatch *out) {
  uint64_t hash = XXH3_64bits(text->text, text->len);
  size_t mask = ((size_t)1 << g->whole_bits) - 1, at = slot_of(hash, g->whole_bits);
  for (; g->whole[at] != TEXT_NONE; at = (at + 1) & mask) {
    uint32_t gold = g->whole[at];
    if (g->hash[gold] != hash || gold >= out->twin) continue;
    if (text_read(g->src, gold, r->worker, &r->theirs, g->shingle) != 0) return -1;
    if (r->theirs.len == text->len && memcmp(r->theirs.text, text->text, text->len) == 0)
      *out = (GoldMatch){ gold, 1, 1 };
  }
  return 0;
}

/* Counts for each gold text how many of its chosen shingles the text has (a repeated one again:
** that only proposes more). Returns how many gold texts were touched. Slots lie all over memory:
** those of a block are asked for together, and read when they are there. */
static size_t count_hits(const GoldIndex *g, GoldRoom *r, const Grams *text) {
  enum { BLOCK = 512 };
  uint32_t hash[BLOCK + 8];
  uint64_t token[BLOCK];
  size_t touched = 0, mask = ((size_t)1 << g->slot_bits) - 1;
  const unsigned shift = 32 - g->filter_bits;
  for (size_t from = 0; from < text->n; from += BLOCK) {
    size_t n = text->n - from < BLOCK ? text->n - from : BLOCK, known = 0;
    grams_hash(g->path, text, from, n, hash);
    for (size_t i = 0; i < n; i++) {
      uint32_t bit = hash[i] >> shift;
      if (!(g->filter[bit >> 6] >> (bit & 63) & 1)) continue;
      token[known] = gram_token(text, from + i);
      __builtin_prefetch(&g->slot[slot_of(token[known++], g->slot_bits)]);
    }
    for (size_t i = 0; i < known; i++) {
      size_t at = slot_of(token[i], g->slot_bits);
      while (g->slot[at].n != 0 && g->slot[at].token != token[i]) at = (at + 1) & mask;
      const TokenSlot *slot = &g->slot[at];
      for (uint32_t k = 0; k < slot->n; k++) {
        uint32_t gold = g->posting[slot->start + k];
        if (r->hits[gold]++ == 0) r->touched[touched++] = gold;
      }
    }
  }
  return touched;
}

static int verify(const GoldIndex *g, GoldRoom *r, uint32_t gold, GoldMatch *out) {
  size_t common, all;
  if (text_read(g->src, gold, r->worker, &r->theirs, g->shingle) != 0) return -1;
  int matches = gram_table_compare(&r->table, &r->theirs, g->threshold, &common, &all);
  if (matches <= 0) return matches;
  double jaccard = (double)common / (double)all;
  if (out->twin == TEXT_NONE || jaccard > out->jaccard || (jaccard == out->jaccard && gold < out->twin))
    *out = (GoldMatch){ gold, 0, jaccard };
  return 0;
}

int gold_match_exact(const GoldIndex *g, GoldRoom *r, const Grams *text, GoldMatch *out) {
  *out = (GoldMatch){ TEXT_NONE, 0, 0 };
  if (text->len == 0 || (text->len == 1 && text->text[0] == '\x1f')) return 0;
  return match_whole(g, r, text, out);
}

int gold_match(const GoldIndex *g, GoldRoom *r, const Grams *text, GoldMatch *out) {
  if (gold_match_exact(g, r, text, out) != 0) return -1;
  if (text->len == 0 || (text->len == 1 && text->text[0] == '\x1f')) return 0;
  if (out->twin != TEXT_NONE || text->kind == GRAMS_WHOLE) return 0;
  size_t touched = count_hits(g, r, text);
  int failed = 0, filled = 0;
  for (size_t i = 0; i < touched; i++) {
    uint32_t gold = r->touched[i], hits = r->hits[gold];
    r->hits[gold] = 0;
    if (failed || hits < g->need[gold]) continue;
    if (!filled) failed = gram_table_fill(&r->table, text);
    filled = 1;
    if (!failed && (double)g->shingles[gold] + 0.5 >= g->threshold * (double)r->table.distinct)
      failed = verify(g, r, gold, out);
  }
  return failed;
}
