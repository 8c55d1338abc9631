/* runtime/sandbox_string.c - the string library of a recipe: Lua's own, with the pattern functions
** and the ones whose work the hook cannot see done again under the budget (Lua manual, 6.4). */
#include <lauxlib.h>
#include <lualib.h>

#include "text/pattern.h"
#include "runtime/sandbox.h"

/* Where a call starts: 1 is the first byte, -1 the last; one past the end at most, else 0. */
static size_t start_place(lua_State *L, int arg, size_t len, int *past) {
  lua_Integer i = luaL_optinteger(L, arg, 1);
  size_t at;
  if (i > 0) at = (size_t)i - 1;
  else if (i == 0 || i < -(lua_Integer)len) at = 0;
  else at = len - (size_t)(-i);
  *past = at > len;
  return at;
}

/* Pays for what a matcher used and raises what it found wrong. */
static void settle(lua_State *L, const Match *m, uint64_t given) {
  sandbox_of(L)->work += given - m->steps;
  if (m->error != NULL) luaL_error(L, "%s", m->error);
  if (m->out_of_steps) sandbox_exhausted(L);
}

static void push_capture(lua_State *L, const Match *m, int i, const char *s, const char *e) {
  if (i >= m->ncaptures) {
    if (i != 0) luaL_error(L, "invalid capture index %%%d", i + 1);
    lua_pushlstring(L, s, (size_t)(e - s));
  } else if (m->capture[i].len == PATTERN_POSITION) {
    lua_pushinteger(L, m->capture[i].start - m->subject.ptr + 1);
  } else {
    lua_pushlstring(L, m->capture[i].start, (size_t)m->capture[i].len);
  }
}

/* All captures; the whole match if there are none and s is not NULL. */
static int push_captures(lua_State *L, const Match *m, const char *s, const char *e) {
  int n = m->ncaptures == 0 && s != NULL ? 1 : m->ncaptures;
  luaL_checkstack(L, n, "too many captures");
  for (int i = 0; i < n; i++) push_capture(L, m, i, s, e);
  return n;
}

static Span check_span(lua_State *L, int arg) {
  size_t len;
  const char *s = luaL_checklstring(L, arg, &len);
  return span_of(s, len);
}

static int find_plain(lua_State *L, Span s, Span what, size_t from) {
  sandbox_charge(L, (s.len - from) / 16 + what.len / 16);
  const char *at = what.len == 0 ? s.ptr + from : memmem(s.ptr + from, s.len - from, what.ptr, what.len);
  if (at == NULL) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushinteger(L, at - s.ptr + 1);
  lua_pushinteger(L, at - s.ptr + (lua_Integer)what.len);
  return 2;
}

static int anchor(Span *pattern) {
  if (pattern->len == 0 || pattern->ptr[0] != '^') return 0;
  *pattern = span_of(pattern->ptr + 1, pattern->len - 1);
  return 1;
}

static int find_or_match(lua_State *L, int find) {
  Span s = check_span(L, 1), p = check_span(L, 2);
  int past;
  size_t from = start_place(L, 3, s.len, &past);
  if (past) {
    luaL_pushfail(L);
    return 1;
  }
  if (find && (lua_toboolean(L, 4) || pattern_is_plain(p))) return find_plain(L, s, p, from);
  int anchored = anchor(&p);
  uint64_t given = sandbox_left(L);
  Match m;
  match_init(&m, s, p, given);
  const char *at = s.ptr + from, *e;
  if (anchored) e = match_at(&m, at);
  else at = match_search(&m, at, &e);
  settle(L, &m, given);
  if (at == NULL || e == NULL) {
    luaL_pushfail(L);
    return 1;
  }
  if (!find) return push_captures(L, &m, at, e);
  lua_pushinteger(L, at - s.ptr + 1);
  lua_pushinteger(L, e - s.ptr);
  return 2 + push_captures(L, &m, NULL, NULL);
}

static int str_find(lua_State *L) { return find_or_match(L, 1); }
static int str_match(lua_State *L) { return find_or_match(L, 0); }

/* Upvalues: subject, pattern, place to go on from, end of the last match (0-based; -1: none). */
static int gmatch_next(lua_State *L) {
  size_t slen, plen;
  const char *sp = lua_tolstring(L, lua_upvalueindex(1), &slen);
  const char *pp = lua_tolstring(L, lua_upvalueindex(2), &plen);
  lua_Integer from = lua_tointeger(L, lua_upvalueindex(3));
  lua_Integer last = lua_tointeger(L, lua_upvalueindex(4));
  uint64_t given = sandbox_left(L);
  Match m;
  match_init(&m, span_of(sp, slen), span_of(pp, plen), given);
  while (from <= (lua_Integer)slen) {
    const char *e, *at = match_search(&m, sp + from, &e);
    if (at == NULL) break;
    if (e - sp == last) {   /* an empty match where the last one ended */
      from = at - sp + 1;
      continue;
    }
    settle(L, &m, given);
    lua_pushinteger(L, e - sp);
    lua_copy(L, -1, lua_upvalueindex(3));
    lua_replace(L, lua_upvalueindex(4));
    return push_captures(L, &m, at, e);
  }
  settle(L, &m, given);
  return 0;
}

static int str_gmatch(lua_State *L) {
  Span s = check_span(L, 1);
  check_span(L, 2);
  int past;
  size_t from = start_place(L, 3, s.len, &past);
  lua_settop(L, 2);
  lua_pushinteger(L, past ? (lua_Integer)s.len + 1 : (lua_Integer)from);
  lua_pushinteger(L, -1);
  lua_pushcclosure(L, gmatch_next, 4);
  return 1;
}

/* ---- gsub ---- */

/* Adds the replacement text with its %0 to %9 filled in. */
static void add_template(lua_State *L, const Match *m, luaL_Buffer *b, const char *s, const char *e) {
  size_t len;
  const char *t = lua_tolstring(L, 3, &len);
  for (size_t i = 0; i < len; i++) {
    if (t[i] != '%') {
      luaL_addchar(b, t[i]);
      continue;
    }
    char c = ++i < len ? t[i] : '\0';
    if (c == '%') {
      luaL_addchar(b, '%');
    } else if (c == '0') {
      luaL_addlstring(b, s, (size_t)(e - s));
    } else if ('1' <= c && c <= '9') {
      push_capture(L, m, c - '1', s, e);
      luaL_tolstring(L, -1, NULL);   /* a position is a number */
      lua_remove(L, -2);
      luaL_addvalue(b);
    } else {
      luaL_error(L, "invalid use of '%%' in replacement string");
    }
  }
}

/* Adds what stands for a match; 1 if that is not the match itself. */
static int add_replacement(lua_State *L, const Match *m, luaL_Buffer *b, const char *s, const char *e) {
  switch (lua_type(L, 3)) {
    case LUA_TFUNCTION:
      lua_pushvalue(L, 3);
      lua_call(L, push_captures(L, m, s, e), 1);
      break;
    case LUA_TTABLE:
      push_capture(L, m, 0, s, e);
      lua_gettable(L, 3);
      break;
    default:
      add_template(L, m, b, s, e);
      return 1;
  }
  if (!lua_toboolean(L, -1)) {
    lua_pop(L, 1);
    luaL_addlstring(b, s, (size_t)(e - s));
    return 0;
  }
  if (!lua_isstring(L, -1)) luaL_error(L, "invalid replacement value (a %s)", luaL_typename(L, -1));
  luaL_addvalue(b);
  return 1;
}

static int str_gsub(lua_State *L) {
  Span s = check_span(L, 1), p = check_span(L, 2);
  int type = lua_type(L, 3);
  luaL_argexpected(L, type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TTABLE || type == LUA_TFUNCTION,
                   3, "string/function/table");
  lua_Integer most = luaL_optinteger(L, 4, (lua_Integer)s.len + 1);
  int anchored = anchor(&p);
  const char *at = s.ptr, *end = s.ptr + s.len, *last = NULL;
  lua_Integer n = 0;
  int changed = 0;
  Match m;
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  while (n < most) {
    uint64_t given = sandbox_left(L);   /* a replacement function spends too */
    match_init(&m, s, p, given);
    const char *e = match_at(&m, at);
    settle(L, &m, given);
    if (e != NULL && e != last) {
      n++;
      changed |= add_replacement(L, &m, &b, at, e);
      at = last = e;
    } else if (at < end) {
      luaL_addchar(&b, *at++);
    } else {
      break;
    }
    if (anchored) break;
  }
  if (changed) {
    luaL_addlstring(&b, at, (size_t)(end - at));
    luaL_pushresult(&b);
  } else {
    lua_pushvalue(L, 1);
  }
  lua_pushinteger(L, n);
  return 2;
}

/* ---- others whose work depends on their arguments ---- */

static int str_rep(lua_State *L) {
  Span s = check_span(L, 1);
  lua_Integer n = luaL_checkinteger(L, 2);
  size_t sep_len;
  const char *sep = luaL_optlstring(L, 3, "", &sep_len);
  if (n <= 0 || s.len + sep_len == 0) {
    lua_pushliteral(L, "");
    return 1;
  }
  uint64_t one = s.len + sep_len;
  if ((uint64_t)n > ((uint64_t)1 << 40) / one) return luaL_error(L, "resulting string too large");
  sandbox_charge(L, one * (uint64_t)n / 16 + (uint64_t)n);
  luaL_Buffer b;
  luaL_buffinit(L, &b);
  for (lua_Integer i = 1; i <= n; i++) {
    luaL_addlstring(&b, s.ptr, s.len);
    if (i < n) luaL_addlstring(&b, sep, sep_len);
  }
  luaL_pushresult(&b);
  return 1;
}

/* Addresses say nothing and differ from run to run: objects are shown by their type alone. */
static int str_format(lua_State *L) {
  Span f = check_span(L, 1);
  for (size_t i = 0; i + 1 < f.len; i++) {
    if (f.ptr[i] != '%') continue;
    i++;
    while (i < f.len && memchr("-+ #0123456789.", f.ptr[i], 15) != NULL) i++;
    if (i < f.len && f.ptr[i] == 'p') return luaL_error(L, "'%%p' is not available in a recipe");
  }
  int n = lua_gettop(L);
  for (int i = 2; i <= n; i++) {
    if (lua_type(L, i) <= LUA_TSTRING && lua_type(L, i) != LUA_TLIGHTUSERDATA) continue;
    if (luaL_getmetafield(L, i, "__tostring") != LUA_TNIL) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushstring(L, luaL_typename(L, i));
    lua_replace(L, i);
  }
  return lua_tocfunction(L, lua_upvalueindex(1))(L);
}

static const luaL_Reg bounded[] = {
  { "find", str_find },
  { "match", str_match },
  { "gmatch", str_gmatch },
  { "gsub", str_gsub },
  { "rep", str_rep },
  { NULL, NULL }
};

static const char *const kept[] = { "byte", "char", "len", "lower", "upper", "reverse", "sub", NULL };

/* The real table; strings reach it through their metatable, whose own metatable is hidden. */
void sandbox_open_string(lua_State *L) {
  lua_createtable(L, 0, 16);
  luaL_requiref(L, "string", luaopen_string, 0);
  for (const char *const *name = kept; *name != NULL; name++) {
    lua_getfield(L, -1, *name);
    lua_setfield(L, -3, *name);
  }
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, str_format, 1);
  lua_setfield(L, -3, "format");
  lua_pop(L, 1);
  luaL_setfuncs(L, bounded, 0);
  lua_pushliteral(L, "");
  lua_createtable(L, 0, 2);
  lua_pushvalue(L, -3);
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_pop(L, 1);
}
