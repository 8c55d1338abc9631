--- side: one of the two sets of rows that a diff compares: files, a run's kept rows, or a view.

local against = require "run.against"
local corpus = require "corpus"
local figures = require "report.figures"
local fs = require "fs"
local json = require "json"
local load = require "report.load"
local rowdiff = require "rowdiff"
local run = require "report.run"

local side = {}
side.__index = side

-- ---- a run ----

local function without_null(v)
  if v == json.null then return nil end
  if type(v) ~= "table" then return v end
  for key, x in pairs(v) do v[key] = without_null(x) end
  return v
end

-- Annotations of the ledger that the rows of the run's files may not carry themselves: the id, and those
-- of the stages. A run without a ledger has what stands in its files.
local function annotate(view, dir, record)
  if not fs.exists(dir .. "/ledger.db") then return view end
  local r = run.open(dir)
  if not r then return view end
  local wanted = { { "id", (record.config or {}).id } }
  for _, name in ipairs(r.columns) do
    if name:sub(1, 1) == "@" then wanted[#wanted + 1] = { name, name:sub(2) } end
  end
  r:close()
  for _, w in ipairs(wanted) do
    local child = w[2] and rowdiff.annotate(view, dir .. "/ledger.db", w[1], w[2])
    view = child or view
  end
  return view
end

local function of_run(dir, o)
  local found, err = against.record_of(dir)
  if not found then return nil, err end
  local record = without_null(found)
  local format, sources, paths = o.format or against.format_of(record), {}, {}
  for _, f in ipairs(record.output_files) do
    if f.kept == true and (f.rows or 0) > 0 then
      paths[#paths + 1] = dir .. "/" .. f.path
      sources[#sources + 1] = { path = paths[#paths], format = format or "auto" }
    end
  end
  local self = { dir = dir, lineage = record, run_id = record.run_id, keys = {},
                 title = ("%s, run %s"):format(record.dataset_name or "run", record.run_id or dir) }
  if #sources == 0 then return nil, ("%s kept no row: there is nothing to compare"):format(dir) end
  for _, path in ipairs(paths) do
    if not fs.exists(path) then return nil, ("%s is gone: it held kept rows of that run"):format(path) end
  end
  local view
  view, err = corpus.load { sources = sources, formats = require "formats.all", pool = o.pool }
  if not view then return nil, err end
  self.view = annotate(view, dir, record)
  local look = corpus.sniff(paths[1], { formats = require "formats.all" })
  self.keys = look and look.keys or {}
  return self
end

-- ---- files, views ----

local function of_files(paths, o)
  local list, err = load.paths(paths)
  if not list then return nil, err end
  local view, looks = load.view(list, { pool = o.pool, format = o.format })
  if not view then return nil, looks end
  local keys, known = {}, {}
  for _, look in ipairs(looks) do
    for _, k in ipairs(look.keys or {}) do
      if not known[k.name] then known[k.name], keys[#keys + 1] = true, k end
    end
  end
  return { view = view, title = #list == 1 and list[1] or ("%d files"):format(#list), keys = keys }
end

local function formats_of(view)
  local out, seen = {}, {}
  for _, s in ipairs(view:sources()) do
    if s.format and not seen[s.format] then seen[s.format], out[#out + 1] = true, s.format end
  end
  return out
end

--- Opens a side.
-- @param what  a path of a file or run folder, a list of paths, or a view
-- @param o     pool, format (of files), title and keys (of a view)
-- @return      nil and a message if it cannot be read
function side.open(what, o)
  local self, err
  if type(what) == "string" then
    local st = what ~= "-" and fs.stat(what)
    if st and st.type == "folder" then
      local dir
      dir, err = run.find(what)
      if not dir then return nil, err end
      self, err = of_run(dir, o)
    else
      self, err = of_files({ what }, o)
    end
  elseif type(what) == "table" then
    self, err = of_files(what, o)
  else
    self = { view = what, title = o.title or "a view", keys = o.keys or {} }
  end
  if not self then return nil, err end
  self.pool = o.pool
  self.rows, self.faulty = self.view:counts()
  if type(what) == "userdata" then self.faulty = 0 end   -- a stage rejected them
  self.formats = formats_of(self.view)
  self.side, err = rowdiff.side(self.view, o.pool)
  if not self.side then return nil, err end
  return setmetatable(self, side)
end

--- Where a row stands: FILE:LINE.
function side:place(row)
  local at = self.view:row(row)
  return ("%s:%d"):format(at.source:match "[^/]*$", at.line)
end

local FIELDS = { "system", "input", "output", "alternative" }

--- The texts of a row by field.
function side:fields(row)
  local out = {}
  for _, name in ipairs(FIELDS) do out[name] = self.view:field(row, name) end
  return out
end

--- The annotation that the run's stages grouped rows by; nil for files.
function side:grouped_by()
  return self.lineage and figures.key_of((self.lineage.config or {}).stages or {})
end

--- The names of a row's keys and annotations, as a set.
function side:names()
  local out = {}
  for _, k in ipairs(self.keys) do out[k.name] = true end
  for _, name in ipairs(self.view:annotation_names()) do out[name] = true end
  return out
end

return side
