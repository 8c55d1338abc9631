--- folder: OUT/NAME/RUN_ID, made under a temporary name and renamed when it is whole, so that a
-- run folder is either complete or not there. A temporary folder is locked while its run lives;
-- those that no process holds are swept by the next run.

local fs = require "fs"

local folder = {}
folder.__index = folder

local PREFIX = ".tmp-"
local LOCK = ".lock"
local PRIVATE = 448   -- octal 0700
local TRIES = 20      -- a parent that another run takes away, empty, while this one enters
local THERE = "run %s is there already; --replace writes it anew, another --run-id keeps both"

--- UTC time and a suffix: sorts by time, and two runs of one second differ.
function folder.new_id() return fs.utc "%Y%m%dT%H%M%SZ" .. "-" .. fs.random(4) end

--- A name that is one part of a path and nothing else.
function folder.check_id(id)
  if id:find "^[%w_][%w_.-]*$" and #id <= 100 and id ~= "latest" then return true end
  return nil, ("run id %q: expected letters, digits, _, - and dots"):format(id)
end

--- Removes temporary folders whose process is gone.
local function sweep(parent)
  for _, name in ipairs(fs.list(parent) or {}) do
    if name:sub(1, #PREFIX) == PREFIX then
      local path = parent .. "/" .. name
      local lock = fs.lock(path .. "/" .. LOCK)
      if lock then
        fs.remove_tree(path)
        lock:close()
      end
    end
  end
end

-- The temporary folder and its lock, while no other run sweeps or publishes here.
local function enter(self)
  local gate <close>, err = fs.lock_folder(self.parent)
  if not gate then return nil, err end
  sweep(self.parent)
  local ok
  ok, err = fs.mkdir(self.temporary, PRIVATE)
  if not ok then return nil, err end
  self.lock, err = fs.lock(self.temporary .. "/" .. LOCK)
  if not self.lock then fs.remove_tree(self.temporary) end
  return self.lock, err
end

--- Makes the temporary folder.
-- @return  the folder; or nil, a sentence and the exit status
function folder.open(out, name, id, replace)
  local parent = out .. "/" .. name
  local self = { parent = parent, id = id, path = parent .. "/" .. id, replace = replace, made = {} }
  setmetatable(self, folder)
  for _, dir in ipairs { parent, out } do
    if not fs.exists(dir) then self.made[#self.made + 1] = dir end
  end
  self.temporary = parent .. "/" .. PREFIX .. id .. "-" .. fs.pid()
  local ok, err
  for _ = 1, TRIES do
    ok, err = fs.mkdirs(parent, PRIVATE)
    if not ok then return nil, err, 1 end
    if fs.exists(self.path) and not replace then return nil, THERE:format(self.path), 2 end
    ok, err = enter(self)
    if ok then return self end
    if fs.exists(parent) then break end
  end
  self:leave()
  return nil, err, 1
end

--- Takes away the folders that this run made and that hold nothing.
function folder:leave()
  for _, dir in ipairs(self.made) do fs.remove_empty(dir) end
end

--- Writes a small file of the run.
function folder:write(name, text)
  return fs.write(self.temporary .. "/" .. name, text, 384)   -- octal 0600
end

--- The folder gets its name, all at once.
-- @param trial  true leaves `latest` where it is: the run is not of all rows or not of all stages
-- @return  true; or nil, a sentence and, where another run of that name was faster, the exit status
function folder:publish(trial)
  local ok, err = fs.sync(self.temporary)
  if not ok then return nil, err end
  local gate <close>, shut = fs.lock_folder(self.parent)   -- a folder without its lock would be swept
  if not gate then return nil, shut end
  ok, err = fs.remove_tree(self.temporary .. "/" .. LOCK)
  if not ok then return nil, err end
  local old
  if self.replace and fs.exists(self.path) then
    old = self.parent .. "/" .. PREFIX .. "old-" .. self.id .. "-" .. fs.pid()
    ok, err = fs.rename(self.path, old)
    if not ok then return nil, err end
  end
  ok, err = fs.rename(self.temporary, self.path)
  if not ok then
    if old then fs.rename(old, self.path) end
    if old or not fs.exists(self.path) then return nil, err end
    return nil, THERE:format(self.path) .. " (it came while this one ran)", 2
  end
  if old then fs.remove_tree(old) end
  self.lock:close()
  self.published = true
  if not trial then
    ok, err = fs.symlink(self.id, self.parent .. "/latest")
    if not ok then return nil, err end
  end
  return fs.sync(self.parent)
end

--- Leaves nothing behind, unless it was published.
function folder:abandon()
  if self.published then return end
  fs.remove_tree(self.temporary)
  if self.lock then self.lock:close() end
  self:leave()
  self.published = true
end

folder.__close = folder.abandon

return folder
