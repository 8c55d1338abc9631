/* modules/lm/lua_lm.c - character models for Lua.
**   local model, info = lm.fit(view, { field = "output", order = 6, held = 10, seed = 42, out = false,
**                                      most = 1 << 21, max_ngrams = 1000000, least = 16 })
**     held = 10: without one text in ten; 0: all. info: texts, chars, symbols, letters, ngrams, pruned, cut, dropped
**     nil, message ("interrupted")
**   local bytes = model:bytes(note)              -- the file; note: what it says of itself
**   local model = lm.read(bytes, name)           -- or nil, message
**   model:note()  model:order()
**   model:bits("some text")                      -- bits a character, its perplexity; nil of an empty one
**   local n, list = model:percentiles(view, { field =, min_chars =, held =, seed =, out = true }, { 0.5, 0.99 }, pool)
**     of how many rows; the perplexities, none where n is 0 | nil, message
**   model:check { field =, min_chars =, window =, max =, min =, past =, share =, high = REASON, low = REASON,
**                 past_reason = REASON, perplexity = METRIC, bits = METRIC }      -- a row operator */
#include <lauxlib.h>
#include <math.h>
#include <stdlib.h>

#include "core/lua_buf.h"
#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "corpus/lua_rowop.h"
#include "lm/lm_view.h"
#include "text/chars.h"

int luaopen_lm(lua_State *L);

#define LM_TYPE "tamis.lm"         /* userdata: an Lm *, unreferenced by __gc */
#define TABLE_TYPE "tamis.lm.table"

static int push_failure(lua_State *L, const Error *err) {
  luaL_pushfail(L);
  lua_pushstring(L, err->text[0] != '\0' ? err->text : "interrupted");
  return 2;
}

static Lm *check_lm(lua_State *L, int arg) {
  Lm **m = luaL_checkudata(L, arg, LM_TYPE);
  luaL_argcheck(L, *m != NULL, arg, "model is closed");
  return *m;
}

static Lm **new_lm(lua_State *L) {
  Lm **m = lua_newuserdatauv(L, sizeof *m, 0);
  *m = NULL;
  luaL_setmetatable(L, LM_TYPE);
  return m;
}

static int lm_gc(lua_State *L) {
  Lm **m = luaL_checkudata(L, 1, LM_TYPE);
  lm_unref(*m);
  *m = NULL;
  return 0;
}

static int table_gc(lua_State *L) {
  LmTable **t = luaL_checkudata(L, 1, TABLE_TYPE);
  lm_table_free(*t);
  *t = NULL;
  return 0;
}

/* ---- values of the table at t ---- */

static double number(lua_State *L, int t, const char *key, double missing, double min, double max) {
  lua_getfield(L, t, key);
  double v = lua_isnil(L, -1) ? missing : lua_tonumber(L, -1);
  if (!lua_isnil(L, -1) && (lua_type(L, -1) != LUA_TNUMBER || !(v >= min && v <= max)))
    luaL_error(L, "%s: expected a number from %f to %f", key, min, max);
  lua_pop(L, 1);
  return v;
}

/* It stays alive as long as the table. */
static const char *name(lua_State *L, int t, const char *key) {
  if (lua_getfield(L, t, key) != LUA_TSTRING) luaL_error(L, "%s: expected a string, got %s", key, luaL_typename(L, -1));
  const char *s = lua_tostring(L, -1);
  lua_pop(L, 1);
  return s;
}

static Field field_of(lua_State *L, int t) {
  const char *s = name(L, t, "field");
  Field f = field_by_name(span_str(s));
  if (f == FIELD_NONE) luaL_error(L, "field: expected system, input, output, alternative or assistant, got \"%s\"", s);
  return f;
}

static LmPart part_of(lua_State *L, int t) {
  LmPart p = { (unsigned)number(L, t, "held", 0, 0, 1e6), 0,
               (uint64_t)(int64_t)number(L, t, "seed", 0, -9e15, 9e15) };   /* a seed may be under 0 */
  lua_getfield(L, t, "out");
  p.held_out = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return p;
}

/* ---- fitting ---- */

static void set_count(lua_State *L, const char *key, uint64_t n) {
  lua_pushinteger(L, (lua_Integer)n);
  lua_setfield(L, -2, key);
}

static void push_info(lua_State *L, const LmTable *t, const LmFitted *fitted) {
  size_t n = 0;
  for (int len = 2; len <= t->order; len++) n += t->level[len].n;
  lua_createtable(L, 0, 8);
  set_count(L, "texts", fitted->texts);
  set_count(L, "chars", fitted->chars);
  set_count(L, "symbols", t->symbols);
  set_count(L, "letters", t->alphabet.nletters);
  set_count(L, "ngrams", n);
  set_count(L, "pruned", t->pruned);
  set_count(L, "cut", t->cut);
  set_count(L, "dropped", t->dropped);
}

static int f_fit(lua_State *L) {
  View *v = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  LmSpec spec = { .field = field_of(L, 2), .order = (int)number(L, 2, "order", 6, LM_MIN_ORDER, LM_MAX_ORDER),
                  .most = (size_t)number(L, 2, "most", 1 << 21, 16, 1u << 31),
                  .max_ngrams = (size_t)number(L, 2, "max_ngrams", 1e6, 0, 4e8),
                  .least = (uint64_t)number(L, 2, "least", 1, 1, 1e15), .part = part_of(L, 2) };
  LmFitted fitted = { 0, 0 };
  Error err = { "" };
  Lm **m = new_lm(L);
  LmTable **t = lua_newuserdatauv(L, sizeof *t, 0);
  *t = NULL;
  luaL_setmetatable(L, TABLE_TYPE);
  *t = lm_fit_view(v, &spec, &fitted, &err);
  if (*t == NULL) return push_failure(L, &err);
  *m = lm_pack(*t, span_of("", 0));
  if (*m == NULL) return luaL_error(L, "not enough memory");
  push_info(L, *t, &fitted);
  lm_table_free(*t);
  *t = NULL;
  lua_remove(L, -2);
  return 2;
}

/* ---- the model ---- */

static int f_read(lua_State *L) {
  size_t len;
  const char *bytes = luaL_checklstring(L, 1, &len), *file = luaL_checkstring(L, 2);
  Error err = { "" };
  Lm **m = new_lm(L);
  *m = lm_read(span_of(bytes, len), file, &err);
  return *m == NULL ? push_failure(L, &err) : 1;
}

static int m_bytes(lua_State *L) {
  Lm *m = check_lm(L, 1);
  size_t len;
  const char *note = luaL_checklstring(L, 2, &len);
  luaL_argcheck(L, len < 1 << 24 && chars_valid(note, len), 2, "expected UTF-8 of at most 16 MB");
  Buf *b = lua_newbuf(L);
  m->note.len = 0;   /* a model that was just fitted: nobody scores with it yet */
  if (buf_add(&m->note, note, len) != 0 || lm_write(m, b) != 0) return luaL_error(L, "not enough memory");
  lua_pushlstring(L, b->ptr, b->len);
  buf_free(b);
  return 1;
}

static int m_note(lua_State *L) {
  const Lm *m = check_lm(L, 1);
  lua_pushlstring(L, m->note.ptr != NULL ? m->note.ptr : "", m->note.len);
  return 1;
}

static int m_order(lua_State *L) {
  lua_pushinteger(L, check_lm(L, 1)->order);
  return 1;
}

static int m_bits(lua_State *L) {
  const Lm *m = check_lm(L, 1);
  size_t len;
  const char *text = luaL_checklstring(L, 2, &len);
  LmScore s = lm_score(m, span_of(text, len), NULL);
  if (s.chars == 0) {
    luaL_pushfail(L);
    return 1;
  }
  lua_pushnumber(L, lm_bits(s));
  lua_pushnumber(L, lm_perplexity(s));
  return 2;
}

static int m_percentiles(lua_State *L) {
  const Lm *m = check_lm(L, 1);
  View *v = lua_checkview(L, 2);
  luaL_checktype(L, 3, LUA_TTABLE);
  luaL_checktype(L, 4, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 5);
  Field field = field_of(L, 3);
  size_t min_chars = (size_t)number(L, 3, "min_chars", 0, 0, 1e12), rows = v->corpus->nrows;
  LmPart part = part_of(L, 3);
  lua_Integer shares = luaL_len(L, 4);
  void **hold = lua_newholder(L);
  double *value = *hold = calloc(rows + 1, sizeof *value);
  Error err = { "" };
  if (value == NULL) return luaL_error(L, "not enough memory");
  if (lm_measure(v, m, field, min_chars, part, pool, value, &err) != 0) return push_failure(L, &err);
  size_t n = lm_sorted(value, rows);
  lua_pushinteger(L, (lua_Integer)n);
  lua_newtable(L);
  for (lua_Integer i = 1; n > 0 && i <= shares; i++) {
    lua_geti(L, 4, i);
    lua_pushnumber(L, lm_percentile(value, n, luaL_checknumber(L, -1)));
    lua_rawseti(L, -3, i);
    lua_pop(L, 1);
  }
  return 2;
}

static int m_check(lua_State *L) {
  Lm *m = check_lm(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  LmRule rule = { m, field_of(L, 2), (size_t)number(L, 2, "min_chars", 0, 0, 1e12),
                  (size_t)number(L, 2, "window", 32, 1, 1e6), number(L, 2, "max", HUGE_VAL, -HUGE_VAL, HUGE_VAL),
                  number(L, 2, "min", -HUGE_VAL, -HUGE_VAL, HUGE_VAL),
                  number(L, 2, "past", HUGE_VAL, -HUGE_VAL, HUGE_VAL), number(L, 2, "share", 1, 0, 1),
                  name(L, 2, "high"), name(L, 2, "low"), name(L, 2, "past_reason"), name(L, 2, "perplexity"), name(L, 2, "bits") };
  Error err = { "" };
  lua_newrowop(L);
  RowOp *op = lm_op(&rule, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}

static const luaL_Reg METHODS[] = {
  { "bits",        m_bits },
  { "bytes",       m_bytes },
  { "check",       m_check },
  { "note",        m_note },
  { "order",       m_order },
  { "percentiles", m_percentiles },
  { NULL, NULL }
};

static const luaL_Reg FUNCTIONS[] = { { "fit", f_fit }, { "read", f_read }, { NULL, NULL } };

int luaopen_lm(lua_State *L) {
  luaL_newmetatable(L, LM_TYPE);
  lua_pushcfunction(L, lm_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, METHODS);
  lua_setfield(L, -2, "__index");
  luaL_newmetatable(L, TABLE_TYPE);
  lua_pushcfunction(L, table_gc);
  lua_setfield(L, -2, "__gc");
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
