--- The gate before export: no copy of a gold row is written, whatever was skipped or edited.
local check = require "check"
local fs = require "fs"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end

local function pair(input, output) return ('{"input":"%s","output":"%s"}\n'):format(input, output) end

local GOLD = pair("Which river runs through the city of Basel on its way north?", "The Rhine.")
file("gold.jsonl", pair("A question of its own, asked by nobody else so far", "none") .. GOLD)
file("raw.jsonl", pair("How do I reset my password, please?", "Click Reset.") ..
                  pair("which river runs through the city of  Basel on its way north?", "The rhine.") ..
                  pair("Another question about another matter", "Another answer"))
file("clean.jsonl", pair("How do I reset my password, please?", "Click Reset."))

local function recipe(body, source)
  return file("recipe.lua", ('local s = require "tamis"\nreturn s.recipe {\n  name = "t",\n  sources = { "%s" },\n' ..
                             '  gold = { "gold.jsonl" },\n%s\n}\n'):format(source or "raw.jsonl", body))
end

local out, turn = dir .. "/out", 0
local function run(path, more)
  turn = turn + 1
  local status, stdout, err = check.run(("%s run %s --out %s --run-id r%d %s"):format(check.tamis, q(path), q(out), turn, more or ""))
  return status, stdout .. err, ("%s/t/r%d/"):format(out, turn)
end

check.test("a run that skips decontaminate refuses to write a gold row, and names both", function()
  local path = recipe "  s.length {},"
  check.eq((run(path)), 0)
  for _, more in ipairs { "--skip decontaminate --skip length", "--until load" } do
    local status, said, folder = run(path, more)
    check.eq(status, 1)
    check.contains(said, "raw.jsonl:2 would be written, but its input with its output is that of the gold row ")
    check.contains(said, "gold.jsonl:2; let decontaminate run, or say export { allow_gold = true }")
    check.ok(not said:find("stack traceback", 1, true))
    check.ok(not fs.exists(folder))
  end
end)

check.test("export { allow_gold = true } writes it all the same", function()
  local status, said, folder = run(recipe "  s.export { allow_gold = true }", "--skip decontaminate")
  check.eq(status, 0, said)
  check.contains(fs.read(folder .. "curated.jsonl"), "Basel")
  status = run(recipe "", "--skip decontaminate --set export.allow_gold=true")
  check.eq(status, 0)
end)

check.test("where no row is a copy a run may skip decontaminate, and is told what that leaves", function()
  local status, said = run(recipe("", "clean.jsonl"), "--skip decontaminate")
  check.eq(status, 0, said)
  check.contains(said, "no kept row is a copy of a gold row")
end)

check.test("an edit that makes a row a gold row is caught", function()
  local path = recipe([[  s.map { name = "m", fn = function(ex)
    return { input = "Which river runs through the city of Basel on its way north?" } end },]], "clean.jsonl")
  local status, said = run(path)
  check.eq(status, 1)
  check.contains(said, "clean.jsonl:1 would be written, but its input is that of the gold row")
  check.contains(said, "an edit behind decontaminate made it so")
end)

check.test("explain words a row in which a gold input stands", function()
  file("long.jsonl", pair("Read this: on a summer day the train left Bern. Which river runs through the city of Basel " ..
    "on its way north? Nobody on the train knew, and so they asked the guard, who did not know it either.", "Well."))
  local status, _, folder = run(recipe("  s.export {}", "long.jsonl"))
  check.eq(status, 0)
  check.contains(fs.read(folder .. "rejected.jsonl"), '"reason":"gold_contained"')
  local code, said = check.run(("%s explain %s long.jsonl:1"):format(check.tamis, q(folder:sub(1, -2))))
  check.eq(code, 0, said)
  check.contains(said, "overlap 1 with ")
  check.contains(said, "gold.jsonl:2")
end)

check.done()
