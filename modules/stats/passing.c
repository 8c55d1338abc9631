/* modules/stats/passing.c - see passing.h */
#include "stats/passing.h"

#include <math.h>
#include <stdlib.h>

#include "core/pool.h"

enum { INTERRUPT_EVERY = 1 << 16 };

static int passes(double figure, PassingSide side, double value) {
  return isnan(figure) || (side == PASSING_MIN ? figure >= value : figure <= value);
}

static int passes_others(const PassingRows *r, size_t row) {
  for (size_t i = 0; i < r->nbounds; i++)
    if (!passes(r->bound[i].figure[row], r->bound[i].side, r->bound[i].value)) return 0;
  return 1;
}

/* Of the values of an axis, which ascend, a row passes the first k of a minimum, all but the first k of
** a maximum: k. A row that was not judged passes all. */
static size_t place_of(const PassingAxis *a, size_t row) {
  double x = a->figure[row];
  if (isnan(x)) return a->side == PASSING_MIN ? a->n : 0;
  size_t low = 0, high = a->n;
  while (low < high) {
    size_t mid = low + (high - low) / 2;
    int before = a->side == PASSING_MIN ? a->value[mid] <= x : a->value[mid] < x;
    if (before) low = mid + 1; else high = mid;
  }
  return low;
}

/* From rows by place to rows kept at each value: those whose place lies behind it (minimum), or at it or
** before (maximum). `step` apart, `n + 1` places; what is at place n is lost to the values. */
static void add_up(uint64_t *count, size_t n, size_t step, PassingSide side) {
  if (side == PASSING_MIN) {
    for (size_t i = n; i-- > 0;) count[i * step] += count[(i + 1) * step];
    for (size_t i = 0; i < n; i++) count[i * step] = count[(i + 1) * step];
  } else {
    for (size_t i = 1; i <= n; i++) count[i * step] += count[(i - 1) * step];
  }
}

int passing_count(const PassingRows *r, const PassingAxis *a, const PassingAxis *b, uint64_t *kept) {
  size_t nb = b != NULL ? b->n : 1, wide = b != NULL ? nb + 1 : 1;
  uint64_t *count = calloc((a->n + 1) * wide, sizeof *count), always = 0;
  if (count == NULL) return -1;
  for (size_t row = 0; row < r->n; row++) {
    if (row % INTERRUPT_EVERY == 0 && interrupt_pending()) {
      free(count);
      return POOL_INTERRUPTED;
    }
    always += r->state[row] == PASSING_KEPT;
    if (r->state[row] != PASSING_JUDGED || !passes_others(r, row)) continue;
    count[place_of(a, row) * wide + (b != NULL ? place_of(b, row) : 0)]++;
  }
  for (size_t j = 0; j < wide; j++) add_up(count + j, a->n, wide, a->side);
  for (size_t i = 0; b != NULL && i < a->n; i++) add_up(count + i * wide, nb, 1, b->side);
  for (size_t i = 0; i < a->n; i++)
    for (size_t j = 0; j < nb; j++) kept[i * nb + j] = count[i * wide + j] + always;
  free(count);
  return 0;
}

/* Keeps the `most` rows of least distance, in that order; rows come in ascending order. */
static void offer(const double *figure, double value, uint32_t row, uint32_t *list, size_t *n, size_t most) {
  double far = fabs(figure[row] - value);
  if (*n == most && (most == 0 || far >= fabs(figure[list[most - 1]] - value))) return;
  size_t at = *n < most ? (*n)++ : most - 1;
  for (; at > 0 && far < fabs(figure[list[at - 1]] - value); at--) list[at] = list[at - 1];
  list[at] = row;
}

int passing_margin(const PassingRows *r, const PassingAxis *a, size_t at, size_t most, uint32_t *goes, size_t *ngoes,
                   uint32_t *stays, size_t *nstays) {
  double value = a->value[at];
  *ngoes = *nstays = 0;
  for (size_t row = 0; row < r->n; row++) {
    if (row % INTERRUPT_EVERY == 0 && interrupt_pending()) return POOL_INTERRUPTED;
    if (r->state[row] != PASSING_JUDGED || isnan(a->figure[row]) || !passes_others(r, row)) continue;
    if (passes(a->figure[row], a->side, value)) offer(a->figure, value, (uint32_t)row, stays, nstays, most);
    else offer(a->figure, value, (uint32_t)row, goes, ngoes, most);
  }
  return 0;
}

/* ---- what a stage said ---- */

/* A bit for each of the reasons that the stage noted on the row it decided; *other: one that is none of them. */
static uint32_t noted(const View *v, uint32_t row, uint16_t stage, const uint32_t *reason, size_t n, int *other) {
  const Verdict *d = view_verdict(v, row);
  uint32_t mask = 0;
  *other = 0;
  if (d == NULL || d->stage != stage) return 0;
  for (;; d++) {
    size_t i = 0;
    while (i < n && reason[i] != d->reason) i++;
    if (d->stage == stage && i < n) mask |= 1u << i;
    if (d->stage == stage && i == n) *other = 1;
    if (!d->more) return mask;
  }
}

void passing_states(const View *before, const View *after, uint16_t stage, const uint32_t *reason, size_t n,
                    char *state) {
  const Corpus *c = before->corpus;
  for (uint32_t row = 0; row < c->nrows; row++) {
    int other = 0;
    state[row] = PASSING_UNSEEN;
    if (view_status(before, row) != STATUS_STANDING) continue;
    noted(after, row, stage, reason, n, &other);
    state[row] = c->sources[c->rows[row].source].trusted ? PASSING_KEPT : other ? PASSING_REMOVED : PASSING_JUDGED;
  }
  state[c->nrows] = '\0';
}

void passing_faults(const View *v, uint16_t stage, const uint32_t *reason, size_t n, uint32_t *mask) {
  int other;
  for (uint32_t row = 0; row < v->corpus->nrows; row++) mask[row] = noted(v, row, stage, reason, n, &other);
}
