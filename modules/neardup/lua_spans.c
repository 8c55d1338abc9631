/* modules/neardup/lua_spans.c - repeated spans for Lua, for the stage of that name.
**   local op, info = spans.repeated(view, { tokens = 50, action = "cut", max_share = 0.5,
**                                           fields = { "input" } }, pool)
** op is a row operator for that view; nil and a message ("interrupted") if it could not be made.
** info: rows, covered (rows with a span), spans, share (of all tokens, over rows), top = { { rows =,
** tokens =, row =, text = }, … }, at most five. */
#include <lauxlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_rowop.h"
#include "neardup/neardup.h"
#include "neardup/spans_op.h"

int luaopen_spans(lua_State *L);

static unsigned check_fields(lua_State *L) {
  unsigned fields = 0;
  if (lua_getfield(L, 2, "fields") != LUA_TNIL) {
    luaL_argcheck(L, lua_istable(L, -1), 2, "fields: expected a list of field names");
    for (lua_Integer i = 1, n = luaL_len(L, -1); i <= n; i++) {
      size_t len = 0;
      lua_geti(L, -1, i);
      const char *name = lua_tolstring(L, -1, &len);
      Field f = name != NULL ? field_by_name(span_of(name, len)) : FIELD_NONE;
      if (f >= FIELD_COUNT) luaL_error(L, "fields: no field is named %s", name != NULL ? name : luaL_typename(L, -1));
      fields |= 1u << f;
      lua_pop(L, 1);
    }
  }
  lua_pop(L, 1);
  return fields != 0 ? fields : NEARDUP_FIELDS;
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void push_top(lua_State *L, const View *v, unsigned fields, const RowOp *op, const Spans *s, Scratch *scratch) {
  lua_createtable(L, (int)s->ntop, 0);
  for (size_t i = 0; i < s->ntop; i++) {
    const TopSpan *t = &s->top[i];
    uint32_t index = spans_op_row(op, t->text);
    Row row = scratch_begin(scratch, v, index);
    Span text = spans_text(&row, fields, t->from, t->to);
    lua_createtable(L, 0, 4);
    set_count(L, "rows", t->texts);
    set_count(L, "tokens", t->to - t->from);
    set_count(L, "row", (size_t)index + 1);
    lua_pushlstring(L, text.ptr != NULL ? text.ptr : "", text.ptr != NULL ? text.len : 0);
    lua_setfield(L, -2, "text");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void push_info(lua_State *L, const View *v, unsigned fields, const RowOp *op, const Spans *s) {
  Scratch *scratch = lua_pushscratch(L);
  size_t covered = 0;
  double sum = 0;
  for (size_t i = 0; i < s->n; i++) {
    covered += s->count[i] > 0;
    sum += s->share[i];
  }
  lua_createtable(L, 0, 6);
  set_count(L, "rows", s->n);
  set_count(L, "covered", covered);
  set_count(L, "spans", s->nspans);
  lua_pushnumber(L, s->n > 0 ? sum / (double)s->n : 0);
  lua_setfield(L, -2, "share");
  push_top(L, v, fields, op, s, scratch);
  lua_setfield(L, -2, "top");
  lua_remove(L, -2);
}

static int f_repeated(lua_State *L) {
  static const char *const actions[] = { "report", "reject", "cut", NULL };
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  unsigned fields = check_fields(L);
  lua_getfield(L, 2, "tokens");
  lua_Integer tokens = luaL_checkinteger(L, -1);
  luaL_argcheck(L, 2 <= tokens && tokens <= 100000, 2, "tokens: expected 2 to 100000");
  lua_getfield(L, 2, "max_share");
  double max_share = luaL_optnumber(L, -1, 1);
  lua_getfield(L, 2, "action");
  SpansAction action = (SpansAction)luaL_checkoption(L, -1, "report", actions);
  Error err = { "" };
  const Spans *found;
  lua_newrowop(L);
  RowOp *op = spans_op_new(v, fields, (unsigned)tokens, action, max_share, pool, &found, &err);
  if (op == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
    return 2;
  }
  lua_setrowop(L, op);
  push_info(L, v, fields, op, found);
  return 2;
}

int luaopen_spans(lua_State *L) {
  static const luaL_Reg functions[] = { { "repeated", f_repeated }, { NULL, NULL } };
  luaL_newlib(L, functions);
  return 1;
}
