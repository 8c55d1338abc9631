--- balanced: what the stages that choose rows (balance, select) say of their choice, as blocks of a document.

local json = require "json"
local screen = require "report.screen"

local balanced = {}

balanced.GROUPS = 50   -- in a table

local number, percent = screen.number, screen.percent

--- Into f: the figures of these stages in a run's lineage, each with its name.
function balanced.add(f, lineage)
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    local g = s.figures
    local kind = g and (s.stage == "balance" and g.divergence and "balanced" or s.stage == "select" and g.objective
      and "selected")
    if kind then
      f[kind] = f[kind] or json.array {}
      local item = { stage = s.name }
      for name, figure in pairs(g) do item[name] = figure end
      table.insert(f[kind], item)
    end
  end
end

local function lines(x, blocks)
  for _, line in ipairs(x.told or {}) do
    blocks[#blocks + 1] = { kind = "text", text = line:sub(1, 1):upper() .. line:sub(2) .. "." }
  end
  return blocks
end

--- What the REPL shows behind such a stage.
function balanced.said(figures) return lines(figures, {}) end

local function heading(list, x, name, text, blocks)
  if #list > 1 then name = ("%s: %s"):format(name, x.stage) end
  blocks[#blocks + 1] = { kind = "heading", text = text, name = name }
end

-- ---- balance ----

local function totals(groups)
  local before, after = 0, 0
  for _, g in ipairs(groups) do before, after = before + g.before, after + g.after end
  return math.max(1, before), math.max(1, after)
end

local function groups_of(x, blocks)
  local all_before, all_after = totals(x.groups)
  local rows, columns = {}, { { x.by, flex = true }, { "before", "right" }, { "share", "right" }, { "after", "right" },
                              { "share", "right" } }
  if x.weights then columns[6] = { "weight", "right" } end
  for i, g in ipairs(x.groups) do
    if i > balanced.GROUPS then break end
    rows[i] = { g.name, number(g.before), percent(g.before / all_before), number(g.after),
                percent(g.after / all_after), x.weights and number(g.weight, 3) or nil }
  end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = columns }
  if x.ngroups > #rows then
    blocks[#blocks + 1] = { kind = "text", text = ("and %s more"):format(number(x.ngroups - #rows)) }
  end
end

local function deficits_of(x, blocks)
  local rows = {}
  for i, d in ipairs(x.deficits or {}) do
    if i <= balanced.GROUPS then rows[i] = { d.name, number(d.rows), number(d.wanted), number(d.short) } end
  end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "short of rows", flex = true }, { "has", "right" },
    { "wanted", "right" }, { "missing", "right" } } }
end

local function balance(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(list, x, "Balance", ("Balanced by %s (%s)"):format(x.by, x.stage), blocks)
    lines(x, blocks)
    if x.ngroups > 0 then groups_of(x, blocks) end
    deficits_of(x, blocks)
  end
end

-- ---- select ----

local OBJECTIVE = { { "score", "mean score", 3 }, { "distance", "mean distance to the nearest other chosen row", 3 },
                    { "coverage", "mean cosine of a row with the nearest chosen one", 3 } }

local function selected(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(list, x, "Selection", ("Selected by %s (%s): %s kept, %s too near to one of them, %s behind"):format(
      x.score or "the seed's order", x.stage, screen.count(x.kept + x.filled, "row"), number(x.near), number(x.behind)),
      blocks)
    local rows = {}
    for _, o in ipairs(OBJECTIVE) do
      local a, b = x.objective.chosen[o[1]], x.objective.chance[o[1]]
      if a and b then rows[#rows + 1] = { o[2], number(a, o[3]), number(b, o[3]) } end
    end
    blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "of those chosen", flex = true },
      { "chosen", "right" }, { "by chance", "right" } } }
  end
end

--- The blocks of all such stages of a report.
function balanced.blocks(f, blocks)
  balance(f.balanced, blocks)
  selected(f.selected, blocks)
end

return balanced
