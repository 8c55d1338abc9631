/* modules/neardup/memory.c - see memory.h */
#include "neardup/memory.h"

#include <stdlib.h>
#include <string.h>

#include "core/spill.h"

enum { SCAN_GRAIN = 4096, BITS_A_KEY = 16 };
#define FREE_SLOT UINT64_MAX

NeardupMemory *neardup_memory_new(void) { return calloc(1, sizeof(NeardupMemory)); }

void neardup_memory_free(NeardupMemory *m) {
  if (m == NULL) return;
  template_free(&m->shared);
  mask_free(m->mask);
  free(m->row);
  spill_free(m->keys);
  free(m);
}

/* Both, merged by row. */
static int merge(NeardupMemory *m, const uint32_t *row, const uint32_t *keys, size_t n) {
  size_t all = m->n + n, bytes = m->stride * sizeof *keys;
  uint32_t *rows = malloc((all + 1) * sizeof *rows), *both = spill_alloc((all + 1) * bytes);
  if (rows == NULL || both == NULL) {
    free(rows);
    spill_free(both);
    return -1;
  }
  for (size_t at = 0, i = 0, k = 0; at < all; at++) {
    int old = k == n || (i < m->n && m->row[i] < row[k]);
    rows[at] = old ? m->row[i] : row[k];
    memcpy(both + at * m->stride, old ? m->keys + i * m->stride : keys + k * m->stride, bytes);
    if (old) i++;
    else k++;
  }
  free(m->row);
  spill_free(m->keys);
  m->row = rows;
  m->keys = both;
  m->n = all;
  return 0;
}

int neardup_memory_add(NeardupMemory *m, uint32_t *row, uint32_t *keys, size_t n) {
  if (m->n == 0) {
    free(m->row);
    spill_free(m->keys);
    m->row = row;
    m->keys = keys;
    m->n = n;
    return 0;
  }
  int r = merge(m, row, keys, n);
  free(row);
  spill_free(keys);
  return r;
}

size_t neardup_memory_lacks(const NeardupMemory *m, const uint32_t *rows, size_t n, uint32_t *out) {
  size_t lacking = 0;
  for (size_t i = 0, k = 0; i < n; i++) {
    while (k < m->n && m->row[k] < rows[i]) k++;
    if (k == m->n || m->row[k] != rows[i]) out[lacking++] = rows[i];
  }
  return lacking;
}

/* ---- which rows share a key ---- */

/* A set of (band, key): a bitmap turns most strangers away, a table by open addressing decides. */
typedef struct KeySet {
  uint64_t *slot, *bitmap;
  size_t mask, bits;      /* both one less than a power of two */
} KeySet;

static uint64_t word_of(unsigned band, uint32_t key) { return (uint64_t)band << 32 | key; }

static uint64_t mix(uint64_t word) {
  word *= UINT64_C(0x9E3779B97F4A7C15);
  return word ^ word >> 29;
}

static int set_make(KeySet *s, size_t keys) {
  size_t slots = 64;
  while (slots < 2 * keys) slots *= 2;
  s->mask = slots - 1;
  s->bits = slots * BITS_A_KEY / 2 - 1;
  s->slot = malloc(slots * sizeof *s->slot);
  s->bitmap = calloc((s->bits + 1) / 64, sizeof *s->bitmap);
  if (s->slot == NULL || s->bitmap == NULL) return -1;
  memset(s->slot, 0xFF, slots * sizeof *s->slot);
  return 0;
}

static void set_put(KeySet *s, uint64_t word) {
  uint64_t h = mix(word);
  size_t at = (size_t)(h >> 20) & s->mask;
  while (s->slot[at] != FREE_SLOT && s->slot[at] != word) at = (at + 1) & s->mask;
  s->slot[at] = word;
  s->bitmap[(h & s->bits) / 64] |= UINT64_C(1) << (h % 64);
}

static int set_has(const KeySet *s, uint64_t word) {
  uint64_t h = mix(word);
  if (!(s->bitmap[(h & s->bits) / 64] >> (h % 64) & 1)) return 0;
  size_t at = (size_t)(h >> 20) & s->mask;
  while (s->slot[at] != FREE_SLOT && s->slot[at] != word) at = (at + 1) & s->mask;
  return s->slot[at] == word;
}

typedef struct Near {
  const NeardupMemory *m;
  const View *view;
  KeySet set;
  uint8_t *mark;      /* [m->n] 1: asked for, or near one that is */
} Near;

static int mark_near(void *ctx, size_t begin, size_t end, int worker) {
  Near *near = ctx;
  (void)worker;
  for (size_t i = begin; i < end; i++) {
    if (near->mark[i] || view_status(near->view, near->m->row[i]) != STATUS_STANDING) continue;
    const uint32_t *keys = near->m->keys + i * near->m->stride;
    for (unsigned b = 0; b < near->m->bands && !near->mark[i]; b++)
      near->mark[i] = (uint8_t)set_has(&near->set, word_of(b, keys[b]));
  }
  return 0;
}

int neardup_memory_near(const NeardupMemory *m, const View *v, const uint32_t *rows, size_t n, Pool *pool,
                        uint32_t *out, size_t *found) {
  Near near = { .m = m, .view = v, .mark = calloc(m->n + 1, 1) };
  int r = near.mark == NULL ? -1 : set_make(&near.set, n * m->bands);
  for (size_t i = 0, k = 0; r == 0 && i < n; i++) {
    while (m->row[k] != rows[i]) k++;
    near.mark[k] = 1;
    for (unsigned b = 0; b < m->bands; b++) set_put(&near.set, word_of(b, m->keys[k * m->stride + b]));
  }
  if (r == 0) r = pool_for(pool, m->n, SCAN_GRAIN, mark_near, &near);
  *found = 0;
  for (size_t i = 0; r == 0 && i < m->n; i++)
    if (near.mark[i]) out[(*found)++] = m->row[i];
  free(near.mark);
  free(near.set.slot);
  free(near.set.bitmap);
  return r;
}
