/* modules/neardup/rare.c - see rare.h
**
** Postings are laid side by side by the leading bits of their shingle's hash; shingles that
** share a list only propose more. */
#include "neardup/rare.h"

#include <assert.h>
#include <stdlib.h>

#include "core/spill.h"

enum { NEED = 6, COUNT_BITS = 18, AHEAD = 16 };

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
  uint32_t *hits;       /* [n] zero between scans */
  uint32_t *found;      /* [n] */
  uint32_t *probe;      /* [probe_cap] lists of the text that is scanned */
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
  free(r->hits);
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
  r->hits = calloc(n + 1, sizeof *r->hits);
  r->found = malloc((n + 1) * sizeof *r->found);
  if (r->count != NULL && r->size != NULL && r->chosen != NULL && r->hits != NULL && r->found != NULL) return r;
  rare_free(r);
  return NULL;
}

static inline int in_use(const GramTable *t, size_t slot) { return t->slot[slot].stamp >= t->base; }

void rare_count(Rare *r, const GramTable *t) {
  for (size_t i = 0; i < (size_t)1 << t->bits; i++)
    if (in_use(t, i)) r->count[hash_of(t->slot[i].token) >> (32 - COUNT_BITS)]++;
}

/* Of the text's distinct shingles `want` of the rarest, into r->hash. */
static void choose(Rare *r, const GramTable *t, size_t want) {
  enum { MOST = 255 };
  size_t alike[MOST + 1] = { 0 }, room = want;
  unsigned last = 0;
  const size_t slots = (size_t)1 << t->bits;
  for (size_t i = 0; i < slots; i++) {
    if (!in_use(t, i)) continue;
    unsigned c = r->count[hash_of(t->slot[i].token) >> (32 - COUNT_BITS)];
    alike[c < MOST ? c : MOST]++;
  }
  for (; alike[last] < room; last++) room -= alike[last];   /* room: how many of the last count */
  for (size_t i = 0; i < slots && want > 0; i++) {
    if (!in_use(t, i)) continue;
    uint32_t h = hash_of(t->slot[i].token);
    unsigned c = r->count[h >> (32 - COUNT_BITS)];
    if (c > MOST) c = MOST;
    if (c > last || (c == last && room == 0)) continue;
    if (c == last) room--;
    r->hash[r->postings++] = h;
    want--;
  }
}

int rare_add(Rare *r, const GramTable *t, uint32_t text) {
  size_t want = lacking(r->floor, t->distinct, t->distinct) + NEED;
  if (want > t->distinct) want = t->distinct;
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

/* The lists of the text's shingles, into r->probe; how many. Lists lie all over memory: they are
** asked for well before they are read. */
static size_t find_lists(Rare *r, const GramTable *t) {
  size_t n = 0;
  const size_t slots = (size_t)1 << t->bits;
  for (size_t i = 0; i < slots; i++) {
    if (!in_use(t, i)) continue;
    uint32_t list = hash_of(t->slot[i].token) >> (32 - r->bits);
    __builtin_prefetch(&r->start[list]);
    r->probe[n++] = list;
  }
  return n;
}

const uint32_t *rare_scan(Rare *r, const GramTable *t, uint32_t text, size_t *n) {
  *n = 0;
  if (t->distinct > r->probe_cap) {
    uint32_t *more = realloc(r->probe, t->distinct * 2 * sizeof *more);
    if (more == NULL) return NULL;
    r->probe = more;
    r->probe_cap = t->distinct * 2;
  }
  size_t lists = find_lists(r, t), touched = 0, kept = 0;
  for (size_t i = 0; i < lists; i++) {
    if (i + AHEAD < lists) __builtin_prefetch(&r->posting[r->start[r->probe[i + AHEAD]]]);
    for (uint32_t k = r->start[r->probe[i]]; k < r->start[r->probe[i] + 1]; k++) {
      uint32_t other = r->posting[k];
      if (r->hits[other]++ == 0) r->found[touched++] = other;
    }
  }
  const size_t mine = t->distinct;
  for (size_t i = 0; i < touched; i++) {
    uint32_t other = r->found[i], size = r->size[other], hits = r->hits[other];
    r->hits[other] = 0;
    if (size > mine || (size == mine && other >= text)) continue;
    if (hits + lacking(r->floor, mine, size) < r->chosen[other]) continue;
    r->found[kept++] = other;
  }
  *n = kept;
  return r->found;
}
