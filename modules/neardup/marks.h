/* modules/neardup/marks.h - which clusters a run of leaders.h made, and which of them may lack pairs:
** for the ledger, in rows of the corpus. Inside the module only. */
#ifndef TAMIS_MARKS_H
#define TAMIS_MARKS_H

#include "neardup/leaders.h"

/* Sets the list's clusters and members; row[l->n] ascends. 0; -1 if out of memory. */
int marks_list(VerdictList *list, const uint32_t *row, const Leaders *l);

/* Is a row of a cluster that is not complete? open[nrows] is set to 0 or 1. */
void marks_open(const RowCluster *cluster, size_t nclusters, const ClusterMember *member, size_t nmembers,
                uint8_t *open, uint32_t nrows);

#endif
