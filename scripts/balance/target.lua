--- target: so many rows of each group that their shares are those asked for, without copying a row.
-- A share takes n times itself, rounded by largest remainders (Hamilton), so that none is a row off. The largest n is
-- that at which the scarcest group gives all its rows.

local cells = require "balance.cells"
local named = require "balance.named"

local target = {}

local NONE = "target: shares of groups that add up to 1, such as { billing = 0.3, login = 0.5, [\"*\"] = 0.2 }"
local TOLERANCE = 1e-6   -- shares are decimal fractions, which doubles only come near

-- ---- bins: groups that share one quota ----

local function leaves(t, path, out)
  local keys = {}
  for k in pairs(t) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do
    local place = path == "" and tostring(k) or path .. ", " .. tostring(k)
    if cells.is_table(t[k]) then leaves(t[k], place, out)
    else out[#out + 1] = { name = place, share = t[k], count = 0 } end
  end
  return out
end

--- What is wrong with the table; nil if nothing is.
function target.fault(t, nkeys)
  if next(t) == nil then return NONE .. ", and here is none" end
  local fault = cells.fault(t, nkeys, "target", function(v)
    return not (type(v) == "number" and v >= 0 and v <= 1) and "a share from 0 to 1" or nil
  end)
  if fault then return fault end
  local sum = 0
  for _, leaf in ipairs(leaves(t, "", {})) do sum = sum + leaf.share end
  if math.abs(sum - 1) > TOLERANCE then return ("%s; these add up to %.12g"):format(NONE, sum) end
end

--- The bins of a table of shares: one a leaf; groups that it does not name fall into a last one, of share 0.
-- @return  list of { name, share, count }, the bin of each cell
function target.bins(list, t)
  local bins, of, at = leaves(t, "", {}), {}, {}
  for i, bin in ipairs(bins) do at[bin.name] = i end
  bins[#bins + 1] = { name = "all others", share = 0, count = 0, others = true }
  for i, cell in ipairs(list) do
    local _, place = cells.look(t, cell)
    of[i] = place and at[place] or #bins
    bins[of[i]].count = bins[of[i]].count + cell.count
  end
  return bins, of
end

--- What is wrong with the names of a table of shares: a share that no row can have cannot be met.
-- @param n  rows asked for in all: then a group without rows is one that is short of them
-- @return   a sentence; nil: nothing
function target.misnamed(list, t, p)
  local wrong = {}
  for _, m in ipairs(named.missing(t, list, #cells.keys(p.by))) do
    if (cells.is_table(m.leaf) or m.leaf > 0) and (m.near or not p.n) then wrong[#wrong + 1] = m end
  end
  if #wrong == 0 then return nil end
  return ("target names what no row has as its %s: %s%s"):format(cells.label(p.by), named.said(wrong),
    p.n and "" or "; with n, the rows to keep, groups may be short of rows")
end

-- ---- quotas ----

-- Rows of no group (`loose`) get the share that they have in the sample as far as they go, and limit nobody.
local function bound(bin) return bin.count > 0 and not bin.loose end

--- The largest n at which every share has its rows, and the bin that limits it; bins without rows are left out.
-- @param but  a bin that need not have them
-- @return  n, the bin, the sum of the shares that take part
local function largest(bins, but)
  local share = 0
  for _, bin in ipairs(bins) do
    if bound(bin) then share = share + bin.share end
  end
  local n, limit = nil, nil
  for _, bin in ipairs(bins) do
    if bound(bin) and bin.share > 0 and bin ~= but then
      local most = bin.count * share / bin.share
      if n == nil or most < n then n, limit = most, bin end
    end
  end
  return n and math.floor(n * (1 + 1e-12)) or 0, limit, share
end

--- n in whole rows by the shares, which add up to `all`.
local function rounded(bins, n, all, takes_part)
  local order, left = {}, n
  for i, bin in ipairs(bins) do
    local exact = takes_part(bin) and all > 0 and n * bin.share / all or 0
    bin.quota = math.floor(exact + 1e-9)
    order[i], left = { i = i, rest = exact - bin.quota }, left - bin.quota
  end
  table.sort(order, function(a, b)
    if a.rest ~= b.rest then return a.rest > b.rest end
    return a.i < b.i
  end)
  for k = 1, math.min(left, #order) do
    local bin = bins[order[k].i]
    if order[k].rest > 1e-9 then bin.quota = bin.quota + 1 end
  end
end

--- Into each bin: `quota`, the rows that stay; `wanted`, what it would have to have.
-- @param n    rows in all; nil: as many as meet the shares
-- @param all  rows that stand
-- @return     { n, limit = the bin that allows no more, next = the n at which no other is short, all = rows that
--   `wanted` is told for }
function target.quotas(bins, n, all)
  local most, limit, share = largest(bins)
  local total = 0
  for _, bin in ipairs(bins) do total = total + bin.share end
  rounded(bins, n or all, total, function() return true end)
  for _, bin in ipairs(bins) do
    bin.wanted = not bin.loose and bin.quota or nil
  end
  if not n then rounded(bins, most, share, bound) end
  local kept = 0
  for _, bin in ipairs(bins) do
    if bin.loose and not n then bin.quota = share > 0 and math.floor(most * bin.share / share + 0.5) or 0 end
    bin.quota = math.min(bin.quota, bin.count)
    kept = kept + bin.quota
  end
  local after = limit and largest(bins, limit) or 0
  return { n = kept, limit = not n and limit or nil, next = not n and after > most and after or nil, all = n or all }
end

--- The quota of a stage, of bins that have theirs.
function target.quota(bins, of)
  local q = { bins = of, most = {}, reason = "over_target" }
  for i, bin in ipairs(bins) do q.most[i] = bin.quota end
  return q
end

return target
