/* modules/neardup/rank.h - the number by which rows of a group are ranked, where a value of the row
** tells it: a row operator with the metric "rank". NaN where the row has no such value. */
#ifndef TAMIS_RANK_H
#define TAMIS_RANK_H

#include "corpus/rowop.h"

/* key: an annotation, path or attribute (row_key). A number, or a text that reads as one, as it is;
** true is 1. With times a text may be a date (stats/times.h), in seconds since 1970. NULL if out of
** memory. */
RowOp *rank_op(Span key, int times);

#endif
