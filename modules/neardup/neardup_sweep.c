/* modules/neardup/neardup_sweep.c - neardup_sweep (neardup.h): rows to texts and back. */
#include <stdlib.h>

#include "neardup/compared.h"
#include "neardup/marks.h"
#include "neardup/neardup.h"

enum { NO_TEXT = 0xFFFFFFFF };

typedef struct Mapped {
  uint32_t *text;      /* [nrows] of a standing row; NO_TEXT */
  TextPair *pair;      /* [evidence->npairs] */
  uint8_t *open_row;   /* [nrows] */
  uint8_t *open;       /* [n] */
} Mapped;

static void mapped_free(Mapped *m) {
  free(m->text);
  free(m->pair);
  free(m->open_row);
  free(m->open);
}

static int strange_row(uint32_t row, Error *err) {
  return error_set(err, "the pairs name row %u, which did not reach the stage in this view", row + 1);
}

/* Every row that the evidence names must be one that is compared. */
static int check_rows(const Mapped *m, const SweepEvidence *e, uint32_t nrows, Error *err) {
  for (size_t i = 0; i < e->npairs; i++) {
    if (e->pair[i].a >= nrows || m->text[e->pair[i].a] == NO_TEXT) return strange_row(e->pair[i].a, err);
    if (e->pair[i].b >= nrows || m->text[e->pair[i].b] == NO_TEXT) return strange_row(e->pair[i].b, err);
  }
  for (size_t i = 0; i < e->nclusters; i++)
    if (e->cluster[i].row >= nrows) return strange_row(e->cluster[i].row, err);
  for (size_t i = 0; i < e->nmembers; i++)
    if (e->member[i].row >= nrows || e->member[i].cluster >= nrows) return strange_row(e->member[i].row, err);
  return 0;
}

static int map_rows(Mapped *m, const Rows *rows, uint32_t nrows, const SweepEvidence *e, Error *err) {
  m->text = malloc((nrows + (size_t)1) * sizeof *m->text);
  m->pair = malloc((e->npairs + 1) * sizeof *m->pair);
  m->open_row = malloc(nrows + (size_t)1);
  m->open = malloc(rows->n + 1);
  if (m->text == NULL || m->pair == NULL || m->open_row == NULL || m->open == NULL) return error_memory(err);
  memset(m->text, 0xFF, (nrows + (size_t)1) * sizeof *m->text);
  for (size_t i = 0; i < rows->n; i++) m->text[rows->row[i]] = (uint32_t)i;
  if (check_rows(m, e, nrows, err) != 0) return -1;
  for (size_t i = 0; i < e->npairs; i++)
    m->pair[i] = (TextPair){ m->text[e->pair[i].a], m->text[e->pair[i].b], e->pair[i].value };
  marks_open(e->cluster, e->nclusters, e->member, e->nmembers, m->open_row, nrows);
  for (size_t i = 0; i < rows->n; i++) m->open[i] = m->open_row[rows->row[i]];
  return 0;
}

static void rows_of_step(SweepStep *step, const uint32_t *row) {
  for (size_t i = 0; i < step->ntaken; i++) {
    step->taken[i].a = row[step->taken[i].a];
    step->taken[i].b = row[step->taken[i].b];
  }
  for (size_t i = 0; i < step->nspared; i++) {
    step->spared[i].a = row[step->spared[i].a];
    step->spared[i].b = row[step->spared[i].b];
  }
  ClusterFigures *f = &step->clusters;
  if (f->largest_of != TEXT_NONE) f->largest_of = row[f->largest_of];
  if (f->loosest_of != TEXT_NONE) f->loosest_of = row[f->loosest_of];
}

int neardup_sweep_texts(const View *v, const Rows *rows, const TextSource *src, const LeaderParams *p,
                        const SweepEvidence *e, const SweepParams *s, Pool *pool, SweepStep *step, Error *err) {
  Mapped m = { 0 };
  for (size_t i = 0; i < s->nsteps; i++) step[i] = (SweepStep){ 0 };
  int r = map_rows(&m, rows, v->corpus->nrows, e, err);
  SweepPairs pairs = { m.pair, e->npairs, m.open };
  if (r == 0) r = sweep_find(src, p, &pairs, s, pool, step, err);
  for (size_t i = 0; r == 0 && i < s->nsteps; i++) rows_of_step(&step[i], rows->row);
  mapped_free(&m);
  return r;
}

int neardup_sweep(const View *v, unsigned fields, const LeaderParams *p, const TemplateParams *t,
                  const SweepEvidence *e, const SweepParams *s, Pool *pool, SweepStep *step, Error *err) {
  Compared c;
  for (size_t i = 0; i < s->nsteps; i++) step[i] = (SweepStep){ 0 };
  int r = compared_open(&c, v, fields, p, t, pool, err);
  if (r == 0) r = neardup_sweep_texts(v, &c.rows, &c.texts.source, &c.p, e, s, pool, step, err);
  compared_close(&c);
  return r;
}

/* ---- without texts ---- */

static int no_text(const TextSource *src, size_t i, int worker, Grams *g) {
  (void)src, (void)i, (void)worker, (void)g;
  return -1;
}

static int choose_rows(Rows *rows, LeaderParams *p, const SweepRows *of, const double **rank, Error *err) {
  double *own = malloc((of->nrows + (size_t)1) * sizeof *own);
  rows->row = malloc((of->nrows + (size_t)1) * sizeof *rows->row);
  rows->first = malloc(of->nrows + (size_t)1);
  *rank = own;
  if (own == NULL || rows->row == NULL || rows->first == NULL) return error_memory(err);
  for (uint32_t i = 0; i < of->nrows; i++) {
    if (of->reached[i] == 0) continue;
    own[rows->n] = of->rank != NULL ? of->rank[i] : 0;
    rows->first[rows->n] = of->reached[i] == SWEEP_TRUSTED;
    rows->row[rows->n++] = i;
  }
  p->first = rows->first;
  p->rank = of->rank != NULL ? own : NULL;
  return 0;
}

int neardup_sweep_rows(const SweepRows *of, const LeaderParams *given, const SweepEvidence *e, const SweepParams *s,
                       SweepStep *step, Error *err) {
  LeaderParams p = *given;
  Rows rows = { 0 };
  Mapped m = { 0 };
  const double *rank;
  for (size_t i = 0; i < s->nsteps; i++) step[i] = (SweepStep){ 0 };
  int r = choose_rows(&rows, &p, of, &rank, err);
  if (r == 0) r = map_rows(&m, &rows, of->nrows, e, err);
  for (size_t i = 0; r == 0 && i < rows.n; i++)
    if (m.open[i]) r = SWEEP_NEEDS_TEXTS;
  if (r == 0 && p.longest && e->npairs > 0) r = SWEEP_NEEDS_TEXTS;
  TextSource none = { .n = rows.n, .fields = no_text };
  SweepPairs pairs = { m.pair, e->npairs, m.open };
  p.longest = 0;
  if (r == 0) r = sweep_find(&none, &p, &pairs, s, NULL, step, err);
  for (size_t i = 0; r == 0 && i < s->nsteps; i++) rows_of_step(&step[i], rows.row);
  free((void *)rank);
  mapped_free(&m);
  rows_free(&rows);
  return r;
}
