--- sources: the files that a plan names, found and loaded.

local corpus = require "corpus"
local fault = require "run.fault"
local fs = require "fs"
local load = require "report.load"
local json = require "json"
local nearest = require "nearest"
local open = require "recipe.open"
local screen = require "report.screen"

local sources = {}

local ID_ROWS = 1000    -- rows looked at for the recipe's id
local NOTHING = "there is no row to tell by"   -- the reason of a format that was not found (modules/corpus/detect.c)

local function is_pattern(path) return path:find "[%*%?%[]" ~= nil end

local function is_there(path) return fs.exists(path) or (is_pattern(path) and #fs.glob(path) > 0) end

--- A recipe's paths are those of its folder; what is not there may be in the working folder.
local function place(source, folder)
  if source.path == "-" or source.here then return source.path end
  local path = open.join(folder, source.path)
  if not is_there(path) and is_there(source.path) then return source.path end
  return path
end

--- The files that one source means, globs in byte order.
local function expand(source, folder, out)
  local path = place(source, folder)
  local found = { path }
  if path ~= "-" and not fs.exists(path) and is_pattern(path) then
    found = fs.glob(path)
    if #found == 0 then return nil, ("cannot find %s: no file matches"):format(path) end
  end
  for _, p in ipairs(found) do
    if p ~= "-" then
      local st, err = fs.stat(p)
      if not st then return nil, (err:gsub("^cannot open", "cannot find")) end
      if st.type == "folder" then
        return nil, ("%s is a folder: expected a data file; %s/*.jsonl takes all in it"):format(p, (p:gsub("/$", "")))
      end
    end
    out[#out + 1] = {
      path = p, kind = source.kind, generator = source.generator, trusted = source.trusted,
      attributes = source.attributes, fields = source.fields,
      format = source.fields and { fields = source.fields } or source.format or "auto",
    }
  end
  return out
end

--- All files of a list of sources, in order.
-- @return  nil and a message that names the first that is not there
function sources.expand(list, folder)
  local out = {}
  for _, source in ipairs(list) do
    local ok, err = expand(source, folder, out)
    if not ok then return nil, err end
  end
  return out
end

--- Where no known format fits a file, the mapping of its keys that init would propose.
function sources.look(list)
  for _, source in ipairs(list) do
    if source.format == "auto" and source.path ~= "-" then
      local look, err = load.look(source.path)
      if not look then return nil, err end
      if look.mapped then source.format = look.format end
    end
  end
  return list
end

--- Of a source with `fields` of its own that does not load: the path that it has not, and the key that is meant.
local function misspelt(source)
  local ok, found = pcall(corpus.sniff, source.path, { formats = require "formats.all" })
  if not ok or not found then return nil end
  local names, there = {}, {}
  for i, key in ipairs(found.keys) do names[i], there[key.name] = key.name, true end
  for _, field in ipairs { "system", "input", "output", "alternative" } do
    local path = source.fields[field]
    local near = type(path) == "string" and not there[path] and nearest(path, names)
    if near then
      return ('%s: no key "%s", which is to be the %s; did you mean "%s"? (keys found: %s)'):format(
        source.path, path, field, near, table.concat(names, ", "))
    end
  end
end

--- A fault of reading; in plainer words where a mapping of the recipe's own is misspelt.
local function worded(list, message)
  for _, source in ipairs(list) do
    local named = type(message) == "string" and message:sub(1, #source.path + 1) == source.path .. ":"
    if named and type(source.fields) == "table" and source.path ~= "-" then return misspelt(source) or message end
  end
  return message
end

--- Loads files as one view; a run without a row is a mistake.
-- @param options  pool, id, limit, max_line, allow_damaged, spool_dir; formats: those that are known, else all
function sources.load(list, options)
  local ok, view, err = pcall(corpus.load, {
    sources = list, formats = options.formats or require "formats.all", id = options.id, limit = options.limit,
    pool = options.pool, max_line = options.max_line, allow_damaged = options.allow_damaged,
    spool_dir = options.spool_dir,
  })
  if not ok or not view then return nil, worded(list, ok and err or fault(view)) end
  if #view == 0 then return nil, load.say_empty(view) end
  return view
end

--- What a person should know of the sources before trusting the counts: a sentence each.
function sources.notes(view)
  local out = {}
  for _, s in ipairs(view:sources()) do
    if s.damage then
      out[#out + 1] = ("%s; the %s before it were taken"):format(s.damage, screen.count(s.rows, "whole row"))
    elseif s.rows == 0 then out[#out + 1] = ("%s holds no rows"):format(s.path)
    elseif s.format_reason == NOTHING then
      out[#out + 1] = ("%s: none of its first lines is a JSON object; is it a data file?"):format(s.path)
    end
  end
  return out
end

--- A recipe's `id` that no row has: looks at the first rows. nil if one has it.
function sources.id_note(view, id)
  local seen, first = 0, nil
  for i = 1, math.min(#view, ID_ROWS) do
    local row = view:row(i)
    if row.status == "standing" then
      if row.id ~= nil then return nil end
      seen, first = seen + 1, first or row
    end
  end
  if seen == 0 then return nil end
  local object, names = json.decode(first.bytes), {}
  for key in pairs(type(object) == "table" and object or {}) do names[#names + 1] = tostring(key) end
  table.sort(names)
  local near = nearest(id, names)
  local who = seen == 1 and "the only row has no such key"
    or ("none of the first %s rows has it"):format(screen.number(seen))
  return ('id = "%s": %s%s'):format(id, who, near and ('; did you mean "%s"?'):format(near) or "")
end

--- 'input = "question", output = "answer"': a mapping in words.
local function mapping_of(source)
  local fields = type(source) == "table" and type(source.format) == "table" and source.format.fields
  if type(fields) ~= "table" then return nil end
  local parts = {}
  for _, field in ipairs { "system", "input", "output", "alternative" } do
    local path = fields[field]
    if type(path) == "table" then path = table.concat(path, '", "') end
    if path then parts[#parts + 1] = ('%s = "%s"'):format(field, tostring(path)) end
  end
  return table.concat(parts, ", ")
end

--- "raw.jsonl: 4,012 rows, messages (every row has `messages`)", one line a source.
-- @param list  the sources as they were asked for, in the view's order; may be nil
function sources.lines(view, list)
  local out = {}
  for i, s in ipairs(view:sources()) do
    local blank = s.blank and s.blank > 0 and (" and %s"):format(screen.count(s.blank, "blank line")) or ""
    local mapped = s.format == "fields" and mapping_of((list or {})[i])
    local format = s.format_reason == NOTHING and "no format" or mapped or s.format or "?"
    out[i] = ("%s: %s%s, %s%s"):format(screen.clean(s.path), screen.count(s.rows, "row"), blank, screen.clean(format),
      s.format_reason and (" (" .. screen.clean(s.format_reason) .. ")") or "")
  end
  return out
end

return sources
