/* modules/neardup/join_groups.c - see join_groups.h and join.h */
#include "neardup/join_groups.h"

#include <math.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
  CHUNK_BYTES = 1 << 22,   /* whole large pages: a group touches each text in another place */
  LARGE_PAGE = 1 << 21,
  GRAIN = 32,
  AHEAD = 24,
  BUCKETS = 1 << 12
};
#define NONE UINT32_MAX

struct JoinChunk {
  JoinChunk *next;
  size_t bytes, used, cap;
  uint32_t hash[];
};

/* A table of keys with chains: those put in last come first. */
typedef struct KeyEntry { uint32_t next, key, of; } KeyEntry;   /* `of` is a text of the window */

typedef struct KeyTable {
  uint64_t *filter;    /* [1 << filter_bits] two bits a key */
  uint64_t *fresh;     /* the same, of the window's fresh texts alone */
  uint32_t *head;      /* [1 << bits] */
  unsigned filter_bits, bits;
  KeyEntry *entry;     /* [cap] */
  size_t n, cap;
} KeyTable;

typedef struct JoinRoom {
  uint32_t *at, *full;      /* [cap] where a text's hashes of the next group begin; its key */
  uint32_t *end;            /* [cap] where its mixed hashes of the present group end */
  size_t cap;
  uint32_t *mixed;          /* [mixed_cap] those of all texts, one after the other */
  size_t mixed_cap;
  KeyTable whole, less;       /* full keys; keys of centres less one shingle */
} JoinRoom;

/* ---- candidates ---- */

static inline unsigned differing(const uint64_t *x, unsigned bx, const uint64_t *y, unsigned by) {
  unsigned n = 0;
  for (unsigned b = 0; b < bx; b++)
    for (unsigned i = 0; i < GRAM_BITMAP; i++) {
      uint64_t v = x[b * GRAM_BITMAP + i];
      for (unsigned c = b; c < by; c += bx) v ^= y[c * GRAM_BITMAP + i];
      n += (unsigned)__builtin_popcountll(v);
    }
  return n;
}

#ifdef SIMD_X86
__attribute__((target("popcnt"))) static unsigned differing_popcnt(const uint64_t *x, unsigned bx,
                                                                   const uint64_t *y, unsigned by) {
  if (bx == 1 && by == 1) {
    unsigned n = 0;
    for (unsigned i = 0; i < GRAM_BITMAP; i++) n += (unsigned)__builtin_popcountll(x[i] ^ y[i]);
    return n;
  }
  return differing(x, bx, y, by);
}
#endif

/* May the texts at places a < b match? Bits that differ are at most the shingles that one alone
** has. */
static inline int allowed(const JoinWindow *w, size_t a, size_t b) {
  const JoinTexts *t = w->texts;
  unsigned differ;
#ifdef SIMD_X86
  if (simd_avx2(w->path)) differ = differing_popcnt(join_bits(t, a), 1u << t->scale[a], join_bits(t, b), 1u << t->scale[b]);
  else
#endif
    differ = differing(join_bits(t, a), 1u << t->scale[a], join_bits(t, b), 1u << t->scale[b]);
  return (1 + w->threshold) * (differ - 0.5) <= (1 - w->threshold) * ((double)t->size[a] + t->size[b]);
}

static size_t pair_slot(const uint64_t *slot, size_t slots, uint64_t pair) {
  size_t at = (size_t)(pair * UINT64_C(0x9E3779B97F4A7C15) >> 20) & (slots - 1);
  while (slot[at] != 0 && slot[at] != pair) at = (at + 1) & (slots - 1);
  return at;
}

static int add_pair(JoinWorker *k, uint64_t pair) {
  if (2 * k->npairs >= k->pair_slots) {
    size_t slots = k->pair_slots > 0 ? 4 * k->pair_slots : 4096;
    uint64_t *more = calloc(slots, sizeof *more);
    if (more == NULL) return -1;
    for (size_t i = 0; i < k->pair_slots; i++)
      if (k->pair[i] != 0) more[pair_slot(more, slots, k->pair[i])] = k->pair[i];
    free(k->pair);
    k->pair = more;
    k->pair_slots = slots;
  }
  size_t at = pair_slot(k->pair, k->pair_slots, pair);
  if (k->pair[at] == pair) return 0;
  k->pair[at] = pair;
  k->npairs++;
  return 0;
}

/* Two texts of the window that the size bound allows; a < b. */
static inline int propose(const JoinWindow *w, JoinWorker *k, size_t a, size_t b) {
  a += w->begin;
  b += w->begin;
  return allowed(w, a, b) ? add_pair(k, (uint64_t)a << 32 | b) : 0;
}

/* ---- pair by pair ---- */

static int compare_places(void *ctx, size_t begin, size_t end, int worker) {
  const JoinWindow *w = ctx;
  const uint8_t *centre = w->texts->centre;
  for (size_t b = w->fresh + begin; b < w->fresh + end; b++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    for (size_t a = w->texts->lowest[b]; a < b; a++) {
      if (centre != NULL && !centre[a] && !centre[b]) continue;
      if (propose(w, &w->worker[worker], a - w->begin, b - w->begin) != 0) return -1;
    }
  }
  return 0;
}

/* ---- the hashes of a slice ---- */

static uint64_t group_bound(const JoinWindow *w, uint32_t g) {
  return (((uint64_t)g << 32) + w->groups - 1) / w->groups;
}

static inline void insertion_sort(uint32_t *h, size_t n) {
  for (size_t i = 1; i < n; i++) {
    uint32_t v = h[i];
    size_t k = i;
    for (; k > 0 && h[k - 1] > v; k--) h[k] = h[k - 1];
    h[k] = v;
  }
}

/* Sorts h[n]; both arrays are written. Hashes spread evenly, so a bucket for each and little to
** mend; a long text may repeat itself, so it is sorted by digits. */
static void sort_hashes(uint32_t *h, uint32_t *room, size_t n, uint64_t low, uint64_t high) {
  uint32_t count[BUCKETS + 1];
  if (n <= 24) {
    insertion_sort(h, n);
    return;
  }
  if (n > 2 * BUCKETS) {
    for (unsigned shift = 0; shift < 32; shift += 8) {
      memset(count, 0, 257 * sizeof *count);
      for (size_t i = 0; i < n; i++) count[(h[i] >> shift & 255) + 1]++;
      for (unsigned b = 0; b < 256; b++) count[b + 1] += count[b];
      for (size_t i = 0; i < n; i++) room[count[h[i] >> shift & 255]++] = h[i];
      memcpy(h, room, n * sizeof *h);
    }
    return;
  }
  unsigned bits = 32, shift = 0;
  while (bits > 0 && (high - low) >> (bits - 1) == 0) bits--;
  unsigned want = 4;
  while ((size_t)1 << want < n && (1u << want) < BUCKETS / 2) want++;
  if (bits > want) shift = bits - want;
  unsigned buckets = (unsigned)((high - 1 - low) >> shift) + 1;
  memset(count, 0, (buckets + 1) * sizeof *count);
  for (size_t i = 0; i < n; i++) count[((h[i] - (uint32_t)low) >> shift) + 1]++;
  for (unsigned b = 0; b < buckets; b++) count[b + 1] += count[b];
  for (size_t i = 0; i < n; i++) room[count[(h[i] - (uint32_t)low) >> shift]++] = h[i];
  memcpy(h, room, n * sizeof *h);
  insertion_sort(h, n);
}

static size_t unique(uint32_t *h, size_t n) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++)
    if (i == 0 || h[i] != h[i - 1]) h[kept++] = h[i];
  return kept;
}

/* Pages from a border of large ones on. NULL if out of memory. */
static JoinChunk *chunk_new(size_t bytes) {
  char *at = mmap(NULL, bytes + LARGE_PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) return NULL;
  size_t before = (LARGE_PAGE - (uintptr_t)at % LARGE_PAGE) % LARGE_PAGE;
  if (before > 0) munmap(at, before);
  at += before;
  if (before < LARGE_PAGE) munmap(at + bytes, LARGE_PAGE - before);
  madvise(at, bytes, MADV_HUGEPAGE);   /* refused: only slower */
  JoinChunk *c = (JoinChunk *)(void *)at;
  *c = (JoinChunk){ .bytes = bytes, .cap = (bytes - sizeof *c) / sizeof *c->hash };
  return c;
}

/* Room for n hashes that stays where it is until the slice is done. */
static uint32_t *chunk_room(JoinWorker *k, size_t n) {
  if (k->chunk == NULL || k->chunk->cap - k->chunk->used < n) {
    size_t bytes = sizeof(JoinChunk) + n * sizeof(uint32_t);
    bytes = bytes > CHUNK_BYTES ? (bytes + LARGE_PAGE - 1) / LARGE_PAGE * LARGE_PAGE : CHUNK_BYTES;
    JoinChunk *c = chunk_new(bytes);
    if (c == NULL) return NULL;
    c->next = k->chunk;
    k->chunk = c;
  }
  uint32_t *out = k->chunk->hash + k->chunk->used;
  k->chunk->used += n;
  return out;
}

static void free_chunks(JoinWorker *k) {
  while (k->chunk != NULL) {
    JoinChunk *next = k->chunk->next;
    munmap(k->chunk, k->chunk->bytes);
    k->chunk = next;
  }
}

static int read_slice(void *ctx, size_t begin, size_t end, int worker) {
  const JoinWindow *w = ctx;
  JoinWorker *k = &w->worker[worker];
  const uint64_t low = group_bound(w, w->first), high = group_bound(w, w->last);
  for (size_t i = begin; i < end; i++) {
    if (text_read(w->src, w->texts->text[w->begin + i], worker, &k->grams, w->shingle) != 0) return -1;
    size_t n = k->grams.n, kept = 0;
    if (n > k->hash_cap) {
      free(k->hash);
      k->hash = malloc((2 * (n + n / 4) + 8) * sizeof *k->hash);
      k->hash_cap = k->hash != NULL ? n + n / 4 : 0;
      if (k->hash == NULL) return -1;
    }
    uint32_t *hash = k->hash, *room = k->hash + k->hash_cap + 8;
    grams_hash(w->path, &k->grams, 0, n, hash);
    const uint32_t width = (uint32_t)(high - low);
    if (low > 0 || high >> 32 == 0)
      for (size_t h = 0; h < n; h++) {
        uint32_t v = hash[h];
        hash[kept] = v;
        kept += v - (uint32_t)low < width;
      }
    else kept = n;
    sort_hashes(hash, room, kept, low, high);
    kept = unique(hash, kept);
    w->token[i] = chunk_room(k, kept);
    if (w->token[i] == NULL) return -1;
    memcpy(w->token[i], hash, kept * sizeof *hash);
    w->tokens[i] = (uint32_t)kept;
  }
  return 0;
}

/* ---- a group ---- */

static inline uint32_t mixed(uint32_t h) { return h * (2 * h + 1) * 0x9E3779B1u; }

static inline uint64_t filter_mask(uint32_t key) {
  return UINT64_C(1) << (key & 63) | UINT64_C(1) << (key >> 6 & 63);
}

static inline size_t table_slot(uint32_t key, unsigned bits) {
  return (size_t)(key * UINT64_C(0x9E3779B97F4A7C15) >> (64 - bits));
}

static inline int may_hold(const KeyTable *t, const uint64_t *filter, uint32_t key) {
  uint64_t mask = filter_mask(key);
  return (filter[table_slot(key, t->filter_bits)] & mask) == mask;
}

static int table_room(KeyTable *t, size_t n) {
  if (n <= t->cap) return 0;
  size_t cap = n + n / 4, slots = 16;
  while (slots < cap) slots *= 2;
  free(t->filter);
  free(t->head);
  free(t->fresh);
  free(t->entry);
  t->filter = malloc(slots * sizeof *t->filter);
  t->head = malloc(2 * slots * sizeof *t->head);
  t->fresh = malloc(slots * sizeof *t->fresh);
  t->entry = malloc(cap * sizeof *t->entry);
  t->cap = t->filter != NULL && t->head != NULL && t->fresh != NULL && t->entry != NULL ? cap : 0;
  return t->cap > 0 ? 0 : -1;
}

static void table_free(KeyTable *t) {
  void *owned[] = { t->filter, t->fresh, t->head, t->entry };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
}

/* Empties it for n keys. 0, or -1 if out of memory. */
static int table_begin(KeyTable *t, size_t n) {
  if (table_room(t, n > 0 ? n : 1) != 0) return -1;
  t->bits = 4;
  while (((size_t)1 << t->bits) < n) t->bits++;
  t->filter_bits = t->bits > 5 ? t->bits - 2 : 3;   /* 8 to 16 bits a key */
  t->n = 0;
  memset(t->filter, 0, ((size_t)1 << t->filter_bits) * sizeof *t->filter);
  memset(t->fresh, 0, ((size_t)1 << t->filter_bits) * sizeof *t->fresh);
  memset(t->head, 0xFF, ((size_t)1 << t->bits) * sizeof *t->head);
  return 0;
}

static inline void table_put(KeyTable *t, uint32_t key, uint32_t of, int fresh) {
  size_t at = table_slot(key, t->bits), word = table_slot(key, t->filter_bits);
  t->filter[word] |= filter_mask(key);
  if (fresh) t->fresh[word] |= filter_mask(key);
  t->entry[t->n] = (KeyEntry){ t->head[at], key, of };
  t->head[at] = (uint32_t)t->n++;
}

/* Texts of the table under that key, from the largest, that d may match and has not been seen with. */
static int meet(const JoinWindow *w, JoinWorker *k, const KeyTable *t, uint32_t key, uint32_t d) {
  const uint32_t *lowest = w->texts->lowest + w->begin;
  const uint32_t fresh = (uint32_t)(w->fresh - w->begin);
  const uint32_t low = lowest[d] > w->begin ? lowest[d] - (uint32_t)w->begin : 0;
  for (uint32_t at = t->head[table_slot(key, t->bits)]; at != NONE; at = t->entry[at].next) {
    const KeyEntry *e = &t->entry[at];
    uint32_t o = e->of;
    if (o < low || (d < fresh && o < fresh)) return 0;   /* so are all behind it */
    if (e->key != key || o == d || (o > d && lowest[o] > d + w->begin)) continue;
    if (propose(w, k, o < d ? o : d, o < d ? d : o) != 0) return -1;
  }
  return 0;
}

/* Makes room for the hashes of one more text: most have a few. */
static int mixed_room(JoinRoom *r, size_t used, size_t more) {
  if (used + more <= r->mixed_cap) return 0;
  size_t cap = (used + more) * 2;
  uint32_t *p = realloc(r->mixed, cap * sizeof *p);
  if (p == NULL) return -1;
  r->mixed = p;
  r->mixed_cap = cap;
  return 0;
}

/* Key and hashes of the group for all texts; full keys of the centres go into the table, those
** that are there already meet. */
static int fill_group(const JoinWindow *w, JoinWorker *k, uint64_t bound) {
  JoinRoom *r = k->room;
  const size_t n = w->end - w->begin, fresh = w->fresh - w->begin;
  const uint8_t *centre = w->texts->centre;
  size_t used = 0;
  if (table_begin(&r->whole, n) != 0) return -1;
  for (size_t d = 0; d < n; d++) {
    const uint32_t *token = w->token[d];
    uint32_t i = r->at[d], tokens = w->tokens[d], full = 0;
    if (d + AHEAD < n) {   /* a few hashes, most often on two lines */
      const uint32_t *soon = w->token[d + AHEAD] + r->at[d + AHEAD];
      __builtin_prefetch(soon);
      __builtin_prefetch(soon + 12);
    }
    if (mixed_room(r, used, tokens - i) != 0) return -1;
    for (; i < tokens && token[i] < bound; i++) full += r->mixed[used++] = mixed(token[i]);
    r->at[d] = i;
    r->end[d] = (uint32_t)used;
    r->full[d] = full;
    if (centre != NULL && !centre[w->begin + d]) continue;
    if (d >= fresh && may_hold(&r->whole, r->whole.filter, full) &&
        meet(w, k, &r->whole, full, (uint32_t)d) != 0)
      return -1;
    table_put(&r->whole, full, (uint32_t)d, d >= fresh);
  }
  return 0;
}

/* Keys of the centres less one shingle, for texts that are none. */
static int fill_less(const JoinWindow *w, JoinRoom *r) {
  const uint8_t *centre = w->texts->centre + w->begin;
  const size_t n = w->end - w->begin, fresh = w->fresh - w->begin;
  size_t hashes = 0;
  for (size_t d = 0; d < n; d++) hashes += centre[d] ? r->end[d] - (d > 0 ? r->end[d - 1] : 0) : 0;
  if (table_begin(&r->less, hashes) != 0) return -1;
  for (size_t d = 0; d < n; d++)
    for (uint32_t i = d > 0 ? r->end[d - 1] : 0; centre[d] && i < r->end[d]; i++)
      table_put(&r->less, r->full[d] - r->mixed[i], (uint32_t)d, d >= fresh);
  return 0;
}

static int join_group(const JoinWindow *w, JoinWorker *k, uint64_t bound) {
  JoinRoom *r = k->room;
  const uint8_t *centre = w->texts->centre;
  const size_t n = w->end - w->begin, fresh = w->fresh - w->begin;
  if (fill_group(w, k, bound) != 0 || (centre != NULL && fill_less(w, r) != 0)) return -1;
  for (size_t d = 0, i = 0; d < n; d++) {
    const uint32_t full = r->full[d];
    const uint64_t *whole = d >= fresh ? r->whole.filter : r->whole.fresh;
    for (const size_t end = r->end[d]; i < end; i++) {
      uint32_t key = full - r->mixed[i];
      if (may_hold(&r->whole, whole, key) && meet(w, k, &r->whole, key, (uint32_t)d) != 0) return -1;
    }
    if (centre == NULL || centre[w->begin + d]) continue;
    if (may_hold(&r->whole, whole, full) && meet(w, k, &r->whole, full, (uint32_t)d) != 0) return -1;
    if (may_hold(&r->less, r->less.filter, full) && meet(w, k, &r->less, full, (uint32_t)d) != 0) return -1;
  }
  return 0;
}

static int group_room(JoinWorker *k, size_t n) {
  if (k->room == NULL) k->room = calloc(1, sizeof *k->room);
  JoinRoom *r = k->room;
  if (r == NULL) return -1;
  if (n <= r->cap) return 0;
  free(r->at);
  free(r->end);
  free(r->full);
  r->at = malloc(n * sizeof *r->at);
  r->end = malloc(n * sizeof *r->end);
  r->full = malloc(n * sizeof *r->full);
  r->cap = r->at != NULL && r->end != NULL && r->full != NULL ? n : 0;
  return r->cap > 0 ? 0 : -1;
}

static int join_some_groups(void *ctx, size_t begin, size_t end, int worker) {
  const JoinWindow *w = ctx;
  JoinWorker *k = &w->worker[worker];
  const size_t n = w->end - w->begin;
  if (group_room(k, n) != 0) return -1;
  const uint64_t from = group_bound(w, w->first + (uint32_t)begin);
  for (size_t d = 0; d < n; d++) {
    uint32_t low = 0, high = begin > 0 ? w->tokens[d] : 0;
    while (low < high) {
      uint32_t mid = low + (high - low) / 2;
      if (w->token[d][mid] < from) low = mid + 1;
      else high = mid;
    }
    k->room->at[d] = low;
  }
  for (size_t g = begin; g < end; g++) {
    if (interrupt_pending()) return POOL_INTERRUPTED;
    int r = join_group(w, k, group_bound(w, w->first + (uint32_t)g + 1));
    if (r != 0) return r;
  }
  return 0;
}

/* ---- a window ---- */

/* Reads the window's texts as often as its hashes are too many for the room. */
static int join_slices(JoinWindow *w, double hashes) {
  const size_t n = w->end - w->begin;
  if (n > w->cap) {
    free(w->token);
    free(w->tokens);
    w->token = malloc(n * sizeof *w->token);
    w->tokens = malloc(n * sizeof *w->tokens);
    w->cap = w->token != NULL && w->tokens != NULL ? n : 0;
    if (w->cap == 0) return -1;
  }
  double slices = ceil(hashes * sizeof(uint32_t) / (double)w->room);
  uint32_t step = slices >= w->groups ? 1 : (uint32_t)ceil(w->groups / slices);
  int r = 0;
  for (w->first = 0; r == 0 && w->first < w->groups; w->first = w->last) {
    w->last = w->groups - w->first > step ? w->first + step : w->groups;
    r = pool_for(w->pool, n, GRAIN, read_slice, w);
    size_t groups = w->last - w->first, grain = w->threads > 1 ? groups / (4 * (size_t)w->threads) : groups;
    if (r == 0) r = pool_for(w->pool, groups, grain > 0 ? grain : 1, join_some_groups, w);
    for (int t = 0; t < w->threads; t++) free_chunks(&w->worker[t]);
    w->passes++;
  }
  return r;
}

int join_window(JoinWindow *w, size_t begin, size_t fresh, size_t end) {
  const JoinTexts *t = w->texts;
  w->begin = begin;
  w->fresh = fresh;
  w->end = end;
  w->passes = 0;
  double pairs = 0, hashes = 0, most = t->size[end - 1];
  for (size_t i = fresh; i < end; i++) pairs += (double)(i - t->lowest[i]);
  for (size_t i = begin; i < end; i++) hashes += t->size[i];
  double differences = floor((1 - w->threshold) / (1 + w->threshold) * 2 * most + 1e-6);
  w->groups = (uint32_t)(differences / 2) + 1;
  /* Strangers meet in a group by chance as a Poisson variable of that mean stays below 2. */
  double mean = 2 * hashes / (double)(end - begin) / w->groups;
  double chance = w->groups * exp(-mean) * (1 + mean);
  int pairwise = 2 * pairs <= hashes + 2 * pairs * chance;
  if (w->way != JOIN_CHEAPER) pairwise = w->way == JOIN_PAIRWISE;
  if (pairwise) return pool_for(w->pool, end - fresh, GRAIN, compare_places, w);
  return join_slices(w, hashes);
}

int join_begin(JoinWindow *w) {
  w->worker = calloc((size_t)w->threads, sizeof *w->worker);
  return w->worker != NULL ? 0 : -1;
}

void join_forget(JoinWindow *w) {
  for (int t = 0; t < w->threads; t++) {
    free(w->worker[t].pair);
    w->worker[t].pair = NULL;
    w->worker[t].pair_slots = w->worker[t].npairs = 0;
  }
}

void join_end(JoinWindow *w) {
  if (w->worker == NULL) return;
  join_forget(w);
  for (int t = 0; t < w->threads; t++) {
    JoinWorker *k = &w->worker[t];
    free_chunks(k);
    grams_free(&k->grams);
    free(k->hash);
    if (k->room != NULL) {
      free(k->room->at);
      free(k->room->end);
      free(k->room->mixed);
      free(k->room->full);
      table_free(&k->room->whole);
      table_free(&k->room->less);
      free(k->room);
    }
  }
  free(w->worker);
  free(w->token);
  free(w->tokens);
}
