/* modules/neardup/decontaminate.c - see decontaminate.h */
#include "neardup/decontaminate.h"

#include <stdlib.h>

enum { GRAIN = 32, WHOLE = 0, INPUT = 1, SIDES = 2 };   /* input with output; input alone */

typedef struct Side {
  ViewTexts gold, rows;
  GoldIndex *index;
} Side;

typedef struct Worker { Grams text; GoldRoom *room[SIDES]; } Worker;

typedef struct Run {
  const DecontaminateParams *p;
  Side side[SIDES];
  int sides;
  Worker *worker;       /* [threads] */
  int threads;
  const uint32_t *gold; /* [ngold] standing rows */
  Template shared;      /* of the rows, cut from gold texts too */
  GoldVerdict *out;
} Run;

/* Is b better evidence than a? An exact copy before a near one, then the higher Jaccard. */
static int better(const GoldMatch *a, const GoldMatch *b) {
  if (b->twin == TEXT_NONE) return 0;
  if (a->twin == TEXT_NONE) return 1;
  return b->exact != a->exact ? b->exact : b->jaccard > a->jaccard;
}

static int match_rows(void *ctx, size_t begin, size_t end, int worker) {
  Run *run = ctx;
  Worker *w = &run->worker[worker];
  for (int s = 0; s < run->sides; s++) {
    if (w->room[s] == NULL) w->room[s] = gold_room_new(run->side[s].index, worker);
    if (w->room[s] == NULL) return -1;
  }
  for (size_t i = begin; i < end; i++) {
    GoldVerdict *v = &run->out[i];
    *v = (GoldVerdict){ .match = { .twin = TEXT_NONE } };
    for (int s = 0; s < run->sides; s++) {
      GoldMatch m = { .twin = TEXT_NONE };
      if (text_read(&run->side[s].rows.source, i, worker, &w->text, run->p->shingle) != 0) return -1;
      if ((run->p->exact_only ? gold_match_exact : gold_match)(run->side[s].index, w->room[s], &w->text, &m) != 0)
        return -1;
      if (better(&v->match, &m)) *v = (GoldVerdict){ m, s == INPUT };
    }
    if (v->match.twin != TEXT_NONE) v->match.twin = run->gold[v->match.twin];
  }
  return 0;
}

static int open_side(Side *s, const View *view, const uint32_t *rows, size_t nrows, const View *gold,
                     const uint32_t *gold_rows, unsigned fields, const Run *run, Pool *pool, Error *err) {
  if (view_texts_init(&s->gold, gold, gold_rows, gold->standing, fields, 0, pool) != 0 ||
      view_texts_init(&s->rows, view, rows, nrows, fields, 0, pool) != 0)
    return error_memory(err);
  if (template_any(&run->shared)) s->gold.cut = s->rows.cut = &run->shared;
  s->index = gold_new(&s->gold.source, run->p->shingle, run->p->threshold, err);
  return s->index == NULL ? -1 : 0;
}

static void close_run(Run *run) {
  for (int s = 0; s < SIDES; s++) {
    view_texts_free(&run->side[s].gold);
    view_texts_free(&run->side[s].rows);
    gold_free(run->side[s].index);
  }
  for (int t = 0; run->worker != NULL && t < run->threads; t++) {
    grams_free(&run->worker[t].text);
    for (int s = 0; s < SIDES; s++) gold_room_free(run->worker[t].room[s]);
  }
  free(run->worker);
  template_free(&run->shared);
}

int decontaminate(const View *view, const uint32_t *rows, size_t nrows, const View *gold,
                  const DecontaminateParams *p, Pool *pool, GoldVerdict *out, Error *err) {
  static const unsigned fields[SIDES] = { 1u << FIELD_INPUT | 1u << FIELD_OUTPUT, 1u << FIELD_INPUT };
  Run run = { .p = p, .sides = p->input_alone ? SIDES : 1, .out = out,
              .threads = pool != NULL ? pool_threads(pool) : 1 };
  uint32_t *gold_rows = malloc((gold->standing + 1) * sizeof *gold_rows);
  run.worker = calloc((size_t)run.threads, sizeof *run.worker);
  run.gold = gold_rows;
  int r = gold_rows == NULL || run.worker == NULL ? error_memory(err) : 0;
  if (r == 0) view_standing(gold, gold_rows);
  if (r == 0 && template_find(&run.shared, view, rows, nrows, fields[WHOLE], 0, &p->shared) != 0)
    r = error_memory(err);
  for (int s = 0; r == 0 && s < run.sides; s++)
    r = open_side(&run.side[s], view, rows, nrows, gold, gold_rows, fields[s], &run, pool, err);
  if (r == 0) {
    r = pool_for(pool, nrows, GRAIN, match_rows, &run);
    if (r != 0 && r != POOL_INTERRUPTED) error_memory(err);
  }
  close_run(&run);
  free(gold_rows);
  return r;
}
