/* modules/neardup/nearest.c - see nearest.h. Each worker keeps the k best that it saw, as a heap
** with the worst on top; its Jaccard is the floor below which a comparison may end early. */
#include "neardup/nearest.h"

#include <stdlib.h>

#include "neardup/verify.h"

typedef struct NearRoom {
  GramTable table;      /* of the query */
  Grams text;
  NearHit *heap;        /* [k] */
  size_t n;
} NearRoom;

typedef struct Nearest {
  const TextSource *src;
  const Grams *query;
  size_t k;
  NearRoom *room;       /* [threads] */
} Nearest;

/* Is a further from the query than b? A total order, so that the k best are one set. */
static int worse(NearHit a, NearHit b) {
  return a.jaccard != b.jaccard ? a.jaccard < b.jaccard : a.text > b.text;
}

static void sift_down(NearHit *heap, size_t n, size_t at) {
  for (;;) {
    size_t worst = at;
    for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < n; child++)
      if (worse(heap[child], heap[worst])) worst = child;
    if (worst == at) return;
    NearHit hit = heap[at];
    heap[at] = heap[worst];
    heap[worst] = hit;
    at = worst;
  }
}

static void keep_best(NearHit *heap, size_t *n, size_t k, NearHit hit) {
  if (*n == k) {
    if (!worse(heap[0], hit)) return;
    heap[0] = hit;
    sift_down(heap, k, 0);
    return;
  }
  size_t at = (*n)++;
  heap[at] = hit;
  while (at > 0 && worse(heap[at], heap[(at - 1) / 2])) {
    hit = heap[at];
    heap[at] = heap[(at - 1) / 2];
    heap[(at - 1) / 2] = hit;
    at = (at - 1) / 2;
  }
}

static int compare_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Nearest *s = ctx;
  NearRoom *r = &s->room[worker];
  for (size_t i = begin; i < end; i++) {
    if (text_read(s->src, i, worker, &r->text, s->query->shingle) != 0) return -1;
    size_t common = 0, all = 1;
    double floor = r->n == s->k ? r->heap[0].jaccard : 0;
    int got = gram_table_compare(&r->table, &r->text, floor, &common, &all);
    if (got < 0) return -1;
    if (got == 0 || common == 0) continue;
    keep_best(r->heap, &r->n, s->k, (NearHit){ (double)common / (double)all, (uint32_t)i });
  }
  return 0;
}

static int by_nearness(const void *a, const void *b) {
  NearHit x = *(const NearHit *)a, y = *(const NearHit *)b;
  return worse(x, y) - worse(y, x);
}

static int room_init(NearRoom *r, const Grams *query, size_t k) {
  r->heap = malloc(k * sizeof *r->heap);
  return r->heap == NULL ? -1 : gram_table_fill(&r->table, query);
}

static void room_free(NearRoom *r) {
  gram_table_free(&r->table);
  grams_free(&r->text);
  free(r->heap);
}

int nearest_texts(const TextSource *src, Span query, unsigned shingle, Pool *pool, size_t k,
                  NearHit *best, size_t *n) {
  int threads = pool != NULL ? pool_threads(pool) : 1;
  Grams q = { 0 };
  Nearest s = { src, &q, k, calloc((size_t)threads, sizeof *s.room) };
  int r = s.room == NULL ? -1 : grams_of(&q, query, shingle, src->flags);
  for (int i = 0; r == 0 && i < threads; i++) r = room_init(&s.room[i], &q, k);
  if (r == 0) r = pool_for(pool, src->n, 64, compare_chunk, &s);
  *n = 0;
  for (int i = 0; s.room != NULL && i < threads; i++) {
    for (size_t h = 0; h < s.room[i].n; h++) keep_best(best, n, k, s.room[i].heap[h]);
    room_free(&s.room[i]);
  }
  free(s.room);
  grams_free(&q);
  qsort(best, *n, sizeof *best, by_nearness);
  return r;
}
