-- tests/eval/rules.lua: what share of clean data each rule removes through the chat preset. Run by `make eval`.
-- The sets are clean in the eyes of their makers: a rule that takes more than MOST of one must be listed in
-- KNOWN, with why it is right to.
local core, corpus = require "core", require "corpus"
local chat = require "presets.chat"

local DATA = "../shared/data/"
local MOST = 0.03
local SETS = { "raw_math.jsonl", "raw_multilingual.jsonl", "raw_support.jsonl.gz", "raw_tickets.jsonl",
               "raw_trivia.jsonl.gz", "alpaca.jsonl.gz", "sharegpt.jsonl", "openai_messages.jsonl" }
-- "set stage.reason" -> why
local KNOWN = { ["raw_multilingual.jsonl language.other_language"] = "four of its five languages are not English" }

local pool = core.pool(2)
local failed = false

local function params(stage, changes)
  local p = {}
  for name, spec in pairs(stage.params) do p[name] = spec.default end
  for name, value in pairs(changes or {}) do p[name] = value end
  return p
end

local function report(set, view, name)
  local stage = require("stages." .. name)
  local op, why = stage.op(params(stage, chat[name]), { pool = pool, name = name })
  if not op then print(("skip: %s: %s"):format(name, why)) return end
  local child = assert(view:run_group { ops = { op }, stages = { name }, pool = pool })
  for _, r in ipairs(child:reasons()) do
    local rule, share = r.stage .. "." .. r.reason, r.count / #view
    local known = KNOWN[set .. " " .. rule]
    if r.stage ~= "load" then
      local over = share > MOST and (known and "  known: " .. known or "  OVER") or ""
      if share > MOST and not known then failed = true end
      print(("%-24s %7d  %-34s %6d  %6.2f%%%s"):format(set, #view, rule, r.count, 100 * share, over))
    end
  end
  child:close()
end

print(("Rows of clean sets that each row rule of the chat preset removes, alone; at most %g%%"):format(100 * MOST))
print(("%-24s %7s  %-34s %6s  %7s"):format("set", "rows", "rule", "rows", "share"))
for _, set in ipairs(SETS) do
  local file = io.open(DATA .. set)
  if file then
    file:close()
    local view = assert(corpus.load { sources = { { path = DATA .. set } }, formats = require "formats.all", pool = pool })
    for _, name in ipairs(chat.order) do
      if require("stages." .. name).scope == "row" then report(set, view, name) end
    end
  else
    print("skip: no " .. DATA .. set)
  end
end
if failed then
  print "a rule removes more of a clean set than it may"
  os.exit(1)
end
