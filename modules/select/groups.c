/* modules/select/groups.c - see groups.h */
#include "select/groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "corpus/row.h"
#include "rules/dates.h"

void groups_free(Groups *g) {
  view_unref(g->view);
  free(g->row);
  free(g->group);
  free(g->item);
  *g = (Groups){ 0 };
}

/* ---- a row's values ---- */

static const struct { const char *name; KeyUnit unit; } UNITS[] = {
  { ":day", KEY_DAY }, { ":month", KEY_MONTH }, { ":quarter", KEY_QUARTER }, { ":year", KEY_YEAR },
};

GroupKey group_key(Span text) {
  for (size_t i = 0; i < sizeof UNITS / sizeof *UNITS; i++) {
    size_t len = strlen(UNITS[i].name);
    if (text.len > len && memcmp(text.ptr + text.len - len, UNITS[i].name, len) == 0)
      return (GroupKey){ span_of(text.ptr, text.len - len), UNITS[i].unit };
  }
  return (GroupKey){ text, KEY_VALUE };
}

/* The part of a date that the unit asks for, in out[32]; its length, 0 where v is no date. */
static size_t part_of_date(Value v, KeyUnit unit, char out[32]) {
  int64_t day;
  int ok = v.type == VALUE_STRING ? dates_of_text(v.text, DATE_EARLIER, &day)
         : v.type == VALUE_INT    ? dates_of_number((double)v.integer, &day)
         : v.type == VALUE_DOUBLE ? dates_of_number(v.number, &day)
                                  : 0;
  if (!ok) return 0;
  dates_write(day, out);
  if (strlen(out) != sizeof "2024-06-30" - 1 || out[4] != '-') return 0;   /* a year of other than four digits */
  if (unit == KEY_DAY) return strlen(out);
  if (unit == KEY_MONTH) return sizeof "2024-06" - 1;
  if (unit == KEY_QUARTER) {
    int month = (out[5] - '0') * 10 + out[6] - '0';
    return (size_t)snprintf(out + 4, 32 - 4, "-Q%d", (month + 2) / 3) + 4;
  }
  return 4;
}

typedef struct Reading {
  Groups *g;
  const GroupKey *key;
  uint32_t *cell;        /* [nrows][nkeys] names ids */
  uint32_t *source;      /* [nsources] names ids of the files' names */
  Scratch **scratch;     /* [threads] */
  uint32_t unknown;      /* the id of that text */
} Reading;

static uint32_t value_of(const Reading *w, const Row *r, const GroupKey *key) {
  Names *names = r->corpus->names;
  Value v = row_key(r, key->name);
  if (key->unit != KEY_VALUE) {
    char text[32];
    size_t len = part_of_date(v, key->unit, text);
    return len == 0 ? NAME_NONE : names_intern(names, span_of(text, len));
  }
  if (v.type == VALUE_NONE && span_eq(key->name, span_str("source")))
    return w->source[r->corpus->rows[r->index].source];
  uint32_t id = names_intern_value(names, v);
  return id == w->unknown ? NAME_NONE : id;
}

static int read_chunk(void *ctx, size_t begin, size_t end, int worker) {
  Reading *w = ctx;
  const Groups *g = w->g;
  for (size_t i = begin; i < end; i++) {
    Row r = scratch_begin(w->scratch[worker], g->view, g->row[i]);
    for (size_t k = 0; k < g->nkeys; k++) {
      uint32_t id = value_of(w, &r, &w->key[k]);
      if (id == NAME_FAIL) return -1;
      w->cell[i * g->nkeys + k] = id;
    }
    if (scratch_failed(r.scratch)) return -1;
  }
  return 0;
}

static Span last_part(const char *path) {
  const char *slash = strrchr(path, '/');
  return span_str(slash == NULL ? path : slash + 1);
}

/* Names each file by the last part of its path, or, where another ends so too, by the whole. */
static int name_sources(uint32_t *out, const Corpus *c) {
  for (size_t i = 0; i < c->nsources; i++) {
    Span name = last_part(c->sources[i].path);
    for (size_t k = 0; k < c->nsources; k++)
      if (strcmp(c->sources[i].path, c->sources[k].path) != 0 && span_eq(name, last_part(c->sources[k].path)))
        name = span_str(c->sources[i].path);
    out[i] = names_intern(c->names, name);
    if (out[i] == NAME_FAIL) return -1;
  }
  return 0;
}

static int read_keys(Reading *w, Pool *pool) {
  const Corpus *c = w->g->view->corpus;
  int threads = pool_threads(pool), r = 0;
  w->scratch = calloc((size_t)threads, sizeof *w->scratch);
  w->source = calloc(c->nsources + 1, sizeof *w->source);
  if (w->scratch == NULL || w->source == NULL || name_sources(w->source, c) != 0) r = -1;
  for (int i = 0; r == 0 && i < threads; i++) {
    w->scratch[i] = scratch_new(i);
    if (w->scratch[i] == NULL) r = -1;
  }
  w->unknown = names_intern(c->names, span_str("unknown"));
  if (r == 0 && w->unknown != NAME_FAIL) r = pool_for(pool, w->g->nrows, 256, read_chunk, w);
  for (int i = 0; w->scratch != NULL && i < threads; i++) scratch_free(w->scratch[i]);
  free(w->scratch);
  free(w->source);
  return w->unknown == NAME_FAIL ? -1 : r;
}

/* ---- the groups in order ---- */

static int order_of(ValueType t) {
  switch (t) {
    case VALUE_INT: case VALUE_DOUBLE: return 0;
    case VALUE_BOOL: return 1;
    case VALUE_STRING: return 2;
    default: return 3;
  }
}

static int compare_values(const Value *a, const Value *b) {
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

/* Ids tell only what is the same: the order comes from the values. */
static int by_value(const void *x, const void *y, void *ctx) {
  const Groups *g = ctx;
  const Group *a = x, *b = y;
  for (size_t k = 0; k < g->nkeys; k++) {
    if (a->value[k] == b->value[k]) continue;
    Value u = names_value(g->view->corpus->names, a->value[k]), v = names_value(g->view->corpus->names, b->value[k]);
    int d = compare_values(&u, &v);
    if (d != 0) return d;
  }
  return 0;
}

static int by_ids(const void *x, const void *y, void *ctx) {
  const Reading *w = ctx;
  size_t k = w->g->nkeys;
  const uint32_t *a = w->cell + *(const uint32_t *)x * k, *b = w->cell + *(const uint32_t *)y * k;
  for (size_t i = 0; i < k; i++)
    if (a[i] != b[i]) return a[i] < b[i] ? -1 : 1;
  return 0;
}

/* A group as it is found, whose number is its place in order of ids; then that of values. */
typedef struct Found { Group group; uint32_t number; } Found;

static int by_found(const void *x, const void *y, void *ctx) {
  return by_value(&((const Found *)x)->group, &((const Found *)y)->group, ctx);
}

/* Fills g->group with numbers in order of ids, and *out with the groups. */
static int find_groups(Reading *w, Found **out) {
  Groups *g = w->g;
  uint32_t *order = malloc((g->nrows + 1) * sizeof *order);
  Found *found = NULL;
  if (order == NULL) return -1;
  for (size_t i = 0; i < g->nrows; i++) order[i] = (uint32_t)i;
  qsort_r(order, g->nrows, sizeof *order, by_ids, w);
  for (size_t i = 0; i < g->nrows; i++)
    if (i == 0 || by_ids(&order[i - 1], &order[i], w) != 0) g->n++;
  found = calloc(g->n + 1, sizeof *found);
  size_t n = 0;
  for (size_t i = 0; found != NULL && i < g->nrows; i++) {
    if (i == 0 || by_ids(&order[i - 1], &order[i], w) != 0) {
      found[n].number = (uint32_t)n;
      memcpy(found[n++].group.value, w->cell + order[i] * g->nkeys, g->nkeys * sizeof *w->cell);
    }
    found[n - 1].group.count++;
    g->group[order[i]] = (uint32_t)(n - 1);
  }
  free(order);
  *out = found;
  return found == NULL ? -1 : 0;
}

static int sort_groups(Reading *w) {
  Groups *g = w->g;
  Found *found;
  if (find_groups(w, &found) != 0) return -1;
  uint32_t *place = malloc((g->n + 1) * sizeof *place);
  g->item = calloc(g->n + 1, sizeof *g->item);
  if (place != NULL && g->item != NULL) {
    qsort_r(found, g->n, sizeof *found, by_found, g);
    for (size_t i = 0; i < g->n; i++) {
      g->item[i] = found[i].group;
      place[found[i].number] = (uint32_t)i;
    }
    for (size_t i = 0; i < g->nrows; i++) g->group[i] = place[g->group[i]];
  }
  int bad = place == NULL || g->item == NULL;
  free(place);
  free(found);
  return bad ? -1 : 0;
}

int groups_make(Groups *g, View *view, Pool *pool, const GroupKey *keys, size_t nkeys, Error *err) {
  *g = (Groups){ .view = view_ref(view), .nkeys = nkeys, .nrows = view->standing };
  Reading w = { .g = g, .key = keys };
  w.cell = malloc((g->nrows * nkeys + 1) * sizeof *w.cell);
  g->row = malloc((g->nrows + 1) * sizeof *g->row);
  g->group = malloc((g->nrows + 1) * sizeof *g->group);
  int status = -1;
  if (w.cell != NULL && g->row != NULL && g->group != NULL) {
    view_standing(view, g->row);
    status = read_keys(&w, pool);
  }
  if (status == 0) status = sort_groups(&w);
  free(w.cell);
  if (status == 0) return 0;
  groups_free(g);
  if (status == POOL_INTERRUPTED) return error_set(err, "%s", "");
  return error_memory(err);
}

void groups_spread(const Groups *g, const View *later, const double *value, double *out) {
  for (uint32_t i = 0; i < later->corpus->nrows; i++) out[i] = NAN;
  for (size_t i = 0; i < g->nrows; i++)
    if (view_status(later, g->row[i]) == STATUS_STANDING) out[g->row[i]] = value[g->group[i]];
}

void groups_count(const Groups *g, const View *later, uint32_t *count) {
  memset(count, 0, g->n * sizeof *count);
  for (size_t i = 0; i < g->nrows; i++) count[g->group[i]] += view_status(later, g->row[i]) == STATUS_STANDING;
}
