/* modules/neardup/leaders_exact.h - leaders (leaders.h) over the exact join: no pair is missed.
**
** The pairs of a template that a hundred thousand rows share are too many to list, and leaders
** needs only those of kept texts. So the sketches find leaders first; the join then gives every
** pair with one of those; leaders are taken again, in visiting order, over these pairs. If one is
** kept that was not before (a pair had been missed), its pairs are joined too, until none is: then
** all pairs of all kept texts are known, and the clusters are those of the definition. */
#ifndef TAMIS_LEADERS_EXACT_H
#define TAMIS_LEADERS_EXACT_H

#include "neardup/leaders.h"

/* As leaders_find; out->candidates counts both searches, out->groups is of the sketches. */
int leaders_exact(const TextSource *src, const LeaderParams *p, Pool *pool, Leaders *out, Error *err);

#endif
