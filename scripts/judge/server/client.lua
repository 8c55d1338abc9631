--- client: the connection as the loop sees it (judge/ask/loop.lua): an http.client with the provider's headers read. A
-- test may stand in for it: submit, poll, window, refused, troubled, credit, close.

local fs = require "fs"
local http = require "http"

local client = {}
client.__index = client

local PACE = { start = 20, min = 1, increase = 1, cut = 0.8, window_s = 15, rate_margin = 0.02, probe_s = 60,
               probe_requests = 300 }
local H2_CONNECTIONS = 8   -- each carries a hundred requests
local TIMES = { connect = 10, whole = 600, silence = { bytes = 1, seconds = 120 } }   -- seconds; bytes a second
local MOST_REPLY, BUFFER = 1 << 20, 2048   -- bytes: a rating is a thousandth of that
local RETRY_HEADERS = { "retry-after", "retry-after-ms", "x-should-retry" }
local KINDS = { "requests", "input_tokens", "output_tokens" }

local function headers_to_keep(provider)
  local out, seen = {}, {}
  local function add(name)
    if name and not seen[name] then out[#out + 1], seen[name] = name, true end
  end
  for _, name in ipairs(RETRY_HEADERS) do add(name) end
  for _, name in ipairs(provider.hints) do add(name) end
  for _, names in pairs(provider.limits) do
    add(names.limit)
    add(names.remaining)
  end
  return out
end

-- Limits that the recipe or the user gave: the lower of the two.
local function given_limits(endpoint, p)
  local out = {}
  for _, kind in ipairs(KINDS) do
    local a, b = p[kind .. "_per_minute"], endpoint.limits[kind .. "_per_minute"]
    local n = a and b and math.min(a, b) or a or b
    if n then out[kind] = { per_minute = n, burst = math.max(1, n / 60) } end
  end
  return out
end

--- Opens a connection.
-- @param endpoint  as judge/server/endpoint finds it
-- @param p         concurrency, requests_per_minute and the like; timeout = seconds, where a request may take longer
-- @return  the client; or nil and a sentence
function client.open(endpoint, provider, p)
  local limits = given_limits(endpoint, p)
  local pace = { max = p.concurrency }
  for k, v in pairs(PACE) do pace[k] = v end
  pace.start = math.min(pace.start, p.concurrency)
  local real, err = http.client {
    origin = endpoint.url, headers = { ["content-type"] = "application/json" }, secrets = endpoint.secret,
    keep_headers = headers_to_keep(provider), ca_file = endpoint.ca_file, proxy = endpoint.proxy, http2 = true,
    http2_connections = H2_CONNECTIONS, allow_private = endpoint.private, plain_http = endpoint.plain,
    connect_timeout = TIMES.connect, timeout = p.timeout or TIMES.whole, low_speed = TIMES.silence,
    max_reply_bytes = MOST_REPLY, buffer_bytes = BUFFER, concurrency = pace, buckets = limits,
  }
  if not real then return nil, err end
  return setmetatable({ http = real, provider = provider, fixed = limits, server = {} }, client)
end

function client:submit(q)
  self.http:submit { id = q.id, path = q.path, headers = q.headers, body = q.body, input_tokens = q.input_tokens,
                     output_tokens = q.output_tokens, delay = q.delay, method = q.method,
                     multipart = q.multipart, to_file = q.to_file, max_reply_bytes = q.max_reply_bytes }
end

-- The server says what it grants a minute: its word is the limit where nobody gave a lower one.
local function learn_limits(self, headers)
  for kind, names in pairs(self.provider.limits) do
    local n = tonumber(headers[names.limit])
    if n and n > 0 and n ~= self.server[kind] then
      self.server[kind] = n
      local mine = self.fixed[kind]
      if not mine or n < mine.per_minute then
        self.http:limit(kind, { per_minute = n, burst = n, level = tonumber(headers[names.remaining]) or n })
      end
    end
  end
end

local SHOULD = { ["true"] = true, ["false"] = false }

--- What finished, each with `wait`, the seconds that its headers ask for, and `should_retry`.
function client:poll(seconds)
  local done = self.http:poll(seconds)
  for _, r in ipairs(done) do
    local headers = r.headers or {}
    if not r.error then
      if r.status == 200 then learn_limits(self, headers)
      else
        r.wait, r.should_retry = http.retry_delay(headers, fs.time()), SHOULD[headers["x-should-retry"]]
      end
    end
  end
  return done
end

--- Requests that may be in flight now.
function client:window() return self.http:window() end

--- The server refused a request for its rate: all wait, the pace is cut.
function client:refused(id, seconds) self.http:refused(id, seconds) end

--- The server has trouble of its own: the pace does not grow.
function client:troubled(seconds) self.http:troubled(seconds) end

--- Tokens that were set aside in the buckets and not used.
function client:credit(kind, tokens) self.http:credit(kind, tokens) end

function client:close() self.http:close() end

return client
