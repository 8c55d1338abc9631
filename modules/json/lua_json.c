/* modules/json/lua_json.c - JSON that scripts read and write: settings, lineage, reports. Never rows.
**   json.encode({ b = 1, a = json.array {} })        --> {"a":[],"b":1}     keys sorted
**   json.encode(t, "  ")                             -- one member a line, indented
**   local t, err = json.decode(text)                 -- exact integers; json.null for null
** A table is an array if json.array made it one or its keys are 1 to n and n > 0. */
#include <lauxlib.h>

#include "core/json_out.h"
#include "core/lua_buf.h"
#include "core/lua_keys.h"
#include "json/lua_decode.h"

enum { MAX_DEPTH = 200, KEPT_BYTES = 256 * 1024 };

typedef struct Writer {
  lua_State *L;
  Buf *b;
  const char *indent;   /* NULL: all on one line */
  int depth;
} Writer;

static void checked(Writer *w, int r) {
  if (r != 0) luaL_error(w->L, "not enough memory");
}

static void new_line(Writer *w) {
  if (w->indent == NULL) return;
  checked(w, buf_char(w->b, '\n'));
  for (int i = 0; i < w->depth; i++) checked(w, buf_str(w->b, w->indent));
}

static void put_value(Writer *w, int idx);

static int is_array(lua_State *L, int idx) {
  if (lua_getmetatable(L, idx)) {
    luaL_getmetatable(L, JSON_ARRAY_TYPE);
    int same = lua_rawequal(L, -1, -2);
    lua_pop(L, 2);
    if (same) return 1;
  }
  lua_Integer n = (lua_Integer)lua_rawlen(L, idx), count = 0;
  if (n == 0) return 0;
  for (lua_pushnil(L); lua_next(L, idx) != 0; lua_pop(L, 1)) count++;
  return count == n;
}

static void put_array(Writer *w, int idx) {
  lua_State *L = w->L;
  lua_Integer n = (lua_Integer)lua_rawlen(L, idx);
  checked(w, buf_char(w->b, '['));
  w->depth++;
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1) checked(w, buf_char(w->b, ','));
    new_line(w);
    lua_rawgeti(L, idx, i);
    put_value(w, lua_gettop(L));
    lua_pop(L, 1);
  }
  w->depth--;
  if (n > 0) new_line(w);
  checked(w, buf_char(w->b, ']'));
}

static void put_key(Writer *w, int idx) {
  lua_State *L = w->L;
  size_t len;
  if (lua_type(L, idx) == LUA_TBOOLEAN) luaL_error(L, "an object's key cannot be a boolean");
  lua_pushvalue(L, idx);   /* a number would be changed in place */
  const char *text = lua_tolstring(L, -1, &len);
  checked(w, json_out_string(w->b, span_of(text, len)));
  lua_pop(L, 1);
  checked(w, buf_char(w->b, ':'));
  if (w->indent != NULL) checked(w, buf_char(w->b, ' '));
}

static void put_object(Writer *w, int idx) {
  lua_State *L = w->L;
  lua_Integer n = keys_sorted(L, idx);
  checked(w, buf_char(w->b, '{'));
  w->depth++;
  for (lua_Integer i = 1; i <= n; i++) {
    if (i > 1) checked(w, buf_char(w->b, ','));
    new_line(w);
    lua_rawgeti(L, -1, i);
    put_key(w, lua_gettop(L));
    lua_rawget(L, idx);
    put_value(w, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  w->depth--;
  if (n > 0) new_line(w);
  checked(w, buf_char(w->b, '}'));
}

static void put_value(Writer *w, int idx) {
  lua_State *L = w->L;
  size_t len;
  const char *text;
  luaL_checkstack(L, 10, NULL);
  switch (lua_type(L, idx)) {
    case LUA_TNIL: checked(w, buf_str(w->b, "null")); break;
    case LUA_TBOOLEAN: checked(w, buf_str(w->b, lua_toboolean(L, idx) ? "true" : "false")); break;
    case LUA_TNUMBER:
      checked(w, lua_isinteger(L, idx) ? json_out_int(w->b, lua_tointeger(L, idx))
                                       : json_out_double(w->b, lua_tonumber(L, idx)));
      break;
    case LUA_TSTRING:
      text = lua_tolstring(L, idx, &len);
      checked(w, json_out_string(w->b, span_of(text, len)));
      break;
    case LUA_TTABLE:
      if (w->depth >= MAX_DEPTH) luaL_error(L, "tables nest too deep for JSON, or in a ring");
      if (is_array(L, idx)) put_array(w, idx);
      else put_object(w, idx);
      break;
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, idx) == NULL) {
        checked(w, buf_str(w->b, "null"));
        break;
      }   /* fall through */
    default: luaL_error(L, "a %s has no JSON", luaL_typename(L, idx));
  }
}

/* Its upvalue is a buffer that serves all calls: a finalizer for each would cost more than the writing. */
static int f_encode(lua_State *L) {
  luaL_checkany(L, 1);
  const char *indent = luaL_optstring(L, 2, NULL);
  Buf *b = lua_touserdata(L, lua_upvalueindex(1));
  b->len = 0;
  Writer w = { L, b, indent, 0 };
  put_value(&w, 1);
  lua_pushlstring(L, b->ptr, b->len);
  if (b->cap > KEPT_BYTES) buf_free(b);
  return 1;
}

static int f_decode(lua_State *L) {
  size_t len;
  const char *text = luaL_checklstring(L, 1, &len);
  if (len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) return lua_decodejson(L, span_of(text + 3, len - 3), 1);
  return lua_decodejson(L, span_of(text, len), 1);
}

static int f_array(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  luaL_setmetatable(L, JSON_ARRAY_TYPE);
  return 1;
}

static const luaL_Reg functions[] = {
  { "decode", f_decode },
  { "array", f_array },
  { NULL, NULL }
};

int luaopen_json(lua_State *L);
int luaopen_json(lua_State *L) {
  luaL_newmetatable(L, JSON_ARRAY_TYPE);
  luaL_newlib(L, functions);
  lua_newbuf(L);
  lua_pushcclosure(L, f_encode, 1);
  lua_setfield(L, -2, "encode");
  lua_pushlightuserdata(L, NULL);
  lua_setfield(L, -2, "null");
  return 1;
}
