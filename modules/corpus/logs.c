/* modules/corpus/logs.c - see logs.h */
#include "corpus/logs.h"

#include <stdlib.h>

typedef struct ArenaBlock {
  struct ArenaBlock *next;
  size_t used, cap;
  _Alignas(16) char bytes[];
} ArenaBlock;

enum { ARENA_BLOCK = 1024, ARENA_ALIGN = 16 };

/* ---- arena ---- */

char *arena_room(Arena *a, size_t len) {
  ArenaBlock *b = a->first;
  size_t need = (len + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
  if (need < len) return NULL;
  if (b == NULL || b->cap - b->used < need) {
    size_t cap = b == NULL ? ARENA_BLOCK : b->cap * 2;
    if (cap > ((size_t)1 << 20)) cap = (size_t)1 << 20;
    if (cap < need) cap = need;
    b = malloc(sizeof *b + cap);
    if (b == NULL) return NULL;
    *b = (ArenaBlock){ .next = a->first, .cap = cap };
    a->first = b;
  }
  char *p = b->bytes + b->used;
  b->used += need;
  return p;
}

Span arena_copy(Arena *a, Span text) {
  char *p = arena_room(a, text.len > 0 ? text.len : 1);
  if (p == NULL) return (Span){ 0 };
  if (text.len > 0) memcpy(p, text.ptr, text.len);
  return span_of(p, text.len);
}

void arena_clear(Arena *a) {
  ArenaBlock *best = a->first;
  if (best == NULL) return;
  if (best->next == NULL) {
    best->used = 0;
    return;
  }
  for (ArenaBlock *b = best->next; b != NULL; b = b->next)
    if (b->cap > best->cap) best = b;
  for (ArenaBlock *b = a->first, *next; b != NULL; b = next) {
    next = b->next;
    if (b != best) free(b);
  }
  best->next = NULL;
  best->used = 0;
  a->first = best;
}

void arena_free(Arena *a) {
  for (ArenaBlock *b = a->first, *next; b != NULL; b = next) {
    next = b->next;
    free(b);
  }
  a->first = NULL;
}

/* ---- logs: fixed chunks of records that never move ---- */

typedef struct Chunk {
  void *base;         /* [LOG_CHUNK] records */
  int tail;           /* lies behind the chunk before it, in the same allocation */
} Chunk;

typedef struct Chunks {
  Chunk *chunk;       /* [nchunks], owned */
  size_t nchunks, cap;
  size_t used;        /* records in the last chunk, gaps included */
} Chunks;

struct VerdictLog {
  Chunks chunks;      /* of Verdict */
  Arena arena;        /* blobs of verdicts and texts of edits */
  char **stage;       /* [nstages] owned names; "load" is the first */
  size_t nstages;
};

struct EditLog {
  Chunks chunks;      /* of Edit */
};

static void chunks_free(Chunks *k) {
  for (size_t i = 0; i < k->nchunks; i++)
    if (!k->chunk[i].tail) free(k->chunk[i].base);
  free(k->chunk);
}

/* New chunks, side by side in memory, for n records. 0, or -1 if out of memory or of places. */
static int chunks_add(Chunks *k, size_t size, size_t n) {
  size_t more = (n + LOG_CHUNK - 1) / LOG_CHUNK;
  if (more > PLACE_NONE / LOG_CHUNK - k->nchunks) return -1;
  if (k->nchunks + more > k->cap) {
    size_t cap = k->cap * 2 > k->nchunks + more ? k->cap * 2 : k->nchunks + more + 16;
    Chunk *p = realloc(k->chunk, cap * sizeof *p);
    if (p == NULL) return -1;
    k->chunk = p;
    k->cap = cap;
  }
  char *base = malloc(size * LOG_CHUNK * more);
  if (base == NULL) return -1;
  for (size_t i = 0; i < more; i++)
    k->chunk[k->nchunks++] = (Chunk){ base + i * size * LOG_CHUNK, i > 0 };
  k->used = 0;
  return 0;
}

/* Room for n records side by side; their place, and *at where they go. */
static uint32_t chunks_room(Chunks *k, size_t size, size_t n, void **at) {
  size_t first = k->nchunks - 1;
  if (k->nchunks == 0 || LOG_CHUNK - k->used < n) {
    first = k->nchunks;
    if (chunks_add(k, size, n) != 0) return PLACE_NONE;
  }
  size_t slot = k->used;
  k->used = n > LOG_CHUNK ? LOG_CHUNK : slot + n;   /* behind many records the last chunk is full */
  *at = (char *)k->chunk[first].base + slot * size;
  return (uint32_t)(first * LOG_CHUNK + slot);
}

static void *chunks_at(const Chunks *k, size_t size, uint32_t place) {
  return (char *)k->chunk[place / LOG_CHUNK].base + (place % LOG_CHUNK) * size;
}

int logs_open(Corpus *c) {
  if (c->verdicts == NULL) c->verdicts = calloc(1, sizeof *c->verdicts);
  if (c->edits == NULL) c->edits = calloc(1, sizeof *c->edits);
  if (c->verdicts == NULL || c->edits == NULL) return -1;
  if (c->verdicts->nstages == 0 && corpus_stage(c, span_str("load")) < 0) return -1;
  return 0;
}

void logs_free(Corpus *c) {
  if (c->verdicts != NULL) {
    chunks_free(&c->verdicts->chunks);
    arena_free(&c->verdicts->arena);
    for (size_t i = 0; i < c->verdicts->nstages; i++) free(c->verdicts->stage[i]);
    free(c->verdicts->stage);
    free(c->verdicts);
    c->verdicts = NULL;
  }
  if (c->edits != NULL) {
    chunks_free(&c->edits->chunks);
    free(c->edits);
    c->edits = NULL;
  }
}

uint32_t verdict_log_add(Corpus *c, const Verdict *records, size_t n) {
  void *at;
  uint32_t place = chunks_room(&c->verdicts->chunks, sizeof *records, n, &at);
  if (place != PLACE_NONE) memcpy(at, records, n * sizeof *records);
  return place;
}

uint32_t edit_log_add(Corpus *c, Edit *records, size_t n, size_t replaced) {
  void *at;
  uint32_t place = chunks_room(&c->edits->chunks, sizeof *records, n, &at);
  if (place == PLACE_NONE) return place;
  for (size_t i = 0; i + replaced < n; i++) {
    records[i].left = (uint32_t)(n - replaced - i);
    records[i].replaced = (uint16_t)replaced;
  }
  memcpy(at, records, n * sizeof *records);
  return place;
}

const Verdict *verdict_log_at(const Corpus *c, uint32_t place) {
  return chunks_at(&c->verdicts->chunks, sizeof(Verdict), place);
}

const Edit *edit_log_at(const Corpus *c, uint32_t place) {
  return chunks_at(&c->edits->chunks, sizeof(Edit), place);
}

void logs_adopt(Corpus *c, Arena *a) {
  ArenaBlock *b = a->first;
  if (b == NULL) return;
  while (b->next != NULL) b = b->next;
  b->next = c->verdicts->arena.first;
  c->verdicts->arena.first = a->first;
  a->first = NULL;
}

Span logs_text(Corpus *c, Span text) { return arena_copy(&c->verdicts->arena, text); }

/* ---- stages by number ---- */

int corpus_stage(Corpus *c, Span name) {
  struct VerdictLog *log = c->verdicts;
  for (size_t i = 0; i < log->nstages; i++)
    if (span_eq(name, span_str(log->stage[i]))) return (int)i;
  if (log->nstages >= UINT16_MAX) return -1;
  char **p = realloc(log->stage, (log->nstages + 1) * sizeof *p);
  if (p == NULL) return -1;
  log->stage = p;
  char *copy = strndup(name.ptr, name.len);
  if (copy == NULL) return -1;
  p[log->nstages] = copy;
  return (int)log->nstages++;
}

size_t corpus_stages(const Corpus *c) { return c->verdicts->nstages; }

const char *corpus_stage_name(const Corpus *c, uint16_t stage) {
  return stage < c->verdicts->nstages ? c->verdicts->stage[stage] : "";
}
