--- named: groups that a table of the recipe names and that no row has, so that a slip of the pen does not pass for a
-- group without rows.

local cells = require "balance.cells"
local keys = require "run.keys"
local nearest = require "nearest"
local plan = require "plan"

local named = {}

named.SAID = 5             -- in a sentence
local SHORTEST = 3         -- letters of a name that can be a slip of another one
local MOST_NAMES = 10000   -- values that a name is held against

--- Has any row a value of all keys?
function named.known(list)
  for _, cell in ipairs(list) do
    if cell.known then return true end
  end
  return false
end

--- A sentence for a stage whose shares rest on a key that no row has.
-- @param view  the rows, or those of a sample, which `whose` names then
-- @param so    what comes of it; nil: nothing is said
function named.keyless(view, by, whose, ctx, so)
  local first = cells.keys(by)[1]
  local setter = not whose and ctx.set_behind and ctx.set_behind(first)
  local why = setter and ("; the stage %s, which sets it, stands behind"):format(setter) or keys.hint(view, first)
  return ("no row%s has a %s, by annotation, path or attribute%s%s"):format(whose and " of " .. whose or "",
    cells.label(by), so or "", why)
end

--- The values that rows have by the k-th key: a set, and those that are text as a list.
local function values_of(list, k)
  local set, texts = {}, {}
  for _, cell in ipairs(list) do
    local v = cell.values[k]
    if v ~= nil and not set[v] then
      set[v] = true
      if type(v) == "string" then texts[#texts + 1] = v end
    end
  end
  table.sort(texts)
  return set, texts
end

local function without_digits(s) return (s:gsub("%d", "")) end

--- The right name of a misspelt one: one that the table does not name itself, and that is not another number of the
-- same (2024-06, topic 7).
local function near(name, t, texts)
  if type(name) ~= "string" or #name < SHORTEST or #texts > MOST_NAMES then return nil end
  local left = {}
  for _, text in ipairs(texts) do
    if t[text] == nil and #text >= SHORTEST and without_digits(text) ~= without_digits(name) then
      left[#left + 1] = text
    end
  end
  return nearest(name, left)
end

local function walk(t, k, path, level, out)
  local names = {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names, function(a, b) return tostring(a) < tostring(b) end)
  for _, name in ipairs(names) do
    local leaf, place = t[name], path == "" and tostring(name) or path .. ", " .. tostring(name)
    local own = name == cells.REST or name == cells.UNKNOWN
    if not own and not level[k].set[name] then
      out[#out + 1] = { name = name, place = place, leaf = leaf, near = near(name, t, level[k].texts) }
    elseif cells.is_table(leaf) and level[k + 1] then walk(leaf, k + 1, place, level, out) end
  end
  return out
end

--- The names of a table by group that no row has by that key.
-- @param list  the cells
-- @return      list of { name, place = "billing, 2024-06", leaf = what stands there, near = what may be meant }
function named.missing(t, list, nkeys)
  if not cells.is_table(t) or #list == 0 then return {} end
  local level = {}
  for k = 1, nkeys do
    local set, texts = values_of(list, k)
    level[k] = { set = set, texts = texts }
  end
  return walk(t, 1, "", level, {})
end

--- '"pin_blokced" (did you mean "pin_blocked"?), "age"'
function named.said(missing)
  local out = {}
  for i, m in ipairs(missing) do
    if i > named.SAID then
      out[i] = ("and %d more"):format(#missing - named.SAID)
      break
    end
    out[i] = plan.show(m.name) .. (m.near and (' (did you mean %s?)'):format(plan.show(m.near)) or "")
  end
  return table.concat(out, ", ")
end

--- What a person should know of the tables that a stage takes beside a target's.
-- @return  a note for each that names groups which no row has
function named.notes(list, p, ctx)
  local out, nkeys = {}, #cells.keys(p.by)
  if not named.known(list) then return out end
  for _, parameter in ipairs { "max", "min", "weights" } do
    local missing = {}
    for _, m in ipairs(named.missing(p[parameter], list, nkeys)) do
      if parameter ~= "min" or m.near then missing[#missing + 1] = m end   -- others are told as short of rows
    end
    if #missing > 0 then
      out[#out + 1] = ("%s: %s names what no row has as its %s: %s"):format(ctx.name, parameter, cells.label(p.by),
        named.said(missing))
    end
  end
  return out
end

return named
