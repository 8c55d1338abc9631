--- What `tamis check` says that judging would cost is what it costs: against the test server, with the cache half filled.

local check = require "check"
local fs = require "fs"
local json = require "json"
local pty = require "pty"
local server = require "judge_server"

local dir = check.folder()
local program = check.quote(fs.realpath(os.getenv "TAMIS" or "./tamis"))
local ROWS, HALF = 80, 40

local function write(name, text) return check.write(dir .. "/" .. name, text) end

local function rows()
  local out = {}
  for i = 1, ROWS do
    local words = ("word%d "):format(i):rep(4 + i % 7)
    out[i] = json.encode { input = ("Question %d: what about %s?"):format(i, words), topic = i % 4 == 0 and "b" or "a",
                           output = ("Answer %d: %s[[score 4]]"):format(i, words) }
  end
  return table.concat(out, "\n") .. "\n"
end

write("rows.jsonl", rows())
write("recipe.lua", [[
local s = require "tamis"
return s.recipe { name = "priced", seed = 7, sources = { "rows.jsonl" },
  s.pii { action = "redact" },
  s.judge { model = "claude-haiku-4-5-20251001", canaries = 0 },
  s.balance { by = "topic", max = 15 } }
]])

--- The program with nobody's settings but these.
local function tamis(fmt, env, ...)
  return check.run(("cd %s && env %s XDG_CONFIG_HOME=%s %s "):format(check.quote(dir),
    env, check.quote(dir .. "/none"), program) .. fmt:format(...))
end

local function flat(text) return (text:gsub("%s+", " ")) end

local function checked(env, options)
  local status, out, err = tamis("check recipe.lua --json " .. (options or ""), env)
  check.eq(status, 0, err)
  local judging = json.decode(out).judging
  check.eq(#judging, 1)
  return judging[1]
end

local NOBODY = "-u ANTHROPIC_API_KEY -u ANTHROPIC_BASE_URL"

check.test("without a key a check says what judging would cost, and writes nothing", function()
  local j = checked(NOBODY)
  check.eq({ j.reach, j.rows, j.cached, j.left_out }, { ROWS, ROWS, 0, 0 })
  check.eq(j.prices_as_of, "2025-10")
  -- $1 and $5 a million, no discount: the rubric is too short for this model's cache; a batch costs half
  for _, end_ in ipairs { "low", "mid", "high" } do
    check.near(j.cost[end_], (j.input_tokens[end_] + 5 * j.output_tokens[end_]) / 1e6, 1e-8)
    check.near(j.batch_cost[end_], j.cost[end_] / 2, 1e-8)
  end
  check.ok(j.cost.low < j.cost.mid and j.cost.mid < j.cost.high)
  check.eq(fs.exists(dir .. "/.tamis"), false)
end)

check.test("a stage behind that keeps few of the rows is a hint, and so is a cap that is too low", function()
  check.contains(checked(NOBODY).hints[1],
    "balance will keep at most 30 of these 80: put sample or balance before judge, or set max_rows")
  local j = checked(NOBODY, "--set judge.max_rows=20")
  check.eq({ j.hints, j.left_out }, { {}, 60 })
  j = checked(NOBODY, "--set judge.max_cost=0.001")
  check.contains(j.hints[2], "max_cost = 0.001 pays for about ")
end)

check.test("people read the same in words, and a run without a terminal stops with them", function()
  local _, out = tamis("check recipe.lua", NOBODY)
  for _, words in ipairs { "What judge would cost claude-haiku-4-5-20251001 by anthropic", "all 80 rows that reach it",
                           "as a batch $", "prices of 2025-10", "told from 2.4 to 4.6 bytes a token",
                           "! balance will keep at most 30 of these 80" } do
    check.contains(flat(out), words)
  end
  local price = check.ok(flat(out):match "price (%$.-2025%-10)")
  local status, _, err = tamis("run recipe.lua --quiet </dev/null", "ANTHROPIC_API_KEY=none")
  check.eq(status, 1)
  check.contains(flat(err), "claude-haiku-4-5-20251001 would judge all 80 rows that reach it. That costs about " .. price)
  check.contains(flat(err), "--yes")
end)

local function noted(env, options, command)
  local status, out, err = tamis((command or "check") .. " recipe.lua --json " .. (options or ""), env)
  check.eq(status, 0, err)
  return table.concat(json.decode(out).notes, "\n")
end

check.test("rows that leave unmasked are a warning, where nothing before takes private data out", function()
  local WARNING = "judge: no pii stage before it masks or rejects private data: rows leave for https://api.anthropic.com "
    .. 'as they were read; put s.pii { action = "redact" } before it'
  for options, warns in pairs { [""] = false, ["--set pii.action=tag"] = true, ["--skip pii"] = true } do
    local notes = noted(NOBODY, options)
    check.eq(notes:find(WARNING, 1, true) ~= nil, warns, options .. "\n" .. notes)
  end
  write("own.jsonl", '{"source":"rows.jsonl","line":1,"correctness":1,"helpfulness":1,"instruction_following":1,"completeness":1,"quality":1}\n')
  check.eq(noted(NOBODY, "--skip pii --set judge.provider=file --set judge.scores=own.jsonl"):find("leave", 1, true), nil)
end)

check.test("a pii stage that rejects leaves rows of trusted sources as they are, and one by kinds is read by kinds", function()
  local function recipe(name, pii)
    write(name, ([[
local s = require "tamis"
return s.recipe { name = "t", sources = { { "rows.jsonl", trusted = true } },
  s.pii { %s }, s.judge { model = "claude-haiku-4-5" } }
]]):format(pii))
    local _, out = tamis("check " .. name .. " --json", NOBODY)
    return table.concat(json.decode(out).notes, "\n")
  end
  check.contains(recipe("a.lua", 'action = "reject"'), "rows of trusted sources stay: theirs leave for")
  check.eq(recipe("b.lua", 'action = "redact"'):find("leave for", 1, true), nil)
  check.eq(recipe("c.lua", 'types = { EMAIL = "redact", SSN = "tag" }'):find("leave for", 1, true), nil)
  check.contains(recipe("d.lua", 'types = { EMAIL = "tag" }'), "no pii stage before it masks")
end)

check.test("rows of one text are one request", function()
  local list = {}
  for i = 1, 12 do list[i] = json.encode { input = "question " .. i % 3, output = "one answer for all" } end
  write("twins.jsonl", table.concat(list, "\n") .. "\n")
  local _, out = tamis("check recipe.lua twins.jsonl --skip balance --json", NOBODY)
  local j = json.decode(out).judging[1]
  check.eq({ j.reach, j.rows, j.twins }, { 12, 3, 9 })
end)

check.test("on a terminal a person is asked by the same words, and no is no", function()
  local s <close> = server.start()
  local function answered(word)
    local p <close> = pty.spawn(("cd %s && exec env XDG_CONFIG_HOME=%s ANTHROPIC_API_KEY=%s ANTHROPIC_BASE_URL=%s TERM=xterm "
      .. "%s run recipe.lua --set judge.max_rows=3 --skip pii --cache asked.db"):format(check.quote(dir),
      check.quote(dir .. "/none"), server.ANTHROPIC_KEY, s.url, program), 100, 30)
    check.ok(p:expect "as they were read")
    check.ok(p:expect "would judge 3 of the 80 rows")
    check.ok(p:expect "Go on")
    p:send(word .. "\n")
    return p:wait()
  end
  check.eq({ answered "n", s:stats().requests }, { 1, 0 })
  check.eq({ answered "y", s:stats().requests }, { 0, 3 })
end)

check.test("half filled, the cache tells how the model counts, and what is told is what is paid", function()
  local s <close> = server.start()
  local env = ("ANTHROPIC_API_KEY=%s ANTHROPIC_BASE_URL=%s"):format(server.ANTHROPIC_KEY, s.url)
  local status, _, err = tamis("run recipe.lua --quiet --yes --set judge.max_rows=%d", env, HALF)
  check.eq(status, 0, err)
  local before = s:stats()
  local j = checked(env)
  check.eq({ j.rows, j.cached, j.learned.tokens, j.learned.replies }, { ROWS - HALF, HALF, HALF, HALF })
  check.eq(s:stats().requests, before.requests, "a check asks nothing")
  status, _, err = tamis("run recipe.lua --quiet --yes", env)
  check.eq(status, 0, err)
  local after = s:stats()
  for _, kind in ipairs { "input", "output" } do
    local paid = after.billed[kind .. "_tokens"] - before.billed[kind .. "_tokens"]
    local told = j[kind .. "_tokens"]
    check.ok(told.low <= paid and paid <= told.high, ("%s: paid %d, told %d to %d"):format(kind, paid, told.low, told.high))
  end
  check.eq(checked(env).rows, 0)
  check.contains(noted(env, "--yes --set pii.action=tag --set judge.max_rows=5 --out other", "run"),
    "rows leave for " .. s.url .. " as they were read")
end)

check.done()
