--- advice: what a run should tell of itself first. Which stages removed much of what they saw,
-- with the value that would keep nine tenths where there is one; and the command to try it.

local limits = require "report.limits"
local marks = require "report.marks"
local plan = require "plan"
local screen = require "report.screen"
local stats = require "stats"

local advice = {}

local HEAVY = 0.3          -- a stage that removes more of what it saw heads the summary
local KEEP = 0.9           -- and is told what would keep this much
local FEW = 20             -- of fewer rows a share says nothing
local number, percent, count = screen.number, screen.percent, screen.count

-- ---- the parameter behind a reason ----

--- Does a figure fall on the wrong side of its bound?
local function fails(value, threshold, side)
  if side == "min" then return value < threshold end
  return value > threshold
end

local function side_of(param, evidence)
  if param:find "^min" then return "min" end
  if param:find "^max" then return "max" end
  return evidence.value < evidence.threshold and "min" or "max"
end

local function parameter(stat, evidence)
  local best
  for _, name in ipairs(plan.sorted_keys(stat.entry.params)) do
    if stat.entry.params[name] == evidence.threshold then
      if not evidence.field or name:find(evidence.field, 1, true) then return name end
      best = best or name
    end
  end
  return best
end

--- The parameter and metric that a reason's rows ran into.
-- @return  parameter, metric, "min" or "max"; nil if no threshold rejected the reason's example
local function behind(run, stat, reason)
  local evidence = run.view:row(reason.example).evidence or {}
  if type(evidence.threshold) ~= "number" or type(evidence.value) ~= "number" then return nil end
  local declared = limits.behind(stat.entry, reason.reason)
  if declared then return declared.param, stat.name .. "." .. declared.metric, declared.side end
  if marks.decided(stat.entry, { reason = reason.reason, evidence = evidence }) then return nil end
  local param = limits.blamed(stat.entry, reason.reason)
  if param == nil then param = parameter(stat, evidence) end
  local side = param and side_of(param, evidence)
  if not param or not side or not fails(evidence.value, evidence.threshold, side) then return nil end
  local metrics = stat.entry.def.metrics or {}
  for _, metric in ipairs(metrics) do
    if param:sub(-#metric) == metric or #metrics == 1 then return param, stat.name .. "." .. metric, side end
  end
  return param, nil, side
end

--- The value of a parameter that would have kept KEEP of what its stage saw. Only rows that this
-- bound alone rejected can be won back.
-- @return  nil if no value of this one parameter would
local function value_to_keep(run, stat, reason, metric, side)
  local alone = stats.rejected_by(run.view, metric, stat.name, reason.reason)
  if not alone then return nil end
  local winnable, others = alone:count(), stat.removed - alone:count()
  local spare = math.floor((1 - KEEP) * stat.seen + 1e-9) - others
  if winnable == 0 or spare < 0 then return nil end
  if spare >= winnable then return nil end
  return stats.threshold_to_keep(alone, (winnable - spare) / winnable, side, "all")
end

local function most_common(run, stage)
  for _, r in ipairs(run.view:reasons()) do
    if r.stage == stage then return r end
  end
end

local function of_them(n, all) return n == all and "all" or number(n) .. " of them" end

--- "length removed 41.2% of the 500 rows it saw; length.min_input_tokens is 20: 7 would keep 90%"
local function line_of(run, stat)
  local line = ("%s removed %s of the %s it saw"):format(stat.name, percent(stat.removed / stat.seen),
    count(stat.seen, "row"))
  if stat.stage == "export" then
    return ('%s: they do not fit format = "%s"'):format(line, tostring(stat.entry.params.format))
  end
  local reason = most_common(run, stat.name)
  local param, metric, side
  if reason then param, metric, side = behind(run, stat, reason) end
  if not param then
    if not reason or reason.reason == stat.name then return line end
    local rule = reason.reason == "excluded" and stat.stage == "judge" and ": " .. marks.rule(stat.entry) or ""
    return ("%s, %s for %s%s"):format(line, of_them(reason.count, stat.removed), reason.reason, rule)
  end
  local now = limits.params(stat.entry)[param]
  line = ("%s; %s.%s is %s"):format(line, stat.name, param, tostring(now))
  local value = metric and value_to_keep(run, stat, reason, metric, side)
  if not value then return line end
  if math.type(now) == "integer" then
    value = math.tointeger(side == "min" and math.floor(value) or math.ceil(value)) or value
  end
  local text = math.type(value) == "integer" and tostring(value) or ("%.4g"):format(value)
  if not fails(now, tonumber(text), side == "min" and "max" or "min") then return line end
  return ("%s: %s would keep %.0f%%"):format(line, text, 100 * KEEP), ("%s.%s=%s"):format(stat.name, param, text)
end

-- ---- lines that could not be read ----

local REMEDIES = {
  malformed = "mend these lines in the source",
  not_utf8 = "write the file as UTF-8 (iconv -f LATIN1 -t UTF-8, if that is what it is)",
  not_an_object = "each line must be one JSON object",
  missing_field = "name the fields that these rows have: fields = { input = \"…\", output = \"…\" } of the source",
  field_type = "the fields must hold text: name others by fields = { input = \"…\", output = \"…\" } of the source",
  duplicate_key = "write each key once",
  lone_surrogate = "mend these characters in the source",
  too_deep = "flatten these rows",
  too_long = "--max-line takes longer lines",
}

local function load_line(run, seen, removed)
  local reason = most_common(run, "load")
  local line = ("load removed %s of the %s it read"):format(percent(removed / seen), count(seen, "row"))
  if not reason then return line end
  return ("%s, %s as %s: %s"):format(line, of_them(reason.count, removed), reason.reason,
    REMEDIES[reason.reason] or "mend them in the source")
end

--- The stages that removed more than HEAVY of what they saw, load first.
-- @return  list of { line, stage, set = "length.min_input_tokens=7" | nil }
function advice.heavy(run)
  local out = {}
  local seen = #run.read
  local removed = seen - run.read:counts()
  if removed > HEAVY * seen then out[1] = { line = load_line(run, seen, removed), stage = "load" } end
  for _, stat in ipairs(run.engine.stats) do
    local some = stat.seen >= FEW or stat.stage == "export" and stat.seen > 0
    if some and stat.removed > HEAVY * stat.seen then
      local line, set = line_of(run, stat)
      out[#out + 1] = { line = line, set = set, stage = stat.name }
    end
  end
  return out
end

-- ---- commands to type ----

--- A word as a shell takes it.
function advice.word(text)
  text = tostring(text)
  if text:find "^[%w_@%%+=:,./~-]+$" and text:sub(1, 1) ~= "~" then return text end
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local DROPPED = { ["--replace"] = true, ["--json"] = true, ["--quiet"] = true }

--- The command of this run with one more parameter set: what was typed, but for the run's name and
-- an older value of that parameter.
function advice.command(typed, set)
  local out, i = { "tamis run" }, 1
  local param = set:match "^[^=]*="
  while i <= #typed do
    local a = typed[i]
    local older = a == "--set" and (typed[i + 1] or ""):sub(1, #param) == param
    if a == "--run-id" or older then i = i + 1
    elseif not DROPPED[a] and not a:find "^%-%-run%-id=" and a:sub(1, 6 + #param) ~= "--set=" .. param then
      out[#out + 1] = advice.word(a)
    end
    i = i + 1
  end
  out[#out + 1] = "--set " .. advice.word(set)
  return table.concat(out, " ")
end

return advice
