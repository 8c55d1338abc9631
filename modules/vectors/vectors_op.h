/* modules/vectors/vectors_op.h - the operator of the stage embed: rows without a vector. */
#ifndef TAMIS_VECTORS_OP_H
#define TAMIS_VECTORS_OP_H

#include "corpus/rowop.h"
#include "vectors/vectors.h"

/* Rejects rows without a vector, where reject is set: "no_vector" (nobody gave one, or it is all zero: no word that
** the embedding knows), "bad_vector" (NaN or infinity in it). tell: such rows that stay get the metric no_vector, their
** VectorState. Takes a reference of v. NULL if out of memory. */
RowOp *vectors_op(Vectors *v, int reject, int tell);

#endif
