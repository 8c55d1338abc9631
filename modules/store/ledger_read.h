/* modules/store/ledger_read.h - what a run's ledger.db (ledger.h) tells of the pairs of a stage, for sweeps. */
#ifndef TAMIS_LEDGER_READ_H
#define TAMIS_LEDGER_READ_H

#include "corpus/view.h"

/* Pairs, clusters and members that the stage of that name left, without verdicts; empty where it left none.
** The file is only read, and its figures are checked: rows from 1, a before b, values 0 to 1. NULL with err
** worded. Freed by verdicts_free. */
VerdictList *ledger_pairs(const char *path, const char *stage, Error *err);

#endif
