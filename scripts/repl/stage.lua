--- stage: runs one stage, or a recipe's, on a view in memory, by the engine that `tamis run` has.

local core = require "core"
local engine = require "run.engine"
local host = require "host"
local plan = require "plan"

local stage = {}

local SEED = 42

-- Functions that the user typed belong to this state: what a recipe does for the engine, done here.
local typed = {
  row_op = function(_, fn, o) return host.row_function(fn, { kind = o.kind, stage = o.stage }) end,
  check_row_op = function() return true end,
  call = function(_, fn, ...) return pcall(fn, ...) end,
}

local function short(message) return (message:gsub("^repl:0: ", "")) end

--- A stage and its parameters, checked against its own table.
-- @param params  a table; a function for filter and map; nil for the defaults
function stage.entry(name, params)
  if type(params) == "function" then params = { fn = params } end
  if params ~= nil and type(params) ~= "table" then
    error(("%s takes its parameters in braces: c:%s{ … }"):format(name, name), 0)
  end
  local ok, result = pcall(plan.insert, { stages = {} }, 1, name, params or {}, "repl")
  if ok then return result end
  if type(result) == "table" and result.recipe then error(short(result.recipe), 0) end
  error(result, 0)
end

local function run(o, opened, options)
  local session = o.session
  local e = engine.new(opened, { pool = session.pool, gold = o.gold, progress = session:progress() })
  local ok, err = e:prepare()
  if not ok then error(short(err), 0) end
  local native
  native, err = e:run(o.view)
  session:progress_done()
  if not native then error(core.interrupted() and "interrupted" or short(err), 0) end
  return native, e, options
end

-- A name that no stage of the history has.
local function unused(history, name)
  local taken, n = {}, 2
  for _, h in ipairs(history) do taken[h.name] = true end
  if not taken[name] then return name end
  while taken[name .. "_" .. n] do n = n + 1 end
  return name .. "_" .. n
end

--- Runs one stage.
-- @return  the new native view, its record { name, seen, removed, seconds, entry }, notes
function stage.run(o, entry)
  entry.name = unused(o.history, entry.name)
  local native, e = run(o, { recipe = typed, plan = { stages = { entry }, seed = SEED } })
  return native, e.stats[1], e.notes
end

--- Runs all stages of the recipe that o.recipe holds.
-- @return  the new native view, the records, notes
function stage.run_recipe(o)
  local native, e = run(o, o.recipe)
  return native, e.stats, e.notes
end

return stage
