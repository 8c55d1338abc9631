--- fixture_judge: whole runs of a recipe with a judge stage against tests/judge_server, as a person would start them:
-- the program, its options, an environment of its own.
--   local j <close> = fixture.new()
--   local run = j:run { rows = { "[[score 5]]", … }, judge = 'model = "…"' }
--   run.status, run.err, run.base (its folder), run:states() -> { [i] = "scored" }
local check = require "check"
local fs = require "fs"
local json = require "json"
local judge = require "judge_server"
local store = require "store"

local Fixture = {}
Fixture.__index = Fixture
local M = { MODEL = 'model = "claude-haiku-4-5"', GPT = 'model = "gpt-4o-mini"' }

--- A server and a folder.
-- @param options  of the server's command line
function M.new(control, options)
  return setmetatable({ server = judge.start(control, options), dir = check.folder(), serial = 0 }, Fixture)
end

function Fixture:__close() self.server:stop() end

--- The text of rows: each its own, with what the server is to do in the output.
function M.lines(rows)
  local out = {}
  for i, marks in ipairs(rows) do
    out[i] = json.encode { id = i, input = ("Where do I find invoice %d of last year?"):format(i),
                           output = ("Under Billing, then Invoices, by its number. %s"):format(marks) }
  end
  return table.concat(out, "\n") .. "\n"
end

--- n times the same.
function M.times(n, marks)
  local out = {}
  for i = 1, n do out[i] = marks end
  return out
end

-- What the program is started with: nothing of the caller's environment but the path.
function Fixture:env(more)
  local env = { PATH = os.getenv "PATH", HOME = self.dir, ANTHROPIC_API_KEY = judge.ANTHROPIC_KEY,
                ANTHROPIC_BASE_URL = self.server.url, OPENAI_API_KEY = judge.OPENAI_KEY,
                OPENAI_BASE_URL = self.server.url .. "/v1", LSAN_OPTIONS = os.getenv "LSAN_OPTIONS" }
  for k, v in pairs(more or {}) do env[k] = v or nil end
  local out = {}
  for k, v in pairs(env) do out[#out + 1] = k .. "=" .. check.quote(v) end
  table.sort(out)
  return "env -i " .. table.concat(out, " ")
end

--- Writes a recipe in a folder of its own (its cache lies there) and its data.
-- @param o  rows = list of marks or text = the data; judge = the stage's parameters; folder = one from before
function Fixture:recipe(o)
  self.serial = self.serial + 1
  local folder = o.folder or ("%s/r%d"):format(self.dir, self.serial)
  assert(fs.mkdirs(folder))
  if o.rows or o.text then check.write(folder .. "/rows.jsonl", o.text or M.lines(o.rows)) end
  check.write(folder .. "/recipe.lua", ('local s = require "tamis"\nreturn s.recipe { name = "j", seed = 3, '
    .. 'sources = { "rows.jsonl" }, s.judge { canaries = 0, %s } }\n'):format(o.judge or M.MODEL))
  return folder
end

--- The command that runs it.
function Fixture:command(folder, o)
  return ("cd %s && exec %s %s run recipe.lua --out out --quiet --run-id %s %s"):format(check.quote(folder),
    self:env(o.env), check.tamis, o.id or "a", o.options or "--yes")
end

local Run = {}
Run.__index = Run

--- Runs it.
-- @param o  as `recipe`; env = more of the environment, false for less; options = of the command line (default --yes)
function Fixture:run(o)
  local folder = self:recipe(o)
  local status, out, err = check.run(self:command(folder, o))
  local run = self.folder_of(folder, o.id)
  run.status, run.out, run.err = status, out, err
  return run
end

--- What a run left in its folder.
function Fixture.folder_of(folder, id)
  return setmetatable({ folder = folder, base = ("%s/out/j/%s"):format(folder, id or "a") }, Run)
end

--- The state in which each row ended, by the row's number.
function Run:states()
  local db <close> = assert(store.open(self.base .. "/ledger.db", { readonly = true }))
  local out = {}
  for r in db:rows 'SELECT row, "@judge" AS state FROM rows ORDER BY row' do out[r.row] = r.state end
  return out
end

function Run:lineage() return assert(json.decode(check.read(self.base .. "/lineage.json"))) end

--- The bytes of a file of the run; empty where it has none.
function Run:bytes(name)
  local path = ("%s/%s.jsonl"):format(self.base, name)
  return fs.exists(path) and check.read(path) or ""
end

function Run:count(name)
  local _, n = self:bytes(name):gsub("\n", "")
  return n
end

--- Was anything of the run published?
function Run:wrote() return fs.exists(self.base) end

--- Runs a recipe, killed (SIGKILL) again and again at moments drawn from `seed`, until it has been killed so often;
-- then to its end.
-- @param folder   as `recipe` made it
-- @param longest  seconds: each is killed before that
-- @return  { kills = how often it was killed while it ran, status, err = of the last start, run }
function Fixture:killed(folder, o, kills, longest, seed)
  local random, n = seed, 0
  for _ = 1, kills do
    random = (random * 6364136223846793005 + 1442695040888963407) & 0x7fffffffffffffff
    local after = longest * ((random >> 30) % 100000) / 100000
    local _, out = check.run(("( %s ) >/dev/null 2>&1 & p=$!; sleep %.4f; kill -9 $p 2>/dev/null && echo killed; "
      .. "wait $p"):format(self:command(folder, o), after))
    if not out:find "killed" then break end
    n = n + 1
  end
  local status, _, err = check.run(self:command(folder, o))
  return { kills = n, status = status, err = err, run = self.folder_of(folder, o.id) }
end

--- How the results of two runs differ: the name of the first file whose bytes do; nil if none.
function M.difference(a, b)
  for _, name in ipairs { "curated", "rejected", "quarantined" } do
    if a:bytes(name) ~= b:bytes(name) then return name end
  end
end

M.key, M.openai_key = judge.ANTHROPIC_KEY, judge.OPENAI_KEY
return M
