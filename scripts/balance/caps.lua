--- caps: at most so many rows of each group. Rows of no group are left alone, unless a table of caps names them.

local cells = require "balance.cells"
local named = require "balance.named"
local screen = require "report.screen"

local caps = {}

caps.WORDS = "a number of rows, at least 0, or false for all"
local MUCH = 0.3   -- above this share of what stays, rows of no group are worth a note

local function is_cap(cap) return type(cap) == "number" and cap >= 0 end

--- What is wrong with the parameter; nil if nothing is.
function caps.fault(max, nkeys)
  if type(max) == "number" and not is_cap(max) then return ("max is %s: expected 0 or more"):format(max) end
  if not cells.is_table(max) then return nil end
  if next(max) == nil then return 'max is an empty table: expected caps by group, ["*"] for the others' end
  return cells.fault(max, nkeys, "max", function(v) return not (v == false or is_cap(v)) and caps.WORDS or nil end)
end

--- How many rows of each cell stay.
-- @return  { bins, most, reason }, most false where all stay; or nil and a message
function caps.quota(list, p, ctx)
  local q = { bins = {}, most = {}, reason = "over_cap" }
  for i, cell in ipairs(list) do
    local cap = cells.ask(p.max, cell, ctx)
    if cap and not is_cap(cap) then
      return nil, ("max of %s \"%s\": expected a number of rows, got %s"):format(cells.label(p.by), cell.name,
        tostring(cap))
    end
    q.bins[i], q.most[i] = i, cap or false
  end
  return q
end

--- What a person should know: that no row has the keys, or that rows without them are most of the rest.
-- @param list  the cells, with `after`, the rows that stay
-- @param caps_of  the cap of each, false for none
function caps.notes(view, list, caps_of, p, ctx)
  local most, left, unknown, known = 0, 0, 0, false
  for i, cell in ipairs(list) do
    left = left + cell.after
    known = known or cell.known or caps_of[i]
    if cell.known then most = math.max(most, cell.after)
    elseif not caps_of[i] then unknown = unknown + cell.after end
  end
  local by = cells.label(p.by)
  if #list > 0 and not known then
    return { ("%s: %s"):format(ctx.name, named.keyless(view, p.by, nil, ctx, "; none was capped")) }
  end
  if unknown <= MUCH * left then return {} end
  local cap = type(p.max) == "number" and p.max or most
  return { ("%s: %s of the %s that stay have no %s and are not capped; max = { unknown = %d, [\"*\"] = %d }"
    .. " caps them too"):format(ctx.name, screen.number(unknown), screen.count(left, "row"), by, cap, cap) }
end

return caps
