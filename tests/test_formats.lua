--- The known formats, as scripts/formats describes them, and loading from Lua.
-- luacheck: no max line length
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local formats = require "formats.all"

local dir = os.tmpname()
os.remove(dir)
os.execute("mkdir -p '" .. dir .. "'")
local data = "../shared/data/"

local function write(name, text)
  local path = dir .. "/" .. name
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
  return path
end

local function exists(path)
  local f = io.open(path, "rb")
  return f and f:close()
end

local function load_one(path, more)
  local source = { path = path }
  for k, v in pairs(more or {}) do source[k] = v end
  return corpus.load { sources = { source }, formats = formats, spool_dir = dir }
end

-- A row, the format that auto finds, and its fields.
local rows = {
  { "pairs", [=[{"input":"i","output":"o","topic":"t"}]=], { input = "i", output = "o" } },
  { "pairs", [=[{"system":"s","input":"i","output":"o"}]=], { system = "s", input = "i", output = "o" } },
  { "alpaca", [=[{"instruction":"n","input":"i","output":"o"}]=], { input = "n\ni", output = "o" } },
  { "alpaca", [=[{"output":"o","input":"","instruction":"n","system":"s"}]=], { system = "s", input = "n\n", output = "o" } },
  { "alpaca", [=[{"instruction":"n","response":"o","history":[["u","r"]]}]=], { input = "u\nr\nn", output = "o", assistant = "r\no" } },
  { "prompt_completion", [=[{"prompt":"p","completion":" c"}]=], { input = "p", output = " c" } },
  { "prompt_completion", [=[{"prompt":"p","response":"c"}]=], { input = "p", output = "c" } },
  { "prompt_completion", [=[{"question":"p","answer":"c","system_prompt":"s"}]=], { system = "s", input = "p", output = "c" } },
  { "prompt_completion", [=[{"query":"p","response":"c","history":[["a","b"]]}]=], { input = "a\nb\np", output = "c" } },
  { "prompt_completion", [=[{"prompt":[{"role":"user","content":"p"}],"completion":[{"role":"assistant","content":"c"}],"label":true}]=], { input = "p", output = "c" } },
  { "messages", [=[{"messages":[{"role":"system","content":"s"},{"role":"user","content":"u"},{"role":"assistant","content":"a"},{"role":"user","content":"v"},{"role":"assistant","content":"b"}],"tools":[]}]=],
    { system = "s", input = "u\na\nv", output = "b", assistant = "a\nb" } },
  { "messages", [=[{"messages":[{"role":"user","content":[{"type":"text","text":"u"}]},{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"t"},{"role":"assistant","content":"b"}]}]=],
    { input = "u\nt", output = "b", assistant = "b" } },
  { "sharegpt", [=[{"conversations":[{"from":"human","value":"u"},{"from":"gpt","value":"a"}],"system":"s"}]=], { system = "s", input = "u", output = "a" } },
  { "sharegpt", [=[{"conversations":[{"from":"human","value":"u"},{"from":"function_call","value":"{}"},{"from":"observation","value":"w"},{"from":"gpt","value":"a"}]}]=], { input = "u\nw", output = "a" } },
  { "sharegpt", [=[{"conversations":[{"role":"user","content":"u"},{"role":"assistant","content":"a"}]}]=], { input = "u", output = "a" } },
  { "preference", [=[{"prompt":"p","chosen":"c","rejected":"r"}]=], { input = "p", output = "c", alternative = "r" } },
  { "preference", [=[{"chosen":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}],"rejected":[{"role":"user","content":"p"},{"role":"assistant","content":"r"}]}]=], { input = "p", output = "c", alternative = "r" } },
  { "preference", [=[{"prompt":"p","chosen":"c","rejected":"r","messages":[{"role":"user","content":"p"},{"role":"assistant","content":"c"}]}]=], { input = "p", output = "c", alternative = "r" } },
  { "preference", [=[{"conversations":[{"from":"human","value":"p"}],"chosen":{"from":"gpt","value":"c"},"rejected":{"from":"gpt","value":"r"}}]=], { input = "p", output = "c", alternative = "r" } },
  { "preference", [=[{"input":{"messages":[{"role":"user","content":"p"}]},"preferred_output":[{"role":"assistant","content":"c"}],"non_preferred_output":[{"role":"assistant","content":"r"}]}]=], { input = "p", output = "c", alternative = "r" } },
  { "text", [=[{"text":"t","label":1}]=], { output = "t" } },
}

check.test("auto finds the format of each kind of row, and its fields", function()
  for i, case in ipairs(rows) do
    local view = check.ok(load_one(write("row" .. i .. ".jsonl", case[2] .. "\n")))
    check.eq(view:sources()[1].format, case[1], case[2])
    for _, field in ipairs { "system", "input", "output", "alternative" } do
      check.eq(view:field(1, field), case[3][field], field .. " of " .. case[2])
    end
    if case[3].assistant then check.eq(view:field(1, "assistant"), case[3].assistant, case[2]) end
  end
end)

check.test("every format has a name of its own and a sentence of doc", function()
  local seen = {}
  for _, f in ipairs(formats) do
    check.ok(type(f.name) == "string" and type(f.doc) == "string" and not seen[f.name])
    seen[f.name] = true
  end
end)

check.test("a mapping names the keys of one's own rows", function()
  local path = write("own.jsonl", '{"q":{"text":"a"},"hint":"b","reply":"c"}\n')
  local view = check.ok(load_one(path, { format = { fields = { input = { "q.text", "hint" }, output = "reply" } } }))
  check.eq(view:field(1, "input"), "a\nb")
  check.eq(view:field(1, "output"), "c")
  check.eq(view:sources()[1].format, "fields")
end)

check.test("a source has its attributes", function()
  local path = write("attr.jsonl", '{"input":"a","output":"b"}\n')
  local view = check.ok(load_one(path, { kind = "expert", trusted = true, generator = "people", attributes = { team = "red", year = 2024 } }))
  local s = view:sources()[1]
  check.eq({ s.kind, s.trusted, s.generator }, { "expert", true, "people" })
  check.eq(s.attributes, { team = "red", year = "2024" })
end)

check.test("the world's faults are returned, the caller's are raised", function()
  local view, err = load_one(dir .. "/none.jsonl")
  check.eq(view, nil)
  check.contains(err, "none.jsonl: no such file")
  local path = write("fault.jsonl", '{"input":"a","output":"b"}\n')
  check.raises("unknown format alpacca; known are auto, preference", load_one, path, { format = "alpacca" })
  check.raises("fields: expected system, input, output or alternative, got inputs", load_one, path, { format = { fields = { inputs = "a" } } })
  check.raises("fields: name at least one", load_one, path, { format = { fields = {} } })
  check.raises("expected a list of slots", load_one, path, { format = { name = "x" } })
  check.raises("shape: expected text, turns or pairs", load_one, path, { format = { name = "x", slots = { { field = "input", path = "a", shape = "texts" } } } })
  check.raises("field: expected system", load_one, path, { format = { name = "x", slots = { { field = "inputs", path = "a" } } } })
  check.raises("a source without a path", corpus.load, { sources = { {} } })
  check.raises("sources: expected a list of tables", corpus.load, {})
  check.raises("limit: expected a whole number", corpus.load, { sources = {}, limit = -1 })
end)

check.test("a first look lists keys, format and reason", function()
  local look = check.ok(corpus.sniff(write("look.jsonl", '{"question":"a","answer":"b","meta":{"q":1}}\n'), { formats = formats }))
  check.eq({ look.format, look.reason, look.rows }, { "prompt_completion", 'the first row has "question" and "answer"', 1 })
  local names = {}
  for i, k in ipairs(look.keys) do names[i] = k.name .. ":" .. k.kind end
  check.eq(table.concat(names, " "), "question:string answer:string meta:object meta.q:number")
  check.eq({ corpus.sniff(dir .. "/none") }, { nil, dir .. "/none: no such file" })
end)

check.test("several sources stand in the order given, whatever the pool", function()
  local sources = {}
  for i = 1, 9 do sources[i] = { path = write("s" .. i .. ".jsonl", ('{"input":"%d","output":"o"}\n'):format(i)) } end
  local pool = core.pool(3)
  local view = check.ok(corpus.load { sources = sources, formats = formats, pool = pool })
  local text = {}
  for i = 1, #view do text[i] = view:field(i, "input") end
  check.eq(table.concat(text), "123456789")
end)

-- rows and format of each file that holds some, from its README; no format: the keys are its own
local real = {
  ["raw_math.jsonl"] = { 800, "pairs" }, ["raw_multilingual.jsonl"] = { 4085, "pairs" }, ["raw_support.jsonl.gz"] = { 6920, "pairs" },
  ["raw_tickets.jsonl"] = { 13083, "pairs" }, ["raw_trivia.jsonl.gz"] = { 49716, "pairs" }, ["alpaca.jsonl.gz"] = { 12208, "alpaca" },
  ["alpaca.json"] = { 350, "alpaca" }, ["sharegpt.jsonl"] = { 1000, "sharegpt" }, ["openai_messages.jsonl"] = { 1000, "messages" },
  ["preference.jsonl.gz"] = { 1500, "preference" }, ["eval_gsm8k_test.jsonl"] = { 1319, "prompt_completion" },
  ["pii_presidio.jsonl"] = { 1500, "text" }, ["toxicity_social.jsonl"] = { 1000, "text" }, ["toxicity_hatecheck.jsonl"] = { 3728, "text" },
  ["language_udhr.jsonl"] = { 2340, "text" }, ["wordlist_offensive.jsonl"] = { 2666, "text" },
  ["pairs_paraphrase.jsonl"] = { 2664 }, ["pairs_postedit.jsonl"] = { 244 }, ["pairs_records.jsonl"] = { 1794 }, ["judge_llmbar.jsonl"] = { 419 },
}

check.test("every real file gives all its rows", function()
  if not exists(data .. "MANIFEST.json") then check.skip("no ../shared/data") end
  for name, wanted in pairs(real) do
    local view, err = load_one(data .. name)
    if wanted[2] then
      check.ok(view, err)
      check.eq({ #view, view:counts() }, { wanted[1], wanted[1], 0, 0 }, name)
      check.eq(view:sources()[1].format, wanted[2], name)
    else
      check.contains(err, name .. ": the rows fit none of the known formats; keys found: ")
      view = check.ok(load_one(data .. name, { format = { fields = { input = "a", output = "b" } } }))
      check.eq({ #view, view:counts() }, { wanted[1], wanted[1], 0, 0 }, name)
    end
  end
end)

os.execute("rm -rf '" .. dir .. "'")
check.done()
