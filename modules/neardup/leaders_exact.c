/* modules/neardup/leaders_exact.c - see leaders_exact.h */
#include "neardup/leaders_exact.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "neardup/join.h"

enum { ROUNDS = 3 };         /* after so many rounds all texts are joined */
#define FEW 4.0              /* pairs a text that are listed rather than left out */
#define MOST_PAIRS 40e6      /* 1.3 GB */

typedef struct Run {
  const TextSource *src;
  const LeaderParams *p;
  Pool *pool;
  size_t n;
  uint32_t *order;       /* [n] */
  uint8_t *centre;       /* [n] texts whose pairs are known */
  Join join;
  Leaders *out;
  double floor;          /* the join's threshold */
} Run;

static uint32_t same_as(const Run *run, uint32_t text) {
  return run->join.same[text] != TEXT_NONE ? run->join.same[text] : text;
}

/* The join's pairs, and those of copies. */
static int take_pairs(Run *run) {
  const Join *j = &run->join;
  Leaders *out = run->out;
  size_t copies = 0;
  for (size_t i = 0; i < run->n; i++) copies += j->same[i] != TEXT_NONE;
  free(out->pair);
  out->npairs = 0;
  out->pair = malloc((j->npairs + copies + 1) * sizeof *out->pair);
  if (out->pair == NULL) return -1;
  if (j->npairs > 0) memcpy(out->pair, j->pair, j->npairs * sizeof *j->pair);
  out->npairs = j->npairs;
  for (uint32_t i = 0; i < run->n; i++)
    if (j->same[i] != TEXT_NONE) out->pair[out->npairs++] = (TextPair){ j->same[i], i, 1 };
  return 0;
}

/* Clusters over the pairs known; *grown is set where a text is kept whose pairs are not. */
static int take_clusters(Run *run, int *grown) {
  int r = take_pairs(run);
  if (r == 0) r = leaders_settle(run->src, run->p, run->order, NULL, run->pool, run->out);
  *grown = 0;
  for (uint32_t i = 0; r == 0 && i < run->n; i++) run->centre[same_as(run, i)] |= run->centre[i];
  for (uint32_t i = 0; r == 0 && i < run->n; i++) {
    if (run->out->twin[i] != TEXT_NONE || run->centre[same_as(run, i)]) continue;
    run->centre[same_as(run, i)] = 1;
    *grown = 1;
  }
  return r;
}

static int by_place(const void *a, const void *b) {
  const TextPair *x = a, *y = b;
  if (x->a != y->a) return x->a < y->a ? -1 : 1;
  return x->b < y->b ? -1 : x->b > y->b;
}

static int join_all(Run *run, Error *err) {
  JoinParams p = { .shingle = run->p->shingle, .threshold = run->floor, .path = run->p->path };
  int grown = 1, r = 0;
  size_t candidates = 0;
  for (int round = 0; r == 0 && grown; round++) {
    if (round == ROUNDS) memset(run->centre, 1, run->n);
    p.centre = memchr(run->centre, 0, run->n) != NULL ? run->centre : NULL;
    join_free(&run->join);
    r = join_find(run->src, &p, run->pool, &run->join, err);
    candidates += run->join.candidates;
    if (r == 0) r = take_clusters(run, &grown);
  }
  run->out->candidates += candidates;
  run->out->verified += candidates;
  if (r == 0 && run->out->npairs > 0)
    qsort(run->out->pair, run->out->npairs, sizeof *run->out->pair, by_place);
  for (uint32_t i = 0; r == 0 && i < run->n; i++)
    run->out->open[i] = run->floor > run->p->floor || (p.centre != NULL && !run->centre[same_as(run, i)]);
  return r;
}

/* Pairs of texts that are both rejected cost more to leave out than to find, unless they are many:
** then all texts are centres. Followers of one kept text are pairs among themselves. */
static int join_few(Run *run, Error *err) {
  size_t *followers = calloc(run->n + 1, sizeof *followers);
  double pairs = 0;
  if (followers == NULL) return error_memory(err);
  for (size_t i = 0; i < run->n; i++)
    if (run->out->twin[i] != TEXT_NONE) pairs += (double)followers[run->out->twin[i]]++;
  free(followers);
  const int components = run->p->mode == CLUSTER_COMPONENTS;
  if (components && pairs > MOST_PAIRS)
    return error_set(err, "components by the exact join would list more than %.0f million pairs; "
                          "the sketches find them without", MOST_PAIRS / 1e6);
  double few = run->p->evidence ? (double)run->p->evidence_pairs : FEW;
  const int is_few = pairs <= few * (double)run->n;
  if (components || is_few) memset(run->centre, 1, run->n);
  if (run->p->evidence && !is_few) run->floor = run->p->threshold;
  return 0;
}

int leaders_exact(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out, Error *err) {
  LeaderParams begin = *p;   /* kept texts are all that the sketches are asked for */
  begin.mode = CLUSTER_LEADER;
  begin.evidence = 0;
  if (p->evidence) begin.threshold = p->floor;   /* so that pairs below the threshold are estimated too */
  begin.floor = begin.threshold;
  err->text[0] = '\0';
  int r = leaders_find(src, &begin, pool, out, err);
  if (r != 0) return r;
  Run run = { .src = src, .p = p, .pool = pool, .n = src->n, .out = out, .floor = p->floor };
  run.order = malloc((run.n + 1) * sizeof *run.order);
  run.centre = calloc(run.n + 1, 1);
  if (run.order == NULL || run.centre == NULL) r = -1;
  if (r == 0) r = leaders_order(src, p, pool, run.order);
  for (size_t i = 0; r == 0 && i < run.n; i++) run.centre[i] = out->twin[i] == TEXT_NONE;
  if (r == 0) r = join_few(&run, err);
  if (r == 0) r = join_all(&run, err);
  join_free(&run.join);
  free(run.order);
  free(run.centre);
  if (r == 0) return 0;
  leaders_free(out);
  return r == POOL_INTERRUPTED || err->text[0] != '\0' ? r : error_memory(err);
}
