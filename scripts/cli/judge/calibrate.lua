--- calibrate: holds the scores of a run's judge against what people gave the same rows.

local calibrate = require "judge.trust.calibrate"
local fs = require "fs"
local hash = require "hash"
local json = require "json"
local labels = require "judge.marks.labels"
local options = require "cli.options"
local run = require "report.run"
local screen = require "report.screen"
local show = require "judge.show"
local trust = require "judge.trust.standing"

local command = {
  summary = "how far the judge of a run agrees with people; from 100 labels on its scores count as trusted",
  usage = "--labels FILE [RUN] [--draws N] [--json]",
  options = {
    { "RUN", "a run folder with a judge stage (default: the latest run)" },
    { "--labels FILE", "marks of people: a file of tamis label, or JSONL that names rows by identity, id, or source and"
      .. " line" },
    { "--stage NAME", "the judge stage, where the run has several" },
    { "--cache PATH", "the judge's cache: the calibration is kept beside it (default: as the run had it)" },
    { "--draws N", "bootstrap draws behind the 95% intervals (default 1000)", "count" },
    { "--seed N", "of the draws (default 42)", "count" },
    { "--json", "all of it as one JSON object" },
  },
  notes = {
    "A calibration speaks for one judge, one rubric and their versions. The rows that people mark should be a fair"
      .. " sample of those that the judge marked: tamis label RUN --of all --n 200.",
  },
  examples = { "tamis judge calibrate --labels labels/helpdesk_v1.ana.jsonl curated/helpdesk_v1/latest" },
}

local DRAWS, SEED = 1000, 42

-- ---- the run ----

local function judge_stage(r, name)
  local found, names = nil, {}
  for _, s in ipairs(r.stages) do
    if s.stage == "judge" then
      names[#names + 1] = s.name
      if not name or s.name == name then found = found or s end
    end
  end
  if #names == 0 then return nil, r.dir .. " has no judge stage" end
  if not found then return nil, ("no judge stage is named %s: there are %s"):format(name, table.concat(names, ", ")) end
  if #names > 1 and not name then
    return nil, ("the run has several judge stages: give --stage %s"):format(table.concat(names, " or --stage "))
  end
  return found
end

local function figures_of(r, name)
  for _, s in ipairs((r.lineage.stats or {}).stage_counts or {}) do
    if s.name == name then return s.figures end
  end
end

--- The stage, its rubric and what the lineage tells of it; or nil and a sentence.
local function judged_by(r, o)
  local stage, err = judge_stage(r, o.stage)
  if not stage then return nil, err end
  local f = figures_of(r, stage.name)
  if not f or not f.rubric or not f.rubric.dimensions then
    return nil, r.dir .. "/lineage.json tells nothing of its judge"
  end
  return { stage = stage, rubric = f.rubric.dimensions, figures = f, name = stage.name }
end

-- ---- rows that both marked ----

local function marked_rows(r, j)
  local picks = { "row", "source", "line", "lower(hex(identity)) AS identity", "id" }
  for _, d in ipairs(j.rubric) do
    local column = j.name .. "." .. d.name
    if r:has_column(column) then picks[#picks + 1] = run.quoted(column) end
  end
  if r:has_column(j.name .. ".overall") then picks[#picks + 1] = run.quoted(j.name .. ".overall") end
  local sql = ("SELECT %s FROM rows WHERE %s IS NOT NULL ORDER BY row"):format(table.concat(picks, ", "),
    run.quoted(j.name .. ".total"))
  return r.db:rows(sql)
end

--- Pairs of marks; and what becomes of all rows that the judge marked, for its pass rate.
local function both(r, j, given)
  local out, seen, all = {}, {}, {}
  for row in marked_rows(r, j) do
    local source = r.source_of[row.source]
    local judge = {}
    for _, d in ipairs(j.rubric) do judge[d.name] = math.tointeger(row[j.name .. "." .. d.name]) end
    local overall = row[j.name .. ".overall"]
    all[#all + 1] = { scores = judge, overall = overall }
    local label = labels.of(given, { identity = row.identity, id = row.id, source = source and source.path or "",
                                     line = row.line })
    if label and not seen[label] then
      seen[label] = true
      out[#out + 1] = { people = label.scores, judge = judge, overall = overall }
    end
  end
  return out, all
end

-- ---- the command ----

local function calibrated(o, r)
  local j, err = judged_by(r, o)
  if not j then return nil, err end
  local given
  given, err = labels.read(o.labels, j.rubric)
  if not given then return nil, err end
  if not r:has_column(j.name .. ".total") then return nil, "no row of the run has a score" end
  local pairs_, all = both(r, j, given)
  if #pairs_ == 0 then return nil, ("none of the %d labels is of a row that %s judged"):format(given.count, j.name) end
  local out = calibrate.figures(pairs_, j.rubric, j.stage.params, calibrate.rates_of(all, j.rubric, j.stage.params),
    { draws = o.draws or DRAWS, seed = o.seed or SEED })
  out.stage, out.run, out.labels, out.unmatched = j.name, r.dir, given.count, given.count - #pairs_
  out.subject, out.enough = trust.subject(j.figures), out.n >= calibrate.LEAST
  out.labels_sha256, out.annotators = hash.sha256(given.text), json.array(given.annotators)
  return out, j
end

local function keep(o, out, j)
  local path = o.cache and trust.path(o.cache) or j.figures.trust and j.figures.trust.file
  if not path then return nil, "where is the judge's cache? give --cache PATH" end
  local now = out.decisions.now
  local record = out.subject
  record.n, record.at, record.labels_sha256, record.annotators = out.n, fs.utc(), out.labels_sha256, out.annotators
  record.kappa, record.weighted, record.alpha = now.kappa.value, out.overall.weighted.value, out.overall.alpha.value
  record.sensitivity, record.specificity = now.sensitivity.value, now.specificity.value
  record.informative, record.threshold = now.informative, now.threshold
  record.best = out.decisions.best and out.decisions.best.threshold
  local ok, err = trust.add(path, record)
  if not ok then return nil, err end
  out.written = path
  return true
end

function command.run(args, out)
  local o, places = options.read(args, command.options)
  if not o then return 2, places end
  if not o.labels then return 2, "which labels? usage: tamis judge calibrate " .. command.usage end
  if #places > 1 then return 2, "one run at a time; usage: tamis judge calibrate " .. command.usage end
  local dir, err = run.find(places[1])
  if not dir then return 1, err end
  local r
  r, err = run.open(dir)
  if not r then return 1, err end
  local result, j = calibrated(o, r)
  r:close()
  if not result then return 1, j end
  if result.enough then
    local ok
    ok, err = keep(o, result, j)
    if not ok then return 1, err end
  end
  if o.json then
    out(screen.json(json.encode(result, "  ")))
    return 0
  end
  show.calibration(result, screen.new { tty = fs.isatty(1), width = fs.width(1) }, out)
  return 0
end

return command
