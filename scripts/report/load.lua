--- load: data files as a view, with the key mapping that fits where no known format does.

local corpus = require "corpus"
local fs = require "fs"
local mapping = require "init.mapping"

local load = {}

--- Files that arguments mean: globs in byte order, `-` for standard input.
-- @return  nil and a message that names the first that is no file
function load.paths(args)
  local out = {}
  for _, a in ipairs(args) do
    if a == "-" then
      out[#out + 1] = a
    elseif fs.exists(a) then
      local st, err = fs.stat(a)
      if not st then return nil, err end
      if st.type == "folder" then return nil, a .. " is a folder: expected a data file" end
      out[#out + 1] = a
    else
      local found = a:find("[%*%?%[]") and fs.glob(a) or {}
      if #found == 0 then return nil, "cannot find " .. a end
      table.move(found, 1, #found, #out + 1, out)
    end
  end
  return out
end

local function formats() return require "formats.all" end

--- What is wrong with a file in whose first lines no row was found.
local function say_rowless(path, found)
  if found.not_utf8 * 2 > found.lines then
    return ("%s: %d%% of the lines are not UTF-8; convert it first, for example iconv -f latin1 -t utf-8"):format(path,
      100 * found.not_utf8 // found.lines)
  end
  return ("%s holds no JSON object: %s"):format(path, found.malformed == found.lines and "its lines are no JSON"
    or found.malformed == 0 and "its lines are other values" or "its lines are no JSON or other values")
end

--- "id (number), text (string)"
local function keys_and_types(keys)
  local out = {}
  for i, k in ipairs(keys) do
    if i > 12 then out[i] = "…" break end
    out[i] = ("%s (%s)"):format(k.name, k.kind)
  end
  return table.concat(out, ", ")
end

--- "x.jsonl is empty", of a view without a row.
function load.say_empty(view)
  local files = view:sources()
  if #files ~= 1 then return "none of the files holds a row" end
  local path = files[1].path == "-" and "standard input" or files[1].path
  return path .. (files[1].bytes == 0 and " is empty" or " holds no rows")
end

--- The first look at a file, and how to read it: a known format, else a mapping of its keys.
-- @param known  the formats; all where none are given
-- @return  { path, format = name or { fields = … }, reason, keys, mapped }; nil and a message
function load.look(path, known)
  if path == "-" then return { path = path, format = "auto", reason = "standard input", keys = {} } end
  local found, err = corpus.sniff(path, { formats = known or formats() })
  if not found then return nil, err end
  if found.format then
    return { path = path, format = found.format, reason = found.reason, keys = found.keys, rows = found.rows }
  end
  if found.lines == 0 then return { path = path, format = "auto", reason = "it holds no rows", keys = {}, rows = 0 } end
  local fields, reason = mapping.propose(found.keys)
  if not fields then
    if found.rows == 0 then return nil, say_rowless(path, found) end
    return nil, ("%s fits no known format, and none of its keys holds text on every row; keys found: %s"):format(
      path, #found.keys > 0 and keys_and_types(found.keys) or "none")
  end
  return { path = path, format = { fields = fields }, mapped = true, reason = reason, keys = found.keys,
    rows = found.rows }
end

--- The keys that files have, as a set; nil where one of them was not looked at.
function load.known(looks)
  local known = {}
  for _, look in ipairs(looks) do
    if #(look.keys or {}) == 0 then return nil end
    for _, k in ipairs(look.keys) do known[k.name] = true end
  end
  return known
end

--- Loads files.
-- @param options  pool, limit, format (for all; else each file's own)
-- @return  the view and the looks; nil and a message
function load.view(paths, options)
  options = options or {}
  local looks, sources = {}, {}
  for i, path in ipairs(paths) do
    local look, err = { path = path, format = options.format, keys = {}, reason = "as asked" }, nil
    if not options.format then look, err = load.look(path) end
    if not look then return nil, err end
    looks[i], sources[i] = look, { path = path, format = look.format }
  end
  local view, err = corpus.load { sources = sources, formats = formats(), pool = options.pool, limit = options.limit,
                                  allow_damaged = options.allow_damaged }
  if not view then return nil, err end
  if #view == 0 then return nil, load.say_empty(view) end
  return view, looks
end

return load
