/* modules/embed/lua_lexical.c - lexical vectors for the stage embed (lexical.h).
**   local embedder, info = lexical.fit(view, { method = "projection" or "svd", features = { "word", "bigram" },
**       fields = { "input", "output" }, bigram = 1, dim = 256, seed = 42, sample = 20000, terms = 65536, least = 2,
**       iterations = 2 }, pool)                              | nil, message ("interrupted")
**     info: texts; svd: sampled, terms, energy, a list: the share of the sample's weights along each direction
**   lexical.has_svd() */
#include <lauxlib.h>

#include "core/lua_core.h"
#include "corpus/lua_corpus.h"
#include "embed/lexical.h"
#include "embed/svd.h"
#include "text/lua_bag.h"
#include "vectors/lua_vectors.h"

int luaopen_lexical(lua_State *L);

static uint32_t number(lua_State *L, int t, const char *key, lua_Integer missing, lua_Integer min, lua_Integer max) {
  lua_getfield(L, t, key);
  lua_Integer v = lua_isnil(L, -1) ? missing : lua_tointeger(L, -1);
  if (!lua_isnil(L, -1) && (!lua_isinteger(L, -1) || v < min || v > max))
    luaL_error(L, "%s: expected a whole number from %I to %I", key, min, max);
  lua_pop(L, 1);
  return (uint32_t)v;
}

static LexicalParams check_params(lua_State *L, int t) {
  LexicalParams p = { .features = BAG_WORDS | BAG_BIGRAMS };
  lua_getfield(L, t, "method");
  const char *method = luaL_optstring(L, -1, "projection");
  int svd = strcmp(method, "svd") == 0;
  if (!svd && strcmp(method, "projection") != 0)
    luaL_error(L, "method: expected \"projection\" or \"svd\", got \"%s\"", method);
  p.method = svd ? LEXICAL_SVD : LEXICAL_PROJECTION;
  if (lua_getfield(L, t, "features") != LUA_TNIL) p.features = lua_checkfeatures(L, -1);
  lua_getfield(L, t, "seed");
  p.seed = (uint64_t)luaL_optinteger(L, -1, 0);
  lua_pop(L, 3);
  lua_getfield(L, t, "bigram");
  lua_Number bigram = luaL_optnumber(L, -1, 1);
  if (!(bigram > 0 && bigram <= 1000)) luaL_error(L, "bigram: expected a weight above 0, at most 1000");
  lua_pop(L, 1);
  p.kind[BAG_WORD] = p.kind[BAG_CHAR] = 1;
  p.kind[BAG_BIGRAM] = (float)bigram;
  p.dim = number(L, t, "dim", 256, LEXICAL_MIN_DIM, LEXICAL_MAX_DIM);
  if (p.dim % 8 != 0) luaL_error(L, "dim: expected a multiple of 8, got %d", (int)p.dim);
  p.sample = number(L, t, "sample", 20000, 1, 1 << 30);
  p.terms = number(L, t, "terms", 1 << 16, 1, LEXICAL_BUCKETS);
  p.least = number(L, t, "least", 2, 1, 1 << 30);
  p.iterations = (int)number(L, t, "iterations", 2, 0, 100);
  return p;
}

static void push_info(lua_State *L, const Lexical *l) {
  lua_createtable(L, 0, 4);
  lua_pushinteger(L, (lua_Integer)l->texts);
  lua_setfield(L, -2, "texts");
  if (l->p.method != LEXICAL_SVD) return;
  lua_pushinteger(L, (lua_Integer)l->sampled);
  lua_setfield(L, -2, "sampled");
  lua_pushinteger(L, (lua_Integer)l->nterms);
  lua_setfield(L, -2, "terms");
  lua_createtable(L, (int)l->p.dim, 0);
  for (uint32_t j = 0; j < l->p.dim; j++) {
    lua_pushnumber(L, l->energy[j]);
    lua_rawseti(L, -2, (lua_Integer)j + 1);
  }
  lua_setfield(L, -2, "energy");
}

static int f_fit(lua_State *L) {
  View *view = lua_checkview(L, 1);
  luaL_checktype(L, 2, LUA_TTABLE);
  Pool *pool = lua_optpool(L, 3);
  lua_settop(L, 3);
  LexicalParams p = check_params(L, 2);
  unsigned fields = lua_checkfields(L, 2, "fields", 1u << FIELD_INPUT | 1u << FIELD_OUTPUT);
  Lexical *l;
  Error err = { "" };
  lua_newembedder(L);
  if (lexical_fit_view(&l, &p, view, fields, NULL, 0, pool, &err) != 0) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text[0] != '\0' ? err.text : "interrupted");
    return 2;
  }
  lua_setembedder(L, &l->base);
  push_info(L, l);
  return 2;
}

static int f_has_svd(lua_State *L) {
  lua_pushboolean(L, svd_available());
  return 1;
}

static const luaL_Reg FUNCTIONS[] = {
  { "fit",     f_fit },
  { "has_svd", f_has_svd },
  { NULL, NULL }
};

int luaopen_lexical(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
