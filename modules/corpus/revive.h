/* modules/corpus/revive.h - rows that come back: what the runner needs to visit rows again whose
** twin was rejected by a later stage.
**
**   orphan   a row that a stage rejected for its twin, whose twin then fell to another stage
**   rewind   a later layer in which rows are as an earlier layer had them, and stand
** Which stages give twins in this sense is the caller's knowledge (a set of stage numbers). */
#ifndef TAMIS_REVIVE_H
#define TAMIS_REVIVE_H

#include "corpus/view.h"

/* The rows that one of the stages with of[stage] == 1 rejected for a twin, and whose twin another
** stage rejected since; a twin in quarantine may come back and keeps them out. Ascending into
** row[v->rejected], with their stages. How many there are. */
size_t view_orphans(const View *v, const uint8_t *of, size_t nstages, uint32_t *row, uint16_t *stage);

/* A child of v in which rows[0..n) stand, with the edits, metrics and annotations that they have in
** `from`, a view of the same corpus. NULL with err worded. */
View *view_rewind(const View *v, const View *from, const uint32_t *rows, size_t n, Error *err);

/* A child of v in which all rows have the edits that they have in `from`. NULL if out of memory. */
View *view_texts_of(const View *v, const View *from);

/* A row and the one it was once rejected for. */
typedef struct RowLink { uint32_t row, twin; } RowLink;

/* Groups of rows connected by a twin that a stage with of[stage] == 1 named, now or, by link[0..n),
** before; those of which no row stands or is in quarantine; and those of them whose rows all fell
** to a twin or to a stage with of[stage] == 2. 0, or -1 if out of memory. */
typedef struct TwinGroups { size_t groups, empty, failed; } TwinGroups;
int view_twin_groups(const View *v, const uint8_t *of, size_t nstages, const RowLink *link, size_t n,
                     TwinGroups *out);

#endif
