--- drift: does another model, or another rubric, give other marks? The first rows that a recipe's judge marks are
-- pinned: their text as the judge was shown it, and their marks, in the cache's file. When the model or the rubric
-- changes they are judged again, paid for and cached like any row, and the report tells what moved: against the marks
-- of the first judge, so that drift does not creep.

local json = require "json"
local rows = require "judge.ask.rows"
local score = require "judge.score"

local drift = {}

local function subject(self)
  return { provider = self.provider.name, model = self.p.model, rubric = self.digest, version = self.rubric.version }
end

local function same_judge(pin, who)
  return pin.provider == who.provider and pin.model == who.model and pin.rubric == who.rubric
end

--- Reads the pinned rows of a stage, as many as it wants; `changed` where they were judged otherwise than now.
-- @param self  the stage's course (judge/run.lua)
-- @return  { list = { { identity, data, cut, scores, overall, … } }, changed, again = {} }; nil where none are wanted
function drift.read(self)
  local most = self.p.drift or 0
  if most == 0 then return nil end
  local who, list = subject(self), {}
  for i, pin in ipairs(self.cache:pins(self.paid.recipe or "", self.ctx.name)) do
    if i > most then break end
    local marks = json.decode(pin.marks)
    pin.scores, pin.overall, pin.keep = marks.scores, tonumber(marks.overall), marks.keep
    pin.cut = pin.cut ~= 0
    pin.key = rows.key(self.base, pin.data, pin.cut)
    list[i] = pin
  end
  return { list = list, again = {}, changed = #list > 0 and not same_judge(list[1], who) }
end

--- The pinned rows that are to be judged again: jobs for the loop, behind all others. Those that are rows of this run
-- are judged as such.
-- @param asked  the rows of the run, each with its key
-- @return  an iterator
function drift.jobs(self, asked)
  local d, i, row_of = self.drift, 0, {}
  for _, a in ipairs(d and d.changed and asked or {}) do row_of[a.key] = a.row end
  return function()
    local pin
    repeat
      i = i + 1
      pin = d and d.changed and d.list[i]
      if pin then pin.row = row_of[pin.key] end
    until not pin or not pin.row
    if not pin then return nil end
    local job = { key = pin.key, cut = pin.cut, extra = true, text = function() return pin.data end,
                  done = function(outcome) d.again[pin] = outcome end }
    if pin.cut then job.rubric, job.system, job.schema = self.cut.rubric, self.cut.system, self.cut.schema end
    return job
  end
end

--- All rows are judged: pins the first of the drawn order, until there are as many as the stage wants; none where
-- others judged those that are pinned.
-- @param asked  the rows in their order; outcomes.of[row] what each came to
function drift.settle(self, view, asked, outcomes)
  local d = self.drift
  for _, pin in ipairs(d and d.changed and d.list or {}) do d.again[pin] = d.again[pin] or outcomes.of[pin.row] end
  if not d or d.changed or #d.list >= self.p.drift then return end
  local known, who, n = {}, subject(self), #d.list
  for _, pin in ipairs(d.list) do known[pin.identity] = true end
  for _, a in ipairs(asked) do
    if n >= self.p.drift then break end
    local outcome = outcomes.of[a.row]
    local identity = outcome and outcome.state == "scored" and view:row(a.row).identity
    if identity and not known[identity] then
      known[identity], n = true, n + 1
      local keep = score.decide(outcome, self.rubric, self.p).keep
      self.cache:pin(self.paid.recipe or "", self.ctx.name, { n = n, identity = identity, cut = a.cut,
        data = (rows.data(view, a.row, self.p.truncate)), who = who,
        marks = json.encode { scores = outcome.scores, overall = outcome.overall, keep = keep } })
    end
  end
  self.cache:commit()
end

-- ---- what moved ----

local function moved(name, pairs_)
  local shift, same = 0, 0
  for _, x in ipairs(pairs_) do
    shift, same = shift + x[2] - x[1], same + (x[1] == x[2] and 1 or 0)
  end
  return #pairs_ > 0 and { name = name, n = #pairs_, shift = shift / #pairs_, exact = same / #pairs_ } or nil
end

-- Would a pinned row be kept by its old marks and today's thresholds? Where today's rubric asks for a mark that was not
-- given, what was decided then.
local function kept_before(pin, rubric, p)
  for _, d in ipairs(rubric) do
    if not pin.scores[d.name] then return pin.keep end
  end
  return score.decide(pin, rubric, p).keep
end

local function compare(self, both)
  local out = json.array {}
  for _, d in ipairs(self.rubric) do
    local list = {}
    for _, x in ipairs(both) do
      local old, new = x.pin.scores[d.name], x.new.scores[d.name]
      if old and new then list[#list + 1] = { old, new } end
    end
    out[#out + 1] = moved(d.name, list)
  end
  local totals = {}
  for _, x in ipairs(both) do
    local old, new = {}, {}   -- of the dimensions that both rubrics have
    for name, mark in pairs(x.pin.scores) do old[name] = x.new.scores[name] and mark end
    for name in pairs(old) do new[name] = x.new.scores[name] end
    local before = score.total(old, self.rubric)
    if before then totals[#totals + 1] = { before, score.total(new, self.rubric) } end
  end
  return out, moved("total", totals)
end

local function flips(self, both)
  local go, come = 0, 0
  for _, x in ipairs(both) do
    local before = kept_before(x.pin, self.rubric, self.p)
    local after = score.decide(x.new, self.rubric, self.p).keep
    if before and not after then go = go + 1 elseif after and not before then come = come + 1 end
  end
  return { go = go, come = come }
end

--- What the lineage keeps.
-- @return  { pinned, judged, before = { model, … }, dimensions = { { name, n, shift, exact } }, total, flips };
--   nil where nothing was judged again
function drift.figures(self)
  local d = self.drift
  if not d or not d.changed then return nil end
  local both = {}
  for _, pin in ipairs(d.list) do
    local new = d.again[pin]
    if new and new.state == "scored" then both[#both + 1] = { pin = pin, new = new } end
  end
  local first = d.list[1]
  local out = { pinned = #d.list, judged = #both, before = { provider = first.provider, model = first.model,
                rubric = { sha256 = first.rubric, version = first.version }, at = first.at } }
  if #both > 0 then
    out.dimensions, out.total = compare(self, both)
    out.flips = flips(self, both)
  end
  return out
end

--- The same in a sentence.
function drift.line(d, model)
  local against = d.before.model == model and "an earlier rubric" or d.before.model
  local begun = ("of %d pinned rows %d were judged again, against %s of %s"):format(d.pinned, d.judged, against,
    (d.before.at or ""):sub(1, 10))
  if d.judged == 0 then return begun end
  local total = d.total and (": the total moved by %+.2f in the mean and is the same on %.0f%%"):format(d.total.shift,
    d.total.exact * 100) or ""
  return ("%s%s; %d kept rows would go and %d come back"):format(begun, total, d.flips.go, d.flips.come)
end

return drift
