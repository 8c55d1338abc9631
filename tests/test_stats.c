/* tests/test_stats.c - columns of numbers against figures done by hand. */
#include "stats/numbers.h"

#include <math.h>
#include <stdlib.h>

#include "tests/check.h"
#include "stats/times.h"

static int near(double a, double b) { return fabs(a - b) <= 1e-12 * (1 + fabs(b)); }

static void quantiles_lie_on_the_line_between_places(void) {
  const double v[] = { 1, 2, 3, 4, 10 };
  CHECK(numbers_quantile(v, 5, 0) == 1);
  CHECK(numbers_quantile(v, 5, 1) == 10);
  CHECK(numbers_quantile(v, 5, 0.5) == 3);
  CHECK(near(numbers_quantile(v, 5, 0.1), 1.4));     /* place 0.4: 1 + 0.4 */
  CHECK(near(numbers_quantile(v, 5, 0.9), 7.6));     /* place 3.6: 4 + 0.6 * 6 */
  CHECK(numbers_quantile(v, 4, 0.5) == 2.5);         /* an even count: the middle two's mean */
  CHECK(numbers_quantile(v, 1, 0.99) == 1);
}

static void sorting_orders_signs_zeros_and_fractions(void) {
  double v[] = { 3, -1.5, 0, 1e300, -1e-300, 2.25, -7, 1e-300, 3 }, tmp[9];
  const double want[] = { -7, -1.5, -1e-300, 0, 1e-300, 2.25, 3, 3, 1e300 };
  numbers_sort(v, tmp, 9);
  for (int i = 0; i < 9; i++) CHECK(v[i] == want[i]);
  numbers_sort(v, tmp, 0);
}

static int by_value(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static void sorting_agrees_with_qsort(void) {
  enum { N = 5000 };
  static double v[N], w[N], tmp[N];
  uint64_t s = 12345;
  for (int i = 0; i < N; i++) {
    s = s * 6364136223846793005ull + 1442695040888963407ull;
    v[i] = w[i] = ((double)(s >> 11) / 9007199254740992.0 - 0.5) * (double)(s % 100000);
  }
  numbers_sort(v, tmp, N);
  qsort(w, N, sizeof *w, by_value);
  CHECK(memcmp(v, w, sizeof v) == 0);
}

static void only_rows_of_the_asked_status_count(void) {
  const double v[] = { 1, NAN, 3, 4 };
  const uint8_t status[] = { 0, 0, 1, 2 };
  double out[4];
  CHECK(numbers_pick(v, NULL, 0, 4, out) == 3 && out[0] == 1 && out[1] == 3 && out[2] == 4);
  CHECK(numbers_pick(v, status, 1u << 0, 4, out) == 1 && out[0] == 1);
  CHECK(numbers_pick(v, status, 1u << 1 | 1u << 2, 4, out) == 2 && out[0] == 3 && out[1] == 4);
}

static void a_sum_is_exact_for_whole_numbers(void) {
  static double v[10000];
  for (int i = 0; i < 10000; i++) v[i] = i + 1;
  CHECK(numbers_sum(v, 10000) == 50005000);
  CHECK(numbers_sum(v, 0) == 0);
}

static void a_histogram_counts_each_number_once(void) {
  const double v[] = { 0, 1, 1, 2, 5, 9, 10 };
  double edges[6];
  uint64_t counts[5];
  numbers_histogram(v, 7, 5, 0, edges, counts);      /* bins of width 2 */
  CHECK(edges[0] == 0 && edges[1] == 2 && edges[5] == 10);
  CHECK(counts[0] == 3 && counts[1] == 1 && counts[2] == 1 && counts[3] == 0 && counts[4] == 2);
  CHECK(numbers_histogram(v + 6, 1, 5, 0, edges, counts) == 1);  /* one whole number: one bin */
  CHECK(edges[0] == 10 && edges[1] == 10 && counts[0] == 1);
}

static void bins_of_whole_numbers_have_whole_edges_and_no_holes(void) {
  const double v[] = { 2, 2, 3, 4, 4, 7 };           /* six values from 2 to 7: no more bins than those */
  const double half[] = { 0, 0.5, 1 }, none[] = { 0, 0 };
  double edges[19];
  uint64_t counts[18];
  for (int logarithmic = 0; logarithmic < 2; logarithmic++) {
    size_t n = numbers_histogram(v, 6, 18, logarithmic, edges, counts), sum = 0;
    CHECK(n == 6);
    for (size_t i = 0; i < n; i++) {
      CHECK(edges[i] == floor(edges[i]) && (edges[i] < edges[i + 1] || i + 1 == n));
      sum += counts[i];
    }
    CHECK(sum == 6 && counts[0] == 2 && counts[1] == 1 && counts[2] == 2 && edges[n] == 7);
  }
  CHECK(numbers_histogram(half, 3, 4, 0, edges, counts) == 4 && near(edges[1], 0.25));
  CHECK(numbers_histogram(none, 2, 4, 1, edges, counts) == 1 && edges[0] == 0 && counts[0] == 2);
}

static void a_logarithmic_histogram_grows_by_a_factor(void) {
  const double v[] = { 0, 1, 5, 10, 99, 100, 1000 };
  double edges[4];
  uint64_t counts[3];
  numbers_histogram(v, 7, 3, 1, edges, counts);
  CHECK(edges[0] == 0 && near(edges[1], 10) && near(edges[2], 100) && edges[3] == 1000);
  CHECK(counts[0] + counts[1] + counts[2] == 7);
  CHECK(counts[2] >= 1);
}

static void a_logarithmic_histogram_of_fractions_up_to_1_has_bins_of_equal_width(void) {
  const double v[] = { 0.2, 0.25, 0.5, 0.7, 1 };
  double edges[5];
  uint64_t counts[4];
  CHECK(numbers_histogram(v, 5, 4, 1, edges, counts) == 4);
  for (int i = 0; i <= 4; i++) CHECK(near(edges[i], 0.2 + 0.2 * i));
  CHECK(counts[0] == 2 && counts[1] == 1 && counts[2] == 1 && counts[3] == 1);
}

static void a_bound_keeps_the_share_asked_for(void) {
  const double v[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 };
  CHECK(numbers_bound(v, 10, 0.9, 1) == 2);          /* at least 2 keeps nine */
  CHECK(numbers_bound(v, 10, 0.9, 0) == 9);          /* at most 9 keeps nine */
  CHECK(numbers_bound(v, 10, 1, 1) == 1);
  CHECK(numbers_bound(v, 10, 0.95, 0) == 10);        /* nine and a half are ten */
  CHECK(numbers_below(v, 10, 3) == 2 && numbers_below(v, 10, 11) == 10 && numbers_below(v, 10, 0) == 0);
}

static double at(const char *s) {
  double t = -1;
  return time_parse(span_str(s), &t) == 0 ? t : -1;
}

static void dates_become_seconds_since_1970(void) {
  CHECK(at("1970-01-01") == 0);
  CHECK(at("1970-01-02T00:00:01Z") == 86401);
  CHECK(at("2000-03-01") == 951868800);
  CHECK(at("2024-06-30T12:00:00+02:00") == at("2024-06-30 10:00:00"));
  CHECK(at("2024-06-30T12:00") == at("2024-06-30T12:00:00.000Z"));
  CHECK(at("2024-02-29") == 1709164800);
}

static void what_is_no_date_is_refused(void) {
  const char *bad[] = { "", "2024", "2024-13-01", "2024-00-10", "2024-01-32", "yesterday", "2024-06-30T25:00", "2024-06-3x",
                        "2023-02-29", "2024-06-30T12:00+99:00", "2024-06-30 and more" };
  double t;
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) CHECK(time_parse(span_str(bad[i]), &t) != 0);
}

int main(void) {
  RUN(quantiles_lie_on_the_line_between_places);
  RUN(sorting_orders_signs_zeros_and_fractions);
  RUN(sorting_agrees_with_qsort);
  RUN(only_rows_of_the_asked_status_count);
  RUN(a_sum_is_exact_for_whole_numbers);
  RUN(a_histogram_counts_each_number_once);
  RUN(bins_of_whole_numbers_have_whole_edges_and_no_holes);
  RUN(a_logarithmic_histogram_grows_by_a_factor);
  RUN(a_logarithmic_histogram_of_fractions_up_to_1_has_bins_of_equal_width);
  RUN(a_bound_keeps_the_share_asked_for);
  RUN(dates_become_seconds_since_1970);
  RUN(what_is_no_date_is_refused);
  return check_done();
}
