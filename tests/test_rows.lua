-- tests/test_rows.lua - what is held against a row's own values: URLs, dates, expected lengths, schemas
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local json = require "json"

local pool = core.pool(2)
local FORMATS = require "formats.all"

--- A view of rows, each a table or a line.
local function load(rows)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, row in ipairs(rows) do file:write(type(row) == "string" and row or json.encode(row), "\n") end
  file:close()
  local view, err = corpus.load { sources = { { path = path } }, formats = FORMATS, pool = pool }
  os.remove(path)
  return check.ok(view, err)
end

--- Parameters of a stage with its defaults, and the changes.
local function params(stage, changes)
  local p = {}
  for key, spec in pairs(stage.params) do p[key] = spec.default end
  for key, value in pairs(changes or {}) do p[key] = value end
  return p
end

--- Runs a row stage over a view: the child, and the stage's notes.
local function run(view, name, changes)
  local stage = require("stages." .. name)
  local p = params(stage, changes)
  local child, err = view:run_group { ops = { check.ok(stage.op(p, { name = name })) }, stages = { name }, pool = pool }
  check.ok(child, err)
  return child, stage.finish and stage.finish(child, p, { name = name }).notes or {}
end

--- The reason of each row, "" where it stands.
local function reasons(view)
  local out = {}
  for i = 1, #view do out[i] = view:row(i).reason or "" end
  return out
end

-- ---- url_quality ----

check.test("url_quality names the sign, its number and its place", function()
  local view = load { { input = "q", output = "See http://bit.ly/x for it." }, { input = "q", output = "See http://a.org." },
                      { input = "q", output = "It is [here]()." }, { input = "q", output = ("word "):rep(20) .. ("http://a.org/b "):rep(20) } }
  local child = run(view, "url_quality")
  check.eq(reasons(child), { "shorteners", "", "broken_links", "url_ratio" })
  check.eq(child:row(1).evidence, { field = "output", value = 1, threshold = 0,
    spans = { { field = "output", path = "output", start = 4, ["end"] = 19 } } })
  check.near(child:row(4).evidence.value, 280 / 399)   -- 20 URLs of 14 characters; the last blank is off
end)

check.test("a sign of url_quality is off by its name, by its threshold, and with an empty list", function()
  local view = load { { input = "q", output = "http://bit.ly/x?utm_source=a http://8.8.8.8/" } }
  check.eq(reasons(run(view, "url_quality", { skip = { "shorteners", "ip_hosts", "tracking" } })), { "" })
  check.eq(reasons(run(view, "url_quality", { shorteners = {}, max_ip_hosts = 1, tracking_parameters = {} })), { "" })
  check.eq(reasons(run(view, "url_quality", { skip = { "shorteners", "ip_hosts" }, max_urls = 1 })), { "urls" })
  local stage = require "stages.url_quality"
  local op, err = stage.op(params(stage, { skip = { "links" } }))
  check.eq(op, nil)
  check.contains(err, 'there is no sign "links"')
end)

-- ---- dates ----

check.test("dates rejects what lies after the row, with both dates", function()
  local view = load {
    { input = "q", output = "Sold on March 5, 2026.", created_at = "2024-01-05T23:00:00Z" },
    { input = "q", output = "Sold on 2024-01-06.", created_at = 1704448800 },
    { input = "q", output = "Sold on 03/05/2024.", created_at = "5 March 2024" },
    { input = "q", output = "Sold on 2030-01-01.", note = "no date" },
    { input = "q", output = "Sold on 2030-01-01.", created_at = "yesterday" },
  }
  local child, notes = run(view, "dates")
  check.eq(reasons(child), { "future_date", "", "", "", "" })
  check.eq(child:row(1).evidence, { field = "output", value = 790, threshold = 1, row_date = "2024-01-05",
    text_date = "2026-03-05",
    spans = { { field = "output", path = "output", start = 8, ["end"] = 21, type = "DATE" } } })
  check.eq(notes, { "dates: 1 row without a date at created_at",
                    "dates: 1 row with a date at created_at that is none this stage knows" })
  check.eq(reasons(run(view, "dates", { slack_days = 790, on_missing = "reject", on_unreadable = "reject" })),
           { "", "", "", "no_row_date", "bad_row_date" })
  check.eq(reasons(run(view, "dates", { day_first = true })), { "future_date", "", "future_date", "", "" })
end)

-- ---- truncated ----

check.test("truncated holds a length against the one that the row expects", function()
  local view = load {
    { input = "q", output = "one two three four", meta = { length = 5 } }, { input = "q", output = "one two three", meta = { length = 4 } },
    { input = "q", output = "one two", meta = { length = "19" } }, { input = "q", output = "one", meta = { length = "long" } },
    { input = "q", output = "one", meta = { length = 0 } }, { input = "q", output = "one" },
  }
  check.eq(reasons(run(view, "truncated")), { "", "", "", "", "", "" })
  local child = run(view, "truncated", { expected = "meta.length" })
  check.eq(reasons(child), { "", "incomplete", "incomplete", "", "", "" })
  check.eq(child:row(2).evidence, { field = "output", value = 0.75, threshold = 0.8 })
  check.eq(child:row(1).metrics["truncated.completion_ratio"], 0.8)
  child = run(view, "truncated", { expected = "meta.length", expected_unit = "characters", min_completion_ratio = 0.3 })
  check.eq(child:row(3).metrics["truncated.completion_ratio"], 7 / 19)
  check.eq(reasons(child), { "", "", "", "", "", "" })
end)

check.done()
