--- config: what the user, not a recipe, says of judges: $XDG_CONFIG_HOME/tamis/judge.json, else that of ~/.config.
--   { "providers": { "anthropic": { "api_key": "…" },
--                    "vllm": { "base_url": "http://10.0.0.5:8000/v1", "ca_file": "…", "proxy": "…",
--                              "requests_per_minute": 600, "input_tokens_per_minute": 100000,
--                              "output_tokens_per_minute": 20000 } },
--     "prices": { "my-model": { "input": 1, "output": 5, "as_of": "2026-11-01" } } }
-- A file that holds a key must be the user's alone (mode 0600).

local fs = require "fs"
local json = require "json"
local prices = require "judge.prices"

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

local TEXTS = { "api_key", "base_url", "ca_file", "proxy" }
local NUMBERS = { "requests_per_minute", "input_tokens_per_minute", "output_tokens_per_minute" }

local function fault(path, name, key, value, wanted)
  return nil, ("%s: providers.%s.%s is a %s: expected %s"):format(path, name, key, type(value), wanted)
end

local function check_provider(path, name, t)
  if type(t) ~= "table" then return fault(path, name, "", t, "an object") end
  for _, key in ipairs(TEXTS) do
    if t[key] ~= nil and type(t[key]) ~= "string" then return fault(path, name, key, t[key], "a text") end
  end
  for _, key in ipairs(NUMBERS) do
    if t[key] ~= nil and (type(t[key]) ~= "number" or t[key] <= 0) then
      return fault(path, name, key, t[key], "a number over 0")
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
