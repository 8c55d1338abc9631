/* modules/neardup/compared.h - the standing rows of a view as texts that are ready to be compared:
** fields, unit, turns, what all share left out, trusted rows first. Inside the module only. */
#ifndef TAMIS_COMPARED_H
#define TAMIS_COMPARED_H

#include "neardup/leaders.h"
#include "neardup/mask.h"

/* The standing rows, and which of them are trusted. */
typedef struct Rows {
  uint32_t *row;      /* [n] */
  uint8_t *trusted;   /* [n]; NULL: none is */
  size_t n;
} Rows;

int rows_of(Rows *r, const View *v, Error *err);   /* 0; -1 with err worded. rows_free is due in any case */
void rows_free(Rows *r);

typedef struct Compared {
  Rows rows;
  LeaderParams p;     /* first and rank are of these rows */
  ViewTexts texts;
  Template shared;
  Mask *mask;
  double *rank;
} Compared;

/* p->rank, if any, is one number a row of the corpus. 0; -1 with err worded; POOL_INTERRUPTED;
** compared_close is due in any case. */
int compared_open(Compared *c, const View *v, unsigned fields, const LeaderParams *p, const TemplateParams *t,
                  Pool *pool, Error *err);
void compared_close(Compared *c);

/* Unit, turns and mask of what is compared; *mask is the caller's to free. 0; -1 with err worded;
** POOL_INTERRUPTED. */
int compared_set(ViewTexts *t, const LeaderParams *p, Pool *pool, Mask **mask, Error *err);

#endif
