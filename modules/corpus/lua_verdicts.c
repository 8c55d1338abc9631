/* modules/corpus/lua_verdicts.c - verdict lists, and the way a stage written in Lua makes one.
**   local list = verdicts.new({ "too_old", "unsigned" }, "input")    -- reasons; evidence's field
**   list:add(row, "too_old", { value = 2019, threshold = 2021 })
**   list:add(row, "too_old", { twin = other, value = 0.9 })
**   list:add(row, "unsigned", { detail = "no name at the end" })      -- row: 1 is the first
**   list:add(row, "low_score", { json = '{"value":2.8}' })            -- evidence as it is to stand: an object
**   quarantine = true: the stage could not decide
**   #list, and :pair(a, b, value) for a verified pair that the ledger should name */
#include "corpus/lua_verdicts.h"

#include <lauxlib.h>
#include <math.h>

#include "core/json_out.h"
#include "corpus/json.h"

enum { USER_ROWS = 1, USER_REASONS, USER_FIELD, USER_VALUES = USER_FIELD };

static int list_gc(lua_State *L) {
  VerdictList **p = luaL_checkudata(L, 1, VERDICTS_TYPE);
  verdicts_free(*p);
  *p = NULL;
  return 0;
}

VerdictList *lua_checkverdicts(lua_State *L, int arg) {
  VerdictList **p = luaL_checkudata(L, arg, VERDICTS_TYPE);
  luaL_argcheck(L, *p != NULL, arg, "verdict list is closed");
  return *p;
}

void lua_setverdicts(lua_State *L, VerdictList *v) { *(VerdictList **)lua_touserdata(L, -1) = v; }

static int list_len(lua_State *L) {
  lua_pushinteger(L, (lua_Integer)lua_checkverdicts(L, 1)->n);
  return 1;
}

/* A row number from 1, or a raised error. What the view holds is checked by view:apply. */
static uint32_t check_row(lua_State *L, int arg) {
  lua_Integer row = luaL_checkinteger(L, arg);
  luaL_argcheck(L, 1 <= row && row < PLACE_NONE, arg, "expected the number of a row, from 1");
  return (uint32_t)(row - 1);
}

static uint32_t check_reason(lua_State *L, const VerdictList *v, int arg) {
  const char *reason = luaL_checkstring(L, arg);
  for (uint32_t i = 0; i < VERDICTS_MAX_REASONS && v->reasons[i] != NULL; i++)
    if (strcmp(v->reasons[i], reason) == 0) return i;
  return (uint32_t)luaL_argerror(L, arg, "not one of the list's reasons");
}

static double opt_number(lua_State *L, int table, const char *key) {
  double v = NAN;
  if (lua_getfield(L, table, key) != LUA_TNIL) {
    if (lua_type(L, -1) != LUA_TNUMBER) luaL_error(L, "%s: expected a number, got a %s", key, luaL_typename(L, -1));
    v = lua_tonumber(L, -1);
  }
  lua_pop(L, 1);
  return v;
}

/* Marks the row as judged; raises if it was before. */
static void check_once(lua_State *L, uint32_t row) {
  lua_getiuservalue(L, 1, USER_ROWS);
  if (lua_isnil(L, -1)) luaL_error(L, "a list that a native stage made is closed to :add");
  if (lua_rawgeti(L, -1, (lua_Integer)row) != LUA_TNIL)
    luaL_error(L, "row %d has a verdict already", (int)row + 1);
  lua_pushboolean(L, 1);
  lua_rawseti(L, -3, (lua_Integer)row);
  lua_pop(L, 2);
}

static int add_detail(VerdictList *v, Span detail) {
  Buf b = { 0 };
  int bad = buf_str(&b, "{\"detail\":") != 0 || json_out_string(&b, detail) != 0 || buf_char(&b, '}') != 0;
  int blob = bad ? -1 : verdicts_add_blob(v, buf_span(&b));
  buf_free(&b);
  return blob;
}

/* Evidence that the stage wrote itself: an object, whole. */
static int add_json(lua_State *L, VerdictList *v, Span text) {
  JsonDoc doc = { 0 };
  int good = json_check(&doc, text, 0) == JSON_OK && doc.root.kind == JSON_OBJECT;
  json_doc_free(&doc);
  if (!good) luaL_argerror(L, 4, "json: expected an object as text");
  return verdicts_add_blob(v, text);
}

static int list_add(lua_State *L) {
  VerdictList *v = lua_checkverdicts(L, 1);
  VerdictEntry e = { .row = check_row(L, 2), .reason = check_reason(L, v, 3), .twin = PLACE_NONE,
                     .value = NAN, .threshold = NAN, .blob = -1 };
  Span detail = { 0 }, json = { 0 };
  lua_settop(L, 4);
  if (!lua_isnil(L, 4)) {
    luaL_checktype(L, 4, LUA_TTABLE);
    e.value = opt_number(L, 4, "value");
    e.threshold = opt_number(L, 4, "threshold");
    if (lua_getfield(L, 4, "twin") != LUA_TNIL) e.twin = check_row(L, 5);
    if (lua_getfield(L, 4, "quarantine") != LUA_TNIL) e.quarantine = lua_toboolean(L, 6);
    if (lua_getfield(L, 4, "detail") != LUA_TNIL) detail.ptr = luaL_checklstring(L, 7, &detail.len);
    if (lua_getfield(L, 4, "json") != LUA_TNIL) json.ptr = luaL_checklstring(L, 8, &json.len);
  }
  luaL_argcheck(L, e.twin != e.row, 4, "a row cannot be its own twin");
  if (e.twin != PLACE_NONE) e.threshold = NAN;   /* of a twin it is another figure (view.h) */
  if (json.ptr != NULL || detail.ptr != NULL) {
    e.blob = json.ptr != NULL ? add_json(L, v, json) : add_detail(v, detail);
    if (e.blob < 0) return luaL_error(L, "not enough memory");
  }
  check_once(L, e.row);   /* last: a verdict that was refused is none */
  if (verdicts_add(v, e) != 0) return luaL_error(L, "not enough memory");
  return 0;
}

static int list_pair(lua_State *L) {
  VerdictList *v = lua_checkverdicts(L, 1);
  uint32_t a = check_row(L, 2), b = check_row(L, 3);
  luaL_argcheck(L, a != b, 3, "a row is no pair with itself");
  VerifiedPair p = { a < b ? a : b, a < b ? b : a, luaL_checknumber(L, 4) };
  if (verdicts_add_pair(v, p) != 0) return luaL_error(L, "not enough memory");
  return 0;
}

/* list:rows() -> the rows that have a verdict, ascending where the list is */
static int list_rows(lua_State *L) {
  const VerdictList *v = lua_checkverdicts(L, 1);
  lua_createtable(L, (int)v->n, 0);
  for (size_t i = 0; i < v->n; i++) {
    lua_pushinteger(L, (lua_Integer)v->entry[i].row + 1);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "add",     list_add },
  { "rows",    list_rows },
  { "pair",    list_pair },
  { "__len",   list_len },
  { "__gc",    list_gc },
  { "__close", list_gc },
  { NULL,      NULL },
};

void lua_newverdicts(lua_State *L) {
  VerdictList **p = lua_newuserdatauv(L, sizeof *p, USER_VALUES);
  *p = NULL;
  if (luaL_newmetatable(L, VERDICTS_TYPE)) {
    luaL_setfuncs(L, METHODS, 0);
    lua_pushvalue(L, -1);
    lua_setfield(L, -2, "__index");
  }
  lua_setmetatable(L, -2);
}

/* The list points at the texts of Lua strings that its user values keep alive. */
static int f_new(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  const char *field = luaL_optstring(L, 2, NULL);
  lua_Integer n = luaL_len(L, 1);
  luaL_argcheck(L, 1 <= n && n < VERDICTS_MAX_REASONS, 1, "expected 1 to 63 reasons");
  lua_settop(L, 2);
  lua_newverdicts(L);
  VerdictList *v = verdicts_new();
  if (v == NULL) return luaL_error(L, "not enough memory");
  lua_setverdicts(L, v);
  lua_newtable(L);
  lua_setiuservalue(L, 3, USER_ROWS);
  lua_createtable(L, (int)n, 0);
  for (lua_Integer i = 1; i <= n; i++) {
    if (lua_geti(L, 1, i) != LUA_TSTRING) return luaL_argerror(L, 1, "expected a list of names");
    v->reasons[i - 1] = lua_tostring(L, -1);
    lua_rawseti(L, 4, i);
  }
  lua_setiuservalue(L, 3, USER_REASONS);
  lua_pushvalue(L, 2);
  lua_setiuservalue(L, 3, USER_FIELD);
  v->field = field;
  return 1;
}

int luaopen_verdicts(lua_State *L);
int luaopen_verdicts(lua_State *L) {
  static const luaL_Reg FUNCTIONS[] = { { "new", f_new }, { NULL, NULL } };
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
