--- untried: stages of a check that cannot be tried, for a provider was not asked for the vectors that they rest on (a
-- check spends nothing). Rows pass them, and a note says so: what they would say of few or no vectors is made up.

local sources = require "embed.sources"

local untried = {}

-- Stages that do nothing without vectors, and when: function(p). distribution is none: it tells what production costs.
local RESTS = {
  semantic_dedup = function() return true end,
  select = function() return true end,
  outliers = function() return true end,
  diversity = function() return true end,
  balance = function(p) return p.keep == "diverse" end,
  near_dedup = function(p) return p.verify == "cosine" end,
  topics = function(p) return p.clusters ~= nil or p.model ~= nil end,
}

-- Where no larger share of the rows lacks a vector, what stages say is near enough (texts that a server refuses are in
-- no cache, however often a run asks).
local FEW = 0.1

local function unasked(figures)
  local e = figures and figures.estimate
  return e and e.embeds and e.rows + e.twins > FEW * e.reach
end

-- An untried stage that was to set the annotation by which this one chooses.
local function setter(entry, before, skipped)
  if entry.stage ~= "balance" then return nil end
  local by = type(entry.params.by) == "table" and entry.params.by or { entry.params.by }
  for _, e in ipairs(before) do
    for _, key in ipairs(by) do
      if skipped[e.name] and e.params.annotation == key then return e.name end
    end
  end
end

--- Why a stage cannot be tried; nil: it can.
-- @param before   the stages before it
-- @param infos    figures of those that ran, by name
-- @param skipped  why stages were not tried, by name
function untried.why(entry, before, infos, skipped)
  local rests = not entry.def.own and RESTS[entry.stage]
  if not rests then return nil end
  local embed = rests(entry.params) and sources.among(entry.params, before)
  if embed and unasked(infos[embed.name]) then
    local why = "not tried: the vectors of %s are not there, only tamis run asks for them; all rows pass"
    return why:format(embed.name)
  end
  local name = setter(entry, before, skipped)
  if not name then return nil end
  return ("not tried: it goes by what %s sets, which was not tried; all rows pass"):format(name)
end

--- A sentence for all stages that were not tried for the same reason.
-- @param stages   entries of the plan, in order
-- @param skipped  why, by name
function untried.notes(stages, skipped)
  local names, order, out = {}, {}, {}
  for _, entry in ipairs(stages) do
    local why = skipped[entry.name]
    if why and not names[why] then names[why], order[#order + 1] = {}, why end
    if why then table.insert(names[why], entry.name) end
  end
  for i, why in ipairs(order) do out[i] = ("%s: %s"):format(table.concat(names[why], ", "), why) end
  return out
end

return untried
