/* runtime/transfer.c - see transfer.h. One byte says the kind; then
**   'i' int64  'd' double  's' size_t length, bytes  '{' size_t pairs, key, value, key, value …
**   'F' int64 number, int64 line, 's' file: a function goes out   'G' int64 number: it comes back */
#include "runtime/transfer.h"

#include <lauxlib.h>
#include <limits.h>

#include "core/lua_keys.h"

typedef struct Writer {
  lua_State *L;
  Buf *b;
  int functions;
  int depth;
} Writer;

static void put(Writer *w, const void *bytes, size_t len) {
  if (buf_add(w->b, bytes, len) != 0) luaL_error(w->L, "not enough memory");
}

static void put_kind(Writer *w, char kind) { put(w, &kind, 1); }

static void put_text(Writer *w, const char *text, size_t len) {
  put_kind(w, 's');
  put(w, &len, sizeof len);
  put(w, text, len);
}

static void put_function(Writer *w, int idx) {
  lua_State *L = w->L;
  if (w->functions == 0) luaL_error(L, "a function cannot stand here");
  lua_Debug ar;
  lua_pushvalue(L, idx);
  lua_getinfo(L, ">S", &ar);
  int64_t number = (int64_t)lua_rawlen(L, w->functions) + 1, line = ar.linedefined;
  lua_pushvalue(L, idx);
  lua_rawseti(L, w->functions, number);
  put_kind(w, 'F');
  put(w, &number, sizeof number);
  put(w, &line, sizeof line);
  const char *file = *ar.what == 'C' ? "tamis" : *ar.source == '@' || *ar.source == '=' ? ar.source + 1 : ar.short_src;
  put_text(w, file, strlen(file));
}

static void put_value(Writer *w, int idx);

static void put_table(Writer *w, int idx) {
  lua_State *L = w->L;
  if (++w->depth > TRANSFER_MAX_DEPTH) luaL_error(L, "tables nest too deep here, or in a ring");
  luaL_checkstack(L, 8, NULL);
  lua_Integer n = keys_sorted(L, idx);
  size_t pairs = (size_t)n;
  put_kind(w, '{');
  put(w, &pairs, sizeof pairs);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -1, i);
    put_value(w, lua_gettop(L));
    lua_rawget(L, idx);
    put_value(w, lua_gettop(L));
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  w->depth--;
}

static void put_value(Writer *w, int idx) {
  lua_State *L = w->L;
  switch (lua_type(L, idx)) {
    case LUA_TNIL: put_kind(w, 'n'); break;
    case LUA_TBOOLEAN: put_kind(w, lua_toboolean(L, idx) ? 't' : 'f'); break;
    case LUA_TNUMBER:
      if (lua_isinteger(L, idx)) {
        int64_t v = lua_tointeger(L, idx);
        put_kind(w, 'i');
        put(w, &v, sizeof v);
      } else {
        double v = lua_tonumber(L, idx);
        put_kind(w, 'd');
        put(w, &v, sizeof v);
      }
      break;
    case LUA_TSTRING: {
      size_t len;
      const char *text = lua_tolstring(L, idx, &len);
      put_text(w, text, len);
      break;
    }
    case LUA_TTABLE: put_table(w, idx); break;
    case LUA_TFUNCTION: put_function(w, idx); break;
    case LUA_TUSERDATA: {
      const Marker *m = luaL_testudata(L, idx, MARKER_TYPE);
      if (m == NULL) luaL_error(L, "an object of the program cannot stand here");
      put_kind(w, 'G');
      put(w, &m->number, sizeof m->number);
      break;
    }
    case LUA_TLIGHTUSERDATA:
      if (lua_touserdata(L, idx) == NULL) {
        put_kind(w, '0');
        break;
      }   /* fall through */
    default: luaL_error(L, "a %s cannot stand here", luaL_typename(L, idx));
  }
}

void transfer_write(lua_State *L, int idx, int functions, Buf *b) {
  Writer w = { L, b, functions != 0 ? lua_absindex(L, functions) : 0, 0 };
  put_value(&w, lua_absindex(L, idx));
}

/* ---- reading: the bytes are our own, so they are whole ---- */

static void get(Span bytes, size_t *at, void *out, size_t len) {
  memcpy(out, bytes.ptr + *at, len);
  *at += len;
}

static void read_table(lua_State *L, Span bytes, size_t *at) {
  size_t pairs;
  get(bytes, at, &pairs, sizeof pairs);
  luaL_checkstack(L, 6, NULL);
  lua_createtable(L, 0, pairs < INT_MAX ? (int)pairs : 0);
  for (size_t i = 0; i < pairs; i++) {
    transfer_read(L, bytes, at);
    transfer_read(L, bytes, at);
    lua_rawset(L, -3);
  }
}

static void read_text(lua_State *L, Span bytes, size_t *at) {
  size_t len;
  get(bytes, at, &len, sizeof len);
  lua_pushlstring(L, bytes.ptr + *at, len);
  *at += len;
}

static void read_marker(lua_State *L, Span bytes, size_t *at) {
  int64_t number, line;
  size_t len;
  get(bytes, at, &number, sizeof number);
  get(bytes, at, &line, sizeof line);
  (*at)++;
  get(bytes, at, &len, sizeof len);
  Marker *m = lua_newuserdatauv(L, sizeof *m + len + 1, 0);
  m->number = number;
  m->line = (int)line;
  get(bytes, at, m->file, len);
  m->file[len] = '\0';
  luaL_setmetatable(L, MARKER_TYPE);
}

static int marker_index(lua_State *L) {
  const Marker *m = luaL_checkudata(L, 1, MARKER_TYPE);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "number") == 0) lua_pushinteger(L, m->number);
  else if (strcmp(key, "line") == 0) lua_pushinteger(L, m->line);
  else if (strcmp(key, "file") == 0) lua_pushstring(L, m->file);
  else lua_pushnil(L);
  return 1;
}

void transfer_open_markers(lua_State *L) {
  if (luaL_newmetatable(L, MARKER_TYPE)) {
    lua_pushcfunction(L, marker_index);
    lua_setfield(L, -2, "__index");
  }
  lua_pop(L, 1);
}

/* A function that comes back to the state it is from. */
static void read_function(lua_State *L, Span bytes, size_t *at) {
  int64_t number;
  get(bytes, at, &number, sizeof number);
  if (lua_getfield(L, LUA_REGISTRYINDEX, FUNCTIONS_KEY) == LUA_TTABLE) lua_rawgeti(L, -1, number);
  else lua_pushnil(L);
  lua_remove(L, -2);
}

void transfer_read(lua_State *L, Span bytes, size_t *at) {
  int64_t i;
  double d;
  switch (bytes.ptr[(*at)++]) {
    case 't': lua_pushboolean(L, 1); break;
    case 'f': lua_pushboolean(L, 0); break;
    case 'i':
      get(bytes, at, &i, sizeof i);
      lua_pushinteger(L, i);
      break;
    case 'd':
      get(bytes, at, &d, sizeof d);
      lua_pushnumber(L, d);
      break;
    case 's': read_text(L, bytes, at); break;
    case '{': read_table(L, bytes, at); break;
    case 'F': read_marker(L, bytes, at); break;
    case 'G': read_function(L, bytes, at); break;
    case '0': lua_pushlightuserdata(L, NULL); break;
    default: lua_pushnil(L); break;
  }
}
