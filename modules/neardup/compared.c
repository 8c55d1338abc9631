/* modules/neardup/compared.c - see compared.h */
#include "neardup/compared.h"

#include <stdlib.h>

void rows_free(Rows *r) {
  free(r->row);
  free(r->trusted);
}

int rows_of(Rows *r, const View *v, Error *err) {
  const Corpus *c = v->corpus;
  int any = 0;
  *r = (Rows){ .n = v->standing, .row = malloc((v->standing + 1) * sizeof(uint32_t)) };
  if (r->row == NULL) return error_memory(err);
  view_standing(v, r->row);
  for (size_t s = 0; s < c->nsources; s++) any |= c->sources[s].trusted;
  if (!any) return 0;
  r->trusted = malloc(v->standing + 1);
  if (r->trusted == NULL) return error_memory(err);
  for (size_t i = 0; i < r->n; i++) r->trusted[i] = c->sources[c->rows[r->row[i]].source].trusted != 0;
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

int compared_open(Compared *c, const View *v, unsigned fields, const LeaderParams *p, const TemplateParams *t,
                  Pool *pool, Error *err) {
  *c = (Compared){ .p = *p };
  if (rows_of(&c->rows, v, err) != 0) return -1;
  const Rows *rows = &c->rows;
  c->p.first = rows->trusted;
  if (p->rank != NULL) {
    c->p.rank = c->rank = malloc((rows->n + 1) * sizeof *c->rank);
    if (c->rank == NULL) return error_memory(err);
    for (size_t i = 0; i < rows->n; i++) c->rank[i] = p->rank[rows->row[i]];
  }
  int r = view_texts_init(&c->texts, v, rows->row, rows->n, fields, 0, pool);
  if (r == 0) r = template_find(&c->shared, v, rows->row, rows->n, fields, 0, t);
  if (r != 0) return error_memory(err);
  if (template_any(&c->shared)) c->texts.cut = &c->shared;
  return compared_set(&c->texts, p, pool, &c->mask, err);
}

void compared_close(Compared *c) {
  view_texts_free(&c->texts);
  template_free(&c->shared);
  mask_free(c->mask);
  free(c->rank);
  rows_free(&c->rows);
}
