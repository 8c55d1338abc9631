--- lock: gold.lock, the record of frozen gold sets: a JSON object of file names, relative to its own
-- folder, each with the SHA-256 that the file had. A run looks for it beside each gold file and beside the
-- recipe, and stops where a file is no longer what it was.

local fs = require "fs"
local hash_file = require "hash_file"
local json = require "json"

local lock = {}

lock.NAME = "gold.lock"
local FILE_MODE = 420   -- octal 0644: it belongs into version control

local function folder_of(path) return path:match "^(.*)/[^/]*$" or "." end

--- A file's path as seen from a folder: the rest where it lies below, else the whole of it.
local function relative(path, folder)
  local real, root = fs.realpath(path) or path, fs.realpath(folder) or folder
  if root == "/" then return real end
  return real:sub(1, #root + 1) == root .. "/" and real:sub(#root + 2) or real
end

--- The lock of a folder.
-- @return  { files = { [name] = { sha256, bytes, frozen_at } } }, empty where there is none; nil and a sentence
function lock.read(folder)
  local path = folder .. "/" .. lock.NAME
  if not fs.exists(path) then return { files = {} } end
  local text, err = fs.read(path, 1 << 24)
  if not text then return nil, err end
  local t = json.decode(text)
  local ok = type(t) == "table" and type(t.files) == "table"
  for name, f in pairs(ok and t.files or {}) do
    ok = ok and type(name) == "string" and type(f) == "table" and type(f.sha256) == "string"
  end
  if not ok then return nil, path .. " is no gold.lock as tamis gold freeze writes it" end
  return t
end

--- Freezes a file: writes what it is now into the lock of a folder.
-- @return  { sha256, bytes, frozen_at }, the lock's path, and the entry before or nil; or nil and a sentence
function lock.freeze(path, folder)
  local sha256, bytes = hash_file.sha256(path)
  if not sha256 then return nil, bytes end
  local t, err = lock.read(folder)
  if not t then return nil, err end
  local name = relative(path, folder)
  local before = t.files[name]
  t.files[name] = { sha256 = sha256, bytes = bytes, frozen_at = fs.utc() }
  local where = folder .. "/" .. lock.NAME
  local ok, bad = fs.write(where, json.encode(t, "  ") .. "\n", FILE_MODE)
  if not ok then return nil, bad end
  return t.files[name], where, before
end

local CHANGED = "the gold set %s changed since it was frozen (%s, %s): a gold set never changes; bring the old file "
  .. "back, or freeze the new one: tamis gold freeze %s"

--- Are the gold files what they were when they were frozen?
-- @param paths   files
-- @param folder  the recipe's, whose lock counts too; may be nil
-- @return  true; or nil and a sentence
function lock.check(paths, folder)
  local locks = {}
  for _, path in ipairs(paths) do
    for _, dir in ipairs { folder_of(path), folder } do
      if locks[dir] == nil then
        local t, err = lock.read(dir)
        if not t then return nil, err end
        locks[dir] = t
      end
      local entry = locks[dir].files[relative(path, dir)]
      if entry then
        local now, err = hash_file.sha256(path)
        if not now then return nil, err end
        if now ~= entry.sha256 then
          return nil, CHANGED:format(path, dir .. "/" .. lock.NAME, tostring(entry.frozen_at), path)
        end
      end
    end
  end
  return true
end

--- The same for a plan's gold sources, as run/sources expands them.
function lock.check_sources(list, folder)
  local paths = {}
  for _, source in ipairs(list) do
    if source.path ~= "-" then paths[#paths + 1] = source.path end
  end
  return lock.check(paths, folder)
end

return lock
