--- memory: the facts of a run that still is in memory (report/compose.lua says which there are). They are
-- those that its ledger and files will tell, without reading any of them again.

local json = require "json"
local keys = require "run.keys"
local plan = require "plan"
local run = require "report.run"
local stats = require "stats"
local tally = require "tally"

local memory = {}
memory.__index = memory

memory.LOOKED_AT = 20   -- rows of each source whose keys are looked at

-- Numbers of each source's first rows: rows stand in the order of their sources.
local function first_rows(sources)
  local out, before = {}, 0
  for _, s in ipairs(sources) do
    for i = 1, math.min(memory.LOOKED_AT, s.rows) do out[#out + 1] = before + i end
    before = before + s.rows
  end
  return out
end

-- The metrics of a length stage, which are the tokens of a field.
local function tokens_of(stages)
  for _, s in ipairs(stages) do
    if s.stage == "length" then
      return { input = s.name .. ".input_tokens", output = s.name .. ".output_tokens" }
    end
  end
end

--- @param r       the run (runner.lua), its outputs written
-- @param record  its lineage
-- @param dir     where it will stand
function memory.new(r, record, dir)
  local sources = r.view:sources()
  local self = setmetatable({ run = r, view = r.view, pool = r.pool, dir = dir, columns = r.columns or {},
                              lineage = record, stages = {}, files = { sources = sources },   -- what run.short looks at
                              title = ("%s, run %s"):format(record.dataset_name, record.run_id) }, memory)
  for i, s in ipairs(r.engine.stats) do
    self.stages[i] = { stage = s.stage, name = s.name, seen = s.seen, removed = s.removed, edited = s.edited,
                       seconds = s.seconds, params = plan.plain(s.entry.params) }
  end
  self.parts = { { view = r.view, read = r.read, as = "standing" } }
  self.tokens = tokens_of(self.stages)
  self.known = keys.paths(r.view, first_rows(sources))
  self.refs = (r.export or {}).rejected == "refs"
  return self
end

function memory:counts()
  local kept, rejected, quarantined = self.view:counts()
  return kept, rejected, quarantined, #self.view, #self.view - (self.run.read:counts())
end

function memory:stage(name)
  for _, s in ipairs(self.stages) do if s.name == name then return s end end
end

function memory:short(path) return run.short(self.files, path) end

-- ---- columns ----

function memory:numbers() return self.view:metric_names(), self.view:annotation_names() end

-- Takes the numbers of trusted rows out of a column.
local function without_trusted(sources, column)
  local before = 0
  for _, s in ipairs(sources) do
    if s.trusted and s.rows > 0 then column:drop(before + 1, before + s.rows) end
    before = before + s.rows
  end
  return column
end

function memory:metric(name, untrusted)
  local key = name .. (untrusted and "\0" or "")
  if not self.columns[key] then
    local column = stats.metric(self.view, name)
    self.columns[key] = column and untrusted and without_trusted(self.files.sources, column) or column
  end
  return self.columns[key]
end

function memory:annotation(name) return stats.annotation(self.view, name) end

-- The status of the rows that do not stand: a digit each.
local function marks_of(view)
  local out = {}
  for digit, which in pairs { ["1"] = "rejected", ["2"] = "quarantined" } do
    for _, row in ipairs(view:rows_of(which)) do out[row] = digit end
  end
  return out
end

function memory:scored(name, key)
  local column, marks, i = self:metric(name), marks_of(self.view), 0
  local out = { value = {}, status = {}, source = {}, group = key and {} or nil }
  local last = 0
  for at, s in ipairs(self.files.sources) do
    for row = last + 1, last + s.rows do
      local value = column:get(row)
      if value then
        i = i + 1
        out.value[i], out.status[i], out.source[i] = value, marks[row] or "0", at
        if key then out.group[i] = self.view:key(row, key) end
      end
    end
    last = last + s.rows
  end
  return out
end

function memory:alone(name, stage, reason, whose)
  return (stats.rejected_by(self.view, name, stage, reason, whose or "alone"))
end

function memory:groups(name) return tally.annotation(self.view, name) end

-- ---- rows ----

function memory:row(n)
  local row = self.view:row(n)
  row.also = row.also or {}
  return row
end

--- A row's words, where the run's files hold them too.
function memory:text(row)
  if row.stage == "load" or row.status ~= "standing" and self.refs then return nil end
  return self.view:field(row.row, "input") or self.view:field(row.row, "output")
end

function memory:reasons(most)
  local out = json.array {}
  for i, r in ipairs(self.view:reasons()) do
    out[i] = { stage = r.stage, reason = r.reason, count = r.count,
               rows = tally.rows(self.view, r.stage, r.reason, most) }
  end
  return out
end

function memory:copies(stage, most, members)
  local c = tally.copies(self.view, stage, most)
  local rows = {}
  for i, l in ipairs(c.largest) do rows[i] = l.row end
  for i, list in ipairs(tally.members(self.view, stage, rows, members)) do c.largest[i].members = list end
  return c
end

-- ---- sources ----

-- Into removed[i]: how many rows of source i the stage took. Rows stand in the order of their sources.
local function count_removed(view, sources, status, stage, removed)
  local last, at = sources[1] and sources[1].rows or 0, 1
  for _, row in ipairs(view:rows_of(status, nil, stage)) do
    while row > last do
      at = at + 1
      last = last + sources[at].rows
    end
    removed[at][stage] = (removed[at][stage] or 0) + 1
  end
end

function memory:sources()
  local out, removed, names = json.array {}, {}, {}
  local sources = self.files.sources
  for i in ipairs(sources) do removed[i] = {} end
  for _, r in ipairs(self.view:reasons()) do
    names[r.stage] = true
    if #sources == 1 then removed[1][r.stage] = (removed[1][r.stage] or 0) + r.count end
  end
  for _, status in ipairs(#sources > 1 and { "rejected", "quarantined" } or {}) do
    for _, stage in ipairs(plan.sorted_keys(names)) do count_removed(self.view, sources, status, stage, removed) end
  end
  for i, s in ipairs(sources) do
    local kept = s.rows
    for _, n in pairs(removed[i]) do kept = kept - n end
    out[i] = { path = s.path, name = self:short(s.path), kind = s.kind, generator = s.generator, format = s.format,
               rows = s.rows, bytes = s.bytes, kept = kept, removed = next(removed[i]) and removed[i] or nil }
  end
  return out
end

--- The place of a row of the parts: there is one.
function memory:place(at)
  local row = at and self.view:row(at)
  return row and ("%s:%d"):format(self:short(row.source), row.line)
end

return memory
