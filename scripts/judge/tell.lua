--- tell: what the judge's outcomes make of a view, and the figures that stand in the lineage and the report.

local canary = require "judge.trust.canary"
local drift = require "judge.trust.drift"
local family = require "judge.trust.family"
local json = require "json"
local masked = require "judge.masked"
local prices = require "judge.money.prices"
local score = require "judge.score"
local screen = require "report.screen"
local slope = require "judge.trust.slope"
local states = require "judge.states"
local stats = require "stats"
local trust = require "judge.trust.standing"
local trusted = require "judge.trusted"
local verdicts = require "verdicts"

local tell = {}

--- Billionths of a dollar as a person reads them: 0.00001, 0.0042, 0.31, 1.28, 1,250.
function tell.dollars(nano)
  local d = nano / prices.DOLLAR
  if d == 0 then return "0" end
  if d < 0.001 then   -- two digits that count: a small cap must not look like none
    local digits = 1 - math.floor(math.log(d, 10))
    return (("%%.%df"):format(digits):format(d):gsub("0+$", ""))
  end
  if d < 0.1 then return ("%.4f"):format(d) end
  return d < 1000 and ("%.2f"):format(d) or screen.number(math.floor(d + 0.5))
end

local REASONS = { "low_score", "excluded", "refused", "unparsed", "too_long", "skipped_budget", "failed", "unscored" }
tell.reasons = REASONS

-- What a person reads of a rejected row: its marks, the total against the threshold, the judge's words.
local function evidence(outcome, decision, p)
  return json.encode { field = "total", value = decision.value, threshold = p.min_overall, scores = outcome.scores,
                       model_overall = outcome.overall, dimension = decision.dimension, reasoning = outcome.reasoning }
end

local function state_evidence(outcome)
  return json.encode { state = outcome.state, detail = outcome.why }
end

local TOPIC, UNKNOWN = "topic", "unknown"

-- A row of a trusted source is tagged and stands; of any other this is the verdict.
local function remove(t, row, reason, told)
  if t.is_trusted(row) then t.flags[row] = reason else t.list:add(row, reason, told) end
end

--- The verdict of one row that has marks.
local function judge_row(t, row, outcome)
  local d = score.decide(outcome, t.self.rubric, t.self.p)
  t.total[row], t.overall[row] = d.total, outcome.overall
  for name, v in pairs(outcome.scores) do t.dims[name][row] = v end
  t.scored[#t.scored + 1] = { row = row, outcome = outcome }
  if t.self.rubric.topics then t.topics[row] = outcome.topic or UNKNOWN end
  if d.disagree then t.disagreements = t.disagreements + 1 end
  if not d.keep then remove(t, row, d.reason, { json = evidence(outcome, d, t.self.p) }) end
end

local function policy_of(self, state) return (self.p.on or {})[state] or states.policy[state] end

--- The verdict of one row that has none, by the policy for its state.
local function settle_row(t, row, outcome)
  local policy = policy_of(t.self, outcome.state)
  if policy == "keep" then return end
  remove(t, row, outcome.state, { json = state_evidence(outcome), quarantine = policy == "quarantine" })
end

local function columns(self, view)
  local t = { self = self, total = {}, overall = {}, dims = {}, state = {}, counts = {}, served = {}, scored = {},
              topics = {}, disagreements = 0, list = verdicts.new(REASONS, "output"), flags = {},
              is_trusted = trusted.of(view) }
  for _, d in ipairs(self.rubric) do t.dims[d.name] = {} end
  return t
end

local function take(t, row, outcome)
  if not outcome then return end   -- nothing was asked, and the cache does not know the row
  t.state[row] = outcome.state
  if outcome.served then t.served[outcome.served] = true end
  t.counts[outcome.state] = (t.counts[outcome.state] or 0) + 1
  if outcome.state == "scored" then judge_row(t, row, outcome) else settle_row(t, row, outcome) end
end

-- The topics that the judge named; a row that it did not see keeps what it had.
local function with_topics(t, view)
  local before = false
  for _, name in ipairs(view:annotation_names()) do before = before or name == TOPIC end
  for row = 1, before and #view or 0 do
    t.topics[row] = t.topics[row] or view:row(row).annotations[TOPIC]
  end
  return view:annotate(TOPIC, t.topics)
end

local function with_columns(t, view, name)
  local v = view:annotate(name, t.state)
  if t.self.rubric.topics then v = with_topics(t, v) end
  v = v:measure(name .. ".total", t.total)
  if next(t.overall) then v = v:measure(name .. ".overall", t.overall) end
  for _, d in ipairs(t.self.rubric) do v = v:measure(name .. "." .. d.name, t.dims[d.name]) end
  return trusted.tag(v, name, t.flags)
end

local function canary_notes(self, figures, notes)
  local passed, asked = 0, 0
  for _, outcome in ipairs(self.canary_outcomes or {}) do
    if outcome.state == "scored" then
      asked = asked + 1
      if score.decide(outcome, self.rubric, self.p).keep then passed = passed + 1 end
    end
  end
  figures.canaries = { asked = asked, passed = passed }
  if passed > 0 then notes[#notes + 1] = canary.note(self.ctx.name, figures.canaries) end
end

-- The models that answered, as the server named them.
local function served_by(t)
  local out = json.array {}
  for name in pairs(t.served) do out[#out + 1] = name end
  table.sort(out)
  return out
end

-- Which source each row is of: rows stand in the order of their sources.
local function source_finder(sources)
  local at, last = 1, sources[1].rows
  return function(row)
    while row > last do
      at = at + 1
      last = last + sources[at].rows
    end
    return at
  end
end

--- How much of the total is length: of the rows with marks, in row order.
local function length_of(t, view)
  local tokens = stats.field_tokens(view, "output", t.self.ctx.pool)
  if not tokens or #t.scored == 0 then return nil end
  local rows, source_of, p = {}, source_finder(view:sources()), t.self.p
  for i, x in ipairs(t.scored) do
    local function keep(total) return score.keeps(total, x.outcome.scores, t.self.rubric, p) end
    rows[i] = { tokens = tokens:get(x.row) or 0, total = t.total[x.row], source = source_of(x.row), keep = keep }
  end
  return slope.of(rows)
end

local function dimensions_of(rubric)
  local out = json.array {}
  for i, d in ipairs(rubric) do out[i] = { name = d.name, min = d.min, max = d.max, weight = d.weight } end
  return out
end

--- What the lineage keeps. Figures of money and of what happened on the way differ from run to run.
local function figures_of(self, t, view)
  local f = { rubric = { name = self.rubric.name, version = self.rubric.version, sha256 = self.digest,
                         dimensions = dimensions_of(self.rubric) },
              provider = self.p.provider or self.provider.name, model = self.p.model, states = t.counts,
              disagreements = t.disagreements }
  if self.scores_path then
    f.scores = { path = self.scores_path, sha256 = self.scores_sha256, unused = self.unused,
                 annotators = self.annotators }
  end
  local loop = self.loop
  if loop then
    f.spent = { cost = loop.o.budget.spent, saved = loop.saved, hits = loop.hits, requests = loop.sent,
                retries = loop.retries, tokens = loop.tokens, lost = loop.o.budget.lost,
                price_as_of = loop.o.price.as_of, batches = loop.batches and loop.batches.n }
    f.rungs, f.capped, f.url = loop.rungs, loop.capped, self.endpoint.url
    f.served = served_by(t)
  end
  f.length = length_of(t, view)
  local kin = family.kin(self.p.model, view:sources())
  f.kin = #kin > 0 and json.array(kin) or nil
  f.drift = drift.figures(self)
  f.trust = trust.of(f, self.trust_file)
  f.trust.file = self.trust_file
  return f
end

local BECOMES = { keep = "kept unjudged", reject = "rejected", quarantine = "in quarantine" }

-- "1,132 of 1,514 rows have no score in scores.jsonl: kept unjudged"
local function unscored_note(self, t)
  local n, rows = t.counts.unscored, 0
  for _, of_state in pairs(t.counts) do rows = rows + of_state end
  return ("%s: %s of %s %s no score in %s: %s"):format(self.ctx.name, screen.number(n), screen.count(rows, "row"),
    n == 1 and "has" or "have", self.scores_path, BECOMES[policy_of(self, "unscored")])
end

local function notes_of(self, t, figures)
  local notes, name = {}, self.ctx.name
  if t.counts.unscored then notes[#notes + 1] = unscored_note(self, t) end
  if (self.unused or 0) > 0 then
    notes[#notes + 1] = ("%s: %s of %s %s no row that reached this stage"):format(name,
      screen.count(self.unused, "score"), self.scores_path, self.unused == 1 and "names" or "name")
  end
  if (self.incomplete or 0) > 0 then
    notes[#notes + 1] = ("%s: %s of %s %s a dimension out: no score"):format(name,
      screen.count(self.incomplete, "line"), self.scores_path, self.incomplete == 1 and "leaves" or "leave")
  end
  if self.loop and self.loop.capped then
    notes[#notes + 1] = ("%s: max_cost was reached: %s judged, a fair sample, and %s not"):format(name,
      screen.count(t.counts.scored or 0, "row"), screen.number(t.counts.skipped_budget or 0))
  end
  local sent = self.loop and self.loop.batches
  if sent and sent.n > 0 then
    notes[#notes + 1] = ("%s: %d rows went in %d batches, for $%s"):format(name, sent.rows, sent.n,
      tell.dollars(sent.cost))
  end
  canary_notes(self, figures, notes)
  for _, k in ipairs(figures.kin or {}) do notes[#notes + 1] = family.note(name, k) end
  if figures.drift then notes[#notes + 1] = ("%s: %s"):format(name, drift.line(figures.drift, self.p.model)) end
  notes[#notes + 1] = trust.note(name, figures)
  return notes
end

--- The stage's view.
-- @param outcomes  { of = { [row] = outcome } }
-- @param left      rows that max_rows or sample left out
function tell.view(self, view, outcomes, left)
  local t = columns(self, view)
  for _, row in ipairs(left) do
    outcomes.of[row] = { state = "skipped_budget", why = "max_rows or sample left it out" }
  end
  for _, row in ipairs(view:standing_rows()) do take(t, row, outcomes.of[row]) end
  local figures = figures_of(self, t, view)
  local notes = notes_of(self, t, figures)
  notes[#notes + 1] = masked.note(self, view)
  local v, err = with_columns(t, view, self.ctx.name):apply(self.ctx.name, t.list)
  if not v then return nil, err end
  return v, { figures = figures, notes = notes }
end

return tell
