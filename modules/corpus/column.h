/* modules/corpus/column.h - the inside of a Column, for view.c, group.c, revive.c: an array shared
** by views, freed by the last. Whoever holds the only reference may write it. */
#ifndef TAMIS_COLUMN_H
#define TAMIS_COLUMN_H

#include "corpus/view.h"

struct Column {
  atomic_int refs;
  size_t bytes;
  _Alignas(16) char data[];
};

Column *column_new(size_t bytes);               /* uninitialised; NULL if out of memory */
Column *column_copy(const Column *c);
Column *column_ref(Column *c);                  /* NULL is left alone */
void column_unref(Column *c);
static inline uint8_t *column_u8(Column *c) { return (uint8_t *)c->data; }
static inline uint32_t *column_u32(Column *c) { return (uint32_t *)(void *)c->data; }
static inline double *column_f64(Column *c) { return (double *)(void *)c->data; }

/* A child of v that shares all its columns. NULL if out of memory. */
View *view_child(const View *v);
/* For a view nobody else holds yet: makes the column its own, filled where it did not exist
** (verdict and edit with PLACE_NONE, a metric with NaN, an annotation with NAME_NONE); its data,
** or NULL if out of memory. */
uint8_t *view_own_status(View *v);
uint32_t *view_own_verdict(View *v);
uint32_t *view_own_edit(View *v);
double *view_own_metric(View *v, Span name);
double *view_metric_room(View *v, Span name, int fill);   /* fill 0: a new one is left unset */
uint32_t *view_own_annotation(View *v, Span name);
/* Rejects (or quarantines) a standing row with the n records d. 0, or -1 if out of memory. The
** view's status and verdict columns must be its own. */
int view_reject(View *v, uint32_t row, const Verdict *d, size_t n);

#endif
