--- beside: rows that are no part of a run, and that a stage holds its rows against: a sample of production queries.
-- A name is a path beside the file of the recipe that gives it, as of a model (run/models.lua). A known format is
-- found by itself; else the keys are mapped as `tamis init` would; a lone text is the input, since it was asked.

local fs = require "fs"
local models = require "run.models"
local sources = require "run.sources"
local text = require "formats.text"

local beside = {}

--- The source that the parameter means: a path, or { path, format =, fields = } as in `sources`.
local function source_of(given)
  if type(given) == "string" then return { path = given, format = "auto" } end
  return { path = given[1], format = given.fields and { fields = given.fields } or given.format or "auto",
           fields = given.fields }
end

--- What is wrong with the parameter; nil if nothing is.
function beside.fault(given, name)
  if given == nil or type(given) == "string" and given ~= "" then return nil end
  if type(given) == "table" and type(given[1]) == "string" and given[1] ~= "" then return nil end
  return ('%s names no file: expected "production.jsonl" or { "production.jsonl", fields = { input = "query" } }')
    :format(name)
end

local function load(source, pool)
  local list, err = sources.look { source }
  if not list then return nil, err end
  local view
  view, err = sources.load(list, { pool = pool })
  if not view then return nil, err end
  local found = view:sources()[1]
  if found.format ~= text.name or source.fields then return view end
  view:close()
  return sources.load({ { path = source.path, format = { fields = { input = text.slots[1].path } } } }, { pool = pool })
end

--- Reads the rows, and notes the file for the lineage.
-- @param e      the engine: its list of models, folder and pool
-- @param entry  the stage
-- @return  a view; or nil and a sentence
function beside.read(e, entry, given)
  local source = source_of(given)
  local path, tried = models.find(entry, source.path, e.folder)
  source.path = path
  if not path then return nil, ("cannot find %s"):format(table.concat(tried, " or ")) end
  local view, err = load(source, e.pool)
  if not view then return nil, err end
  local ok
  ok, err = view:hash_sources(e.pool)
  if not ok then return nil, err end
  local st = fs.stat(source.path)
  models.note(e.models, entry, { path = source.path, sha256 = view:sources()[1].sha256, bytes = st and st.size })
  return view
end

return beside
