/* modules/export/kept.h - a kept row as the export writes it: as it was read but for its edits,
** or in another format, with what is put in and left out. */
#ifndef TAMIS_KEPT_H
#define TAMIS_KEPT_H

#include "export/export.h"
#include "export/splice.h"

/* What a worker keeps from row to row; zero it before first use. */
typedef struct KeptWork {
  Convert convert;
  Buf head, values, weight;  /* members in the making; values of included annotations; the weight */
  Splice *splice;            /* [nsplices] */
  size_t nsplices, cap_splices;
} KeptWork;

void kept_work_free(KeptWork *k);

/* Appends the row, without a line feed. as_turns: see convert_write. 0; -1 with err worded. */
int kept_write(KeptWork *k, const ExportOptions *o, const Row *r, int as_turns, Buf *out, Error *err);
/* Why what is to be included has no place in the row: a static sentence; NULL if it has one. */
const char *kept_refuses(const ExportOptions *o, const Row *r);
/* Does the row change its format when it is written? */
int kept_converts(const ExportOptions *o, const Row *r);

#endif
