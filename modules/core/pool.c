/* modules/core/pool.c - see pool.h */
#include "core/pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

static atomic_int interrupt_flag;

static atomic_int patience = 1;

void interrupt_raise(void) { atomic_fetch_add_explicit(&interrupt_flag, 1, memory_order_relaxed); }
void interrupt_set_patience(int n) { atomic_store_explicit(&patience, n, memory_order_relaxed); }
int interrupt_patience(void) { return atomic_load_explicit(&patience, memory_order_relaxed); }
void interrupt_clear(void) { atomic_store_explicit(&interrupt_flag, 0, memory_order_relaxed); }
int interrupt_pending(void) {
  return atomic_load_explicit(&interrupt_flag, memory_order_relaxed);
}

typedef struct Job {
  PoolFn fn;
  void *ctx;
  size_t n, grain;
  atomic_size_t next;    /* first index nobody has taken */
  atomic_size_t done;    /* indices finished, for the tick */
  atomic_int stop;
  pthread_mutex_t lock;  /* guards the two below */
  size_t stop_at;        /* first index of the stopping chunk */
  int result;
} Job;

struct Pool {
  int threads;
  pthread_t *thread;     /* [threads - 1]; worker 0 is the caller */
  pthread_mutex_t lock;  /* guards all below */
  pthread_cond_t wake, idle;
  Job *job;
  unsigned long round;   /* counts jobs, so that a worker joins each once */
  int working;           /* workers that have not left the current job */
  int quit;
  void (*tick)(void *, size_t, size_t);
  void *tick_ctx;
};

typedef struct WorkerArg { Pool *pool; int id; } WorkerArg;

static void job_stop(Job *j, size_t at, int result) {
  pthread_mutex_lock(&j->lock);
  if (j->result == 0 || at < j->stop_at) {
    j->stop_at = at;
    j->result = result;
  }
  pthread_mutex_unlock(&j->lock);
  atomic_store(&j->stop, 1);
}

static void job_work(Job *j, int worker, Pool *ticker) {
  for (;;) {
    if (atomic_load_explicit(&j->stop, memory_order_relaxed)) return;
    size_t begin = atomic_fetch_add(&j->next, j->grain);
    if (begin >= j->n) return;
    if (interrupt_pending()) {
      job_stop(j, begin, POOL_INTERRUPTED);
      return;
    }
    size_t end = j->n - begin < j->grain ? j->n : begin + j->grain;
    int r = j->fn(j->ctx, begin, end, worker);
    if (r != 0) job_stop(j, begin, r);
    size_t done = atomic_fetch_add(&j->done, end - begin) + (end - begin);
    if (ticker != NULL && ticker->tick != NULL) ticker->tick(ticker->tick_ctx, done, j->n);
  }
}

static void *worker_main(void *arg) {
  WorkerArg a = *(WorkerArg *)arg;
  free(arg);
  Pool *p = a.pool;
  unsigned long seen = 0;
  pthread_mutex_lock(&p->lock);
  for (;;) {
    while (!p->quit && p->round == seen) pthread_cond_wait(&p->wake, &p->lock);
    if (p->quit) break;
    seen = p->round;
    Job *j = p->job;
    pthread_mutex_unlock(&p->lock);
    job_work(j, a.id, NULL);
    pthread_mutex_lock(&p->lock);
    if (--p->working == 0) pthread_cond_signal(&p->idle);
  }
  pthread_mutex_unlock(&p->lock);
  return NULL;
}

/* Signals belong to the main thread: workers are started with all of them blocked, but for those
** that a thread's own instruction raises; blocked, they would kill the process unheard. */
static int start_worker(Pool *p, int id) {
  WorkerArg *arg = malloc(sizeof *arg);
  if (arg == NULL) return -1;
  *arg = (WorkerArg){ p, id };
  sigset_t all, old;
  sigfillset(&all);
  static const int OWN[] = { SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP };
  for (size_t i = 0; i < sizeof OWN / sizeof OWN[0]; i++) sigdelset(&all, OWN[i]);
  pthread_sigmask(SIG_BLOCK, &all, &old);
  int r = pthread_create(&p->thread[id - 1], NULL, worker_main, arg);
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  if (r != 0) free(arg);
  return r != 0 ? -1 : 0;
}

Pool *pool_new(int threads) {
  Pool *p = calloc(1, sizeof *p);
  if (p == NULL) return NULL;
  pthread_mutex_init(&p->lock, NULL);
  pthread_cond_init(&p->wake, NULL);
  pthread_cond_init(&p->idle, NULL);
  p->threads = 1;
  p->thread = calloc((size_t)threads, sizeof *p->thread);
  if (p->thread == NULL) {
    pool_free(p);
    return NULL;
  }
  for (int id = 1; id < threads; id++) {
    if (start_worker(p, id) != 0) {
      pool_free(p);
      return NULL;
    }
    p->threads++;
  }
  return p;
}

int pool_threads(const Pool *p) { return p == NULL ? 1 : p->threads; }

void pool_free(Pool *p) {
  if (p == NULL) return;
  pthread_mutex_lock(&p->lock);
  p->quit = 1;
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->lock);
  for (int i = 0; i < p->threads - 1; i++) pthread_join(p->thread[i], NULL);
  pthread_mutex_destroy(&p->lock);
  pthread_cond_destroy(&p->wake);
  pthread_cond_destroy(&p->idle);
  free(p->thread);
  free(p);
}

void pool_set_tick(Pool *p, void (*tick)(void *, size_t, size_t), void *ctx) {
  if (p == NULL) return;
  p->tick = tick;
  p->tick_ctx = ctx;
}

static int pool_run(Pool *p, int helpers, size_t n, size_t grain, PoolFn fn, void *ctx) {
  Job j = { .fn = fn, .ctx = ctx, .n = n, .grain = grain > 0 ? grain : 1 };
  pthread_mutex_init(&j.lock, NULL);
  if (n <= j.grain) helpers = 0;
  if (helpers > 0) {
    pthread_mutex_lock(&p->lock);
    p->job = &j;   /* cppcheck-suppress autoVariables ; taken back below, before j goes */
    p->working = helpers;
    p->round++;
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->lock);
  }
  job_work(&j, 0, p);
  if (helpers > 0) {
    pthread_mutex_lock(&p->lock);
    while (p->working > 0) pthread_cond_wait(&p->idle, &p->lock);
    p->job = NULL;
    pthread_mutex_unlock(&p->lock);
  }
  pthread_mutex_destroy(&j.lock);
  return j.result;
}

int pool_for(Pool *p, size_t n, size_t grain, PoolFn fn, void *ctx) {
  return pool_run(p, pool_threads(p) - 1, n, grain, fn, ctx);
}

int pool_for_serial(Pool *p, size_t n, size_t grain, PoolFn fn, void *ctx) {
  return pool_run(p, 0, n, grain, fn, ctx);
}
