--- Vectors from files: rows by line or by id, and what is said where they do not fit.
local check = require "check"
local fs = require "fs"
local hash = require "hash"
local json = require "json"

local dir = check.folder()
local function q(s) return check.quote(s) end
local function file(name, text) return check.write(dir .. "/" .. name, text) end
local function tamis(line)
  local status, out, err = check.run(("cd %s && %s %s"):format(q(dir), check.tamis, line))
  return status, out .. err
end

--- A .npy file of numbers, after numpy.lib.format.
local function npy(rows, descr)
  local shape = ("(%d, %d)"):format(#rows, #rows[1])
  local header = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }"):format(descr or "<f4", shape)
  header = header .. (" "):rep(64 - (10 + #header + 1) % 64) .. "\n"
  local parts = { "\x93NUMPY\1\0", string.pack("<I2", #header), header }
  for _, row in ipairs(rows) do
    for _, x in ipairs(row) do parts[#parts + 1] = string.pack(descr == "<f8" and "<d" or "<f", x) end
  end
  return table.concat(parts)
end

-- Four rows, a blank line, and one that is no JSON: five vectors.
file("a.jsonl", table.concat({
  '{"input":"red","output":"a","id":"r1"}', "", '{"input":"green","output":"b","id":"r2"}', '{"input": broken',
  '{"input":"blue","output":"c","id":3}' }, "\n") .. "\n")
file("b.jsonl", '{"input":"grey","output":"d","id":"r4"}\n')
local FIVE = { { 3, 4, 0 }, { 0, 2, 0 }, { 7, 7, 7 }, { 0, 0, -5 }, { 1, 1, 0 } }
file("v.npy", npy(FIVE))
file("a.npy", npy { FIVE[1], FIVE[2], FIVE[3], FIVE[4] })
file("b.npy", npy({ FIVE[5] }, "<f8"))

local function recipe(stage, more)
  return file("recipe.lua", ([[local s = require "tamis"
return s.recipe { name = "t", sources = { "a.jsonl", "b.jsonl" }, %s
  %s,
  s.filter { name = "look", fn = function() return true end },
}
]]):format(more or "", stage))
end

local function run(stage, more, options)
  recipe(stage, more)
  local status, said = tamis("run recipe.lua --quiet --replace --run-id r " .. (options or ""))
  local text = fs.read(dir .. "/curated/t/r/lineage.json")
  return status, said, text and json.decode(text)
end

local function figures_of(record)
  for _, s in ipairs(record.stats.stage_counts) do if s.stage == "embed" then return s.figures end end
end

check.test("row i is that of the i-th line that is not blank, over all sources, and the file is in the lineage", function()
  local status, said, record = run 's.embed { file = "v.npy" }'
  check.eq(status, 0, said)
  local f = figures_of(record)
  check.eq({ f.vectors, f.without, f.dim, f.embedding, f.sees_paraphrases }, { 4, 0, 3, "v.npy", true })
  check.eq(record.models, { { path = record.models[1].path, bytes = #npy(FIVE), sha256 = hash.sha256(npy(FIVE)),
                              stages = { "embed" } } })
  check.contains(record.models[1].path, "v.npy")
end)

check.test("a list names a file a source", function()
  local status, said, record = run 's.embed { file = { "a.npy", "b.npy" } }'
  check.eq(status, 0, said)
  check.eq({ figures_of(record).vectors, figures_of(record).embedding }, { 4, "a.npy and 1 more" })
  status, said = run 's.embed { file = { "b.npy", "a.npy" } }'
  check.eq(status, 1)
  check.contains(said, "recipe.lua:3: embed: b.npy has 1 row, and ")
  check.contains(said, "a.jsonl has 4 rows, rejected ones included")
end)

check.test("a wrong number of rows is told before anything is made, with what it may come from", function()
  local function said_of(n, stage)
    local rows = {}
    for i = 1, n do rows[i] = { i, 1 } end
    file("w.npy", npy(rows))
    local status, said = run(stage or 's.embed { file = "w.npy" }')
    check.eq(status, 1, said)
    return said
  end
  check.contains(said_of(3), "embed: w.npy has 3 rows, and 5 rows were read, rejected ones included; ids match")
  check.contains(said_of(4), "w.npy has 4 rows, and 5 rows were read, rejected ones included; as many still stand")
  check.contains(said_of(1), "b.jsonl has as many: file = { … } names one a source")
  check.contains(said_of(6), "as many as lines with the blank ones, which count for nothing here")
  check.contains(said_of(5, 's.embed { file = { "w.npy", "w.npy", "w.npy" } }'),
                 "file names 3 files, and there are 2 sources: one a source, in their order")
end)

check.test("with a limit the first rows of the array are taken", function()
  local status, said, record = run('s.embed { file = "v.npy" }', nil, "--limit 2")
  check.eq(status, 0, said)
  check.eq(figures_of(record).vectors, 2)
  status, said = run('s.embed { file = { "a.npy", "b.npy" } }', nil, "--limit 2")
  check.eq(status, 0, said)
end)

check.test("rows are matched by id, of the recipe or of a path", function()
  file("ids.txt", "r4\nr2\nnobody\nr1\n3\n")
  local status, said, record = run('s.embed { file = "v.npy", ids = "ids.txt" }', 'id = "id",')
  check.eq(status, 0, said)
  check.eq({ figures_of(record).vectors, figures_of(record).ids_of_no_row }, { 4, 1 })
  check.contains(table.concat(record.notes, "\n"), "embed: 1 vector of v.npy with an id that no row has")
  check.eq(#record.models, 2)
  status, said = run 's.embed { file = "v.npy", ids = "ids.txt" }'
  check.eq(status, 2)
  check.contains(said, 'embed: ids: where a row has its id is not said; give id = "a.path" here, or in the recipe')
  file("ids.txt", "r4\nr2\n")
  status, said = run 's.embed { file = "v.npy", ids = "ids.txt", id = "id" }'
  check.eq(status, 1)
  check.contains(said, "embed: ids.txt has 2 ids, and v.npy has 5 rows")
  file("ids.txt", "r4\nr2\nr1\nr2\nr3\n")
  status, said = run 's.embed { file = "v.npy", ids = "ids.txt", id = "id" }'
  check.eq(status, 1)
  check.contains(said, 'ids.txt: the id "r2" stands twice, at 2 and 4')
end)

check.test("what is wrong with a file is known before a row is read, with the recipe's line", function()
  local cases = {
    { 's.embed { file = "none.npy" }', "recipe.lua:3: embed: cannot find " },
    { 's.embed { file = "a.jsonl" }', "a.jsonl: no .npy, .npz or safetensors file, by its first bytes" },
    { 's.embed { file = "v.npy", array = "x" }', 'v.npy: a .npy file holds one array without a name, not "x"' },
    { 's.embed { file = "cut.npy" }', "cut.npy: the file is cut short: shape (5, 3) of '<f4' takes 60 bytes, and 57" },
    { 's.embed { file = { "v.npy", "two.npy" } }', "two.npy has 2 numbers a row, v.npy has 3" },
    { 's.embed { file = "v.npy", ids = "none.txt", id = "id" }', "cannot find " },
  }
  file("cut.npy", npy(FIVE):sub(1, -4))
  file("two.npy", npy { { 1, 2 } })
  for _, c in ipairs(cases) do
    local status, said = run(c[1])
    check.eq(status, 2, said)
    check.contains(said, c[2])
  end
  local wrong = {
    { 's.embed { file = {} }', "file is an empty list" },
    { 's.embed { file = { "v.npy", "v.npy" }, ids = "ids.txt" }', "ids go with one file, not with a list of them" },
    { 's.embed { file = "v.npy", id = "id" }', "there are no ids" },
    { 's.embed { model = "lexical", ids = "ids.txt" }', "ids goes with vectors of a file" },
    { 's.embed { file = "v.npy", model = "lexical" }', "it has both file and model: one of them" },
  }
  for _, c in ipairs(wrong) do
    local status, said = run(c[1])
    check.eq(status, 2, said)
    check.contains(said, c[2])
  end
end)

check.test("NaN, infinity and zeros are rows without a vector, kept or rejected by name", function()
  file("bad.npy", npy { { 1, 0 / 0 }, { 0, 0 }, { 1, 1 }, { 1, math.huge }, { 2, 1 } })
  local status, said, record = run 's.embed { file = "bad.npy" }'
  check.eq(status, 0, said)
  check.eq({ figures_of(record).vectors, figures_of(record).without }, { 1, 3 })
  check.contains(table.concat(record.notes, "\n"),
    "1 row whose vector is all zero, 2 rows whose vector holds NaN or infinity")
  status, said, record = run 's.embed { file = "bad.npy", without = "reject" }'
  check.eq(status, 0, said)
  local reasons = {}
  for _, r in ipairs(record.stats.top_rejection_reasons) do reasons[r.reason] = r.count end
  check.eq({ reasons.bad_vector, reasons.no_vector }, { 2, 1 })
  status = run 's.embed { file = "bad.npy", without = "fail" }'
  check.eq(status, 1)
end)
check.done()
