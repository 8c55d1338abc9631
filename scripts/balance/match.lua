--- match: the shares of groups in a sample of production queries, by the keys that the rows are grouped by. An
-- annotation that an earlier stage sets (a topic) is set on the sample by the same stage.

local cells = require "balance.cells"
local named = require "balance.named"

local match = {}

--- The earlier stages that set one of the keys.
local function setters(by, ctx)
  local out, wanted = {}, {}
  for _, key in ipairs(cells.keys(by)) do wanted[key] = true end
  for _, e in ipairs(ctx.before()) do
    if wanted[e.params.annotation or false] then out[#out + 1] = e end
  end
  return out
end

--- The rows of another file with the annotations of those stages.
-- @return  a view; or nil and a message
local function annotated(view, by, ctx)
  for _, e in ipairs(setters(by, ctx)) do
    local child, err
    local kept = ctx.kept(e)
    if ctx.skipped(e) then child = view
    elseif kept then child, err = e.def.again(view, e.params, ctx, kept)
    elseif e.def.scope == "row" and not (e.def.over and e.def.over(e.params)) then
      local op
      op, err = ctx.operator(e)
      if not op then return nil, err end
      child, err = view:run_group { ops = { op }, stages = { e.name }, pool = ctx.pool }
    else
      err = ("%s cannot set its %s on the rows of another file"):format(e.name, e.params.annotation)
    end
    if not child then return nil, err end
    view = child
  end
  return view
end

match.annotated = annotated

--- A text that two cells share if their values are the same.
local function same(cell)
  local out = {}
  for k = 1, cell.n do
    local v = cell.values[k]
    out[k] = v == nil and "" or ("%s %d %s"):format(math.type(v) or type(v), #tostring(v), tostring(v))
  end
  return table.concat(out, "\0")
end

match.same = same

--- The bins of the rows' cells by the sample's shares: a bin a cell of either.
-- @return  list of { name, share, count, sample }, the bin of each cell, { rows, unknown } of the sample; or nil and a
--   message
function match.bins(list, p, ctx)
  local sample, err = ctx.beside(p.match)
  if not sample then return nil, err end
  local tagged
  tagged, err = annotated(sample, p.by, ctx)
  if not tagged then return nil, err end
  if tagged:counts() == 0 then return nil, ("%s holds no row that can be read"):format(sample:sources()[1].path) end
  local groups, theirs = cells.make(tagged, p.by, ctx.pool)
  if not groups then return nil, theirs end
  if not named.known(theirs) then return nil, named.keyless(tagged, p.by, sample:sources()[1].path, ctx) end
  local bins, of, at, rows, unknown = {}, {}, {}, (tagged:counts()), 0
  for i, cell in ipairs(list) do
    bins[i] = { name = cell.name, share = 0, count = cell.count, sample = 0, loose = not cell.known or nil }
    of[i], at[same(cell)] = i, bins[i]
  end
  for _, cell in ipairs(theirs) do
    local bin = at[same(cell)]
    if not bin then
      bin = { name = cell.name, count = 0, loose = not cell.known or nil }
      bins[#bins + 1] = bin
    end
    bin.share, bin.sample = cell.count / rows, cell.count
    if not cell.known then unknown = unknown + cell.count end
  end
  return bins, of, { rows = rows, unknown = unknown, sha256 = sample:sources()[1].sha256 }
end

return match
