-- tests/eval/rules.lua: what share of clean data each rule of the chat preset removes, its stage alone. Every stage is
-- run as a recipe runs it. Run by `make eval`.
-- The sets are clean in the eyes of their makers: a rule that takes more than MOST of one must be listed in
-- KNOWN, with why it is right to; the README says the same.
local core, corpus, engine = require "core", require "corpus", require "run.engine"
local chat = require "presets.chat"
local views = require "views"

local DATA = "../shared/data/"
local MOST = 0.03
local SETS = { "raw_math.jsonl", "raw_multilingual.jsonl", "raw_support.jsonl.gz", "raw_tickets.jsonl",
               "raw_trivia.jsonl.gz", "alpaca.jsonl.gz", "sharegpt.jsonl", "openai_messages.jsonl" }
-- "set stage.reason" -> why
local KNOWN = {
  ["raw_multilingual.jsonl language.other_language"] = "four of its five languages are not English",
  ["raw_support.jsonl.gz exact_dedup.exact_duplicate"] = "what guests say to each drink: copies, to the letter",
  ["raw_support.jsonl.gz near_dedup.near_duplicate"] = "241 of them are exact_dedup's copies, which go before",
}

local pool = core.pool(2)
local failed = false

local params = views.params

local function entry(name)
  local def = require("stages." .. name)
  return { stage = name, name = name, def = def, params = params(def, chat[name]), file = "presets.chat", line = 0 }
end

--- The view behind these stages; or nil and why there is none.
local function behind(view, stages)
  local run = engine.new({ plan = { stages = stages, seed = 42 } }, { pool = pool })
  local ready, why = run:prepare()
  if not ready then return nil, why end
  return assert(run:run(view))
end

local function report(set, view, name)
  local child, why = behind(view, { entry(name) })
  if not child then print(("skip: %s: %s"):format(name, why)) return end
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

--- What all of them keep, one behind the other.
local function together(set, view)
  local stages = {}
  for i, name in ipairs(chat.order) do stages[i] = entry(name) end
  local child, why = behind(view, stages)
  if not child then print(("skip: %s"):format(why)) return end
  local kept = child:counts()
  print(("%-24s %7d  %-34s %6d  %6.2f%%"):format(set, #view, "kept by the whole preset", kept, 100 * kept / #view))
  child:close()
end

print(("Rows of clean sets that each rule of the chat preset removes, alone; at most %g%%"):format(100 * MOST))
print(("%-24s %7s  %-34s %6s  %7s"):format("set", "rows", "rule", "rows", "share"))
for _, set in ipairs(SETS) do
  local file = io.open(DATA .. set)
  if file then
    file:close()
    local view = assert(corpus.load { sources = { { path = DATA .. set } }, formats = require "formats.all", pool = pool })
    for _, name in ipairs(chat.order) do report(set, view, name) end
    together(set, view)
    view:close()
  else
    print("skip: no " .. DATA .. set)
  end
end
if failed then
  print "a rule removes more of a clean set than it may"
  os.exit(1)
end
