-- tests/test_http.lua - the client as scripts see it; the wire itself is tested in tests/test_http.c.
local check = require "check"
local http = require "http"

local CONCURRENCY = { start = 4, min = 1, max = 8, increase = 1, cut = 0.5, window_s = 1 }

local function options(t)
  local o = { origin = "http://127.0.0.1:1", allow_private = true, plain_http = true, connect_timeout = 2,
              timeout = 5, concurrency = CONCURRENCY }
  for k, v in pairs(t or {}) do o[k] = v end
  return o
end

local probe, why = http.client(options())
if not probe and why:find("needs libcurl", 1, true) then
  check.test("a client needs libcurl", function() check.skip(why) end)
  return check.done()
end
probe:close()

check.test("options are checked, and say what is wrong", function()
  check.raises("origin is missing", http.client, { concurrency = CONCURRENCY })
  check.raises("concurrency is missing", http.client, { origin = "https://a.b" })
  check.raises("concurrency.cut is missing", http.client, { origin = "https://a.b", concurrency = { start = 1, min = 1,
    max = 1, increase = 1 } })
  check.raises("unknown option: retries", http.client, options { retries = 3 })
  check.raises("timeout: expected a number", http.client, options { timeout = "5" })
  check.raises("keep_headers: names are in lower case", http.client, options { keep_headers = { "Date" } })
  check.raises("TAMIS_NO_SUCH_KEY is not set", http.client, options { secrets = { x = { env = "TAMIS_NO_SUCH_KEY" } } })
  check.raises("buckets: expected requests, input_tokens, output_tokens; got rows", http.client,
    options { buckets = { rows = { per_second = 1 } } })
  check.raises("requests: expected per_second or per_minute", http.client, options { buckets = { requests = {} } })
  local client, message = http.client(options { allow_private = false })
  check.eq(client, nil)
  check.contains(message, "loopback")
  check.contains(select(2, http.client(options { plain_http = false })), "not encrypted")
  check.contains(select(2, http.client(options { origin = "https://me:pw@a.b" })), "may not hold a user name")
  check.contains(select(2, http.client(options { headers = { ["a b"] = "1" } })), "letters, digits and hyphens")
  check.contains(select(2, http.client(options { secrets = { ["x-key"] = "a\nb" } })), "x-key")
end)

check.test("a request that cannot be sent raises", function()
  local client <close> = http.client(options { secrets = { ["x-api-key"] = "sk-0123456789abcdef" } })
  check.raises("id: expected an integer", client.submit, client, { path = "/x" })
  check.raises("unknown option: deadline", client.submit, client, { id = 1, path = "/x", deadline = 3 })
  check.raises("path is missing", client.submit, client, { id = 1 })
  check.raises("a path begins with a slash", client.submit, client, { id = 1, path = "x" })
  check.raises("a path may not hold", client.submit, client, { id = 1, path = "/x\r\nHost: y" })
  check.raises("may not set the header X-Api-Key", client.submit, client,
    { id = 1, path = "/x", headers = { ["X-Api-Key"] = "z" } })
  check.raises("a GET request has no body", client.submit, client, { id = 1, path = "/x", method = "GET", body = "b" })
  check.raises("body: expected strings", client.submit, client, { id = 1, path = "/x", body = { "a", {} } })
  check.raises("body: expected a string, or 1 to 16", client.submit, client, { id = 1, path = "/x", body = {} })
  check.raises("no reply of the last poll has the id 9", client.requeue, client, 9)
  check.raises("expected seconds from 0 up", client.troubled, client, -1)
  check.eq(#client:poll(0), 0)
  client:close()
  check.raises("client is closed", client.poll, client, 0)
  client:close()
end)

check.test("a host that is not there is an error in the reply, and nothing was sent", function()
  local client <close> = http.client(options())
  client:submit { id = 7, path = "/v1/messages", body = "{}" }
  local done, flying = client:poll(10)
  check.eq(#done, 1)
  check.eq(flying, 0)
  local r = done[1]
  check.eq({ r.id, r.status, r.error, r.sent, r.bytes_sent, r.body, r.sends }, { 7, 0, "connect", false, 0, "", 1 })
  check.contains(r.message, "http://127.0.0.1:1: ")
  client:troubled(0)
  client:requeue(7, 0)
  done = client:poll(10)
  check.eq(done[1].sends, 2)
  local s = client:stats()
  check.eq({ s.sent, s.finished, s.retries, s.queued, s.in_flight, s.concurrency }, { 0, 2, 1, 0, 0, 4 })
end)

check.test("refusals cut the window, and limits can change", function()
  local client <close> = http.client(options { buckets = { requests = { per_minute = 600, burst = 1 } } })
  for i = 1, 3 do client:submit { id = i, path = "/x" } end
  local done = client:poll(10)
  client:refused(done[1].id, 0)
  check.eq({ client:stats().concurrency, client:window() }, { 2, 2 })
  client:limit("requests", { per_second = 1000, burst = 10, level = 5 })
  client:limit("output_tokens", nil)
  client:credit("requests", 1)
  local seen = #done
  while seen < 3 do seen = seen + #client:poll(10) end
  check.eq(client:stats().finished, 3)
end)

check.test("a key is masked in any text", function()
  local client <close> = http.client(options { secrets = { authorization = "Bearer sk-0123456789abcdef" } })
  check.eq(client:scrub "sent sk-0123456789abcdef.", "sent *******************.")
end)

check.test("a URL that the server names must lie under the origin", function()
  local client <close> = http.client(options { origin = "http://127.0.0.1:8080/v1" })
  check.eq(client:path_of "http://127.0.0.1:8080/v1/files/7?x=1", "/files/7?x=1")
  for _, url in ipairs { "http://127.0.0.1:8081/v1/x", "http://127.0.0.2:8080/v1/x", "http://127.0.0.1:8080/v2/x",
                         "http://127.0.0.1:8080/v1x", "https://127.0.0.1:8080/v1/x" } do
    local path, message = client:path_of(url)
    check.eq(path, nil, url)
    check.contains(message, "does not lie under http://127.0.0.1:8080/v1")
  end
end)

check.test("a URL comes apart", function()
  check.eq(http.url "https://API.a.com/v1", { scheme = "https", host = "api.a.com", port = 443, path = "/v1",
                                              origin = "https://api.a.com", kind = "public" })
  check.eq(http.url "http://localhost:8000".kind, "loopback")
  check.eq(http.url "http://10.0.0.5:8000".kind, "private")
  check.eq(http.url "http://0x7f000001/", nil)
end)

check.test("a retry hint is read and capped", function()
  local now = 784111777   -- Sun, 06 Nov 1994 08:49:37 GMT
  check.eq({ http.retry_delay({ ["retry-after"] = "7" }, now) }, { 7.0, "retry-after", false })
  check.eq({ http.retry_delay({ ["retry-after"] = "86400" }, now, 60) }, { 60.0, "retry-after", true })
  check.eq({ http.retry_delay({ ["retry-after"] = "Sun, 06 Nov 1994 08:49:47 GMT" }, now) },
           { 10.0, "retry-after", false })
  check.eq({ http.retry_delay({ ["x-ratelimit-reset-tokens"] = "6m0s" }, now) },
           { 360.0, "x-ratelimit-reset-tokens", false })
  check.eq(http.retry_delay({ ["retry-after"] = "soon" }, now), nil)
  check.eq(http.retry_delay({}, now), nil)
end)

local function served(server, url, t)
  local o = options(t)
  o.origin, o.ca_file, o.http2, o.http2_connections = url, server.ca, true, 2
  return check.ok(http.client(o))
end

local function one(client, request)
  request.id = 1
  client:submit(request)
  local done = client:poll(20)
  check.eq(#done, 1)
  return done[1]
end

check.test("over TLS a server with HTTP/2 is spoken to in it, and a bad certificate in nothing", function()
  local js = require "judge_server"
  local server <close> = js.start()
  local client <close> = served(server, "https://localhost:" .. server.ports.https,
    { secrets = { ["x-api-key"] = js.ANTHROPIC_KEY }, headers = { ["anthropic-version"] = "2023-06-01" } })
  local r = one(client, { path = "/v1/models" })
  check.eq({ r.status, r.error, r.http_version }, { 200, nil, server.h2 and 20 or 11 })
  for _, port in ipairs { "https_expired", "https_wrong_host", "https_self_signed" } do
    local other <close> = served(server, "https://localhost:" .. server.ports[port])
    r = one(other, { path = "/v1/models" })
    check.eq({ r.error, r.sent, r.status }, { "certificate", false, 0 }, port)
  end
end)

check.test("a file goes up in parts and comes down to a file", function()
  local js = require "judge_server"
  local server <close> = js.start()
  local client <close> = served(server, server.url .. "/v1",
    { secrets = { authorization = "Bearer " .. js.OPENAI_KEY } })
  local path = os.tmpname()
  local text = ('{"custom_id":"r%d","method":"POST","url":"/v1/embeddings","body":{}}\n'):rep(2000, ""):gsub("%%d", "1")
  local f = assert(io.open(path, "wb"))
  f:write(text)
  f:close()
  local r = one(client, { path = "/files", multipart = { { name = "purpose", value = "batch" },
    { name = "file", filename = "in.jsonl", content_type = "application/jsonl", file = path } } })
  check.eq({ r.status, r.error }, { 200, nil }, r.body)
  local id = r.body:match '"id":%s*"(file%-[^"]+)"'
  check.ok(r.bytes_sent > #text)
  os.remove(path)
  r = one(client, { path = "/files/" .. id .. "/content", to_file = path })
  check.eq({ r.status, r.error, r.body, r.bytes_received }, { 200, nil, "", #text })
  f = assert(io.open(path, "rb"))
  check.eq(f:read "a" == text, true)
  f:close()
  os.remove(path)
end)

check.done()
