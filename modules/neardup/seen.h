/* modules/neardup/seen.h - the rows of a view that an earlier run kept already, as verdicts. */
#ifndef TAMIS_SEEN_H
#define TAMIS_SEEN_H

#include "neardup/against.h"
#include "neardup/index.h"
#include "neardup/neardup.h"

/* Standing rows that match a text of an index (against.h): reason seen_before, metric jaccard,
** evidence {"field", "twin": {"run": "NAME/ID", "source", "line"}, "jaccard"}. Rows of trusted sources
** are judged like all others: what an earlier run published stays where it is. What the view's rows
** share by t is left out of both sides. Every index holds the fields, of
** the same turns. NULL with err worded; err->text
** "" when interrupted. */
VerdictList *neardup_seen(const View *v, const Index *const *index, size_t n, unsigned fields,
                          const LeaderParams *p, const TemplateParams *t, Pool *pool, AgainstCounts *counts,
                          Error *err);

/* Leaves of a list the verdicts on row[0..n), ascending. */
void neardup_seen_only(VerdictList *list, const uint32_t *row, size_t n);
/* Adds the verdicts of a list that neardup_seen made to another one. 0, or -1 if out of memory. */
int neardup_seen_join(VerdictList *to, const VerdictList *seen);

#endif
