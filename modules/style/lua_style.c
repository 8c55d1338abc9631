/* modules/style/lua_style.c - how rows are written, for the stage of that name.
**   local s = style.measure(view, { field = "output", by = { "kind", "generator" }, opening_words = 4, list_items = 2,
**     code_lines = 2, code_share = 0.5, code_starts = { "def " }, code_ends = { ";" }, annotator = KEY or nil,
**     time = PATH or nil }, pool)                  -- nil and a message ("interrupted")
**   s:groups()              -- { { rows =, values = { "synthetic", nil }, n = 2, source = number or nil }, … }
**   s:forms({ 1, 3 })       -- of those groups (nil: all): { rows =, list =, header =, code =, json =, table =, plain = }
**   s:tokens(groups)        -- doubles, and a digit 0 each, for stats.packed
**   s:openings(groups, 10)  -- { rows = with one, distinct =, top_rows = of the top, top = { { text =, rows =, row = } } }
**   s:annotators()          -- { { name =, rows =, timed =, mean =, slope =, error =, months = { { month = "2024-03",
**                              rows =, mean = } } }, … }: lengths in tokens, slope of log2(1 + tokens) a 30 days
**   style.of(text, params)  -- the forms of a plain text as an array of names, and its opening or nil */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_param.h"
#include "corpus/lua_value.h"
#include "style/style.h"

int luaopen_style(lua_State *L);

#define STYLE "tamis.style"

/* ---- parameters: the table at t ---- */

/* The strings of the list `key`, a userdata on the stack; the table keeps them. [-0, +1, v] */
static Span *check_list(lua_State *L, int t, const char *key, size_t *n) {
  if (lua_getfield(L, t, key) != LUA_TTABLE) luaL_error(L, "%s: expected a list, got %s", key, luaL_typename(L, -1));
  *n = (size_t)luaL_len(L, -1);
  Span *word = lua_newuserdatauv(L, (*n + 1) * sizeof *word, 0);
  for (size_t i = 0; i < *n; i++) {
    if (lua_geti(L, -2, (lua_Integer)i + 1) != LUA_TSTRING) luaL_error(L, "%s[%d]: expected a text", key, (int)i + 1);
    word[i].ptr = lua_tolstring(L, -1, &word[i].len);
    lua_pop(L, 1);
  }
  lua_remove(L, -2);
  return word;
}

static Span opt_string(lua_State *L, int t, const char *key) {
  Span s = { NULL, 0 };
  lua_getfield(L, t, key);
  if (!lua_isnil(L, -1)) s = param_string(L, t, key);
  lua_pop(L, 1);
  return s;
}

/* [-0, +3, v]: the lists stand on the stack. */
static StyleParams check_params(lua_State *L, int t) {
  luaL_checktype(L, t, LUA_TTABLE);
  StyleParams p = { .field = param_field(L, t, "field"), .annotator = opt_string(L, t, "annotator"),
                    .time = opt_string(L, t, "time") };
  p.opening = (size_t)param_number(L, t, "opening_words", 1, 100);
  p.rules.list_items = (size_t)param_number(L, t, "list_items", 1, 1e6);
  p.rules.code_lines = (size_t)param_number(L, t, "code_lines", 1, 1e6);
  p.rules.code_share = param_number(L, t, "code_share", 0, 1);
  p.rules.starts = check_list(L, t, "code_starts", &p.rules.nstarts);
  p.rules.ends = check_list(L, t, "code_ends", &p.rules.nends);
  const Span *by = check_list(L, t, "by", &p.nby);
  if (p.nby > STYLE_MAX_KEYS) luaL_error(L, "by: expected at most %d keys, got %d", STYLE_MAX_KEYS, (int)p.nby);
  for (size_t k = 0; k < p.nby; k++) p.by[k] = by[k];
  return p;
}

static int f_measure(lua_State *L) {
  View *view = lua_checkview(L, 1);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  Style *s = lua_newuserdatauv(L, sizeof *s, 0);
  *s = (Style){ 0 };
  luaL_setmetatable(L, STYLE);
  StyleParams p = check_params(L, 2);
  Error err = { "" };
  int r = style_measure(s, view, &p, pool, &err);
  lua_settop(L, 4);
  if (r == 0) return 1;
  luaL_pushfail(L);
  lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
  return 2;
}

static Style *check_style(lua_State *L) {
  Style *s = luaL_checkudata(L, 1, STYLE);
  luaL_argcheck(L, s->view != NULL, 1, "style is closed");
  return s;
}

static int style_gc(lua_State *L) {
  style_free(luaL_checkudata(L, 1, STYLE));
  return 0;
}

/* ---- figures ---- */

static void set_integer(lua_State *L, const char *key, lua_Integer n) {
  lua_pushinteger(L, n);
  lua_setfield(L, -2, key);
}

static void set_number(lua_State *L, const char *key, double x) {
  if (isnan(x)) return;
  lua_pushnumber(L, x);
  lua_setfield(L, -2, key);
}

/* The set of groups that the list at arg names; NULL for nil: all. [-0, +1, v] */
static const uint8_t *check_set(lua_State *L, const Style *s, int arg) {
  if (lua_isnoneornil(L, arg)) {
    lua_pushnil(L);
    return NULL;
  }
  luaL_checktype(L, arg, LUA_TTABLE);
  uint8_t *in = lua_newuserdatauv(L, s->ngroups + 1, 0);
  memset(in, 0, s->ngroups + 1);
  for (lua_Integer i = 1, n = luaL_len(L, arg); i <= n; i++) {
    lua_geti(L, arg, i);
    lua_Integer g = luaL_checkinteger(L, -1);
    luaL_argcheck(L, 1 <= g && (size_t)g <= s->ngroups, arg, "no group of that number");
    in[g - 1] = 1;
    lua_pop(L, 1);
  }
  return in;
}

static int m_groups(lua_State *L) {
  const Style *s = check_style(L);
  Names *names = s->view->corpus->names;
  lua_createtable(L, (int)s->ngroups, 0);
  for (size_t g = 0; g < s->ngroups; g++) {
    const StyleGroup *item = &s->item[g];
    lua_createtable(L, 0, 3);
    set_integer(L, "rows", item->rows);
    if (item->source != PLACE_NONE) set_integer(L, "source", (lua_Integer)item->source + 1);
    lua_createtable(L, STYLE_MAX_KEYS, 0);
    for (int k = 0; k < STYLE_MAX_KEYS; k++) {
      lua_pushrowvalue(L, names_value(names, item->value[k]));
      lua_rawseti(L, -2, k + 1);
    }
    lua_setfield(L, -2, "values");
    lua_rawseti(L, -2, (lua_Integer)g + 1);
  }
  return 1;
}

static int m_forms(lua_State *L) {
  const Style *s = check_style(L);
  uint32_t count[FORMS + 1];
  uint32_t rows = style_forms(s, check_set(L, s, 2), count);
  lua_createtable(L, 0, FORMS + 2);
  set_integer(L, "rows", rows);
  for (int f = 0; f < FORMS; f++) set_integer(L, form_names[f], count[f]);
  set_integer(L, "plain", count[FORMS]);
  return 1;
}

static int m_tokens(lua_State *L) {
  const Style *s = check_style(L);
  lua_settop(L, 2);
  const uint8_t *in = check_set(L, s, 2);
  luaL_Buffer values, marks;
  size_t n = 0;
  double *v = lua_newuserdatauv(L, ((size_t)s->n + 1) * sizeof *v, 0);
  for (uint32_t i = 0; i < s->n; i++)
    if (in == NULL || in[s->group[i]]) v[n++] = s->tokens[i];
  luaL_buffinit(L, &values);
  luaL_addlstring(&values, (const char *)v, n * sizeof *v);
  luaL_pushresult(&values);
  char *mark = luaL_buffinitsize(L, &marks, n + 1);
  memset(mark, '0', n);
  luaL_pushresultsize(&marks, n);
  return 2;
}

static void push_opening(lua_State *L, const Style *s, const Opening *o) {
  char text[OPENING_ROOM];
  long len = style_opening_text(s, o->first, text);
  if (len < 0) luaL_error(L, "not enough memory");
  lua_createtable(L, 0, 3);
  lua_pushlstring(L, text, (size_t)len);
  lua_setfield(L, -2, "text");
  set_integer(L, "rows", o->rows);
  set_integer(L, "row", (lua_Integer)s->row[o->first] + 1);
}

static int m_openings(lua_State *L) {
  const Style *s = check_style(L);
  lua_settop(L, 3);
  const uint8_t *in = check_set(L, s, 2);
  lua_Integer most = luaL_checkinteger(L, 3);
  luaL_argcheck(L, most >= 0, 3, "expected a number of openings");
  void **held = lua_newholder(L);
  Opening *o;
  size_t n;
  uint64_t rows = 0, top = 0;
  if (style_openings(s, in, &o, &n) != 0) return luaL_error(L, "not enough memory");
  *held = o;
  for (size_t i = 0; i < n; i++) {
    rows += o[i].rows;
    if (i < (size_t)most) top += o[i].rows;
  }
  lua_createtable(L, 0, 4);
  set_integer(L, "rows", (lua_Integer)rows);
  set_integer(L, "distinct", (lua_Integer)n);
  set_integer(L, "top_rows", (lua_Integer)top);
  lua_createtable(L, 0, 0);
  for (size_t i = 0; i < n && i < (size_t)most; i++) {
    push_opening(L, s, &o[i]);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  lua_setfield(L, -2, "top");
  return 1;
}

/* ---- annotators ---- */

typedef struct AnnotatorsBox { Annotators a; } AnnotatorsBox;
#define ANNOTATORS "tamis.style.annotators"

static int annotators_gc(lua_State *L) {
  AnnotatorsBox *box = luaL_checkudata(L, 1, ANNOTATORS);
  annotators_free(&box->a);
  return 0;
}

static void push_months(lua_State *L, const StyleMonth *m, size_t n) {
  lua_createtable(L, (int)n, 0);
  for (size_t i = 0; i < n; i++) {
    char text[32];
    int year = 1970 + (m[i].month >= 0 ? m[i].month / 12 : -((11 - m[i].month) / 12));
    snprintf(text, sizeof text, "%04d-%02d", year, m[i].month - (year - 1970) * 12 + 1);
    lua_createtable(L, 0, 3);
    lua_pushstring(L, text);
    lua_setfield(L, -2, "month");
    set_integer(L, "rows", m[i].rows);
    set_number(L, "mean", m[i].sum / (double)m[i].rows);
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
}

static int m_annotators(lua_State *L) {
  const Style *s = check_style(L);
  AnnotatorsBox *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (AnnotatorsBox){ 0 };
  luaL_setmetatable(L, ANNOTATORS);
  if (style_annotators(s, &box->a) != 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, (int)box->a.n, 0);
  for (size_t i = 0; i < box->a.n; i++) {
    const Annotator *a = &box->a.item[i];
    lua_createtable(L, 0, 7);
    lua_pushrowvalue(L, names_value(s->view->corpus->names, a->name));
    lua_setfield(L, -2, "name");
    set_integer(L, "rows", a->rows);
    set_integer(L, "timed", a->timed);
    set_number(L, "mean", a->sum / (double)a->rows);
    set_number(L, "slope", a->slope);
    set_number(L, "error", a->error);
    push_months(L, box->a.month + a->first, a->nmonths);
    lua_setfield(L, -2, "months");
    lua_rawseti(L, -2, (lua_Integer)i + 1);
  }
  return 1;
}

/* ---- plain text ---- */

typedef struct DocBox { JsonDoc doc; } DocBox;
#define DOC "tamis.style.doc"

static int doc_gc(lua_State *L) {
  json_doc_free(&((DocBox *)luaL_checkudata(L, 1, DOC))->doc);
  return 0;
}

static int f_of(lua_State *L) {
  Span text;
  text.ptr = luaL_checklstring(L, 1, &text.len);
  lua_settop(L, 2);
  DocBox *box = lua_newuserdatauv(L, sizeof *box, 0);
  *box = (DocBox){ 0 };
  luaL_setmetatable(L, DOC);
  StyleParams p = check_params(L, 2);
  int forms = forms_of(text, &p.rules, &box->doc);
  if (forms < 0) return luaL_error(L, "not enough memory");
  lua_createtable(L, FORMS, 0);
  for (int f = 0, n = 0; f < FORMS; f++) {
    if ((forms >> f & 1) == 0) continue;
    lua_pushstring(L, form_names[f]);
    lua_rawseti(L, -2, ++n);
  }
  char opening[OPENING_ROOM];
  size_t len = opening_of(text, p.opening, opening);
  if (len > 0) lua_pushlstring(L, opening, len);
  else lua_pushnil(L);
  return 2;
}

static const luaL_Reg METHODS[] = {
  { "groups",     m_groups },
  { "forms",      m_forms },
  { "tokens",     m_tokens },
  { "openings",   m_openings },
  { "annotators", m_annotators },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = {
  { "measure", f_measure },
  { "of",      f_of },
  { NULL, NULL }
};

static void new_type(lua_State *L, const char *name, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
}

int luaopen_style(lua_State *L) {
  new_type(L, ANNOTATORS, annotators_gc);
  new_type(L, DOC, doc_gc);
  lua_pop(L, 2);
  new_type(L, STYLE, style_gc);
  lua_pushcfunction(L, style_gc);
  lua_setfield(L, -2, "__close");
  luaL_newlib(L, METHODS);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
