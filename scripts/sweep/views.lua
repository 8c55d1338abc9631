--- views: a stage and the rows that reached it, in memory, for sweep/count.lua.

local core = require "core"
local engine = require "run.engine"
local passing = require "passing"
local run = require "report.run"
local stats = require "stats"

local views = {}

--- A stage with other parameters.
local function with(entry, params)
  local own = {}
  for k, v in pairs(entry.params) do own[k] = v end
  for k, v in pairs(params) do own[k] = v end
  return setmetatable({ params = own }, { __index = entry })
end
views.with = with

local function place(entry, message)
  if entry.line == nil or entry.line == 0 then return ("%s: %s"):format(entry.name, message) end
  return ("%s:%d: %s: %s"):format(entry.file, entry.line, entry.name, message)
end

--- An engine over some stages of a plan. What was paid before is read from where the run has it; nothing is spent.
function views.engine(site, stages)
  local plan = setmetatable({ stages = stages, whole = site.plan.stages }, { __index = site.plan })
  return engine.new({ recipe = site.recipe, plan = plan },
    { pool = site.pool, gold = site.gold, progress = site.progress, runs = site.runs, paid = site.unpaid })
end

--- One pass of one stage over the rows.
-- @return  the view behind it; or nil and a sentence
local function pass(site, entry)
  local fault = entry.def.check and entry.def.check(entry.params)
  if fault then return nil, place(entry, fault) end
  local e = views.engine(site, { entry })
  local ok, err = e:prepare()
  if not ok then return nil, err end
  return e:run(site.view)
end

-- Kinds are told by what the stage rejects: it runs once with all of them that are asked for.
local function all_kinds(a)
  local list, seen = {}, {}
  for _, v in ipairs(a.values) do
    for _, kind in ipairs(v.value) do
      if not seen[kind] then list[#list + 1], seen[kind] = kind, true end
    end
  end
  return list
end

--- The parameters of the pass that the values of an axis are told from.
local function base_of(site, a, how)
  if how == "kinds" then return { [a.param] = all_kinds(a), action = "reject" } end
  if how == "pairs" and not site.evidence then
    local low = math.huge
    for _, v in ipairs(a.values) do low = math.min(low, v.value) end
    return { evidence_floor = low, threshold = math.max(low, a.now) }
  end
  return {}
end

-- A source's path by its last part, where that is no other's too.
local function short_of(site, path)
  site.sources = site.sources or site.view:sources()
  return run.short(site, path)
end

--- What an axis is counted on.
-- @param site  { view = the rows that reached the stage stand in it, recipe, plan, pool, gold, progress, runs,
--              evidence = pairs that a run of the stage left, if there are any }
-- @return  the table that sweep/count.lua asks; it runs the stage when first asked
function views.of(site, a, how)
  local p, behind, failure = {}, nil, nil
  local entry = with(a.entry, base_of(site, a, how))
  local reached = (site.view:counts())

  local function first()
    if not behind and not failure then behind, failure = pass(site, entry) end
    return behind, failure
  end

  function p.prepare() return first() end
  function p.reached() return reached end
  function p.states(reasons) return passing.states(site.view, first(), entry.name, reasons) end
  function p.figures(metric) return (stats.metric(first(), entry.name .. "." .. metric)) end
  function p.faults(reasons, most) return passing.faults(first(), entry.name, reasons, most) end
  function p.similar(thresholds, most)
    local evidence, err = site.evidence, nil
    if not evidence then evidence, err = first() end
    if not evidence then return nil, err end
    local ctx = views.engine(site, { entry }):context(entry)
    ctx.margin = most
    return entry.def.sweep(site.view, evidence, entry.params, thresholds, ctx)
  end
  function p.again(axis, value)
    if core.interrupted() then return nil, "interrupted" end
    local view, err = pass(site, with(a.entry, { [axis.param] = value }))
    if not view then return nil, err end
    local kept = view:counts()
    local out = { kept = kept, removed = reached - kept, rejected = view:rows_of("rejected", nil, a.entry.name) }
    view:close()
    return out
  end
  function p.card(n)
    local row, fields, any = site.view:row(n), {}, false
    for _, name in ipairs { "system", "input", "output", "alternative" } do
      fields[name] = site.view:field(n, name)
      any = any or fields[name] ~= nil
    end
    return { row = n, source = row.source, short = short_of(site, row.source), line = row.line,
             fields = any and fields or nil }
  end
  function p.close() if behind then behind:close() end end
  return p
end

return views
