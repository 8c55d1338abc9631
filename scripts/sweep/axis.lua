--- axis: the values of one parameter that a sweep tries.
--   length.min_input_tokens=3:20:1     from A to B by STEP: value i is A + i * STEP, rounded to its decimals
--   pii.action=reject,redact,tag       one after another; of a parameter that is a list, "en+de" is two at once

local limits = require "report.limits"
local plan = require "plan"

local axis = {}

axis.MOST = 200   -- values of one axis

--- Is the argument an axis, not a file's name?
function axis.is(text) return text:find "^[%w_][%w_.-]*%.[%w_]+=." ~= nil end

--- The parts of an argument.
-- @return  { stage, param, text, name }; or nil and a sentence
function axis.parse(text)
  local stage, param, values = text:match "^(.-)%.([%w_]+)=(.*)$"
  if not stage or values == "" then
    return nil, ("%s names no values: expected stage.param=A:B:STEP or stage.param=a,b,c"):format(text)
  end
  return { stage = stage, param = param, text = values, name = stage .. "." .. param }
end

local function types_of(spec) return type(spec.type) == "table" and spec.type or { spec.type or "any" } end

local function takes(spec, kind)
  for _, t in ipairs(types_of(spec)) do
    if t == kind then return true end
  end
end

--- Digits behind the point of a number as it was typed.
local function decimals(text)
  local fraction, exponent = text:match "^[^.eE]*%.?(%d*)[eE]?([+-]?%d*)$"
  return math.max(0, #(fraction or "") - (tonumber(exponent) or 0))
end

local BAD_RANGE = "%s=%s: expected A:B:STEP, three numbers with A below B and STEP above 0, such as 0.6:0.95:0.05"

--- The values of A:B:STEP.
local function range(a, first, last, step)
  local low, high, by = tonumber(first), tonumber(last), tonumber(step)
  if not (low and high and by) or by <= 0 or high < low then return nil, BAD_RANGE:format(a.name, a.text) end
  local steps = math.floor((high - low) / by + 1e-9)
  if steps >= axis.MOST then
    return nil, ("%s=%s is %s values: at most %d"):format(a.name, a.text, tostring(steps + 1), axis.MOST)
  end
  local format, out = "%." .. math.max(decimals(step), decimals(first)) .. "f", {}
  for i = 0, steps do
    local text = format:format(low + i * by)
    out[#out + 1] = { value = math.tointeger(tonumber(text)) or tonumber(text), label = text }
  end
  return out
end

--- One value as it was typed, read as what the parameter may be.
local function typed(text, spec)
  if text == "true" or text == "false" then
    if takes(spec, "boolean") then return text == "true" end
  elseif tonumber(text) and (takes(spec, "number") or takes(spec, "integer")) then
    return math.tointeger(tonumber(text)) or tonumber(text)
  end
  if not takes(spec, "list") then return text end
  local list = {}
  for word in text:gmatch "[^+]+" do list[#list + 1] = word end
  return list
end

local function listed(a, spec)
  local out, seen = {}, {}
  for text in (a.text .. ","):gmatch "%s*(.-)%s*," do
    if text ~= "" and not seen[text] then
      seen[text] = true
      out[#out + 1] = { value = typed(text, spec), label = text }
    end
  end
  if #out == 0 then return nil, ("%s= names no value"):format(a.name) end
  if #out > axis.MOST then return nil, ("%s: %d values, at most %d"):format(a.name, #out, axis.MOST) end
  return out
end

--- The stage that an axis means.
local function entry_of(a, stages)
  local found, names = nil, {}
  for _, e in ipairs(stages) do
    names[#names + 1] = e.name
    if e.name == a.stage then return e end
    if e.stage == a.stage then found = found or e end
  end
  if found then return found end
  return nil, ('%s: there is no stage "%s"%s (there are %s)'):format(a.name, a.stage, plan.hint(a.stage, names),
    table.concat(names, ", "))
end

local function spec_of(a, entry)
  local params = entry.def and entry.def.params or {}
  local spec = params[a.param]
  if spec then
    for _, kind in ipairs { "number", "integer", "boolean", "enum", "string", "list" } do
      if takes(spec, kind) then return spec end
    end
    return nil, ("%s is %s: a sweep tries numbers, texts, switches and lists of words"):format(a.name, plan.words(spec))
  end
  return nil, ("unknown parameter %s of %s%s (there are %s)"):format(a.param, a.stage,
    plan.hint(a.param, plan.sorted_keys(params)), table.concat(plan.sorted_keys(params), ", "))
end

--- An axis against the stages of a plan or a run.
-- @param stages  list of { stage, name, def, params }
-- @return  the axis with entry, spec, values = { { value, label } } and now; or nil and a sentence
function axis.resolve(a, stages)
  local entry, err = entry_of(a, stages)
  if not entry then return nil, err end
  local spec
  spec, err = spec_of(a, entry)
  if not spec then return nil, err end
  local values
  local first, last, step = a.text:match "^([^:,]+):([^:,]+):([^:,]+)$"
  local numeric = takes(spec, "number") or takes(spec, "integer")
  if first and numeric then values, err = range(a, first, last, step)
  elseif numeric and a.text:find ":" then return nil, BAD_RANGE:format(a.name, a.text)
  else values, err = listed(a, spec) end
  if not values then return nil, err end
  for _, v in ipairs(values) do
    v.value, err = plan.check(v.value, spec, entry.name .. "." .. a.param)
    if err then return nil, err end
  end
  return { stage = entry.name, param = a.param, name = entry.name .. "." .. a.param, entry = entry, spec = spec,
           values = values, now = limits.params(entry)[a.param] }
end

--- The bound of its stage that an axis moves, as the stage declares it; nil if it bounds no figure.
function axis.bound(a)
  for _, b in ipairs(a.entry.def.bounds or {}) do
    if b.param == a.param and not b.loose and limits.holds(b, a.entry.params) then return b end
  end
end

return axis
