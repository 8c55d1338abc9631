/* modules/json/lua_decode.c - see lua_decode.h */
#include "json/lua_decode.h"

#include <lauxlib.h>

#define DOC_TYPE "tamis.json.doc"
#define DOC_KEPT "tamis.json.doc.kept"

enum { KEPT_WORDS = 64 * 1024 };

static void push_number(lua_State *L, Span raw) {
  lua_pushlstring(L, raw.ptr, raw.len);
  lua_stringtonumber(L, lua_tostring(L, -1));   /* the digits of valid JSON are digits of Lua */
  lua_remove(L, -2);
}

static void push_string(lua_State *L, const JsonValue *v) {
  if ((v->flags & JSON_ESCAPED) == 0) {
    lua_pushlstring(L, v->raw.ptr, v->raw.len);
    return;
  }
  luaL_Buffer b;
  char *room = luaL_buffinitsize(L, &b, v->raw.len);
  luaL_pushresultsize(&b, json_decode(v->raw, room));
}

static void push_array(lua_State *L, const JsonValue *v, int arrays) {
  JsonValue item;
  lua_newtable(L);
  lua_Integer n = 0;
  for (JsonIter it = json_iter(v); json_next(&it, NULL, &item);) {
    lua_pushdecoded(L, &item, arrays);
    lua_rawseti(L, -2, ++n);
  }
  if (arrays) luaL_setmetatable(L, JSON_ARRAY_TYPE);
}

static void push_object(lua_State *L, const JsonValue *v, int arrays) {
  JsonValue key, item;
  lua_newtable(L);
  for (JsonIter it = json_iter(v); json_next(&it, &key, &item);) {
    push_string(L, &key);
    lua_pushdecoded(L, &item, arrays);
    lua_rawset(L, -3);
  }
}

void lua_pushdecoded(lua_State *L, const JsonValue *v, int arrays) {
  luaL_checkstack(L, 8, NULL);
  switch (v->kind) {
    case JSON_TRUE: lua_pushboolean(L, 1); break;
    case JSON_FALSE: lua_pushboolean(L, 0); break;
    case JSON_NUMBER: push_number(L, v->raw); break;
    case JSON_STRING: push_string(L, v); break;
    case JSON_ARRAY: push_array(L, v, arrays); break;
    case JSON_OBJECT: push_object(L, v, arrays); break;
    case JSON_NULL: lua_pushlightuserdata(L, NULL); break;
    default: lua_pushnil(L); break;
  }
}

static int doc_gc(lua_State *L) {
  json_doc_free(lua_touserdata(L, 1));
  return 0;
}

/* One a state: what json_check needs room for is needed again at the next text. */
static JsonDoc *kept_doc(lua_State *L) {
  if (lua_getfield(L, LUA_REGISTRYINDEX, DOC_KEPT) == LUA_TUSERDATA) {
    JsonDoc *doc = lua_touserdata(L, -1);
    lua_pop(L, 1);                       /* the registry keeps it */
    return doc;
  }
  lua_pop(L, 1);
  JsonDoc *doc = lua_newuserdatauv(L, sizeof *doc, 0);
  *doc = (JsonDoc){ 0 };
  luaL_newmetatable(L, DOC_TYPE);
  lua_pushcfunction(L, doc_gc);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, DOC_KEPT);
  return doc;
}

int lua_decodejson(lua_State *L, Span text, int arrays) {
  JsonDoc *doc = kept_doc(L);
  JsonStatus status = json_check(doc, text, 0);
  JsonValue root = doc->root;
  size_t fault = doc->fault;
  if (doc->words_cap > KEPT_WORDS || doc->cap > KEPT_WORDS) json_doc_free(doc);
  if (status == JSON_OK) {               /* its values point into the text alone */
    lua_pushdecoded(L, &root, arrays);
    return 1;
  }
  if (status == JSON_NO_MEMORY) return luaL_error(L, "not enough memory");
  luaL_pushfail(L);
  lua_pushfstring(L, "%s at byte %I",
                  status == JSON_NOT_UTF8 ? "not UTF-8" : status == JSON_TOO_DEEP ? "nested too deep" : "malformed JSON",
                  (lua_Integer)fault);
  return 2;
}
