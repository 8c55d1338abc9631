--- models: files that a stage's parameters name (a fitted model, a lexicon), found, read and noted for the lineage.
-- A name is a path beside the file of the recipe that gives it, then beside the recipe, then in the working
-- folder; the first that is there is taken.

local fs = require "fs"
local hash = require "hash"
local hash_file = require "hash_file"
local open = require "recipe.open"

local models = {}

local MOST = 4 << 30   -- bytes of a model

--- Where the name may lie, in the order in which it is tried.
local function places(entry, name, folder)
  local out, seen = {}, {}
  local function add(path)
    if not seen[path] then out[#out + 1], seen[path] = path, true end
  end
  if entry.line and entry.line > 0 and entry.file then add(open.join(open.folder_of(entry.file), name)) end
  if folder then add(open.join(folder, name)) end
  add(name)
  return out
end

--- Where the file lies.
-- @return  its path; or nil and the paths that were tried
function models.find(entry, name, folder)
  local tried = places(entry, name, folder)
  for _, path in ipairs(tried) do
    local st = fs.stat(path)
    if st and st.type ~= "folder" then return path end
  end
  return nil, tried
end

--- Notes a file that a stage read by other means.
-- @param file  { path, sha256, bytes }
function models.note(list, entry, file)
  list[#list + 1] = { path = file.path, sha256 = file.sha256, bytes = file.bytes, stage = entry.name }
end

--- Finds a regular file.
-- @return  its path; or nil and a sentence
function models.file(entry, name, folder)
  local tried = places(entry, name, folder)
  for _, path in ipairs(tried) do
    local st = fs.stat(path)
    if st and st.type ~= "file" then return nil, path .. " is no file" end
    if st then return path end
  end
  return nil, ("cannot find %s"):format(table.concat(tried, " or "))
end

--- Finds one that is mapped, not read whole, and notes it.
-- @return  its path; or nil and a sentence
function models.map(list, entry, name, folder)
  local path, err = models.file(entry, name, folder)
  if not path then return nil, err end
  local sha256, bytes = hash_file.sha256(path)
  if not sha256 then return nil, bytes end
  models.note(list, entry, { path = path, sha256 = sha256, bytes = bytes })
  return path
end

--- Reads it.
-- @param list    what was read so far: { path, sha256, bytes, stage }, added to
-- @param entry   the stage
-- @param folder  the recipe's; nil: it has none
-- @return  its bytes and its path; or nil and a sentence
function models.read(list, entry, name, folder)
  local path, err = models.file(entry, name, folder)
  if not path then return nil, err end
  local bytes
  bytes, err = fs.read(path, MOST)
  if not bytes then return nil, err end
  models.note(list, entry, { path = path, sha256 = hash.sha256(bytes), bytes = #bytes })
  return bytes, path
end

--- The files for the lineage: each once, with the stages that read it; nil if there are none.
function models.record(list)
  local out, at = {}, {}
  for _, m in ipairs(list) do
    local same = at[m.path]
    if not same then
      same = { path = m.path, sha256 = m.sha256, bytes = m.bytes, stages = {} }
      at[m.path], out[#out + 1] = same, same
    end
    local known = false
    for _, name in ipairs(same.stages) do known = known or name == m.stage end
    if not known then table.insert(same.stages, m.stage) end
  end
  return #out > 0 and out or nil
end

return models
