--- store: vectors that were paid for, in the judge's cache file (judge/ask/cache.lua), each by a hash of all that was
-- sent for it: server, model, number of dimensions, text. Floats of 32 bits, little-endian.

local estimate = require "judge.money.estimate"
local fs = require "fs"

local store = {}
store.__index = store

local TABLES = [[
CREATE TABLE IF NOT EXISTS embeddings (
  key TEXT PRIMARY KEY, vector BLOB NOT NULL, model TEXT NOT NULL, served TEXT, bytes INTEGER NOT NULL,
  tokens REAL, cost REAL NOT NULL, at TEXT NOT NULL);]]
local LEARN = 2000   -- texts whose tokens are looked up to learn how the model counts

--- The vectors of a cache.
-- @param cache  an open one
function store.of(cache)
  assert(cache.db:exec(TABLES))
  return setmetatable({ cache = cache, db = cache.db }, store)
end

local function first(self, ...)
  local next_row, state, start, _ <close> = self.db:rows(...)
  return next_row(state, start)
end

function store:holds(key) return first(self, "SELECT 1 AS yes FROM embeddings WHERE key = ?", key) ~= nil end

--- @return  { vector = bytes, served, cost = billionths of a dollar }; or nil
function store:get(key) return first(self, "SELECT vector, served, cost FROM embeddings WHERE key = ?", key) end

--- Keeps one; it is on disk after the cache's `commit`.
-- @param e  { vector, model, served, bytes = of the text, tokens = its share of the request's or nil, cost }
function store:put(key, e)
  self.cache:begin()
  assert(self.db:exec("INSERT OR REPLACE INTO embeddings VALUES (?, CAST(? AS BLOB), ?, ?, ?, ?, ?, ?)", key, e.vector,
    e.model, e.served, e.bytes, e.tokens, e.cost, fs.utc()))
end

--- How many bytes make a token of this model: { low, mid, high }, and of how many texts; nil where they are too few.
function store:bytes_a_token(model)
  local list = {}
  for row in self.db:rows("SELECT bytes, tokens FROM embeddings WHERE model = ? AND tokens IS NOT NULL LIMIT ?", model,
                          LEARN) do list[#list + 1] = row end
  return estimate.bytes_a_token(list), #list
end

return store
