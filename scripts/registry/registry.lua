--- registry: dataset versions and the training runs that used them, in one SQLite file with a
-- JSON mirror beside it that is written with every change, sorted and one value a line, so that
-- a code review shows what changed.

local fs = require "fs"
local hash_file = require "hash_file"
local json = require "json"
local store = require "store"

local registry = {}
registry.__index = registry

registry.DEFAULT = ".tamis/registry.db"

local SCHEMA = {
  [[CREATE TABLE IF NOT EXISTS datasets (
      id INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, fingerprint TEXT NOT NULL,
      kind TEXT NOT NULL, path TEXT NOT NULL, rows INTEGER, bytes INTEGER, run_id TEXT, lineage TEXT,
      notes TEXT, created_at TEXT NOT NULL, UNIQUE (name, version))]],
  [[CREATE TABLE IF NOT EXISTS training_runs (
      id INTEGER PRIMARY KEY, training_run TEXT NOT NULL UNIQUE, dataset INTEGER NOT NULL REFERENCES datasets,
      model TEXT, params TEXT, notes TEXT, created_at TEXT NOT NULL)]],
}

local function query(db, sql, ...)
  local out = {}
  for row in db:rows(sql, ...) do out[#out + 1] = row end
  return out
end

local function execute(db, sql, ...)
  local ok, err = db:exec(sql, ...)
  if not ok then error({ message = err }, 0) end
end

--- Opens a registry; `make` creates it where there is none.
-- @return  nil and a message if it cannot be opened
function registry.open(path, make)
  path = path or registry.DEFAULT
  if not make and not fs.exists(path) then
    return nil, ("no registry at %s: tamis registry add makes one"):format(path)
  end
  if make then
    local folder = path:match("^(.+)/[^/]*$")
    if folder then
      local ok, err = fs.mkdirs(folder)
      if not ok then return nil, err end
    end
  end
  local db, err = store.open(path)
  if not db then return nil, err end
  local self = setmetatable({ db = db, path = path, mirror = (path:gsub("%.db$", "")) .. ".json" }, registry)
  for _, sql in ipairs(SCHEMA) do
    local ok, failure = db:exec(sql)
    if not ok then return nil, failure end
  end
  return self
end

function registry:close()
  if self.db.close then self.db:close() end
end

-- ---- the mirror ----

local function decoded(text) return text and json.decode(text) or nil end

local function dataset_of(row)
  row.lineage = decoded(row.lineage)
  return row
end

--- All datasets in order of name and time of adding.
function registry:datasets(name)
  local rows
  if name then rows = query(self.db, "SELECT * FROM datasets WHERE name = ? ORDER BY id", name)
  else rows = query(self.db, "SELECT * FROM datasets ORDER BY name, id") end
  for _, row in ipairs(rows) do dataset_of(row) end
  return rows
end

--- Training runs, of one dataset or all, in order of linking.
function registry:training_runs(dataset)
  local sql = "SELECT t.*, d.name AS name, d.version AS version FROM training_runs t "
    .. "JOIN datasets d ON d.id = t.dataset"
  local rows
  if dataset then rows = query(self.db, sql .. " WHERE t.dataset = ? ORDER BY t.id", dataset)
  else rows = query(self.db, sql .. " ORDER BY t.id") end
  for _, row in ipairs(rows) do row.params = decoded(row.params) or {} end
  return rows
end

function registry:mirror_text()
  local datasets, runs = self:datasets(), self:training_runs()
  local out = { datasets = json.array {}, training_runs = json.array {} }
  for i, d in ipairs(datasets) do
    out.datasets[i] = { name = d.name, version = d.version, fingerprint = d.fingerprint, kind = d.kind, path = d.path,
                        rows = d.rows, bytes = d.bytes, run_id = d.run_id, lineage = d.lineage,
                          notes = d.notes, created_at = d.created_at }
  end
  for i, t in ipairs(runs) do
    out.training_runs[i] = { training_run = t.training_run, dataset = t.name .. "@" .. t.version, model = t.model,
                             params = next(t.params) and t.params or nil, notes = t.notes, created_at = t.created_at }
  end
  return json.encode(out, "  ") .. "\n"
end

-- Makes a change and its mirror together, or neither.
local function change(self, fn)
  execute(self.db, "BEGIN IMMEDIATE")
  local ok, a, b = pcall(function()
    local x, y = fn()
    if x == nil then error({ message = y }, 0) end
    local written, err = fs.write(self.mirror, self:mirror_text())
    if not written then error({ message = err }, 0) end
    return x, y
  end)
  if ok then
    execute(self.db, "COMMIT")
    return a, b
  end
  pcall(self.db.exec, self.db, "ROLLBACK")
  if type(a) == "table" and a.message then return nil, a.message end
  error(a, 0)
end

-- ---- changes ----

local function next_version(versions)
  local most = 0
  for _, d in ipairs(versions) do
    most = math.max(most, math.tointeger(tonumber(d.version:match "^v(%d+)$")) or 0)
  end
  return "v" .. (most + 1)
end

--- Adds a dataset version.
-- @param d  name, fingerprint, kind ("file" or "run"), path; version, rows, bytes, run_id,
--           lineage, notes as known
-- @return  the dataset and true; the dataset and false where that version stands already with
--          the same fingerprint; nil and a message where it stands with another
function registry:add(d)
  return change(self, function()
    local versions = self:datasets(d.name)
    for _, known in ipairs(versions) do
      if known.fingerprint == d.fingerprint and (d.version == nil or d.version == known.version) then
        return known, false
      end
      if d.version ~= nil and known.version == d.version then
        return nil, ("%s@%s is registered with another fingerprint; versions never change, choose another")
          :format(d.name, d.version)
      end
    end
    local version = d.version or next_version(versions)
    execute(self.db,
      [[INSERT INTO datasets (name, version, fingerprint, kind, path, rows, bytes, run_id, lineage, notes, created_at)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)]], d.name, version, d.fingerprint, d.kind, d.path, d.rows, d.bytes,
      d.run_id, d.lineage and json.encode(d.lineage) or nil, d.notes, fs.utc())
    return self:find(d.name, version), true
  end)
end

--- The dataset of a name and version; the newest where no version is given.
-- @param name  "helpdesk", or "helpdesk@v2"
-- @return  nil and a message that names what is near
function registry:find(name, version)
  if version == nil then
    local n, v = name:match("^(.+)@([^@]+)$")
    if n then name, version = n, v end
  end
  local versions = self:datasets(name)
  if #versions == 0 then
    local names, seen = {}, {}
    for _, d in ipairs(self:datasets()) do
      if not seen[d.name] then seen[d.name], names[#names + 1] = true, d.name end
    end
    return nil, ("no dataset %s in %s, which has %s"):format(name, self.path,
      #names > 0 and table.concat(names, ", ") or "none")
  end
  if version == nil then return versions[#versions] end
  local known = {}
  for i, d in ipairs(versions) do
    if d.version == version then return d end
    known[i] = d.version
  end
  return nil, ("%s has no version %s, only %s"):format(name, version, table.concat(known, ", "))
end

--- Links a training run to the dataset version it used; linking it again replaces the record.
function registry:link(dataset, t)
  return change(self, function()
    execute(self.db, "DELETE FROM training_runs WHERE training_run = ?", t.training_run)
    execute(self.db,
      "INSERT INTO training_runs (training_run, dataset, model, params, notes, created_at) VALUES (?, ?, ?, ?, ?, ?)",
      t.training_run, dataset.id, t.model, next(t.params or {}) and json.encode(t.params) or nil, t.notes, fs.utc())
    return true
  end)
end

-- ---- fingerprints ----

--- What to register for a path: a file, or a run folder.
-- @return  a table for `add` without name and notes, and the name it suggests; nil and a message
function registry.describe(path)
  local st, err = fs.stat(path)
  if not st then return nil, err end
  if st.type == "file" then
    local fingerprint, bytes = hash_file.sha256(path)
    if not fingerprint then return nil, bytes end
    local name = path:match("[^/]*$"):gsub("%.gz$", ""):gsub("%.zst$", ""):gsub("%.[^.]+$", "")
    return { kind = "file", path = path, fingerprint = fingerprint, bytes = bytes }, name
  end
  local text = fs.read(path .. "/lineage.json")
  local lineage = text and json.decode(text)
  if not lineage then return nil, path .. " is no run folder: it has no lineage.json" end
  local short = { run_id = lineage.run_id, created_at = lineage.created_at, recipe = registry.recipe_hashes(lineage),
                  sources = lineage.sources, output_files = lineage.output_files }
  return { kind = "run", path = path, fingerprint = lineage.fingerprint, rows = lineage.final_count,
           run_id = lineage.run_id, lineage = short }, lineage.dataset_name
end

--- Path and SHA-256 of each Lua file of a recipe, without the text.
function registry.recipe_hashes(lineage)
  local out = {}
  for i, file in ipairs(type(lineage.recipe) == "table" and (lineage.recipe.files or lineage.recipe) or {}) do
    if type(file) == "table" then out[i] = { path = file.path, sha256 = file.sha256 } end
  end
  return #out > 0 and out or nil
end

-- Checks the files of a run against the digests its lineage had when it was registered.
local function verify_files(d)
  for _, file in ipairs((d.lineage or {}).output_files or {}) do
    local name = file.path or file.name
    local digest, err = hash_file.sha256(d.path .. "/" .. name)
    if not digest then return false, err end
    if digest ~= file.sha256 then return false, ("%s/%s has changed since it was registered"):format(d.path, name) end
  end
  return true
end

--- Does a dataset still have the bytes it was registered with?
-- @return  true; or false and what differs
function registry.verify(d)
  local now, err = registry.describe(d.path)
  if not now then return false, err end
  if now.fingerprint ~= d.fingerprint then
    return false, ("%s has the fingerprint %s, registered was %s"):format(d.path, tostring(now.fingerprint),
      d.fingerprint)
  end
  if d.kind == "run" then return verify_files(d) end
  return true
end

return registry
