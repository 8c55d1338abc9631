/* modules/neardup/marks.h - what a run of leaders.h (or cosine/semantic.h) found, in rows of the corpus: verdicts,
** pairs, which clusters there are and which of them may lack pairs. For stages that remove copies. */
#ifndef TAMIS_MARKS_H
#define TAMIS_MARKS_H

#include "neardup/compared.h"

/* Verdicts (of the list's first reason), metric, pairs and, of a first visit, clusters and members: of l, whose texts
** are the rows. metric lives as long as the list. 0; -1 with err worded. */
int leaders_verdicts(VerdictList *list, const View *v, const Rows *rows, const Leaders *l, const char *metric,
                     Error *err);

/* Sets the list's clusters and members; row[l->n] ascends. 0; -1 if out of memory. */
int marks_list(VerdictList *list, const uint32_t *row, const Leaders *l);

/* Is a row of a cluster that is not complete? open[nrows] is set to 0 or 1. */
void marks_open(const RowCluster *cluster, size_t nclusters, const ClusterMember *member, size_t nmembers,
                uint8_t *open, uint32_t nrows);

#endif
