/* modules/stats/measure.h - one number a row, over all rows of a view, in parallel.
** out [nrows] gets NaN where a row was not read whole or has no such text or value. Fields are
** read with the view's edits applied. All return 0, -1 with err worded, or POOL_INTERRUPTED. */
#ifndef TAMIS_MEASURE_H
#define TAMIS_MEASURE_H

#include "corpus/view.h"

/* Tokens of a field: white-space words, or characters of a script written without spaces. Where `known`
** [nrows] is given, its number stands for a row without edits that has one; where `read` is given, rows
** that no longer stand are measured as that view of the same rows has them. */
int measure_tokens(const View *v, Field field, const double *known, const View *read, Pool *pool, double *out,
                   Error *err);
/* Bytes of a field's text. */
int measure_bytes(const View *v, Field field, Pool *pool, double *out, Error *err);
/* The number at a path of the row; text that a time_parse takes counts with `times`. */
int measure_path(const View *v, Span path, int times, Pool *pool, double *out, Error *err);
/* The same of one row. */
double measure_moment(const Row *row, Span path);
/* Does the answer stand in the question? 1 where the output, trimmed, has at least min_bytes
** and occurs in the input byte for byte, else 0. Where the tokens of inputs and outputs are given
** [nrows], an output of more tokens than its input is not looked at: no part of a text has more. */
int measure_leak(const View *v, size_t min_bytes, const double *input_tokens, const double *output_tokens, Pool *pool,
                 double *out, Error *err);

#endif
