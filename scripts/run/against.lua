--- against: the earlier runs that near_dedup compares rows with, found and opened.
-- A run is named as other commands name it: NAME/ID, NAME or `latest` under --out, an ID of the same
-- dataset, or a path, as a source is. Only its neardup.idx is needed; a run without one is read again.

local corpus = require "corpus"
local fs = require "fs"
local hash_file = require "hash_file"
local index = require "neardup_index"
local json = require "json"
local nearest = require "nearest"
local open = require "recipe.open"
local screen = require "report.screen"
local store = require "store"

local against = {}

local INDEX = "neardup.idx"
against.INDEX = INDEX

--- The runs that the parameter names, as a list.
function against.list(value)
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

local function is_run(dir) return fs.exists(dir .. "/" .. INDEX) or fs.exists(dir .. "/lineage.json") end

--- The folder, or the index alone, that a path means; nil if there is none.
local function at(path)
  path = path:gsub("(.)/+$", "%1")
  local st = fs.stat(path)
  if st and st.type == "file" then return path end
  if is_run(path) then return path end
  if is_run(path .. "/latest") then return path .. "/latest" end
end

--- Where a run of that name may lie, in the order in which they are tried.
local function places(name, where)
  local out = {}
  local function add(path) out[#out + 1] = path end
  if not name:find "^%.*/" then
    if where.name then add(where.out .. "/" .. where.name .. "/" .. name) end
    add(where.out .. "/" .. name)
  end
  add(open.join(where.folder, name))
  add(name)
  return out
end

--- The runs under --out as they may be named.
local function names_under(out)
  local names = {}
  for _, dir in ipairs(fs.glob(out .. "/*/*")) do
    if is_run(dir) then names[#names + 1] = dir:sub(#out + 2) end
  end
  return names
end

--- Finds a run.
-- @param where  { out = "curated", name = the dataset's, folder = the recipe's, own = this run's folder }
-- @return  its folder, or its index where that is all there is, and whether another run may have that
--   name later; or nil and a sentence
function against.find(name, where)
  for _, path in ipairs(places(name, where)) do
    local found = at(path)
    if found then
      local real = fs.realpath(found) or found
      if where.own and real == (fs.realpath(where.own) or where.own) then
        return nil, ("against = %q is this very run: name an earlier one"):format(name)
      end
      if not found:find "/latest$" then return found end
      return found:sub(1, -#"latest" - 1) .. real:match "[^/]*$", true
    end
  end
  local near = nearest(name, names_under(where.out))
  return nil, ("against = %q: no run of that name under %s, and no run folder of that path%s"):format(name, where.out,
    near and ('; did you mean "%s"?'):format(near) or "")
end

local OTHER = "%s/%s was indexed by %s = %s, and this run compares %s = %s: give near_dedup those of the index, "
  .. "or run that recipe again with these and --replace"

local function quoted(list) return '{ "' .. table.concat(list, '", "') .. '" }' end

--- Does the index hold what is compared here?
local function check_params(info, p)
  local held = {}
  for _, name in ipairs(info.fields) do held[name] = true end
  for _, name in ipairs(p.fields) do
    if not held[name] then
      return nil, OTHER:format(info.dataset, info.run, "fields", quoted(info.fields), "fields", quoted(p.fields))
    end
  end
  if info.turns ~= p.turns then
    return nil, OTHER:format(info.dataset, info.run, "turns", tostring(info.turns), "turns", tostring(p.turns))
  end
  return true
end

--- The index of what was found; the file need not be there.
local function index_of(found)
  local st = fs.stat(found)
  return st and st.type == "file" and found or found .. "/" .. INDEX
end

--- Finds a run and holds what its index says of itself against a stage's parameters.
local function look_at(name, p, where)
  local found, err = against.find(name, where)
  if not found then return nil, err end
  local file = index_of(found)
  if not fs.exists(file) then return true end
  local info
  info, err = index.peek(file)
  if not info then return nil, err end
  return check_params(info, p)
end

--- All runs that the stages of a plan name, looked for, their indexes looked into.
-- @return  how many will do, and a list of sentences about those that will not
function against.look(plan, where)
  local good, faults = 0, {}
  for _, entry in ipairs(plan.stages) do
    for _, name in ipairs(against.list(entry.params.against)) do
      local ok, err = look_at(name, entry.params, where)
      if ok then good = good + 1
      else faults[#faults + 1] = entry.line > 0 and ("%s:%d: %s: %s"):format(entry.file, entry.line, entry.name, err)
        or ("%s: %s"):format(entry.name, err) end
    end
  end
  return good, faults
end

-- ---- a run without an index ----

--- Where a session without a run of its own looks.
against.here = { out = "curated", folder = "." }

local AGAIN = "run it again with near_dedup.index = true and --replace"

--- What a run's lineage.json says; nil and a message if it is none.
function against.record_of(dir)
  local text, err = fs.read(dir .. "/lineage.json", 256 << 20)
  if not text then return nil, err end
  local record = json.decode(text)
  if type(record) ~= "table" or type(record.output_files) ~= "table" then
    return nil, dir .. "/lineage.json is no record of a run"
  end
  return record
end

--- The format of a run's kept rows: what export wrote, else what all its sources have; nil if they differ.
function against.format_of(record)
  local config = record.config or {}
  for _, stage in ipairs(config.stages or {}) do
    if stage.stage == "export" and type((stage.params or {}).format) == "string" then return stage.params.format end
  end
  local format
  for i, source in ipairs(record.sources or {}) do
    local given = (config.sources or {})[i]
    local mine = type(given) == "table" and type(given.format) == "table" and given.format or source.format
    if format == nil then format = mine
    elseif json.encode(format) ~= json.encode(mine) then return nil end
  end
  return format
end

--- Where each kept row was read, by the run's ledger; nil if that is gone.
local function places_of(dir, files)
  local db = fs.exists(dir .. "/ledger.db") and store.open(dir .. "/ledger.db", { readonly = true })
  if not db then return nil end
  local paths, numbers, rows = {}, {}, {}
  local ok = pcall(function()
    for s in db:rows "SELECT source, path FROM sources ORDER BY source" do
      paths[#paths + 1], numbers[s.source] = s.path, #paths + 1
    end
    for _, name in ipairs(files) do
      for r in db:rows([[SELECT source, line FROM rows WHERE output = (SELECT output FROM outputs WHERE name = ?)
                         ORDER BY output_line]], name) do
        rows[#rows + 1] = { numbers[r.source], r.line }
      end
    end
  end)
  db:close()
  if ok then return paths, rows end
end

--- The same index in memory, from the rows that the run wrote.
local function rebuild(dir, p, pool)
  local record, err = against.record_of(dir)
  if not record then return nil, err end
  local run = ("%s/%s"):format(record.dataset_name, record.run_id)
  local format = against.format_of(record)
  if not format then
    return nil, ("%s left no %s, and its sources have different formats: %s"):format(run, INDEX, AGAIN)
  end
  local list, files = {}, {}
  for _, f in ipairs(record.output_files) do
    if f.kept == true and f.rows > 0 then
      list[#list + 1], files[#files + 1] = { path = dir .. "/" .. f.path, format = format }, f.path
    end
  end
  if #list == 0 then return nil, ("%s kept no row: there is nothing to compare with"):format(run) end
  local ok, view, fault = pcall(corpus.load, { sources = list, formats = require "formats.all", pool = pool })
  if not ok or not view then
    return nil, ("%s left no %s, and its rows cannot be read (%s)"):format(run, INDEX, tostring(ok and fault or view))
  end
  local x
  x, err = index.of_view(view, { fields = p.fields, turns = p.turns, dataset = record.dataset_name,
                               run = record.run_id }, pool)
  if not x then return nil, err end
  local paths, rows = places_of(dir, files)
  if paths and #rows == #view and view:counts() == #view then x:set_places(paths, rows) end
  return x, ("%s left no %s: its rows were read again (near_dedup { index = true } leaves one)"):format(run, INDEX)
end

-- ---- opening ----

local function open_one(name, p, where, pool)
  local path, moves = against.find(name, where)
  if not path then return nil, moves end
  local file = index_of(path)
  local x, err, note
  if fs.exists(file) then x, err = index.open(file, pool)
  else
    x, note = rebuild(path, p, pool)
    err = note
  end
  if not x then return nil, err end
  local info = x:info()
  local good
  good, err = check_params(info, p)
  if not good then return nil, err end
  return x, { run = info.dataset .. "/" .. info.run, path = fs.realpath(path) or path, rows = info.rows,
              sha256 = not note and hash_file.sha256(file) or nil }, note, moves == true
end

--- Opens the runs that a stage names.
-- @param p  its parameters: against, fields, turns
-- @return  a list of indexes, of records for the lineage, of notes; or nil and a sentence
function against.open(p, where, pool)
  local indexes, records, notes = {}, {}, {}
  for _, name in ipairs(against.list(p.against)) do
    local x, record, note, moves = open_one(name, p, where, pool)
    if not x then return nil, record end
    indexes[#indexes + 1], records[#records + 1] = x, record
    if note then notes[#notes + 1] = "near_dedup: " .. note end
    if moves then
      notes[#notes + 1] = ("near_dedup: against = %q was %s this time (%s); a name with its ID stays the same")
        :format(name, record.run, screen.count(record.rows, "row"))
    end
  end
  return indexes, records, notes
end

return against
