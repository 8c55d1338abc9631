--- ablate: what each stage and reason of a run removes at all, first, and alone.

local ablation = require "report.ablation"
local core = require "core"
local fs = require "fs"
local json = require "json"
local options = require "cli.options"
local remedy = require "report.remedy"
local run = require "report.run"
local screen = require "report.screen"

local ablate = {
  summary = "what each rule of a run removes at all, first, and alone",
  usage = "tamis ablate [RUN] [--sample N] [--json]",
  options = {
    { "RUN", "a run folder (default: the latest under ./curated)" },
    { "--sample N", "examples of each reason, those removed by it alone first (default 1)", "count" },
    { "--no-examples", "only the numbers" },
    { "--json", "the same as JSON" },
  },
  examples = {
    "tamis ablate",
    "tamis ablate curated/helpdesk_v1/latest --sample 3",
  },
}

local number, percent = screen.number, screen.percent

local COLUMNS = { "at all", "first", "alone", "of rows" }
local MOST_SAMPLE = 50

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local function cells(x, rows)
  return { number(x.at_all), number(x.first), number(x.alone), percent(rows > 0 and x.alone / rows or 0) }
end

-- How wide the names may be, and each column of numbers.
local function widths(s, r)
  local w, names = {}, 0
  for i, title in ipairs(COLUMNS) do w[i] = #title end
  local function take(name, x)
    names = math.max(names, screen.width_of(screen.clean(name)))
    for i, cell in ipairs(cells(x, r.rows)) do w[i] = math.max(w[i], screen.width_of(cell)) end
  end
  for _, stage in ipairs(r.stages) do
    take(stage.name, stage)
    for _, reason in ipairs(stage.reasons) do take("  " .. reason.reason, reason) end
  end
  local room = s.width - 2
  for _, x in ipairs(w) do room = room - x - 2 end
  return math.max(8, math.min(names, room)), w
end

local function line(s, name, list, names, w)
  local parts = { screen.pad(s:cut(name, names), names) }
  for i, cell in ipairs(list) do parts[#parts + 1] = screen.pad(cell, w[i], "right") end
  return "  " .. table.concat(parts, "  ")
end

local function show_example(s, r, stage, reason, e, out)
  local words = remedy.words(r, { stage = stage.name, reason = reason.reason, evidence = e.evidence })
  local lead = ("%s:%d  "):format(r:short(e.source), e.line)
  words = words:gsub("^[^,]*, ?", "", 1)
  out("      " .. s:paint("dim", s:cut(lead .. words, s.width - 6)))
  if e.text then
    out("      " .. s:cut('"' .. e.text:sub(1, 400):gsub("%s+", " ") .. '"', s.width - 6))
  end
end

local MEANING = {
  "at all: rows in which it noted a fault; first: rows that it removed; alone: those in which no stage that saw "
    .. "them noted another fault, so that without it they would have gone on",
}

--- The rule that removes most alone, in a sentence.
local function headline(r)
  local best, of
  for _, stage in ipairs(r.stages) do
    for _, reason in ipairs(stage.reasons) do
      if stage.name ~= "load" and (not best or reason.alone > best.alone) then best, of = reason, stage end
    end
  end
  if not best or best.alone == 0 then return nil end
  return ("%s.%s alone removes %s, %s of all that were read"):format(of.name, best.reason,
    screen.count(best.alone, "row"), percent(best.alone / r.rows))
end

local function show(s, opened, r, out)
  out(s:paint("bold", s:cut(("%s: %s of %s removed"):format(r.run, number(r.removed), screen.count(r.rows, "row")),
    s.width)))
  local first = headline(r)
  if first then for _, text in ipairs(s:wrap(first, s.width - 2)) do out("  " .. text) end end
  if #r.stages == 0 then return out "  no row was removed" end
  out("")
  local names, w = widths(s, r)
  out(s:paint("dim", line(s, "stage, reason", COLUMNS, names, w)))
  for _, stage in ipairs(r.stages) do
    out(s:paint("bold", line(s, stage.name, cells(stage, r.rows), names, w)))
    for _, reason in ipairs(stage.reasons) do
      out(line(s, "  " .. reason.reason, cells(reason, r.rows), names, w))
      for _, e in ipairs(reason.examples) do show_example(s, opened, stage, reason, e, out) end
    end
  end
  out("")
  for _, meaning in ipairs(MEANING) do
    for _, text in ipairs(s:wrap(meaning, s.width - 2)) do out("  " .. s:paint("dim", text)) end
  end
end

function ablate.run(args, env)
  local o, rest = options.read(args, ablate.options)
  if not o then return fail(2, rest) end
  if #rest > 1 then return fail(2, "one run at a time; usage: " .. ablate.usage) end
  local dir, err = run.find(rest[1])
  if not dir then return fail(1, err) end
  local opened
  opened, err = run.open(dir)
  if not opened then return fail(1, err) end
  local out = env and env.out or function(text) io.stdout:write(text, "\n") end
  local r = ablation.of(opened, o.no_examples and 0 or math.min(o.sample or 1, MOST_SAMPLE))
  if core.interrupted() then return fail(130, "interrupted") end
  if o.json then out(screen.json(json.encode(r, "  ")))
  else show(screen.new { tty = fs.isatty(1), width = fs.width(1) }, opened, r, out) end
  opened:close()
  return 0
end

return ablate
