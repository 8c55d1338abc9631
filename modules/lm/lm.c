/* modules/lm/lm.c - see lm.h: scoring.
**
** Scoring looks for the longest n-gram that was seen and ends here. It is at most one symbol longer than the one that
** ended a symbol ago, since whatever was seen begins with something seen: so a look-up or two a symbol do, in plain text
** and in noise. For each length that fails, the weight of the next shorter one behind the same context is due. */
#include "lm/lm.h"

#include <math.h>
#include <stdlib.h>

#include "lm/lm_inside.h"

int lm_alphabet_init(LmAlphabet *a, const uint32_t *letter, size_t n) {
  *a = (LmAlphabet){ 0 };
  if (n > LM_MAX_LETTERS) return -1;
  for (size_t i = 0; i < n; i++) {
    uint32_t c = letter[i], at;
    if (c < 0x80 || c > 0x10FFFF || (i > 0 && c <= letter[i - 1])) return -1;
    at = lm_letter_hash(c);
    while (a->slot[at] != 0) at = (at + 1) & (LM_LETTER_SLOTS - 1);
    a->slot[at] = c << LM_BITS | (uint32_t)(256 + i);
    a->letter[a->nletters++] = c;
  }
  return 0;
}

Lm *lm_ref(Lm *m) {
  atomic_fetch_add(&m->refs, 1);
  return m;
}

void lm_unref(Lm *m) {
  if (m == NULL || atomic_fetch_sub(&m->refs, 1) > 1) return;
  free(m->slot);
  buf_free(&m->note);
  free(m);
}

/* ---- one symbol ---- */

/* What is known behind the symbols so far. */
typedef struct State {
  uint64_t last;    /* the symbols, as many as the order */
  int len;          /* of the longest n-gram that was seen, ends here and can be a context */
  unsigned back;    /* its back-off */
} State;

static inline uint64_t find_hashed(const Lm *m, uint64_t hash) {
  uint64_t tag = lm_tag(hash);
  const uint64_t *s = m->slot + lm_home(hash, m->nslots), *end = s + LM_PROBES;
  for (; s < end && *s != 0; s++)
    if (*s >> 24 == tag) return *s;
  return 0;
}

static inline uint64_t find(const Lm *m, uint64_t key, int len) { return find_hashed(m, lm_hash(key, len)); }

static inline unsigned cost_of(uint64_t slot) { return (unsigned)(slot >> 12) & LM_MOST; }
static inline unsigned back_of(uint64_t slot) { return (unsigned)slot & LM_MOST; }

/* The back-off of the last `len` symbols as a context; 0, weight 1, of one that was never seen. */
static inline unsigned back_off(const Lm *m, const State *s, int len) {
  if (len == s->len) return s->back;
  uint64_t key = s->last & lm_mask(len);
  return len == 1 ? m->first[key].back : back_of(find(m, key, len));
}

/* hash: of the n-gram of full length that the symbol makes with those before it, `last`. */
static inline unsigned step(const Lm *m, State *s, unsigned symbol, uint64_t last, uint64_t hash) {
  unsigned units = 0;
  const int order = m->order;
  for (int len = s->len + 1; len > 1; len--) {
    uint64_t slot = len == order ? find_hashed(m, hash) : find(m, last & lm_mask(len), len);
    if (slot != 0) {
      *s = (State){ last, len < order ? len : order - 1, back_of(slot) };
      return units + cost_of(slot);
    }
    units += back_off(m, s, len - 1);
  }
  *s = (State){ last, 1, m->first[symbol].back };
  return units + m->first[symbol].cost;
}

static State beginning(const Lm *m) {
  int len = m->order - 1;
  State s = { lm_mask(m->order), len, 0 };
  s.back = len == 1 ? m->first[LM_START].back : back_of(find(m, lm_mask(len), len));
  return s;
}

unsigned lm_cost(const Lm *m, const uint16_t *context, size_t n, unsigned symbol) {
  State s = { 0, 0, 0 };
  size_t most = (size_t)m->order - 1;
  for (size_t i = n > most ? n - most : 0; i < n; i++) s.last = s.last << LM_BITS | context[i];
  for (int len = (int)(n < most ? n : most); len > 0; len--) {
    uint64_t key = s.last & lm_mask(len), slot = len == 1 ? 0 : find(m, key, len);
    if (len > 1 && slot == 0) continue;
    s.len = len;
    s.back = len == 1 ? m->first[key].back : back_of(slot);
    break;
  }
  uint64_t last = (s.last << LM_BITS | symbol) & lm_mask(m->order);
  return step(m, &s, symbol, last, lm_hash(last, m->order));
}

/* ---- a text ---- */

/* A text is cut into blocks of symbols. The slots of a block are fetched before the first of them is looked into: a
** table is larger than the cache that is near. */
enum { BLOCK = 32 };
typedef struct Block {
  int n;
  uint16_t symbol[BLOCK + 4];
  uint64_t last[BLOCK + 4], hash[BLOCK + 4];
  size_t at[BLOCK + 4];      /* the byte at which the symbol's character begins */
} Block;

/* The next symbols; `last` are those before them. far: n-grams of full length will be looked for. How many characters. */
static inline size_t cut_block(const Lm *m, Span text, size_t *at, uint64_t last, int far, Block *b) {
  const uint64_t all = lm_mask(m->order);
  size_t chars = 0;
  for (b->n = 0; b->n < BLOCK && *at < text.len; chars++) {
    size_t from = *at;
    for (int end = b->n + lm_symbols(&m->alphabet, text, at, b->symbol + b->n); b->n < end; b->n++) {
      last = (last << LM_BITS | b->symbol[b->n]) & all;
      uint64_t hash = lm_hash(last, m->order);
      if (far) __builtin_prefetch(m->slot + lm_home(hash, m->nslots));
      b->last[b->n] = last;
      b->hash[b->n] = hash;
      b->at[b->n] = from;
    }
  }
  return chars;
}

static inline LmScore score(const Lm *m, Span text, uint32_t *cost) {
  LmScore out = { 0, 0 };
  State s = beginning(m);
  Block b;
  if (cost != NULL) memset(cost, 0, text.len * sizeof *cost);
  for (size_t at = 0; at < text.len;) {
    out.chars += cut_block(m, text, &at, s.last, s.len > 2, &b);   /* noise gets to none of full length */
    for (int i = 0; i < b.n; i++) {
      unsigned units = step(m, &s, b.symbol[i], b.last[i], b.hash[i]);
      out.units += units;
      if (cost != NULL) cost[b.at[i]] += units;
    }
  }
  return out;
}

LmScore lm_score(const Lm *m, Span text, uint32_t *cost) {
  return cost != NULL ? score(m, text, cost) : score(m, text, NULL);
}

double lm_bits(LmScore s) { return s.chars == 0 ? NAN : (double)s.units / ((double)LM_UNITS * (double)s.chars); }

double lm_perplexity(LmScore s) { return exp2(lm_bits(s)); }

LmWindow lm_window(Span text, const uint32_t *cost, size_t chars, int sign) {
  size_t from = 0, at = 0, n = 0;
  uint64_t sum = 0, best = 0;
  LmWindow w = { 0, 0, NAN };
  while (at < text.len) {
    size_t next;
    chars_decode(text.ptr, text.len, at, &next);
    sum += cost[at];
    at = next;
    if (n < chars) n++;
    else {
      sum -= cost[from];
      chars_decode(text.ptr, text.len, from, &next);
      from = next;
    }
    int better = sign > 0 ? sum > best : sum < best;
    if (n < chars ? at == text.len && w.end == 0 : w.end == 0 || better) {
      w = (LmWindow){ from, at, lm_bits((LmScore){ sum, n }) };
      best = sum;
    }
  }
  return w;
}
