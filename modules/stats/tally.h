/* modules/stats/tally.h - rows counted by a value and by the row that they copy. */
#ifndef TAMIS_TALLY_H
#define TAMIS_TALLY_H

#include "corpus/view.h"

/* One value of a key: how many of the rows that were read whole have it, and how many of them stand. */
typedef struct TallyGroup { uint32_t id, read, standing; } TallyGroup;   /* id: of corpus->names, NAME_NONE without */

/* The groups of all rows by the value of a key (row_key: an annotation, else a path), those without a
** row left out; in no order. *out is malloc'ed. 0, -1 if out of memory, POOL_INTERRUPTED. */
int tally_groups(const View *v, Pool *pool, Span key, TallyGroup **out, size_t *n);

/* A kept row and how many rows a stage rejected as copies of it. */
typedef struct TallyCopies { uint32_t row, copies; } TallyCopies;

/* Rows whose deciding verdict is that stage's and names a twin, by twin: most copies first, then in
** row order. *out is malloc'ed. 0, or -1 if out of memory. */
int tally_copies(const View *v, int stage, TallyCopies **out, size_t *n);

/* The first `max` of those copies of a row, in row order, into out; how many it wrote. */
size_t tally_members(const View *v, int stage, uint32_t row, uint32_t *out, size_t max);

#endif
