/* modules/stats/tally.h - rows counted by a value and by the row that they copy. */
#ifndef TAMIS_TALLY_H
#define TAMIS_TALLY_H

#include "corpus/view.h"

/* One value of a key: how many of the rows that were read whole have it, and how many of them stand. */
typedef struct TallyGroup { uint32_t id, read, standing; } TallyGroup;   /* id: of corpus->names, NAME_NONE without */

/* The groups of all rows by the value of a key (row_key: an annotation, else a path), those without a
** row left out; in no order. *out is malloc'ed. In the same walk over the rows, moments [nrows], where it
** is given, gets the time at the path `when` (measure_moment), NaN of a row that was not read whole.
** 0, -1 if out of memory, POOL_INTERRUPTED. */
int tally_groups(const View *v, Pool *pool, Span key, Span when, double *moments, TallyGroup **out, size_t *n);

/* The same by an annotation alone; 1 if no stage left one of that name. */
int tally_annotation(const View *v, Span name, TallyGroup **out, size_t *n);

/* A kept row, how many rows a stage rejected as copies of it, and the first of them. */
typedef struct TallyCopies { uint32_t row, copies, first; } TallyCopies;

/* Rows whose deciding verdict is that stage's and names a twin, by twin: most copies first, then in
** order of the first copy. *out is malloc'ed. 0, or -1 if out of memory. */
int tally_copies(const View *v, int stage, TallyCopies **out, size_t *n);

/* The first `max` of those copies of each of k rows, in row order: those of row[i] into out[i * max], how
** many they are into n[i]. */
void tally_members(const View *v, int stage, const uint32_t *row, size_t k, uint32_t *out, size_t *n, size_t max);

/* The first `max` rows that a stage rejected or quarantined for a reason, in row order, into out. */
size_t tally_rows(const View *v, int stage, Span reason, uint32_t *out, size_t max);

#endif
