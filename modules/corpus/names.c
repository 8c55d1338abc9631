/* modules/corpus/names.c - interned values, see names.h.
**
** Entries stand in chunks that never move, each twice as long as the one before; a table of ids,
** open addressing, finds them by hash.
** Looking up takes no lock: an entry is whole before its id is published, and a table that was
** outgrown is kept until the end, so that a reader who still probes it finds true ids or none.
** Adding takes the lock and probes again. */
#include "corpus/names.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

enum { FIRST_CHUNK = 256, CHUNKS = 24, FIRST_SLOTS = 1024 };

typedef struct Table {
  struct Table *older;
  size_t mask;
  _Atomic uint32_t slot[];   /* [mask + 1] ids, 0: free */
} Table;

typedef struct Entry { Value value; uint64_t hash; } Entry;

struct Names {
  pthread_mutex_t lock;      /* guards adding */
  _Atomic(Table *) table;
  _Atomic uint32_t n;        /* ids 1 .. n are in use */
  _Atomic(Entry *) chunk[CHUNKS];
};

static Table *table_new(size_t slots, Table *older) {
  Table *t = calloc(1, sizeof *t + slots * sizeof t->slot[0]);
  if (t == NULL) return NULL;
  t->mask = slots - 1;
  t->older = older;
  return t;
}

Names *names_new(void) {
  Names *n = calloc(1, sizeof *n);
  if (n == NULL) return NULL;
  Table *t = table_new(FIRST_SLOTS, NULL);
  if (t == NULL) {
    free(n);
    return NULL;
  }
  atomic_init(&n->table, t);
  pthread_mutex_init(&n->lock, NULL);
  return n;
}

/* Which chunk an id lies in, and where. */
static unsigned chunk_of(uint32_t id, size_t *at) {
  uint64_t from = (uint64_t)id + FIRST_CHUNK;
  unsigned k = 63u - (unsigned)__builtin_clzll(from / FIRST_CHUNK);
  *at = from - ((uint64_t)FIRST_CHUNK << k);
  return k;
}

static Entry *entry_of(Names *n, uint32_t id) {
  size_t at;
  unsigned k = chunk_of(id, &at);
  return atomic_load_explicit(&n->chunk[k], memory_order_acquire) + at;
}

void names_free(Names *n) {
  if (n == NULL) return;
  uint32_t count = atomic_load(&n->n);
  for (uint32_t id = 1; id <= count; id++) free((char *)(uintptr_t)entry_of(n, id)->value.text.ptr);
  for (int k = 0; k < CHUNKS; k++) free(atomic_load(&n->chunk[k]));
  for (Table *t = atomic_load(&n->table), *older; t != NULL; t = older) {
    older = t->older;
    free(t);
  }
  pthread_mutex_destroy(&n->lock);
  free(n);
}

/* What tells two values of one type apart. */
static Span value_bits(const Value *v) {
  switch (v->type) {
    case VALUE_STRING: return v->text;
    case VALUE_DOUBLE: return span_of((const char *)&v->number, sizeof v->number);
    default: return span_of((const char *)&v->integer, sizeof v->integer);
  }
}

static uint64_t value_hash(const Value *v) {
  Span bits = value_bits(v);
  return XXH3_64bits_withSeed(bits.ptr, bits.len, (uint64_t)v->type);
}

static int value_eq(const Value *a, const Value *b) {
  return a->type == b->type && span_eq(value_bits(a), value_bits(b));
}

static uint32_t probe(Names *n, const Value *v, uint64_t hash) {
  Table *t = atomic_load_explicit(&n->table, memory_order_acquire);
  for (size_t i = hash & t->mask;; i = (i + 1) & t->mask) {
    uint32_t id = atomic_load_explicit(&t->slot[i], memory_order_acquire);
    if (id == NAME_NONE) return NAME_NONE;
    const Entry *e = entry_of(n, id);
    if (e->hash == hash && value_eq(&e->value, v)) return id;
  }
}

static void put_slot(Table *t, uint64_t hash, uint32_t id) {
  size_t i = hash & t->mask;
  while (atomic_load_explicit(&t->slot[i], memory_order_relaxed) != NAME_NONE) i = (i + 1) & t->mask;
  atomic_store_explicit(&t->slot[i], id, memory_order_release);
}

/* Keeps the table at most half full. */
static int grow(Names *n, uint32_t used) {
  Table *t = atomic_load(&n->table);
  if (used < t->mask / 2) return 0;
  Table *bigger = table_new((t->mask + 1) * 2, t);
  if (bigger == NULL) return -1;
  for (uint32_t id = 1; id <= used; id++) put_slot(bigger, entry_of(n, id)->hash, id);
  atomic_store_explicit(&n->table, bigger, memory_order_release);
  return 0;
}

/* Called with the lock held. */
static uint32_t add(Names *n, const Value *v, uint64_t hash) {
  uint32_t id = atomic_load(&n->n) + 1;
  size_t at;
  unsigned k = chunk_of(id, &at);
  if (k >= CHUNKS || grow(n, id - 1) != 0) return NAME_FAIL;
  if (atomic_load(&n->chunk[k]) == NULL) {
    Entry *chunk = calloc((size_t)FIRST_CHUNK << k, sizeof *chunk);
    if (chunk == NULL) return NAME_FAIL;
    atomic_store_explicit(&n->chunk[k], chunk, memory_order_release);
  }
  Entry *e = entry_of(n, id);
  *e = (Entry){ *v, hash };
  e->value.text = span_of(NULL, 0);
  if (v->type == VALUE_STRING) {
    char *copy = malloc(v->text.len + 1);
    if (copy == NULL) return NAME_FAIL;
    memcpy(copy, v->text.ptr, v->text.len);
    copy[v->text.len] = '\0';
    e->value.text = span_of(copy, v->text.len);
  }
  atomic_store(&n->n, id);
  put_slot(atomic_load(&n->table), hash, id);
  return id;
}

uint32_t names_intern_value(Names *n, Value v) {
  if (v.type == VALUE_NONE) return NAME_NONE;
  if (v.type == VALUE_STRING && v.text.len == 0) v.text.ptr = "";
  uint64_t hash = value_hash(&v);
  uint32_t id = probe(n, &v, hash);
  if (id != NAME_NONE) return id;
  pthread_mutex_lock(&n->lock);
  id = probe(n, &v, hash);
  if (id == NAME_NONE) id = add(n, &v, hash);
  pthread_mutex_unlock(&n->lock);
  return id;
}

uint32_t names_intern(Names *n, Span text) {
  return names_intern_value(n, (Value){ .type = VALUE_STRING, .text = text });
}

uint32_t names_find(Names *n, Span text) {
  Value v = { .type = VALUE_STRING, .text = text };
  if (text.len == 0) v.text.ptr = "";
  return probe(n, &v, value_hash(&v));
}

Value names_value(Names *n, uint32_t id) {
  if (id == NAME_NONE || id > atomic_load(&n->n)) return (Value){ 0 };
  return entry_of(n, id)->value;
}

const char *names_text(Names *n, uint32_t id) {
  Value v = names_value(n, id);
  return v.type == VALUE_STRING ? v.text.ptr : "";
}
