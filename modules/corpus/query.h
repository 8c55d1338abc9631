/* modules/corpus/query.h - questions about a view's rows: where is one, how many of which. */
#ifndef TAMIS_QUERY_H
#define TAMIS_QUERY_H

#include "corpus/view.h"

/* How often a reason decided; in falling order of count, ties by stage and reason. */
typedef struct ReasonCount { uint16_t stage; uint32_t reason, count, example; } ReasonCount;
/* *out is malloc'ed. 0, or -1 if out of memory. */
int query_reasons(const View *v, ReasonCount **out, size_t *n);

/* A names id for each row's value of a key (row_key), NAME_NONE where there is none; only for rows
** whose status's bit (1 << Status) is in `statuses`, NAME_NONE for the others. Parallel.
** 0, -1 if out of memory, POOL_INTERRUPTED. */
int query_keys(const View *v, Pool *pool, Span key, unsigned statuses, uint32_t *ids);

/* Rows whose status's bit is in `statuses` and, where they are given (not -1, not NAME_NONE), whose
** deciding stage and reason are those; into out [nrows], ascending. How many there are. */
size_t query_rows(const View *v, unsigned statuses, int stage, uint32_t reason, uint32_t *out);

/* Row numbers; each returns how many were found, out [max] holds the first, -1 if out of memory. */
/* Rows of the sources of that path and that line. */
long query_line(const View *v, Span path, uint32_t line, uint32_t *out, size_t max);
/* Rows whose value at the corpus' id_path reads so. */
long query_id(const View *v, Pool *pool, Span id, uint32_t *out, size_t max);
/* Rows in which a field holds the words, ASCII letters of either case; a row that could not be
** read, in its bytes. */
long query_text(const View *v, Pool *pool, Span words, uint32_t *out, size_t max);

/* The row's value at id_path as people write it: text, or a number's digits. ptr NULL: none. The
** text lives as the Row's spans do. */
Span query_row_id(const Row *r);

#endif
