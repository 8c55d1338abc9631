--- wire: what all providers' tables use: JSON whose order of keys is kept, and reading of what may be anything.

local json = require "json"

local wire = {}

local GLIMPSE = 200   -- bytes of a body that is no JSON in an error

local RAW = {}

-- Texts that go with every request of a run, the rubric say, as JSON: encoded once.
local shared = {}

--- A value that is JSON already: the schema, whose order of keys must stay.
function wire.raw(text) return setmetatable({ text = text }, RAW) end

local function value(v) return getmetatable(v) == RAW and v.text or json.encode(v) end

--- A text that many requests share, as JSON.
function wire.shared(text)
  if shared.text ~= text then shared.text, shared.json = text, json.encode(text) end
  return wire.raw(shared.json)
end

--- A list of objects as text, each a list of members.
function wire.array(objects)
  local out = {}
  for i, members in ipairs(objects) do out[i] = wire.object(members) end
  return wire.raw("[" .. table.concat(out, ",") .. "]")
end

--- An object as text, its members in this order; false stands for none, a list of members for several.
function wire.object(members)
  local out = {}
  local function add(m)
    if m[1] ~= nil then out[#out + 1] = json.encode(m[1]) .. ":" .. value(m[2]) end
  end
  for i = 1, #members do
    local m = members[i]
    if m and m.many then for _, one in ipairs(m) do add(one) end elseif m then add(m) end
  end
  return "{" .. table.concat(out, ",") .. "}"
end

--- A table as members, by name in sorted order.
function wire.members(t)
  local names, out = {}, { many = true }
  for name in pairs(t or {}) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = { name, t[name] } end
  return out
end

--- What was given of temperature, top_p, seed and the like; nothing is sent that was not.
wire.sampling = wire.members

--- An object of a body; nil where it is none.
function wire.decode(body)
  if type(body) ~= "string" then return nil end
  local ok, t = pcall(json.decode, body)
  return ok and type(t) == "table" and t or nil
end

function wire.table(v) return type(v) == "table" and v or nil end

function wire.text(v) return type(v) == "string" and v or nil end

--- A count of tokens: a whole number of 0 or more, else 0.
function wire.count(v)
  local n = type(v) == "number" and math.tointeger(v)
  return n and n >= 0 and n or 0
end

--- A name that a server gave to something of its own, fit to stand in a path; else nil.
function wire.id(v) return type(v) == "string" and #v <= 200 and v:find "^[%w_%-]+$" and v or nil end

-- Days since 1970-01-01 of a day of the Gregorian calendar (Hinnant, "chrono-compatible low-level date algorithms").
local function days(y, m, d)
  if m <= 2 then y = y - 1 end
  local era, year = y // 400, y % 400
  local of_year = (153 * ((m + 9) % 12) + 2) // 5 + d - 1
  return era * 146097 + year * 365 + year // 4 - year // 100 + of_year - 719468
end

--- Seconds since 1970 of a time as RFC 3339 writes it; 0 for what is none.
function wire.seconds(text)
  if type(text) ~= "string" then return 0 end
  local y, mo, d, h, mi, s, zone = text:match "^(%d%d%d%d)-(%d%d)-(%d%d)[Tt](%d%d):(%d%d):(%d%d)%.?%d*(.*)$"
  if not y then return 0 end
  local sign, zh, zm = zone:match "^([+-])(%d%d):(%d%d)$"
  local away = sign and (zh * 3600 + zm * 60) * (sign == "-" and -1 or 1) or 0
  return math.tointeger(days(y // 1, mo // 1, d // 1) * 86400 + h * 3600 + mi * 60 + s - away) or 0
end

--- The beginning of a body that is no JSON, for a message: without markup's line breaks.
function wire.glimpse(body)
  if type(body) ~= "string" then return "" end
  return (body:sub(1, GLIMPSE):gsub("%s+", " "))
end

return wire
