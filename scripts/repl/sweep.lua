--- sweep: what a stage would keep at each value of a parameter, of a view's rows: by sweep/sweep.lua, as
-- `tamis sweep` does. A stage that the view has been through is tried on the rows that reached it.

local axis = require "sweep.axis"
local core = require "core"
local draw = require "sweep.show"
local plan = require "plan"
local show = require "repl.show"
local stage = require "repl.stage"
local sweep = require "sweep.sweep"

local MARGIN = 2
local USAGE = 'sweep takes a stage, a parameter and values: c:sweep("near_dedup", "threshold", { .7, .8, .9 }), '
  .. 'or c:sweep "near_dedup.threshold=0.6:0.95:0.05"'

local function fail(message) error(message, 0) end

local function label(v)
  if type(v) == "table" then
    local parts = {}
    for i, x in ipairs(v) do parts[i] = label(x) end
    return table.concat(parts, "+")
  end
  if type(v) == "number" then return ("%.14g"):format(v) end
  return tostring(v)
end

-- { .7, .8 } and "0.7:0.9:0.1" as the command line writes them.
local function values_text(values)
  if type(values) == "string" then return values end
  if type(values) == "number" then return label(values) end
  if type(values) ~= "table" or #values == 0 then fail(USAGE) end
  local parts = {}
  for i, v in ipairs(values) do parts[i] = label(v) end
  return table.concat(parts, ",")
end

local function asked(name, param, values)
  if type(name) ~= "string" then fail(USAGE) end
  local text = param == nil and name or nil
  if not text then
    if type(param) ~= "string" then fail(USAGE) end
    text = ("%s.%s=%s"):format(name, param, values_text(values))
  end
  local a, err = axis.parse(text)
  return a or fail(err)
end

-- The stage of that name that the view has been through, and those before it.
local function past_entry(o, name)
  for i = #o.history, 1, -1 do
    local entry = o.history[i].entry
    if entry.name == name or entry.stage == name then
      local before = {}
      for k = 1, i - 1 do before[k] = o.history[k].entry end
      return entry, before
    end
  end
end

--- @param o       what a view of the REPL holds
-- @param name    of a stage; or all in one text
-- @param others  other parameters of a stage that the view has not been through
return function(o, name, param, values, others)
  local a = asked(name, param, values)
  local entry, before = past_entry(o, a.stage)
  if entry and others then fail(("%s has run with parameters of its own: sweep it without others"):format(a.stage)) end
  if not entry and not plan.stage(a.stage) then
    fail(('there is no stage "%s"%s'):format(a.stage, plan.hint(a.stage, plan.stage_names())))
  end
  entry = entry or stage.entry(a.stage, others, o.history)
  local resolved, err = axis.resolve(a, { entry })
  if not resolved then fail(err) end
  local site = stage.site(o, before)
  local one
  o.session:step("sweep of " .. resolved.name)
  one, err = sweep.one(site, resolved, MARGIN)
  o.session:progress_done()
  if not one then fail(core.interrupted() and "interrupted" or err) end
  local result = { axes = { sweep.described(resolved) } }
  for k, x in pairs(one) do result[k] = x end
  return show.drawing(draw.data(result), function(s, out) draw.terminal(result, s, out) end, "sweep")
end
