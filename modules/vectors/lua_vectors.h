/* modules/vectors/lua_vectors.h - vectors and embedders as userdata. */
#ifndef TAMIS_LUA_VECTORS_H
#define TAMIS_LUA_VECTORS_H

#include <lua.h>

#include "vectors/embedder.h"

/* An empty userdata, filled by lua_setvectors once the kernel has made them, so that nothing is lost if Lua runs out
** of memory in between [-0, +1, m]; the userdata at the top owns the reference from then on [-0, +0, -]. */
void lua_newvectors(lua_State *L);
void lua_setvectors(lua_State *L, Vectors *v);
Vectors *lua_checkvectors(lua_State *L, int arg);   /* raises if there are none [-0, +0, v] */
/* The same for an embedder: a module that makes one pushes an empty userdata first. */
void lua_newembedder(lua_State *L);
void lua_setembedder(lua_State *L, Embedder *e);
Embedder *lua_checkembedder(lua_State *L, int arg);
/* A set of fields from the list at t[key]; `otherwise` where it is absent; raises on a wrong name [-0, +0, v]. */
unsigned lua_checkfields(lua_State *L, int t, const char *key, unsigned otherwise);

#endif
