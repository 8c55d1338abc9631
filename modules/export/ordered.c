/* modules/export/ordered.c - see ordered.h */
#include "export/ordered.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { AHEAD = 16 };   /* chunks a thread that may wait for the disk: else memory would hold the output */

typedef struct Ordered {
  OrderedFn fn;
  void *ctx;
  size_t grain;
  FileWriter *w;
  pthread_mutex_t lock;    /* guards all below */
  Buf *ready;              /* [chunks] texts not yet written */
  uint8_t *done;           /* [chunks] ready */
  size_t nchunks, next;    /* the next chunk to write */
  size_t ahead;            /* a chunk so far behind it waits for its turn to be formatted */
  pthread_cond_t moved;    /* next did */
  int writing;             /* somebody writes */
  Buf *spare;              /* [nspare] empty buffers, to be filled again */
  size_t nspare;
  size_t failed_at;
  Error failure;           /* text "" as long as nothing failed */
} Ordered;

static void keep_failure(Ordered *o, size_t chunk, const Error *err) {
  if (o->failure.text[0] != '\0' && o->failed_at <= chunk) return;
  o->failed_at = chunk;
  if (err->text[0] != '\0') o->failure = *err;
  else error_memory(&o->failure);
  pthread_cond_broadcast(&o->moved);
}

/* With the lock held. Chunks are taken in order, so the next to be written never waits; where a run is
** broken off it may not come at all. */
static void wait_for_turn(Ordered *o, size_t chunk) {
  while (chunk >= o->next + o->ahead && o->failure.text[0] == '\0' && !interrupt_pending()) {
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_nsec += 50000000;
    if (t.tv_nsec >= 1000000000) {
      t.tv_nsec -= 1000000000;
      t.tv_sec++;
    }
    pthread_cond_timedwait(&o->moved, &o->lock, &t);
  }
}

/* With the lock held; gives it up while it writes. */
static int write_ready(Ordered *o) {
  int bad = 0;
  o->writing = 1;
  while (!bad && o->next < o->nchunks && o->done[o->next]) {
    size_t at = o->next;
    Buf b = o->ready[at];
    Error err = { "" };
    pthread_mutex_unlock(&o->lock);
    bad = file_write(o->w, b.ptr, b.len, &err) != 0;
    pthread_mutex_lock(&o->lock);
    if (bad) keep_failure(o, at, &err);
    b.len = 0;
    o->ready[at] = (Buf){ 0 };
    o->spare[o->nspare++] = b;   /* one slot a chunk: there is room */
    o->next++;
    pthread_cond_broadcast(&o->moved);
  }
  o->writing = 0;
  return bad ? -1 : 0;
}

static int one_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Ordered *o = ctx;
  size_t chunk = begin / o->grain;
  Error err = { "" };
  pthread_mutex_lock(&o->lock);
  wait_for_turn(o, chunk);
  Buf b = o->nspare > 0 ? o->spare[--o->nspare] : (Buf){ 0 };
  pthread_mutex_unlock(&o->lock);
  int r = o->fn(o->ctx, begin, end, worker, &b, &err);
  pthread_mutex_lock(&o->lock);
  o->ready[chunk] = b;
  if (r != 0) {
    keep_failure(o, chunk, &err);
  } else {
    o->done[chunk] = 1;
    if (!o->writing) r = write_ready(o);
  }
  pthread_mutex_unlock(&o->lock);
  return r != 0 ? -1 : 0;
}

int ordered_write(Pool *pool, size_t n, size_t grain, OrderedFn fn, void *ctx, FileWriter *w, Error *err) {
  Ordered o = { .fn = fn, .ctx = ctx, .grain = grain, .w = w, .nchunks = (n + grain - 1) / grain };
  o.ahead = AHEAD * (size_t)(pool != NULL ? pool_threads(pool) : 1);
  pthread_mutex_init(&o.lock, NULL);
  pthread_cond_init(&o.moved, NULL);
  o.ready = calloc(o.nchunks + 1, sizeof *o.ready);
  o.spare = calloc(o.nchunks + 1, sizeof *o.spare);
  o.done = calloc(o.nchunks + 1, 1);
  int r = o.ready == NULL || o.spare == NULL || o.done == NULL ? error_memory(err) : 0;
  if (r == 0) r = pool_for(pool, n, grain, one_chunk, &o);
  if (r == -1 && o.failure.text[0] != '\0' && err != NULL) *err = o.failure;
  for (size_t i = 0; o.ready != NULL && i < o.nchunks; i++) buf_free(&o.ready[i]);
  for (size_t i = 0; o.spare != NULL && i < o.nspare; i++) buf_free(&o.spare[i]);
  free(o.ready);
  free(o.spare);
  free(o.done);
  pthread_cond_destroy(&o.moved);
  pthread_mutex_destroy(&o.lock);
  return r;
}
