/* modules/select/select.c - see select.h */
#include "select/select.h"

#include <math.h>
#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t select_place(Hash128 identity, uint64_t seed) {
  unsigned char bytes[16];
  for (int i = 0; i < 8; i++) {
    bytes[i] = (unsigned char)(identity.hi >> (56 - 8 * i));
    bytes[8 + i] = (unsigned char)(identity.lo >> (56 - 8 * i));
  }
  return XXH3_64bits_withSeed(bytes, sizeof bytes, seed);
}

/* ---- ranking ---- */

typedef struct Ranked {
  uint32_t bin, row;
  int untrusted;
  double number;         /* NAN: none */
  uint64_t place;
} Ranked;

static int by_number(double a, double b) {
  if (isnan(a) || isnan(b)) return isnan(a) - isnan(b);
  return (a < b) - (a > b);
}

static int by_rank(const void *x, const void *y) {
  const Ranked *a = x, *b = y;
  if (a->bin != b->bin) return a->bin < b->bin ? -1 : 1;
  if (a->untrusted != b->untrusted) return a->untrusted - b->untrusted;
  int d = by_number(a->number, b->number);
  if (d != 0) return d;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

int select_trusted(const Corpus *c, uint32_t row) { return c->sources[c->rows[row].source].trusted != 0; }

static Ranked ranked(const Corpus *c, uint32_t bin, uint32_t row, const double *number, uint64_t seed) {
  return (Ranked){ .bin = bin, .row = row, .untrusted = !select_trusted(c, row),
                   .number = number == NULL ? NAN : number[row], .place = select_place(c->identity[row], seed) };
}

static int reject(VerdictList *list, uint32_t row, double value, double threshold) {
  return verdicts_add(list, (VerdictEntry){ .row = row, .twin = PLACE_NONE, .value = value,
                                            .threshold = threshold, .reason = 0, .blob = -1 });
}

static VerdictList *new_list(const char *field, const char *reason) {
  VerdictList *list = verdicts_new();
  if (list == NULL) return NULL;
  list->field = field;
  list->reasons[0] = reason;
  return list;
}

/* Sorts rank[0..n) and rejects, bin by bin, what ranks behind most[bin]. */
static VerdictList *cut(Ranked *rank, size_t n, const double *most, const char *field, const char *reason) {
  VerdictList *list = new_list(field, reason);
  qsort(rank, n, sizeof *rank, by_rank);
  size_t place = 0;
  for (size_t i = 0; list != NULL && i < n; i++) {
    place = i > 0 && rank[i].bin == rank[i - 1].bin ? place + 1 : 1;
    double limit = most[rank[i].bin];
    if (!isnan(limit) && (double)place > limit && reject(list, rank[i].row, (double)place, limit) != 0) {
      verdicts_free(list);
      list = NULL;
    }
  }
  return list;
}

static Ranked *rank_groups(const Groups *g, const Quota *q) {
  Ranked *rank = malloc((g->nrows + 1) * sizeof *rank);
  for (size_t i = 0; rank != NULL && i < g->nrows; i++)
    rank[i] = ranked(g->view->corpus, q->bin[g->group[i]], g->row[i], q->number, q->seed);
  return rank;
}

int groups_ranked(const Groups *g, const Quota *q, uint32_t *row, uint32_t *begin) {
  Ranked *rank = rank_groups(g, q);
  if (rank == NULL) return -1;
  qsort(rank, g->nrows, sizeof *rank, by_rank);
  size_t bin = 0;
  for (size_t i = 0; i < g->nrows; i++) {
    while (bin <= rank[i].bin) begin[bin++] = (uint32_t)i;
    row[i] = rank[i].row;
  }
  while (bin <= q->nbins) begin[bin++] = (uint32_t)g->nrows;
  free(rank);
  return 0;
}

VerdictList *groups_choose(const Groups *g, const Quota *q) {
  Ranked *rank = rank_groups(g, q);
  if (rank == NULL) return NULL;
  VerdictList *list = cut(rank, g->nrows, q->most, q->field, q->reason);
  free(rank);
  return list;
}

/* The standing rows, all in one bin; NULL if out of memory. */
static Ranked *rank_all(const View *v, const double *number, uint64_t seed) {
  Ranked *rank = malloc((v->standing + 1) * sizeof *rank);
  uint32_t *row = malloc((v->standing + 1) * sizeof *row);
  if (rank != NULL && row != NULL) {
    view_standing(v, row);
    for (size_t i = 0; i < v->standing; i++) rank[i] = ranked(v->corpus, 0, row[i], number, seed);
  } else {
    free(rank);
    rank = NULL;
  }
  free(row);
  return rank;
}

VerdictList *select_count(const View *v, size_t n, uint64_t seed, const char *field, const char *reason) {
  Ranked *rank = rank_all(v, NULL, seed);
  double most = (double)n;
  VerdictList *list = rank == NULL ? NULL : cut(rank, v->standing, &most, field, reason);
  free(rank);
  return list;
}

VerdictList *select_share(const View *v, double share, uint64_t seed, const char *field, const char *reason) {
  VerdictList *list = new_list(field, reason);
  for (uint32_t row = 0; list != NULL && row < v->corpus->nrows; row++) {
    if (view_status(v, row) != STATUS_STANDING) continue;
    double place = (double)(select_place(v->corpus->identity[row], seed) >> 11) * 0x1p-53;
    if (place >= share && reject(list, row, place, share) != 0) {
      verdicts_free(list);
      list = NULL;
    }
  }
  return list;
}

static int order_rows(const View *v, Ranked *rank, uint32_t *row) {
  if (rank == NULL) return -1;
  qsort(rank, v->standing, sizeof *rank, by_rank);
  for (size_t i = 0; i < v->standing; i++) row[i] = rank[i].row;
  free(rank);
  return 0;
}

int select_order(const View *v, uint64_t seed, uint32_t *row) {
  Ranked *rank = rank_all(v, NULL, seed);
  for (size_t i = 0; rank != NULL && i < v->standing; i++) rank[i].untrusted = 0;
  return order_rows(v, rank, row);
}

int select_ranked(const View *v, const double *number, uint64_t seed, uint32_t *row) {
  return order_rows(v, rank_all(v, number, seed), row);
}
