/* modules/neardup/compared.h - the standing rows of a view as texts that are ready to be compared:
** fields, unit, turns, what all share left out, trusted rows first. For stages that remove copies. */
#ifndef TAMIS_COMPARED_H
#define TAMIS_COMPARED_H

#include "neardup/leaders.h"
#include "neardup/mask.h"

/* What a row that is visited again may become. */
enum { AGAIN_NOT, AGAIN_ANY, AGAIN_BARRED };

/* The standing rows, and in which order they are visited. */
typedef struct Rows {
  uint32_t *row;      /* [n] */
  uint8_t *first;     /* [n] rows of a higher number are visited earlier: 1 trusted; NULL: all alike */
  uint8_t *again;     /* [n] AGAIN_…; NULL: all are judged for the first time */
  uint8_t *barred;    /* [n] where it is AGAIN_BARRED; NULL */
  size_t n;
} Rows;

int rows_of(Rows *r, const View *v, Error *err);   /* 0; -1 with err worded. rows_free is due in any case */
/* Rows that stand come before those that are visited again, trusted ones first among each; rows
** holds them all. 0; -1 if out of memory. */
int rows_again(Rows *r, const View *v, const NeardupAgain *again);
void rows_free(Rows *r);

/* Does this visit give row i a verdict? */
static inline int is_judged(const Rows *rows, size_t i) {
  return rows->again == NULL || rows->again[i] != AGAIN_NOT;
}

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
/* The same for rows that are visited again, and those that stand and may match one of them: by the
** keys that p->memory holds, with the template and the mask of the first visit. Keys of rows that
** it never saw are added to it. */
int compared_again(Compared *c, const View *v, unsigned fields, const LeaderParams *p, const NeardupAgain *again,
                   Pool *pool, Error *err);
void compared_close(Compared *c);

/* Hands the memory of p the template and the mask, if it has none, and the keys of the rows. 0; -1 with
** err worded. */
int compared_remember(Compared *c, Leaders *l, Error *err);

/* Unit, turns and mask of what is compared; *mask is the caller's to free. 0; -1 with err worded;
** POOL_INTERRUPTED. */
int compared_set(ViewTexts *t, const LeaderParams *p, Pool *pool, Mask **mask, Error *err);

#endif
