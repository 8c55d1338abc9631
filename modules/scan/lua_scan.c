/* modules/scan/lua_scan.c - scan for Lua: many patterns over a text.
**   local sc, err = scan.new(rules, { strict = true })   -- rules as in scripts/pii/classic.lua
**   sc:find("Mail jo@ex.io")   -- { { type = "EMAIL", start = 5, ["end"] = 13, text = "jo@ex.io" } }
**   sc:types()                 -- { "SSN", … }
**   scan.kept(key [, sc])      -- the scanner that this state keeps by that name
** start and end count code points from 0, end exclusive, as the ledger's spans do. An operator:
**   scan.pii { rules = rules, strict = false, actions = { EMAIL = "redact", … }, annotation = "pii",
**              reasons = { EMAIL = "pii_email", … }, limit_reason = "pii_limit",
**              key = "…", across_rows = false,   -- of pseudonym
**              bare = false,    -- true: the sieves alone, for benchmarks
**              gate = scan.gate() }   -- of operators that run on the same rows, which read a text once
** Both give nil and a message for a pattern that does not compile. gate:compile() once all operators are made;
** before, and without, they find the same, slower. */
#include <lauxlib.h>
#include <string.h>

#include "corpus/lua_rowop.h"
#include "scan/pii_op.h"
#include "text/chars.h"

int luaopen_scan(lua_State *L);

#define SCANNER "tamis.scanner"
#define GATE "tamis.scangate"

typedef struct Handle {
  Scanner *scanner;
  ScanState *state;
} Handle;

/* The string at t[key]; ptr NULL if there is none. Stays alive as long as the table. */
static Span opt_span(lua_State *L, int t, const char *key) {
  Span s = { 0 };
  if (lua_getfield(L, t, key) == LUA_TSTRING) s.ptr = lua_tolstring(L, -1, &s.len);
  else if (!lua_isnil(L, -1)) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  lua_pop(L, 1);
  return s;
}

static Span need_span(lua_State *L, int t, const char *key) {
  Span s = opt_span(L, t, key);
  if (s.ptr == NULL) luaL_error(L, "%s: expected a string, got nil", key);
  return s;
}

static int opt_flag(lua_State *L, int t, const char *key) {
  lua_getfield(L, t, key);
  int v = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return v;
}

/* Reads the array of rules at index t; pushes a userdata that holds them [-0, +1, m]. */
static ScanRule *read_rules(lua_State *L, int t, size_t *n) {
  luaL_checktype(L, t, LUA_TTABLE);
  *n = (size_t)luaL_len(L, t);
  ScanRule *rule = lua_newuserdatauv(L, (*n + 1) * sizeof *rule, 0);
  for (size_t i = 0; i < *n; i++) {
    if (lua_geti(L, t, (lua_Integer)i + 1) != LUA_TTABLE)
      luaL_error(L, "rule %d: expected a table, got %s", (int)i + 1, luaL_typename(L, -1));
    int r = lua_gettop(L);
    Span need = opt_span(L, r, "need");
    lua_getfield(L, r, "digits");
    lua_Integer digits = luaL_optinteger(L, -1, 0);
    lua_pop(L, 1);
    if (digits < 0 || digits > 1000) luaL_error(L, "digits: expected 0 to 1000");
    lua_getfield(L, r, "within");
    lua_Integer within = luaL_optinteger(L, -1, 0);
    lua_getfield(L, r, "entropy");
    lua_Number entropy = luaL_optnumber(L, -1, 0);
    lua_pop(L, 2);
    if (within < 0 || within > 100) luaL_error(L, "within: expected 0 to 100 words");
    if (!(entropy >= 0 && entropy <= 8)) luaL_error(L, "entropy: expected 0 to 8 bits");
    if (need.ptr != NULL && need.len != 1) luaL_error(L, "need: expected one byte");
    rule[i] = (ScanRule){ need_span(L, r, "type"), need_span(L, r, "pattern"), opt_span(L, r, "gate"),
                          opt_span(L, r, "check"), (unsigned)digits,
                          need.ptr != NULL ? (unsigned char)need.ptr[0] : 0,
                          (unsigned char)opt_flag(L, r, "unicode"), (unsigned)within,
                          opt_span(L, r, "context"), entropy };
    lua_pop(L, 1);
  }
  return rule;
}

static int fail(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text);
  return 2;
}

static int f_new(lua_State *L) {
  size_t n;
  int strict = lua_istable(L, 2) && opt_flag(L, 2, "strict");
  ScanRule *rules = read_rules(L, 1, &n);
  Handle *h = lua_newuserdatauv(L, sizeof *h, 0);
  *h = (Handle){ 0 };
  luaL_setmetatable(L, SCANNER);
  Error err;
  if ((h->scanner = scanner_new(rules, n, strict ? SCAN_STRICT : 0, &err)) == NULL) return fail(L, &err);
  if ((h->state = scan_state_new(h->scanner)) == NULL) return luaL_error(L, "not enough memory");
  return 1;
}

static Handle *check_scanner(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, SCANNER);
  luaL_argcheck(L, h->state != NULL, 1, "scanner is closed");
  return h;
}

static int scanner_gc(lua_State *L) {
  Handle *h = luaL_checkudata(L, 1, SCANNER);
  scan_state_free(h->state);
  scanner_free(h->scanner);
  *h = (Handle){ 0 };
  return 0;
}

/* Pushes { type, start, end, text } of a match; *at and *points say how far code points are counted. */
static void push_match(lua_State *L, const Handle *h, Span text, const ScanMatch *m, size_t *at, size_t *points) {
  lua_createtable(L, 0, 4);
  lua_pushstring(L, scanner_type(h->scanner, m->type));
  lua_setfield(L, -2, "type");
  *points += chars_count(text.ptr + *at, m->start - *at);
  lua_pushinteger(L, (lua_Integer)*points);
  lua_setfield(L, -2, "start");
  *points += chars_count(text.ptr + m->start, m->end - m->start);
  *at = m->end;
  lua_pushinteger(L, (lua_Integer)*points);
  lua_setfield(L, -2, "end");
  lua_pushlstring(L, text.ptr + m->start, m->end - m->start);
  lua_setfield(L, -2, "text");
}

static int m_find(lua_State *L) {
  Handle *h = check_scanner(L);
  Span text;
  text.ptr = luaL_checklstring(L, 2, &text.len);
  luaL_argcheck(L, chars_valid(text.ptr, text.len), 2, "text is not UTF-8");
  if (scanner_find(h->scanner, h->state, text) != 0) return luaL_error(L, "not enough memory");
  if (h->state->limited >= 0) {
    luaL_pushfail(L);
    lua_pushfstring(L, "the search for %s met its limit", scanner_type(h->scanner, (size_t)h->state->limited));
    return 2;
  }
  size_t at = 0, points = 0;
  lua_createtable(L, (int)h->state->n, 0);
  for (size_t i = 0; i < h->state->n; i++) {
    push_match(L, h, text, &h->state->match[i], &at, &points);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

static int m_types(lua_State *L) {
  Handle *h = check_scanner(L);
  size_t n = scanner_types(h->scanner);
  lua_createtable(L, (int)n, 0);
  for (size_t t = 0; t < n; t++) {
    lua_pushstring(L, scanner_type(h->scanner, t));
    lua_rawseti(L, -2, (lua_Integer)t + 1);
  }
  return 1;
}

/* scan.kept(key) -> the scanner kept under that name in this state, or nil; scan.kept(key, scanner) keeps it and gives
** it back. Not in a Lua table, which a row function must not be seen to change; past MOST_KEPT nothing is kept. */
static int f_kept(lua_State *L) {
  enum { MOST_KEPT = 32 };
  static const char NAME[] = "tamis.scan.kept";
  luaL_checkstring(L, 1);
  lua_settop(L, 2);
  luaL_getsubtable(L, LUA_REGISTRYINDEX, NAME);
  if (lua_isnil(L, 2)) {
    lua_pushvalue(L, 1);
    lua_rawget(L, 3);
    return 1;
  }
  luaL_checkudata(L, 2, SCANNER);
  lua_Integer n = 0;
  for (lua_pushnil(L); lua_next(L, 3) != 0; lua_pop(L, 1)) n++;
  if (n < MOST_KEPT) {
    lua_pushvalue(L, 1);
    lua_pushvalue(L, 2);
    lua_rawset(L, 3);
  }
  lua_settop(L, 2);
  return 1;
}

/* ---- a gate that operators share ---- */

static int f_gate(lua_State *L) {
  ScanGate **g = lua_newuserdatauv(L, sizeof *g, 0);
  *g = NULL;
  luaL_setmetatable(L, GATE);
  if ((*g = gate_new()) == NULL) return luaL_error(L, "not enough memory");
  return 1;
}

static ScanGate *check_gate(lua_State *L, int arg) {
  ScanGate **g = luaL_checkudata(L, arg, GATE);
  luaL_argcheck(L, *g != NULL, arg, "gate is closed");
  return *g;
}

static int m_compile(lua_State *L) {
  if (gate_compile(check_gate(L, 1)) != 0) return luaL_error(L, "not enough memory");
  return 0;
}

static int gate_gc(lua_State *L) {
  ScanGate **g = luaL_checkudata(L, 1, GATE);
  gate_unref(*g);
  *g = NULL;
  return 0;
}

/* The gate at the argument's key; NULL if there is none. */
static ScanGate *opt_gate(lua_State *L, const char *key) {
  int none = lua_getfield(L, 1, key) == LUA_TNIL;
  ScanGate *g = none ? NULL : check_gate(L, lua_gettop(L));
  lua_pop(L, 1);
  return g;
}

/* ---- the operator ---- */

static ScanAction check_action(lua_State *L, Span name) {
  static const char *const NAMES[] = { "reject", "redact", "tag", "pseudonym" };
  for (int i = 0; i < 4; i++)
    if (span_eq(name, span_str(NAMES[i]))) return (ScanAction)i;
  luaL_error(L, "actions: expected reject, redact, tag or pseudonym, got \"%s\"", name.ptr);
  return SCAN_REJECT;
}

/* Index of the table at the argument's key, left on the stack [-0, +1, v]. */
static int need_table(lua_State *L, const char *key) {
  if (lua_getfield(L, 1, key) != LUA_TTABLE) luaL_error(L, "%s: expected a table", key);
  return lua_gettop(L);
}

static int f_pii(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  size_t n;
  int flags = (opt_flag(L, 1, "strict") ? SCAN_STRICT : 0) | (opt_flag(L, 1, "bare") ? SCAN_BARE : 0);
  Span limit = need_span(L, 1, "limit_reason"), annotation = need_span(L, 1, "annotation");
  Span key = opt_span(L, 1, "key");      /* a stand-in by no key can be undone by trying all there are */
  int across = opt_flag(L, 1, "across_rows"), keyed = key.ptr != NULL && key.len > 0;
  int actions = need_table(L, "actions"), reasons = need_table(L, "reasons");
  ScanRule *rules = read_rules(L, need_table(L, "rules"), &n);
  ScanAction *action = lua_newuserdatauv(L, (n + 1) * sizeof *action, 0);
  const char **reason = lua_newuserdatauv(L, (n + 1) * sizeof *reason, 0);
  size_t types = 0;
  for (size_t i = 0; i < n; i++) {       /* types in order of their first rules, as scanner_types */
    size_t known = 0;
    while (known < i && !span_eq(rules[known].type, rules[i].type)) known++;
    if (known < i) continue;
    action[types] = check_action(L, need_span(L, actions, rules[i].type.ptr));
    if (action[types] == SCAN_PSEUDONYM && !keyed) return luaL_error(L, "key: expected a string for pseudonym, got none");
    reason[types++] = need_span(L, reasons, rules[i].type.ptr).ptr;
  }
  ScanGate *gate = opt_gate(L, "gate");
  lua_newrowop(L);
  Error err;
  Scanner *scanner = gate != NULL ? scanner_new_behind(gate, rules, n, flags, &err) : scanner_new(rules, n, flags, &err);
  if (scanner == NULL) return fail(L, &err);
  ScanPlan plan = { action, reason, limit.ptr, annotation.ptr, key, across };
  RowOp *op = pii_op(scanner, &plan, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "find",  m_find },
  { "types", m_types },
  { NULL, NULL }
};

static const luaL_Reg GATE_METHODS[] = {
  { "compile", m_compile },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "new", f_new },
  { "kept", f_kept },
  { "pii", f_pii },
  { "gate", f_gate },
  { NULL, NULL }
};

/* A metatable whose objects give something back when they go [-0, +0, m]. */
static void new_type(lua_State *L, const char *name, const luaL_Reg *methods, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_newtable(L);
  luaL_setfuncs(L, methods, 0);
  lua_setfield(L, -2, "__index");
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__close");
  lua_pop(L, 1);
}

int luaopen_scan(lua_State *L) {
  new_type(L, SCANNER, METHODS, scanner_gc);
  new_type(L, GATE, GATE_METHODS, gate_gc);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
