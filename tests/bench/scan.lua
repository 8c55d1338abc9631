-- tests/bench/scan.lua ROWS.jsonl - the patterns of pii and secrets on loaded rows, text a CPU second on
-- one thread: both in one database, against a bare scan of that database (its gate alone, no match
-- located) in the same run; and as the two stages run, behind one gate as neighbours in a recipe do, and
-- behind one each. Made rows hold few numbers: the Presidio-style
-- rows, eight to a line of chat, are full of what the patterns look for. Run by bench_scan.sh.
local core, corpus, scan, json = require "core", require "corpus", require "scan", require "json"
local views = require "views"

local pool = core.pool(1)
local RULES = {}
for _, list in ipairs { require "pii.all", require "pii.secrets" } do table.move(list, 1, #list, #RULES + 1, RULES) end

local function op(bare)
  local actions, reasons = {}, {}
  for _, rule in ipairs(RULES) do actions[rule.type], reasons[rule.type] = "reject", "found" end
  return assert(scan.pii { rules = RULES, actions = actions, reasons = reasons, limit_reason = "limit", annotation = "a",
                           bare = bare })
end

local function stage_op(gate, name, changes)
  local stage = require("stages." .. name)
  local p = views.params(stage, changes)
  return assert(stage.op(p, { pool = pool, name = name, gate = gate }))
end

local function text_bytes(view)
  local n = 0
  for i = 1, #view do n = n + #(view:field(i, "input") or "") + #(view:field(i, "output") or "") end
  return n
end

local function measure(view, bytes, label, ops, names)
  local least = math.huge
  for _ = 1, 5 do
    collectgarbage()
    local from = os.clock()
    assert(view:run_group { ops = ops, stages = names, pool = pool }):close()
    least = math.min(least, os.clock() - from)
  end
  print(("%-32s %8.1f MB/CPU s"):format(label, bytes / least / 1e6))
  return bytes / least
end

local function bench(title, path)
  local view = assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
  local bytes = text_bytes(view)
  print(("%s: %d rows, %.1f MB of text"):format(title, #view, bytes / 1e6))
  local bare = measure(view, bytes, ("bare scan of %d patterns"):format(#RULES), { op(true) }, { "bare" })
  local full = measure(view, bytes, "pii all + secrets, one database", { op(false) }, { "scan" })
  print(("%-32s %8.2f of the bare scan"):format("", full / bare))
  for _, gate in ipairs { scan.gate(), false } do
    local ops = { stage_op(gate or nil, "pii", { types = { "all" } }), stage_op(gate or nil, "secrets") }
    if gate then gate:compile() end
    measure(view, bytes, "pii all, secrets: " .. (gate and "one gate" or "a gate each"), ops, { "pii", "secrets" })
  end
end

local function dense_rows(path)
  local file = io.open(path)
  if not file then return nil end
  local out = os.tmpname()
  os.remove(out)
  out = out .. ".jsonl"
  local to, texts, lines = assert(io.open(out, "w")), {}, {}
  for line in file:lines() do
    texts[#texts + 1] = json.decode(line).text
    if #texts == 8 then lines[#lines + 1], texts = json.encode { input = table.concat(texts, "\n"), output = "ok" }, {} end
  end
  file:close()
  for _ = 1, 20 do to:write(table.concat(lines, "\n"), "\n") end
  to:close()
  return out
end

bench("made rows", (...))
local dense = dense_rows "../shared/data/pii_presidio.jsonl"
if dense then
  bench("Presidio-style rows", dense)
  os.remove(dense)
else
  print "skip: no ../shared/data/pii_presidio.jsonl"
end
