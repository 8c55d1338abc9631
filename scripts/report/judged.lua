--- judged: what a report tells of each judge stage: its scores by what became of the rows, by topic and by source, from
-- the run's metrics; what it cost and whether it is to be believed, from the lineage.

local canary = require "judge.trust.canary"
local family = require "judge.trust.family"
local figures = require "report.figures"
local json = require "json"
local stats = require "stats"
local trust = require "judge.trust.standing"

local judged = {}

judged.LOW = 3   -- scores under it are told

local function figures_of(facts, name)
  for _, s in ipairs((facts.lineage.stats or {}).stage_counts or {}) do
    if s.name == name then return s.figures end
  end
end

-- The metrics that the run has.
local function names_of(facts)
  local out = {}
  for _, name in ipairs((facts:numbers())) do out[name] = true end
  return out
end

-- ---- scores ----

local function summary(numbers, which)
  local n = numbers and numbers:count(which) or 0
  if n == 0 then return nil end
  return { count = n, mean = numbers:mean(which), median = numbers:median(which), p25 = numbers:quantile(0.25, which),
           p75 = numbers:quantile(0.75, which), under_3 = numbers:below(judged.LOW, which) }
end

--- Of all rows with marks, of those that the run kept, of those it did not.
local function three(name, numbers)
  local all = summary(numbers, "all")
  if not all then return nil end
  return { name = name, all = all, kept = summary(numbers, "standing"), rejected = summary(numbers, "rejected") }
end

local function scores_of(facts, stage, dimensions)
  local out = json.array { three("total", facts:metric(stage.name .. ".total")) }
  local has = names_of(facts)
  for _, d in ipairs(dimensions) do
    local name = stage.name .. "." .. d.name
    out[#out + 1] = has[name] and three(d.name, facts:metric(name)) or nil
  end
  return out
end

-- ---- groups ----

local function column_of(group)
  return stats.packed(table.concat(group.values), table.concat(group.marks))
end

--- The totals in groups: the largest first, ties by name.
-- @param key  function(i) -> the group of the i-th row with a total
local function grouped(totals, key)
  local by, list = {}, json.array {}
  for i, value in ipairs(totals.value) do
    local name = key(i)
    name = name == nil and "unknown" or tostring(name)
    if not by[name] then
      by[name] = { name = name, values = {}, marks = {} }
      list[#list + 1] = by[name]
    end
    local g = by[name]
    g.values[#g.values + 1], g.marks[#g.marks + 1] = string.pack("=d", value), totals.status[i]
  end
  for i, g in ipairs(list) do
    local numbers = column_of(g)
    local s = summary(numbers, "all")
    s.name, s.kept = g.name, numbers:count "standing"
    list[i] = s
  end
  table.sort(list, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.name < b.name
  end)
  return list
end

local function by_topic(totals, key)
  if not totals.group then return nil end
  local list = grouped(totals, function(i) return totals.group[i] end)
  if #list == 1 and list[1].name == "unknown" then return nil end
  return { key = key, groups = list }
end

local function by_source(facts, totals)
  local sources = facts:sources()
  return grouped(totals, function(i) return sources[totals.source[i]].name end)
end

-- ---- a stage ----

local function one(facts, stage, topic)
  local g = figures_of(facts, stage.name)
  if not g or not g.rubric then return nil end
  local item = { stage = stage.name, provider = g.provider, model = g.model, served = g.served, rubric = g.rubric,
                 states = g.states, disagreements = g.disagreements, canaries = g.canaries, spent = g.spent,
                 rungs = g.rungs, capped = g.capped, length = g.length, kin = g.kin, drift = g.drift,
                 scores_file = g.scores, threshold = stage.params.min_overall, trust = trust.of(g) }
  local totals = (g.states or {}).scored and facts:scored(stage.name .. ".total", topic)
  if totals then
    item.scores = scores_of(facts, stage, g.rubric.dimensions or {})
    item.topics, item.sources = by_topic(totals, topic), by_source(facts, totals)
  end
  return item
end

--- What heads the report.
function judged.notices(j, out)
  local function add(level, text) out[#out + 1] = { level = level, text = text } end
  local untrusted = trust.note(j.stage, j)
  if untrusted then add("watch", untrusted) end
  for _, k in ipairs(j.kin or {}) do add("watch", family.note(j.stage, k)) end
  local c = j.canaries
  if c and c.passed > 0 then add("bad", canary.note(j.stage, c)) end
end

--- The judge stages of a run.
-- @param topic  the key that groups rows; nil for none
-- @return  a list; nil where nothing was judged
function judged.of(facts, topic)
  local out = json.array {}
  for _, s in ipairs(facts.stages) do
    if s.stage == "judge" then out[#out + 1] = one(facts, s, topic) end
  end
  return #out > 0 and out or nil
end

--- The column of scores of a run that was judged: that of its last judge.
function judged.scores(facts)
  local found, has = nil, names_of(facts)
  for _, s in ipairs(facts.stages) do
    local name = s.name .. ".total"
    local column = s.stage == "judge" and has[name] and facts:metric(name)
    if column and column:count() > 0 then found = figures.scores(name, column) end
  end
  return found
end

return judged
