/* modules/neardup/compared.c - see compared.h */
#include "neardup/compared.h"

#include <stdlib.h>

#include "neardup/lsh.h"

void rows_free(Rows *r) {
  free(r->row);
  free(r->first);
  free(r->again);
  free(r->barred);
}

static int is_trusted(const Corpus *c, uint32_t row) { return c->sources[c->rows[row].source].trusted != 0; }

int rows_of(Rows *r, const View *v, Error *err) {
  const Corpus *c = v->corpus;
  int any = 0;
  *r = (Rows){ .n = v->standing, .row = malloc((v->standing + 1) * sizeof(uint32_t)) };
  if (r->row == NULL) return error_memory(err);
  view_standing(v, r->row);
  for (size_t s = 0; s < c->nsources; s++) any |= c->sources[s].trusted;
  if (!any) return 0;
  r->first = malloc(v->standing + 1);
  if (r->first == NULL) return error_memory(err);
  for (size_t i = 0; i < r->n; i++) r->first[i] = (uint8_t)is_trusted(c, r->row[i]);
  return 0;
}

int rows_again(Rows *r, const View *v, const NeardupAgain *again) {
  free(r->first);
  r->first = malloc(r->n + 1);
  r->again = calloc(r->n + 1, 1);
  r->barred = calloc(r->n + 1, 1);
  if (r->first == NULL || r->again == NULL || r->barred == NULL) return -1;
  for (size_t i = 0, k = 0; i < r->n; i++) {
    while (k < again->n && again->row[k] < r->row[i]) k++;
    if (k < again->n && again->row[k] == r->row[i]) r->again[i] = again->barred[k] ? AGAIN_BARRED : AGAIN_ANY;
    r->barred[i] = r->again[i] == AGAIN_BARRED;
    r->first[i] = (uint8_t)((r->again[i] == AGAIN_NOT ? 2 : 0) + is_trusted(v->corpus, r->row[i]));
  }
  return 0;
}

int compared_set(ViewTexts *t, const LeaderParams *p, Pool *pool, Mask **mask, Error *err) {
  *mask = NULL;
  t->source.unit = p->text.unit;
  t->turns = p->text.turns;
  if (p->text.mask.share <= 0) return 0;
  int r = mask_find(mask, &t->source, p->shingle, &p->text.mask, pool, err);
  t->source.mask = *mask;
  return r;
}

/* Order and texts of c->rows, but for what they all leave out. */
static int open_texts(Compared *c, const View *v, unsigned fields, const LeaderParams *p, Pool *pool, Error *err) {
  const Rows *rows = &c->rows;
  c->p.first = rows->first;
  c->p.barred = rows->barred;
  c->p.row = rows->row;
  if (p->rank != NULL) {
    c->p.rank = c->rank = malloc((rows->n + 1) * sizeof *c->rank);
    if (c->rank == NULL) return error_memory(err);
    for (size_t i = 0; i < rows->n; i++) c->rank[i] = p->rank[rows->row[i]];
  }
  return view_texts_init(&c->texts, v, rows->row, rows->n, fields, 0, pool) != 0 ? error_memory(err) : 0;
}

int compared_open(Compared *c, const View *v, unsigned fields, const LeaderParams *p, const TemplateParams *t,
                  Pool *pool, Error *err) {
  *c = (Compared){ .p = *p };
  c->p.keep_keys = p->memory != NULL;
  if (rows_of(&c->rows, v, err) != 0 || open_texts(c, v, fields, p, pool, err) != 0) return -1;
  if (template_find(&c->shared, v, c->rows.row, c->rows.n, fields, 0, t) != 0) return error_memory(err);
  if (template_any(&c->shared)) c->texts.cut = &c->shared;
  return compared_set(&c->texts, p, pool, &c->mask, err);
}

/* ---- a second visit ---- */

/* What the first visit left out is left out again. */
static void set_again(ViewTexts *t, const LeaderParams *p) {
  t->source.unit = p->text.unit;
  t->turns = p->text.turns;
  t->source.mask = p->memory->mask;
  if (template_any(&p->memory->shared)) t->cut = &p->memory->shared;
}

int compared_remember(Compared *c, Leaders *l, Error *err) {
  NeardupMemory *m = c->p.memory;
  uint32_t *row = malloc((c->rows.n + 1) * sizeof *row), *keys = l->keys;
  if (row == NULL) return error_memory(err);
  memcpy(row, c->rows.row, c->rows.n * sizeof *row);
  if (m->stride == 0) {
    m->shared = c->shared;
    m->mask = c->mask;
    c->shared = (Template){ 0 };
    c->mask = NULL;
    m->bands = c->p.bands;
    m->stride = lsh_stride(c->p.bands);
  }
  l->keys = NULL;
  return neardup_memory_add(m, row, keys, c->rows.n) == 0 ? 0 : error_memory(err);
}

/* Gives the memory the keys of rows that come from an earlier stage and that it never saw. */
static int remember_new(const View *v, unsigned fields, const LeaderParams *p, const NeardupAgain *again,
                        Pool *pool, Error *err) {
  Compared c = { .p = *p };
  Leaders leaders = { 0 };
  int r = 0;
  c.rows.row = malloc((again->n + 1) * sizeof *c.rows.row);
  if (c.rows.row == NULL) return error_memory(err);
  c.rows.n = neardup_memory_lacks(p->memory, again->row, again->n, c.rows.row);
  if (c.rows.n > 0) {
    r = open_texts(&c, v, fields, p, pool, err);
    c.p.keep_keys = 1;
    set_again(&c.texts, p);
    if (r == 0) r = leaders_find(&c.texts.source, &c.p, pool, &leaders, err);
    if (r == 0) r = compared_remember(&c, &leaders, err);
  }
  leaders_free(&leaders);
  compared_close(&c);
  return r;
}

/* Those visited again, and all that stand and may match one. */
static int near_rows(Rows *rows, const View *v, const LeaderParams *p, const NeardupAgain *again, Pool *pool,
                     Error *err) {
  if (p->exact) return rows_of(rows, v, err);   /* bands may miss a pair */
  rows->row = malloc((p->memory->n + 1) * sizeof *rows->row);
  if (rows->row == NULL) return error_memory(err);
  int r = neardup_memory_near(p->memory, v, again->row, again->n, pool, rows->row, &rows->n);
  return r == 0 || r == POOL_INTERRUPTED ? r : error_memory(err);
}

int compared_again(Compared *c, const View *v, unsigned fields, const LeaderParams *p, const NeardupAgain *again,
                   Pool *pool, Error *err) {
  *c = (Compared){ .p = *p };
  int r = remember_new(v, fields, p, again, pool, err);
  if (r == 0) r = near_rows(&c->rows, v, p, again, pool, err);
  if (r == 0 && rows_again(&c->rows, v, again) != 0) r = error_memory(err);
  if (r == 0) r = open_texts(c, v, fields, p, pool, err);
  if (r == 0) set_again(&c->texts, p);
  return r;
}

void compared_close(Compared *c) {
  view_texts_free(&c->texts);
  template_free(&c->shared);
  mask_free(c->mask);
  free(c->rank);
  rows_free(&c->rows);
}
