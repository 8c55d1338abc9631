/* modules/conflict/conflict.h - rows that ask the same and answer otherwise.
**
**   questions  rows are put into groups by their input: the same once folded, or, where `near` is given, near a row
**              that leads the group by exact Jaccard (neardup/leaders.h)
**   answers    the different answers of a group (folded, without punctuation), best first: of a trusted row, then by
**              rank, by how many rows give it, by place
**   compare    each with the `most_answers` best before it (answers.h). Near questions have to be near each other,
**              with the same numbers and as many negations
**   decide     rejecting: reject, all answers with a contradiction; keep_best, those that contradict a better one
**              that is kept
** Linear in rows for a group of any size; the result does not depend on the number of threads. */
#ifndef TAMIS_CONFLICT_H
#define TAMIS_CONFLICT_H

#include "conflict/answers.h"
#include "neardup/leaders.h"

typedef enum ConflictAction { CONFLICT_REPORT, CONFLICT_KEEP_BEST, CONFLICT_REJECT } ConflictAction;

typedef struct ConflictParams {
  ConflictRules rules;
  ConflictAction action;
  int system;                  /* rows of different system texts do not ask the same */
  int fold_flags;              /* how exact questions are folded */
  const LeaderParams *near;    /* NULL: the same once folded */
  Field output;
  size_t min_words;            /* questions of fewer tokens are left alone */
  size_t most_answers;
  const double *rank;          /* [rows of the corpus] higher is better, NaN last; NULL: all alike */
  int majority;                /* answers of more rows are better */
} ConflictParams;

typedef struct ConflictRow {
  uint32_t twin;               /* place of a row that contradicts, the best; TEXT_NONE: none does */
  uint32_t rows;               /* how many rows contradict (of the answers that were compared) */
  uint8_t signal;              /* ConflictSignal */
  uint8_t rejected;
  double input, output;        /* similarity with the twin */
  double lowest;               /* of the output with any other answer of the group; NaN: there is none */
} ConflictRow;

typedef struct Conflicts {
  size_t n;
  uint32_t *row;               /* [n] rows of the corpus, ascending */
  ConflictRow *found;          /* [n] */
  size_t questions;            /* groups of two rows or more */
  size_t answered;             /* of these, with more than one answer */
  size_t contradicted;         /* of these, with a contradiction */
} Conflicts;

/* 0; -1 with err worded; POOL_INTERRUPTED. *out is empty unless 0. */
int conflict_find(const View *v, const ConflictParams *p, Pool *pool, Conflicts *out, Error *err);
void conflicts_free(Conflicts *c);

#endif
