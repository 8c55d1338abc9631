--- beside: rows that are no part of a run, and that a stage holds its rows against: a sample of production queries.
-- A name is a path beside the file of the recipe that gives it, as of a model (run/models.lua). A known format is
-- found by itself (formats/asked.lua: a query needs no answer); else the keys are mapped as `tamis init` would, but
-- that a class (`intent`) is no answer.

local asked = require "formats.asked"
local fs = require "fs"
local look = require "report.load".look
local mapping = require "init.mapping"
local models = require "run.models"
local sources = require "run.sources"

local beside = {}

--- The source that the parameter means: a path, or { path, format =, fields = } as in `sources`.
local function source_of(given)
  if type(given) == "string" then return { path = given, format = "auto" } end
  return { path = given[1], format = given.fields and { fields = given.fields } or given.format or "auto",
           fields = given.fields }
end

local KEYS = { format = true, fields = true }

local function key_fault(given, name)
  for key in pairs(given) do
    if key ~= 1 and math.type(key) == "integer" then
      return ('%s names %d files, and it is one: put the rows of all into one'):format(name, #given)
    end
    if key ~= 1 and not KEYS[key] then
      return ('%s has %s, which says nothing: a file, and format or fields'):format(name, tostring(key))
    end
  end
end

--- What is wrong with the parameter; nil if nothing is.
function beside.fault(given, name)
  if given == nil or type(given) == "string" and given ~= "" then return nil end
  if type(given) == "table" and type(given[1]) == "string" and given[1] ~= "" then return key_fault(given, name) end
  return ('%s names no file: expected "production.jsonl" or { "production.jsonl", fields = { input = "query" } }')
    :format(name)
end

--- The format of a file, where none is said; true; or nil and a sentence.
local function find_format(source)
  local found, err = look(source.path, asked)
  if not found then
    local more = '; of queries, one a line, make rows of the form {"input": "…"}'
    return nil, err:find "holds no JSON object" and err .. more or err
  end
  if not found.mapped then return true end
  local output = found.format.fields.output
  if output and mapping.CLASS[output:lower():match "[^.]*$"] then found.format.fields.output = nil end
  source.format = found.format
  return true
end

local function load(source, pool)
  if source.format == "auto" then
    local ok, err = find_format(source)
    if not ok then return nil, err end
  end
  return sources.load({ source }, { pool = pool, formats = asked })
end

--- Reads the rows, and notes the file for the lineage.
-- @param e      the engine: its list of models, folder and pool
-- @param entry  the stage
-- @return  a view, and how it was read, a line; or nil and a sentence
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
  return view, sources.lines(view, { source })[1]
end

return beside
