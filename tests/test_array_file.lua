--- Vectors from files, as the source of the stage embed makes them.
local array_file = require "array_file"
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local source = require "embed.file"

local dir = check.folder()
local pool = core.pool(2)
local function file(name, text) return check.write(dir .. "/" .. name, text) end

local function npy(descr, shape, bytes)
  local header = ("{'descr': '%s', 'fortran_order': False, 'shape': %s, }"):format(descr, shape)
  header = header .. (" "):rep(64 - (10 + #header + 1) % 64) .. "\n"
  return "\x93NUMPY\1\0" .. string.pack("<I2", #header) .. header .. bytes
end

--- A ZIP archive of stored members, sorted by name.
local function zip(members)
  local crcs = { a = 0 }
  local function crc(text)                       -- CRC-32, bit by bit
    local c = 0xFFFFFFFF
    for i = 1, #text do
      c = c ~ text:byte(i)
      for _ = 1, 8 do c = c & 1 == 1 and c >> 1 ~ 0xEDB88320 or c >> 1 end
    end
    return c ~ 0xFFFFFFFF
  end
  local files, directory, at, n = {}, {}, 0, 0
  for _, m in ipairs(members) do
    local name, text = m[1], m[2]
    crcs[name] = crc(text)
    local fixed = string.pack("<I2I2I2I2I2I4I4I4I2I2", 20, 0, 0, 0, 0, crcs[name], #text, #text, #name, 0)
    files[#files + 1] = "PK\3\4" .. fixed .. name .. text
    directory[#directory + 1] = "PK\1\2\20\0" .. fixed .. string.pack("<I2I2I2I4I4", 0, 0, 0, 0, at) .. name
    at, n = at + #files[#files], n + 1
  end
  local d = table.concat(directory)
  return table.concat(files) .. d .. "PK\5\6" .. string.pack("<I2I2I2I2I4I4I2", 0, 0, n, n, #d, at, 0)
end

local function view_of(...)
  local sources = {}
  for i, text in ipairs { ... } do sources[i] = { path = file("s" .. i .. ".jsonl", text) } end
  return assert(corpus.load { sources = sources, formats = require "formats.all", pool = pool, id = "id" })
end

local ctx = { name = "embed", id = "id", pool = pool, find = function(n) return dir .. "/" .. n end,
              map = function(n) return dir .. "/" .. n end }
local function make(view, p)
  p.storage = p.storage or "f32"
  return source.make(view, p, ctx)
end

local function row(i, id) return ('{"input":"q%s","output":"a","id":%s}\n'):format(i, id) end
local view = view_of(row(1, '"a"') .. "\n" .. "broken\n" .. row(2, '"b\\u00e9"'), row(3, "17") .. row(4, "null"))
-- five rows: (3, 4), (1, 0), (0, 2), (5, 12), (-1, 0)
file("v.npy", npy("<f4", "(5, 2)", string.pack("<ffffffffff", 3, 4, 1, 0, 0, 2, 5, 12, -1, 0)))
local UNIT = { { 0.6, 0.8 }, { 1, 0 }, { 0, 1 }, { 5 / 13, 12 / 13 }, { -1, 0 } }

local function close(v, at, wanted)
  local x = check.ok(v:vector(at))
  check.near(x[1], wanted[1], 1e-7)
  check.near(x[2], wanted[2], 1e-7)
end

check.test("rows get the vectors of their lines, at length 1; a line that is no JSON keeps its place", function()
  local v = check.ok(make(view, { file = "v.npy" }))
  check.eq({ #v, v:dim(), v:name(), v:meaning(), v:kind() }, { 4, 2, "v.npy", true, "f32" })
  close(v, 1, UNIT[1])
  check.eq(v:has(2), false)
  close(v, 3, UNIT[3])
  close(v, 4, UNIT[4])
  close(v, 5, UNIT[5])
end)

check.test("half floats are stored where they are asked for", function()
  local v = check.ok(make(view, { file = "v.npy", storage = "f16" }))
  check.eq(v:kind(), "f16")
  check.near(v:vector(1)[1], 0.6, 1e-3)
end)

check.test("a file a source: each row by its place in its own source", function()
  file("1.npy", npy("<f4", "(3, 2)", string.pack("<ffffff", 3, 4, 1, 0, 0, 2)))
  file("2.npy", npy("<f2", "(2, 2)", "\0\x45\0\x4A\0\xBC\0\0"))   -- 5, 12; -1, 0
  local v = check.ok(make(view, { file = { "1.npy", "2.npy" } }))
  close(v, 3, UNIT[3])
  close(v, 4, UNIT[4])
  close(v, 5, UNIT[5])
end)

check.test("ids of every kind find their rows; rows without one have no vector", function()
  local kinds = {
    ["ids.txt"] = "17\nbé\nx\na\r\n\n",
    ["ids.jsonl"] = '{"id":17}\n"b\\u00e9"\n\n"x"\n{"id":"a","more":1}\n{"id":""}\n',
    ["ids.npy"] = npy("<U2", "(5,)", string.pack("<I4I4I4I4I4I4I4I4I4I4", 49, 55, 98, 0xE9, 120, 0, 97, 0, 0, 0)),
  }
  for name, text in pairs(kinds) do
    file(name, text)
    local v, info = make(view, { file = "v.npy", ids = name })
    check.ok(v, info)
    check.eq({ #v, info.figures.ids, info.figures.ids_of_no_row }, { 3, 5, 2 }, name)
    close(v, 1, UNIT[4])
    close(v, 3, UNIT[2])
    close(v, 4, UNIT[1])
    check.eq(v:has(5), false)
  end
end)

check.test("an archive holds vectors and their ids", function()
  local numbers = string.pack("<dddddd", 3, 4, 1, 0, 0, 2)
  file("both.npz", zip { { "names.npy", npy("|S3", "(3,)", "a\0\0x\0\0b\xC3\xA9") },
                         { "emb.npy", npy("<f8", "(3, 2)", numbers) }, { "other.npy", npy("<f8", "(3, 2)", numbers) } })
  local v, info = make(view, { file = "both.npz", array = "emb", ids = "names" })
  check.ok(v, info)
  check.eq({ #v, v:name(), info.figures.ids_of_no_row }, { 2, "both.npz:emb", 1 })
  close(v, 1, UNIT[1])
  close(v, 3, UNIT[3])
  local none, err = make(view, { file = "both.npz", ids = "names" })
  check.eq(none, nil)
  check.contains(err, 'it holds several: "names" (3,), "emb" (3, 2), "other" (3, 2); the name of one is needed')
end)

check.test("ids that are none are told with their line", function()
  for text, said in pairs {
    ['{"id":1}\n{"no":2}\n'] = 'ids.jsonl: line 2 has no text or number at "id"',
    ['1\n\n{"id": \n'] = "ids.jsonl: line 3 is no JSON",
    ["[1]\n"] = "ids.jsonl: line 1 is no text, number or object",
    ['1\n"1"\n'] = 'ids.jsonl: the id "1" stands twice, at 1 and 2',
  } do
    file("ids.jsonl", text)
    local v, err = make(view, { file = "v.npy", ids = "ids.jsonl" })
    check.eq(v, nil)
    check.contains(err, said)
  end
end)

check.test("an array of ids for more rows than there are vectors is refused before they are read", function()
  file("empty.npy", npy("|S0", "(60000000,)", ""))
  local v, err = make(view, { file = "v.npy", ids = "empty.npy" })
  check.eq(v, nil)
  check.contains(err, "empty.npy: it has 60000000 ids, and there are vectors of 5 rows")
end)

check.test("the threads do not matter", function()
  local lines, numbers = {}, {}
  for i = 1, 3000 do
    lines[i] = row(i, i)
    numbers[i] = string.pack("<ff", i, i * i % 17 - 8)
  end
  file("many.npy", npy("<f4", "(3000, 2)", table.concat(numbers)))
  local many = view_of(table.concat(lines))
  local one = core.pool(1)
  local a = check.ok(source.make(many, { file = "many.npy", storage = "f32" }, setmetatable({ pool = one }, { __index = ctx })))
  local b = check.ok(make(many, { file = "many.npy" }))
  for i = 1, 3000, 7 do check.eq(a:vector(i), b:vector(i)) end
end)

check.test("misuse raises, and says what was wrong", function()
  local f = check.ok(array_file.open(dir .. "/v.npy", ""))
  check.eq({ f:rows(), f:dim() }, { 5, 2 })
  check.raises("expected 1 to 65535 files", array_file.vectors, view, {}, { name = "x" })
  check.raises("expected a file a source", array_file.vectors, view, { f, f, f }, { name = "x" })
  f:close()
  f:close()
  check.raises("the file is closed", f.rows, f)
  check.raises("the file is closed", array_file.vectors, view, { f }, { name = "x" })
end)
check.done()
