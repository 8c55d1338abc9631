--- batches: what is out at a provider, noted in the judge's cache file: each batch, and of each of its rows the key,
-- the id that its reply must give back, and how it came back. The file is all that collecting needs, on any machine.
-- A batch is noted before it is sent (state "intent"), so that a crash between the two is found out later; then it is
-- "sent", "collected", or "void" where the provider never had it. Rows of one judge stage share a `job`; once its run
-- has used them they are `closed`: their money and failures count no more.

local fs = require "fs"
local json = require "json"

local batches = {}
batches.__index = batches

local CUSTOM = 32   -- hexadecimal digits of a row's key that name it to the provider
local TABLES = [[
CREATE TABLE IF NOT EXISTS batches (
  mark TEXT PRIMARY KEY, state TEXT NOT NULL, id TEXT, provider TEXT NOT NULL, url TEXT NOT NULL, model TEXT NOT NULL,
  digest TEXT NOT NULL, rubric TEXT NOT NULL, price TEXT NOT NULL, job TEXT NOT NULL, closed INTEGER NOT NULL,
  nrows INTEGER NOT NULL, worst INTEGER NOT NULL, cost INTEGER NOT NULL, at INTEGER NOT NULL, denied TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS batch_rows (
  mark TEXT NOT NULL, custom TEXT NOT NULL, key TEXT NOT NULL, id TEXT NOT NULL, cut INTEGER NOT NULL,
  max_tokens INTEGER NOT NULL, worst INTEGER NOT NULL, state TEXT NOT NULL, why TEXT,
  PRIMARY KEY (mark, custom)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS batch_rows_key ON batch_rows (key);
CREATE TABLE IF NOT EXISTS batch_caps (job TEXT PRIMARY KEY, cap INTEGER NOT NULL) WITHOUT ROWID;]]

--- The name of a row in a batch.
function batches.custom(key) return key:sub(1, CUSTOM) end

--- The batches of a cache.
-- @param cache  an open one (judge/ask/cache.lua)
function batches.of(cache)
  assert(cache.db:exec(TABLES))
  return setmetatable({ cache = cache, db = cache.db }, batches)
end

local function list(self, ...)
  local out = {}
  for row in self.db:rows(...) do out[#out + 1] = row end
  return out
end

local function first(self, ...) return list(self, ...)[1] end

--- One process at a time sends or collects.
-- @return  a lock to close; or nil and a sentence
function batches:lock()
  local lock, err, code = fs.lock(self.cache.path .. ".batches")
  if lock then return lock end
  return nil, code == "EAGAIN" and ("another process sends or collects batches of %s"):format(self.cache.path) or err
end

-- Runs fn as one transaction. What stands in it is in the file itself when it returns, not only in its log, so that
-- a copy of the file alone is whole.
local function whole(self, fn)
  self.cache:commit()
  assert(self.db:exec "BEGIN IMMEDIATE")
  local ok, err = pcall(fn)
  assert(self.db:exec(ok and "COMMIT" or "ROLLBACK"))
  if not ok then error(err, 0) end
  first(self, "PRAGMA wal_checkpoint(TRUNCATE)")
end

-- ---- sending ----

-- What is needed of a rubric to read replies by it.
local function readable(rubric)
  local dimensions = json.array {}
  for i, d in ipairs(rubric) do dimensions[i] = { name = d.name, min = d.min, max = d.max, weight = d.weight } end
  return json.encode { name = rubric.name, version = rubric.version, dimensions = dimensions, topics = rubric.topics }
end

local function add(self, b, state, rows, cost)
  local mark, worst = fs.random(32), 0
  for _, r in ipairs(rows) do worst = worst + r.worst end
  local of_rubric, price = readable(b.rubric), json.encode(b.price)
  whole(self, function()
    assert(self.db:exec("INSERT INTO batches VALUES (?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?, ?, '')", mark, state,
      b.provider, b.url, b.model, b.digest, of_rubric, price, b.job, #rows, worst, cost, math.floor(fs.time())))
    for _, r in ipairs(rows) do
      assert(self.db:exec("INSERT INTO batch_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", mark, batches.custom(r.key),
        r.key, r.id, r.cut and 1 or 0, r.max_tokens, r.worst, r.state or "out", r.why))
    end
  end)
  return mark
end

--- Notes what is about to be sent.
-- @param b     provider, url, model, digest, rubric, price (tables), job
-- @param rows  list of { key, id, cut, max_tokens, worst }
-- @return  the batch's mark
function batches:intend(b, rows) return add(self, b, "intent", rows, 0) end

--- Notes rows of a job that were asked at once, so that neither they nor their money are forgotten.
-- @param rows  list of { key, id, cut, max_tokens, worst = 0, state, why }: those that got no answer
function batches:asked(b, rows, cost) add(self, b, "collected", rows, cost) end

--- The provider has it, under this id.
function batches:sent(mark, id)
  whole(self, function() assert(self.db:exec("UPDATE batches SET state = 'sent', id = ? WHERE mark = ?", id, mark)) end)
end

--- The provider never had it: its rows are free again, its money too.
function batches:void(mark)
  whole(self, function()
    assert(self.db:exec("UPDATE batches SET state = 'void', worst = 0 WHERE mark = ?", mark))
    assert(self.db:exec("DELETE FROM batch_rows WHERE mark = ?", mark))
  end)
end

--- The batch of that id at the provider is not the one that was looked for.
function batches:deny(mark, id)
  whole(self, function()
    assert(self.db:exec("UPDATE batches SET state = 'intent', id = NULL, denied = denied || ? WHERE mark = ?",
      id .. " ", mark))
  end)
end

-- ---- collecting ----

--- Those that are not at an end, the oldest first. A mark becomes part of a file's name: one that this program did not
-- draw, in a cache that somebody else made, is none.
function batches:out()
  return list(self, "SELECT * FROM batches WHERE state IN ('intent', 'sent') AND mark <> '' "
    .. "AND mark NOT GLOB '*[^a-z0-9]*' ORDER BY at, rowid")
end

--- Does a batch of this file have that id?
function batches:knows(provider, id)
  return first(self, "SELECT 1 AS yes FROM batches WHERE provider = ? AND id = ?", provider, id) ~= nil
end

--- A row of a batch: { key, id, cut, max_tokens, worst, state }; nil for what is none of it.
function batches:row(mark, custom)
  return first(self, "SELECT key, id, cut, max_tokens, worst, state FROM batch_rows WHERE mark = ? AND custom = ?",
    mark, custom)
end

--- The names of a batch's rows that have not come back: an iterator.
function batches:rows_out(mark)
  local rows, i = list(self, "SELECT custom FROM batch_rows WHERE mark = ? AND state = 'out'", mark), 0
  return function()
    i = i + 1
    return rows[i] and rows[i].custom
  end
end

--- How a row came back, for money of so many billionths of a dollar. On disk after the cache's `commit`, together with
-- its answer.
function batches:came(mark, custom, state, why, cost)
  self.cache:begin()
  assert(self.db:exec("UPDATE batch_rows SET state = ?, why = ? WHERE mark = ? AND custom = ?", state, why, mark,
    custom))
  assert(self.db:exec("UPDATE batches SET cost = cost + ? WHERE mark = ?", cost, mark))
end

--- All that the provider had is here. Rows that are still out are missing: what they cost nobody knows, so all of it.
-- @return  how many are
function batches:collected(mark)
  local missing
  whole(self, function()
    missing = first(self, "SELECT count(*) AS n, coalesce(sum(worst), 0) AS worst FROM batch_rows WHERE mark = ? AND "
      .. "state = 'out'", mark)
    assert(self.db:exec("UPDATE batch_rows SET state = 'missing' WHERE mark = ? AND state = 'out'", mark))
    assert(self.db:exec("UPDATE batches SET state = 'collected', cost = cost + ? WHERE mark = ?", missing.worst, mark))
  end)
  return missing.n
end

-- ---- a job ----

--- What became of a key in the open batches of its job, the oldest first: list of { state, why, max_tokens }.
function batches:fates(job, key)
  return list(self, "SELECT r.state, r.why, r.max_tokens FROM batch_rows r JOIN batches b ON b.mark = r.mark "
    .. "WHERE r.key = ? AND b.job = ? AND b.closed = 0 ORDER BY b.at, b.rowid", key, job)
end

--- Is a row out, in whatever job?
function batches:is_out(key)
  return first(self, "SELECT 1 AS yes FROM batch_rows WHERE key = ? AND state = 'out'", key) ~= nil
end

--- Is anything out at all?
function batches:any_out()
  return first(self, "SELECT 1 AS yes FROM batches WHERE state IN ('intent', 'sent')") ~= nil
end

--- What a job's open batches have cost, and may still cost at most.
-- @return  { n, rows, cost, worst, out = batches that are out }
function batches:spent(job)
  return first(self, [[SELECT count(id) AS n, coalesce(sum(CASE WHEN id IS NULL THEN 0 ELSE nrows END), 0) AS rows,
    coalesce(sum(cost), 0) AS cost,
    coalesce(sum(CASE WHEN state IN ('intent', 'sent') THEN worst ELSE 0 END), 0) AS worst,
    coalesce(sum(state IN ('intent', 'sent')), 0) AS out
    FROM batches WHERE job = ? AND closed = 0 AND state <> 'void']], job)
end

--- The cap that kept rows of a job from being sent: billionths of a dollar; nil where none did.
function batches:cap(job)
  local row = first(self, "SELECT cap FROM batch_caps WHERE job = ?", job)
  return row and row.cap
end

function batches:set_cap(job, cap)
  whole(self, function() assert(self.db:exec("INSERT OR REPLACE INTO batch_caps VALUES (?, ?)", job, cap)) end)
end

--- A run has used what the job's batches brought.
function batches:close(job)
  whole(self, function()
    assert(self.db:exec("UPDATE batches SET closed = 1 WHERE job = ? AND state IN ('collected', 'void')", job))
    assert(self.db:exec("DELETE FROM batch_caps WHERE job = ?", job))
  end)
end

return batches
