/* modules/neardup/memory.h - what near_dedup keeps of its first pass, so that rows which come back
** (corpus/revive.h) are held against those that stand without reading all texts again: the keys of
** every row's bands, and what was left out of the comparison. */
#ifndef TAMIS_NEARDUP_MEMORY_H
#define TAMIS_NEARDUP_MEMORY_H

#include "core/pool.h"
#include "neardup/mask.h"

typedef struct NeardupMemory {
  Template shared;
  Mask *mask;         /* owned; NULL: no shingle is masked */
  unsigned bands;
  size_t stride;      /* lsh.h */
  size_t n;
  uint32_t *row;      /* [n] rows that were judged, ascending */
  uint32_t *keys;     /* [n][stride], by spill_alloc */
} NeardupMemory;

/* Standing rows that a stage visits again, ascending: a barred one is rejected for a twin or by nobody
** (a later rule rejects it), and is nobody's twin. All other standing rows count as kept. */
typedef struct NeardupAgain {
  const uint32_t *row;
  const uint8_t *barred;
  size_t n;
} NeardupAgain;

NeardupMemory *neardup_memory_new(void);         /* empty; NULL if out of memory */
void neardup_memory_free(NeardupMemory *m);      /* NULL is left alone */
/* Takes over malloc'ed row[n] and spilled keys of n rows that the memory lacks. 0; -1 if out of
** memory, with both freed. */
int neardup_memory_add(NeardupMemory *m, uint32_t *row, uint32_t *keys, size_t n);
/* Those of rows[0..n), ascending, that the memory lacks: into out [n]; how many. */
size_t neardup_memory_lacks(const NeardupMemory *m, const uint32_t *rows, size_t n, uint32_t *out);

/* Standing rows of v that share a key with one of rows[0..n), and these themselves, which the memory
** must have: ascending into out [m->n]; *found how many. 0, -1 if out of memory, POOL_INTERRUPTED. */
int neardup_memory_near(const NeardupMemory *m, const View *v, const uint32_t *rows, size_t n, Pool *pool,
                        uint32_t *out, size_t *found);

#endif
