/* modules/neardup/rare.c - see rare.h
**
** Postings are laid side by side by the leading bits of their shingle's hash; shingles that
** share a list only propose more. */
#include "neardup/rare.h"

#include <assert.h>
#include <stdlib.h>

#include "core/spill.h"

enum { NEED = 6, COUNT_BITS = 20, MOST = 255 };

/* Of a text, side by side: hits of the scan at hand, and the fewest that can do for any text. */
typedef struct Tally { uint8_t hits, need; } Tally;   /* hits: MOST stands for more */


/* A shingle of the text at hand: its hash and how common it is; when scanned, its list's place. */
typedef struct Probe {
  union { uint32_t hash, begin; };
  union { uint32_t count, end; };
} Probe;

struct Rare {
  size_t n;
  double floor;
  uint16_t *count;      /* [1 << COUNT_BITS] texts of the sample with such a shingle */
  uint32_t *size;       /* [n] distinct shingles; 0: not added */
  uint32_t *chosen;     /* [n] shingles chosen of it */
  uint32_t *hash;       /* [postings] until laid: of chosen shingles, text by text */
  size_t postings, cap;
  uint32_t *start;      /* [(1 << bits) + 1] */
  uint32_t *posting;    /* [postings] texts */
  unsigned bits;
  Tally *tally;         /* [n] hits are zero between scans */
  uint32_t *found;      /* [n] */
  Probe *probe;         /* [probe_cap] of the text at hand */
  size_t probe_cap;
};

static inline uint32_t hash_of(uint64_t token) { return (uint32_t)(token * UINT64_C(0x9E3779B97F4A7C15) >> 32); }

/* How many of y's shingles may lack in an x of nx >= ny, at the floor or above. */
static size_t lacking(double floor, size_t nx, size_t ny) {
  double most = (double)ny - floor / (1 + floor) * ((double)nx + (double)ny);
  return most <= 0 ? 0 : (size_t)(most + 1e-6);
}

void rare_free(Rare *r) {
  if (r == NULL) return;
  free(r->count);
  free(r->size);
  free(r->chosen);
  free(r->tally);
  free(r->found);
  free(r->probe);
  spill_free(r->hash);
  spill_free(r->start);
  spill_free(r->posting);
  free(r);
}

Rare *rare_new(size_t n, double floor) {
  assert(floor >= RARE_FLOOR);
  Rare *r = calloc(1, sizeof *r);
  if (r == NULL) return NULL;
  r->n = n;
  r->floor = floor;
  r->count = calloc((size_t)1 << COUNT_BITS, sizeof *r->count);
  r->size = calloc(n + 1, sizeof *r->size);
  r->chosen = calloc(n + 1, sizeof *r->chosen);
  r->tally = calloc(n + 1, sizeof *r->tally);
  r->found = malloc((n + 1) * sizeof *r->found);
  if (r->count != NULL && r->size != NULL && r->chosen != NULL && r->tally != NULL && r->found != NULL) return r;
  rare_free(r);
  return NULL;
}

static inline int in_use(const GramTable *t, size_t slot) { return t->slot[slot].stamp >= t->base; }

void rare_count(Rare *r, const GramTable *t) {
  for (size_t i = 0; i < (size_t)1 << t->bits; i++)
    if (in_use(t, i)) r->count[hash_of(t->slot[i].token) >> (32 - COUNT_BITS)]++;
}

static int reserve_probe(Rare *r, size_t n) {
  if (n <= r->probe_cap) return 0;
  Probe *more = realloc(r->probe, n * 2 * sizeof *more);
  if (more == NULL) return -1;
  r->probe = more;
  r->probe_cap = n * 2;
  return 0;
}

/* Of the text's distinct shingles `want` of the rarest, into r->hash. */
static void choose(Rare *r, const GramTable *t, size_t want) {
  size_t alike[MOST + 1] = { 0 }, n = 0;
  for (size_t i = 0; i < (size_t)1 << t->bits; i++) {
    if (!in_use(t, i)) continue;
    uint32_t h = hash_of(t->slot[i].token), c = r->count[h >> (32 - COUNT_BITS)];
    c = c < MOST ? c : MOST;
    r->probe[n++] = (Probe){ .hash = h, .count = c };
    alike[c]++;
  }
  uint32_t last = 0;
  for (; alike[last] < want; last++) want -= alike[last];   /* want: how many of the last count */
  for (size_t i = 0; i < n; i++) {
    if (r->probe[i].count > last) continue;
    if (r->probe[i].count == last && want-- == 0) {
      want = 0;
      continue;
    }
    r->hash[r->postings++] = r->probe[i].hash;
  }
}

int rare_add(Rare *r, const GramTable *t, uint32_t text) {
  size_t lacks = lacking(r->floor, t->distinct, t->distinct), want = lacks + NEED;
  if (want > t->distinct) want = t->distinct;
  if (reserve_probe(r, t->distinct) != 0) return -1;
  r->tally[text].need = (uint8_t)(want - lacks);
  if (r->postings + want > r->cap) {
    size_t cap = (r->postings + want) * 3 / 2;
    uint32_t *more = spill_resize(r->hash, cap * sizeof *more);
    if (more == NULL) return -1;
    r->hash = more;
    r->cap = cap;
  }
  r->size[text] = (uint32_t)t->distinct;
  r->chosen[text] = (uint32_t)want;
  choose(r, t, want);
  return 0;
}

int rare_lay(Rare *r) {
  if (r->postings >= UINT32_MAX) return 1;
  for (r->bits = 8; ((size_t)1 << r->bits) < r->postings && r->bits < 31;) r->bits++;
  const size_t lists = (size_t)1 << r->bits;
  const unsigned shift = 32 - r->bits;
  r->start = spill_alloc((lists + 1) * sizeof *r->start);
  r->posting = spill_alloc((r->postings + 1) * sizeof *r->posting);
  if (r->start == NULL || r->posting == NULL) return -1;
  memset(r->start, 0, (lists + 1) * sizeof *r->start);
  for (size_t i = 0; i < r->postings; i++) r->start[r->hash[i] >> shift]++;
  uint32_t at = 0;
  for (size_t l = 0; l <= lists; l++) r->start[l] = at += r->start[l];   /* the end of each list */
  size_t i = r->postings;
  for (size_t text = r->n; text-- > 0;)   /* from behind, so that lists ascend and ends become starts */
    for (uint32_t c = r->chosen[text]; c > 0; c--) r->posting[--r->start[r->hash[--i] >> shift]] = (uint32_t)text;
  spill_free(r->hash);
  r->hash = NULL;
  return 0;
}

/* Where the lists of the text's shingles begin and end, empty ones left out, into r->probe; how many.
** They lie all over memory and are asked for well before they are read. */
static size_t find_lists(Rare *r, const GramTable *t) {
  const unsigned shift = 32 - r->bits;
  size_t n = 0, lists = 0;
  for (size_t i = 0; i < (size_t)1 << t->bits; i++) {
    if (!in_use(t, i)) continue;
    uint32_t list = hash_of(t->slot[i].token) >> shift;
    __builtin_prefetch(&r->start[list]);
    r->probe[n++].hash = list;
  }
  for (size_t i = 0; i < n; i++) {
    uint32_t list = r->probe[i].hash, begin = r->start[list], end = r->start[list + 1];
    if (begin == end) continue;
    __builtin_prefetch(&r->posting[begin]);
    r->probe[lists++] = (Probe){ .begin = begin, .end = end };
  }
  return lists;
}

/* Counts the hits of every text in those lists; how many texts were found. */
static size_t count_hits(Rare *r, size_t lists) {
  Tally *tally = r->tally;
  uint32_t *found = r->found;
  size_t n = 0;
  for (size_t i = 0; i < lists; i++)
    for (uint32_t k = r->probe[i].begin; k < r->probe[i].end; k++) {
      uint32_t other = r->posting[k];
      unsigned hits = tally[other].hits;
      found[n] = other;   /* kept if it is new */
      n += hits == 0;
      tally[other].hits = (uint8_t)(hits + (hits < MOST));
    }
  return n;
}

const uint32_t *rare_scan(Rare *r, const GramTable *t, uint32_t text, size_t *n) {
  const size_t mine = t->distinct;
  size_t kept = 0;
  *n = 0;
  if (reserve_probe(r, mine) != 0) return NULL;
  size_t found = count_hits(r, find_lists(r, t));
  for (size_t i = 0; i < found; i++) {
    const uint32_t other = r->found[i];
    const unsigned hits = r->tally[other].hits;
    r->tally[other].hits = 0;
    if (hits < r->tally[other].need) continue;
    const size_t size = r->size[other];
    if (size > mine || (size == mine && other >= text)) continue;
    if (hits < MOST && hits + lacking(r->floor, mine, size) < r->chosen[other]) continue;
    r->found[kept++] = other;
  }
  *n = kept;
  return r->found;
}
