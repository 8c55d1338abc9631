--- agree: how far two annotators agree on the rows that both labelled, and on which they do not.

local book = require "label.book"
local compare = require "agree.compare"
local fs = require "fs"
local json = require "json"
local options = require "cli.options"
local screen = require "report.screen"
local terminal = require "report.terminal"

local agree = {
  summary = "how far two annotators agree, and on which rows they do not",
  usage = "tamis agree A.jsonl B.jsonl [--most N] [--draws N] [--json]",
  options = {
    { "A.jsonl B.jsonl", "two files of tamis label over the same rows" },
    { "--most N", "so many rows they disagree on, the farthest apart first (default 10)", "count" },
    { "--draws N", "bootstrap draws behind the 95% intervals (default 1000)", "count" },
    { "--seed N", "of the draws (default 42)", "count" },
    { "--json", "the same as one JSON object, every row they disagree on in it" },
  },
  notes = {
    "exact: share of equal scores. kappa: Cohen's, corrected for chance. weighted: kappa in which a distance of two"
      .. " costs four times that of one. alpha: Krippendorff's, ordinal. 1 is full agreement, 0 what chance gives."
      .. " - where all scores are the same: there is nothing to agree about.",
  },
  examples = { "tamis agree labels/helpdesk_v1.ana.jsonl labels/helpdesk_v1.ben.jsonl" },
}

local MOST, DRAWS, SEED = 10, 1000, 42

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local function read(path)
  local of, list = book.read(path)
  if not of then return nil, list end
  return { of = of, list = list, path = path }
end

local function figure(f)
  if not f.value then return "-" end
  local text = ("%.2f"):format(f.value)
  if f.low then text = ("%s (%.2f to %.2f)"):format(text, f.low, f.high) end
  return text
end

-- The figures as a table where they fit, else a block a dimension.
local function show_figures(result, s, out)
  local rows = {}
  for i, d in ipairs(result.dimensions) do
    rows[i] = { d.name, screen.number(d.rows) }
    for _, f in ipairs(compare.FIGURES) do table.insert(rows[i], figure(d[f[1]])) end
  end
  if s.width >= 110 then
    terminal.render({ { kind = "table", rows = rows, columns = { { "dimension", flex = true }, { "rows", "right" },
      { "exact" }, { "kappa" }, { "weighted" }, { "alpha" } } } }, s, out)
    return
  end
  for _, r in ipairs(rows) do
    out("")
    out(s:paint("bold", s:cut(r[1], s.width - 14)) .. ("  %s rows"):format(r[2]))
    for k, f in ipairs(compare.FIGURES) do out(("  %-10s %s"):format(f[1], r[k + 2])) end
  end
end

local function show_rows(result, most, s, out)
  local list = result.disagreements
  out("")
  out(s:paint("bold", ("They disagree on %s of %s"):format(screen.number(#list), screen.count(result.rows, "row"))))
  for i = 1, math.min(most, #list) do
    local r, parts = list[i], {}
    for k, x in ipairs(r.scores) do parts[k] = ("%s %g, %g"):format(screen.clean(x.dimension), x.a, x.b) end
    local place = r.source and ("%s:%s"):format(r.source, tostring(r.line)) or r.identity
    if r.id ~= nil then place = ("%s, id %s"):format(place, tostring(r.id)) end
    out("  " .. s:cut(place, s.width - 2))
    for _, line in ipairs(s:wrap(table.concat(parts, "; "), s.width - 4)) do out("    " .. line) end
    for _, who in ipairs { "a", "b" } do
      local said = r.comments[who]
      if said then out("    " .. s:paint("dim", s:cut(who:upper() .. ": " .. said, s.width - 4))) end
    end
  end
  if #list > most then out(("  and %d more: --most %d, or --json"):format(#list - most, #list)) end
end

function agree.run(args)
  local o, places = options.read(args, agree.options)
  if not o then return fail(2, places) end
  if #places ~= 2 then return fail(2, "expected two files of labels; usage: " .. agree.usage) end
  local a, err = read(places[1])
  if not a then return fail(1, err) end
  local b
  b, err = read(places[2])
  if not b then return fail(1, err) end
  local result = compare.labels(a, b, { draws = o.draws or DRAWS, seed = o.seed or SEED })
  if result.rows == 0 then
    return fail(1, ("%s and %s have no labelled row in common"):format(places[1], places[2]))
  end
  if o.json then
    result.dimensions, result.disagreements = json.array(result.dimensions), json.array(result.disagreements)
    io.stdout:write(screen.json(json.encode(result, "  ")), "\n")
    return 0
  end
  local s = screen.new { tty = fs.isatty(1), width = fs.width(1) }
  local function out(line) io.stdout:write(line, "\n") end
  for _, line in ipairs(s:wrap(("A %s, B %s: %s labelled by both, %s by A alone, %s by B alone"):format(
      places[1], places[2], screen.count(result.rows, "row"), screen.number(result.only_a),
      screen.number(result.only_b)), s.width)) do out(line) end
  show_figures(result, s, out)
  show_rows(result, o.most or MOST, s, out)
  return 0
end

return agree
