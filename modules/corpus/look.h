/* modules/corpus/look.h - what somebody who looks around asks of a view: the copies of a row, and
** how often two keys go together. */
#ifndef TAMIS_LOOK_H
#define TAMIS_LOOK_H

#include "corpus/view.h"

/* The rows connected with `row` by the twins that rejected rows name, the kept one with them, itself
** included: ascending into out [nrows]. How many; -1 if out of memory. O(rows of the view). */
long look_cluster(const View *v, uint32_t row, uint32_t *out);

/* How many rows have value a of one key and value b of another (names ids, NAME_NONE for none). */
typedef struct KeyPair { uint32_t a, b, count; } KeyPair;

/* Counts the pairs a[row], b[row] of rows[0..n), or of all nrows where rows is NULL; in ascending
** order of a, then b. *out is malloc'ed. 0, or -1 if out of memory. */
int look_pairs(const uint32_t *a, const uint32_t *b, const uint32_t *rows, size_t n, KeyPair **out, size_t *pairs);

/* Orders pairs by their counts, the highest first, ties by a, then b. */
void look_most(KeyPair *p, size_t n);

#endif
