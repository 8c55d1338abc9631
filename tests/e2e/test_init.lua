--- init: a recipe for any file of rows, which then runs.
local check = require "check"
local fs = require "fs"
local init = require "cli.init"
local json = require "json"
local mapping = require "init.mapping"
local numbers = require "init.figures"

local dir = check.folder()
local DATA = "../shared/data"

local function run(...)
  local out = {}
  local status = init.run({ ... }, { write = function(t) out[#out + 1] = t end })
  return status, table.concat(out)
end

-- Runs a recipe with the program; returns its status and what it said.
local function tamis(recipe, out)
  return check.run(("%s run %s --out %s --quiet --run-id r"):format(check.tamis, check.quote(recipe),
    check.quote(out)))
end

check.test("thresholds are numbers that a person would choose", function()
  local down = { [37] = 30, [1] = 1, [9.5] = 8, [150] = 150, [19] = 15, [0] = 0, [1234] = 1000 }
  local up = { [37] = 40, [1] = 1, [9.5] = 10, [150] = 150, [151] = 200, [3.2] = 4, [1234] = 1500 }
  for v, want in pairs(down) do check.eq(numbers.down(v), want, "down " .. v) end
  for v, want in pairs(up) do check.eq(numbers.up(v), want, "up " .. v) end
  check.near(numbers.share_up(0.151), 0.2)
end)

check.test("keys are taken for fields by name, then by length, and only if they hold text", function()
  local function key(name, kind, example, share) return { name = name, kind = kind or "string",
    share = share or 1, example = example or "text" } end
  check.eq(mapping.propose { key "a", key "b", key("same", "boolean") }, { input = "a", output = "b" })
  check.eq(mapping.propose { key "id", key "question", key "answer" }, { input = "question", output = "answer" })
  check.eq(mapping.propose { key "text", key("toxic", "boolean") }, { input = "text" })
  check.eq(mapping.propose { key "lang", key("word") }, { input = "word" })
  check.eq(mapping.propose { key("x", "string", "ab"), key("y", "string", "a much longer text") }, { input = "y" })
  check.eq(mapping.propose { key("n", "number"), key("text", "string", "t", 0.5) }, nil)
end)

check.test("names and paths from data are quoted, and end no comment", function()
  local path = check.write(dir .. '/a"]]\n os.exit(1) --.jsonl',
    json.encode { input = "a b c d", output = "e f g h", ["k\nos.exit(1)"] = 1 } .. "\n")
  local status, text = run(path)
  check.eq(status, 0)
  check.ok(load(text, "=recipe", "t"))
  for line in text:gmatch "[^\n]+" do check.ok(not line:find "^%s*os%.exit", line) end
end)

check.test("a recipe bounds only the fields that the rows have, by their own percentiles", function()
  local lines = {}
  for i = 1, 101 do lines[i] = json.encode { text = ("w "):rep(i) } end   -- 1 to 101 tokens: P1 2, P99 100
  local _, text = run(check.write(dir .. "/text.jsonl", table.concat(lines, "\n") .. "\n"))
  check.contains(text, "s.length { min_output_tokens = 2, max_output_tokens = 100 },")
end)

check.test("an existing file is kept, and missing data is said", function()
  local path = check.write(dir .. "/there.lua", "x")
  local data = check.write(dir .. "/d.jsonl", '{"input":"a b c","output":"d e f"}\n')
  check.eq(run(data, "--out", path), 2)
  check.eq(check.read(path), "x")
  check.eq(run(dir .. "/none.jsonl"), 1)
  check.eq(run(), 2)
  check.eq(run(data, "--sample", "x"), 2)
  check.eq(run(check.write(dir .. "/empty.jsonl", "")), 1)
end)

local FILES = {}
for _, pattern in ipairs { "/*.jsonl", "/*.jsonl.gz", "/alpaca.json" } do
  for _, path in ipairs(fs.glob(DATA .. pattern)) do FILES[#FILES + 1] = path end
end

for _, path in ipairs(FILES) do
  local name = path:match "[^/]*$"
  check.test(name .. " gets a recipe that runs", function()
    if not pcall(require, "cli.run") then check.skip "tamis run is not built yet" end
    local recipe = dir .. "/" .. name .. ".lua"
    check.eq(run(path, "--out", recipe), 0)
    local status, _, err = tamis(recipe, dir .. "/out_" .. name)
    check.eq(status, 0, err)
    local ledger = fs.glob(dir .. "/out_" .. name .. "/*/r/lineage.json")[1]
    local lineage = check.ok(json.decode(check.read(check.ok(ledger, "no run folder"))))
    check.ok(lineage.final_count > 0)
    -- proposals are mild: their bounds are this data's own
    check.ok(lineage.final_count >= 0.3 * (lineage.final_count + lineage.rejected_count),
      ("%d of %d rows kept"):format(lineage.final_count, lineage.final_count + lineage.rejected_count))
    os.execute("rm -rf " .. check.quote(dir .. "/out_" .. name))
  end)
end

if #FILES == 0 then
  check.test("the real data gets recipes that run", function() check.skip("no " .. DATA) end)
end

check.done()
