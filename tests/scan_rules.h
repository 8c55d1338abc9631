/* tests/scan_rules.h - the rules of scripts/pii, read from the Lua files by whoever runs in the
** repository's folder: for the fuzz target, which has no host. */
#ifndef TAMIS_SCAN_RULES_H
#define TAMIS_SCAN_RULES_H

#include <lauxlib.h>
#include <lualib.h>
#include <stdio.h>
#include <stdlib.h>

#include "scan/scan.h"

static Span rule_text(lua_State *L, const char *key) {
  Span s = { 0 };
  lua_getfield(L, -1, key);
  s.ptr = lua_tolstring(L, -1, &s.len);
  lua_pop(L, 1);      /* the rule's table holds it */
  return s;
}

static double rule_number(lua_State *L, const char *key) {
  lua_getfield(L, -1, key);
  double v = lua_tonumber(L, -1);
  lua_pop(L, 1);
  return v;
}

/* All rules of personal data, then those of secrets; they live as long as the process. */
static inline ScanRule *scan_rules(size_t *n) {
  lua_State *L = luaL_newstate();
  if (L == NULL) abort();
  luaL_openlibs(L);
  if (luaL_dostring(L, "package.path = 'scripts/?.lua' local all = {} "
                       "for _, list in ipairs { require 'pii.all', require 'pii.secrets' } do "
                       "table.move(list, 1, #list, #all + 1, all) end return all") != LUA_OK) {
    fprintf(stderr, "%s\n", lua_tostring(L, -1));
    abort();
  }
  *n = (size_t)luaL_len(L, -1);
  ScanRule *rule = calloc(*n, sizeof *rule);
  if (rule == NULL) abort();
  for (size_t i = 0; i < *n; i++) {
    lua_geti(L, -1, (lua_Integer)i + 1);
    Span need = rule_text(L, "need");
    rule[i] = (ScanRule){ rule_text(L, "type"), rule_text(L, "pattern"), rule_text(L, "gate"), rule_text(L, "check"),
                          (unsigned)rule_number(L, "digits"), need.ptr != NULL ? (unsigned char)need.ptr[0] : 0, 0,
                          (unsigned)rule_number(L, "within"), rule_text(L, "context"), rule_number(L, "entropy") };
    lua_pop(L, 1);
  }
  return rule;
}

#endif
