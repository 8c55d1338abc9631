/* modules/corpus/lua_param.h - the values of a table of parameters, for bindings. What is missing or of another kind
** raises with the key's name, what is allowed and what was given. Strings live as long as the table does. */
#ifndef TAMIS_LUA_PARAM_H
#define TAMIS_LUA_PARAM_H

#include <lua.h>

#include "corpus/corpus.h"

/* Of the table at t, under that key [-0, +0, v]. */
Span param_string(lua_State *L, int t, const char *key);
double param_number(lua_State *L, int t, const char *key, double min, double max);
double param_number_or(lua_State *L, int t, const char *key, double missing);
Field param_field(lua_State *L, int t, const char *key);

#endif
