--- Whole runs with a judge against the test server: what each fault makes of a row and of the run, and what it costs.
local check = require "check"
local fs = require "fs"
local fixture = require "e2e.fixture_judge"
local json = require "json"
local store = require "store"

local j <close> = fixture.new()
local server = j.server

--- A run that must end well.
local function good(o)
  local run = j:run(o)
  check.eq(run.status, 0, run.err)
  return run
end

-- ---- rows: what one fault makes of a row ----

-- Each of these happens to a row once (or for good, where the state is not "scored").
local ROWS = {
  scored = { "rate_limit_ms x1", "timeout x1", "conflict x1", "cut_request x1", "server_error x1",
    "bad_gateway x1", "unavailable x1", "gateway_timeout x1", "overloaded x1", "slow_down x1", "error_string x1",
    "error_empty x1", "no_content x1", "refuse_reset x1", "chunked", "reset x1", "reset_head x1", "reset_body x1",
    "cut_chunk x1", "cut_body x1", "long_length x1", "short_length x1", "until_close", "slow ms=5 bytes=200", "close",
    "close_silent x1", "garbage x1", "early_hints", "empty x1", "half_json x1", "bad_utf8 x1", "html x1", "nan_usage x1",
    "max_tokens x1", "empty_content x1", "thinking_block", "no_usage", "two_blocks", "unknown_block",
    "duplicate_keys x1", "nan x1", "fenced", "prose", "prose_after", "two_objects", "trailing_comma", "think",
    "wrong_id x1", "no_id x1", "missing_key x1", "out_of_range x2", "string_score", "extra_keys", "not_json x1", "bom",
    "half_object x1", "huge x1", "nul x1", "deep x1", "array" },
  unparsed = { "max_tokens", "empty_content", "duplicate_keys", "nan", "wrong_id", "no_id", "missing_key", "out_of_range",
    "not_json", "half_object", "empty", "html" },
  refused = { "refusal" },
  too_long = { "too_large", "too_large_html", "context_length" },
  failed = { "unprocessable", "invalid", "rate_limit_day", "server_error should_retry=false" },
}

local function all_faults()
  local rows, wanted = { "[[score 4]]" }, { "scored" }
  for state, list in pairs(ROWS) do
    for _, fault in ipairs(list) do
      rows[#rows + 1] = "[[fault " .. fault .. "]] [[score 4]]"
      wanted[#rows] = state
    end
  end
  return rows, wanted
end

check.test("every fault of the wire and of the reply ends in the state that is its own", function()
  for _, model in ipairs { fixture.MODEL, fixture.GPT } do
    local rows, wanted = all_faults()
    local run = good { rows = rows, judge = model .. ", max_failed = 1" }
    local got, expected = run:states(), {}
    for i, row in ipairs(rows) do
      got[i], expected[i] = row .. " " .. tostring(got[i]), row .. " " .. wanted[i]
    end
    check.eq(got, expected, model)
    check.eq(run:count "curated", #ROWS.scored + 1)
    check.eq(run:count "quarantined", #rows - #ROWS.scored - 1)
  end
end)

check.test("a refusal for rate is waited out, whatever it says of when", function()
  local rows = { "[[score 4]]", "[[fault rate_limit_date ms=1000 x1]]", "[[fault rate_limit_negative x1]]",
                 "[[fault rate_limit_garbage x1]]", "[[fault rate_limit_bare x1]]", "[[fault rate_limit_reset x1]]",
                 "[[fault acceleration retry_after_ms=40 x1]]" }
  server:reset()
  local run = good { rows = rows }
  check.eq(run:states(), fixture.times(#rows, "scored"))
  local stats = server:stats()
  check.eq({ stats.rate_429, stats.billed.requests }, { #rows - 1, #rows })
end)

check.test("what else OpenAI says: a filter is a refusal; thoughts beside the content are not the content", function()
  local run = good { rows = { "[[score 4]]", "[[fault content_filter]]", "[[fault reasoning_content]] [[score 5]]" },
                     judge = fixture.GPT .. ", max_failed = 1" }
  check.eq(run:states(), { "scored", "refused", "scored" })
end)

check.test("servers that copy OpenAI's, each with its own quirks, are understood", function()
  for name, path in pairs { vllm = "vllm", compatible = "vllm_flat", llamacpp = "llamacpp", ollama = "ollama", tgi = "tgi" } do
    local base = server.url .. "/" .. path .. "/v1"
    local run = good { rows = { "[[score 5]]", "[[fault overloaded x1]] [[score 4]]", "[[fault unprocessable]]" },
                       env = { OPENAI_BASE_URL = base, OPENAI_API_KEY = false }, options = "",
                       judge = ('provider = "%s", model = "qwen2.5-7b", max_failed = 1'):format(name) }
    check.eq(run:states(), { "scored", "scored", "failed" }, name)
  end
end)

-- ---- the run: what stops it ----

local STOPS = {
  { "auth", "refuses every request" }, { "permission", "refuses every request" },
  { "not_found", "refuses every request" }, { "invalid", "refuses every request" },
  { "redirect", "refuses every request" }, { "redirect_307", "refuses every request" },
  { "billing", "credit or spending limit" }, { "spend_limit", "credit or spending limit" }, { "insufficient_quota", "credit or spending limit" },
  { "credit_balance", "credit or spending limit" }, { "usage_limit", "credit or spending limit" },
}

check.test("what no request can mend stops the run after one, with status 1 and nothing written", function()
  for k, stop in ipairs(STOPS) do
    server:reset()
    server:control { script = { { path = "/", fault = stop[1] } } }
    local run = j:run { rows = fixture.times(30, "[[score 4]]"), judge = k % 2 == 0 and fixture.GPT or nil }
    check.eq({ stop[1], run.status, run:wrote(), server:stats().requests }, { stop[1], 1, false, 1 })
    check.contains(run.err, stop[2])
    server:reset()
  end
end)

check.test("a wrong key, a wrong model and a parameter that the model refuses are found by one request", function()
  local cases = {
    { env = { ANTHROPIC_API_KEY = "sk-ant-api03-not-this-one-0123456789" } },
    { judge = 'model = "claude-none-9", price = { input = 1, output = 1 }' },
    { judge = 'model = "claude-opus-4-7", temperature = 0.5, price = { input = 1, output = 1 }' },
  }
  for _, o in ipairs(cases) do
    server:reset()
    o.rows = fixture.times(30, "[[score 4]]")
    local run = j:run(o)
    check.eq({ run.status, run:wrote(), server:stats().requests }, { 1, false, 1 }, run.err)
    check.contains(run.err, "refuses every request")
  end
end)

check.test("the same in the middle of a run stops it, and what was paid is not paid again", function()
  server:reset()
  server:control { script = { { match = "invoice", skip = 20, fault = "insufficient_quota" } } }
  local rows = fixture.times(200, "[[score 4]]")
  local run = j:run { rows = rows, judge = fixture.MODEL .. ", concurrency = 4" }
  check.eq({ run.status, run:wrote() }, { 1, false })
  check.contains(run.err, "20 answers are kept in ")
  server:control { script = {} }
  local again = good { folder = run.folder, judge = fixture.MODEL .. ", concurrency = 4", id = "b" }
  local paid = server:stats().billed
  check.eq({ again:count "curated", paid.requests }, { 200, 200 })
end)

check.test("a redirect is not followed: what it points to hears nothing", function()
  local other <close> = require("judge_server").start()
  server:reset()
  for _, fault in ipairs { "redirect", "redirect_307" } do
    server:control { script = { { path = "/v1/messages", fault = fault, location = other.url .. "/v1/messages" } } }
    check.eq(j:run { rows = { "[[score 4]]" } }.status, 1)
  end
  check.eq(other:stats().requests, 0)
  server:reset()
end)

check.test("the stage stops when too many rows fail, and says which faults", function()
  server:reset()
  local rows = {}
  for i = 1, 120 do rows[i] = i % 3 == 0 and "[[fault context_length]]" or "[[score 4]]" end
  local run = j:run { rows = rows }
  check.eq({ run.status, run:wrote() }, { 1, false })
  check.contains(run.err, "too many rows could not be judged")
  check.contains(run.err, "prompt is too long")
  check.eq(good { rows = rows, judge = fixture.MODEL .. ", max_failed = 0.5" }:count "quarantined", 40)
end)

-- ---- connections ----

local function secure(name, more)
  local env = { ANTHROPIC_BASE_URL = "https://localhost:" .. server.ports[name] }
  for k, v in pairs(more or {}) do env[k] = v end
  return env
end

local function config(text)
  local home = check.folder()
  assert(fs.mkdirs(home .. "/tamis"))
  assert(fs.write(home .. "/tamis/judge.json", text, 384))
  return home
end

check.test("certificates that are expired, of another host or self-signed are refused, and nothing is sent", function()
  local home = config(('{"providers":{"anthropic":{"ca_file":%s}}}'):format(json.encode(server.ca)))
  server:reset()
  for _, name in ipairs { "https_expired", "https_wrong_host", "https_self_signed" } do
    local run = j:run { rows = { "[[score 4]]" }, env = secure(name, { XDG_CONFIG_HOME = home }) }
    check.eq({ name, run.status, run:wrote() }, { name, 1, false })
    check.contains(run.err, "certificate")
  end
  check.eq(j:run { rows = { "[[score 4]]" }, env = secure "https" }.status, 1, "a certificate of nobody we know")
  check.eq(server:stats().requests, 0)
end)

check.test("the user's own certificate authority is trusted beside the system's, over HTTP/2", function()
  local home = config(('{"providers":{"anthropic":{"ca_file":%s}}}'):format(json.encode(server.ca)))
  server:reset()
  good { rows = fixture.times(30, "[[score 4]]"), env = secure("https", { XDG_CONFIG_HOME = home }) }
  local stats = server:stats()
  check.eq(stats.requests, 30)
  if server.h2 then check.eq(stats.h2_requests, 30) end
end)

check.test("a proxy variable is not obeyed, and is named where nothing answers", function()
  local run = j:run { rows = { "[[score 4]]" }, env = { ANTHROPIC_BASE_URL = "http://127.0.0.1:9",
    http_proxy = "http://127.0.0.1:1", HTTPS_PROXY = "http://127.0.0.1:1" } }
  check.eq(run.status, 1)
  check.contains(run.err, "http_proxy")
  server:reset()
  good { rows = { "[[score 4]]" }, env = { http_proxy = "http://127.0.0.1:1", ALL_PROXY = "http://127.0.0.1:1" } }
  check.eq(server:stats().requests, 1)
end)

check.test("a base URL that only the recipe names is asked only with --allow-host, and gets no key", function()
  server:reset()
  local judge = ('provider = "compatible", model = "m", base_url = "%s/vllm/v1"'):format(server.url)
  local env = { OPENAI_BASE_URL = false, ANTHROPIC_BASE_URL = false }
  local run = j:run { rows = { "[[score 4]]" }, judge = judge, env = env }
  check.eq({ run.status, server:stats().requests }, { 2, 0 }, run.err)   -- told before a row is read
  check.contains(run.err, "--allow-host " .. server.url)
  good { rows = { "[[score 4]]" }, judge = judge, env = env, options = "--yes --allow-host " .. server.url }
  check.eq(server:stats().requests, 1)
end)

-- ---- money ----

check.test("without a terminal a paid run needs max_cost or --yes; it says what it would cost", function()
  server:reset()
  local run = j:run { rows = fixture.times(5, "[[score 4]]"), options = "" }
  check.eq({ run.status, run:wrote(), server:stats().requests }, { 1, false, 0 })
  check.contains(run.err, "all 5 rows that reach it. That costs about $")
  good { rows = fixture.times(5, "[[score 4]]"), options = "--set judge.max_cost=1" }
  good { rows = fixture.times(5, "[[score 4]]"), options = "--yes" }
end)

check.test("at the cap the rest is quarantined, or the run stops; nothing more is billed", function()
  local rows, dollars = fixture.times(60, "[[score 4]]"), 0.05
  server:reset()
  local run = good { rows = rows, judge = fixture.MODEL .. ", max_cost = " .. dollars, options = "" }
  local billed = server:stats().billed
  local cost = (billed.input_tokens + 1.25 * billed.cache_creation_input_tokens + 0.1 * billed.cache_read_input_tokens
    + 5 * billed.output_tokens) / 1e6
  check.ok(cost <= dollars and cost > 0, cost)
  local kept, skipped = run:count "curated", run:count "quarantined"
  check.ok(kept > 0 and skipped > 0 and kept + skipped == 60, kept)
  check.eq(billed.requests, kept)
  local stop = j:run { rows = rows, judge = fixture.MODEL .. ', on_cap = "stop", max_cost = ' .. dollars, options = "" }
  check.eq({ stop.status, stop:wrote() }, { 1, false })
  check.ok(stop.err:gsub("%s+", " "):find "max_cost is reached: %$0%.0%d+ of %$0%.0500 spent; %d+ rows are not judged and "
    .. "would cost about %$", stop.err)
end)

check.test("an edited row pays one call, another threshold none", function()
  server:reset()
  local rows = fixture.times(20, "[[score 4]]")
  local run = good { rows = rows }
  rows[7] = "[[score 5]]"
  good { folder = run.folder, rows = rows, id = "b" }
  check.eq(server:stats().requests, 21)
  local more = good { folder = run.folder, id = "c", options = "--set judge.min_overall=4.5" }
  check.eq({ server:stats().requests, more:count "curated" }, { 21, 1 })
end)

check.test("two processes share one cache: nothing is torn, and a third pays nothing", function()
  server:reset()
  local folder = j:recipe { rows = fixture.times(150, "[[score 4]]") }
  local first, second = j:command(folder, { id = "a" }), j:command(folder, { id = "b" })
  local status, _, err = check.run(("( %s ) & ( %s ); s=$?; wait $! && exit $s"):format(first, second))
  check.eq(status, 0, err)
  local sent = server:stats().requests
  check.ok(sent >= 150 and sent <= 300, sent)
  local third = good { folder = folder, id = "c" }
  check.eq(server:stats().requests, sent)
  for _, id in ipairs { "a", "b" } do check.eq(fixture.difference(j.folder_of(folder, id), third), nil, id) end
end)

-- ---- policies, canaries ----

check.test("each state has its policy: keep, reject or quarantine", function()
  local rows = { "[[score 4]]", "[[fault refusal]]", "[[fault not_json]]", "[[fault context_length]]",
                 "[[fault unprocessable]]" }
  local judge = fixture.MODEL .. ', max_failed = 1, on = { refused = "%s", unparsed = "%s", too_long = "%s", failed = "%s" }'
  local run = good { rows = rows, judge = judge:format("keep", "keep", "keep", "keep") }
  check.eq({ run:count "curated", run:count "rejected" }, { 5, 0 })
  run = good { rows = rows, judge = judge:format("reject", "quarantine", "keep", "reject") }
  check.eq({ run:count "curated", run:count "rejected", run:count "quarantined" }, { 2, 2, 1 })
  check.eq(run:states(), { "scored", "refused", "unparsed", "too_long", "failed" })
end)

check.test("a judge that a planted answer can talk round is told of", function()
  server:reset()
  server:control { canary = 1 }
  local rows = fixture.times(40, "[[score 4]]")
  local run = good { rows = rows, judge = fixture.MODEL .. ", canaries = 5" }
  check.contains(table.concat(run:lineage().notes, "\n"), "planted answers that only ask for the highest marks got them")
  server:control { canary = 0 }
  run = good { rows = rows, judge = fixture.MODEL .. ", canaries = 5" }
  check.eq(table.concat(run:lineage().notes, "\n"):find "planted" ~= nil, false)
end)

-- ---- kill -9 ----

check.test("killed three times and started again: the same bytes as an unbroken run, and next to nothing paid twice",
  function()
    local rows, flight = {}, 8
    for i = 1, 300 do rows[i] = i % 50 == 0 and "[[fault refusal]]" or "[[score " .. i % 5 + 1 .. "]]" end
    local o = { rows = rows, judge = fixture.MODEL .. ", concurrency = " .. flight }
    server:reset()
    server:control { latency = { ms = 10 } }
    local whole = good(o)
    server:reset()
    server:control { latency = { ms = 10 } }
    local got = j:killed(j:recipe(o), o, 3, 0.4, 11)
    check.eq({ got.status, got.kills }, { 0, 3 }, got.err)
    check.eq(fixture.difference(got.run, whole), nil)
    local sent = server:stats().requests
    check.ok(sent >= 300 and sent <= 300 + 3 * flight, sent)
    server:reset()
  end)

-- ---- the key ----

local SECRET = "QX7vT2mK9pLw4RjZ8sHd5Nf3YbGc6EuA"   -- 32 bytes; its base64 below is plain arithmetic
local SECRET_64 = "UVg3dlQybUs5cEx3NFJqWjhzSGQ1TmYzWWJHYzZFdUE="

local function holds_key(bytes)
  for _, needle in ipairs { SECRET, SECRET:sub(1, 8), SECRET_64:sub(1, 11), SECRET_64 } do
    if bytes:find(needle, 1, true) then return needle end
  end
end

check.test("the key is written nowhere, whatever the server repeats of it, and shows in no argument", function()
  local k <close> = fixture.new({ latency = { ms = 300 } }, "--anthropic-key " .. SECRET)
  local told = ("your key %s (%s) is fine, your row is not"):format(SECRET, SECRET_64)
  k.server:control { script = { { match = "invoice 3 of", fault = "unprocessable", message = told } } }
  local o = { rows = fixture.times(6, "[[score 4]]"), env = { ANTHROPIC_API_KEY = SECRET },
              judge = fixture.MODEL .. ", max_failed = 1", options = "--yes --trace" }
  local folder = k:recipe(o)
  local status, out, err = check.run(("( %s ) & p=$!; sleep 0.5; tr '\\0' ' ' < /proc/$p/cmdline; wait $p"):format(
    k:command(folder, o)))
  check.eq(status, 0, err)
  check.contains(out, " run recipe.lua ")
  check.eq(holds_key(out .. err), nil)
  check.eq(k.folder_of(folder):states()[3], "failed")
  check.contains(k.folder_of(folder):bytes "quarantined", "your row is not")
  local _, files = check.run("find " .. check.quote(k.dir) .. " -type f")
  local read = 0
  for path in files:gmatch "[^\n]+" do
    check.eq(holds_key(check.read(path)), nil, path)
    read = read + 1
  end
  check.ok(read >= 7, files)   -- recipe, rows, cache, curated, quarantined, lineage, ledger, report
  k.server:control { script = { { path = "/v1/messages", fault = "auth", message = told } } }
  status, out, err = check.run(k:command(k:recipe(o), o))
  check.eq({ status, holds_key(out .. err) }, { 1, nil })
end)

check.test("a process that holds the key leaves no core file", function()
  local dir = check.folder()
  local abort = ("cd %s && ulimit -c unlimited && "):format(check.quote(dir))
  check.run(abort .. "sh -c 'kill -ABRT $$'")
  local _, cores = check.run("find " .. check.quote(dir) .. " -name '*core*'")
  if cores == "" then check.skip "core files cannot be written here" end
  check.run("rm -f " .. cores:gsub("\n", " "))
  local k <close> = fixture.new({ latency = { ms = 3000 } }, "--anthropic-key " .. SECRET)
  local o = { rows = { "[[score 4]]" }, env = { ANTHROPIC_API_KEY = SECRET } }
  local folder = k:recipe(o)
  local _, out = check.run(("ulimit -c unlimited; ( %s ) & p=$!; sleep 0.6; kill -ABRT $p; wait $p; echo $?"):format(
    k:command(folder, o)))
  check.contains(out, "134")
  _, cores = check.run("find " .. check.quote(folder) .. " -name '*core*'")
  check.eq(cores, "")
end)
check.test("a run's summary and its JSON say what was spent, what the cache saved and how planted answers fared", function()
  local own <close> = fixture.new()
  local first = own:run { rows = fixture.times(40, "[[score 4]]"), judge = fixture.MODEL .. ", canaries = 2",
                        options = "--yes --json" }
  check.eq(first.status, 0, first.err)
  local told = json.decode(first.out).judged[1]
  check.eq({ told.stage, told.requests, told.cached, told.saved, told.canaries.asked }, { "judge", 42, 0, 0.0, 2 })
  check.near(told.cost * 1e9, first:lineage().stats.stage_counts[2].figures.spent.cost, 0.5)
  local again = own:run { folder = first.folder, judge = fixture.MODEL .. ", canaries = 2", id = "b",
                        options = "--yes --json" }
  local free = json.decode(again.out).judged[1]
  check.eq({ free.requests, free.cached, free.cost }, { 0, 42, 0.0 })
  check.near(free.saved, told.cost, 1e-9)
end)

check.test("topics that the rubric asks for become an annotation; other topics are other requests", function()
  local function rubric(topics) return fixture.MODEL .. ", rubric = { topics = " .. topics .. " }" end
  local function topics_of(run)
    local db <close> = assert(store.open(run.base .. "/ledger.db", { readonly = true }))
    local out = {}
    for r in db:rows 'SELECT row, "@topic" AS topic FROM rows ORDER BY row' do out[r.row] = r.topic end
    return out
  end
  local rows = { "[[score 4]]", "[[score 5]]", "[[fault refusal]]" }
  server:reset()
  -- the test server answers with the first value of an enum of texts
  local run = good { rows = rows, judge = rubric '{ "billing", "travel" }' .. ", max_failed = 1" }
  check.eq(topics_of(run), { "billing", "billing" })
  check.eq(server:stats().billed.requests, 3)
  run = good { folder = run.folder, id = "b", judge = rubric '{ "billing", "travel" }' .. ", max_failed = 1" }
  check.eq({ topics_of(run), server:stats().billed.requests }, { { "billing", "billing" }, 3 })
  run = good { folder = run.folder, id = "c", judge = rubric '{ "travel", "billing" }' .. ", max_failed = 1" }
  check.eq({ topics_of(run), server:stats().billed.requests }, { { "travel", "travel" }, 6 })
end)

check.done()
