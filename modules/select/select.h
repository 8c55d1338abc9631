/* modules/select/select.h - which rows of a group, or of all, stay?
**
** Rows are ranked by a hash of the seed and their identity, so the choice is random, and yet the
** same for any order of reading, number of threads or machine; rows of the same bytes rank by
** order. Rows of trusted sources rank before all others. */
#ifndef TAMIS_SELECT_H
#define TAMIS_SELECT_H

#include "corpus/view.h"

typedef struct Group {
  uint32_t value;    /* names id; NAME_NONE for rows without a value, and those of the text "unknown" */
  uint32_t count;    /* standing rows */
} Group;

/* The standing rows of a view, by their value of a key (row.h, row_key). */
typedef struct Groups {
  View *view;        /* a reference; NULL when empty */
  size_t nrows;
  uint32_t *row;     /* [nrows] standing rows, ascending */
  uint32_t *group;   /* [nrows] their group */
  size_t n;
  Group *item;       /* [n] by value: numbers, then booleans, then texts by bytes; NAME_NONE last */
} Groups;

/* 0; -1 with err worded (err->text "" when interrupted) and *g empty. Takes a reference of view. */
int groups_make(Groups *g, View *view, Pool *pool, Span key, Error *err);
void groups_free(Groups *g);   /* frees and empties */

/* Rejects what is over cap[group]; NAN: no cap. field and reason are kept by the caller as long as
** the list lives. Evidence: the row's rank and the cap. NULL if out of memory. */
VerdictList *groups_cap(const Groups *g, const double *cap, uint64_t seed, const char *field, const char *reason);

/* Keeps n of the standing rows, or those whose place in 0..1 is under share: a row's place does not
** depend on the other rows. Evidence: rank and n, or place and share. NULL if out of memory. */
VerdictList *select_count(const View *v, size_t n, uint64_t seed, const char *field, const char *reason);
VerdictList *select_share(const View *v, double share, uint64_t seed, const char *field, const char *reason);

/* The standing rows in the order of their places, rows of one place in row order, into row[v->standing]:
** any beginning of it is a random sample. 0, or -1 if out of memory. */
int select_order(const View *v, uint64_t seed, uint32_t *row);

/* The place of an identity among 64-bit numbers. */
uint64_t select_place(Hash128 identity, uint64_t seed);

#endif
