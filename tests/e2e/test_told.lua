--- What run, check, explain and help tell a person is true and is enough to go on.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local program = check.quote(fs.realpath(os.getenv "TAMIS" or "./tamis"))

local function q(s) return check.quote(s) end

local function file(name, text) return check.write(dir .. "/" .. name, text) end

local function tamis(fmt, ...)
  local status, out, err = check.run(("cd %s && %s "):format(q(dir), program) .. fmt:format(...))
  return status, out, err
end

local function recipe(name, body)
  return file(name, 'local s = require "tamis"\nreturn s.recipe {\n  name = "' .. name:gsub("%.lua$", "") .. '",\n' .. body .. "\n}\n")
end

local function jsonl(name, rows)
  local out = {}
  for i, row in ipairs(rows) do out[i] = json.encode(row) end
  return file(name, table.concat(out, "\n") .. "\n")
end

--- A chat of n exchanges.
local function chat(n)
  local turns = {}
  for i = 1, n do
    turns[#turns + 1] = { role = "user", content = ("question %d of %d"):format(i, n) }
    turns[#turns + 1] = { role = "assistant", content = ("answer %d of %d"):format(i, n) }
  end
  return { messages = turns }
end

check.test("rows that the export format has no place for are a row of the funnel, of the record and of the report", function()
  jsonl("chats.jsonl", { chat(1), chat(2), chat(2), chat(3) })
  recipe("pairs.lua", 'sources = { "chats.jsonl" }, s.export { format = "pairs" },')
  local status, out, err = tamis "run pairs.lua --run-id a"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +%-3 +75%.0%%", out)
  check.contains(out, '! export removed 75.0% of the 4 rows it saw: they do not fit format = "pairs"')
  local record = json.decode(fs.read(dir .. "/curated/pairs/a/lineage.json"))
  local counts = record.stats.stage_counts
  check.eq(#counts, 1)
  check.eq({ counts[1].name, counts[1].seen, counts[1].removed, counts[1].kept }, { "export", 4, 3, 1 })
  status, out, err = tamis "run pairs.lua --run-id b --json"
  check.eq(status, 0, err)
  local stages = json.decode(out).stages
  check.eq({ stages[1].name, stages[1].seen, stages[1].removed }, { "export", 4, 3 })
  status, out, err = tamis "report curated/pairs/a"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +3", out)
  status, out, err = tamis "check pairs.lua"
  check.eq(status, 0, err)
  check.ok(out:find "export +4 +%-3 +75%.0%%", out)
  status, out, err = tamis "explain curated/pairs/a chats.jsonl:2"
  check.eq(status, 0, err)
  check.contains(out, "export.format of a shape that holds it; it is pairs")
end)

check.done()
