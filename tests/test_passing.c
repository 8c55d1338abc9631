/* tests/test_passing.c - rows that pass other bounds, against a count of each row at each value. */
#include "stats/passing.h"

#include <math.h>
#include <stdlib.h>

#include "core/pool.h"
#include "tests/check.h"

enum { N = 400 };

static uint64_t seed = 7;
static unsigned below(unsigned n) {
  seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (unsigned)((seed >> 33) % n);
}

static double x[N], y[N], z[N];
static char state[N];

static void fill(void) {
  for (int i = 0; i < N; i++) {
    x[i] = below(9) == 0 ? NAN : below(12);
    y[i] = below(9) == 0 ? NAN : below(12);
    z[i] = below(12);
    state[i] = (char)('0' + below(4));
  }
}

static int meets(double v, PassingSide side, double bound) {
  if (isnan(v)) return 1;
  return side == PASSING_MIN ? v >= bound : v <= bound;
}

/* The plain way: each row, each pair of values. */
static uint64_t counted(const PassingBound *fixed, PassingSide sx, double vx, PassingSide sy, double vy) {
  uint64_t kept = 0;
  for (int i = 0; i < N; i++) {
    int in = meets(z[i], fixed->side, fixed->value) && meets(x[i], sx, vx) && meets(y[i], sy, vy);
    kept += state[i] == '2' || (state[i] == '1' && in);
  }
  return kept;
}

static void every_pair_of_values_counts_as_the_plain_way_does(void) {
  const double vx[] = { -1, 0, 3, 3.5, 7, 11, 12, 99 }, vy[] = { 2, 5, 11 };
  for (int round = 0; round < 20; round++) {
    fill();
    for (int sides = 0; sides < 4; sides++) {
      PassingBound fixed = { z, PASSING_MAX, 8 };
      PassingRows rows = { N, state, &fixed, 1 };
      PassingAxis a = { x, (PassingSide)(sides & 1), vx, 8 }, b = { y, (PassingSide)(sides >> 1), vy, 3 };
      uint64_t kept[24], one[8];
      CHECK(passing_count(&rows, &a, &b, kept) == 0);
      CHECK(passing_count(&rows, &a, NULL, one) == 0);
      for (int i = 0; i < 8; i++) {
        CHECK(one[i] == counted(&fixed, a.side, vx[i], PASSING_MIN, -1));
        for (int j = 0; j < 3; j++) CHECK(kept[i * 3 + j] == counted(&fixed, a.side, vx[i], b.side, vy[j]));
      }
    }
  }
}

static void no_row_gives_no_count(void) {
  const double v[] = { 1 };
  PassingRows rows = { 0, "", NULL, 0 };
  PassingAxis a = { x, PASSING_MIN, v, 1 };
  uint64_t kept = 9;
  CHECK(passing_count(&rows, &a, NULL, &kept) == 0);
  CHECK(kept == 0);
}

static void the_rows_at_the_margin_are_the_nearest_on_each_side(void) {
  const double figure[] = { 5, 1, 9, 4, 5, NAN, 6, 4 }, v[] = { 5 };
  PassingRows rows = { 8, "11111112", NULL, 0 };   /* the last is kept whatever is asked: at no margin */
  PassingAxis min = { figure, PASSING_MIN, v, 1 }, max = { figure, PASSING_MAX, v, 1 };
  uint32_t goes[2], stays[2];
  size_t ngoes, nstays;
  CHECK(passing_margin(&rows, &min, 0, 2, goes, &ngoes, stays, &nstays) == 0);
  CHECK(ngoes == 2 && goes[0] == 3 && goes[1] == 1);       /* 4, then 1 */
  CHECK(nstays == 2 && stays[0] == 0 && stays[1] == 4);    /* 5 and 5, in row order */
  CHECK(passing_margin(&rows, &max, 0, 2, goes, &ngoes, stays, &nstays) == 0);
  CHECK(ngoes == 2 && goes[0] == 6 && goes[1] == 2);       /* 6, then 9 */
  CHECK(nstays == 2 && stays[0] == 0 && stays[1] == 4);
  CHECK(passing_margin(&rows, &max, 0, 0, goes, &ngoes, stays, &nstays) == 0);
  CHECK(ngoes == 0 && nstays == 0);
}

static void an_interrupt_ends_the_count(void) {
  const double v[] = { 1 };
  fill();
  PassingRows rows = { N, state, NULL, 0 };
  PassingAxis a = { x, PASSING_MIN, v, 1 };
  uint64_t kept;
  interrupt_raise();
  CHECK(passing_count(&rows, &a, NULL, &kept) == POOL_INTERRUPTED);
  interrupt_clear();
}

int main(void) {
  RUN(every_pair_of_values_counts_as_the_plain_way_does);
  RUN(no_row_gives_no_count);
  RUN(the_rows_at_the_margin_are_the_nearest_on_each_side);
  RUN(an_interrupt_ends_the_count);
  return check_done();
}
