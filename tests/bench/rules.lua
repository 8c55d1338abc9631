-- tests/bench/rules.lua ROWS.jsonl - the rule stages on loaded rows, text a CPU second on one thread:
-- each alone, and fused as a recipe runs them. Run by bench_rules.sh in the test host.
local core = require "core"
local corpus = require "corpus"
local views = require "views"

local path = ...
local pool = core.pool(1)
local view = assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })

local bytes = 0   -- of text, from every hundredth row
for i = 1, #view, 100 do
  bytes = bytes + 100 * (#(view:field(i, "input") or "") + #(view:field(i, "output") or ""))
end

local params = views.params

local function op(name, changes)
  local stage = require("stages." .. name)
  return assert(stage.op(params(stage, changes), { pool = pool, seed = 1, name = name }))
end

local function best(fn, times)
  local least = math.huge
  for _ = 1, times or 5 do
    collectgarbage()
    local from = os.clock()
    fn()
    least = math.min(least, os.clock() - from)
  end
  return least
end

local function measure(label, stages, times)
  local ops, names = {}, {}
  for i, s in ipairs(stages) do ops[i], names[i] = op(s[1], s[2]), s[1] end
  local seconds = best(function() assert(view:run_group { ops = ops, stages = names, pool = pool }):close() end, times)
  print(("%-28s %8.1f MB/CPU s %9.0f ns/row"):format(label, bytes / seconds / 1e6, seconds / #view * 1e9))
  return seconds
end

local RULES = { { "password", "password", "log in", "sign in" }, { "billing", "invoice", "refund*", "charge*" },
                { "delivery", "parcel", "tracking number", "courier" }, { "account", "account", "profile" } }

local length, repetition, pii = { "length" }, { "repetition" }, { "pii" }
local sum = measure("length", { length }) + measure("repetition", { repetition }) + measure("pii", { pii })
measure("pii redact", { { "pii", { action = "redact" } } })
measure("topics", { { "topics", { rules = RULES } } })
measure("repetition gopher", { { "repetition", { gopher = true } } })
measure("text_rules chat", { { "text_rules" } })
measure("text_rules published", { { "text_rules", { preset = "published" } } })
measure("leakage", { { "leakage" } })
measure("url_quality", { { "url_quality" } })
measure("dates", { { "dates" } })
measure("schema", { { "schema" } })
local fused = measure("length+repetition+pii", { length, repetition, pii })
print(("%-28s %8.2f of the sum of the three alone"):format("fused", fused / sum))
if require("lang").detect("x") then measure("language", { { "language" } }, 1) end
