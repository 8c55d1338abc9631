/* modules/cosine/copies.c - cosine_copies (search.h): equal hashes of stored bytes, then the bytes themselves. */
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "cosine/pack.h"
#include "cosine/search.h"

enum { HASH_GRAIN = 1024 };

typedef struct Hashed { uint64_t hash; uint32_t place; } Hashed;

typedef struct Hashing { const Vectors *v; const uint32_t *slot; Hashed *h; size_t bytes; } Hashing;

static const char *stored(const Hashing *k, uint32_t place) {
  return (const char *)k->v->data + slot_at(k->slot, place) * k->bytes;
}

static int hash_some(void *ctx, size_t begin, size_t end, int worker) {
  const Hashing *k = ctx;
  (void)worker;
  for (size_t i = begin; i < end; i++)
    k->h[i] = (Hashed){ XXH3_64bits(stored(k, (uint32_t)i), k->bytes), (uint32_t)i };
  return 0;
}

static int by_hash(const void *a, const void *b) {
  const Hashed *x = a, *y = b;
  if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
  return x->place < y->place ? -1 : x->place > y->place;
}

/* Places of one hash, ascending: each finds the first with its bytes. Nearly always that is the first of the run;
** strangers that share a hash are looked through. */
static void settle_run(const Hashing *k, const Hashed *run, size_t n, uint32_t *like) {
  for (size_t i = 0; i < n; i++) {
    const uint32_t place = run[i].place;
    size_t j = 0;
    while (j < i && (like[run[j].place] != run[j].place ||
                     memcmp(stored(k, run[j].place), stored(k, place), k->bytes) != 0)) j++;
    like[place] = run[j].place;
  }
}

int cosine_copies(const Vectors *v, const uint32_t *slot, uint32_t n, Pool *pool, uint32_t *like) {
  Hashing k = { v, slot, malloc((n + (size_t)1) * sizeof *k.h),
                v->dim * (v->kind == VECTOR_F16 ? sizeof(uint16_t) : sizeof(float)) };
  if (k.h == NULL) return -1;
  int r = pool_for(pool, n, HASH_GRAIN, hash_some, &k);
  if (r == 0) {
    qsort(k.h, n, sizeof *k.h, by_hash);
    for (size_t i = 0, end; i < n; i = end) {
      for (end = i + 1; end < n && k.h[end].hash == k.h[i].hash;) end++;
      settle_run(&k, k.h + i, end - i, like);
    }
  }
  free(k.h);
  return r;
}
