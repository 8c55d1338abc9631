--- judge_server: starts the test server (tests/judge_server/README.md) for a test and talks to it.
--   local server <close> = require "judge_server".start { limits = { requests_per_second = 50 } }
--   server.url                          -- "http://127.0.0.1:PORT"; .https, .ca, .port, .ports
--   server:control { script = { { match = "row 7", fault = "overloaded", times = 2 } } }
--   server:stats().billed.output_tokens
--   server:stop()
local check = require "check"
local json = require "json"
local wire = require "wire"

local M = {}
M.ANTHROPIC_KEY = "sk-ant-api03-test-key-for-loopback-only"
M.OPENAI_KEY = "sk-proj-test-key-for-loopback-only"

local Server = {}
Server.__index = Server

--- The program, or the test is skipped.
local function program()
  local path = os.getenv "JUDGE_SERVER" or "build/release/judge_server"
  local f = io.open(path, "rb")
  if not f then check.skip("no judge_server: make " .. path) end
  f:close()
  return path
end

local function wait_line(path, process)
  for _ = 1, 500 do
    local f = io.open(path, "rb")
    local line = f and f:read "l"
    if f then f:close() end
    if line and line:sub(-1) == "}" then return line end
    os.execute "sleep 0.02"
  end
  process:close()
  error("the judge server did not start", 3)
end

--- Starts a server that ends with the test program, however that ends.
-- @param control  a table for POST /_control, or nil
-- @param options  more options for the command line, or nil
function M.start(control, options)
  local out = os.tmpname()
  -- Its standard input is our pipe: when we are gone it reads the end and goes, too.
  local process = assert(io.popen("exec " .. check.quote(program()) .. " --lifetime 300 " .. (options or "") ..
    " >" .. out, "w"))
  local line = wait_line(out, process)
  os.remove(out)
  local ports = assert(json.decode(line))
  local server = setmetatable({ process = process, ports = ports, port = ports.http, pid = ports.pid, ca = ports.ca,
    h2 = ports.h2, url = "http://127.0.0.1:" .. ports.http, https = "https://127.0.0.1:" .. ports.https }, Server)
  if control then server:control(control) end
  return server
end

--- Splits a reply's bytes: { status, headers = { name = value }, head, body, how }.
function M.reply(bytes, how)
  local head, body = bytes:match "^(HTTP.-)\r\n\r\n(.*)$"
  if not head then return { status = 0, headers = {}, head = bytes, body = "", how = how } end
  local headers = {}
  for name, value in head:gmatch "\r\n([^:\r\n]+): *([^\r\n]*)" do headers[name:lower()] = value end
  return { status = tonumber(head:match "^HTTP/1.1 (%d+)"), headers = headers, head = head, body = body, how = how }
end

--- One request on a connection of its own.
-- @param headers  an array of lines, or nil
-- @param seconds  how long to wait for the end; default 5
function Server:request(method, path, headers, body, seconds)
  local w <close> = assert(wire.open(self.port))
  local lines = { ("%s %s HTTP/1.1"):format(method, path), "host: 127.0.0.1", "connection: close",
                  "content-length: " .. #(body or "") }
  for _, line in ipairs(headers or {}) do lines[#lines + 1] = line end
  w:send(table.concat(lines, "\r\n") .. "\r\n\r\n" .. (body or ""))
  return M.reply(w:read(seconds or 5))
end

--- Changes what the table names (keys of POST /_control).
function Server:control(settings)
  local reply = self:request("POST", "/_control", nil, json.encode(settings))
  if reply.status ~= 200 then error("judge server: " .. reply.body, 2) end
end

--- What was counted since the start or the last reset.
-- @param rows  true: also `row`, by the name of each row
function Server:stats(rows)
  return assert(json.decode(self:request("GET", "/_stats" .. (rows and "?rows=1" or "")).body))
end

--- Forgets counts, script, limits and batches.
function Server:reset() self:request("POST", "/_reset") end

--- Drops all connections and comes back on the same port after so many milliseconds.
function Server:restart(ms) self:request("POST", "/_restart?ms=" .. (ms or 200)) end

function Server:stop()
  if self.process then self.process:close() end
  self.process = nil
end
Server.__close = Server.stop
Server.__gc = Server.stop

return M
