--- balance: at most so many rows of each group, a topic say.
-- Which rows stay is a matter of the recipe's seed and each row's bytes, so the same rows stay on
-- every machine; rows of trusted sources stay first. Rows of no group (`unknown`) are left alone,
-- unless a table of caps names them.

local host = require "host"
local keys = require "run.keys"
local screen = require "report.screen"
local select = require "select"

local UNKNOWN = "unknown"
local MUCH = 0.3   -- above this share of what stays, rows of no group are worth a note

local function is_function(v) return type(v) == "function" or host.is_function(v) end

local function is_cap(cap) return type(cap) == "number" and cap >= 0 end

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
  if not is_cap(cap) then
    return nil, ("max of %s \"%s\": expected a number of rows, got %s"):format(p.by, tostring(group), tostring(cap))
  end
  return cap
end

--- What a person should know: that no row has the key, or that rows without it are most of the rest.
local function notes_of(view, groups, caps, p, ctx)
  local most, left, unknown = 0, 0, 0
  for i = 1, #groups do
    local group, count = groups:at(i)
    local stay = caps[i] and math.min(caps[i], count) or count
    left = left + stay
    if group == nil then unknown = caps[i] and 0 or count else most = math.max(most, stay) end
  end
  if #view > 0 and #groups == 1 and groups:at(1) == nil and not caps[1] then
    local setter = ctx.set_behind and ctx.set_behind(p.by)
    return { ("%s: no row has a %s, by annotation, path or attribute; none was capped%s"):format(ctx.name, p.by,
      setter and ("; the stage %s, which sets it, stands behind"):format(setter) or keys.hint(view, p.by)) }
  end
  if unknown <= MUCH * left then return {} end
  local cap = type(p.max) == "number" and p.max or most
  return { ("%s: %s of the %s that stay have no %s and are not capped; max = { unknown = %d, [\"*\"] = %d }"
    .. " caps them too"):format(ctx.name, screen.number(unknown), screen.count(left, "row"), p.by, cap, cap) }
end

return {
  name    = "balance",
  scope   = "corpus",
  doc     = "keep at most so many rows of each group, chosen by the recipe's seed",
  params  = {
    max = { type = { "number", "table", "function" }, required = true,
            of = { type = { "number", "boolean" }, min = 0, words = "a number of rows, at least 0, or false for all" },
            words = 'a number of rows, at least 0; a table by group, such as { billing = 500, ["*"] = 200 };'
                    .. ' or function(group, count)',
            doc = "most rows of a group: a number; a table by group, [\"*\"] for the other groups; or"
                  .. " function(group, count). Rows of no group all stay, unless a table names them:"
                  .. " { unknown = 200, [\"*\"] = 500 }" },
    by  = { type = "string", default = "topic",
            doc = "annotation, path of the row or attribute of its source that tells the group" },
  },
  example = [[s.balance { by = "topic", max = 500 }]],
  reasons = { "over_cap" },
  metrics = {},

  check = function(p)
    if type(p.max) == "number" and not is_cap(p.max) then return ("max is %s: expected 0 or more"):format(p.max) end
    if type(p.max) ~= "table" or is_function(p.max) then return end
    if next(p.max) == nil then return 'max is an empty table: expected caps by group, ["*"] for the others' end
  end,

  run = function(view, p, ctx)
    local groups, err = select.groups(view, p.by, ctx.pool)
    if not groups then return nil, err end
    local caps = {}
    for i = 1, #groups do
      local group, count = groups:at(i)
      caps[i], err = cap_of(p, ctx, group, count)
      if caps[i] == nil then return nil, err end
    end
    return groups:cap(caps, ctx.seed, "over_cap"), { notes = notes_of(view, groups, caps, p, ctx) }
  end,
}
