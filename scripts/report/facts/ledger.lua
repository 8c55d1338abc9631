--- ledger: the facts of a finished run, from its ledger, its lineage and its files (report/compose.lua
-- says which there are).

local corpus = require "corpus"
local fs = require "fs"
local json = require "json"
local load = require "report.load"
local run = require "report.run"
local stats = require "stats"

local ledger = {}
ledger.__index = ledger

-- ---- the run's files ----

-- The formats that the run's sources had.
local function formats_of(r)
  local formats, seen = {}, {}
  for _, s in ipairs(r.sources) do
    local format = r:format_of(s.path)
    local key = type(format) == "table" and s.path or format
    if format and not seen[key] then seen[key], formats[#formats + 1] = true, format end
  end
  return formats
end

-- Views of the run's own files, each with the status its rows have: a file that holds rows of
-- several formats is read by each of them, and what misfits one is no row there.
local function files_of(r, formats)
  local parts = {}
  for _, o in ipairs(r.outputs) do
    local refused = o.name == "rejected.jsonl" or o.name == "quarantined.jsonl"
    if o.name:find "%.jsonl$" and (o.rows or 0) > 0 then
      local path, views = r.dir .. "/" .. o.name, {}
      for i, format in ipairs(formats) do views[i] = r:view_of(path, format) end
      local read = 0
      for _, view in ipairs(views) do read = read + view:counts() end
      if read == 0 then views = { r:view_of(path) } end   -- exported in another format
      for _, view in ipairs(views) do
        parts[#parts + 1] = { view = view, as = refused and "rejected" or "standing", name = o.name }
      end
    end
  end
  return parts
end

-- The sources as they were read, every row with its status in the ledger; nil if they have gone or
-- changed since.
local function sources_of(self)
  local r, sources = self.run, {}
  for i, s in ipairs(r.sources) do
    local st = fs.stat(s.path)
    if not st or st.size ~= s.bytes then return nil end
    sources[i] = { path = s.path, format = r:format_of(s.path) or "auto" }
  end
  local view = corpus.load { sources = sources, formats = require "formats.all", pool = r.pool, allow_damaged = true }
  if not view or #view ~= self.total then return nil end
  return view, self:statuses()
end

-- The parts of a run whose figures are asked for: its own files, or, where the rejected rows were
-- written without their text, the sources, if they still are the same.
local function parts_of(self, refused)
  local files = files_of(self.run, formats_of(self.run))
  local read, kept = 0, {}
  for _, p in ipairs(files) do
    if p.as == "rejected" then read = read + p.view:counts() else kept[#kept + 1] = p.view end
  end
  if read > 0 or refused == 0 then return files, files end
  local view, marks = sources_of(self)
  if not view then return files, files end
  return { { view = view, marks = marks, groups = kept } }, files
end

-- The keys that the run's rows have, as far as a first look tells.
local function known_of(r)
  local looks = {}
  for _, o in ipairs(r.outputs) do
    local look = o.name:find "%.jsonl$" and (o.rows or 0) > 0
      and corpus.sniff(r.dir .. "/" .. o.name, { formats = require "formats.all" })
    if look then looks[#looks + 1] = look end
  end
  return #looks > 0 and load.known(looks) or nil
end

--- Opens a run folder.
-- @return  nil and a message if the ledger cannot be read
function ledger.open(dir, pool)
  local r, err = run.open(dir)
  if not r then return nil, err end
  r.pool = pool
  local l = r.lineage
  local self = setmetatable({ run = r, dir = dir, pool = pool, lineage = l, stages = r.stages, columns = {},
                              title = ("%s, run %s"):format(l.dataset_name or "run", l.run_id or dir) }, ledger)
  self.order = {}
  for i, s in ipairs(r.sources) do self.order[s.path] = self.order[s.path] or i end
  local marks = self:statuses()
  self.count, self.total = {}, #marks
  for status = 0, 2 do self.count[status] = select(2, marks:gsub(tostring(status), "")) end
  self.faulty = r:query "SELECT count(*) AS n FROM rows WHERE stage = 'load' AND status <> 0"[1].n
  self.parts, self.files = parts_of(self, self.total - self.faulty - self.count[0])
  self.known = known_of(r)
  return self
end

function ledger:close() self.run:close() end

function ledger:counts() return self.count[0], self.count[1], self.count[2], self.total, self.faulty end

--- The status of every row, a digit each.
function ledger:statuses()
  if not self.marks then
    local sql = "SELECT group_concat(status, '') AS marks FROM (SELECT status FROM rows ORDER BY row)"
    self.marks = self.run:query(sql)[1].marks or ""
  end
  return self.marks
end

-- ---- columns ----

function ledger:numbers()
  local metrics, annotations = {}, {}
  for _, name in ipairs(self.run.columns) do
    if name:sub(1, 1) == "@" then annotations[#annotations + 1] = name:sub(2)
    elseif name:find(".", 1, true) then metrics[#metrics + 1] = name end
  end
  return metrics, annotations
end

local function column(self, sql)
  if not self.columns[sql] then
    local bytes = self.run.db:packed(("SELECT %s FROM rows ORDER BY row"):format(sql))
    self.columns[sql] = stats.packed(bytes, self:statuses())
  end
  return self.columns[sql]
end

-- The numbers of the sources whose rows are trusted, "1,4"; nil if there are none.
local function trusted_of(self)
  local list = {}
  for _, s in ipairs(self.run.sources) do
    if s.trusted and s.trusted ~= 0 then list[#list + 1] = tostring(s.source) end
  end
  return #list > 0 and table.concat(list, ",") or nil
end

function ledger:metric(name, untrusted)
  local trusted = untrusted and trusted_of(self)
  if not trusted then return column(self, run.quoted(name)) end
  return column(self, ("CASE WHEN source NOT IN (%s) THEN %s END"):format(trusted, run.quoted(name)))
end

--- The numbers of an annotation; nil where its first value is none.
function ledger:annotation(name)
  local quoted = run.quoted("@" .. name)
  local sql = ("SELECT typeof(%s) AS t FROM rows WHERE %s IS NOT NULL LIMIT 1"):format(quoted, quoted)
  local first = self.run:query(sql)[1]
  if not first or first.t ~= "integer" and first.t ~= "real" then return nil end
  return column(self, ("CASE WHEN typeof(%s) IN ('integer', 'real') THEN %s END"):format(quoted, quoted))
end

-- What a row has under a key that is no annotation: from the run's files, or its sources where those leave text out.
local function key_reader(self, key)
  local whole = self.parts[1] and self.parts[1].marks and self.parts[1].view
  if whole then return function(row) return whole:key(row.row, key) end end
  local views = {}
  for _, o in ipairs(self.run.outputs) do
    for _, part in ipairs(self.files) do
      if part.name == o.name then views[o.output] = views[o.output] or part.view end
    end
  end
  return function(row)
    local view = views[row.output]
    return view and row.output_line <= #view and view:key(row.output_line, key) or nil
  end
end

--- The rows that have a metric, in order: its value, their status, source and, if asked for, what a key has of them.
function ledger:scored(name, key)
  local out = { value = {}, status = {}, source = {}, group = key and {} or nil }
  local place, i = {}, 0
  for k, s in ipairs(self.run.sources) do place[s.source] = k end
  local annotated = key and self.run:has_column("@" .. key)
  local read = key and not annotated and key_reader(self, key)
  local sql = ([[SELECT row, status, source, output, output_line, %s AS value, %s AS value_of FROM rows
                 WHERE value IS NOT NULL ORDER BY row]])
    :format(run.quoted(name), annotated and run.quoted("@" .. key) or "NULL")
  for row in self.run.db:rows(sql) do
    i = i + 1
    out.value[i], out.status[i], out.source[i] = row.value, tostring(row.status), place[row.source]
    if key then out.group[i] = row.value_of == nil and read and read(row) or row.value_of end
  end
  return out
end

function ledger:alone(name, stage, reason, whose)
  if not self.run:has_column(name) then return nil end
  local sql = ("SELECT %s FROM rows WHERE stage = ? AND reason = ? AND status <> 0 AND coalesce(also, '') NOT LIKE ?")
    :format(run.quoted(name))
  local other = whose == "stage" and '%"stage":' .. json.encode(stage) .. ",%" or "_%"
  local bytes = self.run.db:packed(sql, stage, reason, other)
  return stats.packed(bytes, ("0"):rep(#bytes // 8))
end

function ledger:groups(name)
  if not self.run:has_column("@" .. name) then return nil end
  local after, before = {}, {}
  local sql = ("SELECT %s AS value, sum(status = 0) AS kept, count(*) AS n FROM rows"
    .. " WHERE coalesce(stage, '') <> 'load' GROUP BY 1"):format(run.quoted("@" .. name))
  for _, row in ipairs(self.run:query(sql)) do
    local value = row.value == nil and "unknown" or row.value
    before[value] = (before[value] or 0) + row.n
    if row.kept > 0 then after[value] = (after[value] or 0) + row.kept end
  end
  return after, before
end

-- ---- rows ----

function ledger:stage(name) return self.run:stage(name) end
function ledger:short(path) return self.run:short(path) end
function ledger:row(n) return self.run:row(n) end

--- A row's words: of its line in the run's own files. A row that was rejected stands there as it was read,
-- so that of one whose text a stage changed nothing is shown.
function ledger:text(row)
  if not row.output or row.status ~= "curated" and next(row.edits or {}) then return nil end
  for _, part in ipairs(self.files) do
    local view = part.name == row.output and part.view
    local wanted = { line = row.output_line, source = self.dir .. "/" .. row.output }
    local at = view and row.output_line and view:find(wanted)[1]
    if at and view:row(at).status == "standing" then return view:field(at, "input") or view:field(at, "output") end
  end
end

function ledger:reasons(most)
  local out, place, missing = json.array {}, {}, 0
  for i, g in ipairs(self.run:query [[SELECT stage, reason, count(*) AS n FROM rows
                                      WHERE status <> 0 GROUP BY stage, reason ORDER BY n DESC, stage, reason]]) do
    out[i] = { stage = g.stage or "load", reason = g.reason or "?", count = g.n, rows = {} }
    place[(g.stage or "load") .. "\0" .. (g.reason or "?")] = out[i]
    missing = missing + math.min(most, g.n)
  end
  if missing == 0 then return out end
  for row in self.run.db:rows "SELECT row, stage, reason FROM rows WHERE status <> 0 ORDER BY row" do
    local item = place[(row.stage or "load") .. "\0" .. (row.reason or "?")]
    if #item.rows < most then
      item.rows[#item.rows + 1], missing = row.row, missing - 1
      if missing == 0 then break end
    end
  end
  return out
end

-- ---- copies ----

local TWINS = [[SELECT row, evidence FROM rows
  WHERE stage = ? AND status <> 0 AND evidence LIKE '%"twin":%' ORDER BY row]]

-- The twin as the evidence names it, as JSON; nil for one of another run. A ledger writes its evidence in
-- one form, in which the twin can be cut out; anything else is read.
local function twin_in(evidence)
  local twin = evidence:match '"twin":({"source":".-","line":%d+})'
  if twin then return twin end
  local read = (json.decode(evidence) or {}).twin
  return read and not read.run and json.encode { source = read.source, line = read.line } or nil
end

-- The rows that a stage rejected as copies, by their twin: how many, and the first of them.
local function twins_of(self, stage)
  local copies, first = {}, {}
  for row in self.run.db:rows(TWINS, stage) do
    local twin = twin_in(row.evidence)
    if twin then
      copies[twin] = (copies[twin] or 0) + 1
      first[twin] = first[twin] or row.row
    end
  end
  return copies, first
end

local function sizes_of(copies)
  local count, out = {}, {}
  for _, n in pairs(copies) do count[n + 1] = (count[n + 1] or 0) + 1 end
  for size, n in pairs(count) do out[#out + 1] = { size, n } end
  table.sort(out, function(a, b) return a[1] < b[1] end)
  return out
end

-- The `most` twins of most copies, ties by the first of these: too many to be sorted for a few.
local function largest_of(copies, first, most)
  local out = {}
  local function larger(a, b)
    if copies[a] ~= copies[b] then return copies[a] > copies[b] end
    return first[a] < first[b]
  end
  for twin in pairs(copies) do
    if #out < most or larger(twin, out[#out]) then
      local at = #out < most and #out + 1 or #out
      while at > 1 and larger(twin, out[at - 1]) do
        out[at], at = out[at - 1], at - 1
      end
      out[at] = twin
    end
  end
  return out
end

-- The first `most` copies of each of some twins.
local function members_of(self, stage, twins, most)
  local members = {}
  for _, twin in ipairs(twins) do members[twin] = {} end
  for row in self.run.db:rows(TWINS, stage) do
    local list = members[twin_in(row.evidence) or ""]
    if list and #list < most then list[#list + 1] = row.row end
  end
  return members
end

-- The row of a line. Rows stand in the order of their sources and lines, so that a few looks find one
-- where a query would read them all.
local function row_of(self, path, line)
  local first, last = 1, self.total
  while first <= last do
    local middle = (first + last) // 2
    local at = self.run:query("SELECT source, line FROM rows WHERE row = ?", middle)[1]
    local source = at and self.run.source_of[at.source]
    local order = source and self.order[source.path] - self.order[path]
    if not order then return nil end
    if order == 0 then order = at.line - line end
    if order == 0 then return middle end
    if order < 0 then first = middle + 1 else last = middle - 1 end
  end
end

function ledger:copies(stage, most, members)
  local copies, first = twins_of(self, stage)
  local out = { clusters = 0, rows = 0, sizes = sizes_of(copies), largest = {} }
  for _, n in pairs(copies) do out.clusters, out.rows = out.clusters + 1, out.rows + n end
  local twins = largest_of(copies, first, most)
  local list = members_of(self, stage, twins, members)
  for _, text in ipairs(twins) do
    local twin = json.decode(text)
    local row = self.order[twin.source] and row_of(self, twin.source, twin.line)
    if row then out.largest[#out.largest + 1] = { row = row, size = copies[text] + 1, members = list[text] } end
  end
  return out
end

-- ---- sources ----

-- How many rows each source has in the ledger.
local function rows_by_source(self)
  local out, total = {}, 0
  for _, s in ipairs(self.run.sources) do
    out[s.source] = s.rows or 0
    total = total + out[s.source]
  end
  if total == self.total then return out end
  out = {}
  for _, row in ipairs(self.run:query "SELECT source, count(*) AS n FROM rows GROUP BY source") do
    out[row.source] = row.n
  end
  return out
end

function ledger:sources()
  local out, kept, removed = json.array {}, rows_by_source(self), {}
  for _, row in ipairs(self.run:query [[SELECT source, coalesce(stage, 'load') AS stage, count(*) AS n FROM rows
                                        WHERE status <> 0 GROUP BY 1, 2 ORDER BY 1, 2]]) do
    kept[row.source] = (kept[row.source] or 0) - row.n
    removed[row.source] = removed[row.source] or {}
    removed[row.source][row.stage] = row.n
  end
  for i, s in ipairs(self.run.sources) do
    out[i] = { path = s.path, name = self:short(s.path), kind = s.kind, generator = s.generator, format = s.format,
      rows = s.rows, bytes = s.bytes, kept = kept[s.source] or 0, removed = removed[s.source] }
  end
  return out
end

--- The place of a row of the parts, which are counted one behind another.
function ledger:place(at)
  for _, p in ipairs(self.parts) do
    if at and at >= 1 and at <= #p.view then
      local place = p.view:row(at)
      local row = p.name and (self.run:find_output(p.name, place.line) or {})[1]
      if row then place = self.run:row(row) end
      return ("%s:%d"):format(self:short(place.source), place.line)
    end
    at = at and at - #p.view
  end
end

return ledger
