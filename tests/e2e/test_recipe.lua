--- The recipe language: what may stand in a recipe, and what its functions see of a row.
local check = require "check"
local fs = require "fs"
local json = require "json"

local dir = check.folder()
local count = 0

local ROWS = {
  { id = 9007199254740993, input = "How do I reset it?", output = "Open Settings.\nPress Reset.", tags = { "a", "b" }, meta = { queue = "web", n = 1.5, none = json.null, empty = json.array {} } },
  { id = 2, input = "Wo ist es?", output = "Unter Einstellungen, é.", tags = json.array {}, meta = { queue = "mail" } },
  { id = 3, input = "Third", output = "Third answer", topic_hint = "x" },
}
local text = {}
for i, r in ipairs(ROWS) do text[i] = json.encode(r) end
check.write(dir .. "/rows.jsonl", table.concat(text, "\n") .. "\n")

local function write(code, name)
  return check.write(dir .. "/" .. (name or "r.lua"), "local s = require 'tamis'\n" .. code)
end

--- Runs a recipe over the rows; returns kept lines, rejections, the lineage.
local function run(code, more)
  count = count + 1
  local id = "r" .. count
  local path = write(code)
  local status, _, err = check.run(("%s run %s --out %s/out --quiet --set name=t --run-id %s %s"):format(check.tamis, check.quote(path), dir, id, more or ""))
  check.eq(status, 0, err)
  local base = dir .. "/out/t/" .. id .. "/"
  local kept, rejected = {}, {}
  for line in (fs.read(base .. "curated.jsonl") or ""):gmatch "[^\n]+" do kept[#kept + 1] = line end
  for line in (fs.read(base .. "rejected.jsonl") or ""):gmatch "[^\n]+" do rejected[#rejected + 1] = json.decode(line)._rejection end
  return kept, rejected, json.decode(fs.read(base .. "lineage.json"))
end

local function fails(status, part, code, more)
  local path = write(code)
  local got, _, err = check.run(("%s run %s --out %s/out --quiet --set name=t %s"):format(check.tamis, check.quote(path), dir, more or ""))
  check.eq(got, status, err)
  check.contains(err, part)
  return err
end

local function recipe(stages) return "return s.recipe { sources = { 'rows.jsonl' },\n" .. stages .. " }" end

local function names(lineage)
  local t = {}
  for i, st in ipairs(lineage.config.stages) do t[i] = st.name end
  return table.concat(t, " ")
end

-- ---- the list of stages ----

check.test("nested lists flatten, false is left out, and equal stages get names of their own", function()
  local _, _, lineage = run(recipe "{ s.exact_dedup {}, { false, { s.length { min_input_tokens = 0, min_output_tokens = 0 } } } }, false and s.pii {}, s.length { min_input_tokens = 0, min_output_tokens = 0 }")
  check.eq(names(lineage), "exact_dedup length length_2 export")
end)

check.test("with changes parameters and settings of a copy, and leaves the base alone", function()
  local _, _, lineage = run [[
local base = s.recipe { sources = { 'rows.jsonl' }, seed = 1, s.length { name = 'size', min_input_tokens = 0, min_output_tokens = 0 }, s.near_dedup {} }
local other = base:with { ["near_dedup.threshold"] = 0.95, ["size.max_input_tokens"] = 77, seed = 9 }
assert(base.stages[2].params.threshold == nil)
return other]]
  check.eq(lineage.config.seed, 9)
  check.eq(lineage.config.stages[2].params.threshold, 0.95)
  check.eq(lineage.config.stages[1].params.max_input_tokens, 77)
  fails(2, 'r.lua:2: with: the recipe has no stage "near_dedupp"; did you mean "near_dedup"?', "return s.recipe { s.near_dedup {} }:with { ['near_dedupp.threshold'] = 1 }")
  fails(2, "near_dedup.threshold = 2 is out of range", "local b = s.recipe { sources = { 'rows.jsonl' }, s.near_dedup {} }\nreturn b:with { ['near_dedup.threshold'] = 2 }")
end)

check.test("modules beside the recipe and files that it reads stand in the lineage, with their hashes", function()
  check.write(dir .. "/policy.lua", "local s = require 'tamis'\nreturn { s.length { min_input_tokens = 0, min_output_tokens = 0 } }")
  check.write(dir .. "/phrases.txt", "Third\n\n other \n")
  check.write(dir .. "/limits.json", '{"most": 3, "big": 9007199254740993, "none": null}')
  local _, rejected, lineage = run [[
local phrases, limits = s.read_lines 'phrases.txt', s.read_json 'limits.json'
assert(#phrases == 2 and phrases[2] == ' other ' and limits.most == 3 and limits.big == 9007199254740993 and limits.none == s.null)
return s.recipe { sources = { 'rows.jsonl' }, require 'policy', s.filter { fn = function(ex) if ex.input == phrases[1] then return 'phrase' end end } }]]
  check.eq(rejected[1].reason, "phrase")
  local kinds = {}
  for i, f in ipairs(lineage.recipe) do
    kinds[i] = f.kind
    check.eq(f.sha256, require "hash".sha256(f.text))
  end
  check.eq(kinds, { "recipe", "lines", "json", "module" })
end)

check.test("a fault in a module is said with the module's file and line", function()
  check.write(dir .. "/bad.lua", "local s = require 'tamis'\n\nreturn { s.length { min_input_token = 0 } }")
  fails(2, "bad.lua:3: unknown parameter \"min_input_token\" of length; did you mean \"min_input_tokens\"?", recipe "require 'bad'")
  check.write(dir .. "/bad.lua", "return {")
  fails(2, "bad.lua:1: unexpected symbol near <eof>", recipe "require 'bad'")
  check.write(dir .. "/ring.lua", "return require 'ring'")
  fails(2, "ring", recipe "require 'ring'")
  fails(2, "'nowhere' is not found", recipe "require 'nowhere'")
  check.write(dir .. "/policy.lua", "return {}")
  local lib = dir .. "/library"
  fs.mkdirs(lib)
  local err = fails(2, "r.lua:4: module 'polciy' is not found in ", recipe "\nrequire 'polciy'", "--lib " .. check.quote(lib))
  for _, part in ipairs { dir, lib, "did you mean 'policy'?", "--lib DIR and TAMIS_PATH" } do check.contains(err, part) end
  fails(2, "file 'phrase.txt' is not found in ", "\ns.read_lines 'phrase.txt'\n" .. recipe "")
  fails(2, "did you mean 'phrases.txt'?", "\ns.read_lines 'phrase.txt'\n" .. recipe "")
end)

check.test("presets are figures by stage, and lists of stages", function()
  local _, _, lineage = run [[
local chat = require 'tamis.presets.chat'
return s.recipe { sources = { 'rows.jsonl' }, s.length(chat.length), s.exact_dedup(s.presets.chat.exact_dedup) }]]
  check.eq(lineage.config.stages[1].params.max_input_tokens, require "presets.chat".length.max_input_tokens)
  _, _, lineage = run(recipe "s.presets.chat")
  check.eq(names(lineage), table.concat(require "presets.chat".order, " ") .. " export")
  fails(2, 'unknown preset "chatt"', recipe "s.presets.chatt")
end)

-- ---- what a function sees ----

check.test("ex gives fields, attributes, paths, annotations and raw JSON", function()
  local kept = run(recipe [[
s.map { fn = function(ex) return { topic = ex['meta.queue'] or 'none', n = ex.raw.meta and ex.raw.meta.n } end },
s.filter { fn = function(ex)
  assert(ex.input and ex.output and ex.system == nil and ex.alternative == nil and ex.nothing == nil)
  assert(ex.topic == (ex['meta.queue'] or 'none'))
  local raw = ex.raw
  if raw.id == 9007199254740993 then
    assert(ex.id == 9007199254740993 and ex['meta.n'] == 1.5 and ex.n == 1.5)
    assert(raw.meta.none == s.null and raw.meta.missing == nil and #raw.meta.empty == 0)
    assert(#raw.tags == 2 and raw.tags[2] == 'b' and ex['tags[1]'] == 'b')
    local keys = {}
    for k in pairs(raw) do keys[#keys + 1] = k end
    assert(table.concat(keys, ' ') == 'id input meta output tags')
    local list = {}
    for i, v in ipairs(raw.tags) do list[i] = v end
    assert(table.concat(list) == 'ab')
    assert(ex.output == 'Open Settings.\nPress Reset.')
  end
end }]])
  check.eq(#kept, 3)
end)

check.test("a row is read-only, and gone when its function has returned", function()
  fails(1, "r.lua:3: a row is read-only", recipe "s.filter { fn = function(ex) ex.output = 'x' end }")
  fails(1, "r.lua:3: a row is read-only", recipe "s.filter { fn = function(ex) ex.raw.input = 'x' end }")
  fails(1, "this row is gone", "local old\n" .. recipe "s.filter { serial = true, fn = function(ex) old = ex end }, s.balance { by = 'id', max = function() return #old.input end }")
end)

check.test("map says what a misspelt field is meant to be, and annotates any other name", function()
  for given, meant in pairs { outptu = "output", ouput = "output", inputs = "input", sistem = "system", alternativ = "alternative" } do
    fails(1, ('no field "%s"; did you mean "%s"?'):format(given, meant), recipe("s.map { fn = function() return { " .. given .. " = 'x' } end }"))
  end
  local kept = run(recipe "s.map { fn = function() return { put = 'x', output_words = 3, in_ = 1 } end }, s.export { include = { 'put' } }")
  check.contains(kept[1], '"put":"x"')
end)

check.test("filter keeps on nil and true, rejects on false and on a reason, with a detail", function()
  local kept, rejected = run(recipe [[s.filter { name = 'mine', fn = function(ex)
    if ex.id == 2 then return false end
    if ex.id == 3 then return 'third', 'it is ' .. ex.id end
    return true
  end }]])
  check.eq(#kept, 1)
  check.eq({ rejected[1].stage, rejected[1].reason }, { "mine", "mine" })
  check.eq({ rejected[2].stage, rejected[2].reason, rejected[2].evidence.detail }, { "mine", "third", "it is 3" })
  fails(1, "r.lua:4: the filter of filter returned a number: expected nil or true", recipe "\ns.filter { fn = function(ex) return 1 end }")
  fails(1, "an empty reason", recipe "s.filter { fn = function(ex) return '' end }")
end)

check.test("map edits a field of one string, which later stages and the export see", function()
  local kept = run(recipe [[
s.map { fn = function(ex) if ex.id == 2 then return { output = ex.output:gsub('Unter', 'In den') , shout = true } end end },
s.filter { fn = function(ex) if ex.id == 2 then assert(ex.output == 'In den Einstellungen, é.' and ex.raw.output == ex.output and ex.shout == true) end end }]])
  check.eq(kept[1], text[1])
  check.eq(kept[2], (text[2]:gsub("Unter", "In den")))
  fails(1, "alternative is returned, but the row has no such field", recipe "s.map { fn = function(ex) return { alternative = 'x' } end }")
  fails(1, "output is no text", recipe "s.map { fn = function(ex) return { output = 5 } end }")
  fails(1, "output is not UTF-8", recipe "s.map { fn = function(ex) return { output = '\\xff' } end }")
  fails(1, "is no text, number or boolean", recipe "s.map { fn = function(ex) return { tag = {} } end }")
end)

check.test("map of a field of several strings is an error", function()
  check.write(dir .. "/chat.jsonl", json.encode { messages = { { role = "user", content = "a" }, { role = "assistant", content = "b" }, { role = "user", content = "c" }, { role = "assistant", content = "d" } } } .. "\n")
  fails(1, "input is made of several strings", "return s.recipe { sources = { 'chat.jsonl' }, s.map { fn = function(ex) return { input = 'x' } end } }")
end)

check.test("a function in a table of parameters is called with what the stage gives it", function()
  local kept = run(recipe "s.balance { by = 'meta.queue', max = function(group, count) assert(count == 1) return group == 'web' and 0 or 5 end }")
  check.eq(#kept, 2)
  fails(1, "r.lua:4: oh", recipe "\ns.balance { by = 'meta.queue', max = function() error 'oh' end }")
end)

-- ---- stages of the recipe's own ----

check.test("a row stage of one's own has parameters that are checked, and says why", function()
  local own = "local shout = s.stage { name = 'shout', scope = 'row', params = { share = { type = 'number', default = 0.5, min = 0, max = 1, doc = 'x' } }, reasons = { 'loud' },\n" ..
              "row = function(ex, p) if #ex.input * p.share > 5 then return 'loud', ex.input end return { quiet = true } end }\n"
  local kept, rejected, lineage = run(own .. recipe "shout, s.filter { fn = function(ex) return ex.quiet end }")
  check.eq({ #kept, #rejected, rejected[1].stage, rejected[1].reason }, { 2, 1, "shout", "loud" })
  check.eq(lineage.config.stages[1].params.share, 0.5)
  kept = run(own .. recipe "shout { share = 1 }", "--set shout.share=0")
  check.eq(#kept, 3)
  fails(2, "shout.share = 2 is out of range", own .. recipe "shout { share = 2 }")
  fails(2, 'unknown parameter "shar"', own .. recipe "shout { shar = 1 }")
  fails(2, "needs scope", "s.stage { name = 'x', row = function() end }\n" .. recipe "")
  fails(2, 'there is a stage "length" already', "s.stage { name = 'length', scope = 'row', row = function() end }\n" .. recipe "")
  fails(2, 'unknown key "rwo" of s.stage; did you mean "row"?', "s.stage { name = 'x', scope = 'row', rwo = function() end }\n" .. recipe "")
end)

check.test("a function that writes into its parameters is impure", function()
  local own = "local x = s.stage { name = 'x', scope = 'row', params = { n = { type = 'integer', default = 0 } }, row = function(ex, p) p.n = p.n + 1 end }\n"
  fails(1, "must be pure", own .. recipe "x {}")
end)

check.test("a row stage of one's own may return a native operator", function()
  local own = "local text = require 'text'\nlocal size = s.stage { name = 'size', scope = 'row', params = { min = { type = 'integer', default = 4 } },\n" ..
              "op = function(p) return text.length { { field = 'input', min = p.min, max = 1000, metric = 'words', below = 'small', above = 'big' } } end }\n"
  local _, rejected = run(own .. recipe "size {}")
  check.eq({ #rejected, rejected[1].reason, rejected[1].evidence.threshold }, { 2, "small", 4 })
  fails(2, "op must return a row operator", "local x = s.stage { name = 'x', scope = 'row', op = function() return 5 end }\n" .. recipe "x {}")
end)

check.test("a corpus stage of one's own sees the rows that stand, and names twins", function()
  local own = [[
local last = s.stage { name = 'last', scope = 'corpus', params = { keep = { type = 'integer', default = 1 } }, reasons = { 'not_last' },
  run = function(view, p)
    local rows, out = view:standing(), {}
    assert(#view == 3)
    for i = 1, #rows - p.keep do
      out[#out + 1] = { row = rows[i], reason = 'not_last', detail = view:field(rows[i], 'input'):sub(1, 3) .. tostring(view:key(rows[i], 'meta.queue')) }
    end
    return out
  end }
]]
  local kept, rejected = run(own .. recipe "s.filter { fn = function(ex) return ex.id ~= 2 end }, last {}")
  check.eq({ #kept, #rejected }, { 1, 2 })
  check.eq({ rejected[1].reason, rejected[1].evidence.detail }, { "not_last", "Howweb" })
  local function corpus(body) return "local x = s.stage { name = 'x', scope = 'corpus', run = function(view, p) " .. body .. " end }\n" .. recipe "s.filter { fn = function(ex) return ex.id ~= 2 end }, x {}" end
  check.eq(#run(corpus "return { [1] = 'gone' }"), 1)
  check.eq(#run(corpus "return nil"), 2)
  fails(1, "row 2 was rejected before this stage", corpus "return { [2] = 'again' }")
  fails(1, "number of a row, 1 to 3", corpus "return { [9] = 'far' }")
  fails(1, "must return a table of verdicts", corpus "return 5")
  fails(1, "two verdicts", corpus "return { { row = 1, reason = 'a' }, { row = 1, reason = 'b' } }")
  fails(1, "expected system, input, output", corpus "view:field(1, 'nothing')")
  fails(1, "no row of that number", corpus "view:field(0, 'input')")
end)

check.test("a function in the parameters of one's own stage arrives as a function", function()
  local own = "local by = s.stage { name = 'by', scope = 'row', params = { f = { type = 'function', required = true } }, row = function(ex, p) return p.f(ex.input) end }\n"
  local kept = run(own .. recipe "by { f = function(text) return #text > 6 end }")
  check.eq(#kept, 2)
end)

check.test("the handle of a view is void once its stage has run", function()
  fails(1, "this view is gone", "local kept\nlocal x = s.stage { name = 'x', scope = 'corpus', run = function(view) if kept then return { [#kept] = 'x' } end kept = view return {} end }\n" .. recipe "x { name = 'one' }, x { name = 'two' }")
end)

check.test("the modules that only compute are at hand, and no others", function()
  local kept = run([[
local hash, text = require 'hash', require 'text'
assert(hash.sha256 'abc' == 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
assert(not pcall(function() hash.sha256 = nil end))
]] .. recipe "s.filter { fn = function(ex) return #hash.sha256(ex.input) == 64 end }")
  check.eq(#kept, 3)
  for _, name in ipairs { "fs", "corpus", "store", "core", "export", "host", "json", "hash_file", "runner" } do
    fails(2, "is not found", "require '" .. name .. "'\n" .. recipe "")
  end
end)

check.test("--trust lifts the limits and stands in the lineage", function()
  local _, _, lineage = run(recipe "", "--trust")
  check.eq(lineage.config.trust, true)
end)

check.test("a row may have more edits than a chunk of the log holds", function()
  local turns = {}
  for i = 1, 9000 do
    turns[i] = ('{"role":"%s","content":"write to bob%d@acme.io"}'):format(i % 2 == 1 and "user" or "assistant", i)
  end
  local function chat(n) return '{"messages":[' .. table.concat(turns, ",", 1, n) .. "]}" end
  check.write(dir .. "/long.jsonl", table.concat({ chat(2), chat(9000), chat(4), chat(4100) }, "\n") .. "\n")
  local kept = run "return s.recipe { sources = { 'long.jsonl' }, s.pii { action = 'redact', types = { 'EMAIL' } } }"
  check.eq(#kept, 4)
  for i, n in ipairs { 2, 9000, 4, 4100 } do
    check.eq(select(2, kept[i]:gsub("write to %[EMAIL%]", "")), n)
    check.eq(kept[i]:find("acme", 1, true), nil)
  end
end)

check.done()
