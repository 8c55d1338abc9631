/* modules/rules/lua_dates.c - dates and expected lengths for Lua:
**   rules.dates { field = "output", path = "created_at", order = "earlier", row_order = "later", slack = 1,
**                 bare_years = false, reject_missing = false, reject_unreadable = false }
**   rules.completion { field = "output", path = "expected_tokens", unit = "tokens", min = 0.8, reason = REASON,
**                      metric = NAME } */
#include <lauxlib.h>
#include <math.h>

#include "corpus/lua_param.h"
#include "corpus/lua_rowop.h"
#include "rules/completion.h"
#include "rules/dates.h"
#include "rules/lua_rules.h"

static DateOrder need_order(lua_State *L, const char *key) {
  static const char *const NAMES[] = { "earlier", "later", "day_first", "month_first" };
  Span name = param_string(L, 1, key);
  for (int i = 0; i < 4; i++)
    if (span_eq(name, span_str(NAMES[i]))) return (DateOrder)i;
  luaL_error(L, "%s: expected earlier, later, day_first or month_first, got \"%s\"", key, name.ptr);
  return DATE_EARLIER;
}

static int flag(lua_State *L, const char *key) {
  lua_getfield(L, 1, key);
  int on = lua_toboolean(L, -1);
  lua_pop(L, 1);
  return on;
}

int rules_lua_dates(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  DatesSpec spec = { .field = param_field(L, 1, "field"), .path = param_string(L, 1, "path"),
                     .style = { need_order(L, "order"), flag(L, "bare_years") },
                     .row_order = need_order(L, "row_order"), .slack = param_number(L, 1, "slack", -HUGE_VAL, HUGE_VAL),
                     .reject_missing = flag(L, "reject_missing"),
                     .reject_unreadable = flag(L, "reject_unreadable") };
  Error err;
  lua_newrowop(L);
  RowOp *op = dates_op(&spec, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}

int rules_lua_completion(lua_State *L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  CompletionSpec spec = { .field = param_field(L, 1, "field"), .path = param_string(L, 1, "path"),
                          .characters = span_eq(param_string(L, 1, "unit"), span_str("characters")),
                          .least = param_number(L, 1, "min", -HUGE_VAL, HUGE_VAL), .reason = param_string(L, 1, "reason").ptr,
                          .metric = param_string(L, 1, "metric").ptr };
  Error err;
  lua_newrowop(L);
  RowOp *op = completion_op(&spec, &err);
  if (op == NULL) return luaL_error(L, "%s", err.text);
  lua_setrowop(L, op);
  return 1;
}
