/* runtime/rowproxy.c - see rowproxy.h. One userdata serves row after row; only what is touched is
** made. */
#include "runtime/rowproxy.h"

#include <lauxlib.h>

#include "core/lua_keys.h"
#include "corpus/json.h"
#include "corpus/lua_value.h"
#include "corpus/scratch.h"

#define RAW_TYPE "tamis.raw"

/* ---- ex.raw ---- */

typedef struct RawWalk {
  const char *line;      /* edits name strings by their place from here */
  const Edit *edit;
  size_t nedits;
} RawWalk;

static int raw_index(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  return 1;
}

static int raw_len(lua_State *L) {
  lua_getiuservalue(L, 1, 1);
  lua_pushinteger(L, (lua_Integer)lua_rawlen(L, -1));
  return 1;
}

/* Upvalues: the table, its keys in order, how many, place. */
static int raw_next(lua_State *L) {
  lua_Integer i = lua_tointeger(L, lua_upvalueindex(4)) + 1;
  if (i > lua_tointeger(L, lua_upvalueindex(3))) return 0;
  lua_pushinteger(L, i);
  lua_replace(L, lua_upvalueindex(4));
  lua_rawgeti(L, lua_upvalueindex(2), i);
  lua_pushvalue(L, -1);
  lua_rawget(L, lua_upvalueindex(1));
  return 2;
}

/* The walk holds the table, whoever walks does not: it stays read-only. */
static int raw_pairs(lua_State *L) {
  lua_settop(L, 1);
  lua_getiuservalue(L, 1, 1);
  lua_Integer n = keys_sorted(L, 2);
  lua_pushinteger(L, n);
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, raw_next, 4);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

static int read_only(lua_State *L) {
  return luaL_error(L, "a row is read-only: map returns what to change, { output = new_text }");
}

/* What a row has is made when it is asked for: there is no list to go over. */
static int no_list(lua_State *L) {
  return luaL_error(L, "a row cannot be gone over: read it by name (ex.input; see tamis help ex), or its keys by "
                       "pairs(ex.raw)");
}

static const luaL_Reg raw_methods[] = {
  { "__index", raw_index },
  { "__len", raw_len },
  { "__pairs", raw_pairs },
  { "__newindex", read_only },
  { NULL, NULL }
};

static void push_raw(lua_State *L, const JsonValue *v, const RawWalk *w);

/* Object or array: a userdata that lends its table to be read. */
static void push_container(lua_State *L, const JsonValue *v, const RawWalk *w) {
  JsonValue key, item;
  lua_newuserdatauv(L, 0, 1);
  lua_newtable(L);
  lua_Integer n = 0;
  for (JsonIter it = json_iter(v); json_next(&it, &key, &item);) {
    if (v->kind == JSON_OBJECT) lua_pushjson(L, &key, 0);
    else lua_pushinteger(L, ++n);
    push_raw(L, &item, w);
    lua_rawset(L, -3);
  }
  lua_setiuservalue(L, -2, 1);
  if (luaL_newmetatable(L, RAW_TYPE)) luaL_setfuncs(L, raw_methods, 0);
  lua_setmetatable(L, -2);
}

static void push_raw(lua_State *L, const JsonValue *v, const RawWalk *w) {
  luaL_checkstack(L, 8, NULL);
  switch (v->kind) {
    case JSON_OBJECT: case JSON_ARRAY: push_container(L, v, w); return;
    case JSON_NULL: lua_pushlightuserdata(L, NULL); return;
    case JSON_STRING:
      for (size_t i = 0; i < w->nedits; i++) {
        if (w->line + w->edit[i].start != v->raw.ptr) continue;
        lua_pushlstring(L, w->edit[i].text.ptr, w->edit[i].text.len);
        return;
      }
      break;
    default: break;
  }
  lua_pushjson(L, v, 0);
}

static int push_row_raw(lua_State *L, RowProxy *p) {
  if (p->has_raw) {
    lua_getiuservalue(L, 1, 1);
    return 1;
  }
  Span line = row_bytes(p->row);
  RawWalk w = { .line = line.ptr };
  w.nedits = scratch_edits(p->row, &w.edit);
  JsonValue root = json_value(line);
  push_raw(L, &root, &w);
  lua_pushvalue(L, -1);
  lua_setiuservalue(L, 1, 1);
  p->has_raw = 1;
  return 1;
}

/* ---- ex ---- */

void rowproxy_field(lua_State *L, const Row *row, Field f) {
  Span text = row_field(row, f);
  if (text.ptr == NULL) lua_pushnil(L);
  else lua_pushlstring(L, text.ptr, text.len);
}

static int is(Span key, const char *name) {
  return memcmp(key.ptr, name, key.len) == 0;   /* same length: the caller looked */
}

/* The field of that name; FIELD_NONE if it is none. */
static Field field_of(Span key) {
  switch (key.len) {
    case 5: return is(key, "input") ? FIELD_INPUT : FIELD_NONE;
    case 6: return is(key, "output") ? FIELD_OUTPUT : is(key, "system") ? FIELD_SYSTEM : FIELD_NONE;
    case 9: return is(key, "assistant") ? FIELD_ASSISTANT : FIELD_NONE;
    case 11: return is(key, "alternative") ? FIELD_ALTERNATIVE : FIELD_NONE;
    default: return FIELD_NONE;
  }
}

/* Upvalue 1: the proxy itself, so that nothing else can be passed for it. */
static int ex_index(lua_State *L) {
  RowProxy *p = lua_touserdata(L, lua_upvalueindex(1));
  if (lua_touserdata(L, 1) != p || lua_type(L, 2) != LUA_TSTRING) return 0;
  if (p->row == NULL) return luaL_error(L, "this row is gone: a row may be read only while its function runs");
  Span key;
  key.ptr = lua_tolstring(L, 2, &key.len);
  Field f = field_of(key);
  if (f != FIELD_NONE) rowproxy_field(L, p->row, f);
  else if (key.len == 3 && is(key, "raw")) return push_row_raw(L, p);
  else lua_pushrowvalue(L, row_key(p->row, key));
  return 1;
}

RowProxy *rowproxy_push(lua_State *L) {
  RowProxy *p = lua_newuserdatauv(L, sizeof *p, 1);
  *p = (RowProxy){ 0 };
  lua_createtable(L, 0, 4);
  lua_pushlightuserdata(L, p);
  lua_pushcclosure(L, ex_index, 1);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, read_only);
  lua_setfield(L, -2, "__newindex");
  lua_pushcfunction(L, no_list);
  lua_setfield(L, -2, "__pairs");
  lua_pushcfunction(L, no_list);
  lua_setfield(L, -2, "__len");
  lua_setmetatable(L, -2);
  return p;
}
