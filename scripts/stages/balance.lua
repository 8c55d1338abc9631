--- balance: at most so many rows of each group, a topic say.
-- Which rows stay is a matter of the recipe's seed and each row's bytes, so the same rows stay on
-- every machine; rows of trusted sources stay first. Rows of no group (`unknown`) are left alone,
-- unless a table of caps names them.

local host = require "host"
local select = require "select"

local UNKNOWN = "unknown"

local function is_function(v) return type(v) == "function" or host.is_function(v) end

--- The cap of one group, or false for none; nil and a message for a bad one.
local function cap_of(p, ctx, group, count)
  local cap = p.max
  if type(cap) == "table" and not is_function(cap) then
    cap = cap[group == nil and UNKNOWN or group]
    if cap == nil and group ~= nil then cap = p.max["*"] end
  elseif group == nil then
    return false
  elseif type(cap) ~= "number" then
    cap = ctx.call(p.max, group, count)
  end
  if cap == nil or cap == false then return false end
  if type(cap) ~= "number" or cap ~= cap or cap < 0 then
    return nil, ("max of %s \"%s\": expected a number of rows, got %s"):format(p.by, tostring(group), tostring(cap))
  end
  return cap
end

return {
  name    = "balance",
  scope   = "corpus",
  doc     = "keep at most so many rows of each group, chosen by the recipe's seed",
  params  = {
    max = { type = { "number", "table", "function" }, required = true,
            doc = "most rows of a group: a number; a table by group, [\"*\"] for the others;"
                  .. " or function(group, count)" },
    by  = { type = "string", default = "topic",
            doc = "annotation, path of the row or attribute of its source that tells the group" },
  },
  example = [[s.balance { by = "topic", max = 500 }]],
  reasons = { "over_cap" },
  metrics = {},

  run = function(view, p, ctx)
    if type(p.max) == "number" and (p.max ~= p.max or p.max < 0) then
      return nil, ("max is %s: expected 0 or more"):format(p.max)
    end
    local groups, err = select.groups(view, p.by, ctx.pool)
    if not groups then return nil, err end
    local caps = {}
    for i = 1, #groups do
      local group, count = groups:at(i)
      caps[i], err = cap_of(p, ctx, group, count)
      if caps[i] == nil then return nil, err end
    end
    return groups:cap(caps, ctx.seed, "over_cap")
  end,
}
