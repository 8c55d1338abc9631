/* modules/neardup/leaders_exact.c - see leaders_exact.h */
#include "neardup/leaders_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neardup/join.h"

enum { ROUNDS = 3 };   /* after so many rounds all texts are joined */

typedef struct Run {
  const TextSource *src;
  const LeaderParams *p;
  Pool *pool;
  size_t n;
  uint32_t *order;       /* [n] */
  uint32_t *rank;        /* [n] a text's place in it */
  uint8_t *centre;       /* [n] texts whose pairs are known */
  Join join;
  size_t *start;         /* [n + 1] of a text's neighbours; a copy has those of the first one */
  TextPair *near;        /* neighbour in a, Jaccard */
  Leaders *out;
  size_t pair_cap;
} Run;

static uint32_t same_as(const Run *run, uint32_t text) {
  return run->join.same[text] != TEXT_NONE ? run->join.same[text] : text;
}

static int lay_neighbours(Run *run) {
  const Join *j = &run->join;
  free(run->start);
  free(run->near);
  run->start = calloc(run->n + 2, sizeof *run->start);
  run->near = malloc((2 * j->npairs + 1) * sizeof *run->near);
  if (run->start == NULL || run->near == NULL) return -1;
  for (size_t i = 0; i < j->npairs; i++) {
    run->start[j->pair[i].a + 2]++;
    run->start[j->pair[i].b + 2]++;
  }
  for (size_t i = 0; i < run->n; i++) run->start[i + 2] += run->start[i + 1];
  for (size_t i = 0; i < j->npairs; i++) {
    const TextPair *q = &j->pair[i];
    run->near[run->start[q->a + 1]++] = (TextPair){ q->b, 0, q->jaccard };
    run->near[run->start[q->b + 1]++] = (TextPair){ q->a, 0, q->jaccard };
  }
  return 0;
}

static int record(Run *run, uint32_t a, uint32_t b, double jaccard) {
  Leaders *out = run->out;
  if (out->npairs == run->pair_cap) {
    size_t cap = run->pair_cap * 2 + 256;
    TextPair *more = realloc(out->pair, cap * sizeof *more);
    if (more == NULL) return -1;
    out->pair = more;
    run->pair_cap = cap;
  }
  out->pair[out->npairs++] = a < b ? (TextPair){ a, b, jaccard } : (TextPair){ b, a, jaccard };
  return 0;
}

/* Visits a text: its best match among the kept ones before it, and the pairs with them; of a text
** whose like was visited before, the pair with its twin alone. kept[first of equal texts] is the
** one of them that is kept. */
static int visit(Run *run, uint32_t *kept, uint32_t text, int again) {
  Leaders *out = run->out;
  const uint32_t first = same_as(run, text);
  uint32_t twin = kept[first];
  double best = twin != TEXT_NONE ? 1 : -1;
  const int copy = twin != TEXT_NONE;
  for (size_t i = run->start[first]; !copy && i < run->start[first + 1]; i++) {
    const TextPair *near = &run->near[i];
    const uint32_t other = kept[near->a];
    if (other == TEXT_NONE) continue;
    if (!again && record(run, text, other, near->jaccard) != 0) return -1;
    if (near->jaccard < run->p->threshold || near->jaccard < best) continue;
    if (near->jaccard == best && run->rank[other] > run->rank[twin]) continue;
    best = near->jaccard;
    twin = other;
  }
  out->twin[text] = twin;
  out->jaccard[text] = twin != TEXT_NONE ? best : NAN;
  if (twin == TEXT_NONE && (run->p->barred == NULL || !run->p->barred[text])) kept[first] = text;
  return again && twin != TEXT_NONE ? record(run, text, twin, best) : 0;
}

/* Leaders over the pairs known; *grown is set where one is kept whose pairs are not. */
static int take_leaders(Run *run, int *grown) {
  uint32_t *kept = malloc((run->n + 1) * sizeof *kept);
  uint8_t *met = calloc(run->n + 1, 1);
  int r = kept == NULL || met == NULL || lay_neighbours(run) != 0 ? -1 : 0;
  run->out->npairs = run->out->rejected = 0;
  *grown = 0;
  for (uint32_t i = 0; r == 0 && i < run->n; i++) {
    kept[i] = TEXT_NONE;
    run->centre[same_as(run, i)] |= run->centre[i];
  }
  for (size_t v = 0; r == 0 && v < run->n; v++) {
    const uint32_t text = run->order[v], first = same_as(run, text);
    r = visit(run, kept, text, met[first]);
    met[first] = 1;
    run->out->rejected += run->out->twin[text] != TEXT_NONE;
    if (run->out->twin[text] != TEXT_NONE || run->centre[first]) continue;
    run->centre[first] = 1;
    *grown = 1;
  }
  free(kept);
  free(met);
  return r;
}

static int by_place(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

static int join_all(Run *run, Error *err) {
  JoinParams p = { .shingle = run->p->shingle, .threshold = run->p->floor, .path = run->p->path };
  int grown = 1, r = 0;
  size_t candidates = 0;
  for (int round = 0; r == 0 && grown; round++) {
    if (round == ROUNDS) memset(run->centre, 1, run->n);
    p.centre = memchr(run->centre, 0, run->n) != NULL ? run->centre : NULL;
    join_free(&run->join);
    r = join_find(run->src, &p, run->pool, &run->join, err);
    candidates += run->join.candidates;
    if (r == 0) r = take_leaders(run, &grown);
  }
  run->out->candidates += candidates;
  run->out->verified += candidates;
  if (r == 0 && run->out->npairs > 0)
    qsort(run->out->pair, run->out->npairs, sizeof *run->out->pair, by_place);
  return r;
}

/* Pairs of texts that are both rejected cost more to leave out than to find, unless they are many:
** then all texts are centres. Followers of one kept text are pairs among themselves. */
static int join_few(Run *run) {
  size_t *followers = calloc(run->n + 1, sizeof *followers);
  double pairs = 0;
  if (followers == NULL) return -1;
  for (size_t i = 0; i < run->n; i++)
    if (run->out->twin[i] != TEXT_NONE) pairs += (double)followers[run->out->twin[i]]++;
  free(followers);
  if (pairs <= 4.0 * (double)run->n) memset(run->centre, 1, run->n);
  return 0;
}

int leaders_exact(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out, Error *err) {
  int r = leaders_find(src, p, pool, out, err);
  if (r != 0) return r;
  Run run = { .src = src, .p = p, .pool = pool, .n = src->n, .out = out, .pair_cap = out->npairs };
  run.order = malloc((run.n + 1) * sizeof *run.order);
  run.rank = malloc((run.n + 1) * sizeof *run.rank);
  run.centre = calloc(run.n + 1, 1);
  if (run.order == NULL || run.rank == NULL || run.centre == NULL) r = -1;
  if (r == 0) r = leaders_order(src, p, pool, run.order);
  for (size_t i = 0; r == 0 && i < run.n; i++) {
    run.rank[run.order[i]] = (uint32_t)i;
    run.centre[i] = out->twin[i] == TEXT_NONE;
  }
  if (r == 0) r = join_few(&run);
  if (r == 0) r = join_all(&run, err);
  join_free(&run.join);
  void *owned[] = { run.order, run.rank, run.centre, run.start, run.near };
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) free(owned[i]);
  if (r == 0) return 0;
  leaders_free(out);
  return r == POOL_INTERRUPTED ? r : error_memory(err);
}
