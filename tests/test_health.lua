--- health checks, and what a screen does with text: policy and rendering without any data file.
local check = require "check"
local document = require "report.document"
local figures = require "report.figures"
local health = require "report.health"
local markdown = require "report.markdown"
local screen = require "report.screen"
local stats = require "stats"
local terminal = require "report.terminal"

-- Figures of a healthy set; `change` edits them.
local function set(change)
  local l = { count = 2000, mean = 100, median = 100, p10 = 40, p25 = 60, p75 = 120, p90 = 160, p99 = 200,
    min = 10, max = 210, total = 200000 }
  local f = { title = "t", lengths = { input = { before = l, after = l }, output = { before = l, after = l } },
              rows = { read = 2000, faulty = 0, before = 2000, after = 2000 }, curated = true,
              topics = figures.groups("topic", { a = 100, b = 50 }),
              duplicates = { share = 0.1, count = 200 }, leakage = { share = 0, count = 0, least_bytes = 20 } }
  if change then change(f) end
  return f
end

local function level(name, f)
  for _, c in ipairs(health.examine(f)) do if c.name == name then return c.level, c end end
end

local function with(path, value)
  return set(function(f)
    local t, keys = f, {}
    for k in path:gmatch "[^.]+" do keys[#keys + 1] = k end
    for i = 1, #keys - 1 do
      local copy = {}
      for k, v in pairs(t[keys[i]] or {}) do copy[k] = v end
      t[keys[i]] = copy
      t = copy
    end
    t[keys[#keys]] = value
  end)
end

check.test("a healthy set has no bad check and nothing to watch", function()
  check.eq(health.worst(health.examine(set())), "good")
end)

-- The bounds of the user's document: { check, path of the figure, value, level }.
local BOUNDS = {
  { "input_spread", "lengths.input.after.p90", 40 * 19.9, "good" },
    { "input_spread", "lengths.input.after.p90", 40 * 20, "watch" },
  { "input_spread", "lengths.input.after.p90", 40 * 50, "watch" },
    { "input_spread", "lengths.input.after.p90", 40 * 50.1, "bad" },
  { "output_median", "lengths.output.after.median", 50, "good" },
    { "output_median", "lengths.output.after.median", 300, "good" },
  { "output_median", "lengths.output.after.median", 49, "watch" },
    { "output_median", "lengths.output.after.median", 19, "bad" },
  { "output_median", "lengths.output.after.median", 301, "watch" },
    { "output_median", "lengths.output.after.median", 801, "bad" },
  { "imbalance", "topics.imbalance", 9.9, "good" }, { "imbalance", "topics.imbalance", 10, "watch" },
    { "imbalance", "topics.imbalance", 51, "bad" },
  { "duplicates", "duplicates.share", 0.05, "good" }, { "duplicates", "duplicates.share", 0.30, "good" },
  { "duplicates", "duplicates.share", 0.04, "watch" }, { "duplicates", "duplicates.share", 0.45, "watch" },
    { "duplicates", "duplicates.share", 0.61, "bad" },
  { "size", "rows.after", 1000, "good" }, { "size", "rows.after", 999, "bad" },
    { "size", "rows.after", 600000, "good" },
  { "scores", "scores", { min = 1, max = 5, below_3 = 0.04 }, "good" },
    { "scores", "scores", { min = 1, max = 5, below_3 = 0.05 }, "watch" },
  { "scores", "scores", { min = 1, max = 5, below_3 = 0.21 }, "bad" },
    { "scores", "scores", { min = 1, max = 100, below_3 = 0.5 }, "none" },
  { "leakage", "leakage.share", 0.01, "watch" }, { "leakage", "leakage.share", 0.06, "bad" },
  { "faulty_lines", "rows.faulty", 20, "watch" }, { "faulty_lines", "rows.faulty", 200, "bad" },
}

check.test("each check turns where the document says", function()
  for _, b in ipairs(BOUNDS) do
    local got = level(b[1], with(b[2], b[3]))
    if got ~= b[4] then
      error(("%s at %s = %s: %s, expected %s"):format(b[1], b[2], tostring(b[3]), tostring(got), b[4]))
    end
  end
end)

check.test("a set that was never curated is bad past half a million rows", function()
  check.eq(level("size", set(function(f) f.rows = { read = 600000, faulty = 0, before = 600000,
    after = 600000 } f.curated = false end)), "bad")
end)

check.test("every watch and every bad says what to do", function()
  for _, b in ipairs(BOUNDS) do
    local got, c = level(b[1], with(b[2], b[3]))
    if got == "watch" or got == "bad" then check.ok(c.advice and #c.advice > 10) end
    if got == "good" then check.eq(c.advice, nil) end
  end
end)

local function lengths(list)
  local numbers = {}
  for _, part in ipairs(list) do
    for i = 1, part.n do
      local place = (i - 0.5) / part.n * 2 - 1
      numbers[#numbers + 1] = math.floor(part.mean * math.exp(part.spread * place ^ 3) + 0.5)
    end
  end
  return stats.from(numbers), #numbers
end

check.test("two humps are seen where two sources met, and not where there is one", function()
  local two, n = lengths { { mean = 12, spread = 0.5, n = 600 }, { mean = 300, spread = 0.5, n = 400 } }
  local found = health.two_humps(two:histogram(figures.BINS, "all", true), n)
  check.ok(found)
  check.ok(found.left < 30 and found.right > 150)
  local one, m = lengths { { mean = 100, spread = 1.2, n = 1000 } }
  check.eq(health.two_humps(one:histogram(figures.BINS, "all", true), m), nil)
  local short, k = lengths { { mean = 3, spread = 0.9, n = 1000 } }
  check.eq(health.two_humps(short:histogram(figures.BINS, "all", true), k), nil)
end)

check.test("groups are ordered by size, then name, and unknown is no topic", function()
  local g = figures.groups("topic", { b = 5, a = 5, c = 50, unknown = 1 })
  check.eq(g.groups[1].name, "c")
  check.eq(g.groups[2].name, "a")
  check.eq(g.imbalance, 10)
  check.eq(figures.groups("topic", {}), nil)
end)

check.test("a key groups rows only if most have it and its values repeat", function()
  local data = { topic = { a = 1, unknown = 9 }, category = { a = 6, b = 4 } }
  check.eq(figures.group_key({ "topic", "category" }, function(k) return data[k] end), "category")
  local ids = {}
  for i = 1, 100 do ids["id" .. i] = 1 end
  check.eq(figures.group_key({ "label" }, function() return ids end), nil)
end)

check.test("text from data cannot steer the terminal", function()
  local evil = "a\27[31mred\r\nb\u{202E}c\xFFd"
  check.ok(not screen.clean(evil):find "[%c]")
  check.ok(not screen.clean(evil):find "\u{202E}")
  local lines = {}
  local f = set(function(x) x.topics = figures.groups("to\27[2Jpic", { [evil] = 3, ok = 2 }) x.title = evil end)
  terminal.render(document.report(f, health.examine(f)), screen.new { unicode = true, width = 80 },
    function(l) lines[#lines + 1] = l end)
  for _, l in ipairs(lines) do check.ok(not l:find "[%c]") end
end)

check.test("a report fits 80 columns, in Unicode and in ASCII", function()
  local long = {}
  for i = 1,
    40 do long[("a topic with a rather long name, number %d, that goes on and on and on"):format(i)] = i * 1000000 end
  local f = set(function(x)
    x.topics = figures.groups("topic", long)
    x.sources = { { path = ("deep/"):rep(30) .. "raw.jsonl", kind = "expert", format = "prompt_completion",
      rows = 12345678, bytes = 1e12 } }
  end)
  f.lengths.input.after.histogram = { edges = { 1, 10, 100, 1000000 }, counts = { 1, 2000000, 3 } }
  for _, unicode in ipairs { true, false } do
    terminal.render(document.report(f, health.examine(f)), screen.new { unicode = unicode, width = 80 }, function(l)
      check.ok(utf8.len(l) <= 80)
      if not unicode then check.ok(not l:find "[\128-\255]") end
      check.ok(not l:find " $")
    end)
  end
end)

check.test("colours only where a terminal wants them", function()
  local function getenv(names) return function(n) return names[n] end end
  check.eq(screen.new { tty = true, getenv = getenv { LANG = "C.UTF-8" } }.colour, true)
  check.eq(screen.new { tty = true, getenv = getenv { LANG = "C.UTF-8", NO_COLOR = "1" } }.colour, false)
  check.eq(screen.new { tty = false, getenv = getenv {} }.colour, false)
  check.eq(screen.new { getenv = getenv { LANG = "C" } }.unicode, false)
  check.eq(screen.new { getenv = getenv { LC_ALL = "en_GB.utf8" } }.unicode, true)
end)

check.test("numbers are grouped, shares never lie about all or nothing", function()
  check.eq(screen.number(1234567), "1,234,567")
  check.eq(screen.number(-1234.56, 1), "-1,234.6")
  check.eq(screen.percent(0.00001), "<0.1%")
  check.eq(screen.percent(0.99999), ">99.9%")
  check.eq(screen.percent(1), "100.0%")
end)

check.test("wrapping keeps every word and cuts wide text by columns", function()
  local s = screen.new { unicode = true, width = 80 }
  check.eq(table.concat(s:wrap("one two three four", 9), "|"), "one two|three|four")
  check.eq(table.concat(s:wrap(("x"):rep(12), 5), "|"), "xxxxx|xxxxx|xx")
  check.eq(s:cut("日本語テキスト", 7), "日本語…")
  check.eq(#s:wrap(("word "):rep(100), 20, 3), 3)
end)

check.test("Markdown escapes what data brings", function()
  local lines = {}
  local f = set(function(x) x.topics = figures.groups("topic", { ["<b>|*x*|</b>"] = 3, ok = 2 }) end)
  markdown.render(document.report(f, health.examine(f)), function(l) lines[#lines + 1] = l end)
  local text = table.concat(lines, "\n")
  check.ok(text:find("\\<b\\>\\|\\*x\\*\\|", 1, true))
  check.ok(not text:find("<b>", 1, true))
end)

check.done()
