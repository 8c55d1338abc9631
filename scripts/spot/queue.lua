--- queue: which rows of a view a person is to look at: synthetic ones of a knowledge-heavy source, drawn from every
-- stratum by the recipe's seed and the rows' identities, so that the same rows are asked for again next month.

local select = require "select"
local strata = require "label.strata"
local verdicts = require "verdicts"

local queue = {}

local UNKNOWN = "unknown"
queue.UNKNOWN = UNKNOWN

--- A view of which only the rows stand whose value of a key is wanted.
-- @param wanted  function(value as text or nil)
local function narrowed(view, key, wanted, ctx)
  local groups, err = select.groups(view, key, ctx.pool)
  if not groups then return nil, err end
  local caps = {}
  for i = 1, #groups do
    local value = groups:at(i)
    caps[i] = not wanted(value ~= nil and tostring(value) or nil) and 0
  end
  return view:apply(ctx.name, groups:cap(caps, ctx.seed, "not_asked_for"))
end

--- The rows that stand and have an annotation of that name. Not by select.groups: to it a row's own key of that name
-- is a value, and the stratum "unknown" is none.
function queue.rows(view, name) return view:annotated(name) end

local OWN = { kind = true, generator = true, trusted = true }   -- what a source has beside its attributes

--- Does a source have that value under a key? As texts.
local function source_has(source, key, value)
  local v
  if OWN[key] then v = source[key] else v = source.attributes[key] end
  return v ~= nil and tostring(v) == value
end

--- A view of which only the rows stand whose source is wanted. What a row itself has under `kind` says nothing of
-- its source, so it is not asked.
-- @param wanted  function(source) -> true or false
local function of_sources(view, wanted, ctx)
  local list, at = verdicts.new({ "not_asked_for" }, "source"), 0
  local from, s = {}, 1
  for i, source in ipairs(view:sources()) do
    at = at + source.rows
    from[i] = { last = at, wanted = wanted(source) }   -- its rows follow those of the source before
  end
  for _, row in ipairs(view:standing_rows()) do
    while row > from[s].last do s = s + 1 end
    if not from[s].wanted then list:add(row, "not_asked_for") end
  end
  return view:apply(ctx.name, list)
end

--- The rows among which the queue is drawn.
local function candidates(view, p, ctx)
  local left, err = of_sources(view, function(source)
    return source_has(source, "kind", p.kind) and (p.topics ~= nil or source_has(source, p.knowledge, "true"))
  end, ctx)
  if not left or not p.topics then return left, err end
  local wanted = {}
  for _, topic in ipairs(p.topics) do wanted[topic] = true end
  return narrowed(left, p.by, function(value) return wanted[value or UNKNOWN] end, ctx)
end

--- Draws the queue.
-- @return  { rows = { { row, stratum }, … }, of = how many rows there are to draw from,
--            strata = { { name, rows, queued }, … } }
function queue.draw(view, p, ctx)
  local left, err = candidates(view, p, ctx)
  if not left then return nil, err end
  local out = { of = (left:counts()), rows = {}, strata = {} }
  if out.of == 0 then return out end
  local groups
  groups, err = select.groups(left, p.by, ctx.pool)
  if not groups then return nil, err end
  local sizes = {}
  for i = 1, #groups do
    local _, count = groups:at(i)
    sizes[i] = count
  end
  local quotas = strata.quotas(sizes, p.n)
  local drawn
  drawn, err = left:apply(ctx.name, groups:cap(quotas, ctx.seed, "not_drawn"))
  if not drawn then return nil, err end
  for i = 1, #groups do
    local value = groups:at(i)
    out.strata[i] = { name = value == nil and UNKNOWN or tostring(value), rows = sizes[i], queued = quotas[i] }
  end
  for _, row in ipairs(drawn:rows_of "standing") do
    local value = drawn:key(row, p.by)
    out.rows[#out.rows + 1] = { row = row, stratum = value == nil and UNKNOWN or tostring(value) }
  end
  return out
end

return queue
