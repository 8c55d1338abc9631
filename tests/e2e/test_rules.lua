--- The rule stages as a user meets them: in a recipe, at the command line, in the files of a run.

local check = require "check"
local json  = require "json"

local folder = check.folder()
local read   = check.read

local function write(name, text)
  local path = folder .. "/" .. name
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
  return path
end

local runs = 0

--- Runs a recipe whose stages are `body`; status, what it printed, and a reader of the run's files.
local function run(body, options, environment)
  runs = runs + 1
  local recipe = write("recipe.lua", 'local s = require "tamis"\nlocal pii, text = require "pii", require "text"\n'
    .. 'return s.recipe { name = "r", seed = 7, sources = { "rows.jsonl" },\n' .. body .. "\n}\n")
  local out = folder .. "/out" .. runs
  local status, stdout, stderr = check.run(("%s %s run %s --out %s --run-id one %s"):format(environment or "",
    check.tamis, check.quote(recipe), check.quote(out), options or ""))
  return status, stdout .. stderr, function(name) return read(out .. "/r/one/" .. name) end
end

local function no_pcre2()
  local sc, why = require("scan").new {}
  return not sc and why
end

check.test("redaction changes the matches and no other byte", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  write("rows.jsonl", [[
{"input": "mail me: jo@corp.io","output":"\"EMP-123456\"\u00e9",  "args":"{\"n\":[415,4111111111111111]}", "n":1e400}
{"output":"nothing\tat all","input":"plain"}
]])
  local status, said, file = run [[ s.pii{ action = "redact", extra = { employee_id = { pattern = "EMP-\\d{6}" } } } ]]
  check.eq(status, 0, said)
  check.eq(file "curated.jsonl", [[
{"input": "mail me: [EMAIL]","output":"\"[EMPLOYEE_ID]\"é",  "args":"{\"n\":[415,\"[CREDIT_CARD]\"]}", "n":1e400}
{"output":"nothing\tat all","input":"plain"}
]])
end)

check.test("a pseudonym has the shape of what it stands for, one for one text, and needs the key", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  write("rows.jsonl", [[
{"input":"I am jo@corp.io","output":"Hello JO@corp.io, +1 415-555-2671 or +1-415-555-2671?","args":"{\"n\":4111111111111111}"}
{"input":"also jo@corp.io","output":"SSN 460-89-9847 yes"}
]])
  local function standins(body, key)
    local status, said, file = run(body, "", "TAMIS_PSEUDONYM_KEY=" .. key)
    check.eq(status, 0, said)
    for _, name in ipairs { "curated.jsonl", "ledger.db", "lineage.json" } do
      check.ok(not file(name):find(key, 1, true), name .. " holds the key")
      check.ok(not file(name):find("jo@corp.io", 1, true), name .. " holds the address")
    end
    local text = file "curated.jsonl"
    local a, b, one, two, card = text:match(
      "I am (%l%l@%l%l%l%l%.example).*Hello (%u%u@%l%l%l%l%.example), %+(%d %d%d%d%-%d%d%d%-%d%d%d%d) or "
      .. "%+(%d%-%d%d%d%-%d%d%d%-%d%d%d%d).*(\"%d+\\\")")
    check.ok(a, text)
    check.eq(a, b:lower())
    check.eq(one:gsub("%D", ""), two:gsub("%D", ""))
    check.eq(#card:gsub("%D", ""), 16)
    check.ok(text:find "SSN 9%d%d%-%d%d%-%d%d%d%d yes", text)
    return a, text:match "also ([^\"]+)\""
  end
  local a, b = standins([[ s.pii{ action = "pseudonym" } ]], "0123456789abcdef-1")
  check.ok(a ~= b, "two conversations have one stand-in")
  check.eq(standins([[ s.pii{ action = "pseudonym" } ]], "0123456789abcdef-1"), a)
  check.ok(standins([[ s.pii{ action = "pseudonym" } ]], "0123456789abcdef-2") ~= a, "another key, the same stand-in")
  a, b = standins([[ s.pii{ action = "pseudonym", same_within = "corpus" } ]], "0123456789abcdef-1")
  check.eq(a, b)
  local status, said = run([[ s.pii{ types = { EMAIL = "pseudonym" } } ]], "", "TAMIS_PSEUDONYM_KEY=short")
  check.ok(status ~= 0)
  check.contains(said, "set the environment variable TAMIS_PSEUDONYM_KEY to 16 characters or more")
end)

check.test("no file but rejected.jsonl holds what was found", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  write("rows.jsonl", '{"input":"my number is 460-89-9847 you know","output":"x",'
    .. '"args":"{\\"ssn\\":\\"460-89-9847\\"}"}\n')
  local status, said, file = run [[ s.pii{} ]]
  check.eq(status, 0, said)
  local verdict = json.decode(file "rejected.jsonl":match "^[^\n]*")._rejection
  check.eq(verdict.reason, "pii_ssn")
  check.eq(verdict.evidence.spans, { { field = "input", path = "input", start = 13, ["end"] = 24, type = "SSN" },
                                     { field = "other", path = "args", start = 8, ["end"] = 19, type = "SSN" } })
  for _, name in ipairs { "ledger.db", "lineage.json", "report.html" } do
    check.ok(not file(name):find("460-89-9847", 1, true), name)
  end
  check.ok(not said:find("460-89-9847", 1, true), "the report")
  check.contains(said, 'action = "redact"')
end)

check.test("the ledger has where and what an edit replaced, and nothing but the data itself is missing", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  local secret = "AKIA" .. "QYLPMN5HFIQR7XYA"
  local found = { "jo@corp.io", "604-696-5272", "6046965272", secret }
  write("rows.jsonl", json.encode { input = "é jo@corp.io, and +1-604-696-5272 or jo@corp.io", output = "use " .. secret }
    .. "\n" .. json.encode { input = "q", output = "a jo@corp.io, " .. secret } .. "\n")
  local body = [[ s.pii{ types = { EMAIL = "redact", PHONE = "pseudonym" } }, s.secrets{ action = "redact" } ]]
  local status, said, file = run(body, "", "TAMIS_PSEUDONYM_KEY=0123456789abcdef-1")
  check.eq(status, 0, said)
  local dir = folder .. "/out" .. runs .. "/r/one"
  local ledger = check.ok(require("report.run").open(dir))
  check.eq(ledger:edits(1), {
    pii = { { path = "input", spans = { { start = 2, ["end"] = 12, type = "EMAIL", action = "redact" },
                                        { start = 18, ["end"] = 33, type = "PHONE", action = "pseudonym" },
                                        { start = 37, ["end"] = 47, type = "EMAIL", action = "redact" } } } },
    secrets = { { path = "output", spans = { { start = 4, ["end"] = 24, type = "AWS_ACCESS_KEY", action = "redact" } } } },
  })
  -- the later stage reads what the first one wrote: "a [EMAIL], …"
  check.eq(ledger:edits(2).secrets[1].spans[1].start, 11)
  ledger:close()
  local _, told = check.run(("%s explain %s rows.jsonl:1"):format(check.tamis, check.quote(dir)))
  check.contains(told:gsub("%s+", " "), "input (EMAIL at 2 to 12, PHONE at 18 to 33, EMAIL at 37 to 47)")
  local _, data = check.run(("%s explain %s rows.jsonl:2 --json"):format(check.tamis, check.quote(dir)))
  local texts = { said = said, told = told, data = data }
  for _, name in ipairs { "ledger.db", "lineage.json", "report.html", "curated.jsonl" } do texts[name] = file(name) end
  for name, text in pairs(texts) do
    for _, s in ipairs(found) do check.ok(not text:find(s, 1, true), name .. " holds " .. s) end
  end
end)

check.test("schema reads what an earlier stage redacted, and its verdicts stand in the files of the run", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  local tools = { { type = "function", ["function"] = { name = "mail", parameters = { type = "object",
    properties = { to = { type = "string", pattern = "^\\[EMAIL\\]$" } }, required = { "to" } } } } }
  local function chat(arguments, answer)
    return json.encode { tools = tools, created_at = "2024-03-05", messages = {
      { role = "user", content = "Write to jo@corp.io" }, { role = "assistant", content = "", tool_calls = {
        { id = "1", type = "function", ["function"] = { name = "mail", arguments = arguments } } } },
      { role = "tool", tool_call_id = "1", content = "sent" }, { role = "assistant", content = answer } } }
  end
  write("rows.jsonl", table.concat({ chat('{"to":"jo@corp.io"}', "Sent on 5 March 2024."), chat('{"to":"Jo"}', "Sent."),
    chat('{"to":"jo@corp.io"}', "Sent on 5 March 2026."), chat('{"to":"jo@corp.io"}', "See http:/a.org/x") }, "\n") .. "\n")
  local status, said, file = run [[ s.pii{ action = "redact" }, s.schema{}, s.dates{}, s.url_quality{} ]]
  check.eq(status, 0, said)
  local rejected = {}
  for line in file("rejected.jsonl"):gmatch "[^\n]+" do rejected[#rejected + 1] = json.decode(line)._rejection end
  check.eq(#rejected, 3)
  check.eq({ rejected[1].stage, rejected[1].reason }, { "schema", "tool_arguments" })
  check.eq(rejected[1].evidence, { path = "messages[1].tool_calls[0].function.arguments", pointer = "/to", keyword = "pattern",
                                   expected = 'pattern "^\\\\[EMAIL\\\\]$"', found = 'string "Jo"' })
  check.eq({ rejected[2].reason, rejected[2].evidence.text_date }, { "future_date", "2026-03-05" })
  check.eq(rejected[3].reason, "malformed")
end)

check.test("a bad pattern ends the run with file, line and place", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  local status, said = run [[ s.pii{ extra = { employee_id = { pattern = "EMP-(\\d" } } } ]]
  check.eq(status, 2)
  check.contains(said, "recipe.lua:4")
  check.contains(said, "pattern of EMPLOYEE_ID")
  check.contains(said, "EMP-(\\d <-- here")
end)

check.test("row functions may look for personal data themselves", function()
  if no_pcre2() then check.skip(no_pcre2()) end
  write("rows.jsonl", '{"input":"a b","output":"jo@corp.io"}\n{"input":"a b","output":"none"}\n'
    .. '{"input":"a","output":"none"}\n')
  local status, said, file = run [[
    s.filter{ name = "own", fn = function(ex)
      local m = pii.scan(ex.output)
      if #m > 0 then return "found", m[1].type end
      if text.tokens(ex.input) < 2 then return "short" end
    end } ]]
  check.eq(status, 0, said)
  check.eq(file "curated.jsonl", '{"input":"a b","output":"none"}\n')
  check.contains(file "rejected.jsonl", '"reason":"found","evidence":{"detail":"EMAIL"}')
  local key = "AKIA" .. "QYLPMN5HFIQR7XYA"
  write("rows.jsonl", json.encode { input = "dob 1980-02-03", output = "use " .. key } .. "\n")
  status, said, file = run [[
    s.map{ name = "kinds", fn = function(ex)
      local kinds = {}
      for i, m in ipairs(pii.scan(ex.input .. "\n" .. ex.output, { types = { "all", "secrets" } })) do kinds[i] = m.type end
      return { output = table.concat(kinds, " ") }
    end } ]]
  check.eq(status, 0, said)
  check.eq(json.decode(file "curated.jsonl").output, "DATE_OF_BIRTH AWS_ACCESS_KEY")
end)

check.test("bounds that cross are an error before any row is read", function()
  local status, said = run [[ s.length{ min_input_tokens = 9, max_input_tokens = 3 } ]]
  check.eq(status, 2)
  check.contains(said, "min_input_tokens is 9")
  status, said = run [[ s.balance{} ]]
  check.eq(status, 2)
  check.contains(said, "max")
  status, said = run [[ s.topics{ rules = { { "only" } } } ]]
  check.eq(status, 2)
  check.contains(said, "rules[1]")
end)

check.test("balance asks the recipe's function for each group", function()
  local lines = {}
  for i = 1, 90 do lines[i] = json.encode { input = "question " .. i, output = "x", topic = "t" .. i % 3 } end
  lines[91] = json.encode { input = "no topic", output = "x" }
  write("rows.jsonl", table.concat(lines, "\n"))
  local status, said, file = run [[ s.balance{ max = function(group, count)
    if group ~= "t1" then return count // 3 end end } ]]
  check.eq(status, 0, said)
  check.eq(select(2, file "curated.jsonl":gsub("\n", "")), 10 + 30 + 10 + 1)
  check.contains(file "rejected.jsonl", '"evidence":{"field":"topic","value":11,"threshold":10')
  status, said = run [[ s.balance{ max = function(group) return group .. "!" end } ]]
  check.eq(status, 1)
  check.contains(said, 'max of topic "t0": expected a number of rows, got t0!')
  status, said = run [[ s.balance{ max = function(group) return group.x.y end } ]]
  check.eq(status, 1)
  check.contains(said, "recipe.lua:4")
end)

check.test("the same bytes for any number of threads", function()
  local lines = {}
  for i = 1, 3000 do
    lines[i] = json.encode { input = ("question %d about %s %s"):format(i, i % 3 == 0 and "an invoice" or "a Password",
                               i % 50 == 0 and "jo" .. i .. "@corp.io" or ""),
                             output = i % 7 == 0 and ("yes no "):rep(10) or "answer number " .. i }
  end
  write("rows.jsonl", table.concat(lines, "\n"))
  local body = [[ s.length{ min_input_tokens = 4, min_output_tokens = 1 }, s.repetition{},
    s.topics{ rules = { { "login", "password" }, { "billing", "invoice" } } },
    s.balance{ max = { login = 700, billing = 400 } }, s.sample{ share = 0.5 }, s.export{ include = { "topic" } } ]]
  if not no_pcre2() then body = "s.pii{ types = { EMAIL = \"redact\" } }, " .. body end
  local first
  for _, threads in ipairs { 1, 2, 7 } do
    local status, said, file = run(body, "--threads " .. threads)
    check.eq(status, 0, said)
    local bytes = file "curated.jsonl" .. file "rejected.jsonl"
    first = first or bytes
    check.ok(#bytes > 100000 and bytes == first, threads .. " threads")
  end
end)

check.test("a preset is a list of stages", function()
  write("rows.jsonl", '{"input":"How do I reset my password?","output":"Open the settings, then choose a new one."}\n')
  local status, said, file =
    run [[ require "tamis.presets.chat", s.length((require "tamis.presets.document").length) ]]
  if status ~= 0 and said:find("needs ", 1, true) then check.skip(said) end
  check.eq(status, 0, said)
  check.contains(file "rejected.jsonl", "input_too_short")
end)

check.test("what balance and export are told to go by and no row has is said, with the name it is near to", function()
  local rows = {}
  for i = 1, 30 do
    rows[i] = json.encode { input = "question " .. i .. (i <= 10 and " card" or ""), output = "a", queue = { name = "web" } }
  end
  write("rows.jsonl", table.concat(rows, "\n") .. "\n")
  local status, said = run [[ s.balance { by = "subject", max = 5 }, s.balance { by = "queue.nam", max = 50 },
    s.topics { rules = { { "cards", "card" } }, annotation = "subject" }, s.balance { by = "subject", max = { ["*"] = 8 } },
    s.export { include = { "subjct", "kind" } } ]]
  check.eq(status, 0, said)
  said = said:gsub("%s+", " ")   -- long lines are wrapped
  for _, part in ipairs {
    "! balance: no row has a subject, by annotation, path or attribute; none was capped; the stage topics, which sets it, ",
    '! balance_2: no row has a queue.nam, by annotation, path or attribute; none was capped; did you mean "queue.name"?',
    '! balance_3: 20 of the 28 rows that stay have no subject and are not capped; max = { unknown = 8, ["*"] = 8 } caps them',
    '! export: include names "subjct", which no row has as an annotation; did you mean "subject"?',
  } do check.contains(said, part) end
  check.ok(not said:find('include names "kind"', 1, true))
end)

check.done()
