--- chat_structure: reject a conversation that is not whole: turns empty or out of order, tool calls without
-- results, arguments that do not parse. Rows without a list of turns pass.

local rules = require "rules"
local signs = require "signs"

local SIGNS = {
  { "empty_turn", 0, "turns without text and without a tool call" },
  { "literal_null", 0, "turns that are one of `literals`" },
  { "role_order", 0, "turns that follow one of the same role, or system turns that are not first" },
  { "no_user", 0, "1 where no user has a turn" },
  { "last_not_assistant", 0, "1 where the last turn is not the assistant's" },
  { "call_without_result", 0, "tool calls that no result follows" },
  { "result_without_call", 0, "results that no tool call asked for" },
  { "bad_arguments", 0, "tool calls whose arguments are no JSON object" },
}

local params = {
  keys     = { type = "list", of = { type = "string" }, default = { "messages", "conversations" },
               doc = "keys of the row that may hold the turns, 4 at most" },
  literals = { type = "list", of = { type = "string" }, default = { "null", "undefined", "nan", "none" },
               doc = "texts that are a lost value, case apart" },
}
local reasons, metrics, bounds = signs(SIGNS, params)

return {
  name    = "chat_structure",
  scope   = "row",
  doc     = "reject a chat with empty turns, roles out of order, or tool calls that do not pair or parse",
  params  = params,
  example = [[s.chat_structure { max_role_order = 2, max_last_not_assistant = 1 }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    local literals, most = {}, {}
    if #p.keys > 4 then return nil, ("keys has %d entries, at most 4 are allowed"):format(#p.keys) end
    if #p.literals > 64 then return nil, ("literals has %d entries, at most 64 are allowed"):format(#p.literals) end
    for i, w in ipairs(p.literals) do literals[i] = w:lower() end
    for _, s in ipairs(SIGNS) do most[s[1]] = p["max_" .. s[1]] end
    return rules.chat { keys = p.keys, literals = literals, most = most }
  end,
}
