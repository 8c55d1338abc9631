--- cache: what was paid for: one answer for each key, in SQLite, shared by any number of processes. Errors and replies
-- that could not be read are not answers and are not kept; a refusal is kept as one.
-- An answer stands on disk before the next is waited for: a process that is killed loses what was in flight alone.

local fs = require "fs"
local store = require "store"

local cache = {}
cache.__index = cache

local FORMAT = "1"   -- of the file
local MINE = 384     -- octal 0600

local TABLES = [[
CREATE TABLE IF NOT EXISTS answers (
  key TEXT PRIMARY KEY, kind TEXT NOT NULL, reply TEXT NOT NULL, input INTEGER, output INTEGER, cache_read INTEGER,
  cache_write INTEGER, cost INTEGER NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, served TEXT,
  request_id TEXT, rubric TEXT NOT NULL, at TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pinned (
  recipe TEXT NOT NULL, stage TEXT NOT NULL, n INTEGER NOT NULL, identity TEXT NOT NULL, data TEXT NOT NULL,
  cut INTEGER NOT NULL, marks TEXT NOT NULL, provider TEXT NOT NULL, model TEXT NOT NULL, rubric TEXT NOT NULL,
  version INTEGER NOT NULL, at TEXT NOT NULL, PRIMARY KEY (recipe, stage, identity)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;]]

--- The first row of a query; nil where it has none.
local function first(db, ...)
  local next_row, state, start, _ <close> = db:rows(...)
  return next_row(state, start)
end

cache.NOWHERE = ":memory:"   -- where nothing may be written

-- The first to open a file makes its log and the last to close it takes it away; SQLite refuses whoever opens it
-- meanwhile. So both happen one process at a time.
local function alone(path)
  if path == cache.NOWHERE then return nil end
  return fs.lock_folder(path:match "^(.*)/[^/]*$" or ".")
end

--- Opens the file, or makes it (mode 0600: it holds what models said of rows). Write-ahead, so that a reader and a
-- writer do not wait for each other; killed processes lose nothing that was committed.
-- @return  the cache; or nil and a sentence
function cache.open(path)
  local ok, err, db
  if path ~= cache.NOWHERE then
    ok, err = fs.touch(path, MINE)   -- another process may do the same now: neither may replace the other's file
    if not ok then return nil, err end
  end
  local _ <close> = alone(path)
  db, err = store.open(path)
  if not db then return nil, ("%s: %s"):format(path, err) end
  ok, err = pcall(function()
    first(db, "PRAGMA journal_mode = WAL")
    assert(db:exec "PRAGMA synchronous = NORMAL")
    assert(db:exec(TABLES))
    assert(db:exec("INSERT OR IGNORE INTO meta VALUES ('format', ?)", FORMAT))
    local format = first(db, "SELECT value FROM meta WHERE name = 'format'").value
    if format ~= FORMAT then error(("its format is %s, this program reads %s"):format(format, FORMAT), 0) end
  end)
  if not ok then
    db:close()
    return nil, ("%s is no cache of judgements: %s"):format(path, tostring(err))
  end
  return setmetatable({ db = db, path = path, open = false }, cache)
end

local ANSWER = "SELECT kind, reply, input, output, cache_read, cache_write, cost, served FROM answers WHERE key = ?"

--- The answer of a key: { kind = "answer"|"refusal", reply, input, output, cache_read, cache_write, cost, served }.
function cache:get(key)
  return first(self.db, ANSWER, key)
end

--- Is there an answer of that key? (Of that kind, where one is named.)
function cache:holds(key, kind)
  local row = first(self.db, "SELECT kind FROM answers WHERE key = ?", key)
  return row ~= nil and (kind == nil or row.kind == kind)
end

--- What is written from here on is on disk after `commit`.
function cache:begin()
  if self.open then return end
  assert(self.db:exec "BEGIN IMMEDIATE")
  self.open = true
end

--- Keeps an answer; it is on disk after `commit`.
-- @param a  { kind, reply, usage, cost, provider, model, served, request_id, rubric }
function cache:put(key, a)
  self:begin()
  local u = a.usage or {}
  assert(self.db:exec("INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", key, a.kind,
    a.reply, u.input, u.output, u.cache_read, u.cache_write, a.cost or 0, a.provider, a.model, a.served,
    a.request_id, a.rubric, fs.utc()))
end

function cache:commit()
  if not self.open then return end
  self.open = false
  assert(self.db:exec "COMMIT")
end

--- Forgets an answer: a refusal that is to be asked again.
function cache:forget(key) assert(self.db:exec("DELETE FROM answers WHERE key = ?", key)) end

--- The pinned rows of a stage, in their order (judge/trust/drift.lua).
-- @return  a list of { identity, data, cut, marks = JSON, provider, model, rubric = SHA-256, version, at }
function cache:pins(recipe, stage)
  local out = {}
  for row in self.db:rows("SELECT * FROM pinned WHERE recipe = ? AND stage = ? ORDER BY n", recipe, stage) do
    out[#out + 1] = row
  end
  return out
end

--- Pins a row; it is on disk after `commit`.
-- @param pin  { n, identity, data, cut, marks, who = { provider, model, rubric, version } }
function cache:pin(recipe, stage, pin)
  self:begin()
  local who = pin.who
  assert(self.db:exec("INSERT OR IGNORE INTO pinned VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", recipe, stage, pin.n,
    pin.identity, pin.data, pin.cut and 1 or 0, pin.marks, who.provider, who.model, who.rubric, who.version, fs.utc()))
end

--- How long a model's replies by a rubric were, in tokens: { n, sum, squares }.
function cache:replies(rubric, model)
  return first(self.db, "SELECT count(output) AS n, total(output) AS sum, total(output * output) AS squares "
    .. "FROM answers WHERE rubric = ? AND model = ? AND kind = 'answer'", rubric, model)
end

--- How many answers it holds.
function cache:count()
  return first(self.db, "SELECT count(*) AS n FROM answers").n
end

function cache:close()
  if not self.db then return end
  self:commit()
  local _ <close> = alone(self.path)
  self.db:close()
  self.db = nil
end
cache.__close = cache.close

return cache
