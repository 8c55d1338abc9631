/* modules/stats/numbers.h - what a column of numbers says: sums, quantiles, histograms.
** Plain arrays in, plain numbers out; no policy, no hidden state. All results are the same for
** the same values in the same order, whatever computed the column. */
#ifndef TAMIS_NUMBERS_H
#define TAMIS_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

/* Copies the numbers that count: not NaN and, where `status` is given, of a row whose status
** is in the set `mask` (bit s set: status s counts). Returns how many; out [n], may be v. */
size_t numbers_pick(const double *v, const uint8_t *status, unsigned mask, size_t n, double *out);

/* Sorts ascending, no NaN among them: radix on the bits, skipping bytes that are all alike, so
** that whole numbers cost two or three passes. tmp [n]. */
void numbers_sort(double *v, double *tmp, size_t n);

/* Sum over fixed blocks in block order. */
double numbers_sum(const double *v, size_t n);

/* The p-quantile of n >= 1 sorted numbers: the value at place (n - 1) * p, between two places
** on the straight line. Hyndman, Fan, "Sample quantiles in statistical packages", 1996, type 7. */
double numbers_quantile(const double *sorted, size_t n, double p);

/* How many of n sorted numbers are smaller than x. */
size_t numbers_below(const double *sorted, size_t n, double x);
/* … or equal to it. */
size_t numbers_upto(const double *sorted, size_t n, double x);

/* Counts sorted numbers in nbins bins between the least and the greatest; edges [nbins + 1],
** counts [nbins]. A bin holds edges[i] <= x < edges[i+1]; the last one its upper edge too.
** With `logarithmic`, bins grow by a constant factor from max(least, 1) on; smaller values
** stand in the first bin, whose lower edge is then the least; fractions of which none is above 1
** stand in bins of equal width. Where all numbers are whole, so are the edges, and every bin holds a
** whole number: there may be fewer bins. n >= 1.
** Returns the number of bins, 1..nbins. */
size_t numbers_histogram(const double *sorted, size_t n, size_t nbins, int logarithmic,
                         double *edges, uint64_t *counts);

/* The bound that keeps at least `share` of n >= 1 sorted numbers: with `lower`, the greatest
** value t of them such that enough are >= t; else the smallest such that enough are <= t. */
double numbers_bound(const double *sorted, size_t n, double share, int lower);

#endif
