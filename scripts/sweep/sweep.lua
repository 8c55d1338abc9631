--- sweep: one or two axes over a recipe's rows in memory: which rows reach the stage, what it keeps at each
-- value, and what the rows at the margin are.
--
-- A result is plain data:
--   { axes = { { name, param, now, values = { labels } }, … }, how = "figures" | "pairs" | "kinds" | "again",
--     reached, points = { POINT, … } }                                    of one axis
--   { axes, how, rows = { { value, label, reached, points }, … } }        of two: the first one's values
--   POINT { value, label, kept, removed, share, replayed, goes = { MARGIN }, stays = { MARGIN } }
--   MARGIN { row, value, jaccard, card, twin = card }; a card { row, source, line, fields }

local axis = require "sweep.axis"
local core = require "core"
local count = require "sweep.count"
local ledger = require "sweep.ledger"
local runner = require "runner"
local views = require "sweep.views"

local sweep = {}

--- Axes against the stages of a plan or a run; the axis of the earlier stage first, of one stage that which
-- takes a pass a value.
-- @return  list; or nil and a sentence
function sweep.axes(texts, stages)
  local out, place = {}, {}
  for i, e in ipairs(stages) do place[e.name] = i end
  for i, text in ipairs(texts) do
    local a, err = axis.parse(text)
    if a then a, err = axis.resolve(a, stages) end
    if not a then return nil, err end
    out[i] = a
  end
  if #out == 0 then return nil, "which parameter? such as near_dedup.threshold=0.6:0.95:0.05" end
  if #out > 2 then return nil, ("%d parameters: one, or two for a grid"):format(#out) end
  local a, b = out[1], out[2]
  if not b then return out end
  if a.name == b.name then return nil, a.name .. " stands twice: one parameter an axis" end
  local same = place[a.stage] == place[b.stage]
  local turn = place[a.stage] > place[b.stage] or same and count.how(a) ~= "again" and count.how(b) == "again"
  return turn and { b, a } or out
end

local function index_of(stages, name)
  for i, e in ipairs(stages) do if e.name == name then return i end end
end

--- Gives each row at the margin its card; the same row is read once.
local function add_cards(p, points)
  local known = {}
  local function card(n)
    if n and not known[n] then known[n] = p.card(n) end
    return n and known[n]
  end
  for _, point in ipairs(points) do
    for _, list in ipairs { point.goes, point.stays } do
      for _, m in ipairs(list) do m.card, m.twin = card(m.row), card(m.twin) end
    end
  end
end
sweep.add_cards = add_cards

local function add_shares(points, reached)
  for _, point in ipairs(points) do point.share = reached > 0 and point.removed / reached or 0 end
end
sweep.add_shares = add_shares

--- What one axis tells of the rows that reached its stage.
-- @param site  as sweep/views.lua takes it
-- @return  { how, reached, points }; or nil and a sentence
function sweep.one(site, a, margin)
  local how = count.how(a)
  local p = views.of(site, a, how)
  if how ~= "again" and not (how == "pairs" and site.evidence) then
    local ok, err = p.prepare()
    if not ok then return nil, err end
  end
  local points, err = count.points(p, a, margin)
  if not points then return nil, err end
  add_cards(p, points)
  add_shares(points, p.reached())
  local out = { how = how, reached = p.reached(), points = points }
  p.close()
  return out
end

--- What must be said of the numbers.
local function note_of(a)
  local action = count.how(a) == "kinds" and a.entry.params.action or "reject"
  if action ~= "reject" then
    return ("%s.action is %s, which removes no row; counted as removed are those that hold such data")
      :format(a.stage, tostring(action))
  end
end

local function described(a)
  local labels = {}
  for i, v in ipairs(a.values) do labels[i] = v.label end
  return { name = a.name, stage = a.stage, param = a.param, now = a.now, values = labels }
end
sweep.described = described

-- ---- two axes ----

--- Two bounds of one stage: all pairs from one pass.
local function grid_on(p, a, b)
  local grid, err = count.grid(p, a, b)
  if not grid then return nil, err end
  local rows = {}
  for i, points in ipairs(grid) do
    for j, v in ipairs(b.values) do points[j].value, points[j].label = v.value, v.label end
    add_shares(points, p.reached())
    rows[i] = { value = a.values[i].value, label = a.values[i].label, reached = p.reached(), points = points }
  end
  return rows
end

local function grid_of_figures(site, a, b)
  local p = views.of(site, a, "figures")
  local ok, err = p.prepare()
  if not ok then return nil, err end
  local rows
  rows, err = grid_on(p, a, b)
  p.close()
  return rows, err
end

local function is_stored(a, b)
  return a.stage == b.stage and count.how(a) == "figures" and count.how(b) == "figures"
end

--- A pass from the first axis' stage on for each of its values, then the second axis.
local function grid_of_passes(site, a, b, stages)
  local rows = {}
  local first, second = index_of(stages, a.stage), index_of(stages, b.stage)
  for i, v in ipairs(a.values) do
    if core.interrupted() then return nil, "interrupted" end
    local entry = views.with(a.entry, { [a.param] = v.value })
    local own, inner = site, setmetatable({}, { __index = b })
    if first == second then inner.entry = entry
    else
      local e = views.engine(site, table.move(stages, first + 1, second - 1, 2, { entry }))
      local ok, fault = e:prepare()
      if not ok then return nil, fault end
      local view
      view, fault = e:run(site.view)
      if not view then return nil, fault end
      own = setmetatable({ view = view }, { __index = site })
    end
    local one, err = sweep.one(own, inner, 0)
    if not one then return nil, err end
    rows[i] = { value = v.value, label = v.label, reached = one.reached, points = one.points }
    if own ~= site then own.view:close() end
  end
  return rows
end

-- ---- all stages again ----

--- What all stages keep in the end where some parameters are others.
-- @param sets  list of { axis, value }
local function replayed(run, stages, sets)
  local list = {}
  for i, e in ipairs(stages) do
    list[i] = e
    for _, set in ipairs(sets) do
      if set[1].stage == e.name then list[i] = views.with(list[i], { [set[1].param] = set[2] }) end
    end
  end
  local e = views.engine(run, list)
  local ok, err = e:prepare()
  if not ok then return nil, err end
  local view
  view, err = e:run(run.read)
  if not view then return nil, err end
  local last = { plan = run.plan, view = view, engine = { stats = {} }, pool = run.pool }
  ok, err = runner.check_export(last)
  if not ok then return nil, err end
  local kept = last.view:counts()
  last.view:close()
  return kept
end

local function free_stages(plan)
  local out, left = {}, {}
  for _, e in ipairs(plan.stages) do
    if e.def.paid then left[#left + 1] = e.name elseif e.def.scope ~= "export" then out[#out + 1] = e end
  end
  return out, left
end

local function replay(run, axes, result)
  local stages, left = free_stages(run.plan)
  result.not_replayed = #left > 0 and left or nil
  for i, v in ipairs(axes[1].values) do
    local points = result.rows and result.rows[i].points or { result.points[i] }
    for j, point in ipairs(points) do
      if core.interrupted() then return nil, "interrupted" end
      local sets = { { axes[1], v.value }, axes[2] and { axes[2], axes[2].values[j].value } or nil }
      local kept, err = replayed(run, stages, sets)
      if not kept then return nil, err end
      point.replayed = kept
    end
  end
  return true
end

--- Runs the stages before a stage.
-- @return  the view that reached it; or nil and a sentence
local function reach(run, stages, upto)
  local before = table.move(stages, 1, upto - 1, 1, {})
  local e = views.engine(run, before)
  local ok, err = e:prepare()
  if not ok then return nil, err end
  return e:run(run.read)
end

--- Where what was paid for lies and which hosts may be named; no more may be spent.
local function unpaid(paid)
  return { cache = paid.cache, allow_hosts = paid.allow_hosts, folder = paid.folder, recipe = paid.recipe,
           estimate = true, unasked = true }
end

--- A sweep over a recipe's rows.
-- @param run     what runner.load gives
-- @param axes    as sweep.axes gives them
-- @param o       margin, replay, evidence = the pairs that a run of the first axis' stage left
-- @return  the result; or nil and a sentence
function sweep.over(run, axes, o)
  local stages = run.plan.stages
  local a, b = axes[1], axes[2]
  local result = { axes = { described(a), b and described(b) or nil }, how = count.how(b or a), note = note_of(b or a) }
  run.unpaid = unpaid(run.engine.paid)
  local view, err = reach(run, stages, index_of(stages, a.stage))
  if not view then return nil, err end
  local site = { view = view, recipe = run.recipe, plan = run.plan, pool = run.pool, gold = run.gold,
                 unpaid = run.unpaid, progress = run.progress, runs = run.runs, evidence = o.evidence }
  if not b then
    local one
    one, err = sweep.one(site, a, o.margin)
    if not one then return nil, err end
    for k, x in pairs(one) do result[k] = x end
  else
    local stored = is_stored(a, b)
    result.rows, err = (stored and grid_of_figures or grid_of_passes)(site, a, b, stages)
    if not result.rows then return nil, err end
    if not stored then result.passes = true end
  end
  if o.replay then
    local ok
    ok, err = replay(run, axes, result)
    if not ok then return nil, err end
  end
  return result
end

--- A sweep over what a finished run left in its ledger.
-- @param r  report.run, open
-- @return   the result; nil and a sentence; or false where the run's sources are needed
function sweep.of_run(r, axes, o)
  local a, b = axes[1], axes[2]
  if o.replay then return false end
  if b and not is_stored(a, b) then return false end
  if not b and not ledger.can(a, count.how(a)) then return false end
  local p = ledger.of(r, a)
  local result = { axes = { described(a), b and described(b) or nil }, how = count.how(a), source = r.dir,
                   note = note_of(a) }
  local err
  if b then
    result.rows, err = grid_on(p, a, b)
    if not result.rows then return nil, err end
    return result
  end
  result.points, err = count.points(p, a, o.margin)
  if not result.points then return result.points, err end
  result.reached = p.reached()
  add_cards(p, result.points)
  add_shares(result.points, result.reached)
  return result
end

return sweep
