--- options: arguments of a command against its table of options, the one that help prints too.
--   { { "--set STAGE.PARAM=VALUE", "doc", "list" }, { "--quiet", "doc" }, … }
-- The third word says how the value is read: nil text, "list", "count", "size", "pair"; an option
-- without a word in capitals is a switch.

local plan = require "plan"

local options = {}

local function known(table_of)
  local out, names = {}, {}
  for _, o in ipairs(table_of) do
    local name, value = o[1]:match "^(%-%-[%w-]+)%s*(.*)$"
    if name then
      out[name] = { takes = value ~= "" and value or nil, how = o[3] }
      names[#names + 1] = name
    end
  end
  return out, names
end

local SIZES = { [""] = 1, k = 1 << 10, m = 1 << 20, g = 1 << 30, t = 1 << 40 }

local read = {}

function read.text(_, value) return value end

function read.count(name, value)
  local n = math.tointeger(tonumber(value))
  if not n or n < 1 then return nil, ("%s needs a whole number from 1, got %s"):format(name, value) end
  return n
end

function read.size(name, value)
  local n, unit = value:lower():match "^(%d+%.?%d*)%s*([kmgt]?)i?b?$"
  if not n then return nil, ("%s needs a size such as 512M or 4G, got %s"):format(name, value) end
  return math.floor(tonumber(n) * SIZES[unit])
end

function read.pair(name, value)
  local key, text = value:match "^([^=]+)=(.*)$"
  if not key then return nil, ("%s needs NAME=VALUE, got %s"):format(name, value) end
  return { key, text }
end

local function key_of(name) return (name:sub(3):gsub("-", "_")) end

--- Reads arguments.
-- @return  values by name (run_id for --run-id), the others as a list; or nil and a sentence
function options.read(args, table_of)
  local specs, names = known(table_of)
  local out, rest = {}, {}
  local i = 1
  while i <= #args do
    local a = args[i]
    local name, value = a:match "^(%-%-[%w-]+)=(.*)$"
    name = name or a
    if a == "--" then
      table.move(args, i + 1, #args, #rest + 1, rest)
      break
    elseif a:sub(1, 1) == "-" and a ~= "-" then
      local spec = specs[name]
      if not spec then return nil, ("unknown option %s%s"):format(name, plan.hint(name, names)) end
      if spec.takes then
        if value == nil then i, value = i + 1, args[i + 1] end
        if value == nil then return nil, ("%s needs a value: %s %s"):format(name, name, spec.takes) end
        local how = spec.how == "list" and "text" or spec.how or "text"
        local v, err = read[how](name, value)
        if v == nil then return nil, err end
        local key = key_of(name)
        if spec.how == "list" or spec.how == "pair" then
          out[key] = out[key] or {}
          table.insert(out[key], v)
        else
          out[key] = v
        end
      elseif value ~= nil then
        return nil, ("%s takes no value"):format(name)
      else
        out[key_of(name)] = true
      end
    elseif a == "" then
      return nil, ("argument %d is empty: expected the name of a file, a run or a row"):format(i)
    else
      rest[#rest + 1] = a
    end
    i = i + 1
  end
  return out, rest
end

return options
