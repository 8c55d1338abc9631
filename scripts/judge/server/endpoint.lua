--- endpoint: where a judge's requests go, and with which key. A recipe may name a server, but only the user allows
-- one: by setting the provider's key, by a base URL in the environment or the configuration file, or by --allow-host.
-- A key belongs to the address that stands beside it, and goes nowhere else.

local config = require "judge.server.config"
local fs = require "fs"
local http = require "http"

local endpoint = {}

--- The parts of a base URL, as the client will read it (modules/http/url.h: one reader, so that what is allowed here
-- and where a request goes are the same); nil and what is wrong with it.
-- @return  { scheme, host, port, path, origin = "scheme://host:port", url = origin and path, loopback = boolean }
function endpoint.parse(url)
  if type(url) ~= "string" then return nil, "it is no URL" end
  local u, why = http.url(url)
  if not u then return nil, why end
  if u.path:find("?", 1, true) then return nil, "a base URL has no query (?…)" end
  u.path = u.path:gsub("/+$", "")
  u.url = u.origin .. u.path
  u.loopback = u.kind == "loopback" and not u.host:find "%.localhost$"   -- such a name may lead elsewhere
  return u
end

--- The origins of --allow-host; nil and a sentence for what is none.
local function allowed_set(hosts)
  local out = {}
  for _, text in ipairs(hosts or {}) do
    local u, why = endpoint.parse(text)
    if not u then return nil, ("--allow-host %s: %s"):format(text, why) end
    out[u.origin] = true
  end
  return out
end

local function given(v) return v ~= nil and v ~= "" and v or nil end

-- The user's own word on a provider's address: the environment before the file.
local function users(provider, mine)
  local from_env = given(fs.getenv(provider.base))
  if from_env then return from_env, provider.base end
  if given(mine.base_url) then return mine.base_url, "base_url in " .. config.named() end
end

local function no_address(provider)
  return nil, ("no address for %s: set %s, or base_url in %s, or name it in the recipe and allow it with --allow-host")
    :format(provider.name, provider.base, config.named())
end

-- The address, and who gave it: "user" or "recipe". A recipe may spell out what would be taken anyway.
local function address(provider, p, mine, allowed)
  local url, source = users(provider, mine)
  local asked, user = given(p.base_url), nil
  if url or provider.url then
    local why
    user, why = endpoint.parse(url or provider.url)
    if not user then return nil, ("%s = %q: %s"):format(source, url, why) end
  end
  if not asked then
    if user then return user, "user" end
    return no_address(provider)
  end
  local wanted, why = endpoint.parse(asked)
  if not wanted then return nil, ("base_url = %q: %s"):format(asked, why) end
  if user and user.origin == wanted.origin then return wanted, "user" end
  if allowed[wanted.origin] then return wanted, "recipe" end
  return nil, ("the recipe would send rows to %s, which nobody allowed: --allow-host %s, or %s=%s"):format(
    wanted.origin, wanted.origin, provider.base, asked)
end

-- A server of one's own that the configuration names is not sent the key that stands in the environment for another:
-- OPENAI_API_KEY is OpenAI's, or that of OPENAI_BASE_URL.
local function find_key(provider, mine)
  local header, prefix = provider.secret.header, provider.secret.prefix
  local beside = not provider.keyless or given(fs.getenv(provider.base))
  local key = beside and given(fs.getenv(provider.key))
  if key then return key, provider.key, { [header] = { env = provider.key, prefix = prefix } } end
  if given(mine.api_key) then return mine.api_key, config.named(), { [header] = prefix .. mine.api_key } end
end

-- Plain http shows key and rows to whoever listens.
local function check_plain(u, allowed, user_gave)
  if u.scheme == "https" or u.loopback or allowed[u.origin] then return true end
  return nil, ("%s is plain http, and not this machine: use https%s"):format(u.url,
    user_gave and ", or say that it is meant: --allow-host " .. u.origin or "")
end

--- Where requests go.
-- @param provider  a table of judge/providers
-- @param p         the stage's parameters: base_url
-- @param o         { allow_hosts = list of --allow-host, config = what judge/server/config reads }
-- @return  { origin, path, url, secret = headers that carry the key, or where it is read from, key_from = where that
--   is, private, plain, ca_file, proxy, limits }; or nil and a sentence
function endpoint.find(provider, p, o)
  local mine = o.config.providers[provider.name] or {}
  local allowed, err = allowed_set(o.allow_hosts)
  if not allowed then return nil, err end
  local u, from = address(provider, p, mine, allowed)
  if not u then return nil, from end
  local ok
  ok, err = check_plain(u, allowed, from == "user")
  if not ok then return nil, err end
  local key, key_from, secret
  if from == "user" then key, key_from, secret = find_key(provider, mine) end
  if not key and not provider.keyless then
    if from == "recipe" then
      return nil, ("%s is not sent to %s, which only the recipe names: set %s=%s beside it"):format(provider.key,
        u.origin, provider.base, p.base_url)
    end
    return nil, ("no key for %s: set %s, or api_key in %s (tamis help judging)"):format(provider.name, provider.key,
      config.named())
  end
  if key and key:find "[%c%s]" then
    return nil, ("the key in %s holds a blank or a line break: copy it again"):format(key_from)
  end
  local own = from == "recipe" or provider.url == nil or u.url ~= provider.url
  return { origin = u.origin, path = u.path, url = u.url, secret = secret or {}, key_from = key_from,
           private = own, plain = u.scheme == "http", ca_file = given(mine.ca_file),
           proxy = given(mine.proxy), limits = mine }
end

return endpoint
