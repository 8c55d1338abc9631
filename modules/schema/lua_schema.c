/* modules/schema/lua_schema.c - JSON that rows promise, for the stage schema:
**   schema.op { field = "output", require = { { path = "metadata.queue", schema = '{"type":"string"}',
**               optional = false }, … }, phrases = { { "never", … }, … }, ask_in = { "system", "input" },
**               always = false, prose = false, schema_path = PATH, schema = JSON, value_path = PATH, tools = PATH,
**               calls = PATH, max_steps = 1000000 }
**     phrases: four lists, of what says that JSON is not wanted, that it is, that a program is, and what
**     asks for JSON where no program is asked for; paths and schema may be nil
**   schema.validate(JSON, JSON)   -- true; false, pointer, keyword, expected, found; or nil and a sentence
**   schema.answer(text, prose)    -- the part of a text that should be JSON */
#include <lauxlib.h>

#include "corpus/lua_rowop.h"
#include "schema/answer.h"
#include "schema/schema.h"
#include "schema/schema_op.h"

int luaopen_schema(lua_State *L);

enum { ASK_LISTS = 4 };

/* The string at key of the table at t, which keeps it; ptr NULL where it is nil. */
static Span opt_string(lua_State *L, int t, const char *key) {
  Span s = { NULL, 0 };
  int type = lua_getfield(L, t, key);
  if (type == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
  else if (type != LUA_TNIL) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  lua_pop(L, 1);
  return s;
}

static int flag(lua_State *L, int t, const char *key) {
  lua_getfield(L, t, key);
  int on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

static Field field_at(lua_State *L, Span name) {
  Field f = name.ptr != NULL ? field_by_name(name) : FIELD_NONE;
  if (f == FIELD_NONE) luaL_error(L, "expected system, input, output, alternative or assistant");
  return f;
}

/* Pushes room for the rules of `require`, which live in the table [-0, +1, m]. */
static size_t read_rules(lua_State *L, SchemaSpec *spec) {
  lua_getfield(L, 1, "require");
  luaL_checktype(L, -1, LUA_TTABLE);
  size_t n = (size_t)luaL_len(L, -1);
  SchemaRule *rule = lua_newuserdatauv(L, (n + 1) * sizeof *rule, 0);
  for (size_t i = 0; i < n; i++) {
    if (lua_geti(L, -2, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "require: expected tables");
    int t = lua_gettop(L);
    rule[i] = (SchemaRule){ opt_string(L, t, "path"), opt_string(L, t, "schema"), flag(L, t, "optional") };
    if (rule[i].path.ptr == NULL || rule[i].schema.ptr == NULL) luaL_error(L, "require: expected path and schema");
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  spec->rule = rule;
  spec->nrules = n;
  return n;
}

/* Pushes room for the phrases of all lists [-0, +1, m]. */
static TopicPhrase *read_phrases(lua_State *L, size_t *n) {
  size_t at = 0, all = 0;
  lua_getfield(L, 1, "phrases");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (int i = 1; i <= ASK_LISTS; i++) {
    if (lua_geti(L, -1, i) != LUA_TTABLE) luaL_error(L, "phrases: expected four lists");
    all += (size_t)luaL_len(L, -1);
    lua_pop(L, 1);
  }
  TopicPhrase *p = lua_newuserdatauv(L, (all + 1) * sizeof *p, 0);
  for (int i = 1; i <= ASK_LISTS; i++) {
    lua_geti(L, -2, i);
    for (lua_Integer k = 1; at < all && lua_geti(L, -1, k) == LUA_TSTRING; k++) {
      p[at].text.ptr = lua_tolstring(L, -1, &p[at].text.len);
      p[at++].rule = (uint32_t)i - 1;
      lua_pop(L, 1);
    }
    lua_settop(L, lua_gettop(L) - (lua_istable(L, -1) ? 1 : 2));
  }
  lua_remove(L, -2);
  *n = at;
  return p;
}

static void read_ask_fields(lua_State *L, SchemaSpec *spec) {
  lua_getfield(L, 1, "ask_in");
  luaL_checktype(L, -1, LUA_TTABLE);
  for (int i = 0; i < 2; i++) {
    Span name = { NULL, 0 };
    spec->ask_field[i] = FIELD_NONE;
    if (lua_geti(L, -1, i + 1) == LUA_TSTRING) {
      name.ptr = lua_tolstring(L, -1, &name.len);
      spec->ask_field[i] = field_at(L, name);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  return 2;
}

static int f_op(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  Error err;
  size_t n;
  SchemaSpec spec = { .field = field_at(L, opt_string(L, 1, "field")), .always = flag(L, 1, "always"),
    .prose = flag(L, 1, "prose"), .schema_path = opt_string(L, 1, "schema_path"), .schema = opt_string(L, 1, "schema"),
    .value_path = opt_string(L, 1, "value_path"), .tools = opt_string(L, 1, "tools"),
    .calls = opt_string(L, 1, "calls") };
  lua_getfield(L, 1, "max_steps");
  spec.max_steps = (uint64_t)luaL_checkinteger(L, -1);
  read_rules(L, &spec);
  read_ask_fields(L, &spec);
  TopicPhrase *phrases = read_phrases(L, &n);
  lua_newrowop(L);
  if (n > 0 && (spec.asks = topics_new(phrases, n, &err)) == NULL) return fail(L, &err);
  RowOp *op = schema_op(&spec, &err);
  if (op == NULL) return fail(L, &err);
  lua_setrowop(L, op);
  return 1;
}

/* ---- one value, for tests and the curious ---- */

typedef struct Both { JsonDoc doc; Tree schema, value; SchemaRun run; } Both;

static int both_free(lua_State *L) {
  Both *b = lua_touserdata(L, 1);
  json_doc_free(&b->doc);
  tree_free(&b->schema);
  tree_free(&b->value);
  schema_run_free(&b->run);
  return 0;
}

static int read_tree(lua_State *L, Both *b, int arg, Tree *t) {
  Span s;
  s.ptr = luaL_checklstring(L, arg, &s.len);
  JsonStatus status = json_check(&b->doc, s, 0);
  if (status == JSON_OK && tree_build(t, s) != 0) status = JSON_NO_MEMORY;
  if (status == JSON_NO_MEMORY) luaL_error(L, "not enough memory");
  return status == JSON_OK;
}

static void push(lua_State *L, const Buf *b) { lua_pushlstring(L, b->ptr != NULL ? b->ptr : "", b->len); }

static int f_validate(lua_State *L) {
  luaL_checkstring(L, 1);
  luaL_checkstring(L, 2);
  Both *b = lua_newuserdatauv(L, sizeof *b, 0);
  *b = (Both){ .run = { .max_steps = 1000000 } };
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, both_free);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  Error err;
  error_set(&err, "no JSON");
  if (!read_tree(L, b, 1, &b->schema) || !read_tree(L, b, 2, &b->value)) return fail(L, &err);
  schema_prepare(&b->schema, 0);
  SchemaResult r = schema_validate(&b->run, (Schema){ &b->schema, 0 }, &b->value, 0);
  if (r == SCHEMA_VALID || r == SCHEMA_INVALID) {
    lua_pushboolean(L, r == SCHEMA_VALID);
    push(L, &b->run.pointer);
    lua_pushstring(L, b->run.keyword);
    push(L, &b->run.expected);
    push(L, &b->run.found);
    push(L, &b->run.unchecked);
    return 6;
  }
  if (r == SCHEMA_NO_MEMORY) return luaL_error(L, "not enough memory");
  luaL_pushfail(L);
  if (r == SCHEMA_COSTLY) lua_pushstring(L, "the schema has no end within its steps");
  else push(L, &b->run.expected);
  return 2;
}

static int f_answer(lua_State *L) {
  Span s;
  s.ptr = luaL_checklstring(L, 1, &s.len);
  Span json = answer_json(s, lua_toboolean(L, 2));
  lua_pushlstring(L, json.ptr, json.len);
  return 1;
}

static const luaL_Reg FUNCTIONS[] = {
  { "op",       f_op },
  { "validate", f_validate },
  { "answer",   f_answer },
  { NULL, NULL }
};

int luaopen_schema(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
