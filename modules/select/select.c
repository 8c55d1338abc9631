/* modules/select/select.c - see select.h */
#include "select/select.h"

#include <math.h>
#include <stdlib.h>

#include "corpus/query.h"

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

/* ---- groups ---- */

void groups_free(Groups *g) {
  view_unref(g->view);
  free(g->row);
  free(g->group);
  free(g->item);
  *g = (Groups){ 0 };
}

/* A group under construction, with its value at hand for sorting. */
typedef struct Named { Value value; uint32_t id, count; } Named;

static int order_of(ValueType t) {
  switch (t) {
    case VALUE_INT: case VALUE_DOUBLE: return 0;
    case VALUE_BOOL: return 1;
    case VALUE_STRING: return 2;
    default: return 3;
  }
}

static int by_value(const void *x, const void *y) {
  const Value *a = &((const Named *)x)->value, *b = &((const Named *)y)->value;
  if (order_of(a->type) != order_of(b->type)) return order_of(a->type) - order_of(b->type);
  if (a->type == VALUE_STRING) {
    size_t n = a->text.len < b->text.len ? a->text.len : b->text.len;
    int d = n == 0 ? 0 : memcmp(a->text.ptr, b->text.ptr, n);
    return d != 0 ? d : (a->text.len > b->text.len) - (a->text.len < b->text.len);
  }
  if (a->type == VALUE_INT && b->type == VALUE_INT) return (a->integer > b->integer) - (a->integer < b->integer);
  if (a->type == VALUE_BOOL || b->type == VALUE_BOOL) return (a->integer > b->integer) - (a->integer < b->integer);
  double u = a->type == VALUE_INT ? (double)a->integer : a->number, v = b->type == VALUE_INT ? (double)b->integer : b->number;
  if (u != v) return u < v ? -1 : 1;
  return (int)a->type - (int)b->type;
}

static int by_id(const void *x, const void *y) {
  uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
  return (a > b) - (a < b);
}

/* Index of id in the sorted array. */
static size_t find_id(const uint32_t *ids, size_t n, uint32_t id) {
  size_t lo = 0, hi = n;
  while (lo < hi) {
    size_t mid = (lo + hi) / 2;
    if (ids[mid] < id) lo = mid + 1;
    else hi = mid;
  }
  return lo;
}

/* Fills g->item and g->group from the ids of the standing rows in g->group. Ids serve only to find
** what is the same; the order comes from the values. */
static int sort_groups(Groups *g, Names *names) {
  uint32_t *ids = malloc((g->nrows + 1) * sizeof *ids), *place = NULL;
  Named *named = NULL;
  int status = -1;
  if (ids == NULL) return -1;
  memcpy(ids, g->group, g->nrows * sizeof *ids);
  qsort(ids, g->nrows, sizeof *ids, by_id);
  size_t n = 0;
  for (size_t i = 0; i < g->nrows; i++)
    if (n == 0 || ids[n - 1] != ids[i]) ids[n++] = ids[i];
  named = calloc(n + 1, sizeof *named);
  place = malloc((n + 1) * sizeof *place);
  g->item = calloc(n + 1, sizeof *g->item);
  if (named == NULL || place == NULL || g->item == NULL) goto end;
  for (size_t i = 0; i < n; i++) named[i] = (Named){ names_value(names, ids[i]), ids[i], 0 };
  qsort(named, n, sizeof *named, by_value);
  for (size_t i = 0; i < n; i++) {
    g->item[i] = (Group){ named[i].id, 0 };
    place[find_id(ids, n, named[i].id)] = (uint32_t)i;
  }
  g->n = n;
  for (size_t i = 0; i < g->nrows; i++) {
    g->group[i] = place[find_id(ids, n, g->group[i])];
    g->item[g->group[i]].count++;
  }
  status = 0;
end:
  free(ids);
  free(place);
  free(named);
  return status;
}

int groups_make(Groups *g, View *view, Pool *pool, Span key, Error *err) {
  *g = (Groups){ .view = view_ref(view), .nrows = view->standing };
  uint32_t *ids = malloc(((size_t)view->corpus->nrows + 1) * sizeof *ids);
  g->row = malloc((g->nrows + 1) * sizeof *g->row);
  g->group = malloc((g->nrows + 1) * sizeof *g->group);
  int status = -1;
  if (ids != NULL && g->row != NULL && g->group != NULL)
    status = query_keys(view, pool, key, 1u << STATUS_STANDING, ids);
  if (status == 0) {
    uint32_t unknown = names_find(view->corpus->names, span_str("unknown"));
    view_standing(view, g->row);
    for (size_t i = 0; i < g->nrows; i++) {
      uint32_t id = ids[g->row[i]];
      g->group[i] = id == unknown ? NAME_NONE : id;
    }
    status = sort_groups(g, view->corpus->names);
  }
  free(ids);
  if (status == 0) return 0;
  groups_free(g);
  if (status == POOL_INTERRUPTED) return error_set(err, "%s", "");
  return error_memory(err);
}

/* ---- ranking ---- */

typedef struct Ranked {
  uint32_t group, row;
  uint64_t place;
  int untrusted;
} Ranked;

static int by_rank(const void *x, const void *y) {
  const Ranked *a = x, *b = y;
  if (a->group != b->group) return a->group < b->group ? -1 : 1;
  if (a->untrusted != b->untrusted) return a->untrusted - b->untrusted;
  if (a->place != b->place) return a->place < b->place ? -1 : 1;
  return (a->row > b->row) - (a->row < b->row);
}

static int is_trusted(const Corpus *c, uint32_t row) { return c->sources[c->rows[row].source].trusted != 0; }

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

/* Sorts rank[0..n) and rejects, group by group, what ranks behind the group's cap. */
static VerdictList *cut(Ranked *rank, size_t n, const double *cap, const char *field, const char *reason) {
  VerdictList *list = new_list(field, reason);
  qsort(rank, n, sizeof *rank, by_rank);
  size_t place = 0;
  for (size_t i = 0; list != NULL && i < n; i++) {
    place = i > 0 && rank[i].group == rank[i - 1].group ? place + 1 : 1;
    double most = cap[rank[i].group];
    if (!isnan(most) && (double)place > most && reject(list, rank[i].row, (double)place, most) != 0) {
      verdicts_free(list);
      list = NULL;
    }
  }
  return list;
}

VerdictList *groups_cap(const Groups *g, const double *cap, uint64_t seed, const char *field, const char *reason) {
  const Corpus *c = g->view->corpus;
  Ranked *rank = malloc((g->nrows + 1) * sizeof *rank);
  if (rank == NULL) return NULL;
  for (size_t i = 0; i < g->nrows; i++) {
    uint32_t row = g->row[i];
    rank[i] = (Ranked){ g->group[i], row, select_place(c->identity[row], seed), !is_trusted(c, row) };
  }
  VerdictList *list = cut(rank, g->nrows, cap, field, reason);
  free(rank);
  return list;
}

VerdictList *select_count(const View *v, size_t n, uint64_t seed, const char *field, const char *reason) {
  Ranked *rank = malloc((v->standing + 1) * sizeof *rank);
  uint32_t *row = malloc((v->standing + 1) * sizeof *row);
  VerdictList *list = NULL;
  if (rank != NULL && row != NULL) {
    double cap = (double)n;
    view_standing(v, row);
    for (size_t i = 0; i < v->standing; i++)
      rank[i] = (Ranked){ 0, row[i], select_place(v->corpus->identity[row[i]], seed), !is_trusted(v->corpus, row[i]) };
    list = cut(rank, v->standing, &cap, field, reason);
  }
  free(rank);
  free(row);
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

int select_order(const View *v, uint64_t seed, uint32_t *row) {
  Ranked *rank = malloc((v->standing + 1) * sizeof *rank);
  if (rank == NULL) return -1;
  view_standing(v, row);
  for (size_t i = 0; i < v->standing; i++)
    rank[i] = (Ranked){ 0, row[i], select_place(v->corpus->identity[row[i]], seed), 0 };
  qsort(rank, v->standing, sizeof *rank, by_rank);
  for (size_t i = 0; i < v->standing; i++) row[i] = rank[i].row;
  free(rank);
  return 0;
}
