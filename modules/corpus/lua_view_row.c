/* modules/corpus/lua_view_row.c - one row of a view as Lua sees it, and how it is found. */
#include <inttypes.h>
#include <lauxlib.h>
#include <math.h>

#include "corpus/evidence.h"
#include "corpus/lua_value.h"
#include "corpus/lua_view.h"
#include "corpus/query.h"

/* The row whose number is at arg 2, on the handle's own scratch. */
static Row check_row(lua_State *L, ViewBox *b) {
  lua_Integer row = luaL_checkinteger(L, 2);
  if (row < 1 || row > (lua_Integer)b->view->corpus->nrows)
    luaL_error(L, "no row %I: expected 1 to %I", row, (lua_Integer)b->view->corpus->nrows);
  if (b->scratch == NULL) b->scratch = scratch_new(0);
  if (b->scratch == NULL) luaL_error(L, "not enough memory");
  return scratch_begin(b->scratch, b->view, (uint32_t)(row - 1));
}

static void push_span(lua_State *L, Span s) {
  if (s.ptr == NULL) lua_pushnil(L);
  else lua_pushlstring(L, s.ptr, s.len);
}

static void set_span(lua_State *L, const char *key, Span s) {
  push_span(L, s);
  lua_setfield(L, -2, key);
}

/* ---- view:row(i) ---- */

/* [-0, +0, m] stage, reason and evidence into the table at the top */
static void set_verdict(lua_State *L, ViewBox *b, const Verdict *d) {
  const Corpus *c = b->view->corpus;
  set_span(L, "stage", span_str(corpus_stage_name(c, d->stage)));
  set_span(L, "reason", names_value(c->names, d->reason).text);
  b->text.len = 0;
  if (verdict_evidence(b->view, d, &b->text) != 0) luaL_error(L, "not enough memory");
  JsonValue json = json_value(buf_span(&b->text));
  lua_pushjson(L, &json, 0);
  lua_setfield(L, -2, "evidence");
  set_span(L, "evidence_json", buf_span(&b->text));
}

static void set_also(lua_State *L, ViewBox *b, const Verdict *d) {
  lua_newtable(L);
  for (lua_Integer i = 1; d->more; i++) {
    d++;
    lua_newtable(L);
    set_verdict(L, b, d);
    lua_rawseti(L, -2, i);
  }
  lua_setfield(L, -2, "also");
}

static void set_columns(lua_State *L, const View *v, uint32_t row) {
  lua_createtable(L, 0, (int)v->nmetrics);
  for (size_t i = 0; i < v->nmetrics; i++) {
    double value = view_metric(v, span_str(v->metric[i].name))[row];
    if (isnan(value)) continue;
    lua_pushnumber(L, value);
    lua_setfield(L, -2, v->metric[i].name);
  }
  lua_setfield(L, -2, "metrics");
  lua_createtable(L, 0, (int)v->nannotations);
  for (size_t i = 0; i < v->nannotations; i++) {
    uint32_t id = view_annotation(v, span_str(v->annotation[i].name), row);
    lua_pushrowvalue(L, names_value(v->corpus->names, id));
    lua_setfield(L, -2, v->annotation[i].name);
  }
  lua_setfield(L, -2, "annotations");
}

static int view_row(lua_State *L) {
  static const char *const STATUS[] = { "standing", "rejected", "quarantined" };
  ViewBox *b = lua_checkviewbox(L, 1);
  Row r = check_row(L, b);
  const Corpus *c = r.corpus;
  const RowRec *rec = &c->rows[r.index];
  lua_createtable(L, 0, 12);
  set_span(L, "source", span_str(c->sources[rec->source].path));
  lua_pushinteger(L, rec->line);
  lua_setfield(L, -2, "line");
  lua_pushinteger(L, (lua_Integer)r.index + 1);
  lua_setfield(L, -2, "row");
  set_span(L, "status", span_str(STATUS[view_status(b->view, r.index)]));
  set_span(L, "bytes", row_bytes(&r));
  set_span(L, "id", query_row_id(&r));
  char hex[33];
  snprintf(hex, sizeof hex, "%016" PRIx64 "%016" PRIx64, c->identity[r.index].hi, c->identity[r.index].lo);
  set_span(L, "identity", span_str(hex));
  set_columns(L, b->view, r.index);
  const Verdict *d = view_verdict(b->view, r.index);
  if (d == NULL) return 1;
  set_verdict(L, b, d);
  set_also(L, b, d);
  return 1;
}

/* ---- texts ---- */

static int view_field(lua_State *L) {
  ViewBox *b = lua_checkviewbox(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 3, &len);
  Field f = field_by_name(span_of(name, len));
  luaL_argcheck(L, f != FIELD_NONE, 3, "expected system, input, output, alternative or assistant");
  Row r = check_row(L, b);
  Span text = row_field(&r, f);
  if (scratch_failed(b->scratch)) return luaL_error(L, "not enough memory");
  push_span(L, text);
  return 1;
}

static int view_key(lua_State *L) {
  ViewBox *b = lua_checkviewbox(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 3, &len);
  Row r = check_row(L, b);
  lua_pushrowvalue(L, row_key(&r, span_of(name, len)));
  return 1;
}

/* view:strings(i) -> array of { path, field, text, turn }: every string value of the row */
static int view_strings(lua_State *L) {
  ViewBox *b = lua_checkviewbox(L, 1);
  Row r = check_row(L, b);
  const RowString *s;
  size_t n = row_strings(&r, &s);
  if (scratch_failed(b->scratch)) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 4);
    b->text.len = 0;
    if (row_string_path(&r, s[i].start, &b->text) != 0) return luaL_error(L, "not enough memory");
    set_span(L, "path", buf_span(&b->text));
    set_span(L, "field", span_str(field_name((Field)s[i].field)));
    set_span(L, "text", s[i].text);
    lua_pushinteger(L, s[i].turn);
    lua_setfield(L, -2, "turn");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* view:nstrings(i, field) -> of how many strings that field of the row is made */
static int view_nstrings(lua_State *L) {
  ViewBox *b = lua_checkviewbox(L, 1);
  size_t len;
  const char *name = luaL_checklstring(L, 3, &len);
  Field f = field_by_name(span_of(name, len));
  luaL_argcheck(L, f != FIELD_NONE, 3, "expected system, input, output, alternative or assistant");
  Row r = check_row(L, b);
  const RowString *s;
  size_t n = row_strings(&r, &s), count = 0;
  if (scratch_failed(b->scratch)) return luaL_error(L, "not enough memory");
  for (size_t i = 0; i < n; i++) count += (Field)s[i].field == f;
  lua_pushinteger(L, (lua_Integer)count);
  return 1;
}

/* [-0, +1, m] an array of { path, text, stage, spans } */
static void push_edits(lua_State *L, ViewBox *b, const Row *r, const Edit *e, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_createtable(L, 0, 4);
    b->text.len = 0;
    if (row_string_path(r, e[i].start, &b->text) != 0) luaL_error(L, "not enough memory");
    set_span(L, "path", buf_span(&b->text));
    set_span(L, "text", e[i].text);
    set_span(L, "stage", span_str(corpus_stage_name(r->corpus, e[i].stage)));
    if (e[i].spans.ptr != NULL) {
      JsonValue json = json_value(e[i].spans);
      lua_pushjson(L, &json, 0);
      lua_setfield(L, -2, "spans");
    }
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

/* view:edits(i) -> what stages changed, an array of { path, text, stage, spans = { { start, end, type, action }, … }
** of the text before, where the stage told }; and a second one, of the texts that an edit by another stage replaced */
static int view_edits_(lua_State *L) {
  ViewBox *b = lua_checkviewbox(L, 1);
  Row r = check_row(L, b);
  const Edit *e;
  size_t n = view_edits(b->view, r.index, &e);
  push_edits(L, b, &r, e, n);
  n = view_replaced(b->view, r.index, &e);
  push_edits(L, b, &r, e, n);
  return 2;
}

/* ---- view:find{ source =, line = } | { id = } | { text =, max =, pool = } ---- */

static int is_given(lua_State *L, const char *key) {
  int given = lua_getfield(L, 2, key) != LUA_TNIL;
  if (!given) lua_pop(L, 1);
  return given;
}

/* The text at the top of the stack, which stays there. */
static Span check_text(lua_State *L, const char *key) {
  Span s;
  if (!lua_isstring(L, -1)) luaL_error(L, "%s: expected a string, got a %s", key, luaL_typename(L, -1));
  s.ptr = lua_tolstring(L, -1, &s.len);
  return s;
}

static lua_Integer opt_integer(lua_State *L, const char *key, lua_Integer otherwise) {
  if (!is_given(L, key)) return otherwise;
  int whole;
  lua_Integer v = lua_tointegerx(L, -1, &whole);
  if (!whole || v < 1 || v > UINT32_MAX) luaL_error(L, "%s: expected a whole number from 1", key);
  lua_pop(L, 1);
  return v;
}

static int view_find(lua_State *L) {
  const View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  lua_settop(L, 2);
  lua_getfield(L, 2, "pool");
  Pool *pool = lua_optpool(L, 3);
  size_t max = (size_t)opt_integer(L, "max", 1000);
  uint32_t line = (uint32_t)opt_integer(L, "line", 1);
  if (max > v->corpus->nrows) max = v->corpus->nrows;
  uint32_t *rows = lua_newuserdatauv(L, (max + 1) * sizeof *rows, 0);
  long found = 0;
  if (is_given(L, "source")) found = query_line(v, check_text(L, "source"), line, rows, max);
  else if (is_given(L, "id")) found = query_id(v, pool, check_text(L, "id"), rows, max);
  else if (is_given(L, "text")) found = query_text(v, pool, check_text(L, "text"), rows, max);
  else return luaL_argerror(L, 2, "expected source and line, id, or text");
  if (found < 0) {
    luaL_pushfail(L);
    lua_pushstring(L, found == POOL_INTERRUPTED ? "interrupted" : "not enough memory");
    return 2;
  }
  size_t n = (size_t)found < max ? (size_t)found : max;
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    lua_pushinteger(L, (lua_Integer)rows[i] + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_pushinteger(L, found);
  return 2;
}

void lua_open_view_row(lua_State *L) {
  static const luaL_Reg METHODS[] = {
    { "row",      view_row },
    { "field",    view_field },
    { "key",      view_key },
    { "strings",  view_strings },
    { "nstrings", view_nstrings },
    { "edits",    view_edits_ },
    { "find",     view_find },
    { NULL,       NULL },
  };
  luaL_setfuncs(L, METHODS, 0);
}
