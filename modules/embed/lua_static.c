/* modules/embed/lua_static.c - a static model, for Lua. The bytes of model.safetensors and of tokenizer.json become an
** embedder (module vectors), or nil and a message:
**   local e = static_model.open(tensors, tokenizer, "potion-base-4m") */
#include <lauxlib.h>
#include <string.h>

#include "embed/static_model.h"
#include "vectors/lua_vectors.h"

int luaopen_static_model(lua_State *L);

static int f_open(lua_State *L) {
  Span tensors, tokenizer;
  tensors.ptr = luaL_checklstring(L, 1, &tensors.len);
  tokenizer.ptr = luaL_checklstring(L, 2, &tokenizer.len);
  const char *name = luaL_optstring(L, 3, "model");
  Error err = { "" };
  lua_newembedder(L);
  Embedder *e = static_model_open(tensors, tokenizer, name, &err);
  if (e == NULL) {
    luaL_pushfail(L);
    lua_pushstring(L, err.text);
    return 2;
  }
  lua_setembedder(L, e);
  return 1;
}

static const luaL_Reg FUNCTIONS[] = { { "open", f_open }, { NULL, NULL } };

int luaopen_static_model(lua_State *L) {
  luaL_newlib(L, FUNCTIONS);
  return 1;
}
