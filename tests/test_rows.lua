-- tests/test_rows.lua - what is held against a row's own values: URLs, dates, expected lengths, schemas
local check = require "check"
local core = require "core"
local json = require "json"
local views = require "views"

local pool = core.pool(2)

local load, params = views.load, views.params

--- Runs a row stage over a view: the child, and the stage's notes.
local function run(view, name, changes)
  local stage = require("stages." .. name)
  local p = params(stage, changes)
  local child, err = view:run_group { ops = { check.ok(stage.op(p, { name = name })) }, stages = { name }, pool = pool }
  check.ok(child, err)
  return child, stage.finish and stage.finish(child, p, { name = name }).notes or {}
end

--- The reason of each row, "" where it stands.
local function reasons(view)
  local out = {}
  for i = 1, #view do out[i] = view:row(i).reason or "" end
  return out
end

-- ---- url_quality ----

check.test("url_quality names the sign, its number and its place", function()
  local view = load { { input = "q", output = "See http://bit.ly/x for it." }, { input = "q", output = "See http://a.org." },
                      { input = "q", output = "It is [here]()." }, { input = "q", output = ("word "):rep(20) .. ("http://a.org/b "):rep(20) } }
  local child = run(view, "url_quality")
  check.eq(reasons(child), { "shorteners", "", "broken_links", "url_ratio" })
  check.eq(child:row(1).evidence, { field = "output", value = 1, threshold = 0,
    spans = { { field = "output", path = "output", start = 4, ["end"] = 19 } } })
  check.near(child:row(4).evidence.value, 280 / 399)   -- 20 URLs of 14 characters; the last blank is off
end)

check.test("links and URLs made to take long are read in one walk", function()
  local n = 200000
  local child = run(load { { input = "q", output = ("http://./"):rep(n) }, { input = "q", output = ("http://../?"):rep(n) },
                           { input = "q", output = ("[a]("):rep(n) .. (")"):rep(n) },
                           { input = "q", output = ("[a]("):rep(20) .. (")"):rep(20) .. " [b](http://a.org" } }, "url_quality")
  check.eq(reasons(child), { "", "", "", "broken_links" })
end)

check.test("an answer may name a placeholder where the question names one, a text without a question may not", function()
  local rows = { { input = "Fetch https://Example.com/a.", output = "Here is http://www.example.org/b." },
                 { input = "Open http://a.test now", output = "It is http://a.test/." },
                 { input = "This is a test. For example?", output = "It is http://a.test/." } }
  check.eq(reasons(run(load(rows), "url_quality")), { "", "", "placeholder_hosts" })
  check.eq(reasons(run(load(rows), "url_quality", { field = "input" })), { "placeholder_hosts", "placeholder_hosts", "" })
  check.eq(reasons(run(load { { text = "See http://example.com/ for it." } }, "url_quality")), { "placeholder_hosts" })
end)

check.test("a sign of url_quality is off by its name, by its threshold, and with an empty list", function()
  local view = load { { input = "q", output = "http://bit.ly/x?utm_source=a http://8.8.8.8/" } }
  check.eq(reasons(run(view, "url_quality", { skip = { "shorteners", "ip_hosts", "tracking" } })), { "" })
  check.eq(reasons(run(view, "url_quality", { shorteners = {}, max_ip_hosts = 1, tracking_parameters = {} })), { "" })
  check.eq(reasons(run(view, "url_quality", { skip = { "shorteners", "ip_hosts" }, max_urls = 1 })), { "urls" })
  local stage = require "stages.url_quality"
  local op, err = stage.op(params(stage, { skip = { "links" } }))
  check.eq(op, nil)
  check.contains(err, 'there is no sign "links"')
end)

-- ---- dates ----

check.test("dates rejects what lies after the row, with both dates", function()
  local view = load {
    { input = "q", output = "Sold on March 5, 2026.", created_at = "2024-01-05T23:00:00Z" },
    { input = "q", output = "Sold on 2024-01-06.", created_at = 1704448800 },
    { input = "q", output = "Sold on 03/05/2024.", created_at = "5 March 2024" },
    { input = "q", output = "Sold on 2030-01-01.", note = "no date" },
    { input = "q", output = "Sold on 2030-01-01.", created_at = "yesterday" },
  }
  local child, notes = run(view, "dates")
  check.eq(reasons(child), { "future_date", "", "", "", "" })
  check.eq(child:row(1).evidence, { field = "output", value = 790, threshold = 1, row_date = "2024-01-05",
    text_date = "2026-03-05",
    spans = { { field = "output", path = "output", start = 8, ["end"] = 21, type = "DATE" } } })
  check.eq(notes, { "dates: 1 row without a date at created_at",
                    "dates: 1 row with a date at created_at that is none this stage knows" })
  local bare = load { { input = "q", output = "Sold on 2030-01-01." } }
  check.eq({ select(2, run(bare, "dates")), select(2, run(bare, "dates", { path = "closed" })) },
           { {}, { "dates: 1 row without a date at closed" } })
  check.eq(reasons(run(view, "dates", { slack_days = 790, on_missing = "reject", on_unreadable = "reject" })),
           { "", "", "", "no_row_date", "bad_row_date" })
  check.eq(reasons(run(view, "dates", { day_first = true })), { "future_date", "", "future_date", "", "" })
end)

-- ---- truncated ----

check.test("truncated holds a length against the one that the row expects", function()
  local view = load {
    { input = "q", output = "one two three four", meta = { length = 5 } }, { input = "q", output = "one two three", meta = { length = 4 } },
    { input = "q", output = "one two", meta = { length = "19" } }, { input = "q", output = "one", meta = { length = "long" } },
    { input = "q", output = "one", meta = { length = 0 } }, { input = "q", output = "one" },
  }
  check.eq(reasons(run(view, "truncated")), { "", "", "", "", "", "" })
  local child = run(view, "truncated", { expected = "meta.length" })
  check.eq(reasons(child), { "", "incomplete", "incomplete", "", "", "" })
  check.eq(child:row(2).evidence, { field = "output", value = 0.75, threshold = 0.8 })
  check.eq(child:row(1).metrics["truncated.completion_ratio"], 0.8)
  child = run(view, "truncated", { expected = "meta.length", expected_unit = "characters", min_completion_ratio = 0.3 })
  check.eq(child:row(3).metrics["truncated.completion_ratio"], 7 / 19)
  check.eq(reasons(child), { "", "", "", "", "", "" })
end)

-- ---- schema ----

local no_pcre2 = not require("scan").new {}

check.test("schema requires paths and what stands there", function()
  local view = load {
    { input = "q", output = "a", meta = { queue = "x", n = 3 }, tags = { "a", "b" } },
    { input = "q", output = "a", meta = { n = 3 }, tags = {} },
    { input = "q", output = "a", meta = { queue = 4, n = 3 } },
    { input = "q", output = "a", meta = { queue = "x", n = 30 }, tags = { "a", "c" } },
    { input = "q", output = "a", meta = { queue = "x" }, tags = "a" },
    '{"input":"q","output":"a","meta":{"queue":"x","n":null}}',
  }
  local child = run(view, "schema", { require = { ["meta.queue"] = "string", ["meta.n"] = { "integer", max = 9, optional = true },
    ["tags[]"] = { "string", one_of = { "a", "b" }, optional = true } } })
  check.eq(reasons(child), { "", "missing_value", "wrong_value", "wrong_value", "", "wrong_value" })
  check.eq(child:row(2).evidence, { path = "meta.queue", found = "nothing" })
  check.eq(child:row(3).evidence, { path = "meta.queue", pointer = "", keyword = "type", expected = 'type ["string"]',
                                    found = "number 4" })
  check.eq(child:row(4).also[1].evidence, { path = "tags[1]", pointer = "", keyword = "enum", expected = 'enum ["a","b"]',
                                            found = 'string "c"' })
  check.eq(child:row(6).evidence.found, "null null")
end)

check.test("a shape that is wrong says what is allowed", function()
  local stage = require "stages.schema"
  local function says(shape, words)
    local err = stage.check(params(stage, { require = { ["a.b"] = shape } }))
    check.contains(err or "nothing", words)
  end
  says("text", 'require["a.b"]: "text" is no type')
  says({ "string", least = 1 }, 'there is no "least"')
  says({ "string", min = "1" }, "min must be a number")
  says({ one_of = {} }, "one_of must be a list")
  check.eq(stage.check(params(stage, { require = { a = "any", b = { "string", "null", min = 1, pattern = "x" } } })), nil)
  check.contains(stage.check(params(stage, { require = { "string" } })), "its keys are paths")
  local op, err = stage.op(params(stage, { require = { ["a..b"] = "string" } }))
  check.eq(op, nil)
  check.contains(err, '"a..b" is no path')
end)

check.test("an answer that was asked for as JSON parses, and its evidence says where it does not", function()
  local ask = "List two colours. Respond in JSON."
  local view = load {
    { input = ask, output = '{"colours": ["red", "blue"]}' }, { input = ask, output = 'Sure:\n```json\n["red"]\n```' },
    { input = ask, output = '{"é": ["red", "blue"' }, { input = ask, output = "Red and blue." },
    { input = ask, output = 'They are ["red", "blue"].' }, { input = "List two colours, not in JSON.", output = "Red and blue." },
    { input = "Write a Python function to return a JSON object.", output = "def f(): ..." },
    { input = "Give me the address as a JSON object.", output = "Main street" }, { input = "List two colours.", output = "Red and blue." },
    { system = "Only valid JSON, please.", input = "Two colours?", output = "[1,]" },
  }
  local child = run(view, "schema")
  check.eq(reasons(child), { "", "", "not_json", "not_json", "not_json", "", "", "not_json", "", "not_json" })
  check.eq(child:row(3).evidence, { field = "output", offset = 20, wrong = "it ends before it closes", found = "" })
  check.eq(child:row(4).evidence, { field = "output", offset = 0, wrong = "not JSON from here on", found = "Red and blue" })
  check.eq(child:row(10).evidence.offset, 3)
  check.eq(reasons(run(view, "schema", { json_in_prose = true }))[5], "")
  check.eq(reasons(run(view, "schema", { json_output = "never" }))[4], "")
  check.eq(reasons(run(view, "schema", { json_output = "always" }))[9], "not_json")
end)

local PERSON = { type = "object", properties = { name = { type = "string" }, age = { type = "integer", minimum = 0 } },
                 required = { "name" }, additionalProperties = false }

check.test("an answer fits the schema of its row, or the recipe's", function()
  local rows = {}
  for i, output in ipairs { '{"name":"Jo"}', '```\n{"name":"Jo","age":-1}\n```', '{"age":3}', '{"name":"Jo","x":1}', '{"name"' } do
    rows[i] = { input = "Who?", output = output, format = { type = "json_schema", json_schema = { name = "p", schema = PERSON } } }
  end
  rows[6] = { input = "Who?", output = '{"name":3}', format = json.encode(PERSON) }
  rows[7] = { input = "Who?", output = "Jo" }
  rows[8] = { input = "Who?", output = "{}", format = "{x" }
  rows[9] = { input = "Who?", output = "{}", format = { ["$ref"] = "#/$defs/x" } }
  local child = run(load(rows), "schema", { json_schema = "format" })
  check.eq(reasons(child), { "", "schema_mismatch", "schema_mismatch", "schema_mismatch", "not_json", "schema_mismatch", "",
                             "bad_schema", "bad_schema" })
  check.eq(child:row(2).evidence, { field = "output", pointer = "/age", keyword = "minimum", expected = "minimum 0",
                                    found = "number -1" })
  check.eq(child:row(4).evidence.pointer, "/x")
  check.eq(child:row(8).evidence, { path = "format", wrong = "no JSON Schema" })
  check.eq(child:row(9).evidence.wrong, "a reference to nowhere")
  check.eq(reasons(run(load(rows), "schema", { json_schema = PERSON }))[7], "not_json")
end)

check.test("a row of many tools and many calls of them has no end within its steps", function()
  local tools, calls = {}, {}
  for i = 1, 50000 do
    tools[i] = { name = "t" .. i, parameters = { type = "object" } }
    calls[i] = { name = "t50000", arguments = "{}" }
  end
  local function row(n)
    return { tools = tools, messages = { { role = "user", content = "q" },
      { role = "assistant", content = "a", tool_calls = table.move(calls, 1, n, 1, {}) } } }
  end
  local child = run(load { row(2), row(50000) }, "schema")
  check.eq(reasons(child), { "", "bad_schema" })
  check.eq(child:row(2).evidence.wrong, "no end within max_steps")
end)

check.test("the arguments of a call fit the parameters of its tool", function()
  local function chat(name, arguments)
    return { tools = { { type = "function", ["function"] = { name = "who", parameters = PERSON } } }, messages = {
      { role = "user", content = "hi" },
      { role = "assistant", tool_calls = { { id = "1", type = "function", ["function"] = { name = name, arguments = arguments } } } },
      { role = "tool", tool_call_id = "1", content = "ok" }, { role = "assistant", content = "Done." } } }
  end
  local view = load { chat("who", '{"name":"Jo"}'), chat("who", '{"name":7}'), chat("what", "{}"), chat("who", '{"name"'),
                      chat("who", { name = "Jo", age = 1.5 }) }
  local child = run(view, "schema")
  check.eq(reasons(child), { "", "tool_arguments", "unknown_tool", "tool_arguments", "tool_arguments" })
  check.eq(child:row(2).evidence, { path = "messages[1].tool_calls[0].function.arguments", pointer = "/name", keyword = "type",
                                    expected = 'type "string"', found = "number 7" })
  check.eq(child:row(3).evidence, { path = "messages[1].tool_calls[0].function.name", found = "what" })
  check.eq(child:row(5).evidence.pointer, "/age")
  check.eq(reasons(run(view, "schema", { tools = "" })), { "", "", "", "", "" })
  child = run(view, "schema", { tools = "", json_schema = PERSON, json_value = "messages[].tool_calls[].function.arguments" })
  check.eq(reasons(child), { "", "schema_mismatch", "schema_mismatch", "schema_mismatch", "schema_mismatch" })
end)

check.test("a file's name given as the path of a schema is told, where no row has such a path", function()
  local rows = { { input = "Who?", output = "{}" }, { input = "What?", output = "[]" } }
  local _, notes = run(load(rows), "schema", { json_schema = "schema.json" })
  check.contains(table.concat(notes, "\n"), 'no row has anything at json_schema = "schema.json"')
  check.contains(table.concat(notes, "\n"), 's.read_json "schema.json"')
  rows[2].schema = { json = PERSON }
  _, notes = run(load(rows), "schema", { json_schema = "schema.json" })
  check.eq(notes, {})
end)

check.test("keywords that are not checked are named in the notes, and a schema without an end is a bad one", function()
  local view = load { { input = "q", output = "[1]", schema = { unevaluatedItems = false, items = { foo = 1 } } },
                      { input = "q", output = "[1]", schema = { allOf = { { ["$ref"] = "#" }, { ["$ref"] = "#" } } } } }
  local child, notes = run(view, "schema", { json_schema = "schema" })
  check.eq(reasons(child), { "", "bad_schema" })
  check.eq(child:row(2).evidence.wrong, "no end within max_steps")
  check.eq(notes, { "schema: 1 row with keywords that were not checked: foo, unevaluatedItems" })
end)

check.test("a pattern of the recipe's that is none fails the run", function()
  if no_pcre2 then check.skip "built without PCRE2" end
  local view = load { { input = "q", output = "a" } }
  local stage = require "stages.schema"
  local p = params(stage, { require = { output = { pattern = "(" } } })
  local child, err = view:run_group { ops = { check.ok(stage.op(p, {})) }, stages = { "schema" }, pool = pool }
  check.eq(child, nil)
  check.contains(err, 'at "/pattern": the pattern is none at byte 1')
end)

check.done()
