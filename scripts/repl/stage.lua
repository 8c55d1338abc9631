--- stage: runs one stage, or a recipe's, on a view in memory, by the engine that `tamis run` has.

local core = require "core"
local engine = require "run.engine"
local host = require "host"
local plan = require "plan"

local stage = {}

local SEED = 42

-- Functions that the user typed belong to this state: what a recipe does for the engine, done here.
local typed = {
  row_op = function(_, fn, o) return host.row_function(fn, o) end,
  check_row_op = function() return true end,
  call = function(_, fn, ...) return pcall(fn, ...) end,
}

local function short(message) return (message:gsub("^repl:0: ", "")) end

--- A stage and its parameters, checked against its own table.
-- @param params   a table; a function for filter and map; nil for the defaults
-- @param history  the records of the stages that ran before it; nil: none
function stage.entry(name, params, history)
  if type(params) == "function" then params = { fn = params } end
  if params ~= nil and type(params) ~= "table" then
    error(("%s takes its parameters in braces: c:%s{ … }"):format(name, name), 0)
  end
  local ok, result = pcall(plan.insert, { stages = {} }, 1, name, params or {}, "repl")
  if ok then
    local before = {}
    for i, h in ipairs(history or {}) do before[i] = h.entry end
    local message = plan.complete(result, before)
    if message then error(("%s: %s"):format(name, message), 0) end
    return result
  end
  if type(result) == "table" and result.recipe then error(short(result.recipe), 0) end
  error(result, 0)
end

local function new_engine(o, opened, goes_on)
  local session = o.session
  return engine.new(opened, { pool = session.pool, gold = o.gold, progress = session:progress(), goes_on = goes_on })
end

-- Runs an engine's stages on a view.
local function run(o, e, view, first)
  local ok, err = e:prepare()
  if not ok then error(short(err), 0) end
  local native
  native, err = e:run(view, first)
  o.session:progress_done()
  if not native then error(core.interrupted() and "interrupted" or short(err), 0) end
  return native
end

-- A name that no stage of the history has.
local function unused(history, name)
  local taken, n = {}, 2
  for _, h in ipairs(history) do taken[h.name] = true end
  if not taken[name] then return name end
  while taken[name .. "_" .. n] do n = n + 1 end
  return name .. "_" .. n
end

-- Row stages run as one pass in a recipe, and rows come back behind it (run/revival.lua). So that the same rows
-- come back here, a row stage behind other row stages runs with them again, from the view before them, where an
-- earlier stage waits for rows to come back.
local function pass_of(o, entry)
  local past = o.past
  local again = past and past.row and entry.def.scope == "row" and past.from
    and #past.from.engine.revival.steps > 0
  if not again then return { entry }, o.view, past, o.history end
  local entries = table.move(past.entries, 1, #past.entries, 1, {})
  entries[#entries + 1] = entry
  return entries, past.start, past.from, table.move(o.history, 1, #o.history - #past.entries, 1, {})
end

local function came_back(e)
  local n = 0
  for _, rows in pairs(e.revived) do n = n + rows end
  return n
end

--- Runs one stage.
-- @param o  view, history, session, gold; past = what stages left before it, root = the view before all stages
-- @return  { view, history, past, notes, back = rows that came back }; the record of the stage is the last one
function stage.run(o, entry)
  entry.name = unused(o.history, entry.name)
  local entries, start, from, history = pass_of(o, entry)
  local blank = new_engine(o, { recipe = typed, plan = { stages = {}, seed = SEED } }, true)
  local e = (from and from.engine or blank):fork(entries, history)
  e.progress, e.goes_on = o.session:progress(), true
  local before = o.past and came_back(o.past.engine) or 0
  local native = run(o, e, start, o.root or o.view)
  return { view = native, history = e.stats, notes = e.notes, back = came_back(e) - before,
           past = { engine = e, entries = entries, row = entry.def.scope == "row", start = start, from = from } }
end

--- What sweep/sweep.lua asks for, over the rows that reached a stage.
-- @param before  the stages before it, from the view's root on; nil: the rows that stand in this view
function stage.site(o, before)
  local opened = o.ran and o.recipe or { recipe = typed, plan = { stages = {}, seed = SEED } }
  local view = o.view
  if before then
    local e = new_engine(o, { recipe = opened.recipe,
                              plan = setmetatable({ stages = before }, { __index = opened.plan }) })
    view = #before > 0 and run(o, e, o.root) or o.root
  end
  return { view = view, recipe = opened.recipe, plan = opened.plan, pool = o.session.pool, gold = o.gold,
           progress = o.session:progress() }
end

--- Runs all stages of the recipe that o.recipe holds.
-- @return  the new native view, the records, notes
function stage.run_recipe(o)
  local e = new_engine(o, o.recipe)
  local native = run(o, e, o.view)
  return native, e.stats, e.notes
end

return stage
