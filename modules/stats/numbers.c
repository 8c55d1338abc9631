/* modules/stats/numbers.c - see numbers.h */
#include "stats/numbers.h"

#include <math.h>
#include <string.h>

enum { BLOCK = 4096 };

size_t numbers_pick(const double *v, const uint8_t *status, unsigned mask, size_t n, double *out) {
  size_t kept = 0;
  for (size_t i = 0; i < n; i++) {
    double x = v[i];
    if (isnan(x)) continue;
    if (status != NULL && (mask >> status[i] & 1u) == 0) continue;
    out[kept++] = x;
  }
  return kept;
}

/* Bits that sort as unsigned integers the way the doubles do. */
static uint64_t key_of(double x) {
  uint64_t b;
  memcpy(&b, &x, sizeof b);
  return b >> 63 ? ~b : b | 1ull << 63;
}

static void radix_pass(const double *from, double *to, size_t n, unsigned shift,
                       const size_t count[256]) {
  size_t place[256], at = 0;
  for (int d = 0; d < 256; d++) {
    place[d] = at;
    at += count[d];
  }
  for (size_t i = 0; i < n; i++) to[place[key_of(from[i]) >> shift & 255]++] = from[i];
}

void numbers_sort(double *v, double *tmp, size_t n) {
  size_t count[8][256] = { { 0 } };
  for (size_t i = 0; i < n; i++) {
    uint64_t k = key_of(v[i]);
    for (int b = 0; b < 8; b++) count[b][k >> (8 * b) & 255]++;
  }
  double *from = v, *to = tmp;
  for (unsigned b = 0; b < 8; b++) {
    if (n == 0 || count[b][key_of(v[0]) >> (8 * b) & 255] == n) continue;   /* all alike */
    radix_pass(from, to, n, 8 * b, count[b]);
    double *swap = from;
    from = to;
    to = swap;
  }
  if (from != v && n > 0) memcpy(v, from, n * sizeof *v);
}

double numbers_sum(const double *v, size_t n) {
  double total = 0;
  for (size_t at = 0; at < n; at += BLOCK) {
    size_t end = n - at < BLOCK ? n : at + BLOCK;
    double part = 0;
    for (size_t i = at; i < end; i++) part += v[i];
    total += part;
  }
  return total;
}

double numbers_quantile(const double *sorted, size_t n, double p) {
  double h = (double)(n - 1) * p;
  size_t lo = (size_t)h;
  if (lo >= n - 1) return sorted[n - 1];
  return sorted[lo] + (h - (double)lo) * (sorted[lo + 1] - sorted[lo]);
}

size_t numbers_below(const double *sorted, size_t n, double x) {
  size_t lo = 0, hi = n;
  while (lo < hi) {
    size_t mid = lo + (hi - lo) / 2;
    if (sorted[mid] < x) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

size_t numbers_upto(const double *sorted, size_t n, double x) {
  return numbers_below(sorted, n, nextafter(x, INFINITY));
}

static int all_whole(const double *v, size_t n) {
  for (size_t i = 0; i < n; i++)
    if (v[i] != floor(v[i])) return 0;
  return 1;
}

/* Moves the inner edges up to whole numbers and leaves out those that would part nothing; the
** bins that are left. A power that is a hair above a whole number is that number. */
static size_t whole_edges(double *edges, size_t nbins) {
  size_t kept = 1;
  for (size_t i = 1; i < nbins; i++) {
    double edge = ceil(edges[i] - 1e-9 * fabs(edges[i]));
    if (edge > edges[kept - 1] && edge <= edges[nbins]) edges[kept++] = edge;
  }
  edges[kept] = edges[nbins];
  return kept;
}

size_t numbers_histogram(const double *sorted, size_t n, size_t nbins, int logarithmic,
                         double *edges, uint64_t *counts) {
  double least = sorted[0], most = sorted[n - 1];
  const int whole = all_whole(sorted, n);
  if (most <= 1 && !whole) logarithmic = 0;   /* all would stand in the first bin */
  double base = logarithmic && least < 1 ? 1 : least;   /* log of 0 is nowhere */
  double top = most < base ? base : most;
  for (size_t i = 0; i <= nbins; i++) {
    double part = (double)i / (double)nbins;
    edges[i] = logarithmic ? base * pow(top / base, part) : least + (top - least) * part;
  }
  edges[0] = least;
  edges[nbins] = most;
  if (whole) nbins = whole_edges(edges, nbins);
  else edges[nbins] = top;
  size_t before = 0;
  for (size_t i = 0; i < nbins; i++) {
    size_t upto = i + 1 == nbins ? n : numbers_below(sorted, n, edges[i + 1]);
    if (upto < before) upto = before;
    counts[i] = upto - before;
    before = upto;
  }
  return nbins;
}

double numbers_bound(const double *sorted, size_t n, double share, int lower) {
  double want = ceil(share * (double)n - 1e-9);   /* a share such as 0.9 is no exact binary number */
  size_t keep = want < 1 ? 1 : want > (double)n ? n : (size_t)want;
  return lower ? sorted[n - keep] : sorted[keep - 1];
}
