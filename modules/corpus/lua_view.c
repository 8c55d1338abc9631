/* modules/corpus/lua_view.c - a view as Lua sees it: counts, sources, stages, questions. What one
** row holds is in lua_view_row.c. Rows are numbered from 1. Words of rows never raise; a view
** that was closed does. */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "corpus/lua_rowop.h"
#include "corpus/lua_value.h"
#include "corpus/lua_verdicts.h"
#include "corpus/lua_view.h"
#include "corpus/query.h"
#include "corpus/reader.h"

/* ---- the handle ---- */

ViewBox *lua_checkviewbox(lua_State *L, int arg) {
  if (!lua_isuserdata(L, arg) && luaL_getmetafield(L, arg, "__native") == LUA_TFUNCTION) {   /* the REPL's own */
    lua_pushvalue(L, arg);
    lua_call(L, 1, 1);
    lua_replace(L, arg);
  }
  ViewBox *b = luaL_checkudata(L, arg, VIEW_TYPE);
  luaL_argcheck(L, b->view != NULL, arg, "view is closed");
  return b;
}

View *lua_checkview(lua_State *L, int arg) { return lua_checkviewbox(L, arg)->view; }

static int view_close(lua_State *L) {
  ViewBox *b = luaL_checkudata(L, 1, VIEW_TYPE);
  ViewBox old = *b;
  *b = (ViewBox){ 0 };
  scratch_free(old.scratch);
  buf_free(&old.text);
  view_unref(old.view);
  return 0;
}

/* [-0, +1, m] an empty handle */
static ViewBox *new_box(lua_State *L) {
  ViewBox *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (ViewBox){ 0 };
  lua_open_view(L);
  luaL_setmetatable(L, VIEW_TYPE);
  return b;
}

static int push_protected(lua_State *L) {
  View *v = lua_touserdata(L, 1);
  new_box(L)->view = v;
  return 1;
}

void lua_pushview(lua_State *L, View *v) {
  if (!lua_checkstack(L, 4)) {
    view_unref(v);
    luaL_error(L, "stack overflow");
  }
  lua_pushcfunction(L, push_protected);
  lua_pushlightuserdata(L, v);
  if (lua_pcall(L, 1, 1, 0) == LUA_OK) return;
  view_unref(v);
  lua_error(L);
}

/* [-0, +2, m] nil and the message, or "interrupted" where there is none */
static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

/* ---- counts and sources ---- */

static int view_len(lua_State *L) {
  lua_pushinteger(L, lua_checkview(L, 1)->corpus->nrows);
  return 1;
}

static int view_edited_(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)view_edited(lua_checkview(L, 1)));
  return 1;
}

/* view:edited_by() -> { [stage] = rows of which it changed a text } */
static int view_edited_by_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t n = corpus_stages(v->corpus);
  uint32_t *count = lua_newuserdatauv(L, (n + 1) * sizeof *count, 0);
  memset(count, 0, n * sizeof *count);
  view_edited_by(v, count, n);
  lua_newtable(L);
  for (size_t i = 0; i < n; i++) {
    if (count[i] == 0) continue;
    lua_pushinteger(L, count[i]);
    lua_setfield(L, -2, corpus_stage_name(v->corpus, (uint16_t)i));
  }
  return 1;
}

static int view_counts(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  lua_pushinteger(L, (lua_Integer)v->standing);
  lua_pushinteger(L, (lua_Integer)v->rejected);
  lua_pushinteger(L, (lua_Integer)v->quarantined);
  return 3;
}

static void set_text(lua_State *L, const char *key, const char *text) {
  if (text == NULL) return;
  lua_pushstring(L, text);
  lua_setfield(L, -2, key);
}

static void set_integer(lua_State *L, const char *key, uint64_t v) {
  lua_pushinteger(L, (lua_Integer)v);
  lua_setfield(L, -2, key);
}

static void push_source(lua_State *L, const Source *s) {
  lua_createtable(L, 0, 12);
  set_text(L, "path", s->path);
  set_text(L, "kind", s->kind);
  set_text(L, "generator", s->generator);
  set_text(L, "format", s->format);
  set_text(L, "format_reason", s->format_reason);
  set_text(L, "damage", source_damage(s));
  set_text(L, "sha256", s->sha256[0] != '\0' ? s->sha256 : NULL);
  set_integer(L, "bytes", s->file_bytes);
  set_integer(L, "rows", s->rows);
  set_integer(L, "blank", s->blank);
  lua_pushboolean(L, s->trusted);
  lua_setfield(L, -2, "trusted");
  lua_createtable(L, 0, (int)s->nattr);
  for (size_t i = 0; i < s->nattr; i++) set_text(L, s->attr[i].name, s->attr[i].value);
  lua_setfield(L, -2, "attributes");
}

static int view_sources(lua_State *L) {
  const Corpus *c = lua_checkview(L, 1)->corpus;
  lua_createtable(L, (int)c->nsources, 0);
  for (size_t i = 0; i < c->nsources; i++) {
    push_source(L, &c->sources[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int view_limited(lua_State *L) {
  lua_pushboolean(L, lua_checkview(L, 1)->corpus->limited);
  return 1;
}

static int view_hash_sources(lua_State *L) {
  Error err = { "" };
  if (corpus_hash_sources(lua_checkview(L, 1)->corpus, lua_optpool(L, 2), &err) != 0) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static int view_check_sources(lua_State *L) {
  Error err = { "" };
  if (corpus_check_sources(lua_checkview(L, 1)->corpus, &err) != 0) return fail(L, &err);
  lua_pushboolean(L, 1);
  return 1;
}

static void push_names(lua_State *L, const ViewColumn *col, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushstring(L, col[i].name);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int view_metric_names(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  push_names(L, v->metric, v->nmetrics);
  return 1;
}

static int view_annotation_names(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  push_names(L, v->annotation, v->nannotations);
  return 1;
}

/* ---- stages ---- */

static uint16_t check_stage(lua_State *L, const View *v, int arg) {
  size_t len;
  const char *name = luaL_checklstring(L, arg, &len);
  int stage = corpus_stage(v->corpus, span_of(name, len));
  if (stage < 0) luaL_error(L, "too many stages");
  return (uint16_t)stage;
}

/* What run_group needs in C; its arrays are userdata on the stack. */
typedef struct GroupArgs {
  RowOp **op;
  uint16_t *stage;
  uint32_t *row;         /* NULL: all */
  size_t nops, nrows;
  Pool *pool;
} GroupArgs;

/* [-0, +1, m] the rows of field "rows", from 0; they must ascend */
static void check_rows(lua_State *L, const View *v, GroupArgs *a) {
  if (lua_getfield(L, 2, "rows") == LUA_TNIL) return;
  luaL_checktype(L, -1, LUA_TTABLE);
  a->nrows = (size_t)luaL_len(L, -1);
  a->row = lua_newuserdatauv(L, (a->nrows + 1) * sizeof *a->row, 0);
  lua_Integer last = 0;
  for (size_t i = 0; i < a->nrows; i++) {
    int whole;
    lua_geti(L, -2, (lua_Integer)i + 1);
    lua_Integer row = lua_tointegerx(L, -1, &whole);
    lua_pop(L, 1);
    if (!whole || row <= last || row > (lua_Integer)v->corpus->nrows)
      luaL_error(L, "rows: expected ascending row numbers from 1 to %I", (lua_Integer)v->corpus->nrows);
    last = row;
    a->row[i] = (uint32_t)(row - 1);
  }
}

static void check_ops(lua_State *L, const View *v, GroupArgs *a) {
  lua_getfield(L, 2, "ops");
  lua_getfield(L, 2, "stages");
  luaL_checktype(L, -2, LUA_TTABLE);
  luaL_checktype(L, -1, LUA_TTABLE);
  int ops = lua_gettop(L) - 1, stages = ops + 1;
  a->nops = (size_t)luaL_len(L, ops);
  if ((size_t)luaL_len(L, stages) != a->nops) luaL_error(L, "expected a stage name for each operator");
  a->op = lua_newuserdatauv(L, (a->nops + 1) * sizeof *a->op, 0);
  a->stage = lua_newuserdatauv(L, (a->nops + 1) * sizeof *a->stage, 0);
  luaL_checkstack(L, (int)a->nops + 8, "too many operators");
  for (size_t i = 0; i < a->nops; i++) {
    lua_geti(L, ops, (lua_Integer)i + 1);   /* stays on the stack: keeps the operator alive */
    a->op[i] = lua_checkrowop(L, -1);
    lua_geti(L, stages, (lua_Integer)i + 1);
    a->stage[i] = check_stage(L, v, -1);
    lua_pop(L, 1);
  }
}

/* [-0, +0, m] { seconds, calls } of each operator, and of the rows themselves, into the table */
static void push_times(lua_State *L, int table, const GroupTime *time, size_t n) {
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 2);
    lua_pushnumber(L, time[i].seconds);
    lua_setfield(L, -2, "seconds");
    lua_pushinteger(L, (lua_Integer)time[i].calls);
    lua_setfield(L, -2, "calls");
    lua_seti(L, table, (lua_Integer)i + 1);
  }
}

/* view:run_group{ ops =, stages =, pool =, rows =, times = {} }: times is filled where it is given. */
static int view_run_group_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  GroupArgs a = { 0 };
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getfield(L, 2, "pool");
  a.pool = lua_optpool(L, 3);
  check_rows(L, v, &a);
  check_ops(L, v, &a);
  int times = lua_getfield(L, 2, "times") == LUA_TTABLE ? lua_gettop(L) : 0;
  GroupTime *time = times ? lua_newuserdatauv(L, (a.nops + 1) * sizeof *time, 0) : NULL;
  for (size_t i = 0; time != NULL && i <= a.nops; i++) time[i] = (GroupTime){ 0 };
  ViewBox *box = new_box(L);
  Error err = { "" };
  View *held = view_ref(lua_checkview(L, 1));   /* a row function of this state may close the handle */
  box->view = view_run_group_timed(v, a.pool, a.op, a.stage, a.nops, a.row, a.nrows, time, &err);
  view_unref(held);
  if (box->view == NULL) return fail(L, &err);
  if (time != NULL) push_times(L, times, time, a.nops + 1);
  return 1;
}

static int view_apply_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  uint16_t stage = check_stage(L, v, 2);
  const VerdictList *list = lua_checkverdicts(L, 3);
  ViewBox *box = new_box(L);
  Error err = { "" };
  box->view = view_apply(v, stage, list, &err);
  return box->view == NULL ? fail(L, &err) : 1;
}

/* view:annotate(name, { [row] = value, … }): rows left out lose theirs. */
static int view_annotate_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  uint32_t n = v->corpus->nrows;
  uint32_t *ids = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *ids, 0);
  for (uint32_t i = 0; i < n; i++) {
    lua_geti(L, 3, (lua_Integer)i + 1);
    ids[i] = names_intern_value(v->corpus->names, lua_checkrowvalue(L, -1));
    if (ids[i] == NAME_FAIL) return luaL_error(L, "not enough memory");
    lua_pop(L, 1);
  }
  ViewBox *box = new_box(L);
  Error err = { "" };
  box->view = view_annotate(v, span_of(name, len), ids, &err);
  return box->view == NULL ? fail(L, &err) : 1;
}

/* view:measure(name, { [row] = number, … }): rows left out have none. */
static int view_measure_(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 2, &len);
  luaL_checktype(L, 3, LUA_TTABLE);
  lua_settop(L, 3);
  uint32_t n = v->corpus->nrows;
  double *values = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *values, 0);
  for (uint32_t i = 0; i < n; i++) {
    int type = lua_geti(L, 3, (lua_Integer)i + 1);
    if (type != LUA_TNIL && type != LUA_TNUMBER) return luaL_argerror(L, 3, "expected numbers by row");
    values[i] = type == LUA_TNIL ? NAN : lua_tonumber(L, -1);
    lua_pop(L, 1);
  }
  ViewBox *box = new_box(L);
  Error err = { "" };
  box->view = view_measure(v, span_of(name, len), values, &err);
  return box->view == NULL ? fail(L, &err) : 1;
}

/* ---- questions ---- */

static void push_reason(lua_State *L, const View *v, const ReasonCount *r) {
  lua_createtable(L, 0, 4);
  set_text(L, "stage", corpus_stage_name(v->corpus, r->stage));
  Span reason = names_value(v->corpus->names, r->reason).text;   /* a row function's may hold any bytes */
  lua_pushlstring(L, reason.ptr, reason.len);
  lua_setfield(L, -2, "reason");
  set_integer(L, "count", r->count);
  set_integer(L, "example", (uint64_t)r->example + 1);
}

static int view_reasons(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  void **holder = lua_newholder(L);
  ReasonCount *r;
  size_t n;
  if (query_reasons(v, &r, &n) != 0) return luaL_error(L, "not enough memory");
  *holder = r;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    push_reason(L, v, &r[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static unsigned check_which(lua_State *L, int arg) {
  static const char *const NAMES[] = { "standing", "rejected", "quarantined", "all", NULL };
  static const unsigned STATUSES[] = { 1u << STATUS_STANDING, 1u << STATUS_REJECTED,
                                       1u << STATUS_QUARANTINED, ~0u };
  return STATUSES[luaL_checkoption(L, arg, "standing", NAMES)];
}

/* view:group_counts(key [, which [, pool]]) -> { [value] = rows } */
static int view_group_counts(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  size_t len;
  const char *key = luaL_checklstring(L, 2, &len);
  unsigned which = check_which(L, 3);
  Pool *pool = lua_optpool(L, 4);
  uint32_t n = v->corpus->nrows;
  uint32_t *ids = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *ids, 0);
  int r = query_keys(v, pool, span_of(key, len), which, ids);
  if (r == POOL_INTERRUPTED) return fail(L, &(Error){ "" });
  if (r != 0) return luaL_error(L, "not enough memory");
  lua_newtable(L);
  for (uint32_t i = 0; i < n; i++) {
    if ((which >> view_status(v, i) & 1) == 0) continue;
    if (ids[i] == NAME_NONE) lua_pushliteral(L, "unknown");
    else lua_pushrowvalue(L, names_value(v->corpus->names, ids[i]));
    lua_pushvalue(L, -1);
    lua_Integer count = lua_rawget(L, -3) == LUA_TNIL ? 0 : lua_tointeger(L, -1);
    lua_pop(L, 1);
    lua_pushinteger(L, count + 1);
    lua_rawset(L, -3);
  }
  return 1;
}

/* view:rows_of(which [, reason [, stage]]) -> array of row numbers; which as in group_counts */
static int view_rows_of(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  unsigned which = check_which(L, 2);
  size_t len;
  const char *reason = luaL_optlstring(L, 3, NULL, &len);
  uint32_t id = NAME_NONE;
  if (reason != NULL) {
    id = names_find(v->corpus->names, span_of(reason, len));
    if (id == NAME_NONE) id = NAME_FAIL;   /* a word that no row knows */
  }
  int stage = lua_isnoneornil(L, 4) ? -1 : check_stage(L, v, 4);
  uint32_t *rows = lua_newuserdatauv(L, ((size_t)v->corpus->nrows + 1) * sizeof *rows, 0);
  size_t n = query_rows(v, which, stage, id, rows);
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int view_standing_rows(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  lua_createtable(L, (int)v->standing, 0);
  lua_Integer n = 0;
  for (uint32_t i = 0; i < v->corpus->nrows; i++) {
    if (view_status(v, i) != STATUS_STANDING) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

/* view:annotated(name) -> array of the standing rows that have an annotation of that name */
static int view_annotated(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  Span name;
  name.ptr = luaL_checklstring(L, 2, &name.len);
  const uint32_t *ids = view_annotation_column(v, name);
  lua_newtable(L);
  lua_Integer n = 0;
  for (uint32_t i = 0; ids != NULL && i < v->corpus->nrows; i++) {
    if (ids[i] == NAME_NONE || view_status(v, i) != STATUS_STANDING) continue;
    lua_pushinteger(L, (lua_Integer)i + 1);
    lua_rawseti(L, -2, ++n);
  }
  return 1;
}

static int view_tostring(lua_State *L) {
  ViewBox *b = luaL_checkudata(L, 1, VIEW_TYPE);
  if (b->view == NULL) lua_pushliteral(L, "view (closed)");
  else lua_pushfstring(L, "view of %I rows, %I standing", (lua_Integer)b->view->corpus->nrows,
                       (lua_Integer)b->view->standing);
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "counts",           view_counts },
  { "edited",           view_edited_ },
  { "edited_by",        view_edited_by_ },
  { "sources",          view_sources },
  { "limited",          view_limited },
  { "hash_sources",     view_hash_sources },
  { "check_sources",    view_check_sources },
  { "metric_names",     view_metric_names },
  { "annotation_names", view_annotation_names },
  { "run_group",        view_run_group_ },
  { "apply",            view_apply_ },
  { "annotate",         view_annotate_ },
  { "measure",          view_measure_ },
  { "reasons",          view_reasons },
  { "group_counts",     view_group_counts },
  { "rows_of",          view_rows_of },
  { "standing_rows",    view_standing_rows },
  { "annotated",        view_annotated },
  { "close",            view_close },
  { "__len",            view_len },
  { "__tostring",       view_tostring },
  { "__gc",             view_close },
  { "__close",          view_close },
  { NULL,               NULL },
};

void lua_open_view(lua_State *L) {
  if (luaL_newmetatable(L, VIEW_TYPE)) {
    luaL_setfuncs(L, METHODS, 0);
    lua_open_view_row(L);
    lua_open_view_revive(L);
    lua_open_view_look(L);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}
