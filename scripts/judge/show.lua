--- show: a calibration as a person reads it.

local calibrate = require "judge.trust.calibrate"
local screen = require "report.screen"
local terminal = require "report.terminal"

local show = {}

local UNDEFINED = "undefined"

-- A figure and its interval; "undefined" where nothing varies.
local function figure(f, percent)
  if not f or not f.value then return UNDEFINED end
  local function text(v) return percent and screen.percent(v) or ("%.2f"):format(v) end
  if not f.low then return text(f.value) end
  return ("%s (%s to %s)"):format(text(f.value), text(f.low), text(f.high))
end
show.figure = figure

local function agreement(result, s, out)
  local rows = {}
  local function add(d)
    rows[#rows + 1] = { d.name, screen.number(d.n) }
    for _, f in ipairs(calibrate.FIGURES) do table.insert(rows[#rows], figure(d[f[1]])) end
  end
  for _, d in ipairs(result.dimensions) do add(d) end
  add(result.overall)
  for _, r in ipairs(rows) do
    out("")
    out(s:paint("bold", s:cut(r[1], s.width - 14)) .. ("  %s rows"):format(r[2]))
    for k, f in ipairs(calibrate.FIGURES) do out(("  %-10s %s"):format(f[1], r[k + 2])) end
  end
end

local function confusion(result, s, out)
  local m = result.overall.confusion
  local columns, rows = { { "people \\ judge", flex = true } }, {}
  for i, x in ipairs(m.scores) do
    columns[i + 1], rows[i] = { ("%g"):format(x), "right" }, { ("%g"):format(x) }
    for k, n in ipairs(m.rows[i]) do rows[i][k + 1] = n > 0 and screen.number(n) or "" end
  end
  out("")
  out(s:paint("bold", "Totals, rounded: rows that people gave this and the judge gave that"))
  terminal.render({ { kind = "table", rows = rows, columns = columns } }, s, out)
end

local function say(s, text, out)
  for i, part in ipairs(s:wrap(screen.clean(text), s.width - 2)) do out((i == 1 and "" or "  ") .. part) end
end

local function corrected(d)
  if d.informative == nil then return "share that people would keep: " .. UNDEFINED end
  if not d.informative then return "judge uninformative: sensitivity and specificity add up to 1.05 or less" end
  if not d.corrected then return nil end
  return ("the judge keeps %s of the run; people would keep %s (Rogan-Gladen; if the labels are a fair sample)"):format(
    screen.percent(d.pass_rate), figure(d.corrected, true))
end

local function decision(title, d, s, out)
  out("")
  out(s:paint("bold", title))
  local n = d.counts
  say(s, ("both keep %d, both drop %d, only the judge keeps %d, only people keep %d: %s alike, kappa %s"):format(n.both,
    n.neither, n.judge_only, n.people_only, d.exact and screen.percent(d.exact) or UNDEFINED, figure(d.kappa)), out)
  say(s, ("sensitivity %s, specificity %s"):format(figure(d.sensitivity), figure(d.specificity)), out)
  local text = corrected(d)
  if text then say(s, text, out) end
end

local function verdict(result, s, out)
  out("")
  if not result.enough then
    say(s, ("untrusted: %d labels, and a calibration needs %d"):format(result.n, calibrate.LEAST), out)
    return
  end
  say(s, ("calibrated on %d labels, written to %s"):format(result.n, screen.clean(result.written)), out)
end

--- Prints what judge/trust/calibrate.lua found.
function show.calibration(result, s, out)
  local judge = result.subject
  say(s, ("%s of %s: %s against %s of people"):format(result.stage, screen.clean(result.run),
    screen.clean(judge.model or judge.provider), screen.count(result.labels, "label")), out)
  if result.unmatched > 0 then
    say(s, ("%d of the labels are of no row that was judged"):format(result.unmatched), out)
  end
  agreement(result, s, out)
  confusion(result, s, out)
  local now, best = result.decisions.now, result.decisions.best
  decision(("Keep or drop at the threshold of the run, %g"):format(now.threshold), now, s, out)
  if best then
    local between = best.low and (" (%g to %g)"):format(best.low, best.high) or ""
    decision(("At the threshold that matches people best, %.4g%s"):format(best.threshold, between), best, s, out)
  else
    out("")
    say(s, "the threshold that matches people best: " .. UNDEFINED .. ", they keep all or none", out)
  end
  verdict(result, s, out)
end

return show
