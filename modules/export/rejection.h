/* modules/export/rejection.h - a row that does not stand, as rejected.jsonl holds it. */
#ifndef TAMIS_REJECTION_H
#define TAMIS_REJECTION_H

#include "corpus/view.h"

/* Appends the row's object as read with "_rejection" at its end (an older one is left out); or,
** for a line that is no object, {"_rejection": …, "_raw": "…"}; or with `refs` nothing but
** {"_rejection": …}. No line feed. 0, or -1 if out of memory. */
int rejection_write(Buf *out, const Row *r, int refs);

#endif
