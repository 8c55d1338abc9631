/* modules/export/ordered.h - texts made in parallel, written in order. Workers format chunks; who
** finds the next chunk in order ready writes it and those behind it, while the others format on. */
#ifndef TAMIS_ORDERED_H
#define TAMIS_ORDERED_H

#include "core/buf.h"
#include "core/file.h"
#include "core/pool.h"

/* Appends the text of indices [begin, end) to out. 0; else it stops: -1, with err worded. */
typedef int (*OrderedFn)(void *ctx, size_t begin, size_t end, int worker, Buf *out, Error *err);

/* Runs fn over [0, n) in chunks and writes what it gives to w, in order. 0; -1 with err worded
** (of the chunk with the lowest indices); POOL_INTERRUPTED. */
int ordered_write(Pool *pool, size_t n, size_t grain, OrderedFn fn, void *ctx, FileWriter *w, Error *err);

#endif
