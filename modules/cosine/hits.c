/* modules/cosine/hits.c - see hits.h */
#include "cosine/hits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/spill.h"

enum { ROOM = 4096, DIGIT = 16, DIGITS = 1 << DIGIT };

int hits_init(Hits *h, double threshold, size_t most, double give_up, int threads) {
  memset(h, 0, sizeof *h);
  pthread_mutex_init(&h->lock, NULL);
  h->most = most;
  h->give_up = give_up;
  atomic_init(&h->least, threshold);
  h->threads = threads;
  h->room = calloc((size_t)threads, sizeof *h->room);
  int r = h->room == NULL ? -1 : 0;
  for (int t = 0; r == 0 && t < threads; t++) {
    h->room[t].pair = malloc(ROOM * sizeof(CosinePair));
    if (h->room[t].pair == NULL) r = -1;
  }
  if (r != 0) hits_free(h);
  return r;
}

void hits_free(Hits *h) {
  if (h->room == NULL && h->threads == 0) return;
  for (int t = 0; h->room != NULL && t < h->threads; t++) free(h->room[t].pair);
  free(h->room);
  spill_free(h->pair);
  pthread_mutex_destroy(&h->lock);
  memset(h, 0, sizeof *h);
}

/* A number whose order among unsigned integers is that of the doubles. */
static uint64_t ordered(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

/* The rank-th highest cosine (rank from 1) as an ordered number, by its digits from the top. */
static uint64_t select_highest(const CosinePair *pair, size_t n, size_t rank, size_t *count) {
  uint64_t prefix = 0;
  for (int shift = 64 - DIGIT; shift >= 0; shift -= DIGIT) {
    memset(count, 0, DIGITS * sizeof *count);
    for (size_t i = 0; i < n; i++) {
      uint64_t o = ordered(pair[i].cosine);
      if (shift == 64 - DIGIT || o >> (shift + DIGIT) == prefix) count[o >> shift & (DIGITS - 1)]++;
    }
    uint64_t digit = DIGITS - 1;
    while (rank > count[digit]) rank -= count[digit--];
    prefix = prefix << DIGIT | digit;
  }
  return prefix;
}

/* Drops pairs until no more than `most` are left. Those of the cosine at the cut stay if all of them fit. */
static int cut(Hits *h) {
  if (h->most == 0 || h->n <= h->most) return 0;
  size_t *count = malloc(DIGITS * sizeof *count), reach = 0, to = 0;
  if (count == NULL) return -1;
  uint64_t at = select_highest(h->pair, h->n, h->most, count);
  free(count);
  for (size_t i = 0; i < h->n; i++) reach += ordered(h->pair[i].cosine) >= at;
  if (reach > h->most) at++;
  for (size_t i = 0; i < h->n; i++)
    if (ordered(h->pair[i].cosine) >= at) h->pair[to++] = h->pair[i];
  h->n = to;
  h->limited = 1;
  double least;
  uint64_t bits = at >> 63 ? at & ~(UINT64_C(1) << 63) : ~at;
  memcpy(&least, &bits, sizeof least);
  atomic_store_explicit(&h->least, least, memory_order_relaxed);
  return least > h->give_up ? HITS_TOO_MANY : 0;
}

static int make_space(Hits *h, size_t more) {
  if (h->n + more <= h->capacity) return 0;
  if (h->most > 0 && h->n > h->most && h->n + more > 2 * h->most + ROOM) {
    const int r = cut(h);
    if (r != 0 || h->n + more <= h->capacity) return r;
  }
  size_t capacity = 2 * h->capacity > h->n + more ? 2 * h->capacity : h->n + more;
  if (h->most > 0 && capacity > 2 * h->most + 2 * ROOM) capacity = 2 * h->most + 2 * ROOM;
  CosinePair *pair = spill_resize(h->pair, capacity * sizeof *pair);
  if (pair == NULL) return -1;
  h->pair = pair;
  h->capacity = capacity;
  return 0;
}

static int flush(Hits *h, HitsRoom *room) {
  pthread_mutex_lock(&h->lock);
  int r = make_space(h, room->n);
  const double least = hits_least(h);
  for (size_t i = 0; r == 0 && i < room->n; i++)
    if (room->pair[i].cosine >= least) h->pair[h->n++] = room->pair[i];
  pthread_mutex_unlock(&h->lock);
  room->n = 0;
  return r;
}

int hits_add(Hits *h, int worker, uint32_t a, uint32_t b, double cosine) {
  if (cosine < hits_least(h)) return 0;
  HitsRoom *room = &h->room[worker];
  room->pair[room->n++] = a < b ? (CosinePair){ a, b, cosine } : (CosinePair){ b, a, cosine };
  return room->n == ROOM ? flush(h, room) : 0;
}

int hits_take(Hits *h, CosinePairs *out) {
  int r;
  out->floor = hits_least(h);
  for (int t = 0; t < h->threads; t++)
    if ((r = flush(h, &h->room[t])) != 0) return r;
  if ((r = cut(h)) != 0) return r;
  if (h->limited) {   /* the lowest that was kept: any thread's order gives the same */
    out->floor = 1;
    for (size_t i = 0; i < h->n; i++) out->floor = fmin(out->floor, h->pair[i].cosine);
  }
  out->limited = h->limited;
  out->pair = h->pair;
  out->n = h->n;
  h->pair = NULL;
  h->n = h->capacity = 0;
  return 0;
}
