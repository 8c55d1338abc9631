/* modules/select/select.h - which rows of a group, or of all, stay?
**
** Rows of trusted sources rank before all others; then those with the higher number, where rows are ranked by one;
** then by a hash of the seed and their identity, so that the choice is random, and yet the same for any order of
** reading, number of threads or machine; rows of the same bytes rank by order. */
#ifndef TAMIS_SELECT_H
#define TAMIS_SELECT_H

#include "select/groups.h"

/* How many rows of which groups stay. Several groups may share one quota: they are ranked as one. */
typedef struct Quota {
  const uint32_t *bin;     /* [groups] which of the quotas a group's rows fall under */
  const double *most;      /* [nbins] NAN: all stay */
  size_t nbins;
  const double *number;    /* [nrows of the corpus] higher ones rank first, NAN last; NULL: by chance */
  uint64_t seed;
  const char *field, *reason;   /* kept by the caller as long as the list lives */
} Quota;

/* Rejects what is over a quota. Evidence: the row's rank and the quota. NULL if out of memory. */
VerdictList *groups_choose(const Groups *g, const Quota *q);

/* The rows of each quota as they rank: those of bin b are row[begin[b] .. begin[b + 1]). row[nrows of g],
** begin[nbins + 1]. 0, or -1 if out of memory. */
int groups_ranked(const Groups *g, const Quota *q, uint32_t *row, uint32_t *begin);

/* Keeps n of the standing rows, or those whose place in 0..1 is under share: a row's place does not
** depend on the other rows. Evidence: rank and n, or place and share. NULL if out of memory. */
VerdictList *select_count(const View *v, size_t n, uint64_t seed, const char *field, const char *reason);
VerdictList *select_share(const View *v, double share, uint64_t seed, const char *field, const char *reason);

/* The standing rows in the order of their places, rows of one place in row order, into row[v->standing]:
** any beginning of it is a random sample. 0, or -1 if out of memory. */
int select_order(const View *v, uint64_t seed, uint32_t *row);

/* The standing rows as they rank: trusted ones first, then by number (as in Quota; NULL: none), then by place; into
** row[v->standing]. 0, or -1 if out of memory. */
int select_ranked(const View *v, const double *number, uint64_t seed, uint32_t *row);

/* The place of an identity among 64-bit numbers. */
uint64_t select_place(Hash128 identity, uint64_t seed);

int select_trusted(const Corpus *c, uint32_t row);   /* is the row of a trusted source? */

#endif
