--- Embeddings of a provider, in whole runs against tests/judge_server: what is asked and paid, and what is not.
local check = require "check"
local fixture = require "e2e.fixture_judge"
local fs = require "fs"
local json = require "json"

local j <close> = fixture.new()
local serial = 0

--- A folder with a recipe and rows.
local function folder_of(stage, texts, more)
  serial = serial + 1
  local folder = ("%s/e%d"):format(j.dir, serial)
  assert(fs.mkdirs(folder))
  local rows = {}
  for i, text in ipairs(texts) do rows[i] = json.encode { input = text, output = "answer" } end
  check.write(folder .. "/rows.jsonl", table.concat(rows, "\n") .. "\n")
  check.write(folder .. "/recipe.lua", ([[local s = require "tamis"
return s.recipe { name = "j", seed = 3, sources = { "rows.jsonl" }, %s
  %s,
  s.filter { name = "look", fn = function() return true end } }
]]):format(more or "", stage))
  return folder
end

local function tamis(folder, line, env)
  local status, out, err = check.run(("cd %s && %s %s %s"):format(check.quote(folder), j:env(env), check.tamis, line))
  return status, out .. err
end

local function run(folder, id, options, env)
  local status, said = tamis(folder, ("run recipe.lua --out out --quiet --run-id %s %s"):format(id, options or "--yes"), env)
  local text = fs.read(("%s/out/j/%s/lineage.json"):format(folder, id))
  local record = text and json.decode(text)
  for _, s in ipairs(record and record.stats.stage_counts or {}) do
    if s.stage == "embed" then record.embed = s.figures end
  end
  return status, said, record
end

local function words(n, seed)
  local out = {}
  for i = 1, n do out[i] = ("question %d about thing %d of %s"):format(i, i * 7 % 11, seed) end
  return out
end

local SMALL = 's.embed { model = "text-embedding-3-small", dimensions = 32%s }'
local function small(more) return SMALL:format(more and ", " .. more or "") end

check.test("a check says what it would cost and asks nothing; a run asks for leave first", function()
  local folder = folder_of(small(), words(40, "a"))
  j.server:reset()
  local status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  check.contains(said, "What embed would cost  text-embedding-3-small by openai")
  check.contains(said, "all 40 rows that reach it")
  check.contains(said, "prices of 2024-01")
  check.eq(said:find("replies", 1, true), nil)
  check.eq(fs.exists(folder .. "/.tamis"), false)
  status, said = run(folder, "a", "")
  check.eq(status, 1)
  check.contains(said, "lua:3: embed: text-embedding-3-small would embed all 40 rows that reach it. That costs about $")
  check.contains(said, "give max_cost = DOLLARS in the recipe (or --set embed.max_cost=DOLLARS), or --yes")
  check.eq(j.server:stats().model_requests, 0)
end)

check.test("each different text is asked once, in batches; a second run asks nothing and gives the same", function()
  local texts = words(40, "b")
  texts[41], texts[42] = texts[1], texts[2]
  local folder = folder_of(small "batch = 16", texts)
  j.server:reset()
  local status, said, a = run(folder, "a")
  check.eq(status, 0, said)
  local e = a.embed
  check.eq({ e.texts, e.vectors, e.without, e.dim, e.embedding, e.failed },
           { 40, 42, 0, 32, "text-embedding-3-small@32", 0 })
  check.eq({ e.spent.requests, e.spent.hits }, { 3, 0 })
  check.eq(e.spent.cost, j.server:stats().billed.input_tokens * 20)      -- $0.02 a million: 20 billionths a token
  local b
  status, said, b = run(folder, "b", "")                             -- no leave is needed: nothing is asked
  check.eq(status, 0, said)
  check.eq({ b.embed.spent.requests, b.embed.spent.hits, b.embed.spent.cost }, { 0, 40, 0 })
  check.near(b.embed.spent.saved, e.spent.cost, 1)
  check.eq(j.server:stats().model_requests, 3)
  check.eq(b.fingerprint, a.fingerprint)
  status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  check.contains(said, "0 of the 42 rows that reach it; 42 the cache answers")
end)

check.test("max_cost is a hard cap: the run stops and keeps what it paid, and goes on from there", function()
  local folder = folder_of(small "batch = 8, concurrency = 1, max_cost = 0.00001", words(64, "c"))
  j.server:reset()
  local status, said = run(folder, "a", "")
  check.eq(status, 1)
  check.contains(said, "max_cost is reached: $0.00000")
  check.contains(said, " of $0.00001 spent")
  check.contains(said, "rows are not embedded and would cost about $")
  local kept = tonumber(said:match "(%d+) vectors are kept in ")
  check.ok(kept and kept > 0 and kept < 64, said)
  check.ok(j.server:stats().billed.input_tokens * 20 <= 10000)
  local requests = j.server:stats().model_requests
  local record
  status, said, record = run(folder, "b", "--set embed.max_cost=1")
  check.eq(status, 0, said)
  check.eq(record.embed.spent.hits, kept)
  check.eq(j.server:stats().model_requests - requests, (64 - kept) / 8)
end)

check.test("a text that the model cannot take gets no vector, and costs the others of its request nothing", function()
  local texts = words(20, "d")
  texts[7] = ("long "):rep(9000)
  j.server:reset()
  local folder = folder_of(small(), texts)
  local status, said, a = run(folder, "a")
  check.eq(status, 0, said)
  check.eq({ a.embed.vectors, a.embed.failed, a.embed.without }, { 19, 1, 1 })
  local notes = table.concat(a.notes, "\n")
  check.contains(notes, "embed: 1 text got no vector (too_long): status 400: This model's maximum context length")
  check.contains(notes, "1 row without a vector, first rows.jsonl:7")
  status, said, a = run(folder, "b", "--yes --set embed.truncate=2000")
  check.eq(status, 0, said)
  check.eq({ a.embed.vectors, a.embed.spent.hits }, { 20, 19 })
  check.contains(table.concat(a.notes, "\n"), "1 text is longer than truncate = 2000 bytes: the end was left out")
end)

check.test("trouble of the server and its limits are waited out; the key stays out of all that is written", function()
  j.server:reset()
  j.server:control { script = { { path = "/v1/embeddings", fault = "overloaded", times = 2 } } }
  local folder = folder_of(small "batch = 10", words(30, "e"))
  local status, said, a = run(folder, "a")
  check.eq(status, 0, said)
  check.ok(a.embed.spent.retries >= 1)
  check.eq(a.embed.vectors, 30)
  local all = said
  for _, name in ipairs { "/out/j/a/lineage.json", "/out/j/a/report.html", "/.tamis/judge.db" } do
    all = all .. (fs.read(folder .. name) or "")
  end
  check.eq(all:find(fixture.openai_key, 1, true), nil)
  j.server:reset()
end)

check.test("a recipe's own server is asked only where the user allowed it, and a wrong key stops at once", function()
  local folder = folder_of('s.embed { model = "nomic", provider = "compatible", base_url = "http://10.1.2.3:9/v1" }', words(3, "f"))
  local status, said = run(folder, "a")
  check.eq(status, 2)
  check.contains(said, "the recipe would send rows to http://10.1.2.3:9, which nobody allowed: --allow-host")
  j.server:reset()
  status, said = run(folder_of(small(), words(300, "g")), "a", "--yes", { OPENAI_API_KEY = "sk-wrong" })
  check.eq(status, 1)
  check.contains(said, "the provider refuses every request: status 401")
  check.eq(j.server:stats().requests, 1)
  check.eq(said:find("sk-wrong", 1, true), nil)
end)

check.test("what is wrong with the parameters is told before a row is read", function()
  for stage, said in pairs {
    ['s.embed { provider = "anthropic", model = "claude-haiku-4-5" }'] = "anthropic serves no embeddings; these do: compatible, ",
    ['s.embed { provider = "anthropik", model = "x" }'] = 'there is no provider "anthropik" (there are compatible, ',
    ['s.embed { model = "text-embedding-3-small", dim = 64 }'] =
      'dim goes with model = "lexical"; dimensions is what a provider is asked for',
    ['s.embed { file = "v.npy", dim = 64 }'] = 'dim goes with model = "lexical"',
    ['s.embed { file = "v.npy", fields = { "input" } }'] = "fields goes with a model",
    ['s.embed { model = "lexical", batch = 5 }'] = "batch goes with the model of a provider",
    ['s.embed { provider = "opnai", model = "x" }'] = 'there is no provider "opnai": did you mean "openai"?',
    ['s.embed { model = "lexical", max_cost = 1 }'] = "max_cost goes with the model of a provider",
    ['s.embed { provider = "openai", model = "text-embedding-9", max_cost = 1 }'] =
      "no price is known for text-embedding-9, and max_cost needs one: price = { input = 0.02 }",
    ['s.embed { model = "text-embedding-3-small", price = { input = "x" } }'] = "price: input: expected a number",
    ['s.embed { model = "text-embedding-3-small", array = "x" }'] = "array goes with vectors of a file",
  } do
    local status, told = run(folder_of(stage, words(2, "h")), "a")
    check.eq(status, 2, told)
    check.contains(told, said)
  end
end)

check.test("a copy that went is not sent; a prefix and further members are sent, and make other keys", function()
  local texts = words(6, "l")
  texts[7] = texts[1]:upper()   -- what a row stage behind would mask stands in it
  local folder = folder_of('s.near_dedup {}, ' .. small 'fields = { "input", "output" }', texts)
  j.server:reset()
  local status, said, a = run(folder, "a")
  check.eq(status, 0, said)
  check.eq({ a.final_count, a.embed.vectors, a.embed.texts }, { 6, 6, 6 })
  local record
  status, said, record = run(folder, "b", "--yes --set embed.prefix='clustering: '")
  check.eq(status, 0, said)
  check.eq({ record.embed.spent.hits, record.embed.spent.requests }, { 0, 1 })
  local log = j.server:stats().models["text-embedding-3-small"]
  check.ok(log.input_tokens > a.embed.spent.tokens * 2)
  folder = folder_of(small 'extra = { user = "me" }', texts)
  status, said = run(folder, "a")
  check.eq(status, 0, said)
  status, said = run(folder_of(small 'extra = { input = "x" }', texts), "a")
  check.eq(status, 2)
  check.contains(said, "extra: input is not for it: expected further members, by name")
end)

check.test("a check of rows that the cache does not know rejects none of them", function()
  local folder = folder_of(small 'without = "reject"', words(5, "i"))
  local status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  check.contains(said, "embed: nothing was asked; 5 rows that the cache does not know have no vector")
  check.contains(said, "kept                   5")
end)

check.test("stages that rest on vectors which nobody asked for are not tried by a check, and it says so", function()
  local folder = folder_of(small() .. [[, s.topics { clusters = 3 }, s.semantic_dedup {}, s.outliers {}, s.diversity {},
    s.near_dedup { verify = "cosine", cosine = 0.9 }, s.balance { by = "topic", max = 2 }, s.select { n = 5 },
    s.distribution { production = "production.jsonl" } ]], words(40, "r"))
  check.write(folder .. "/production.jsonl", json.encode { input = "a query" } .. "\n")
  local status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  said = said:gsub("%s+", " ")
  check.contains(said, "topics, semantic_dedup, outliers, diversity, near_dedup, select: not tried: the vectors of embed are "
    .. "not there")
  check.contains(said, "balance: not tried: it goes by what topics sets, which was not tried; all rows pass")
  check.contains(said, "semantic_dedup 40 ?")
  check.contains(said, "kept at most ")
  check.contains(said, "all 40 rows that reach it")
  j.server:reset()
  status, said = run(folder, "a")
  check.eq(status, 0, said)
  status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  check.eq(said:find("not tried", 1, true), nil, said)
end)

check.test("production queries are counted in the estimate, asked and paid once, under the same cap", function()
  local folder = folder_of(small 'fields = { "input" }' .. ', s.distribution { production = "production.jsonl" }',
                           words(30, "j"))
  local queries = words(12, "another set")
  for i, text in ipairs(queries) do queries[i] = json.encode { input = text } end
  check.write(folder .. "/production.jsonl", table.concat(queries, "\n") .. "\n")
  j.server:reset()
  local status, said = tamis(folder, "check recipe.lua")
  check.eq(status, 0, said)
  check.contains(said, "What distribution (production.jsonl) would cost  text-embedding-3-small by openai")
  check.contains(said, "all 12 rows that reach it")
  check.eq(j.server:stats().model_requests, 0)
  local record
  status, said, record = run(folder, "a")
  check.eq(status, 0, said)
  check.eq(j.server:stats().model_requests, 2)
  local reach
  for _, s in ipairs(record.stats.stage_counts) do
    if s.stage == "distribution" then reach = s.figures end
  end
  check.eq({ record.embed.spent.requests, reach.spent.requests, reach.spent.hits }, { 1, 1, 0 })
  check.eq(record.embed.spent.cost + reach.spent.cost, j.server:stats().billed.input_tokens * 20)
  check.contains(json.encode(reach), '"queries":12')
  status, said = run(folder, "b", "")
  check.eq(status, 0, said)
  check.eq(j.server:stats().model_requests, 2)
  check.write(folder .. "/production.jsonl", json.encode { input = "one more" } .. "\n")
  status, said = run(folder, "c", "")
  check.eq(status, 1)
  check.contains(said, ": distribution: production.jsonl: text-embedding-3-small would embed all 1 row that reach it")
  check.contains(said, "--set embed.max_cost=DOLLARS")
end)

check.test("max_cost binds the sum of what embed and distribution ask; the question names who else will", function()
  local function folder(seed, more)
    local made = folder_of(small 'fields = { "input" }, batch = 1, concurrency = 1' .. more, words(30, seed))
    local queries = words(40, "other " .. seed)
    for i, text in ipairs(queries) do queries[i] = json.encode { input = text } end
    check.write(made .. "/production.jsonl", table.concat(queries, "\n") .. "\n")
    return made
  end
  local status, said, record = run(folder("m", ""), "a")
  check.eq(status, 0, said)
  local cap = record.embed.spent.cost * 1.6
  j.server:reset()
  local both = folder("n", ', s.distribution { production = "production.jsonl" }')
  status, said = run(both, "a", "")
  check.eq(status, 1)
  check.contains(said, "distribution may have further rows embedded")
  status, said = run(both, "a", ("--set embed.max_cost=%.9f"):format(cap / 1e9))
  check.eq(status, 1)
  check.contains(said, "distribution: max_cost is reached")
  local paid = j.server:stats().billed.input_tokens * 20
  check.ok(paid <= cap and paid > record.embed.spent.cost, paid)
end)

check.test("vectors of other fields are not asked anew for all rows, whoever found the provider", function()
  local folder = folder_of(small() .. ', s.distribution { production = "production.jsonl" }', words(30, "o"))
  check.write(folder .. "/production.jsonl", json.encode { input = "a query" } .. "\n")
  j.server:reset()
  local status, said = run(folder, "a")
  check.eq(status, 0, said)
  check.eq(j.server:stats().model_requests, 1)
end)

check.test("where no row has the text that is embedded, the embed stage says so, not one behind it", function()
  for _, stage in ipairs { 's.embed { model = "lexical", fields = { "system" } }', small 'fields = { "system" }' } do
    local status, said = run(folder_of(stage .. ", s.outliers {}", words(3, "p")), "a")
    check.eq(status, 1)
    check.contains(said, 'lua:3: embed: 3 rows, and none has a vector: fields = { "system" } gives no text that the model '
      .. "could embed")
  end
end)

check.test("a sweep reads what a run has paid for, wherever its cache lies, and pays nothing", function()
  local folder = folder_of(small() .. ", s.semantic_dedup { threshold = 0.9 }", words(12, "sweep"))
  check.eq((run(folder, "a", "--yes --cache kept/my.db")), 0)
  j.server:reset()
  local status, said = tamis(folder, "sweep recipe.lua semantic_dedup.threshold=0.5,0.95 --cache kept/my.db --quiet")
  check.eq(status, 0, said)
  check.contains(said, "of the 12 rows that reached it")
  check.eq(said:find("not tried", 1, true), nil)
  check.eq(j.server:stats().model_requests, 0)
end)

check.test("a run that is killed keeps what was answered", function()
  local folder = folder_of(small "batch = 4, concurrency = 1", words(48, "k"))
  j.server:reset()
  j.server:control { latency = { ms = 25 } }
  local command = ("cd %s && exec %s %s run recipe.lua --out out --quiet --run-id a --yes"):format(check.quote(folder),
    j:env(), check.tamis)
  check.run(("( %s ) >/dev/null 2>&1 & p=$!; sleep 0.2; kill -9 $p; wait $p"):format(command))
  local before = j.server:stats().model_requests
  check.eq(fs.exists(folder .. "/out/j/a/lineage.json"), false)
  j.server:control { latency = { ms = 0 } }
  local status, said, record = run(folder, "b")
  check.eq(status, 0, said)
  check.ok(record.embed.spent.hits >= 4 * (before - 1), ("%d answers kept of %d"):format(record.embed.spent.hits, before))
  check.eq(record.embed.vectors, 48)
  j.server:reset()
end)
check.done()
