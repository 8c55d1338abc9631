--- mode = "batch" and tamis judge collect against the test server, whose books say what was paid.

local check = require "check"
local fs = require "fs"
local json = require "json"
local judge_server = require "judge_server"

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
    out[i] = json.encode { input = ("question %d?"):format(i), output = ("[[row r%d]] %s"):format(i, text) }
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
  for _, provider in ipairs(PROVIDERS) do
    local p <close> = place(provider, { rows = 12, control = { batch = { polls = 1 } } })
    check.eq((p:run()), 1)
    check.eq((p:run()), 1)      -- the first poll
    local status, _, err = p:run()
    check.eq(status, 0, err)
    check.eq(p:published(), 12)
    check.eq(p.server:stats().rows.max_billed, 1)
  end
end)

check.done()
