--- config: what the user, not a recipe, says of judges: $XDG_CONFIG_HOME/tamis/judge.json, else that of ~/.config.
--   { "providers": { "anthropic": { "api_key": "…" },
--                    "vllm": { "base_url": "http://10.0.0.5:8000/v1", "ca_file": "…", "proxy": "…",
--                              "requests_per_minute": 600, "input_tokens_per_minute": 100000,
--                              "output_tokens_per_minute": 20000 } },
--     "prices": { "my-model": { "input": 1, "output": 5, "as_of": "2026-11-01" } } }
-- A file that holds a key must be the user's alone (mode 0600).

local fs = require "fs"
local json = require "json"
local nearest = require "nearest"
local prices = require "judge.money.prices"

local config = {}

local MOST_BYTES = 1 << 20
local OTHERS = 63   -- octal 077: what others and the group may do

--- Where the file lies; nil without a home.
function config.path()
  local root = fs.getenv "XDG_CONFIG_HOME"
  if not root or root == "" then root = fs.getenv "HOME" and fs.getenv "HOME" .. "/.config" end
  return root and root .. "/tamis/judge.json"
end

--- The file as a message names it.
function config.named()
  local path, home = config.path(), fs.getenv "HOME"
  if not path then return "the configuration file" end
  if home and home ~= "" and path:sub(1, #home + 1) == home .. "/" then return "~" .. path:sub(#home + 1) end
  return path
end

--- What stands under the name of a provider: { field, type, what it is }.
config.FIELDS = {
  { "api_key", "string", "the key; the file must then be yours alone: chmod 600" },
  { "base_url", "string", "another address in the place of the provider's own, and the only one the key goes to" },
  { "ca_file", "string", "certificates to trust besides the system's" },
  { "proxy", "string", "a proxy; those of the environment are not used" },
  { "requests_per_minute", "number", "a limit; no limit but what the server's headers say" },
  { "input_tokens_per_minute", "number", "a limit of tokens sent" },
  { "output_tokens_per_minute", "number", "a limit of tokens received" },
}

-- Never shows a text: it may be the key.
local function fault(path, name, key, value, wanted)
  local shown = type(value) == "number" and ("%g"):format(value) or "a " .. type(value)
  return nil, ("%s: providers.%s%s is %s: expected %s"):format(path, name, key and "." .. key or "", shown, wanted)
end

local function check_names(path, name, t)
  local known, names = {}, {}
  for i, field in ipairs(config.FIELDS) do known[field[1]], names[i] = true, field[1] end
  for key in pairs(t) do
    if not known[key] then
      local near = nearest(tostring(key), names)
      return nil, ("%s: providers.%s has no field %s%s (there are %s)"):format(path, name, tostring(key),
        near and (", did you mean %s?"):format(near) or "", table.concat(names, ", "))
    end
  end
  return true
end

local function check_provider(path, name, t)
  if type(t) ~= "table" then return fault(path, name, nil, t, "an object") end
  local ok, err = check_names(path, name, t)
  if not ok then return nil, err end
  for _, field in ipairs(config.FIELDS) do
    local key, v = field[1], t[field[1]]
    if v ~= nil and field[2] == "string" and type(v) ~= "string" then return fault(path, name, key, v, "a text") end
    if v ~= nil and field[2] == "number" and (type(v) ~= "number" or v <= 0) then
      return fault(path, name, key, v, "a number over 0")
    end
  end
  return true
end

local function check_prices(path, t)
  for model, p in pairs(t) do
    local why = prices.fault(p)
    if why then return nil, ('%s: prices["%s"]: %s'):format(path, tostring(model), why) end
  end
  return true
end

local function holds_key(providers)
  for _, t in pairs(providers) do
    if t.api_key then return true end
  end
  return false
end

--- Reads the file.
-- @return  { providers = { [name] = table }, prices = { … } }, empty where there is no file; or nil and a sentence
function config.read(path)
  path = path or config.path()
  local st = path and fs.stat(path)
  if not st then return { providers = {}, prices = {} } end
  local text, err = fs.read(path, MOST_BYTES)
  if not text then return nil, err end
  local t, why = json.decode(text)
  if type(t) ~= "table" then return nil, ("%s: %s"):format(path, why or "expected an object") end
  local out = { providers = type(t.providers) == "table" and t.providers or {},
                prices = type(t.prices) == "table" and t.prices or {} }
  for name, p in pairs(out.providers) do
    local ok
    ok, err = check_provider(path, name, p)
    if not ok then return nil, err end
  end
  local ok
  ok, err = check_prices(path, out.prices)
  if not ok then return nil, err end
  if holds_key(out.providers) and st.mode and st.mode & OTHERS ~= 0 then
    return nil, ("%s holds a key, and others may read it: chmod 600 %s"):format(path, path)
  end
  return out
end

return config
