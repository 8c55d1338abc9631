/* modules/stats/lua_stats.c - columns of numbers for the trusted scripts.
**   local n = stats.field_tokens(view, "input", pool)   -- one number a row; NaN: not read
**   stats.field_tokens(view, "input", pool, "length.input_tokens", read)   -- a metric that has most of
**                                                       them; rows that are gone as that view has them
**   n:count() n:median("standing") n:quantile(0.9, "rejected")
**   n:order(rows, true)                                 -- the rows by their numbers, highest first
**   n:histogram(20, "all", true)                        -- { edges = {…}, counts = {…} }, log bins
**   stats.threshold_to_keep(n, 0.9, "min", "all")       -- the bound that keeps 90%; or
**   stats.threshold_to_keep(view, "length.input_tokens", 0.9, "min", "all")
**   stats.rejected_by(view, "length.input_tokens", "length", "input_too_short")
** `which` is "all" (default), "standing", or "rejected" (with the quarantined). A figure of no
** numbers is nil. Numbers own copies: they outlive their view. */
#include <lauxlib.h>
#include <lua.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "stats/lua_stats.h"
#include "stats/measure.h"
#include "stats/numbers.h"

#define NUMBERS "tamis.numbers"

enum { ALL, STANDING, REJECTED, WHICH_COUNT };
static const char *const which_names[] = { "all", "standing", "rejected", NULL };
static const unsigned which_mask[] = { 7, 1u << STATUS_STANDING, 1u << STATUS_REJECTED | 1u << STATUS_QUARANTINED };

typedef struct Numbers {
  size_t n;
  double *v;                       /* [n], NaN: none */
  uint8_t *status;                 /* [n] */
  double *sorted[WHICH_COUNT];     /* [nsorted[which]], made when first asked for */
  size_t nsorted[WHICH_COUNT];
} Numbers;

static Numbers *checknumbers(lua_State *L, int arg) { return luaL_checkudata(L, arg, NUMBERS); }

const double *lua_checknumbers(lua_State *L, int arg, size_t *n) {
  const Numbers *x = checknumbers(L, arg);
  *n = x->n;
  return x->v;
}

/* An empty Numbers of n places on the stack; v and status zeroed. [-0, +1, m] */
static Numbers *pushnumbers(lua_State *L, size_t n) {
  Numbers *x = lua_newuserdatauv(L, sizeof *x, 0);
  *x = (Numbers){ .n = n };
  luaL_setmetatable(L, NUMBERS);
  x->v = calloc(n + 1, sizeof *x->v);
  x->status = calloc(n + 1, 1);
  if (x->v == NULL || x->status == NULL) luaL_error(L, "not enough memory");
  return x;
}

static Numbers *pushnumbers_of(lua_State *L, const View *view) {
  Numbers *x = pushnumbers(L, view->corpus->nrows);
  for (size_t i = 0; i < x->n; i++) x->status[i] = (uint8_t)view_status(view, (uint32_t)i);
  return x;
}

static int n_mark(lua_State *L);

/* [-0, +1 or +2]: the numbers on the top, or nil and a message. */
static int measured(lua_State *L, int r, const Error *err) {
  if (r == 0) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, r == POOL_INTERRUPTED ? "interrupted" : err->text);
  return 2;
}

static Field checkfield(lua_State *L, int arg) {
  size_t len;
  const char *name = luaL_checklstring(L, arg, &len);
  Field f = field_by_name(span_of(name, len));
  luaL_argcheck(L, f != FIELD_NONE, arg, "expected system, input, output, alternative or assistant");
  return f;
}

static int f_field_tokens(lua_State *L) {
  View *view = lua_checkview(L, 1);
  Field field = checkfield(L, 2);
  Pool *pool = lua_optpool(L, 3);
  size_t len;
  const char *known = luaL_optlstring(L, 4, NULL, &len);
  const double *metric = known == NULL ? NULL : view_metric(view, span_of(known, len));
  View *read = lua_isnoneornil(L, 5) ? NULL : lua_checkview(L, 5);
  luaL_argcheck(L, read == NULL || read->corpus == view->corpus, 5, "expected a view of the same rows");
  Error err = { "" };
  Numbers *x = pushnumbers_of(L, view);
  return measured(L, measure_tokens(view, field, metric, read, pool, x->v, &err), &err);
}

static int f_field_bytes(lua_State *L) {
  View *view = lua_checkview(L, 1);
  Field field = checkfield(L, 2);
  Pool *pool = lua_optpool(L, 3);
  Error err = { "" };
  Numbers *x = pushnumbers_of(L, view);
  return measured(L, measure_bytes(view, field, pool, x->v, &err), &err);
}

static int path_numbers(lua_State *L, int times) {
  View *view = lua_checkview(L, 1);
  size_t len;
  const char *path = luaL_checklstring(L, 2, &len);
  Pool *pool = lua_optpool(L, 3);
  Error err = { "" };
  Numbers *x = pushnumbers_of(L, view);
  return measured(L, measure_path(view, span_of(path, len), times, pool, x->v, &err), &err);
}

static int f_path(lua_State *L) { return path_numbers(L, 0); }
static int f_times(lua_State *L) { return path_numbers(L, 1); }

/* The column of a Numbers of the view's rows; NULL for none. */
static const double *opt_column(lua_State *L, int arg, const View *view) {
  if (lua_isnoneornil(L, arg)) return NULL;
  const Numbers *x = checknumbers(L, arg);
  luaL_argcheck(L, x->n == view->corpus->nrows, arg, "expected a number a row of the view");
  return x->v;
}

/* stats.leak(view, least bytes, pool [, tokens of the inputs, of the outputs]) */
static int f_leak(lua_State *L) {
  View *view = lua_checkview(L, 1);
  lua_Integer min = luaL_checkinteger(L, 2);
  luaL_argcheck(L, min >= 1, 2, "expected at least 1 byte");
  Pool *pool = lua_optpool(L, 3);
  const double *in = opt_column(L, 4, view), *out = opt_column(L, 5, view);
  Error err = { "" };
  Numbers *x = pushnumbers_of(L, view);
  return measured(L, measure_leak(view, (size_t)min, in, in != NULL ? out : NULL, pool, x->v, &err), &err);
}

static int f_metric(lua_State *L) {
  View *view = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  const double *v = view_metric(view, span_of(name, len));
  if (v == NULL) {
    luaL_pushfail(L);
    lua_pushfstring(L, "no metric %s", name);
    return 2;
  }
  Numbers *x = pushnumbers_of(L, view);
  if (x->n > 0) memcpy(x->v, v, x->n * sizeof *v);
  return 1;
}

/* stats.annotation(view, "overall"): the numbers of an annotation; no number for other values. */
static int f_annotation(lua_State *L) {
  View *view = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  const uint32_t *ids = view_annotation_column(view, span_of(name, len));
  if (ids == NULL) {
    luaL_pushfail(L);
    lua_pushfstring(L, "no annotation %s", name);
    return 2;
  }
  Numbers *x = pushnumbers_of(L, view);
  for (size_t i = 0; i < x->n; i++) {
    Value v = names_value(view->corpus->names, ids[i]);
    x->v[i] = v.type == VALUE_INT ? (double)v.integer : v.type == VALUE_DOUBLE ? v.number : NAN;
  }
  return 1;
}

/* Did this stage reject the row, for that reason and no other of its own; with `alone`, with no other
** fault that any stage noted? */
static int rejected_alone(const View *view, uint32_t row, Span stage, Span reason, int alone) {
  const Corpus *c = view->corpus;
  const Verdict *d = view_verdict(view, row);
  if (d == NULL || !span_eq(span_str(corpus_stage_name(c, d->stage)), stage) ||
      !span_eq(names_value(c->names, d->reason).text, reason)) return 0;
  if (alone) return !d->more;
  uint16_t decided = d->stage;
  while (d->more)
    if ((++d)->stage == decided) return 0;
  return 1;
}

/* stats.rejected_by(view, "length.input_tokens", "length", "input_too_short" [, "alone"]): that metric of
** the rows which that bound alone rejected, as far as the stage knows, with "alone" as far as any stage
** knows; no number for all others. */
static int f_rejected_by(lua_State *L) {
  View *view = lua_checkview(L, 1);
  size_t nstage, nreason;
  const char *stage = luaL_checklstring(L, 3, &nstage), *reason = luaL_checklstring(L, 4, &nreason);
  static const char *const whose[] = { "stage", "alone", NULL };
  int alone = luaL_checkoption(L, 5, "stage", whose);
  lua_settop(L, 4);
  if (f_metric(L) == 2) return 2;
  Numbers *x = checknumbers(L, -1);
  for (size_t i = 0; i < x->n; i++)
    if (!rejected_alone(view, (uint32_t)i, span_of(stage, nstage), span_of(reason, nreason), alone)) x->v[i] = NAN;
  return 1;
}

/* stats.from{ 3, 1, 2 }: all standing. */
static int f_from(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t n = lua_rawlen(L, 1);
  Numbers *x = pushnumbers(L, n);
  for (size_t i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lua_Integer)i + 1);
    int ok;
    x->v[i] = lua_tonumberx(L, -1, &ok);
    luaL_argcheck(L, ok, 1, "expected a list of numbers");
    lua_pop(L, 1);
  }
  return 1;
}

/* stats.packed(bytes, marks): the doubles that store's `packed` read, with one digit a row, its status;
** stats.packed(bytes, view): one a row of the view. */
static int f_packed(lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len);
  luaL_argcheck(L, len % sizeof(double) == 0, 1, "expected whole doubles");
  if (lua_isuserdata(L, 2)) {
    View *view = lua_checkview(L, 2);
    luaL_argcheck(L, len / sizeof(double) == view->corpus->nrows, 1, "expected a number a row of the view");
    memcpy(pushnumbers_of(L, view)->v, bytes, len);
    return 1;
  }
  luaL_checkstring(L, 2);
  lua_settop(L, 2);
  Numbers *x = pushnumbers(L, len / sizeof(double));
  memcpy(x->v, bytes, len);
  lua_replace(L, 1);
  return n_mark(L);
}

/* stats.join({ a, b, … }, { "standing", "rejected", … }): the numbers of several views behind
** one another; those of part i that stand get the status named. */
static int f_join(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_Integer parts = (lua_Integer)lua_rawlen(L, 1);
  size_t n = 0, at = 0;
  luaL_checkstack(L, (int)parts * 2 + 8, "too many parts");
  for (lua_Integer i = 1; i <= parts; i++) {
    lua_rawgeti(L, 1, i);
    n += checknumbers(L, -1)->n;
  }
  Numbers *x = pushnumbers(L, n);
  for (lua_Integer i = 1; i <= parts; i++) {
    const Numbers *part = checknumbers(L, 2 + (int)i);
    lua_rawgeti(L, 2, i);
    int as = luaL_checkoption(L, -1, "standing", which_names + 1);   /* 0 standing, 1 rejected */
    lua_pop(L, 1);
    for (size_t k = 0; k < part->n; k++, at++) {
      x->v[at] = part->v[k];
      x->status[at] = part->status[k] == STATUS_STANDING ? (uint8_t)as : part->status[k];
    }
  }
  return 1;
}

/* The sorted numbers of a selection, kept for the next question. */
static const double *selection(lua_State *L, Numbers *x, int arg, size_t *n) {
  int which = luaL_checkoption(L, arg, "all", which_names);
  if (x->sorted[which] == NULL) {
    double *v = malloc((x->n + 1) * sizeof *v);
    double *tmp = lua_newuserdatauv(L, (x->n + 1) * sizeof *tmp, 0);
    if (v == NULL) luaL_error(L, "not enough memory");
    x->nsorted[which] = numbers_pick(x->v, x->status, which_mask[which], x->n, v);
    numbers_sort(v, tmp, x->nsorted[which]);
    x->sorted[which] = v;
    lua_pop(L, 1);
  }
  *n = x->nsorted[which];
  return x->sorted[which];
}

/* A whole number as an integer, so that it prints as one. */
static int pushfigure(lua_State *L, double v) {
  lua_Integer i;
  if (lua_numbertointeger(v, &i) && (double)i == v) lua_pushinteger(L, i);
  else lua_pushnumber(L, v);
  return 1;
}

static int n_count(lua_State *L) {
  size_t n;
  selection(L, checknumbers(L, 1), 2, &n);
  lua_pushinteger(L, (lua_Integer)n);
  return 1;
}

static int n_sum(lua_State *L) {
  size_t n;
  const double *v = selection(L, checknumbers(L, 1), 2, &n);
  return pushfigure(L, numbers_sum(v, n));
}

static int n_mean(lua_State *L) {
  size_t n;
  const double *v = selection(L, checknumbers(L, 1), 2, &n);
  if (n == 0) return luaL_pushfail(L), 1;
  return pushfigure(L, numbers_sum(v, n) / (double)n);
}

static int quantile(lua_State *L, double p, int which_arg) {
  size_t n;
  const double *v = selection(L, checknumbers(L, 1), which_arg, &n);
  if (n == 0) return luaL_pushfail(L), 1;
  return pushfigure(L, numbers_quantile(v, n, p));
}

static int n_median(lua_State *L) { return quantile(L, 0.5, 2); }
static int n_min(lua_State *L) { return quantile(L, 0, 2); }
static int n_max(lua_State *L) { return quantile(L, 1, 2); }

static int n_quantile(lua_State *L) {
  double p = luaL_checknumber(L, 2);
  luaL_argcheck(L, p >= 0 && p <= 1, 2, "expected a share from 0 to 1");
  return quantile(L, p, 3);
}

/* n:below(x, which): the share of the numbers that are smaller than x. */
static int n_below(lua_State *L) {
  double x = luaL_checknumber(L, 2);
  size_t n;
  const double *v = selection(L, checknumbers(L, 1), 3, &n);
  if (n == 0) return luaL_pushfail(L), 1;
  lua_pushnumber(L, (double)numbers_below(v, n, x) / (double)n);
  return 1;
}

/* n:counts({ x, … }, which, "below" or "upto"): how many of the numbers are smaller than each x, or at most it. */
static int n_counts(lua_State *L) {
  static const char *const sides[] = { "below", "upto", NULL };
  Numbers *x = checknumbers(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  int upto = luaL_checkoption(L, 4, "below", sides);
  size_t n, nvalues = lua_rawlen(L, 2);
  const double *v = selection(L, x, 3, &n);
  lua_createtable(L, (int)nvalues, 0);
  for (size_t i = 1; i <= nvalues; i++) {
    lua_rawgeti(L, 2, (lua_Integer)i);
    int ok;
    double value = lua_tonumberx(L, -1, &ok);
    luaL_argcheck(L, ok, 2, "expected a list of numbers");
    lua_pop(L, 1);
    lua_pushinteger(L, (lua_Integer)(upto ? numbers_upto(v, n, value) : numbers_below(v, n, value)));
    lua_rawseti(L, -2, (lua_Integer)i);
  }
  return 1;
}

static int n_histogram(lua_State *L) {
  Numbers *x = checknumbers(L, 1);
  lua_Integer bins = luaL_checkinteger(L, 2);
  luaL_argcheck(L, 1 <= bins && bins <= 1000, 2, "expected 1 to 1000 bins");
  int logarithmic = lua_toboolean(L, 4);
  size_t n, nbins = (size_t)bins;
  const double *v = selection(L, x, 3, &n);
  if (n == 0) return luaL_pushfail(L), 1;
  double *edges = lua_newuserdatauv(L, (nbins + 1) * sizeof *edges, 0);
  uint64_t *counts = lua_newuserdatauv(L, nbins * sizeof *counts, 0);
  nbins = numbers_histogram(v, n, nbins, logarithmic, edges, counts);
  lua_createtable(L, 0, 2);
  lua_createtable(L, (int)nbins + 1, 0);
  for (size_t i = 0; i <= nbins; i++) {
    pushfigure(L, edges[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "edges");
  lua_createtable(L, (int)nbins, 0);
  for (size_t i = 0; i < nbins; i++) {
    lua_pushinteger(L, (lua_Integer)counts[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "counts");
  return 1;
}

/* n:first(x): the place (from 1) of the first number equal to x; nil if there is none. */
static int n_first(lua_State *L) {
  const Numbers *n = checknumbers(L, 1);
  double x = luaL_checknumber(L, 2);
  for (size_t i = 0; i < n->n; i++) {
    if (n->v[i] == x) {
      lua_pushinteger(L, (lua_Integer)i + 1);
      return 1;
    }
  }
  luaL_pushfail(L);
  return 1;
}

static void forget_sorted(Numbers *x) {
  for (int w = 0; w < WHICH_COUNT; w++) {
    free(x->sorted[w]);
    x->sorted[w] = NULL;
  }
}

/* n:drop(first, last): rows first to last have no number; returns n. */
static int n_drop(lua_State *L) {
  Numbers *x = checknumbers(L, 1);
  lua_Integer first = luaL_checkinteger(L, 2), last = luaL_checkinteger(L, 3);
  luaL_argcheck(L, first >= 1 && last <= (lua_Integer)x->n, 2, "expected rows of the view");
  for (lua_Integer i = first; i <= last; i++) x->v[i - 1] = NAN;
  forget_sorted(x);
  lua_settop(L, 1);
  return 1;
}

/* n:mark("0120…"): the status of each row, as digits in row order; returns n. */
static int n_mark(lua_State *L) {
  Numbers *x = checknumbers(L, 1);
  size_t len;
  const char *marks = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, len == x->n, 2, "expected one digit a row");
  luaL_argcheck(L, strspn(marks, "012") == len, 2, "expected digits 0 to 2");
  for (size_t i = 0; i < len; i++) x->status[i] = (uint8_t)(marks[i] - '0');
  forget_sorted(x);
  lua_settop(L, 1);
  return 1;
}

static int f_threshold_to_keep(lua_State *L) {
  static const char *const sides[] = { "min", "max", NULL };
  if (luaL_testudata(L, 1, NUMBERS) == NULL) {   /* (view, metric, …): the numbers of that metric */
    if (f_metric(L) == 2) return 2;
    lua_replace(L, 1);
    lua_remove(L, 2);
  }
  Numbers *x = checknumbers(L, 1);
  double share = luaL_checknumber(L, 2);
  luaL_argcheck(L, share > 0 && share <= 1, 2, "expected a share above 0 and at most 1");
  int side = luaL_checkoption(L, 3, NULL, sides);
  size_t n;
  const double *v = selection(L, x, 4, &n);
  if (n == 0) return luaL_pushfail(L), 1;
  return pushfigure(L, numbers_bound(v, n, share, side == 0));
}

static int n_get(lua_State *L) {
  const Numbers *x = checknumbers(L, 1);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 1 && (lua_Unsigned)i <= x->n, 2, "expected a row of the view");
  if (isnan(x->v[i - 1])) return luaL_pushfail(L), 1;
  return pushfigure(L, x->v[i - 1]);
}

static int n_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)checknumbers(L, 1)->n);
  return 1;
}

static int n_gc(lua_State *L) {
  Numbers *x = checknumbers(L, 1);
  free(x->v);
  free(x->status);
  for (int w = 0; w < WHICH_COUNT; w++) free(x->sorted[w]);
  *x = (Numbers){ 0 };
  return 0;
}

typedef struct Placed { double value; uint32_t place; } Placed;

static int by_value(const void *pa, const void *pb) {
  const Placed *p = pa, *q = pb;
  if (isnan(p->value) || isnan(q->value)) {
    if (isnan(p->value) != isnan(q->value)) return isnan(p->value) ? 1 : -1;
  } else if (p->value != q->value) {
    return p->value < q->value ? -1 : 1;
  }
  return (p->place > q->place) - (p->place < q->place);
}

/* n:order(rows [, descending]): the row numbers of the list by their numbers, equal ones as they
** stand in it, rows without a number last. */
static int n_order(lua_State *L) {
  const Numbers *x = checknumbers(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  size_t n = (size_t)luaL_len(L, 2);
  double sign = lua_toboolean(L, 3) ? -1 : 1;
  Placed *order = lua_newuserdatauv(L, (n + 1) * sizeof *order, 0);
  for (size_t i = 0; i < n; i++) {
    lua_geti(L, 2, (lua_Integer)i + 1);
    lua_Integer row = luaL_checkinteger(L, -1);
    lua_pop(L, 1);
    luaL_argcheck(L, row >= 1 && (lua_Unsigned)row <= x->n, 2, "expected rows of the view");
    order[i] = (Placed){ sign * x->v[row - 1], (uint32_t)i + 1 };
  }
  qsort(order, n, sizeof *order, by_value);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_geti(L, 2, order[i].place);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg functions[] = {
  { "field_tokens", f_field_tokens },
  { "field_bytes", f_field_bytes },
  { "path", f_path },
  { "times", f_times },
  { "leak", f_leak },
  { "metric", f_metric },
  { "annotation", f_annotation },
  { "from", f_from },
  { "packed", f_packed },
  { "join", f_join },
  { "rejected_by", f_rejected_by },
  { "threshold_to_keep", f_threshold_to_keep },
  { NULL, NULL }
};

static const luaL_Reg methods[] = {
  { "count", n_count },
  { "sum", n_sum },
  { "mean", n_mean },
  { "median", n_median },
  { "quantile", n_quantile },
  { "min", n_min },
  { "max", n_max },
  { "below", n_below },
  { "counts", n_counts },
  { "histogram", n_histogram },
  { "first", n_first },
  { "mark", n_mark },
  { "drop", n_drop },
  { "get", n_get },
  { "order", n_order },
  { "__len", n_len },
  { "__gc", n_gc },
  { NULL, NULL }
};

int luaopen_stats(lua_State *L);
int luaopen_stats(lua_State *L) {
  luaL_newmetatable(L, NUMBERS);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  luaL_newlib(L, functions);
  return 1;
}
