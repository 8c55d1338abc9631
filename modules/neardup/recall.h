/* modules/neardup/recall.h - how many of the true pairs do the bands of sketches propose? */
#ifndef TAMIS_RECALL_H
#define TAMIS_RECALL_H

#include "neardup/leaders.h"

/* How many of pair[0..npairs) share a band's key. 0; -1 if out of memory; POOL_INTERRUPTED. */
int recall_count(const TextSource *src, const LeaderParams *p, const TextPair *pair, size_t npairs,
                 size_t *proposed);

#endif
