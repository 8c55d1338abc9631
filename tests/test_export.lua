--- test_export: views, exports and ledgers as the trusted scripts use them, on rows of a few formats.

local check  = require "check"
local core   = require "core"
local corpus = require "corpus"
local export = require "export"
local fs     = require "fs"
local ledger = require "ledger"
local store  = require "store"
local text   = require "text"
local verdicts = require "verdicts"

local dir = os.tmpname()
os.remove(dir)
assert(fs.mkdirs(dir, 448))
local pool = core.pool(3)

local function put(name, bytes)
  local path = dir .. "/" .. name
  local f <close> = assert(io.open(path, "wb"))
  f:write(bytes)
  return path
end

local function get(path)
  local f <close> = assert(io.open(path, "rb"))
  return f:read "a"
end

local n = 0
local function load_rows(bytes, source)
  n = n + 1
  source = source or {}
  source.path = put("rows" .. n .. ".jsonl", bytes)
  return check.ok(corpus.load { sources = { source }, formats = require "formats.all", pool = pool, id = source.id })
end

local function curated(view, opts)
  opts.dir, opts.pool, opts.own = dir, pool, require "formats.own"
  local out, err = export.write(view, opts)
  return out and get(dir .. "/curated.jsonl"), out or err
end

local CHAT = [[{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi \u00e9"}, {"role": "assistant", "content": "Hello", "weight": 0}, {"role": "user", "content": "Bye"}, {"role": "assistant", "content": "Bye."}], "id": 7}
]]

check.test("a format is written from the texts, escapes and unknown keys kept", function()
  local pairs_ = load_rows '{"input": "a\\u00e9", "output": "b", "n": 1.50}\n'
  check.eq((curated(pairs_, { format = "pairs" })), '{"input": "a\\u00e9", "output": "b", "n": 1.50}\n')
  for format, wanted in pairs {
    messages          = '{"messages":[{"role":"user","content":"a\\u00e9"},{"role":"assistant","content":"b"}], "n": 1.50}\n',
    sharegpt          = '{"conversations":[{"from":"human","value":"a\\u00e9"},{"from":"gpt","value":"b"}], "n": 1.50}\n',
    alpaca            = '{"instruction":"a\\u00e9","input":"","output":"b", "n": 1.50}\n',
    prompt_completion = '{"prompt":"a\\u00e9","completion":"b", "n": 1.50}\n',
  } do
    check.eq((curated(pairs_, { format = format })), wanted, format)
    check.eq((curated(pairs_, { format = format, extra = "drop" })), (wanted:gsub(', "n": 1.50', "")), format)
  end
  check.eq((curated(pairs_, { extra = "drop" })), '{"input": "a\\u00e9", "output": "b"}\n')
end)

check.test("a chat keeps all turns where the format has turns", function()
  local chat = load_rows(CHAT)
  check.eq((curated(chat, { format = "sharegpt", extra = "drop" })),
    '{"conversations":[{"from":"system","value":"Be brief."},{"from":"human","value":"Hi \\u00e9"},' ..
    '{"from":"gpt","value":"Hello"},{"from":"human","value":"Bye"},{"from":"gpt","value":"Bye."}]}\n')
  check.contains((curated(chat, { format = "sharegpt" })), '{"from":"gpt","value":"Hello","weight": 0}')
  check.eq((curated(chat, { format = "alpaca", extra = "drop" })),
    '{"system":"Be brief.","instruction":"Bye","input":"","output":"Bye.","history":[["Hi \\u00e9","Hello"]]}\n')
  check.contains((curated(chat, { format = "prompt_completion", extra = "drop" })),
    '{"prompt":[{"role":"system","content":"Be brief."},')
  local view = load_rows '{"instruction": "Add.", "input": "1 and 2", "output": "3", "history": [["a", "b"]]}\n'
  check.eq((curated(view, { format = "messages" })),
    '{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},' ..
    '{"role":"user","content":"Add.\\n1 and 2"},{"role":"assistant","content":"3"}]}\n')
end)

check.test("what a format has no place for is named, and nothing is written", function()
  local chat = load_rows(CHAT)
  local bytes, err = curated(chat, { format = "pairs" })
  check.eq(bytes, nil)
  check.contains(err, ":1 cannot be written as pairs: the chat has more than one exchange")
  local view = check.ok(chat:apply("export", check.ok(export.check(chat, { format = "pairs", pool = pool }))))
  local row = view:row(1)
  check.eq({ row.stage, row.reason, row.evidence }, { "export", "not_convertible", { detail = "the chat has more than one exchange" } })
  check.eq((curated(view, { format = "pairs" })), "")
  local tools = load_rows('{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":null,"tool_calls":[{"function":{"arguments":"{}"}}]},' ..
    '{"role":"tool","content":"4","tool_call_id":"a"},{"role":"assistant","content":"four"}]}\n')
  check.contains(select(2, curated(tools, { format = "sharegpt" })), "the chat calls tools")
end)

check.test("a row whose metadata cannot take the included annotations is refused alone", function()
  local view = load_rows('{"input":"a","output":"b","metadata":"x"}\n{"input":"c","output":"d","metadata":null}\n'
    .. '{"input":"e","output":"f"}\n')
  local o = { include = { "tag" }, pool = pool }
  local child = check.ok(view:apply("export", check.ok(export.check(view, o))))
  local row = child:row(1)
  check.eq({ row.reason, row.evidence },
           { "not_convertible", { detail = 'its "metadata" is no object, so annotations cannot go there' } })
  check.eq((curated(child, { include = { "tag" } })),
    '{"input":"c","output":"d","metadata":{"tag":null}}\n{"input":"e","output":"f","metadata":{"tag":null}}\n')
  check.eq(#check.ok(view:apply("export", check.ok(export.check(view, { include = { "tag" }, extra = "drop", pool = pool }))))
           :standing_rows(), 3)
end)

check.test("a system prompt goes where there is none", function()
  local S = "Be kind."
  check.eq((curated(load_rows '{"input": "a", "output": "b"}\n', { system = S })), '{"input": "a", "output": "b","system":"Be kind."}\n')
  check.eq((curated(load_rows '{"system": "", "input": "a", "output": "b"}\n', { system = S })), '{ "input": "a", "output": "b","system":"Be kind."}\n')
  check.eq((curated(load_rows '{"messages": [ {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n', { system = S })),
    '{"messages": [{"role":"system","content":"Be kind."}, {"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}]}\n')
  check.eq((curated(load_rows(CHAT), { system = S })), CHAT)
  check.contains((curated(load_rows '{"input": "a", "output": "b"}\n', { system = S, format = "messages" })),
    '[{"role":"system","content":"Be kind."},{"role":"user","content":"a"}')
end)

check.test("annotations, attributes and metrics go under metadata", function()
  local view = load_rows('{"input": "one two", "output": "b", "metadata": {"q": [1]}}\n{"input": "one", "output": "b"}\n',
    { kind = "expert", attributes = { team = "red" } })
  local op = check.ok(text.length { { field = "input", min = 1, max = 9, below = "short", above = "long", metric = "input_tokens" } })
  view = check.ok(view:run_group { ops = { op }, stages = { "length" }, pool = pool })
  view = check.ok(view:annotate("topic", { [2] = "x\"y" }))
  local metric = view:metric_names()[1]
  check.eq((curated(view, { include = { "topic", "team", metric } })),
    ('{"input": "one two", "output": "b", "metadata": {"q": [1],"topic":null,"team":"red","%s":2.0}}\n' ..
     '{"input": "one", "output": "b","metadata":{"topic":"x\\"y","team":"red","%s":1.0}}\n'):format(metric, metric))
end)

check.test("splits depend on the group or the question, and on nothing else", function()
  local rows = {}
  for i = 1, 400 do
    rows[i] = ('{"input": "%s %d", "output": "%d", "user": "u%d"}'):format(i % 2 == 0 and "question" or "  QUESTION ", i // 2, i, i % 50)
  end
  local view = load_rows(table.concat(rows, "\n"))
  local function places(v, group)
    local out = check.ok(export.write(v, { dir = dir, pool = pool, seed = 5, group = group, splits = { { "train", 0.8 }, { "valid", 0.2 } } }))
    local where = {}
    for _, o in ipairs { out[1], out[2] } do
      for line in get(o.path):gmatch "[^\n]+" do where[line] = o.name end
    end
    check.eq(out[1].rows + out[2].rows, #v)
    return where, out
  end
  local where, out = places(view)
  for i = 2, 399, 2 do check.eq(where[rows[i]], where[rows[i + 1]]) end        -- one question, two spellings
  check.ok(out[1].rows > 260 and out[1].rows < 370)                            -- 400 * 0.8, give or take 5 sigma
  local fewer = load_rows(table.concat(rows, "\n", 101, 200))
  for line, name in pairs((places(fewer))) do check.eq(where[line], name) end   -- new rows move no others
  local user, of = places(view, "user"), {}
  for i, line in ipairs(rows) do
    of[i % 50] = of[i % 50] or user[line]
    check.eq(user[line], of[i % 50])
  end
end)

check.test("a fingerprint is the SHA-256 of all files written, one after another", function()
  local view = load_rows '{"input": "a", "output": "b"}\n{"input": "c", "output": "d"}\nbad\n'
  local hash = require "hash"
  local out = check.ok(export.write(view, { dir = dir, splits = { { "x", 0.5 }, { "y", 0.5 } } }))
  check.eq(out.fingerprint, hash.sha256(get(dir .. "/x.jsonl") .. get(dir .. "/y.jsonl") .. get(dir .. "/rejected.jsonl")))
  check.eq(#out, 3)
  check.eq(out[3].sha256, hash.sha256(get(dir .. "/rejected.jsonl")))
  check.eq({ out[3].name, out[3].rows, out[3].kept }, { "rejected.jsonl", 1, false })
end)

check.test("rejected rows can be left out, or named only", function()
  local view = load_rows '{"input": "secret", "output": "b"}\nsecret\n'
  local list = verdicts.new({ "odd" }, "input")
  list:add(1, "odd", { detail = "why" })
  view = check.ok(view:apply("mine", list))
  check.ok(export.write(view, { dir = dir, rejected = "refs" }))
  local bytes = get(dir .. "/rejected.jsonl")
  check.eq(bytes:find "secret", nil)
  check.contains(bytes, '{"_rejection":{"stage":"mine","reason":"odd","evidence":{"detail":"why"},"also":[],"source":"')
  os.remove(dir .. "/rejected.jsonl")
  local out = check.ok(export.write(view, { dir = dir, rejected = false }))
  check.eq(#out, 1)
  check.eq(fs.exists(dir .. "/rejected.jsonl"), false)
end)

check.test("a stage in Lua gives verdicts, each checked", function()
  local view = load_rows '{"input": "a", "output": "b"}\n{"input": "c", "output": "d"}\n{"input": "e", "output": "f"}\n'
  local list = verdicts.new({ "old", "copy" }, "input")
  list:add(3, "copy", { twin = 1, value = 0.5 })
  list:add(2, "old", { value = 2019, threshold = 2020.5 })
  check.eq(#list, 2)
  check.raises("row 2 has a verdict already", list.add, list, 2, "old")
  check.raises("not one of the list's reasons", list.add, list, 1, "young")
  check.raises("cannot be its own twin", list.add, list, 1, "copy", { twin = 1 })
  check.raises("expected the number of a row", list.add, list, 0, "old")
  check.raises("expected 1 to 63 reasons", verdicts.new, {})
  local w = check.ok(view:apply("mine", list))
  check.eq({ w:counts() }, { 1, 2, 0 })
  check.eq(w:row(2).evidence_json, '{"field":"input","value":2019,"threshold":2020.5}')
  check.eq(w:row(3).evidence.twin.line, 1)
  check.eq({ view:counts() }, { 3, 0, 0 })
  list:add(4, "old")
  local none, err = view:apply("mine", list)
  check.eq(none, nil)
  check.contains(err, "beyond the last, 3")
end)

check.test("a view answers what stands where", function()
  local view = load_rows('{"ticket": "T1", "input": "Reset my Password", "output": "b", "meta": {"q": 1}}\n{"ticket": 22, "input": "c", "output": "d\\u0041"}\n\nbad one\n', { id = "ticket" })
  check.eq(#view, 3)
  check.eq({ view:counts() }, { 2, 1, 0 })
  check.eq(view:field(2, "output"), "dA")
  check.eq(view:field(1, "system"), nil)
  check.eq(view:key(1, "meta.q"), 1)
  check.eq((view:find { id = "T1" }), { 1 })
  check.eq((view:find { id = "22", pool = pool }), { 2 })
  check.eq((view:find { text = "reset my password" }), { 1 })
  check.eq((view:find { text = "bad" }), { 3 })
  check.eq((view:find { source = view:sources()[1].path, line = 4 }), { 3 })
  check.eq((view:find { source = view:sources()[1].path, line = 3 }), {})
  check.eq(view:sources()[1].blank, 1)
  check.eq(view:strings(1)[1], { path = "input", field = "input", text = "Reset my Password", turn = 0 })
  check.eq(view:reasons(), { { stage = "load", reason = "malformed", count = 1, example = 3 } })
  check.eq(view:group_counts "meta.q", { [1] = 1, unknown = 1 })
  check.eq(view:group_counts("meta.q", "all"), { [1] = 1, unknown = 2 })
  check.eq(view:standing_rows(), { 1, 2 })
  check.eq(#view:row(1).identity, 32)
  check.raises("no row 4", view.row, view, 4)
  check.raises("expected system, input", view.field, view, 1, "colour")
  view:close()
  view:close()
  check.raises("view is closed", view.counts, view)
  check.eq(tostring(view), "view (closed)")
end)

check.test("an edit reaches fields, files and the child only", function()
  local view = load_rows '{"input": "a@b.org", "output": "mail c@d.org", "x": "e@f.org"}\n'
  local pii = require "stages.pii"
  local op = check.ok(pii.op { action = "redact", extra = {}, annotation = "pii" })
  local w = check.ok(view:run_group { ops = { op }, stages = { "pii" }, pool = pool })
  check.eq(w:field(1, "output"):find "@", nil)
  check.eq(view:field(1, "output"), "mail c@d.org")
  check.eq((curated(w, {})):find "@", nil)
  check.eq((curated(w, { format = "messages" })):find "@", nil)
  check.eq(#w:edits(1), 3)
end)

check.test("the ledger tells of every row", function()
  local view = load_rows('{"id": "A", "input": "one two three", "output": "b"}\n{"id": "B", "input": "one", "output": "b"}\nbad\n',
    { id = "id", kind = "log", attributes = { team = "red" } })
  local op = check.ok(text.length { { field = "input", min = 2, max = 9, below = "short", above = "long", metric = "input_tokens" } })
  view = check.ok(view:run_group { ops = { op }, stages = { "length" } })
  view = check.ok(view:annotate("Topic", { "x", true }))
  view = check.ok(view:annotate("topic", { 1.5 }))
  local list = verdicts.new({ "none" })
  list:pair(3, 1, 0.75)
  view = check.ok(view:apply("near_dedup", list))
  local out = check.ok(export.write(view, { dir = dir }))
  local path = dir .. "/ledger.db"
  check.ok(ledger.write(view, path, { outputs = out.places, meta = { run_id = "r1" },
    stages = { { stage = "length", name = "len", params = '{"min":2}', seen = 2, removed = 1, seconds = 0.25 } } }))
  local db <close> = check.ok(store.open(path, { readonly = true }))
  local function all(sql)
    local rows = {}
    for row in db:rows(sql) do rows[#rows + 1] = row end
    return rows
  end
  local rows = all "SELECT * FROM rows"
  for i, row in ipairs(rows) do
    check.eq(row.identity:gsub(".", function(c) return ("%02x"):format(c:byte()) end), view:row(i).identity)
    row.identity = nil
  end
  local metric = view:metric_names()[1]
  check.eq(rows[1], { row = 1, source = 1, line = 1, id = "A", status = 0, output = 1, output_line = 1, [metric] = 3.0, ["@Topic"] = "x", ["@topic#2"] = 1.5 })
  check.eq(rows[2], { row = 2, source = 1, line = 2, id = "B", status = 1, stage = "length", reason = "short",
    evidence = '{"field":"input","value":1,"threshold":2}', output = 2, output_line = 1, [metric] = 1.0, ["@Topic"] = 1 })
  check.eq(rows[3], { row = 3, source = 1, line = 3, status = 1, stage = "load", reason = "malformed", evidence = '{"offset":0}', output = 2, output_line = 2 })
  check.eq(all "SELECT * FROM pairs", { { stage = "near_dedup", a = 1, b = 3, value = 0.75 } })
  check.eq(all "SELECT * FROM stages", { { position = 1, stage = "length", name = "len", params = '{"min":2}', seen = 2, removed = 1, seconds = 0.25,
    edited = 0 } })
  check.eq(all "SELECT * FROM meta", { { key = "run_id", value = "r1" } })
  check.eq(all("SELECT kind, attributes, trusted, rows, blank FROM sources")[1], { kind = "log", attributes = '{"team":"red"}', trusted = 0, rows = 3, blank = 0 })
  check.eq(all("SELECT output_name FROM rows_named WHERE row = 3")[1].output_name, "rejected.jsonl")
  local none, err = ledger.write(view, dir .. "/no/such/ledger.db", {})
  check.eq(none, nil)
  check.contains(err, "/no/such/ledger.db")
end)

check.test("misuse of an export raises, and says what was wrong", function()
  local view = load_rows '{"input": "a", "output": "b"}\n'
  check.raises("unknown format", export.write, view, { format = "parquet" })
  check.raises("cannot be the name of a file", export.write, view, { splits = { { "../x", 1 } } })
  check.raises("cannot be the name of a file", export.write, view, { splits = { { "rejected", 1 } } })
  check.raises("the shares add up to", export.write, view, { splits = { { "a", 0.5 }, { "b", 0.4 } } })
  check.raises("two are called a", export.write, view, { splits = { { "a", 0.5 }, { "a", 0.5 } } })
  check.raises("extra: expected", export.write, view, { extra = "some" })
  local none, err = export.write(view, { dir = dir .. "/missing" })
  check.eq(none, nil)
  check.contains(err, "/missing/curated.jsonl")
end)

fs.remove_tree(dir)
check.done()
