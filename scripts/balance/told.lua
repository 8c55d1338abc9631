--- told: what a balance stage says of what it did: groups before and after, divergence, deficits, weights.

local cells = require "balance.cells"
local divergence = require "balance.divergence"
local json = require "json"
local named = require "balance.named"
local screen = require "report.screen"

local told = {}

told.MODERATE = 10   -- times: the largest group over the smallest, below which letting it stand is usually right
told.GROUPS = 200    -- groups in the record
told.NAMED = 5       -- deficits in a sentence

local DIRECTION = { ["even shares"] = "even", ["the target"] = "target" }

local number = screen.number

local function finite(x) return x and x < math.huge and x or nil end

local function times(x) return number(x, x < 100 and 1 or 0) end

--- The divergences of a wanted distribution from a given one.
local function apart(want, have)
  local kl = divergence.kl(want, have)   -- bits that rows as they are waste on each of those wanted
  return { js = divergence.js(want, have), kl = finite(kl), infinite = kl == math.huge or nil }
end

--- What the rows of a stage are held against: even shares of the groups that have rows, or the target's.
-- @param list  the cells, with `after` (rows that stay) and, where there are weights, `weight`
-- @param bins  those of a target; nil: none
-- @return      names, wanted shares, rows before, rows (or weights) after; a list each
local function distributions(list, bins, of)
  local names, want, before, after = {}, {}, {}, {}
  if bins then
    for i, bin in ipairs(bins) do names[i], want[i], before[i], after[i] = bin.name, bin.share, bin.count, 0 end
    for i, cell in ipairs(list) do after[of[i]] = after[of[i]] + cell.after * (cell.weight or 1) end
    return names, want, before, after
  end
  for _, cell in ipairs(list) do
    if cell.known and cell.count > 0 then
      local k = #names + 1
      names[k], want[k], before[k], after[k] = cell.name, 1, cell.count, cell.after * (cell.weight or 1)
    end
  end
  return names, want, before, after
end

local function bits(d) return d.infinite and "infinite" or d.kl and ("%.3f"):format(d.kl) or "-" end

local function divergence_line(f)
  local a, b = f.divergence.before, f.divergence.after
  local to = DIRECTION[f.divergence.from] or "production"
  local kl = (" KL(%s || rows) %s before, %s after"):format(to, bits(a), bits(b))
  if not a.js and a.kl then
    return ("divergence from %s, in bits:%s"):format(f.divergence.from, kl)
  end
  if not a.js or not b.js or f.ngroups < 2 then return nil end
  local line = ("divergence from %s, in bits: Jensen-Shannon %.3f before, %.3f after;%s"):format(f.divergence.from,
    a.js, b.js, kl)
  return f.weights and line .. " (rows by their weights)" or line
end

--- The cells as they go on record: the largest first, ties by order.
local function groups_of(list)
  local order, out = {}, json.array {}
  for i, cell in ipairs(list) do order[i] = { i = i, cell = cell } end
  table.sort(order, function(a, b)
    if a.cell.count ~= b.cell.count then return a.cell.count > b.cell.count end
    return a.i < b.i
  end)
  for k = 1, math.min(told.GROUPS, #order) do
    local c = order[k].cell
    out[k] = { name = c.name, before = c.count, after = c.after, weight = c.weight }
  end
  return out
end

--- Groups that have fewer rows than they should, the one that is most short first.
function told.deficits(items)
  local out = json.array {}
  for i, x in ipairs(items) do
    local rows = x.after or x.count
    if x.wanted and x.wanted > rows then
      out[#out + 1] = { name = x.name, rows = rows, wanted = x.wanted, short = x.wanted - rows, at = i }
    end
  end
  table.sort(out, function(a, b)
    if a.short ~= b.short then return a.short > b.short end
    return a.at < b.at
  end)
  for _, d in ipairs(out) do d.at = nil end
  return out
end

--- The cells, and the groups that `min` names and no row has.
local function wanted_of(list, p)
  local out = table.move(list, 1, #list, 1, {})
  for _, m in ipairs(named.missing(p.min, list, #cells.keys(p.by))) do
    if not m.near and not cells.is_table(m.leaf) then
      out[#out + 1] = { name = m.place, count = 0, wanted = m.leaf }
    end
  end
  return out
end

local function deficit_note(f, why, ctx)
  local list, parts = f.deficits, {}
  if not list or #list == 0 then return nil end
  for i = 1, math.min(told.NAMED, #list) do
    parts[i] = ("%s %s (has %s)"):format(list[i].name, number(list[i].short), number(list[i].rows))
  end
  if #list > told.NAMED then parts[#parts + 1] = ("and %d more"):format(#list - told.NAMED) end
  return ("%s: %s, rows are missing: %s"):format(ctx.name, why, table.concat(parts, ", "))
end

--- How many times the largest known group is the smallest.
local function imbalances(list)
  local before, after = {}, {}
  for _, cell in ipairs(list) do
    if cell.known then before[#before + 1], after[#after + 1] = cell.count, cell.after * (cell.weight or 1) end
  end
  return divergence.imbalance(before), divergence.imbalance(after)
end

local function now(f, list, w)
  if f.imbalance_after then return ("%s times%s"):format(times(f.imbalance_after), w and " by weight" or "") end
  for _, cell in ipairs(list) do
    if cell.known and cell.after > 0 then return ("all of a group are of %s"):format(cell.name) end
  end
  return "no row of a group is left"
end

--- @param list  the cells, with `after` and `weight`
-- @param t     of a target { bins, of, quotas, from = "the target", why = what deficits are told for }; of importance
--   { from, kl = { before, after } }; {}: neither
-- @param w     what weights.of says; nil: no weights
-- @return  the figures, and notes
function told.of(list, t, w, p, ctx)
  local f = { by = cells.label(p.by), groups = groups_of(list), ngroups = #list, weights = w }
  f.imbalance_before, f.imbalance_after = imbalances(list)
  local _, want, before, after = distributions(list, t.bins, t.of)
  f.divergence = { from = t.from or "even shares",
                   before = t.kl and { kl = t.kl.before } or apart(want, before),
                   after = t.kl and { kl = t.kl.after } or apart(want, after) }
  f.sample = t.sample
  f.deficits = told.deficits(t.bins or wanted_of(list, p))
  if t.quotas then
    f.n, f.limited_by, f.n_without = t.quotas.n, t.quotas.limit and t.quotas.limit.name, t.quotas.next
  end
  local notes = { deficit_note(f, t.why or "at least so many are wanted", ctx) }
  local removed = 0
  for _, cell in ipairs(list) do removed = removed + cell.count - cell.after end
  local evens = not t.bins and not t.kl and (removed > 0 or p.weights == "inverse")
  if evens and f.imbalance_before and f.imbalance_before < told.MODERATE then
    notes[#notes + 1] = ("%s: the largest group by %s is %s times the smallest; under %d times, letting it stand is "
      .. "usually right"):format(ctx.name, f.by, times(f.imbalance_before), told.MODERATE)
  end
  f.told = json.array { divergence_line(f) }
  if f.imbalance_before and not t.bins and not t.kl then
    table.insert(f.told, 1, ("by %s, the largest of %s was %s times the smallest, now %s"):format(f.by,
      screen.count(#list, "group"), times(f.imbalance_before), now(f, list, w)))
  end
  if t.quotas then
    local q = t.quotas
    local more = q.next and ("; with n = %d it alone is short"):format(q.next) or ""
    table.insert(f.told, 1, q.limit and ("%s meet %s; %s (%s) allows no more%s"):format(screen.count(q.n, "row"),
      t.from, q.limit.name, screen.count(q.limit.count, "row"), more) or ("%s kept of %s asked for"):format(number(q.n),
      screen.count(q.all, "row")))
  end
  if w then
    local lowered = ", %s lowered to %g times the smallest (max_ratio)"
    f.told[#f.told + 1] = ("weights from %.3g to %.3g, mean 1%s"):format(w.min, w.max, w.lowered > 0
      and lowered:format(screen.count(w.lowered, "group"), p.max_ratio) or "")
  end
  return f, notes
end

return told
