-- tests/eval/rows.lua: faults planted in texts of the clean sets, and decoys of the same shape: how many does
-- url_quality, dates, truncated's length and schema find, and how often are they wrong. Run by `make eval`.
package.path = "tests/eval/?.lua;" .. package.path
local core, corpus, json = require "core", require "corpus", require "json"
local floors = require("floors").rows
local views = require "views"

local DATA = "../shared/data/"
local EACH = 40          -- rows of a fault, and as many of each decoy
local pool = core.pool(2)
local state = 2024
local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return 1 + (state >> 8) % n
end
local function pick(list) return list[draw(#list)] end

local file = io.open(DATA .. "openai_messages.jsonl")
if not file then
  print("skip: no " .. DATA .. "openai_messages.jsonl")
  return
end
file:close()

--- Real texts that faults are planted in: outputs of chats and of trivia.
local function texts(set, most)
  local view = assert(corpus.load { sources = { { path = DATA .. set } }, formats = require "formats.all", pool = pool })
  local out = {}
  for i = 1, math.min(#view, most) do out[#out + 1] = view:field(i, "output") end
  view:close()
  return out
end
local TEXTS = texts("openai_messages.jsonl", 400)

--- A sentence somewhere in a text: at its beginning, its end, or between two lines.
local function plant(sentence)
  local text, where = pick(TEXTS), draw(3)
  if where == 1 then return sentence .. " " .. text end
  return where == 2 and text .. " " .. sentence or text .. "\n" .. sentence .. "\n" .. pick(TEXTS)
end

local HOSTS = { "acme.io", "www.bbc.co.uk", "docs.python.org", "shop.museum-de.org" }
local PATHS = { "/", "", "/help/reset?step=2", "/a/b_(c).html", "/search?q=tea&page=3" }
local function url(host, path) return pick { "http://", "https://" } .. (host or pick(HOSTS)) .. (path or pick(PATHS)) end
local function in_words(u) return pick { "See %s for more.", "It is at %s", "Go to (%s), then log in.", "[our page](%s)" }:format(u) end

local MONTHS = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
                 "December" }
--- A day of that year, in one of the forms of texts.
local function date_of(year)
  local m, d = draw(12), draw(28)
  return pick { ("%d-%02d-%02d"):format(year, m, d), ("%s %d, %d"):format(MONTHS[m], d, year),
                ("%d %s %d"):format(d, MONTHS[m]:sub(1, 3), year), ("%d%s of %s %d"):format(d, "th", MONTHS[m], year),
                ("%02d/%02d/%d"):format(m, d, year), ("%s %d"):format(MONTHS[m], year) }
end
local function row_date()
  return pick { "2024-03-05", "2024-03-05T10:11:12Z", 1709632800, 1709632800000, "Tue, 05 Mar 2024 10:00:00 +0000",
                "March 5, 2024" }
end
local function row(output, more)
  local r = { input = pick(TEXTS), output = output }
  for k, v in pairs(more or {}) do r[k] = v end
  return r
end

-- stage, changes, reason -> what makes a faulty row; and what makes decoys
local CASES = {
  { "url_quality", {}, {
      malformed = function() return row(plant(in_words(pick {
        "http:/" .. pick(HOSTS) .. "/x", "htps://" .. pick(HOSTS), "https://https://" .. pick(HOSTS), "https:// " .. pick(HOSTS),
        "http//" .. pick(HOSTS), url("a..b.org"), url("x.org:70000"), url("300.1.2.3"), url(nil, "/a%zz") }))) end,
      shorteners = function() return row(plant(in_words(url(pick { "bit.ly", "tinyurl.com", "t.co" }, "/aB3")))) end,
      ip_hosts = function() return row(plant(in_words(url(("%d.%d.%d.%d"):format(20 + draw(60), draw(200), draw(200), draw(200)))))) end,
      placeholder_hosts = function() return row(plant(in_words(url(pick { "example.com", "www.example.org", "yourdomain.com" })))) end,
      tracking = function() return row(plant(in_words(url(nil, "/p?utm_source=mail&id=" .. draw(99))))) end,
      broken_links = function() return row(plant(pick { "Read [our guide]() first.", "Read [our guide](https://acme.io/gui" })) end,
      empty_link_text = function() return row(plant("Read [](" .. url() .. ") first.")) end,
      url_ratio = function() return row((("%s\n"):rep(12):gsub("%%s", function() return url(nil, PATHS[5]) end))) end,
    }, function()
      return row(plant(pick { in_words(url()), "Open `http:/x` or http://localhost:8080/", "It begins with http:// or https://.",
        "Your router is at http://192.168.1.1/ as always.", "Call f[name]() and std::sort(a, [](int x) { });",
        "get('http://example.com/data')", "\n```\ncurl http://example.com\n```", "https://${HOST}/x, https://<your-host>/x",
        "![](https://acme.io/a.png) and a ratio of 3:4" }))
    end },
  { "dates", {}, {
      future_date = function() return row(plant("It was on " .. date_of(2024 + draw(8)) .. "."), { created_at = row_date() }) end,
    }, function()
      return row(plant(pick { "It was on " .. date_of(2024 - draw(30)) .. ".", "Use version 2030.01.02 of it.",
        "Call +1 555-03-2030 now.", "ISBN 978-2030-03-05 has it.", "Order 20300101 and part 12/2030/7.",
        "It costs $2030-01-02.", "They may 2030 times." }), { created_at = row_date() })
    end },
  { "truncated", { expected = "expected" }, {
      incomplete = function()
        local text = pick(TEXTS)
        return row(text, { expected = math.ceil(select(2, text:gsub("%S+", "")) * (1.3 + draw(30) / 10)) })
      end,
    }, function()
      local text = pick(TEXTS)
      return row(text, { expected = math.max(1, select(2, text:gsub("%S+", "")) - draw(5) + 1) })
    end },
}

-- JSON, asked for and delivered
local ASKS = { "List %s. Respond in JSON.", "Give me %s as a JSON object.", "%s, please. Output only valid JSON.",
               "Summarise %s and return JSON with keys a and b.", "Extract %s. Format your answer as JSON.",
               "Convert %s into JSON.", "Reply with JSON: %s.", "I need %s in JSON format, nothing else.",
               "Classify %s. Your response must be valid JSON.", "Turn %s into a JSON array." }
local THINGS = { "two colours", "the order above", "the drinks and their sizes", "the names of the guests" }
local function object()
  return json.encode { a = draw(99), b = pick(TEXTS), list = json.array { draw(9), pick(THINGS) }, ok = draw(2) == 1 }
end
local function in_fence(text) return pick { "%s", "```json\n%s\n```", "Here it is:\n```\n%s\n```\nAnything else?", " %s\n" }
  :gsub("%%s", function() return text end) end
local function broken(text)
  local way = draw(5)
  if way == 1 then return text:sub(1, #text - draw(#text - 2)) end
  if way == 2 then return (text:gsub("}$", ",}")) end
  if way == 3 then return (text:gsub('"', "'", 2)) end
  return way == 4 and text .. " " .. text or pick(TEXTS)
end
local function ask(output) return { input = pick(ASKS):format(pick(THINGS)), output = output } end
local NO_ASKS = { "Write a Python function that returns a JSON object.", "How do I parse JSON in Lua?", "Is JSON better than XML?",
                  "List two colours, but do not use JSON.", "Fetch the JSON response and log it with JavaScript.",
                  "What does JSON stand for?", "Answer in plain words, not in JSON.", "Build an API endpoint that sends data as JSON." }

local SCHEMA = { type = "object", required = { "name", "size" }, additionalProperties = false, properties = {
  name = { type = "string", minLength = 1 }, size = { enum = { "small", "large" } }, shots = { type = "integer", minimum = 0 },
  extras = { type = "array", items = { ["$ref"] = "#/$defs/extra" }, maxItems = 3 } },
  ["$defs"] = { extra = { anyOf = { { type = "string" }, { type = "null" } } } } }
local function drink()
  return { name = pick { "latte", "tea", "moka" }, size = pick { "small", "large" }, shots = draw(4) - 1,
           extras = json.array { pick { "milk", "sugar" }, json.null } }
end
local SPOIL = {
  function(d) d.name = nil end, function(d) d.name = "" end, function(d) d.size = "huge" end, function(d) d.shots = -1 end,
  function(d) d.shots = 1.5 end, function(d) d.extras = json.array { 1 } end, function(d) d.colour = "red" end,
  function(d) d.extras = json.array { "a", "b", "c", "d" } end, function(d) d.shots = "2" end, function(d) d.extras = "milk" end }
local function spoilt()
  local d = drink()
  pick(SPOIL)(d)
  return d
end
local function with_schema(d)
  return row(in_fence(json.encode(d)), { schema = pick { SCHEMA, json.encode(SCHEMA), { json_schema = { schema = SCHEMA } } } })
end
local function call(name, arguments)
  return { tools = { { type = "function", ["function"] = { name = "order", parameters = SCHEMA } } }, messages = {
    { role = "user", content = pick(TEXTS) }, { role = "assistant", content = "", tool_calls = {
      { id = "1", type = "function", ["function"] = { name = name, arguments = arguments } } } },
    { role = "tool", tool_call_id = "1", content = "ok" }, { role = "assistant", content = pick(TEXTS) } } }
end

CASES[#CASES + 1] = { "schema", { json_schema = "schema" }, {
    not_json = function() return ask(in_fence(broken(object()))) end,
    schema_mismatch = function() return with_schema(spoilt()) end,
  }, function()
    return pick { ask(in_fence(object())), { input = pick(NO_ASKS), output = pick(TEXTS) }, with_schema(drink()), row(pick(TEXTS)) }
  end }
CASES[#CASES + 1] = { "schema", { require = { tools = "array", ["messages[].id"] = { "integer", min = 1, optional = true },
    ["tools[].type"] = { "string", one_of = { "function" } } } }, {
    tool_arguments = function() return call("order", json.encode(spoilt())) end,
    unknown_tool = function() return call(pick { "orders", "Order", "cancel" }, "{}") end,
    wrong_value = function()
      local c = call("order", json.encode(drink()))
      if draw(2) == 1 then c.messages[draw(4)].id = pick { 0, "1", 1.5 } else c.tools[1].type = pick { "fn", 1, "" } end
      return c
    end,
    missing_value = function()
      local c = call("order", json.encode(drink()))
      c.tools = nil
      return c
    end,
  }, function() return call("order", json.encode(drink())) end }

local function run(name, changes, rows)
  local path = os.tmpname()
  local f = assert(io.open(path, "wb"))
  for _, r in ipairs(rows) do f:write(json.encode(r), "\n") end
  f:close()
  local view = assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
  os.remove(path)
  local stage = require("stages." .. name)
  local p = views.params(stage, changes)
  return assert(view:run_group { ops = { assert(stage.op(p, { name = name, pool = pool })) }, stages = { name }, pool = pool })
end

--- All reasons that a stage gives a row, the deciding one and the rest.
local function reasons_of(r)
  local out = {}
  if r.reason then out[r.reason] = true end
  for _, v in ipairs(r.also or {}) do out[v.reason] = true end
  return out
end

local function keys(t)
  local out = {}
  for k in pairs(t) do out[#out + 1] = k end
  table.sort(out)
  return out
end

local failed = false
print(("Faults planted in real texts, %d of each, among as many decoys"):format(EACH))
print(("%-32s %9s %9s %9s"):format("reason", "precision", "recall", "F1"))
for _, case in ipairs(CASES) do
  local name, changes, faults, decoy = table.unpack(case)
  local rows, planted = {}, {}
  for _, reason in ipairs(keys(faults)) do
    for _ = 1, EACH do
      rows[#rows + 1], planted[#planted + 1] = faults[reason](), reason
      rows[#rows + 1], planted[#planted + 1] = decoy(), false
    end
  end
  local child = run(name, changes, rows)
  local right, wrong, missed = {}, {}, {}
  for i = 1, #rows do
    local got = reasons_of(child:row(i))
    local want = planted[i]
    if want and got[want] then right[want] = (right[want] or 0) + 1 end
    if want and not got[want] then missed[want] = (missed[want] or 0) + 1 end
    for reason in pairs(got) do
      -- a URL that was planted may well be a fifth of a short text
      if reason ~= want and not (want and reason == "url_ratio") then wrong[reason] = (wrong[reason] or 0) + 1 end
    end
    if os.getenv "SHOW" and ((want and not got[want]) or next(got) and not got[want or 0]) then
      print(want, table.concat(keys(got), " "), json.encode(rows[i]))
    end
  end
  for _, reason in ipairs(keys(faults)) do
    local tp, fp, fn = right[reason] or 0, wrong[reason] or 0, missed[reason] or 0
    local precision, recall = tp / math.max(tp + fp, 1), tp / (tp + fn)
    local floor = (floors[name] or {})[reason] or floors.least
    local under = precision < floor.precision or recall < floor.recall
    failed = failed or under
    print(("%-32s %9.3f %9.3f %9.3f%s"):format(name .. "." .. reason, precision, recall,
      2 * precision * recall / math.max(precision + recall, 1e-9), under and "  UNDER ITS FLOOR" or ""))
  end
  child:close()
end
if failed then
  print "a figure fell under its floor"
  os.exit(1)
end
