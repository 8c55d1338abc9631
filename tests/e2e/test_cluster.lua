--- near_dedup's components, end to end: what a run says of them, and what explain says of a row.
local check = require "check"

local dir = check.folder()
local function q(s) return check.quote(s) end

-- A chain: the first shares four fifths of its shingles with the second, that with the third, the ends less.
local text = "every morning the keeper of the light climbs the stair, winds the clock and writes down the weather "
local function changed(n)
  local tail = {}
  for i = 1, n do tail[i] = string.char(65 + i % 26) .. i end
  return (text .. table.concat(tail, "-"))
end
local lines = {}
for i, n in ipairs { 0, 5, 10, 15 } do lines[i] = ('{"input":"%s","output":"y"}'):format(changed(n)) end
check.write(dir .. "/raw.jsonl", table.concat(lines, "\n") .. "\n")
check.write(dir .. "/chain.lua", [[
local s = require "tamis"
return s.recipe {
  name = "chain", sources = { "raw.jsonl" },
  s.near_dedup { threshold = 0.75, cluster = "components", max_cluster = 2, evidence_floor = 0.5 },
}
]])

check.test("a run notes large clusters and rows that are no match of the row they name", function()
  local status, out = check.run(("%s run %s --out %s 2>&1"):format(check.tamis, q(dir .. "/chain.lua"), q(dir .. "/out")))
  check.eq(status, 0)
  out = out:gsub("%s+", " ")
  check.contains(out, "1 cluster of more than 2 rows; the largest, of 4, keeps")
  check.contains(out, "components reach further than the threshold")
end)

check.test("explain names the neighbour through which a row is connected, and what cuts that link", function()
  local status, out = check.run(("%s explain %s raw.jsonl:4 2>&1"):format(check.tamis, q(dir .. "/out/chain/latest")))
  check.eq(status, 0)
  out = out:gsub("%s+", " ")
  check.contains(out, "connected through raw.jsonl:3, Jaccard 0.")
  check.contains(out, "at or above 0.75 is a match")
  check.contains(out, "cuts its link to raw.jsonl:3; another may hold it, or near_dedup.cluster = leader")
end)

check.done()
