--- call: one request at a time, for what is no judgement: a batch handed in, its state, its results. Patient where
-- that is safe; a request that must not be sent twice (`once`) is sent again only where it was surely not taken.

local client = require "judge.server.client"
local core = require "core"
local retry = require "judge.server.retry"
local wire = require "judge.server.wire"

local call = {}
call.__index = call

local TIMEOUT = 7200   -- seconds: a large file may take long, silence is noticed sooner (judge/server/client.lua)

--- Opens a connection.
-- @return  it, to be closed; or nil and a sentence
function call.open(endpoint, provider)
  local server, err = client.open(endpoint, provider, { concurrency = 1, timeout = TIMEOUT })
  if not server then return nil, err end
  return setmetatable({ client = server, provider = provider, serial = 0 }, call)
end

-- The reply of the one request that is under way; nil when somebody interrupts.
local function wait(self)
  while not core.interrupted() do
    local r = self.client:poll(1)[1]
    if r then return r end
  end
end

local function words(r)
  local e = r.body_error or {}
  if r.error then return r.message or r.error end
  return ("status %d: %s"):format(r.status, e.message or e.type or "")
end

-- May the server have acted on it?
local function unsure(r)
  if r.error then return r.sent ~= false end
  return r.status >= 500 and r.status ~= 503 and r.status ~= 529
end

--- Sends a request and waits for its reply.
-- @param request  { path, method, headers, body, multipart, to_file, max_reply_bytes, once, delay = seconds }
-- @return  the reply, of a 2xx status; or nil and { why, class, status, unsure = the server may have acted on it }
function call:send(request)
  local tries, pause = 0, request.delay or 0
  while true do
    tries, self.serial = tries + 1, self.serial + 1
    self.client:submit { id = self.serial, method = request.method, path = request.path, headers = request.headers,
                         body = request.body, multipart = request.multipart, to_file = request.to_file,
                         max_reply_bytes = request.max_reply_bytes, delay = pause }
    local r = wait(self)
    if not r then return nil, { why = "interrupted", class = "interrupted", unsure = true } end
    if not r.error and r.status >= 200 and r.status < 300 then return r end
    if not r.error then r.body_error = self.provider.reply(r.status, r.body or "").error end
    local class = r.error == "file" and "row" or retry.classify(r)
    local fault = { why = words(r), class = class, status = r.status, unsure = unsure(r) }
    if request.once and fault.unsure or class ~= "rate" and class ~= "transient" then return nil, fault end
    pause = retry.delay(tries, r.wait, math.random())
    if not pause then return nil, fault end
  end
end

--- As send, for a reply that is a JSON object.
-- @return  the object; or nil and the fault
function call:ask(request)
  local r, fault = self:send(request)
  if not r then return nil, fault end
  local t = wire.decode(r.body)
  if t then return t end
  return nil, { why = "the server's reply is no JSON: " .. wire.glimpse(r.body), class = "again", unsure = true }
end

function call:close() self.client:close() end
call.__close = call.close

return call
