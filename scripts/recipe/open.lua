--- open: a recipe's file becomes a plan. It runs in a state of its own, with limits; what it reads
-- comes from its own folder and the library folders, and is kept for the lineage.

local fs = require "fs"
local hash = require "hash"
local host = require "host"
local nearest = require "nearest"
local plan = require "plan"

local open = {}

-- What a recipe may use. Work is counted in steps, about one a VM instruction.
local LIMITS = {
  load = { work = 2000000000, memory = 512 << 20, seconds = 60 },
  call = { work = 200000000, memory = 512 << 20, seconds = 20 },
}
local MOST_FILE = 64 << 20
local ONLY_HERE = "a recipe reads files beside it and in library folders only"

local function folder_of(path) return path:match "^(.*)/[^/]*$" or "." end
open.folder_of = folder_of

--- dir/name, as a person would write it.
local function join(dir, name)
  if dir == "." or name:sub(1, 1) == "/" then return name end
  return (dir:gsub("/+$", "")) .. "/" .. name
end
open.join = join

--- Folders where a recipe's modules and files may lie: its own, --lib, TAMIS_PATH, the user's.
function open.folders(path, libs)
  local out = { folder_of(path) }
  for _, dir in ipairs(libs or {}) do out[#out + 1] = dir end
  for dir in (fs.getenv "TAMIS_PATH" or ""):gmatch "[^:]+" do out[#out + 1] = dir end
  local config = fs.getenv "XDG_CONFIG_HOME" or (fs.getenv "HOME" and fs.getenv "HOME" .. "/.config")
  if config then out[#out + 1] = config .. "/tamis/lib" end
  return out
end

--- Does the file lie inside the folder, links resolved?
local function inside(file, dir)
  local real, root = fs.realpath(file), fs.realpath(dir)
  if not real or not root then return false end
  return root == "/" or real:sub(1, #root + 1) == root .. "/"
end

--- The candidates of a name in a folder: `a.b` is a/b.lua or a/b/init.lua; other files are as named.
-- A recipe's own `lib` folder counts as its folder, so that it may keep its modules there.
local function candidates(kind, name)
  if kind ~= "module" then return { name } end
  local base = name:gsub("%.", "/")
  return { base .. ".lua", base .. "/init.lua", "lib/" .. base .. ".lua" }
end

--- Names that a recipe could have asked a folder for.
local function names_in(kind, dir, out)
  local function add(pattern, shape)
    for _, path in ipairs(fs.glob(join(dir, pattern))) do
      local name = path:match "[^/]*$"
      if shape then name = path:match(shape) end
      if name then out[#out + 1] = name end
    end
  end
  if kind ~= "module" then return add "*" end
  add("*.lua", "([^/]*)%.lua$")
  add("lib/*.lua", "([^/]*)%.lua$")
  add("*/init.lua", "([^/]*)/init%.lua$")
end

--- Where a module or file was looked for, what is there of a like name, and how to add folders.
local function not_found(kind, name, folders)
  local names = {}
  for _, dir in ipairs(folders) do names_in(kind, dir, names) end
  table.sort(names)
  local near = nearest(name, names)
  return ("%s '%s' is not found in %s (--lib DIR and TAMIS_PATH add folders)%s"):format(
    kind == "module" and "module" or "file", name, table.concat(folders, ", "),
    near and ("; did you mean '%s'?"):format(near) or "")
end

open.candidates = candidates

--- The loader that a recipe's state asks: text and path, or nil and why.
local function loader(folders, files)
  return function(kind, name)
    if name:find "%z" or name:sub(1, 1) == "/" or ("/" .. name .. "/"):find("/../", 1, true) then
      return nil, ("'%s': %s"):format(name, ONLY_HERE)
    end
    for _, dir in ipairs(folders) do
      for _, candidate in ipairs(candidates(kind, name)) do
        local path = join(dir, candidate)
        local st = fs.stat(path)
        if st and st.type == "file" then
          if not inside(path, dir) then return nil, ("%s leads out of %s: %s"):format(path, dir, ONLY_HERE) end
          local text, err = fs.read(path, MOST_FILE)
          if not text then return nil, err end
          files[#files + 1] = { path = path, kind = kind, text = text, sha256 = hash.sha256(text) }
          return text, path
        end
      end
    end
    return nil, not_found(kind, name, folders)
  end
end

local function checked(recipe, options)
  local p, err = plan.checked(recipe:plan(), options)
  if not p then
    recipe:close()
    return nil, err, 2
  end
  return p
end

--- Opens a recipe from its text.
-- @param options  libs, args, trust, trace, load = function(kind, name) in place of the folders, and what
--                 plan.checked takes
-- @return  { recipe, plan, files, path }; or nil, a sentence and the exit status
function open.text(text, path, options)
  options = options or {}
  local files = { { path = path, kind = "recipe", text = text, sha256 = hash.sha256(text) } }
  local none = { work = 0, memory = 0, seconds = 0 }
  local recipe, err = host.recipe {
    text = text, path = path, load = options.load or loader(open.folders(path, options.libs), files),
    config = { args = options.args or {}, stages = plan.stage_names() },
    load_limit = options.trust and none or LIMITS.load, call_limit = options.trust and none or LIMITS.call,
    trace = options.trace,
  }
  if not recipe then return nil, err, 2 end
  local p, message, status = checked(recipe, options)
  if not p then return nil, message, status end
  return { recipe = recipe, plan = p, files = files, path = path }
end

--- Opens a recipe's file.
function open.file(path, options)
  local text, err = fs.read(path, MOST_FILE)
  if not text then return nil, err, 1 end
  if text:sub(1, 2) == "#!" then text = "--" .. text end
  return open.text(text, path, options)
end

return open
