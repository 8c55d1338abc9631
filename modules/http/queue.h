/* modules/http/queue.h - who leaves next: by priority, then id, then arrival, among those whose time
** has come. Two binary heaps; what waits for a time moves from one to the other when it is due. */
#ifndef TAMIS_QUEUE_H
#define TAMIS_QUEUE_H

#include <stddef.h>
#include <stdint.h>

typedef struct QueueItem {     /* stands first in what is queued */
  int64_t priority, id;
  uint64_t arrival;            /* set by queue_add */
  double due;                  /* seconds; the queue's clock is whatever its caller's is */
} QueueItem;

typedef struct QueueHeap { QueueItem **item; size_t n, cap; } QueueHeap;
typedef struct Queue { QueueHeap ready, later; uint64_t arrivals; } Queue;   /* zeroed is empty */

int queue_add(Queue *q, QueueItem *item);          /* 0, or -1 if out of memory; borrows item */
QueueItem *queue_first(Queue *q, double now);      /* the next to leave, left where it is; NULL if none is due */
QueueItem *queue_take(Queue *q);                   /* takes what queue_first gave; NULL if that was nothing */
double queue_due(const Queue *q);                  /* when the next one that waits is due; HUGE_VAL if none waits */
static inline size_t queue_n(const Queue *q) { return q->ready.n + q->later.n; }
QueueItem *queue_any(Queue *q);                    /* takes one in any order, to empty it; NULL when empty */
void queue_free(Queue *q);                         /* the heaps, not the items */

#endif
