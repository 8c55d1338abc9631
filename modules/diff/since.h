/* modules/diff/since.h - which rows a run keeps that an earlier one did not, and the other way round, by the
** identity of their bytes: a view against a ledger. Rows of equal bytes are counted, not told apart. */
#ifndef TAMIS_DIFF_SINCE_H
#define TAMIS_DIFF_SINCE_H

#include "corpus/view.h"

/* Rows that were gained or lost for one reason. */
typedef struct SinceCause {
  int lost;              /* 1; 0: gained */
  char *stage, *reason;  /* owned: what rejects a lost row now, or rejected a gained one before; NULL: the row is
                         ** not in the sources now, or was not before */
  size_t rows;
} SinceCause;

typedef struct Since {
  size_t kept, kept_before;
  size_t gained, lost;
  SinceCause *cause;     /* [ncauses] gained first, most rows first, ties by name */
  size_t ncauses;
} Since;

/* 0; -1 with err worded (no ledger that can be read, or no memory); *s is empty unless 0. */
int since_find(const View *v, const char *ledger, Since *s, Error *err);
void since_free(Since *s);   /* frees and empties */

#endif
