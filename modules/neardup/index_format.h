/* modules/neardup/index_format.h - what the writer and the reader of an index share (index.h).
** Inside the module only. */
#ifndef TAMIS_INDEX_FORMAT_H
#define TAMIS_INDEX_FORMAT_H

#include "neardup/index.h"

#define INDEX_MAGIC "TAMISIDX"
enum { INDEX_HEAD = 16, INDEX_FOOTER = 64 };   /* bytes; the footer's last eight are its check */

typedef struct IndexBlock { uint64_t packed, raw, check; } IndexBlock;

/* Room for the tables of n rows. 0, or -1 if out of memory; what was made is freed by index_free. */
int index_room(Index *x, size_t n);

#endif
