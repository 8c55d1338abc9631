/* modules/diff/keys.h - what a run's ledger says of the rows that it wrote: a column of it as an
** annotation of a view of its files. */
#ifndef TAMIS_DIFF_KEYS_H
#define TAMIS_DIFF_KEYS_H

#include "corpus/view.h"

/* A child of v, whose sources are output files of the run, with the annotation `name` set to the column of
** the ledger's table rows, row by row of these files; rows that the ledger does not know have none.
** NULL with err worded. */
View *keys_annotate(const View *v, const char *ledger, const char *column, Span name, Error *err);

#endif
