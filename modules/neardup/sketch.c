/* modules/neardup/sketch.c - see sketch.h */
#include "neardup/sketch.h"

#include <math.h>
#include <stdlib.h>

enum {
  CHUNK = 4096,      /* hashes at hand at once; a text with no more keeps them for the refill */
  TABLES = 4,        /* interleaved, so that neighbours do not wait for each other's stores */
  ROUNDS = 3,        /* hashing again into empty registers */
  SET = 4 * CHUNK    /* open addressing for the distinct hashes of a long, repetitive text */
};

/* Odd multipliers, from the digits of pi. */
static const uint32_t multiplier[SKETCH_LANES] = { 0x243F6A89u, 0x85A308D3u, 0x13198A2Fu, 0x03707345u,
                                                   0xA4093823u, 0x299F31D1u, 0x082EFA99u, 0xEC4E6C89u };

struct SketchRoom {
  uint32_t *table;   /* [TABLES][R][LANES], aligned to 32 */
  uint32_t *set;     /* [SET], made when first needed */
  uint16_t *order;   /* [bands * rows + short_bands * short_rows] places in the table, band by band */
  uint32_t hash[CHUNK + 8];
};

SketchPlan sketch_plan(unsigned hashes, unsigned bands, unsigned rows, SimdPath path) {
  return (SketchPlan){ .registers = (hashes + SKETCH_LANES - 1) / SKETCH_LANES, .bands = bands,
                       .rows = rows, .path = path };
}

double sketch_curve(unsigned bands, unsigned rows, double jaccard) {
  return 1 - pow(1 - pow(jaccard, rows), bands);
}

void sketch_solve(unsigned hashes, double threshold, double recall, unsigned *bands,
                  unsigned *rows) {
  for (unsigned r = hashes; r >= 1; r--) {
    unsigned b = hashes / r > SKETCH_MAX_BANDS ? SKETCH_MAX_BANDS : hashes / r;
    *rows = r;
    *bands = b;
    if (sketch_curve(b, r, threshold) >= recall) {
      while (*bands > 1 && sketch_curve(*bands - 1, r, threshold) >= recall) --*bands;
      return;
    }
  }
}

/* Places of the bands' slots: lane after lane, the registers of each in an order of its own. */
static void deal_slots(uint16_t *order, size_t n, unsigned registers) {
  uint16_t reg[SKETCH_MAX_HASHES / SKETCH_LANES];
  uint64_t state = 0;
  for (size_t i = 0; i < n; i++) {
    unsigned lane = (unsigned)(i / registers % SKETCH_LANES), at = (unsigned)(i % registers);
    for (unsigned r = 0; at == 0 && r < registers; r++) reg[r] = (uint16_t)r;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    unsigned pick = at + (unsigned)((state >> 33) % (registers - at));
    uint16_t r = reg[pick];
    reg[pick] = reg[at];
    reg[at] = r;
    order[i] = (uint16_t)(SKETCH_LANES * r + lane);
  }
}

SketchRoom *sketch_room_new(const SketchPlan *plan) {
  const size_t slots = (size_t)plan->bands * plan->rows;
  const size_t more = (size_t)plan->short_bands * plan->short_rows;
  SketchRoom *room = calloc(1, sizeof *room);
  if (room == NULL) return NULL;
  room->table = aligned_alloc(64, (size_t)TABLES * plan->registers * SKETCH_LANES * 4);
  room->order = malloc((slots + more) * sizeof *room->order);
  if (room->table != NULL && room->order != NULL) {
    deal_slots(room->order, slots + more, plan->registers);
    return room;
  }
  sketch_room_free(room);
  return NULL;
}

void sketch_room_free(SketchRoom *room) {
  if (room == NULL) return;
  free(room->table);
  free(room->set);
  free(room->order);
  free(room);
}

static inline uint32_t choose(uint32_t h, uint32_t registers) {
  return (uint32_t)((uint64_t)h * registers >> 32);
}

static inline void lower(uint32_t *reg, uint32_t h) {
  for (unsigned lane = 0; lane < SKETCH_LANES; lane++) {
    uint32_t v = h * multiplier[lane];
    if (v < reg[lane]) reg[lane] = v;
  }
}

static void update_portable(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n) {
  for (size_t i = 0; i < n; i++) lower(table + SKETCH_LANES * choose(h[i], registers), h[i]);
}

#ifdef SIMD_X86
#include <immintrin.h>

__attribute__((target("avx2"))) static inline void lower_avx2(uint32_t *table, uint32_t registers,
                                                              __m256i mult, const uint32_t *h) {
  __m256i *reg = (__m256i *)(table + SKETCH_LANES * choose(*h, registers));
  __m256i v = _mm256_mullo_epi32(_mm256_set1_epi32((int)*h), mult);
  _mm256_store_si256(reg, _mm256_min_epu32(_mm256_load_si256(reg), v));
}

__attribute__((target("avx2"))) static void update_avx2(uint32_t *table, uint32_t registers,
                                                        const uint32_t *h, size_t n) {
  const __m256i mult = _mm256_loadu_si256((const __m256i *)multiplier);
  const size_t size = (size_t)registers * SKETCH_LANES;
  size_t i = 0;
  for (; i + TABLES <= n; i += TABLES) {
    lower_avx2(table, registers, mult, h + i);
    lower_avx2(table + size, registers, mult, h + i + 1);
    lower_avx2(table + 2 * size, registers, mult, h + i + 2);
    lower_avx2(table + 3 * size, registers, mult, h + i + 3);
  }
  for (; i < n; i++) lower_avx2(table, registers, mult, h + i);
}

/* The first table holds the minima of all afterwards. */
__attribute__((target("avx2"))) static void merge_avx2(uint32_t *table, uint32_t registers) {
  __m256i *t = (__m256i *)table;
  for (uint32_t r = 0; r < registers; r++) {
    __m256i a = _mm256_min_epu32(t[r], t[registers + r]);
    __m256i b = _mm256_min_epu32(t[2 * registers + r], t[3 * registers + r]);
    _mm256_store_si256(&t[r], _mm256_min_epu32(a, b));
  }
}
#endif

static inline uint32_t rehash(uint32_t h, uint32_t round) {
  h += round * 0x9E3779B9u;
  h ^= h >> 16;
  h *= 0x21F0AAADu;
  h ^= h >> 15;
  h *= 0x735A2D97u;
  return h ^ h >> 15;
}

static int is_empty(const uint32_t *reg) { return reg[0] == UINT32_MAX; }

static unsigned count_empty(const uint32_t *table, uint32_t registers) {
  unsigned n = 0;
  for (uint32_t r = 0; r < registers; r++) n += is_empty(table + SKETCH_LANES * r);
  return n;
}

/* Distinct hashes of a text too long for room->hash, into it: such a text leaves a register
** empty only if it has few of them, so those past CHUNK (which never are) do not matter. */
static size_t distinct_hashes(const SketchPlan *plan, SketchRoom *room, const Grams *g) {
  uint32_t block[256 + 8], found = 0;
  if (room->set == NULL) room->set = malloc(SET * sizeof *room->set);
  if (room->set == NULL) return 0;
  memset(room->set, 0, SET * sizeof *room->set);
  for (size_t from = 0; from < g->n && found < CHUNK; from += 256) {
    size_t n = g->n - from < 256 ? g->n - from : 256;
    grams_hash(plan->path, g, from, n, block);
    for (size_t i = 0; i < n && found < CHUNK; i++) {
      uint32_t h = block[i] != 0 ? block[i] : 1, at = h % SET;   /* 0 means free */
      while (room->set[at] != 0 && room->set[at] != h) at = (at + 1) % SET;
      if (room->set[at] == h) continue;
      room->set[at] = h;
      room->hash[found++] = h;
    }
  }
  return found;
}

static void refill(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n) {
  unsigned char empty[SKETCH_MAX_HASHES / SKETCH_LANES] = { 0 };
  for (uint32_t round = 1; round <= ROUNDS; round++) {
    for (uint32_t r = 0; r < registers; r++)
      empty[r] = (unsigned char)is_empty(table + SKETCH_LANES * r);
    for (size_t i = 0; i < n; i++) {
      uint32_t again = rehash(h[i], round), r = choose(again, registers);
      if (empty[r]) lower(table + SKETCH_LANES * r, again);
    }
    if (count_empty(table, registers) == 0) return;
  }
  for (uint32_t r = 0; r < registers; r++) {
    if (!is_empty(table + SKETCH_LANES * r)) continue;
    for (size_t i = 0; i < n; i++) lower(table + SKETCH_LANES * r, rehash(h[i], ROUNDS + 1 + r));
  }
}

/* All minima of the text into the first table of the room. */
static void sketch(const SketchPlan *plan, SketchRoom *room, const Grams *g) {
  const uint32_t registers = plan->registers;
  unsigned tables = plan->path == SIMD_AVX2 && g->n >= 2 * TABLES ? TABLES : 1;
  memset(room->table, 0xFF, (size_t)tables * registers * SKETCH_LANES * 4);
  for (size_t from = 0; from < g->n; from += CHUNK) {
    size_t n = g->n - from < CHUNK ? g->n - from : CHUNK;
    grams_hash(plan->path, g, from, n, room->hash);
#ifdef SIMD_X86
    if (tables > 1) {
      update_avx2(room->table, registers, room->hash, n);
      continue;
    }
#endif
    update_portable(room->table, registers, room->hash, n);
  }
#ifdef SIMD_X86
  if (tables > 1) merge_avx2(room->table, registers);
#endif
  if (count_empty(room->table, registers) == 0) return;
  size_t n = g->n <= CHUNK ? g->n : distinct_hashes(plan, room, g);
  refill(room->table, registers, room->hash, n);
}

static inline uint32_t key_step(uint32_t key, uint32_t slot) {
  key = (key ^ slot) * 0x9E3779B1u;
  return key ^ key >> 15;
}

static void band_keys(const uint32_t *table, const uint16_t *order, unsigned bands, unsigned rows,
                      uint32_t *keys) {
  for (unsigned b = 0; b < bands; b++) {
    uint32_t key = 0;
    for (unsigned r = 0; r < rows; r++) key = key_step(key, table[*order++]);
    keys[b] = rehash(key, 0);
  }
}

unsigned sketch_keys(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *keys) {
  sketch(plan, room, g);
  band_keys(room->table, room->order, plan->bands, plan->rows, keys);
  if (plan->short_bands == 0 || g->n > plan->short_most) return plan->bands;
  band_keys(room->table, room->order + (size_t)plan->bands * plan->rows, plan->short_bands,
            plan->short_rows, keys + plan->bands);
  return plan->bands + plan->short_bands;
}

void sketch_slots(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *slots) {
  sketch(plan, room, g);
  for (uint32_t lane = 0; lane < SKETCH_LANES; lane++)
    for (uint32_t reg = 0; reg < plan->registers; reg++)
      slots[lane * plan->registers + reg] = room->table[SKETCH_LANES * reg + lane];
}
