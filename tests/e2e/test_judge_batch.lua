--- mode = "batch" and tamis judge collect against the test server, whose books say what was paid.

local check = require "check"
local fs = require "fs"
local json = require "json"
local judge_server = require "judge_server"
local store = require "store"

local PROVIDERS = { "anthropic", "openai" }
local MODELS = { anthropic = "claude-haiku-4-5", openai = "gpt-4o-mini" }
local DOLLARS = { ["claude-haiku-4-5"] = { 1, 5 }, ["gpt-4o-mini"] = { 0.15, 0.6 } }   -- a million tokens

local function q(s) return check.quote(s) end

-- ---- one place to work in ----

local Place = {}
Place.__index = Place

--- A folder with n rows, a recipe that judges them in batches, and a server.
-- @param o  { rows = n or a list of outputs, stage = more parameters, control = of the server }
local function place(provider, o)
  o = o or {}
  local dir, out = check.folder(), {}
  local outputs = type(o.rows) == "table" and o.rows or {}
  for i = #outputs + 1, type(o.rows) == "number" and o.rows or #outputs do outputs[i] = "answer " .. i end
  for i, text in ipairs(outputs) do
    out[i] = json.encode { input = ("question %d?"):format(i), output = ("[[row %s%d]] %s"):format(o.name or "r", i, text) }
  end
  check.write(dir .. "/raw.jsonl", table.concat(out, "\n") .. "\n")
  check.write(dir .. "/recipe.lua", ([[local s = require "tamis"
return s.recipe { name = "t", sources = { "raw.jsonl" },
  s.judge { model = "%s", mode = "batch", canaries = 0, max_failed = 1, max_cost = 10, %s } }]]):format(
    MODELS[provider], o.stage or ""))
  local server = judge_server.start(o.control)
  return setmetatable({ dir = dir, server = server, provider = provider, n = #outputs }, Place)
end

function Place:close() self.server:stop() end
Place.__close = Place.close

function Place:env()
  local s = self.server
  local given = self.provider == "anthropic"
    and { ANTHROPIC_API_KEY = judge_server.ANTHROPIC_KEY, ANTHROPIC_BASE_URL = s.url }
    or { OPENAI_API_KEY = judge_server.OPENAI_KEY, OPENAI_BASE_URL = s.url .. "/v1" }
  local words = { "XDG_CONFIG_HOME=" .. q(self.dir) }
  for name, value in pairs(given) do words[#words + 1] = name .. "=" .. q(value) end
  return table.concat(words, " ")
end

function Place:tamis(words)
  return check.run(("cd %s && env %s %s %s"):format(q(self.dir), self:env(), check.tamis, words))
end

function Place:run(more)
  return self:tamis("run recipe.lua --quiet --no-html --out out --replace --run-id a " .. (more or ""))
end

function Place:collect(more) return self:tamis("judge collect --json " .. (more or "")) end

--- Collects and gives the sums.
function Place:sums(status, more)
  local got, out, err = self:collect(more)
  check.eq({ got, err }, { status, "" })
  return check.ok(json.decode(out))
end

function Place:cache() return self.dir .. "/.tamis/judge.db" end

local function lines(path)
  local n = 0
  for _ in (fs.read(path) or ""):gmatch "\n" do n = n + 1 end
  return n
end

--- Rows kept, rejected, quarantined of the run that was published.
function Place:published()
  local base = self.dir .. "/out/t/a/"
  return lines(base .. "curated.jsonl") + lines(base .. "rejected.jsonl"), lines(base .. "quarantined.jsonl")
end

--- What the lineage of the published run tells of its judge.
function Place:figures()
  for _, s in ipairs(json.decode(fs.read(self.dir .. "/out/t/a/lineage.json")).stats.stage_counts) do
    if s.name == "judge" then return s.figures end
  end
end

--- What the server billed in all, in dollars, batches at half the price.
function Place:billed()
  local s, sum = self.server:stats(), 0
  for kind, factor in pairs { models = 1, batch_models = 0.5 } do
    for model, u in pairs(s[kind] or {}) do
      local p = DOLLARS[model]
      sum = sum + factor * (p[1] * u.input_tokens + p[2] * u.output_tokens) / 1e6
    end
  end
  return sum, s
end

-- ---- the course ----

check.test("rows go in a batch behind one that is asked at once, and the same run uses the answers", function()
  for _, provider in ipairs(PROVIDERS) do
    local p <close> = place(provider, { rows = 30, control = { batch = { polls = 2 } } })
    local status, out, err = p:run()
    check.eq({ status, out }, { 1, "" }, err)
    check.contains(err, ("29 rows are sent to %s in 1 batch, at 0.5 of the price"):format(provider))
    check.contains(err, "tamis judge collect")
    check.ok(not fs.exists(p.dir .. "/out/t/a"))
    check.eq(p.server:stats().billed.requests, 1)
    status, _, err = p:run()
    check.eq(status, 1)
    check.contains(err, "29 rows are out in batches, and nothing else is to be sent")
    check.eq(p:sums(1).out, 1)
    local sums = p:sums(0)
    check.eq({ sums.answer, sums.batches, sums.out }, { 29, 1, 0 })
    status, _, err = p:run()
    check.eq(status, 0, err)
    check.eq(p:published(), 30)
    local money, s = p:billed()
    check.eq({ s.batch.requests, s.billed.requests, s.rows.max_requests }, { 29, 1, 1 })
    check.near(sums.cost / 1e9, money - (s.billed.input_tokens * DOLLARS[MODELS[provider]][1]
      + s.billed.output_tokens * DOLLARS[MODELS[provider]][2]) / 1e6, 1e-6)
  end
end)

check.test("a run collects what has ended by itself, and pays for nothing twice", function()
  for _, provider in ipairs { "anthropic" } do
    local p <close> = place(provider, { rows = 12, control = { batch = { polls = 1 } } })
    check.eq((p:run()), 1)
    check.eq((p:run()), 1)      -- the first poll
    local status, _, err = p:run()
    check.eq(status, 0, err)
    check.eq(p:published(), 12)
    check.eq(p.server:stats().rows.max_billed, 1)
  end
end)

-- ---- what comes back ----

check.test("lines in any order, missing, twice and of nobody: what is missing is sent again, nothing else", function()
  for _, provider in ipairs(PROVIDERS) do
    local odd = { polls = 0, missing = 2, duplicate = 3, unknown = 1 }
    local p <close> = place(provider, { rows = 20, control = { batch = odd } })
    check.eq((p:run()), 1)
    local sums = p:sums(0)
    check.eq({ sums.answer, sums.missing, sums.out }, { 17, 2, 0 })
    p.server:control { batch = { polls = 0, missing = 0, duplicate = 0, unknown = 0 } }
    local status, _, err = p:run()
    check.eq(status, 1)
    check.contains(err, ("2 rows are sent to %s"):format(provider))
    check.eq(p:sums(0).answer, 2)
    status, _, err = p:run()
    check.eq(status, 0, err)
    check.eq(p:published(), 20)
    local stats = p.server:stats(true)
    check.eq(stats.batch.requests + stats.billed.requests, 22)
  end
end)

check.test("of a batch that expires, or is canceled, what was done is used and the rest sent again", function()
  for _, provider in ipairs(PROVIDERS) do
    local p <close> = place(provider, { rows = 21, control = { batch = { polls = 0, expire = 0.5 } } })
    check.eq((p:run()), 1)
    local sums = p:sums(0)
    check.eq({ sums.answer, sums.expired }, { 10, 10 })
    p.server:control { batch = { polls = 3, expire = 0 } }
    check.eq((p:run()), 1)
    check.eq(p:sums(1, "--cancel").out, 1)
    sums = p:sums(0, "--cancel")
    check.eq({ sums.answer, sums.canceled }, { 5, 5 })
    local status, _, err = p:run "--set judge.mode=sync"
    check.eq(status, 0, err)
    check.eq(p:published(), 21)
    check.eq(p.server:stats().rows.max_billed, 1)
  end
end)

check.test("every row ends in its state, and each reply that is none is asked for again at most twice", function()
  for _, provider in ipairs { "openai" } do
    local p <close> = place(provider, { rows = { "good 1", "good 2", "[[fault prose x1]] fair", "[[fault not_json]] odd",
      "[[fault refusal]] no", "[[fault context_length]] long", "[[fault max_tokens x1]] cut", "[[fault server_error]] bad",
      "[[fault invalid]] wrong" }, control = { batch = { polls = 0 } } })
    local sent = {}
    for i = 1, 4 do
      local status, _, err = p:run()
      sent[i] = status == 1 and math.tointeger(tonumber(err:match "(%d+) rows? %a+ sent")) or status
      if status == 0 then break end
      p:sums(0)
    end
    check.eq(sent[#sent], 0)
    check.eq(p:figures().states, { scored = 4, refused = 1, too_long = 1, unparsed = 1, failed = 2 }, provider)
    check.ok(p.server:stats().rows.max_billed <= 3)
  end
end)

-- ---- crashes, and other machines ----

local BATCHES = { anthropic = "/v1/messages/batches", openai = "/v1/batches" }

--- Starts the run and kills it once the server has taken a batch, before its answer to that arrives.
function Place:killed()
  local log, pid = self.dir .. "/log", self.dir .. "/pid"
  os.execute(("cd %s && { env %s %s run recipe.lua --quiet --no-html --out out >%s 2>&1 & echo $! >%s; }"):format(
    q(self.dir), self:env(), check.tamis, q(log), q(pid)))
  for _ = 1, 500 do
    local taken = false
    for _, path in ipairs(self.server:stats().paths) do taken = taken or path.path == BATCHES[self.provider] end
    if taken then break end
    os.execute "sleep 0.01"
  end
  os.execute("kill -9 " .. fs.read(pid))
  check.eq(fs.read(log), "")      -- it had not come further
end

check.test("a run that is killed between sending a batch and noting it finds it again", function()
  for _, provider in ipairs(PROVIDERS) do
    local delay = { path = BATCHES[provider], fault = "delay", ms = 4000, times = 1 }
    local p <close> = place(provider, { rows = 20, control = { batch = { polls = 1 }, script = { delay } } })
    p:killed()
    local status, _, err = p:run()
    check.eq(status, 1)
    check.contains(err, "19 rows are out in batches")
    check.eq(p:sums(0).answer, 19)
    check.eq((p:run()), 0)
    check.eq({ p:published(), p.server:stats().rows.max_billed }, { 20, 1 })
  end
end)

check.test("a batch that was noted and never sent is sent once it is sure that nobody has it", function()
  for _, provider in ipairs { "anthropic" } do
    local lost = { path = BATCHES[provider], fault = "refuse_reset", times = 1 }
    local p <close> = place(provider, { rows = 8, control = { batch = { polls = 0 }, script = { lost } } })
    local status, _, err = p:run()
    check.eq(status, 1)
    check.contains(err, "Nobody knows whether it was taken")
    status, _, err = p:run()
    check.eq(status, 1)
    check.contains(err, "7 rows are out in batches")      -- too soon to tell
    local db <close> = check.ok(store.open(p:cache()))
    check.ok(db:exec "UPDATE batches SET at = at - 100")
    status, _, err = p:run()
    check.contains(err, "6 rows are sent")
    check.eq({ status, p:sums(0).answer }, { 1, 6 })
    check.eq((p:run()), 0)
    check.eq({ p:published(), p.server:stats().rows.max_billed }, { 8, 1 })
  end
end)

check.test("a batch whose receipt was lost is found by its size or its mark, and no other is taken for it", function()
  for _, provider in ipairs(PROVIDERS) do
    local p <close> = place(provider, { rows = 8, control = { batch = { polls = 0 } } })
    local other <close> = place(provider, { rows = 8, name = "other" })
    local own = other.server
    other.server = p.server                       -- another team's batch of as many rows, at the same provider
    check.eq((other:run()), 1)
    p.server:control { script = { { path = BATCHES[provider], fault = "reset", times = 1 } } }
    check.eq((p:run()), 1)
    p.server:control { script = {} }
    check.eq((other:run()), 0)                    -- theirs ends
    for _ = 1, 4 do
      if (p:run()) == 0 then break end
    end
    check.eq({ p:published(), p.server:stats().rows.max_billed }, { 8, 1 })
    other.server = own
  end
end)

check.test("a copy of the cache in another folder is enough to collect", function()
  for _, provider in ipairs { "openai" } do
    local p <close> = place(provider, { rows = 15, control = { batch = { polls = 0 } } })
    check.eq((p:run()), 1)
    local away = check.folder() .. "/copy.db"
    check.write(away, fs.read(p:cache()))
    check.eq(p:sums(0, "--cache " .. q(away)).answer, 14)
    check.eq(p:sums(0).answer, 14)                -- the results are kept for weeks: both may have them
    local status, _, err = p:run("--cache " .. q(away))
    check.eq(status, 0, err)
    check.eq({ p:published(), p.server:stats().rows.max_billed }, { 15, 1 })
    for _, path in ipairs { away, p:cache() } do
      check.ok(not fs.read(path):find(provider == "anthropic" and judge_server.ANTHROPIC_KEY or judge_server.OPENAI_KEY,
        1, true), "no key in " .. path)
    end
  end
end)

-- ---- money ----

check.test("what all rows could cost is set aside: max_cost is never passed, the rest is skipped or nothing is sent", function()
  for _, provider in ipairs { "anthropic" } do
    local stop <close> = place(provider, { rows = 40, stage = 'on_cap = "stop"', control = { batch = { polls = 0 } } })
    local cap = provider == "anthropic" and 0.06 or 0.008
    local status, _, err = stop:run("--set judge.max_cost=" .. cap)
    check.eq(status, 1)
    check.contains(err, "no batch was sent")
    check.eq({ stop.server:stats().batch.requests, stop.server:stats().model_requests }, { 0, 1 })
    local p <close> = place(provider, { rows = 40, control = { batch = { polls = 0 } } })
    status, _, err = p:run("--set judge.max_cost=" .. cap)
    check.eq(status, 1, err)
    check.contains(err, "they will not be judged")
    local answers = p:sums(0).answer
    check.ok(answers > 2 and answers < 39, answers)
    status, _, err = p:run("--set judge.max_cost=" .. cap)
    check.eq(status, 0, err)
    local published, quarantined = p:published()
    check.eq({ published, quarantined }, { answers + 1, 39 - answers })
    local money = p:billed()
    check.ok(money <= cap, money)
    check.near(p:figures().spent.cost / 1e9, money, 1e-6)
  end
end)

check.test("a wrong key, model or parameter costs one call and sends no batch", function()
  for fault, provider in pairs { auth = "anthropic", invalid = "anthropic", credit_balance = "openai" } do
    local p <close> = place(provider, { rows = 5, control = { script = { { match = "answer", fault = fault } } } })
    local status, _, err = p:run()
    check.eq({ status, p.server:stats().requests }, { 1, 1 }, err)
  end
end)

check.test("rows that are out are not judged at once, too", function()
  local p <close> = place("openai", { rows = 6, control = { batch = { polls = 5 } } })
  check.eq((p:run()), 1)
  local status, _, err = p:run "--set judge.mode=sync"
  check.eq(status, 1)
  check.contains(err, "5 rows are out in batches and would be paid twice: tamis judge collect first")
  check.eq(p.server:stats().model_requests, 1)
end)

-- ---- files of results ----

check.test("results that are cut off, no JSON or no file at all lose nothing, and can be given up", function()
  for fault, word in pairs { cut_body = "", half_json = "cut off", html = "no JSON" } do
    local p <close> = place("anthropic", { rows = 10, control = { batch = { polls = 0 } } })
    check.eq((p:run()), 1)
    p.server:control { script = { { path = "/results", fault = fault, times = 1 } } }
    local status, _, err = p:collect()
    check.eq(status, fault == "cut_body" and 0 or 1, fault)      -- what was cut on its way is fetched again at once
    check.contains(err, word)
    check.eq({ (p:collect()), (p:run()) }, { 0, 0 })
    check.eq({ p:published(), p.server:stats().rows.max_billed }, { 10, 1 }, fault)
    check.eq(fs.glob(p.dir .. "/.tamis/*.results.*"), {})
  end
end)

check.test("a batch that nobody knows any more is told, and given up only when asked to", function()
  local p <close> = place("anthropic", { rows = 5, control = { batch = { polls = 0 } } })
  check.eq((p:run()), 1)
  p.server:control { script = { { path = "/batches/", fault = "not_found" } } }
  local status, _, err = p:collect()
  check.eq(status, 1)
  check.contains(err, "its state cannot be had: status 404")
  status = p:collect "--cancel"
  check.eq(status, 0)
  p.server:control { script = {} }
  status, _, err = p:run()
  check.eq(status, 1)
  check.contains(err, "4 rows are sent")
end)

-- ---- many batches ----

--- Runs a command in a process whose batches are small, and whose pauses are short.
function Place:small(command, ...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = ("%q"):format(w) end
  check.write(self.dir .. "/small.lua", ([[
require "judge.batch.send".piece = 20000
local collect = require "judge.batch.collect"
collect.pace = { first = 0.02, grows = 2, most = 0.1 }
collect.room, collect.room_a_row = %s
os.exit(require %q.run { %s }, true)]]):format(self.room or "1 << 20, 1 << 17", command, table.concat(words, ", ")))
  return check.run(("cd %s && env %s %s small.lua"):format(q(self.dir), self:env(), q(fs.readlink "/proc/self/exe")))
end

check.test("many rows go in many batches, and --wait sees all of them to their ends", function()
  for _, provider in ipairs(PROVIDERS) do
    local p <close> = place(provider, { rows = 30, control = { batch = { polls = 2 } } })
    local status, _, err = p:small("cli.run", "recipe.lua", "--quiet", "--no-html", "--out", "out")
    check.eq(status, 1)
    local sent = tonumber(err:match "29 rows are sent to %a+ in (%d+) batches")
    check.ok(sent and sent >= 5, err)
    local out
    status, out, err = p:small("cli.judge", "collect", "--wait")
    check.eq({ status, err }, { 0, "" })
    check.contains(out, "29 answers, 0 refusals")
    status, _, err = p:run()
    check.eq(status, 0, err)
    check.eq({ p:published(), p.server:stats().rows.max_billed, p:figures().spent.batches }, { 30, 1, sent })
  end
end)

check.test("a file of results larger than its rows could fill is refused, and nothing of it is lost", function()
  local p <close> = place("openai", { rows = 10, control = { batch = { polls = 0 } } })
  check.eq((p:run()), 1)
  p.room = "1000, 1"
  local status, _, err = p:small("cli.judge", "collect")
  check.eq(status, 1)
  check.contains(err, "its results cannot be fetched")
  check.eq(p:sums(0).answer, 9)
end)

check.done()
