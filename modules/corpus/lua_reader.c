/* modules/corpus/lua_reader.c - files become a view, for Lua.
**   local view, err = corpus.load { sources = { { path = "raw.jsonl", format = "auto" } },
**                                   formats = require "formats.all", pool = pool }
**   local look, err = corpus.sniff("raw.jsonl", { formats = require "formats.all" })
**   look.format, look.reason, look.rows, look.keys[i].name / .kind / .share / .example */
#include <lauxlib.h>
#include <lua.h>

#include "core/lua_keys.h"
#include "corpus/lua_corpus.h"
#include "corpus/reader.h"

/* ---- formats ---- */

#define FORMATS_TYPE "tamis.formats"   /* userdata: Formats, all that one call made */

typedef struct Formats { size_t n, cap; Format *format[]; } Formats;

static int formats_gc(lua_State *L) {
  Formats *fs = luaL_checkudata(L, 1, FORMATS_TYPE);
  while (fs->n > 0) format_unref(fs->format[--fs->n]);
  return 0;
}

/* Room for cap formats. [-0, +1, m] */
static Formats *push_formats(lua_State *L, size_t cap) {
  Formats *fs = lua_newuserdatauv(L, sizeof *fs + cap * sizeof fs->format[0], 0);
  fs->n = 0;
  fs->cap = cap;
  luaL_setmetatable(L, FORMATS_TYPE);
  return fs;
}

static Format *new_format(lua_State *L, Formats *fs, Span name) {
  Format *f = fs->n < fs->cap ? format_new(name) : NULL;
  if (f == NULL) luaL_error(L, "not enough memory");
  fs->format[fs->n++] = f;
  return f;
}

static void must(lua_State *L, int result, const Error *err) {
  if (result != 0) luaL_error(L, "%s", err->text);
}

/* The text at the top; raises, naming `what`, if it is none. It lives while the table holds it. */
static Span top_text(lua_State *L, const char *what) {
  Span s;
  if (lua_type(L, -1) != LUA_TSTRING) luaL_error(L, "%s: expected a string, got %s", what, luaL_typename(L, -1));
  s.ptr = lua_tolstring(L, -1, &s.len);
  return s;
}

typedef int (*AddWord)(Format *f, Span word, Error *err);

/* Adds the string or each of the list of strings at the top. [-0, +0, v] */
static void each_word(lua_State *L, Format *f, const char *what, AddWord add) {
  Error err;
  if (lua_isnil(L, -1)) return;
  if (lua_type(L, -1) == LUA_TSTRING) {
    must(L, add(f, top_text(L, what), &err), &err);
    return;
  }
  luaL_argcheck(L, lua_istable(L, -1), 1, what);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    must(L, add(f, top_text(L, what), &err), &err);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

static void read_roles(lua_State *L, Format *f) {
  Error err;
  lua_getfield(L, -1, "roles");
  if (lua_istable(L, -1)) {
    lua_Integer n = keys_sorted(L, lua_gettop(L));
    for (lua_Integer i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      Span name = top_text(L, "a role's name");
      lua_pushvalue(L, -1);
      lua_rawget(L, -4);
      TurnRole role = turn_role_by_name(top_text(L, "what a role means"));
      if (role == TURN_NONE) luaL_error(L, "role %s: expected system, user, assistant, tool or call, got %s", name.ptr, lua_tostring(L, -1));
      must(L, format_add_role(f, name, role, &err), &err);
      lua_pop(L, 2);
    }
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* The description of a turn in the table at the top. */
static void read_turn(lua_State *L, Format *f) {
  static const struct { const char *key; AddWord add; } lists[] = {
    { "role", format_add_role_key }, { "text", format_add_text_key },
    { "call", format_add_call_key }, { "part", format_add_part_type },
  };
  if (lua_getfield(L, -1, "turn") == LUA_TTABLE) {
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
      lua_getfield(L, -1, lists[i].key);
      each_word(L, f, lists[i].key, lists[i].add);
      lua_pop(L, 1);
    }
    read_roles(L, f);
  }
  lua_pop(L, 1);
}

enum { MAX_PATHS = 16 };

/* The paths at the top: a string or a list of them. */
static size_t read_paths(lua_State *L, Span *paths) {
  if (lua_type(L, -1) == LUA_TSTRING) {
    paths[0] = top_text(L, "path");
    return 1;
  }
  if (!lua_istable(L, -1)) luaL_error(L, "path: expected a string or a list of strings, got %s", luaL_typename(L, -1));
  size_t n = 0;
  while (lua_rawgeti(L, -1, (lua_Integer)n + 1) != LUA_TNIL) {
    if (n == MAX_PATHS) luaL_error(L, "path: more than %d names", (int)MAX_PATHS);
    paths[n++] = top_text(L, "path");
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return n;
}

static int shape_by_name(lua_State *L) {
  Span name = top_text(L, "shape");
  if (span_eq(name, span_str("text"))) return SHAPE_TEXT;
  if (span_eq(name, span_str("turns"))) return SHAPE_TURNS;
  if (span_eq(name, span_str("pairs"))) return SHAPE_PAIRS;
  return luaL_error(L, "shape: expected text, turns or pairs, got %s", name.ptr);
}

/* The shapes at the top: nothing is text. */
static int read_shapes(lua_State *L) {
  int shapes = 0;
  if (lua_isnil(L, -1)) return SHAPE_TEXT;
  if (!lua_istable(L, -1)) return shape_by_name(L);
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) != LUA_TNIL; i++) {
    shapes |= shape_by_name(L);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return shapes;
}

static int field_at_top(lua_State *L) {
  Span name = top_text(L, "field");
  if (span_eq(name, span_str("chat"))) return FORMAT_CHAT;
  if (span_eq(name, span_str("asked"))) return FORMAT_ASKED;
  Field f = field_by_name(name);
  if (f >= FIELD_ASSISTANT)
    luaL_error(L, "field: expected system, input, output, alternative, chat or asked, got %s", name.ptr);
  return (int)f;
}

/* One slot, the table at the top. */
static void read_slot(lua_State *L, Format *f) {
  Error err;
  Span paths[MAX_PATHS];
  lua_getfield(L, -1, "field");
  lua_getfield(L, -2, "shape");
  lua_getfield(L, -3, "optional");
  lua_getfield(L, -4, "path");
  size_t npaths = read_paths(L, paths);
  int optional = lua_toboolean(L, -2);
  lua_pushvalue(L, -3);
  int shapes = read_shapes(L);
  lua_pushvalue(L, -5);
  int field = field_at_top(L);
  must(L, format_add_slot(f, field, shapes, optional, paths, npaths, &err), &err);
  lua_pop(L, 6);
}

/* A mapping of one's own: { fields = { input = path or list of paths, … } }. All paths of a list
** are read, one after another; all must be there, but those of `system`. The table is at the top. */
static Format *read_mapping(lua_State *L, Formats *fs) {
  Error err;
  Span paths[MAX_PATHS];
  size_t total = 0;
  Format *f = new_format(L, fs, span_str("fields"));
  for (int field = FIELD_SYSTEM; field < FIELD_ASSISTANT; field++) {
    if (lua_getfield(L, -1, field_name((Field)field)) != LUA_TNIL) {
      size_t n = read_paths(L, paths);
      for (size_t i = 0; i < n; i++)
        must(L, format_add_slot(f, field, SHAPE_TEXT, field == FIELD_SYSTEM, &paths[i], 1, &err), &err);
      total += n;
    }
    lua_pop(L, 1);
  }
  for (lua_pushnil(L); lua_next(L, -2) != 0; lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    Span name = top_text(L, "fields");
    if (field_by_name(name) >= FIELD_ASSISTANT)
      luaL_error(L, "fields: expected system, input, output or alternative, got %s", name.ptr);
    lua_pop(L, 1);
  }
  if (total == 0) luaL_error(L, "fields: name at least one, such as fields = { input = \"question\", output = \"answer\" }");
  return f;
}

/* The format that the table at the top describes. [-0, +0, v] */
static Format *read_format(lua_State *L, Formats *fs) {
  luaL_checkstack(L, 12, NULL);
  if (!lua_istable(L, -1)) luaL_error(L, "format: expected a table, got %s", luaL_typename(L, -1));
  if (lua_getfield(L, -1, "fields") == LUA_TTABLE) {
    Format *f = read_mapping(L, fs);
    lua_pop(L, 1);
    return f;
  }
  lua_pop(L, 1);
  lua_getfield(L, -1, "name");
  Format *f = new_format(L, fs, top_text(L, "a format's name"));
  lua_pop(L, 1);
  read_turn(L, f);
  if (lua_getfield(L, -1, "slots") != LUA_TTABLE) luaL_error(L, "format %s: expected a list of slots", format_name(f));
  for (lua_Integer i = 1; lua_rawgeti(L, -1, i) == LUA_TTABLE; i++) {
    read_slot(L, f);
    lua_pop(L, 1);
  }
  lua_pop(L, 2);
  return f;
}

/* ---- options ---- */

/* Reads options.formats of the table at arg. [-0, +1, v] */
static Formats *read_formats(lua_State *L, int arg, size_t extra) {
  lua_Integer n = 0;
  if (lua_getfield(L, arg, "formats") == LUA_TTABLE) n = luaL_len(L, -1);
  else if (!lua_isnil(L, -1)) luaL_error(L, "formats: expected a list of tables, got %s", luaL_typename(L, -1));
  Formats *fs = push_formats(L, (size_t)n + extra);
  for (lua_Integer i = 1; i <= n; i++) {
    lua_rawgeti(L, -2, i);
    read_format(L, fs);
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return fs;
}

/* Reads field `key` of the table at the top as a text; NULL if nil. It lives with the table. */
static const char *text_field(lua_State *L, const char *key) {
  const char *s = NULL;
  if (lua_getfield(L, -1, key) != LUA_TNIL) s = top_text(L, key).ptr;
  lua_pop(L, 1);
  return s;
}

static lua_Integer integer_field(lua_State *L, int arg, const char *key, lua_Integer min) {
  int ok = 1;
  lua_Integer v = 0;
  if (lua_getfield(L, arg, key) != LUA_TNIL) v = lua_tointegerx(L, -1, &ok);
  if (!ok || (v != 0 && v < min)) luaL_error(L, "%s: expected a whole number of at least %I", key, min);
  lua_pop(L, 1);
  return v;
}

/* The format a source names; NULL: auto. The source's table is at the top. */
static Format *source_format(lua_State *L, Formats *fs, size_t known) {
  Format *f = NULL;
  int type = lua_getfield(L, -1, "format");
  if (type == LUA_TTABLE) f = read_format(L, fs);
  else if (type != LUA_TNIL) {
    Span name = top_text(L, "format");
    int is_auto = span_eq(name, span_str("auto"));
    for (size_t i = 0; i < known && f == NULL && !is_auto; i++)
      if (span_eq(name, span_str(format_name(fs->format[i])))) f = fs->format[i];
    if (f == NULL && !is_auto) {
      luaL_Buffer b;
      luaL_buffinit(L, &b);
      luaL_addstring(&b, "auto");
      for (size_t i = 0; i < known; i++) {
        luaL_addstring(&b, ", ");
        luaL_addstring(&b, format_name(fs->format[i]));
      }
      luaL_pushresult(&b);
      luaL_error(L, "unknown format %s; known are %s", name.ptr, lua_tostring(L, -1));
    }
  }
  lua_pop(L, 1);
  return f;
}

/* The attributes of the source at the top, sorted by name; values that are numbers or booleans
** become texts, kept in the table at `anchor`. [-0, +0, v] */
static void read_attributes(lua_State *L, SourceSpec *spec, int anchor) {
  if (lua_getfield(L, -1, "attributes") == LUA_TTABLE) {
    lua_Integer n = keys_sorted(L, lua_gettop(L));
    SourceAttr *attr = lua_newuserdatauv(L, ((size_t)n + 1) * sizeof *attr, 0);
    luaL_ref(L, anchor);
    for (lua_Integer i = 1; i <= n; i++) {
      lua_rawgeti(L, -1, i);
      attr[i - 1].name = (char *)(uintptr_t)top_text(L, "an attribute's name").ptr;
      lua_pushvalue(L, -1);
      lua_rawget(L, -4);
      attr[i - 1].value = (char *)(uintptr_t)luaL_tolstring(L, -1, NULL);
      luaL_ref(L, anchor);
      lua_pop(L, 2);
    }
    spec->attr = attr;
    spec->nattr = (size_t)n;
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
}

/* options.sources of the table at arg as an array, anchored like the rest. [-0, +0, v] */
static const SourceSpec *read_sources(lua_State *L, int arg, Formats *fs, int anchor, size_t *n) {
  if (lua_getfield(L, arg, "sources") != LUA_TTABLE) luaL_error(L, "sources: expected a list of tables, got %s", luaL_typename(L, -1));
  *n = (size_t)luaL_len(L, -1);
  size_t known = fs->n;
  SourceSpec *spec = lua_newuserdatauv(L, (*n + 1) * sizeof *spec, 0);
  luaL_ref(L, anchor);
  for (size_t i = 0; i < *n; i++) {
    if (lua_rawgeti(L, -1, (lua_Integer)i + 1) != LUA_TTABLE) luaL_error(L, "sources: expected a table, got %s", luaL_typename(L, -1));
    spec[i] = (SourceSpec){ .path = text_field(L, "path"), .kind = text_field(L, "kind"),
                            .generator = text_field(L, "generator"), .format = source_format(L, fs, known) };
    if (spec[i].path == NULL) luaL_error(L, "sources: a source without a path");
    lua_getfield(L, -1, "trusted");
    spec[i].trusted = lua_toboolean(L, -1);
    lua_pop(L, 1);
    read_attributes(L, &spec[i], anchor);
    lua_pop(L, 1);
  }
  lua_pop(L, 1);
  return spec;
}

/* What load and sniff have in common. */
static void read_common(lua_State *L, int arg, LoadOptions *o) {
  o->max_line = (uint64_t)integer_field(L, arg, "max_line", 1);
  lua_pushvalue(L, arg);
  o->spool_dir = text_field(L, "spool_dir");
  lua_pop(L, 1);
}

/* ---- the library ---- */

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

/* corpus.load(options) -> view | nil, message */
static int f_load(lua_State *L) {
  LoadOptions o = { 0 };
  luaL_checktype(L, 1, LUA_TTABLE);
  lua_settop(L, 1);
  lua_newtable(L);                                    /* 2: anchor */
  read_common(L, 1, &o);
  o.limit = (uint64_t)integer_field(L, 1, "limit", 1);
  lua_getfield(L, 1, "allow_damaged");
  o.allow_damaged = lua_toboolean(L, -1);
  lua_getfield(L, 1, "allow_misfit");
  o.allow_misfit = lua_toboolean(L, -1);
  lua_getfield(L, 1, "sources");
  size_t nsources = lua_istable(L, -1) ? (size_t)luaL_len(L, -1) : 0;
  lua_pop(L, 3);
  Formats *fs = read_formats(L, 1, nsources);         /* 3 */
  o.formats = fs->format;
  o.nformats = fs->n;
  o.source = read_sources(L, 1, fs, 2, &o.nsources);
  lua_pushvalue(L, 1);
  o.id_path = text_field(L, "id");
  lua_getfield(L, 1, "pool");                         /* stays: the pool lives as long as we use it */
  o.pool = lua_optpool(L, lua_gettop(L));

  Error err = { "" };
  Corpus *c = corpus_load(&o, &err);
  if (c == NULL) return fail(L, &err);
  View *v = view_new(c);
  corpus_unref(c);
  if (v == NULL) {
    error_memory(&err);
    return fail(L, &err);
  }
  lua_pushview(L, v);
  return 1;
}

#define SNIFF_TYPE "tamis.sniff"   /* userdata: a Sniff */

static int sniff_gc(lua_State *L) {
  sniff_free(luaL_checkudata(L, 1, SNIFF_TYPE));
  return 0;
}

static void push_keys(lua_State *L, const Sniff *s) {
  lua_createtable(L, (int)s->nkeys, 0);
  for (size_t i = 0; i < s->nkeys; i++) {
    lua_createtable(L, 0, 5);
    lua_pushstring(L, s->key[i].name);
    lua_setfield(L, -2, "name");
    lua_pushstring(L, json_kind_name(s->key[i].kind));
    lua_pushvalue(L, -1);
    lua_setfield(L, -3, "kind");
    lua_setfield(L, -2, "type");
    lua_pushnumber(L, s->key[i].share);
    lua_setfield(L, -2, "share");
    lua_pushstring(L, s->key[i].example);
    lua_setfield(L, -2, "example");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static void set_count(lua_State *L, const char *key, size_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

/* corpus.sniff(path [, options]) -> { keys, rows, format, reason, lines, not_utf8, malformed } | nil, message */
static int f_sniff(lua_State *L) {
  LoadOptions o = { 0 };
  const char *path = luaL_checkstring(L, 1);
  lua_settop(L, 2);
  if (lua_isnil(L, 2)) {
    lua_newtable(L);
    lua_replace(L, 2);
  }
  luaL_checktype(L, 2, LUA_TTABLE);
  read_common(L, 2, &o);
  Formats *fs = read_formats(L, 2, 0);
  o.formats = fs->format;
  o.nformats = fs->n;
  Sniff *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Sniff){ 0 };
  luaL_setmetatable(L, SNIFF_TYPE);
  Error err = { "" };
  if (corpus_sniff(path, &o, s, &err) != 0) return fail(L, &err);
  lua_createtable(L, 0, 7);
  push_keys(L, s);
  lua_setfield(L, -2, "keys");
  set_count(L, "rows", s->rows);
  lua_pushstring(L, s->format);
  lua_setfield(L, -2, "format");
  lua_pushstring(L, s->reason);
  lua_setfield(L, -2, "reason");
  set_count(L, "lines", s->lines);
  set_count(L, "not_utf8", s->not_utf8);
  set_count(L, "malformed", s->malformed);
  return 1;
}

static const luaL_Reg library[] = {
  { "load",  f_load  },
  { "sniff", f_sniff },
  { NULL, NULL }
};

static void new_type(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pop(L, 1);
}

int luaopen_corpus(lua_State *L) {
  new_type(L, FORMATS_TYPE, formats_gc);
  new_type(L, SNIFF_TYPE, sniff_gc);
  lua_open_view(L);
  luaL_newlib(L, library);
  return 1;
}
