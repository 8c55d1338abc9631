/* modules/cosine/hits.h - the pairs that a search finds, from many threads, and no more than a number of them.
**
** Where more are found than `most`, only those above the highest cosine v of which too many pairs reach v are kept;
** that cosine is raised as pairs come, so that room for 2 * most of them is enough, and so that a search may pass over
** what lies below it. What is left in the end depends on the set of all pairs alone: v only rises, and every pair above
** the last v was kept. */
#ifndef TAMIS_HITS_H
#define TAMIS_HITS_H

#include <pthread.h>
#include <stdatomic.h>

#include "cosine/search.h"

typedef struct HitsRoom { CosinePair *pair; size_t n; } HitsRoom;

typedef struct Hits {
  pthread_mutex_t lock;    /* guards the pairs */
  CosinePair *pair;        /* [n] of capacity */
  size_t n, capacity, most;
  _Atomic double least;    /* pairs below it are not wanted */
  int limited;
  double give_up;          /* hits_add says HITS_TOO_MANY once least must rise above it */
  int threads;
  HitsRoom *room;          /* [threads] */
} Hits;

/* 0; -1 if out of memory, with *h empty. */
int hits_init(Hits *h, double threshold, size_t most, double give_up, int threads);
void hits_free(Hits *h);
static inline double hits_least(Hits *h) { return atomic_load_explicit(&h->least, memory_order_relaxed); }
enum { HITS_TOO_MANY = 1 };
/* 0; -1 if out of memory; HITS_TOO_MANY. A pair below hits_least is dropped. */
int hits_add(Hits *h, int worker, uint32_t a, uint32_t b, double cosine);
/* When all threads are done: what is left and which floor it has, into *out. 0; -1 if out of memory;
** HITS_TOO_MANY. */
int hits_take(Hits *h, CosinePairs *out);

#endif
