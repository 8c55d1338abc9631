/* modules/neardup/sketch.c - see sketch.h */
#include <math.h>
#include <stdlib.h>

#include "neardup/sketch_kernel.h"

enum {
  CHUNK = 4096,      /* hashes at hand at once; a text with no more keeps them for the refill */
  ROUNDS = 3,        /* hashing again into empty registers */
  SET = 4 * CHUNK    /* open addressing for the distinct hashes of a long, repetitive text */
};

struct SketchRoom {
  const SketchKernel *kernel;
  uint32_t *table;    /* [SKETCH_TABLES][R][LANES] */
  uint32_t *set;      /* [SET], made when first needed */
  uint16_t *order;    /* places of the bands' slots, as SketchKernel.keys wants them */
  uint16_t *short_order;
  uint32_t hash[CHUNK + 8];
  uint32_t key[SKETCH_MAX_BANDS + SKETCH_LANES];
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

static unsigned groups_of(unsigned bands) { return (bands + SKETCH_LANES - 1) / SKETCH_LANES; }
static size_t order_length(unsigned bands, unsigned rows) { return (size_t)groups_of(bands) * rows * SKETCH_LANES; }

/* Deals the slots of one lane to its bands: each step takes, of the registers that the band does
** not have yet, one of those that were dealt least often, by lot. Bands of more slots than there
** are registers (then there is one a lane at most) go on in the lanes behind. */
static void deal_lane(uint16_t *order, unsigned lane, unsigned groups, unsigned rows, unsigned registers,
                      uint64_t *lot) {
  uint16_t dealt[SKETCH_MAX_HASHES / SKETCH_LANES] = { 0 };   /* often so; 0x8000 more: to this band */
  for (unsigned step = 0; step < groups * rows; step++) {
    unsigned place = step % rows, best = 0, alike = 0;
    for (unsigned r = 0; place % registers == 0 && r < registers; r++) dealt[r] &= 0x7FFF;
    for (unsigned r = 0; r < registers; r++) {
      if (alike > 0 && dealt[r] > dealt[best]) continue;
      alike = alike > 0 && dealt[r] == dealt[best] ? alike + 1 : 1;
      *lot = *lot * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
      if (alike == 1 || (*lot >> 33) % alike == 0) best = r;
    }
    dealt[best] = (uint16_t)(dealt[best] + 0x8001);
    order[step * SKETCH_LANES + lane] = (uint16_t)(SKETCH_LANES * best + (lane + place / registers) % SKETCH_LANES);
  }
}

static uint16_t *deal_slots(unsigned bands, unsigned rows, unsigned registers, uint64_t lot) {
  uint16_t *order = malloc((order_length(bands, rows) + 1) * sizeof *order);
  for (unsigned lane = 0; order != NULL && lane < SKETCH_LANES; lane++)
    deal_lane(order, lane, groups_of(bands), rows, registers, &lot);
  return order;
}

SketchRoom *sketch_room_new(const SketchPlan *plan) {
  SketchRoom *room = calloc(1, sizeof *room);
  if (room == NULL) return NULL;
  room->kernel = sketch_kernel(plan->path);
  room->table = aligned_alloc(64, (size_t)SKETCH_TABLES * plan->registers * SKETCH_LANES * 4);
  room->order = deal_slots(plan->bands, plan->rows, plan->registers, 1);
  room->short_order = deal_slots(plan->short_bands, plan->short_rows, plan->registers, 2);
  if (room->table != NULL && room->order != NULL && room->short_order != NULL) return room;
  sketch_room_free(room);
  return NULL;
}

void sketch_room_free(SketchRoom *room) {
  if (room == NULL) return;
  free(room->table);
  free(room->set);
  free(room->order);
  free(room->short_order);
  free(room);
}

/* ---- the portable kernel ---- */

#ifdef __GNUC__
/* In the compiler's own vectors, which any machine's instructions make up for. */
typedef uint32_t Half __attribute__((vector_size(16)));

static inline void lower_half(uint32_t *reg, const uint32_t *multiplier, uint32_t h) {
  Half v, old;
  memcpy(&v, multiplier, sizeof v);
  memcpy(&old, reg, sizeof old);
  v *= h;
  Half less = (Half)(v < old);
  old ^= (old ^ v) & less;
  memcpy(reg, &old, sizeof old);
}

static inline void lower(uint32_t *reg, uint32_t h) {
  lower_half(reg, sketch_multiplier, h);
  lower_half(reg + 4, sketch_multiplier + 4, h);
}
#else
static inline void lower(uint32_t *reg, uint32_t h) {
  for (unsigned lane = 0; lane < SKETCH_LANES; lane++) {
    uint32_t v = h * sketch_multiplier[lane];
    if (v < reg[lane]) reg[lane] = v;
  }
}
#endif

static void update(uint32_t *table, uint32_t registers, const uint32_t *h, size_t n) {
  for (size_t i = 0; i < n; i++) lower(table + SKETCH_LANES * sketch_choose(h[i], registers), h[i]);
}

static int is_empty(const uint32_t *reg) { return reg[0] == UINT32_MAX; }

static int any_empty(uint32_t *table, uint32_t registers) {
  int any = 0;
  for (uint32_t r = 0; r < registers; r++) any |= is_empty(table + SKETCH_LANES * r);
  return any;
}

static void band_keys(const uint32_t *table, const uint16_t *order, unsigned groups, unsigned rows,
                      uint32_t *keys) {
  for (unsigned g = 0; g < groups; g++, keys += SKETCH_LANES) {
    uint32_t key[SKETCH_LANES] = { 0 };
    for (unsigned r = 0; r < rows; r++, order += SKETCH_LANES)
      for (unsigned lane = 0; lane < SKETCH_LANES; lane++) {
        uint32_t k = (key[lane] ^ table[order[lane]]) * SKETCH_KEY_STEP;
        key[lane] = k ^ k >> 15;
      }
    for (unsigned lane = 0; lane < SKETCH_LANES; lane++) keys[lane] = sketch_rehash(key[lane], 0);
  }
}

static const SketchKernel portable = { 1, update, any_empty, band_keys };

const SketchKernel *sketch_kernel(SimdPath path) {
#ifdef SIMD_X86
  if (path == SIMD_AVX512) return &sketch_avx512;
  if (path == SIMD_AVX2) return &sketch_avx2;
#endif
#ifdef SIMD_ARM
  if (path == SIMD_NEON) return &sketch_neon;
#endif
  (void)path;
  return &portable;
}

/* ---- the sketch ---- */

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
      uint32_t again = sketch_rehash(h[i], round), r = sketch_choose(again, registers);
      if (empty[r]) lower(table + SKETCH_LANES * r, again);
    }
    if (!any_empty(table, registers)) return;
  }
  for (uint32_t r = 0; r < registers; r++) {
    if (!is_empty(table + SKETCH_LANES * r)) continue;
    for (size_t i = 0; i < n; i++) lower(table + SKETCH_LANES * r, sketch_rehash(h[i], ROUNDS + 1 + r));
  }
}

/* All minima of the text into the first table of the room. */
static void sketch(const SketchPlan *plan, SketchRoom *room, const Grams *g) {
  const uint32_t registers = plan->registers;
  const SketchKernel *k = room->kernel;
  memset(room->table, 0xFF, (size_t)k->tables * registers * SKETCH_LANES * 4);
  for (size_t from = 0; from < g->n; from += CHUNK) {
    size_t n = g->n - from < CHUNK ? g->n - from : CHUNK;
    grams_hash(plan->path, g, from, n, room->hash);
    k->update(room->table, registers, room->hash, n);
  }
  if (!k->merge(room->table, registers)) return;
  size_t n = g->n <= CHUNK ? g->n : distinct_hashes(plan, room, g);
  refill(room->table, registers, room->hash, n);
}

static void keys_of(const SketchPlan *plan, SketchRoom *room, const uint16_t *order, unsigned bands,
                    unsigned rows, uint32_t *keys) {
  const SketchKernel *k = rows <= plan->registers ? room->kernel : &portable;
  k->keys(room->table, order, groups_of(bands), rows, room->key);
  memcpy(keys, room->key, bands * sizeof *keys);
}

unsigned sketch_keys(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *keys) {
  sketch(plan, room, g);
  keys_of(plan, room, room->order, plan->bands, plan->rows, keys);
  if (plan->short_bands == 0 || g->n > plan->short_most) return plan->bands;
  keys_of(plan, room, room->short_order, plan->short_bands, plan->short_rows, keys + plan->bands);
  return plan->bands + plan->short_bands;
}

void sketch_slots(const SketchPlan *plan, SketchRoom *room, const Grams *g, uint32_t *slots) {
  sketch(plan, room, g);
  for (uint32_t lane = 0; lane < SKETCH_LANES; lane++)
    for (uint32_t reg = 0; reg < plan->registers; reg++)
      slots[lane * plan->registers + reg] = room->table[SKETCH_LANES * reg + lane];
}
