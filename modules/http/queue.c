/* modules/http/queue.c - see queue.h */
#include "http/queue.h"

#include <math.h>
#include <stdlib.h>

typedef int (*Before)(const QueueItem *a, const QueueItem *b);

static int leaves_before(const QueueItem *a, const QueueItem *b) {
  if (a->priority != b->priority) return a->priority < b->priority;
  if (a->id != b->id) return a->id < b->id;
  return a->arrival < b->arrival;
}

static int due_before(const QueueItem *a, const QueueItem *b) { return a->due < b->due; }

static int heap_room(QueueHeap *h) {
  if (h->n < h->cap) return 0;
  size_t cap = h->cap == 0 ? 64 : h->cap * 2;
  QueueItem **item = realloc(h->item, cap * sizeof *item);
  if (item == NULL) return -1;
  h->item = item;
  h->cap = cap;
  return 0;
}

static void heap_push(QueueHeap *h, QueueItem *item, Before before) {
  size_t i = h->n++;
  for (; i > 0 && before(item, h->item[(i - 1) / 2]); i = (i - 1) / 2) h->item[i] = h->item[(i - 1) / 2];
  h->item[i] = item;
}

static QueueItem *heap_pop(QueueHeap *h, Before before) {
  QueueItem *top = h->item[0], *last = h->item[--h->n];
  size_t i = 0;
  for (size_t k; (k = 2 * i + 1) < h->n; i = k) {
    if (k + 1 < h->n && before(h->item[k + 1], h->item[k])) k++;
    if (!before(h->item[k], last)) break;
    h->item[i] = h->item[k];
  }
  h->item[i] = last;
  return top;
}

/* Room in both heaps, so that moving from one to the other cannot fail. */
int queue_add(Queue *q, QueueItem *item) {
  if (heap_room(&q->later) != 0) return -1;
  while (q->ready.cap < q->later.n + q->ready.n + 1) {
    QueueHeap grown = q->ready;
    grown.n = grown.cap;
    if (heap_room(&grown) != 0) return -1;
    q->ready.item = grown.item;
    q->ready.cap = grown.cap;
  }
  item->arrival = q->arrivals++;
  heap_push(&q->later, item, due_before);
  return 0;
}

QueueItem *queue_first(Queue *q, double now) {
  while (q->later.n > 0 && q->later.item[0]->due <= now)
    heap_push(&q->ready, heap_pop(&q->later, due_before), leaves_before);
  return q->ready.n > 0 ? q->ready.item[0] : NULL;
}

QueueItem *queue_take(Queue *q) { return q->ready.n > 0 ? heap_pop(&q->ready, leaves_before) : NULL; }

double queue_due(const Queue *q) { return q->later.n > 0 ? q->later.item[0]->due : HUGE_VAL; }

QueueItem *queue_any(Queue *q) {
  if (q->ready.n > 0) return q->ready.item[--q->ready.n];
  return q->later.n > 0 ? q->later.item[--q->later.n] : NULL;
}

void queue_free(Queue *q) {
  free(q->ready.item);
  free(q->later.item);
  *q = (Queue){ 0 };
}
