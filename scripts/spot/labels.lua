--- labels: how far a queue is labelled, and how many of its rows people called wrong.

local book = require "label.book"
local fs = require "fs"
local open = require "recipe.open"

local labels = {}

local Z = 1.959963984540054   -- of 95%

--- Wilson's interval of a share: k of n. "Probable inference, the law of succession, and statistical inference", 1927.
-- @return  low, high; nil, nil of nothing
function labels.interval(k, n)
  if n == 0 then return nil, nil end
  local p, z2 = k / n, Z * Z
  local middle = (p + z2 / (2 * n)) / (1 + z2 / n)
  local half = Z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n)) / (1 + z2 / n)
  return math.max(0, middle - half), math.min(1, middle + half)
end

--- The files that hold labels: those that the parameter names; else what `tamis label` calls them, in the working
-- folder or beside the recipe.
local function files_of(p, ctx)
  if p.labels then return type(p.labels) == "table" and p.labels or { p.labels } end
  local out, seen = {}, {}
  if not ctx.dataset then return out end
  local pattern = ("labels/%s.*.jsonl"):format((ctx.dataset:gsub("[^%w_-]", "_")))
  for _, folder in ipairs { ".", ctx.folder or "." } do
    for _, path in ipairs(fs.glob(open.join(folder, pattern))) do
      if not seen[path] then seen[path], out[#out + 1] = true, path end
    end
  end
  return out
end

-- One row's labels of several people: the mean of the dimension's scores.
local function verdict(list, p)
  local sum, n, skipped = 0, 0, false
  for _, l in ipairs(list) do
    local score = l.scores[p.dimension]
    if l.skipped then skipped = true
    elseif score then sum, n = sum + score, n + 1 end
  end
  if n > 0 then return sum / n < p.wrong_below and "wrong" or "right" end
  return skipped and "skipped" or nil
end

--- Reads the files.
-- @return  { [identity] = "right", "wrong" or "skipped" }, paths, how many labels lack the dimension; or nil and a
--   sentence
function labels.read(p, ctx)
  local of, paths, lacking, out = {}, {}, 0, {}
  for _, name in ipairs(files_of(p, ctx)) do
    local bytes, path = ctx.file(name)
    if bytes then
      local by, err = book.read(path)
      if not by then return nil, err end
      paths[#paths + 1] = path
      for identity, l in pairs(by) do
        of[identity] = of[identity] or {}
        table.insert(of[identity], l)
        if not l.skipped and next(l.scores) and not l.scores[p.dimension] then lacking = lacking + 1 end
      end
    elseif not path:find "^cannot find" then
      return nil, path
    end
  end
  for identity, list in pairs(of) do out[identity] = verdict(list, p) end
  return out, paths, lacking
end

--- How far a queue is labelled.
-- @param rows  { { row, stratum }, … }
-- @return      { queued, labelled, skipped, wrong, rate, low, high, files }; or nil and a sentence
function labels.check(view, rows, p, ctx)
  local of, paths, lacking = labels.read(p, ctx)
  if not of then return nil, paths end
  local out = { queued = #rows, labelled = 0, skipped = 0, wrong = 0, files = paths, lacking = lacking, strata = {} }
  for _, item in ipairs(rows) do
    local found = of[view:row(item.row).identity]
    local s = out.strata[item.stratum] or { labelled = 0, wrong = 0 }
    out.strata[item.stratum] = s
    if found == "skipped" then out.skipped = out.skipped + 1
    elseif found then
      out.labelled, s.labelled = out.labelled + 1, s.labelled + 1
      if found == "wrong" then out.wrong, s.wrong = out.wrong + 1, s.wrong + 1 end
    end
  end
  out.rate = out.labelled > 0 and out.wrong / out.labelled or nil
  out.low, out.high = labels.interval(out.wrong, out.labelled)
  return out
end

return labels
