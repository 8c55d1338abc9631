--- values: parameters and their defaults in words, for help pages, the README and completion.

local values = {}

--- A value as a recipe writes it.
function values.literal(v)
  if type(v) == "string" then return '"' .. v:gsub('[\\"]', "\\%0") .. '"' end
  if math.type(v) == "float" and v == math.floor(v) and math.abs(v) < 1e15 then return ("%d"):format(v) end
  if type(v) ~= "table" then return tostring(v) end
  local parts, keys = {}, {}
  for i, x in ipairs(v) do parts[i] = values.literal(x) end
  for k in pairs(v) do if type(k) == "string" then keys[#keys + 1] = k end end
  table.sort(keys)
  for _, k in ipairs(keys) do
    parts[#parts + 1] = (k:find "^[%a_][%w_]*$" and k or ('["%s"]'):format(k)) .. " = " .. values.literal(v[k])
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function one_of(list)
  local out = {}
  for i, v in ipairs(list) do out[i] = ('"%s"'):format(v) end
  return table.concat(out, " or ")
end

local function element(spec)
  if spec.values then return table.concat(spec.values, ", ") end
  return (type(spec.type) == "table" and table.concat(spec.type, " or ") or spec.type) .. "s"
end

--- What a parameter may be, in a few words: "number, 0.05 to 1".
function values.kind(spec)
  local t = type(spec.type) == "table" and table.concat(spec.type, " or ") or spec.type or "any"
  if spec.values then t = one_of(spec.values)
  elseif t == "list" and spec.of then t = "list of " .. element(spec.of) end
  local min, max = spec.min and values.literal(spec.min), spec.max and values.literal(spec.max)
  if min and max then return ("%s, %s to %s"):format(t, min, max) end
  if min then return ("%s, %s or more"):format(t, min) end
  if max then return ("%s, at most %s"):format(t, max) end
  return t
end

--- "required", the default as a recipe writes it, or nothing.
function values.default(spec)
  if spec.required then return "required" end
  return spec.default ~= nil and values.literal(spec.default) or ""
end

--- Names of parameters: the required ones first, then by name.
function values.names(params)
  local names = {}
  for name in pairs(params) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local ra, rb = params[a].required or false, params[b].required or false
    if ra ~= rb then return ra end
    return a < b
  end)
  return names
end

return values
