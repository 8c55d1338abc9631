--- engine: a plan's stages over a view. Neighbouring row stages run fused, as one pass; a corpus
-- stage sees all rows that still stand. Each step gives a new view, so a failure loses nothing.

local against = require "run.against"
local beside = require "run.beside"
local core = require "core"
local fault = require "run.fault"
local fs = require "fs"
local models = require "run.models"
local plan = require "plan"
local revival = require "run.revival"
local scan = require "scan"
local timing = require "run.timing"
local untried = require "run.untried"

local engine = {}
engine.__index = engine

local INTERRUPTED = "interrupted"

-- Where nobody said what may be spent: in the REPL, in a sweep.
local NOTHING_PAID = { estimate = true, unasked = true }

--- @param opened  what recipe/open gives: { recipe, plan, files }; recipe may be nil (REPL)
-- @param options  pool, gold (a view), progress, runs (where earlier runs lie: run/against), goes_on = what rows
--   need to come back is kept, for other stages behind (fork), paid = what stages that cost money may do (run/paid;
--   nothing is spent where it is not given)
function engine.new(opened, options)
  return setmetatable({
    recipe = opened.recipe, plan = opened.plan, pool = options.pool, gold = options.gold,
    progress = options.progress, runs = options.runs or against.here, notes = {}, stats = {}, ops = {}, infos = {},
    gates = {}, memories = {}, times = {}, left = {}, profile = options.profile, revival = revival.new(), revived = {},
    paid = options.paid or NOTHING_PAID, operators = {}, offers = {}, bought = {}, skipped = {},
    goes_on = options.goes_on, past = {}, kept = {},
    folder = opened.path and opened.path:match "^(.*)/[^/]*$", models = {},
  }, engine)
end

--- An engine that goes on behind what this one ran, with other stages: for the REPL, where every view has its
-- own. This one stays as it is.
-- @param stats  the records so far
function engine:fork(stages, stats)
  local plan_of = setmetatable({ stages = stages }, { __index = self.plan })
  local e = engine.new({ recipe = self.recipe, plan = plan_of }, self)
  for i, stat in ipairs(stats) do
    e.stats[i] = {}
    for k, v in pairs(stat) do e.stats[i][k] = v end
    e.past[i] = stat.entry
  end
  for _, name in ipairs { "operators", "ops", "infos", "kept", "skipped" } do
    for k, v in pairs(self[name] or {}) do e[name][k] = v end
  end
  e.revival = revival.copy(self.revival)
  return e
end

local function place(entry, message)
  if entry.line == 0 then return ("%s: %s"):format(entry.name, message) end
  return ("%s:%d: %s: %s"):format(entry.file, entry.line, entry.name, message)
end

--- What a stage's code may ask for.
function engine:context(entry)
  local recipe, threads = self.recipe, self.pool:threads()
  return {
    pool = self.pool, seed = self.plan.seed, name = entry.name, gold = self.gold,
    gate = self.gates[entry],   -- what operators that look for patterns share in a fused group
    paid = self.paid, dataset = self.runs.name, folder = self.folder,
    -- tells the progress of a stage that does not work on the pool: rows done of n
    tick = self.progress and not self.progress.quiet and function(done, n) self.progress:tick(done, n) end or nil,
    -- takes the bar off the terminal, for a question
    clear = self.progress and function() self.progress:clear() end or nil,
    -- the earlier runs that the parameters name, opened
    earlier = function(p) return against.open(p, self.runs, self.pool) end,
    -- where earlier runs lie, for files that they left: { out, name, folder }
    runs = self.runs,
    -- the bytes of a file that a parameter names, for the lineage too: its bytes and path; or nil and a sentence
    file = function(name) return models.read(self.models, entry, name, self.folder) end,
    -- rows of a file beside the sources (run/beside.lua): a view; or nil and a sentence
    beside = function(given) return beside.read(self, entry, given) end,
    -- what an earlier row stage that looks at all rows first keeps of them (`kept` of its settle); nil: nothing
    kept = function(e) return self.kept[e.name] end,
    -- was an earlier stage not tried (run/untried)?
    skipped = function(e) return self.skipped[e.name] ~= nil end,
    -- the operator that an earlier row stage has for rows of another view, with the same parameters
    operator = function(e) return self:operator(e) end,
    -- where such a file lies; the second notes it for the lineage, by its hash, for who maps it: its path; or nil
    -- and a sentence
    find = function(name) return models.file(entry, name, self.folder) end,
    map = function(name) return models.map(self.models, entry, name, self.folder) end,
    -- what rows of another set, which a stage asks a server for, would cost: judge/money/offer prints it
    offered = function(e) self.offers[#self.offers + 1] = e end,
    -- what asking for them took: { model, spent }
    bought = function(b) self:charge(entry, b) end,
    id = self.plan.id,   -- the path where rows have their id; nil if the recipe names none
    -- the stages before this one, as the plan has them
    before = function()
      local out = self.plan.whole and {} or table.move(self.past, 1, #self.past, 1, {})
      for _, e in ipairs(self.plan.whole or self.plan.stages) do
        if e == entry or e.name == entry.name then break end
        out[#out + 1] = e
      end
      return out
    end,
    -- the stages behind this one
    behind = function()
      for i, e in ipairs(self.plan.stages) do
        if e == entry then return table.move(self.plan.stages, i + 1, #self.plan.stages, 1, {}) end
      end
      return {}
    end,
    -- the name of a stage behind this one that sets an annotation; nil if there is none
    set_behind = function(annotation)
      local behind = false
      for _, e in ipairs(self.plan.stages) do
        if behind and e.params.annotation == annotation then return e.name end
        behind = behind or e == entry
      end
    end,
    row_function = function(marker, kind, o)
      o = o or {}
      local op, err = recipe:row_op(marker, { kind = kind, stage = o.reason or entry.name, threads = threads,
                                              serial = o.serial, params = o.params, annotation = o.annotation,
                                              otherwise = o.otherwise })
      if op then self.ops[entry] = op end
      return op, err
    end,
    call = function(marker, ...)
      local result = table.pack(recipe:call(marker, ...))
      if not result[1] then error(result[2], 0) end
      return table.unpack(result, 2, result.n)
    end,
  }
end

-- A stage that the recipe wrote itself runs in the recipe's state.
local function own_op(self, entry)
  local own = entry.def.own
  if own.op then return self.recipe:native_op(own.op, entry.params) end
  return self:context(entry).row_function(own.row, "row", { params = entry.params, serial = own.serial == true })
end

local function own_run(self, entry, view)
  return self.recipe:corpus_run(entry.def.own.run, view, entry.params)
end

local function guard(fn, ...)
  local ok, a, b = pcall(fn, ...)
  if ok then return a, b end
  return nil, fault(a)
end

local function operator(self, entry)
  local op, err
  if entry.def.own then op, err = guard(own_op, self, entry)
  else op, err = guard(entry.def.op, entry.params, self:context(entry)) end
  if op then return op end
  err = tostring(err)
  return nil, err:find "^[^\n]-:%d+: " and err or place(entry, err)
end

--- The operator of a row stage; of one that is not in the plan (a sweep runs one stage alone), made now.
function engine:operator(entry)
  if self.operators[entry] then return self.operators[entry] end
  return operator(self, entry)
end

--- Does the stage look at all rows before its pass? It is the first of its step then.
local function is_over(entry) return entry.def.over ~= nil and entry.def.over(entry.params) end

--- The stages as steps: { entries } of fused row stages, or one corpus stage.
local function steps(stages)
  local out = {}
  for _, entry in ipairs(stages) do
    local last = out[#out]
    if entry.def.scope == "row" and last and last.row and not is_over(entry) then
      last[#last + 1] = entry
    elseif entry.def.scope ~= "export" then
      out[#out + 1] = { entry, row = entry.def.scope == "row" }
    end
  end
  return out
end

--- Makes the row operators, and asks other stages whether they are ready, so that what is wrong with one is known
-- before a row is read.
-- @return  true; or nil and a sentence with the recipe's place, or several, a line each
function engine:prepare()
  local faults = {}
  for _, entry in ipairs(self.plan.stages) do
    local good, err = true, nil
    if entry.def.ready then good, err = guard(entry.def.ready, entry.params, self:context(entry)) end
    if not good then faults[#faults + 1] = place(entry, tostring(err)) end
  end
  for _, step in ipairs(steps(self.plan.stages)) do
    local gate = step.row and scan.gate()
    for _, entry in ipairs(step.row and step or {}) do
      self.gates[entry] = gate
      local op, err = operator(self, entry)
      self.operators[entry] = op
      if not op then faults[#faults + 1] = err end
    end
    if gate then gate:compile() end
  end
  if #faults > 0 then return nil, table.concat(faults, "\n") end
  return true
end

local function removed_by_stage(view)
  local out = {}
  for _, r in ipairs(view:reasons()) do out[r.stage] = (out[r.stage] or 0) + r.count end
  return out
end

--- The reasons that stages of the recipe's own gave are those that they declared.
local function check_reasons(entries, view)
  for _, entry in ipairs(entries) do
    local declared = entry.def.own and entry.def.own.reasons
    local known = { [entry.name] = true }
    for _, name in ipairs(declared or {}) do known[name] = true end
    for _, r in ipairs(declared and view:reasons() or {}) do
      if r.stage == entry.name and not known[r.reason] then
        local message = 'it gave the reason "%s", which it does not declare: reasons = { %s }%s'
        local names = {}
        for i, name in ipairs(declared) do names[i] = ('"%s"'):format(tostring(name)) end
        return nil, place(entry, message:format(r.reason, table.concat(names, ", "), plan.hint(r.reason, declared)))
      end
    end
  end
  return true
end

--- Each stage's time; of a fused step its share as it was sampled, or an equal one.
local function record(self, entries, seconds)
  local times, names = self.times[entries], {}
  for i, entry in ipairs(entries) do names[i] = entry.name end
  local operators = times and timing.operators(names, times, seconds) or {}
  if self.progress and #operators > 0 and self.progress.clock.now then
    self.progress.clock.now.operators = operators
  end
  for i, entry in ipairs(entries) do
    self.stats[#self.stats + 1] = { stage = entry.stage, name = entry.name, entry = entry,
                                    seconds = operators[i] and operators[i].seconds or seconds / #entries,
                                    fused = #entries > 1 or nil }
  end
end

--- What each stage saw and removed in the end: a row that came back was seen by the stages behind.
local function count(self, first, view)
  local removed, edited, seen = removed_by_stage(view), view:edited_by(), (first:counts())
  self.revived, self.groups = revival.result(self.revival, view)
  for _, stat in ipairs(self.stats) do
    stat.seen, stat.removed, stat.edited = seen, removed[stat.name] or 0, edited[stat.name]
    stat.revived, stat.figures = self.revived[stat.name], self.infos[stat.name] or stat.figures
    seen = seen - stat.removed
  end
end

local function finish(self, entries, view)
  for _, entry in ipairs(entries) do
    if entry.def.finish and not self.skipped[entry.name] then
      local info, err = guard(entry.def.finish, view, entry.params, self:context(entry))
      if not info and err then self.notes[#self.notes + 1] = place(entry, err) end
      for _, note in ipairs(type(info) == "table" and info.notes or {}) do self.notes[#self.notes + 1] = note end
    end
  end
end

local function failed(entry, err)
  if core.interrupted() or err == INTERRUPTED or err == "" then return nil, INTERRUPTED end
  err = tostring(err)
  if err:find "^[^\n]-:%d+: " then return nil, err end
  return nil, place(entry, err)
end

--- What rests on all rows (a percentile, clusters): the operator of a row stage, made anew now that they are there.
-- Beside figures and notes its `files`, { name, bytes }, are left in the run's folder.
local function settle(self, entry, view)
  local op, info = guard(entry.def.settle, view, entry.params, self:context(entry))
  if not op then return failed(entry, info or "failed") end
  self.operators[entry] = op
  info = type(info) == "table" and info or {}
  for _, note in ipairs(info.notes or {}) do self.notes[#self.notes + 1] = note end
  for _, file in ipairs(info.files or {}) do self.left[#self.left + 1] = file end
  self.infos[entry.name] = info.figures
  self.kept[entry.name] = info.kept
  return true
end

--- Is it a stage that a check cannot try?
function engine:skips(entry)
  if not self.paid.estimate then return false end
  local why = untried.why(entry, self:context(entry).before(), self.infos, self.skipped)
  if not why then return false end
  self.skipped[entry.name] = why
  return true
end

--- One fused pass of row stages.
function engine:run_rows(view, entries, rows)
  local ops, names = {}, {}
  if not rows and is_over(entries[1]) and not self:skips(entries[1]) then
    local settled, message = settle(self, entries[1], view)
    if not settled then return nil, message end
  end
  for i, entry in ipairs(entries) do ops[i], names[i] = self.operators[entry], entry.name end
  local times = self.profile and {} or nil
  local ok, child, err = pcall(view.run_group, view, { ops = ops, stages = names, pool = self.pool, rows = rows,
                                                       times = times })
  if not ok then child, err = nil, fault(child) end
  if not child then return failed(entries[1], err) end
  if times and not rows then self.times[entries] = times end
  for _, entry in ipairs(entries) do
    local pure, message = self:check_purity(entry)
    if not pure then return nil, message end
  end
  return child
end

--- Has a row function changed what it must not?
function engine:check_purity(entry)
  if not self.ops[entry] then return true end
  return self.recipe:check_row_op(self.ops[entry])
end

--- Adds to what a stage paid for rows of other sets.
function engine:charge(entry, b)
  local sum = self.bought[entry.name]
  if not sum then
    sum = { model = b.model, spent = { price_as_of = b.spent.price_as_of } }
    self.bought[entry.name] = sum
  end
  for key, n in pairs(b.spent) do
    if key ~= "price_as_of" then sum.spent[key] = (sum.spent[key] or 0) + n end
  end
end

--- A stage's figures, with what it paid.
local function figures_of(self, entry, figures)
  local b = self.bought[entry.name]
  if not b then return figures end
  figures = figures or {}
  figures.model, figures.spent = figures.model or b.model, b.spent
  return figures
end

--- One corpus stage. What it gave as `op`, a row operator made of what it saw, is run again on rows that come back.
function engine:run_corpus(view, entry)
  if self:skips(entry) then return view end
  local verdicts, info
  if entry.def.own then verdicts, info = guard(own_run, self, entry, view)
  else
    local ctx = self:context(entry)
    local ok, a, b = pcall(entry.def.run, view, entry.params, ctx)
    if ok then verdicts, info = a, b
    else info = fault(a) end
  end
  if not verdicts then return failed(entry, info or "failed") end
  local pure, message = self:check_purity(entry)
  if not pure then return nil, message end
  self.memories[entry] = type(info) == "table" and info.memory or nil
  self.operators[entry] = type(info) == "table" and info.op or nil
  for _, note in ipairs(type(info) == "table" and info.notes or {}) do self.notes[#self.notes + 1] = note end
  if type(info) == "table" then self.infos[entry.name] = figures_of(self, entry, info.figures) end
  if (getmetatable(verdicts) or {}).__name == "tamis.view" then return verdicts end
  local ok, child, err = pcall(view.apply, view, entry.name, verdicts)
  if not ok then child, err = nil, fault(child) end
  if not child then return failed(entry, err) end
  return child
end

--- Rows come back whose twin a row stage has rejected (run/revival.lua).
function engine:revive(view)
  return revival.run(self.revival, view, {
    run_rows = function(v, entries, rows) return self:run_rows(v, entries, rows) end,
    revisit = function(entry, v, again)
      local ok, verdicts, err = pcall(entry.def.revisit, v, entry.params, self:context(entry), again)
      if not ok then verdicts, err = nil, fault(verdicts) end
      if not verdicts then return failed(entry, err or "failed") end
      local pure, message = self:check_purity(entry)
      if not pure then return nil, message end
      return verdicts
    end,
  })
end

local function step_name(step)
  local names = {}
  for i, entry in ipairs(step) do names[i] = entry.name end
  return table.concat(names, ", ")
end

--- One step, and what it calls for.
local function take_step(self, step, view)
  local child, err
  if step.row then child, err = self:run_rows(view, step) else child, err = self:run_corpus(view, step[1]) end
  if not child then return nil, err end
  local like_rows = step.row or self.operators[step[1]] ~= nil
  revival.add(self.revival, step, view, self.memories[step[1]], like_rows)
  self.memories[step[1]] = nil
  if like_rows then
    child, err = self:revive(child)
    if not child then return nil, err end
  end
  local declared
  declared, err = check_reasons(step, child)
  if not declared then return nil, err end
  return child
end

--- Runs all stages but the export.
-- @param first  the view that the first stage of the records saw, where that is not this one
-- @return  the last view; or nil and a sentence ("interrupted" where that is it)
function engine:run(view, first)
  local list, last_rows = steps(self.plan.stages), 0
  first = first or view
  for i, step in ipairs(list) do last_rows = (step.row or step[1].def.makes_op) and i or last_rows end
  for i, step in ipairs(list) do
    if core.interrupted() then return nil, INTERRUPTED end
    if self.progress then self.progress:step(step_name(step), view:counts()) end
    local started = fs.clock()
    local child, err = take_step(self, step, view)
    if not child then return nil, err end
    record(self, step, fs.clock() - started)
    finish(self, step, child)
    view = child
    if i >= last_rows and not self.goes_on then revival.rest(self.revival) end
  end
  local last = self.plan.stages[#self.plan.stages]
  if last and last.def.scope == "export" then finish(self, { last }, view) end
  for _, note in ipairs(untried.notes(self.plan.stages, self.skipped)) do self.notes[#self.notes + 1] = note end
  count(self, first, view)
  return view
end

return engine
