/* modules/core/pool.h - a pool of threads that walks a range of indices in parallel.
**
** The range is cut into chunks of `grain` indices; workers take the next chunk from an atomic
** counter. A callback writes only what belongs to its own indices or its own worker, so the
** result cannot depend on the number of threads. The caller's thread is worker 0 and works
** too; between its chunks it calls the tick, if one is set (progress, never from a worker).
** A raised interrupt flag ends the walk at the next chunk. */
#ifndef TAMIS_POOL_H
#define TAMIS_POOL_H

#include <stddef.h>

typedef struct Pool Pool;

/* One call a chunk: indices [begin, end), worker 0..threads-1. Returns 0 to go on; any other
** value stops the walk. */
typedef int (*PoolFn)(void *ctx, size_t begin, size_t end, int worker);

enum { POOL_INTERRUPTED = -1000 };

Pool *pool_new(int threads);      /* threads >= 1; NULL if out of memory or threads */
int pool_threads(const Pool *p);
void pool_free(Pool *p);          /* NULL is left alone */

/* Runs fn over [0, n). Returns 0; the value of the stopping chunk with the lowest indices
** among those that ran; or POOL_INTERRUPTED. Chunks behind a stopping one may have run. Not
** reentrant: a callback must not call pool_for on the same pool. p may be NULL: one thread. */
int pool_for(Pool *p, size_t n, size_t grain, PoolFn fn, void *ctx);

/* The same on the caller's thread alone, chunk after chunk in order, as worker 0. */
int pool_for_serial(Pool *p, size_t n, size_t grain, PoolFn fn, void *ctx);

/* tick(ctx, done, n) is called on the caller's thread between its chunks of every pool_for. */
void pool_set_tick(Pool *p, void (*tick)(void *ctx, size_t done, size_t n), void *ctx);

/* The interrupt flag: set by a signal handler (async-signal-safe), read by pool_for and by
** the runtime's count hooks, cleared by whoever handled it. */
void interrupt_raise(void);
void interrupt_clear(void);
int interrupt_pending(void);      /* how often it was raised since it was last cleared */

/* How many interrupts a run may ignore before the handler ends the process: 1, unless set. */
void interrupt_set_patience(int n);
int interrupt_patience(void);

#endif
