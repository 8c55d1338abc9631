/* modules/lm/lm_fit.c - see lm_fit.h */
#include "lm/lm_fit.h"

#include <math.h>
#include <stdlib.h>

#include "lm/lm_inside.h"

/* ---- letters ---- */

enum { CODE_POINTS = 0x110000 };

struct LmLetters { uint64_t count[CODE_POINTS]; };

LmLetters *lm_letters_new(void) { return calloc(1, sizeof(LmLetters)); }
void lm_letters_free(LmLetters *l) { free(l); }

void lm_letters_add(LmLetters *l, Span text) {
  for (size_t at = 0, next; at < text.len; at = next) {
    next = at + 1;
    if ((unsigned char)text.ptr[at] < 0x80) continue;
    uint32_t c = chars_decode(text.ptr, text.len, at, &next);
    if (next - at > 1) l->count[c]++;
  }
}

typedef struct Letter { uint64_t count; uint32_t c; } Letter;

static int by_count(const void *x, const void *y) {
  const Letter *a = x, *b = y;
  return a->count != b->count ? (a->count < b->count ? 1 : -1) : (a->c > b->c) - (a->c < b->c);
}

static int by_letter(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

void lm_letters_pick(const LmLetters *l, uint64_t least, LmAlphabet *out) {
  Letter best[2 * LM_MAX_LETTERS];   /* sorted and halved when full */
  uint32_t letter[LM_MAX_LETTERS];
  size_t n = 0, kept;
  for (uint32_t c = 0x80; c < CODE_POINTS; c++) {
    if (l->count[c] == 0 || l->count[c] < least) continue;
    best[n++] = (Letter){ l->count[c], c };
    if (n < 2 * LM_MAX_LETTERS) continue;
    qsort(best, n, sizeof *best, by_count);
    n = LM_MAX_LETTERS;
  }
  qsort(best, n, sizeof *best, by_count);
  kept = n < LM_MAX_LETTERS ? n : LM_MAX_LETTERS;
  for (size_t i = 0; i < kept; i++) letter[i] = best[i].c;
  qsort(letter, kept, sizeof *letter, by_letter);
  lm_alphabet_init(out, letter, kept);
}

/* ---- counts ---- */

typedef struct Gram { uint64_t key, count; } Gram;   /* count 0: a free place */

struct LmCounts {
  LmAlphabet alphabet;
  int order;
  size_t most, n, mask;     /* mask + 1 places */
  Gram *gram;
  uint64_t symbols, dropped;
};

enum { FIRST_PLACES = 1 << 12 };

LmCounts *lm_counts_new(const LmAlphabet *a, int order, size_t most) {
  LmCounts *c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  *c = (LmCounts){ .alphabet = *a, .order = order, .most = most, .mask = FIRST_PLACES - 1 };
  if ((c->gram = calloc(FIRST_PLACES, sizeof *c->gram)) != NULL) return c;
  free(c);
  return NULL;
}

void lm_counts_free(LmCounts *c) {
  if (c == NULL) return;
  free(c->gram);
  free(c);
}

static Gram *place_of(Gram *gram, size_t mask, uint64_t key) {
  size_t i = lm_hash(key, 0) & mask;
  while (gram[i].count != 0 && gram[i].key != key) i = (i + 1) & mask;
  return &gram[i];
}

/* Twice the places. */
static int grow(LmCounts *c) {
  size_t mask = 2 * c->mask + 1;
  Gram *gram = calloc(mask + 1, sizeof *gram);
  if (gram == NULL) return -1;
  for (size_t i = 0; i <= c->mask; i++)
    if (c->gram[i].count > 0) *place_of(gram, mask, c->gram[i].key) = c->gram[i];
  free(c->gram);
  c->gram = gram;
  c->mask = mask;
  return 0;
}

/* The greatest count of the n-grams that leave so that at most half are left; 0 if out of memory. */
static uint64_t leaving(const LmCounts *c) {
  enum { MOST = 1 << 16 };   /* if so many are seen more often, all leave: that takes 10^11 characters */
  size_t *seen = calloc(MOST + 1, sizeof *seen), left = c->n;
  uint64_t count = 0;
  if (seen == NULL) return 0;
  for (size_t i = 0; i <= c->mask; i++) seen[c->gram[i].count < MOST ? c->gram[i].count : MOST]++;
  while (left > c->most / 2 && count < MOST) left -= seen[++count];
  free(seen);
  return count < MOST ? count : UINT64_MAX;
}

/* The n-grams seen least leave. */
static int drop(LmCounts *c) {
  uint64_t count = leaving(c);
  Gram *stay = malloc((c->most / 2 + 1) * sizeof *stay);
  size_t n = 0;
  if (stay == NULL || count == 0) {
    free(stay);
    return -1;
  }
  for (size_t i = 0; i <= c->mask; i++) {
    const Gram *g = &c->gram[i];
    if (g->count > count) stay[n++] = *g;
    else c->dropped += g->count;
  }
  memset(c->gram, 0, (c->mask + 1) * sizeof *c->gram);
  for (size_t i = 0; i < n; i++) *place_of(c->gram, c->mask, stay[i].key) = stay[i];
  c->n = n;
  free(stay);
  return 0;
}

/* Room for one more. */
static int make_room(LmCounts *c) {
  if (c->n >= c->most && drop(c) != 0) return -1;
  return 2 * (c->n + 1) > c->mask ? grow(c) : 0;
}

int lm_counts_add(LmCounts *c, Span text) {
  const uint64_t all = lm_mask(c->order);
  uint64_t key = all;
  uint16_t symbol[4];
  for (size_t at = 0; at < text.len;) {
    int n = lm_symbols(&c->alphabet, text, &at, symbol);
    for (int i = 0; i < n; i++) {
      key = (key << LM_BITS | symbol[i]) & all;
      Gram *g = place_of(c->gram, c->mask, key);
      if (g->count == 0) {
        if (c->n >= c->most || 2 * (c->n + 1) > c->mask) {
          if (make_room(c) != 0) return -1;
          g = place_of(c->gram, c->mask, key);
        }
        if (g->count == 0) c->n++;
      }
      *g = (Gram){ key, g->count + 1 };
      c->symbols++;
    }
  }
  return 0;
}

/* ---- levels ---- */

/* Sorts by the lowest `len` symbols of the keys, one symbol a pass; the result is in `a`. */
static void sort_grams(Gram *a, Gram *room, size_t n, int len) {
  Gram *from = a, *to = room;
  for (int pass = 0; pass < len; pass++) {
    size_t start[(1 << LM_BITS) + 1] = { 0 };
    int shift = pass * LM_BITS;
    for (size_t i = 0; i < n; i++) start[(from[i].key >> shift & LM_START) + 1]++;
    for (size_t k = 0; k < 1 << LM_BITS; k++) start[k + 1] += start[k];
    for (size_t i = 0; i < n; i++) to[start[from[i].key >> shift & LM_START]++] = from[i];
    Gram *other = from;
    from = to;
    to = other;
  }
  if (from != a) memcpy(a, from, n * sizeof *a);
}

/* Equal neighbours become one. How many are left. */
static size_t merge_grams(Gram *a, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    if (kept > 0 && a[kept - 1].key == a[i].key) a[kept - 1].count += a[i].count;
    else a[kept++] = a[i];
  }
  return kept;
}

typedef struct Grams { size_t n; Gram *gram; } Grams;   /* of one length, by key, not pruned */

/* The n-grams of one symbol less, from those of `len` + 1; the place of LM_START alone, which is only a context, last. */
static int shorter(const Grams *from, int len, Grams *out, Gram *room) {
  out->gram = malloc((from->n + 1) * sizeof *out->gram);
  if (out->gram == NULL) return -1;
  out->n = from->n;
  for (size_t i = 0; i < from->n; i++) out->gram[i] = (Gram){ from->gram[i].key & lm_mask(len), from->gram[i].count };
  sort_grams(out->gram, room, out->n, len);
  out->n = merge_grams(out->gram, out->n);
  return 0;
}

static int gather(const LmCounts *c, Grams grams[LM_MAX_ORDER + 1]) {
  Gram *room = malloc((c->n + 1) * sizeof *room);
  Grams *top = &grams[c->order];
  top->gram = malloc((c->n + 1) * sizeof *top->gram);
  int bad = room == NULL || top->gram == NULL;
  for (size_t i = 0; !bad && i <= c->mask; i++)
    if (c->gram[i].count > 0) top->gram[top->n++] = c->gram[i];
  if (!bad) sort_grams(top->gram, room, top->n, c->order);
  for (int len = c->order - 1; !bad && len > 0; len--) bad = shorter(&grams[len + 1], len, &grams[len], room) != 0;
  for (int len = 1; !bad && len < c->order; len++)   /* no n-gram ends with LM_START: the greatest key */
    grams[len].gram[grams[len].n++] = (Gram){ lm_mask(len), 0 };
  free(room);
  return bad ? -1 : 0;
}

/* ---- probabilities ---- */

static size_t level_find(const LmLevel *l, uint64_t key) {
  size_t low = 0, high = l->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (l->key[middle] < key) low = middle + 1;
    else high = middle;
  }
  return low < l->n && l->key[low] == key ? low : SIZE_MAX;
}

/* p of the last symbol of a key of `len`. */
static double p_of(const LmTable *t, uint64_t key, int len) {
  double weight = 1;
  for (; len > 1; len--) {
    size_t at = level_find(&t->level[len], key & lm_mask(len));
    if (at != SIZE_MAX) return weight * t->level[len].p[at];
    at = level_find(&t->level[len - 1], key >> LM_BITS & lm_mask(len - 1));
    if (at != SIZE_MAX) weight *= t->level[len - 1].back[at];
  }
  return weight * t->level[1].p[key & LM_START];
}

double lm_table_p(const LmTable *t, const uint16_t *context, size_t n, unsigned symbol) {
  size_t most = (size_t)t->order - 1, from = n > most ? n - most : 0;
  uint64_t key = 0;
  for (size_t i = from; i < n; i++) key = key << LM_BITS | context[i];
  return p_of(t, key << LM_BITS | symbol, (int)(n - from) + 1);
}

static int level_room(LmLevel *l, size_t n) {
  l->key = malloc((n + 1) * sizeof *l->key);
  l->count = malloc((n + 1) * sizeof *l->count);
  l->p = malloc((n + 1) * sizeof *l->p);
  l->back = malloc((n + 1) * sizeof *l->back);
  return l->key == NULL || l->count == NULL || l->p == NULL || l->back == NULL ? -1 : 0;
}

/* All symbols, seen or not. */
static int first_level(LmTable *t, const Grams *grams) {
  LmLevel *l = &t->level[1];
  double all = 0, kinds = 0, size = 256 + (double)t->alphabet.nletters;
  if (level_room(l, LM_SYMBOLS + 1) != 0) return -1;
  l->n = LM_SYMBOLS + 1;
  for (size_t i = 0; i < l->n; i++) l->key[i] = i, l->count[i] = 0, l->back[i] = 1;
  for (size_t i = 0; i < grams->n; i++) {
    l->count[grams->gram[i].key] = grams->gram[i].count;
    all += (double)grams->gram[i].count;
    kinds += grams->gram[i].count > 0;
  }
  for (size_t i = 0; i < l->n; i++)
    l->p[i] = i >= 256 + t->alphabet.nletters ? 0 : ((double)l->count[i] + kinds / size) / (all + kinds);
  return 0;
}

/* Of the n-grams of `len` behind one context, [from, to): their probabilities, those to be pruned left out. */
static void behind(LmTable *t, const Grams *grams, size_t from, size_t to, int len, double *weight) {
  LmLevel *l = &t->level[len];
  double all = 0, kinds = (double)(to - from), lost = 0;
  for (size_t i = from; i < to; i++) {
    all += (double)grams->gram[i].count;
    if (grams->gram[i].count < t->cut) lost += (double)grams->gram[i].count;
  }
  *weight = (kinds + lost) / (all + kinds);
  for (size_t i = from; i < to; i++) {
    const Gram *g = &grams->gram[i];
    if (g->count < t->cut) {
      t->pruned++;
      continue;
    }
    l->key[l->n] = g->key;
    l->count[l->n] = g->count;
    l->back[l->n] = 1;
    l->p[l->n++] = (double)g->count / (all + kinds) + *weight * p_of(t, g->key & lm_mask(len - 1), len - 1);
  }
}

/* Level `len` on the one below it. Both are by key, so contexts come in order; what stands behind a context that is
** gone goes too. */
static int next_level(LmTable *t, const Grams *grams, int len) {
  LmLevel *l = &t->level[len], *below = &t->level[len - 1];
  size_t context = 0, n = grams->n;
  if (level_room(l, n) != 0) return -1;
  int start = len < t->order;                       /* the place of LM_START is no n-gram of its own context */
  if (start) n--;
  for (size_t from = 0, to; from < n; from = to) {
    uint64_t key = grams->gram[from].key >> LM_BITS;
    for (to = from; to < n && grams->gram[to].key >> LM_BITS == key;) to++;
    while (context < below->n && below->key[context] < key) context++;
    if (context < below->n && below->key[context] == key) behind(t, grams, from, to, len, &below->back[context]);
    else t->pruned += to - from;
  }
  if (start) {
    l->key[l->n] = lm_mask(len);
    l->count[l->n] = 0;
    l->p[l->n] = 0;
    l->back[l->n++] = 1;
  }
  return 0;
}

/* The least count that at most so many n-grams reach; 0 if out of memory. */
static uint64_t cut_for(const Grams *grams, int order, size_t max_ngrams) {
  enum { MOST = 1 << 16 };   /* what is seen more often always stays */
  size_t *seen = calloc(MOST + 1, sizeof *seen), n = 0;
  uint64_t cut = MOST + 1;
  if (seen == NULL) return 0;
  for (int len = 2; len <= order; len++)
    for (size_t i = 0; i < grams[len].n; i++) seen[grams[len].gram[i].count < MOST ? grams[len].gram[i].count : MOST]++;
  while (cut > 1 && n + seen[cut - 1] <= max_ngrams) n += seen[--cut];
  free(seen);
  return cut;
}

LmTable *lm_table(const LmCounts *c, size_t max_ngrams, Error *err) {
  Grams grams[LM_MAX_ORDER + 1] = { { 0, NULL } };
  LmTable *t = calloc(1, sizeof *t);
  int bad = t == NULL;
  if (c->n == 0) {
    error_set(err, "there is no text to fit a model on");
    free(t);
    return NULL;
  }
  if (!bad) {
    t->order = c->order;
    t->alphabet = c->alphabet;
    t->symbols = c->symbols;
    t->dropped = c->dropped;
    bad = gather(c, grams) != 0 || (t->cut = cut_for(grams, c->order, max_ngrams)) == 0 ||
          first_level(t, &grams[1]) != 0;
  }
  for (int len = 2; !bad && len <= c->order; len++) bad = next_level(t, &grams[len], len) != 0;
  for (int len = 1; len <= LM_MAX_ORDER; len++) free(grams[len].gram);
  if (!bad) return t;
  error_memory(err);
  lm_table_free(t);
  return NULL;
}

void lm_table_free(LmTable *t) {
  if (t == NULL) return;
  for (int len = 1; len <= LM_MAX_ORDER; len++) {
    LmLevel *l = &t->level[len];
    free(l->key);
    free(l->count);
    free(l->p);
    free(l->back);
  }
  free(t);
}

/* ---- the model ---- */

static uint16_t units_of(double p) {
  double units = p > 0 ? -log2(p) * LM_UNITS : LM_MOST;
  return units >= LM_MOST ? LM_MOST : units <= 0 ? 0 : (uint16_t)lround(units);
}

/* An n-gram of full length is no context: it has the back-off of the one that follows it, itself without its oldest. */
static LmEntry entry_of(const LmTable *t, int len, size_t i) {
  const LmLevel *l = &t->level[len];
  double back = l->back[i];
  if (len == t->order) {
    size_t at = level_find(&t->level[len - 1], l->key[i] & lm_mask(len - 1));
    if (at != SIZE_MAX) back = t->level[len - 1].back[at];
  }
  return (LmEntry){ units_of(l->p[i]), units_of(back) };
}

/* Puts all n-grams into their slots. 1; 0 if one finds no place, or cannot be told from another. */
static int fill(Lm *m, const LmTable *t) {
  for (int len = 2; len <= t->order; len++) {
    const LmLevel *l = &t->level[len];
    for (size_t i = 0; i < l->n; i++) {
      uint64_t hash = lm_hash(l->key[i], len), tag = lm_tag(hash);
      size_t at = lm_home(hash, m->nslots), end = at + LM_PROBES;
      while (at < end && m->slot[at] != 0 && m->slot[at] >> 24 != tag) at++;
      if (at == end || m->slot[at] != 0) return 0;
      m->slot[at] = lm_slot(tag, entry_of(t, len, i));
    }
  }
  return 1;
}

Lm *lm_pack(const LmTable *t, Span note) {
  Lm *m = calloc(1, sizeof *m);
  size_t n = 0;
  if (m == NULL) return NULL;
  atomic_init(&m->refs, 1);
  m->order = t->order;
  m->alphabet = t->alphabet;
  for (size_t i = 0; i <= LM_SYMBOLS; i++) m->first[i] = entry_of(t, 1, i);
  for (int len = 2; len <= t->order; len++) n += t->level[len].n;
  int bad = buf_add(&m->note, note.ptr, note.len) != 0;
  m->nslots = LM_PROBES + 1 + n + 2 * n / 3;
  while (!bad) {
    m->slot = calloc(m->nslots, sizeof *m->slot);
    bad = m->slot == NULL;
    if (bad || fill(m, t)) break;
    free(m->slot);
    m->slot = NULL;
    m->nslots += m->nslots / 8;
  }
  if (!bad) return m;
  lm_unref(m);
  return NULL;
}
