--- file: vectors that are there already, in .npy, .npz or safetensors files (see embed/sources.lua).
-- Row i of the array belongs to the i-th line that is not blank, over all sources in their order, rejected lines
-- included; with a list of files row i of each to the i-th such line of its source; with ids, to the row of that id.

local array_file = require "array_file"
local fs = require "fs"
local screen = require "report.screen"

local file = {}

--- The parameters that only this source takes.
file.params = { "array", "ids", "id" }

local function list_of(p) return type(p.file) == "table" and p.file or { p.file } end
local function base(path) return path:match "([^/]*)$" end
local function rows(n) return screen.count(n, "row") end

--- Are the ids an array of the same archive? A name without a dot or a slash is no file's.
local function ids_inside(p) return p.ids and list_of(p)[1]:find "%.npz$" and not p.ids:find "[./]" end

function file.check(p)
  local list = list_of(p)
  if #list == 0 then return "file is an empty list: name one file, or one a source" end
  if p.ids and #list > 1 then return "ids go with one file, not with a list of them" end
  if p.id and not p.ids then return "id says where a row has the id that stands in ids; there are no ids" end
end

--- What can be known before a row is read: the files are there, and hold what they should.
function file.ready(p, ctx)
  local dim
  for _, name in ipairs(list_of(p)) do
    local path, err = ctx.find(name)
    if not path then return nil, err end
    local n, of = array_file.look(path, p.array or "")
    if not n then return nil, of end
    if dim and of ~= dim then
      return nil, ("%s has %d numbers a row, %s has %d"):format(name, of, list_of(p)[1], dim)
    end
    dim = of
  end
  if p.ids and not (p.id or ctx.id) then
    return nil, 'ids: where a row has its id is not said; give id = "a.path" here, or in the recipe'
  end
  if not p.ids or ids_inside(p) then return true end
  local path, err = ctx.find(p.ids)
  if not path then return nil, err end
  return true
end

--- The place of a file: it is noted with its hash for the lineage, and must not change while it is read.
local function note(name, ctx, noted)
  local path, err = ctx.map(name)
  if not path then return nil, err end
  noted[#noted + 1] = { path = path, stat = fs.stat(path) }
  return path
end

local function changed(noted)
  for _, f in ipairs(noted) do
    local now = fs.stat(f.path)
    for _, key in ipairs { "size", "mtime", "inode" } do
      if not now or now[key] ~= f.stat[key] then return f.path .. " changed while it was read" end
    end
  end
end

--- What a wrong number of rows may come from.
local function hint(n, view, sources)
  local standing = view:counts()
  if n == standing then
    return "; as many still stand here: were they made of curated rows? Then ids match them"
  end
  for _, s in ipairs(#sources > 1 and sources or {}) do
    if n == s.rows then return ("; %s has as many: file = { … } names one a source"):format(s.path) end
  end
  local lines = 0
  for _, s in ipairs(sources) do lines = lines + s.rows + s.blank end
  if n == lines then return "; as many as lines with the blank ones, which count for nothing here" end
  return "; ids match vectors of some rows, or in another order"
end

--- Whether the arrays have a row for each row read; nil, or a sentence.
local function misfit(p, files, view)
  local sources = view:sources()
  local function fits(have, need) return have == need or view:limited() and have > need end
  if #files == 1 then
    local have = files[1]:rows()
    if fits(have, #view) then return nil end
    return ("%s has %s, and %s were read, rejected ones included%s"):format(list_of(p)[1], rows(have), rows(#view),
      hint(have, view, sources))
  end
  if #files ~= #sources then
    return ("file names %d files, and there are %d sources: one a source, in their order"):format(#files, #sources)
  end
  for i, f in ipairs(files) do
    if not fits(f:rows(), sources[i].rows) then
      return ("%s has %s, and %s has %s, rejected ones included"):format(list_of(p)[i], rows(f:rows()),
        sources[i].path, rows(sources[i].rows))
    end
  end
end

local function read_ids(p, ctx, noted, n)
  local where = p.id or ctx.id
  if ids_inside(p) then return array_file.ids { path = noted[1].path, kind = "array", at = p.ids, rows = n } end
  local path, err = note(p.ids, ctx, noted)
  if not path then return nil, err end
  if path:find "%.np[yz]$" then return array_file.ids { path = path, kind = "array", at = "", rows = n } end
  return array_file.ids { path = path, kind = path:find "%.jsonl?$" and "json" or "lines", at = where }
end

--- The ids of the array's rows, as many as those.
local function ids_of(p, ctx, noted, file_rows)
  local ids, err = read_ids(p, ctx, noted, file_rows)
  if not ids then return nil, err end
  if #ids ~= file_rows then
    return nil, ("%s has %s, and %s has %s"):format(p.ids, screen.count(#ids, "id"), list_of(p)[1], rows(file_rows))
  end
  return ids
end

local function open_all(p, ctx, noted)
  local files = {}
  for i, name in ipairs(list_of(p)) do
    local path, err = note(name, ctx, noted)
    if not path then return nil, err end
    files[i], err = array_file.open(path, p.array or "")
    if not files[i] then return nil, err end
    if files[i]:dim() ~= files[1]:dim() then
      return nil, ("%s has %d numbers a row, %s has %d"):format(name, files[i]:dim(), list_of(p)[1], files[1]:dim())
    end
  end
  return files
end

local function name_of(p)
  local list = list_of(p)
  local name = base(list[1]) .. (p.array and ":" .. p.array or "")
  return #list == 1 and name or ("%s and %d more"):format(name, #list - 1)
end

function file.make(view, p, ctx)
  local noted = {}
  local files, err = open_all(p, ctx, noted)
  if not files then return nil, err end
  local ids
  if p.ids then
    ids, err = ids_of(p, ctx, noted, files[1]:rows())
    if not ids then return nil, err end
  else
    err = misfit(p, files, view)
    if err then return nil, err end
  end
  local made, unmatched = array_file.vectors(view, files, { kind = p.storage, name = name_of(p), ids = ids,
                                                           id = p.id or ctx.id }, ctx.pool)
  if not made then return nil, unmatched end
  for _, f in ipairs(files) do f:close() end
  err = changed(noted)
  if err then return nil, err end
  local figures, notes = {}, {}
  if ids then figures.ids, figures.ids_of_no_row = #ids, unmatched end
  if ids and unmatched > 0 then
    notes[1] = ("%s: %s of %s with an id that no row has"):format(ctx.name, screen.count(unmatched, "vector"),
      list_of(p)[1])
  end
  return made, { figures = figures, notes = notes }
end

return file
