--- run: a run folder as its ledger and lineage tell it. Opens, finds rows, reads their text.

local corpus = require "corpus"
local fs = require "fs"
local json = require "json"
local store = require "store"
local turns = require "report.turns"

local run = {}
run.__index = run

run.STATUS = { [0] = "curated", "rejected", "quarantined" }

local function is_run(dir) return fs.exists(dir .. "/lineage.json") end

--- The run folders ROOT/NAME/ID, newest first.
-- @param pattern  "latest" for those alone that the last whole run of a dataset left
local function folders(root, pattern)
  local out = {}
  for _, dir in ipairs(fs.glob(root .. "/*/" .. pattern)) do
    local asked = pattern == "latest" or dir:match "[^/]*$" ~= "latest"
    local st = asked and is_run(dir) and fs.stat(dir .. "/lineage.json")
    if st then out[#out + 1] = { dir = dir, time = st.mtime } end
  end
  table.sort(out, function(a, b)
    if a.time ~= b.time then return a.time > b.time end
    return a.dir > b.dir
  end)
  for i, r in ipairs(out) do out[i] = r.dir end
  return out
end

--- The newest run under `root` (`./curated` if not given): of all ROOT/NAME/latest the one
-- written last; where there are only trials, the last of those.
function run.latest(root)
  root = root or "curated"
  return folders(root, "latest")[1] or folders(root, "*")[1]
end

--- The newest run under ./curated that read this line, or else this file; a run that read this very
-- file before one that read another of its name.
-- @return  the run, open; nil if none did
function run.of_line(path, line)
  local best, best_points
  for _, dir in ipairs(folders("curated", "*")) do
    local r = run.open(dir)
    local rows, how = nil, nil
    if r then rows, how = r:find_line(path, line) end
    local points = how and (how == "loose" and 0 or 2) + (#rows > 0 and 1 or 0) or -1
    if points > (best_points or -1) then
      if best then best:close() end
      best, best_points = r, points
      if points == 3 then break end
    elseif r then
      r:close()
    end
  end
  return best
end

--- The run folder that `path` means: itself, its `latest`, or the newest below it.
-- @return  nil and a message if it is none
function run.find(path)
  if path == nil then
    local dir = run.latest()
    if dir then return dir end
    return nil, "no run here: expected a run folder, or ./curated/NAME/latest as tamis run leaves it"
  end
  path = path:gsub("(.)/+$", "%1")
  if is_run(path) then return path end
  if is_run(path .. "/latest") then return path .. "/latest" end
  local below = fs.exists(path) and run.latest(path)
  if below then return below end
  if not fs.exists(path) then return nil, "cannot find " .. path end
  return nil, path .. " is no run folder: it has no lineage.json"
end

-- JSON without its nulls: what is null is not there.
local function without_null(v)
  if v == json.null then return nil end
  if type(v) == "table" then
    for key, x in pairs(v) do v[key] = without_null(x) end
  end
  return v
end

local function decode(text)
  if text == nil or text == "" then return nil end
  return without_null((json.decode(text)))
end

--- Rows of a query as tables, in a list.
function run:query(sql, ...)
  local out = {}
  for row in self.db:rows(sql, ...) do out[#out + 1] = row end
  return out
end

--- Opens a run folder.
-- @return  nil and a message if the ledger cannot be read
function run.open(dir)
  if not fs.exists(dir .. "/ledger.db") then return nil, dir .. " has no ledger.db: it was run with --no-ledger" end
  local db, err = store.open(dir .. "/ledger.db", { readonly = true })
  if not db then return nil, err end
  local self = setmetatable({ dir = dir, db = db, views = {} }, run)
  local ok, failure = pcall(function()
    self.sources = self:query "SELECT * FROM sources ORDER BY source"
    self.outputs = self:query "SELECT * FROM outputs ORDER BY output"
    self.stages = self:query "SELECT * FROM stages ORDER BY position"
  end)
  if not ok then return nil, ("%s/ledger.db is no ledger of tamis (%s)"):format(dir, tostring(failure)) end
  self.source_of, self.output_of = {}, {}
  for _, s in ipairs(self.sources) do self.source_of[s.source] = s end
  for _, o in ipairs(self.outputs) do self.output_of[o.output] = o end
  for _, s in ipairs(self.stages) do s.params = decode(s.params) or {} end
  local text = fs.read(dir .. "/lineage.json")
  self.lineage = text and decode(text) or {}
  self.columns = {}
  for _, c in ipairs(self:query "PRAGMA table_info(rows)") do self.columns[#self.columns + 1] = c.name end
  return self
end

--- A column's name as SQL writes it.
function run.quoted(name) return '"' .. name:gsub('"', '""') .. '"' end

--- A source's path as people can still tell it: its last part, where that is no other's too.
function run:short(path)
  if not self.last_parts then
    self.last_parts = {}
    for _, s in ipairs(self.sources) do
      local last = s.path:match "[^/]*$"
      self.last_parts[last] = (self.last_parts[last] or 0) + 1
    end
  end
  local last = path:match "[^/]*$"
  return (self.last_parts[last] or 0) <= 1 and last or path
end

function run:has_column(name)
  for _, c in ipairs(self.columns) do if c == name then return true end end
  return false
end

function run:stage(name)
  for _, s in ipairs(self.stages) do if s.name == name then return s end end
end

local function hex(bytes)
  return bytes and (bytes:gsub(".", function(c) return string.format("%02x", c:byte()) end)) or nil
end

-- A row of the ledger in words of its own: metrics and annotations apart, JSON decoded.
local function record(self, r)
  local out = { row = r.row, line = r.line, identity = hex(r.identity), id = r.id,
    status = run.STATUS[r.status] or "rejected",
                stage = r.stage, reason = r.reason, evidence = decode(r.evidence), also = decode(r.also) or {},
                output_line = r.output_line, metrics = {}, annotations = {} }
  local source = self.source_of[r.source]
  out.source = source and source.path or "?"
  out.format = source and source.format
  local output = r.output and self.output_of[r.output]
  out.output, out.output_number = output and output.name, r.output
  for _, name in ipairs(self.columns) do
    if name:sub(1, 1) == "@" then out.annotations[name:sub(2)] = r[name]
    elseif name:find(".", 1, true) then out.metrics[name] = r[name] end
  end
  out.place = out.source .. ":" .. tostring(out.line)
  out.edits, out.revived = self:edits(r.row), self:revived(r.row)
  return out
end

--- The record of row n (from 1); nil if there is none.
function run:row(n)
  local r = self:query("SELECT * FROM rows WHERE row = ?", n)[1]
  return r and record(self, r)
end

-- Columns of the table of edits that this ledger has: older ones have no table, or one without spans.
local function edit_columns(self)
  local has = {}
  for _, c in ipairs(self:query "SELECT name FROM pragma_table_info('edits')") do has[c.name] = true end
  return has.stage and (has.spans and "stage, path, spans" or "stage, path")
end

--- Which strings stages changed in a row: { [stage] = { { path, spans = { { start, end, type, action }, … } }, … } },
-- spans where the stage told; empty for a ledger without edits.
function run:edits(n)
  if self.edit_columns == nil then self.edit_columns = edit_columns(self) or false end
  local out = {}
  if not self.edit_columns then return out end
  for _, e in ipairs(self:query(("SELECT %s FROM edits WHERE row = ? ORDER BY start"):format(self.edit_columns), n)) do
    out[e.stage] = out[e.stage] or {}
    table.insert(out[e.stage], { path = e.path, spans = e.spans and json.decode(e.spans) })
  end
  return out
end

--- The stages that removed a row for another one and had it back when a later stage rejected that one:
-- { [stage] = { source, line, stage } } of the other; empty for a ledger without such a table.
function run:revived(n)
  if self.has_revived == nil then
    self.has_revived = #self:query "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'revived'" > 0
  end
  local out = {}
  if not self.has_revived then return out end
  for _, b in ipairs(self:query([[SELECT revived.stage AS remover, rows.source, rows.line, rows.stage
                                  FROM revived JOIN rows ON rows.row = revived.twin WHERE revived.row = ?]], n)) do
    local source = self.source_of[b.source]
    out[b.remover] = { source = source and source.path or "?", line = b.line, stage = b.stage }
  end
  return out
end

local function numbers_of(rows)
  local out = {}
  for i, r in ipairs(rows) do out[i] = r.row end
  return out
end

-- The first row from `low` on, up to `high` + 1, that lies at (source, line) or behind: rows stand in the order of
-- their sources and lines.
local function first_at(self, source, line, low, high)
  while low <= high do
    local mid = (low + high) // 2
    local r = self:query("SELECT source, line FROM rows WHERE row = ?", mid)[1]
    if not r then return nil end
    if r.source < source or r.source == source and r.line < line then low = mid + 1 else high = mid - 1 end
  end
  return low
end

local function last_row(self)
  self.last = self.last or self:query "SELECT max(row) AS n FROM rows"[1].n or 0
  return self.last
end

--- Row numbers of a line of a source, by halving; of a CSV file the record that the line belongs to.
local function rows_at(self, source, line)
  local out, last = {}, last_row(self)
  local at = first_at(self, source, line, 1, last) or last + 1
  local function row(n) return self:query("SELECT row, source, line FROM rows WHERE row = ?", n)[1] end
  local r = row(at)
  while r and r.source == source and r.line == line do
    out[#out + 1] = r.row
    r = row(r.row + 1)
  end
  if #out == 0 and self.source_of[source].path:find "%.[ct]sv" then   -- a record may take several lines
    r = row(at - 1)
    if r and r.source == source then out[1] = r.row end
  end
  return out
end

--- Row numbers of a line of a source, the source named as the run had it, by any other way to the
-- same file, or by its last parts.
-- @return  the list; and how the source was found, "same" or "loose", nil if the run read none such
function run:find_line(path, line)
  local exact, same, loose = {}, {}, {}
  local real = fs.realpath(path)
  for _, s in ipairs(self.sources) do
    if s.path == path then exact[#exact + 1] = s.source
    elseif real and fs.realpath(s.path) == real then same[#same + 1] = s.source
    elseif s.path:sub(-#path - 1) == "/" .. path or s.path:match "[^/]*$" == path:match "[^/]*$" then
      loose[#loose + 1] = s.source
    end
  end
  local list = #exact > 0 and exact or #same > 0 and same or loose
  local out = {}
  for _, source in ipairs(list) do
    for _, row in ipairs(rows_at(self, source, line)) do out[#out + 1] = row end
  end
  return out, #list > 0 and (list == loose and "loose" or "same") or nil
end

-- The marks around a line of an output: { line, offset, row } at it or before (the file's beginning where there
-- is none), and the row of the next.
local function marks_of(self, output, line)
  if self.has_marks == nil then
    self.has_marks = #self:query "SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'marks'" > 0
  end
  local start = { line = 1, offset = 0, row = 1 }
  if not self.has_marks then return start end
  local sql = "SELECT line, offset, row FROM marks WHERE output = ? AND line %s ? ORDER BY line %s LIMIT 1"
  local before = self:query(sql:format("<=", "DESC"), output, line)[1]
  local after = self:query(sql:format(">", "ASC"), output, line)[1]
  return before or start, after and after.row
end

--- Row numbers by a line of an output file: curated.jsonl:17. nil if the run has no such file.
function run:find_output(name, line)
  for _, o in ipairs(self.outputs) do
    if o.name == name then
      local from, to = marks_of(self, o.output, line)
      return numbers_of(self:query("SELECT row FROM rows WHERE row BETWEEN ? AND ? AND output = ? AND output_line = ?",
        from.row, to or last_row(self), o.output, line))
    end
  end
end

--- Row numbers by what the recipe's `id` named.
function run:find_id(id)
  return numbers_of(self:query("SELECT row FROM rows WHERE id = ? OR id = ? ORDER BY row", id, tonumber(id) or id))
end

--- A sample of the rows that a reason decided, the same each time: the first by identity.
-- @param reason  "near_duplicate", or with its stage, "near_dedup.near_duplicate"
function run:sample_of(reason, count)
  local stage, name = reason:match("^(.-)[.:]%s*(.+)$")
  local rows
  if stage then
    local sql = "SELECT row FROM rows WHERE stage = ? AND reason = ? ORDER BY identity, row LIMIT ?"
    rows = numbers_of(self:query(sql, stage, name, count))
  else
    rows = numbers_of(self:query("SELECT row FROM rows WHERE reason = ? ORDER BY identity, row LIMIT ?",
      reason, count))
  end
  if #rows > 0 then return rows end
  local known = {}
  for _, r in ipairs(self:query [[SELECT reason, count(*) AS n FROM rows WHERE status <> 0
                                  GROUP BY reason ORDER BY n DESC, reason]]) do
    known[#known + 1] = r.reason
  end
  return nil, ("no row was rejected for %s; reasons in %s: %s"):format(reason, self.dir, #known > 0
    and table.concat(known, ", ") or "none")
end

--- Rows whose text in the run's files holds those words.
function run:find_text(text, most)
  local rows = {}
  for _, o in ipairs(self.outputs) do
    local view = #rows < most and o.name:find("%.jsonl$") and self:view_of(self.dir .. "/" .. o.name)
    if view then
      for _, at in ipairs(view:find { text = text, max = most - #rows }) do
        local line = view:row(at).line
        for _, n in ipairs(self:find_output(o.name, line)) do rows[#rows + 1] = n end
      end
    end
  end
  if #rows > 0 then
    table.sort(rows)
    return rows
  end
  return nil, ("no row of %s holds %q"):format(self.dir, text)
end

-- The view of a file of the run, or of a source; loaded once.
function run:view_of(path, format)
  local key = path .. "\0" .. tostring(format)
  if self.views[key] == nil then
    local view, err = corpus.load { sources = { { path = path, format = format or "auto" } },
                                    formats = require("formats.all"), pool = self.pool, allow_damaged = true,
                                    allow_misfit = format ~= nil }
    self.views[key] = view or false
    self.views[key .. "\0error"] = err
  end
  return self.views[key] or nil, self.views[key .. "\0error"]
end

--- The format of a source as `corpus.load` takes it: a recipe's own mapping, else its name. nil
-- for a file that is no source.
function run:format_of(path)
  for _, s in ipairs((self.lineage.config or {}).sources or {}) do
    if type(s) == "table" and s.path == path and type(s.format) == "table" then return s.format end
  end
  for _, s in ipairs(self.sources) do if s.path == path then return s.format end end
  for _, s in ipairs(self.lineage.gold or {}) do if s.path == path then return s.format end end
end

-- One line of a plain file, without its line feed.
-- @param from  { line, offset } of an earlier one
local function line_of(path, n, from)
  local f = io.open(path, "rb")
  if not f then return nil end
  local text
  f:seek("set", from.offset)
  for _ = from.line, n do
    text = f:read "L"
    if not text then break end
  end
  f:close()
  return text and (text:gsub("\r?\n$", ""))
end

local FIELDS = { "system", "input", "output", "alternative" }

-- The fields of one line. The reader takes files, so the line stands in one for a moment.
local function fields_of(text, formats)
  local path = os.tmpname()
  local fields
  for _, format in ipairs(formats) do
    local f = io.open(path, "wb")
    if not f then break end
    f:write(text, "\n")
    f:close()
    local ok, view = pcall(corpus.load, { sources = { { path = path, format = format } },
      formats = require("formats.all") })
    if ok and view and #view == 1 and view:counts() == 1 then
      fields = {}
      for _, name in ipairs(FIELDS) do fields[name] = view:field(1, name) end
      break
    end
  end
  os.remove(path)
  return fields
end

--- The text of a row: its fields, or its raw line where it was never a row. From the run's own
-- files; where those left the text out, from the source.
-- @return  { fields = { input = … } | nil, turns = { … } of a chat, raw = "…" | nil, from = "rejected.jsonl:3" }; and
--   the row itself, decoded, where it is an object
function run:text(r)
  local function try(path, line, from, formats)
    local text = line_of(path, line, marks_of(self, r.output_number, line))
    if not text then return nil end
    text = text:gsub(',"_rejection":%b{}}$', "}")
    local fields = fields_of(text, formats)
    local object = decode(text)
    if fields then return { fields = fields, turns = turns.of(object), from = from }, object end
    if type(object) == "table" and object._raw then return { raw = object._raw, from = from } end
    if type(object) == "table" and object._raw_base64 then
      return { raw = "(not UTF-8, base64) " .. object._raw_base64, from = from }
    end
    if type(object) == "table" and object._rejection and next(object, next(object)) == nil then return nil end
    return { raw = text, from = from }
  end
  local formats = { self:format_of(r.source) or "auto", "auto" }
  if r.output then
    local found, object = try(self.dir .. "/" .. r.output, r.output_line, r.output .. ":" .. r.output_line, formats)
    if found then return found, object end
  end
  return self:source_text(r.source, r.line)
end

--- The fields of a line of a source, or of the gold set; nil if the file has gone or has no such row.
function run:source_text(path, line)
  if not fs.exists(path) then return nil end
  local view = self:view_of(path, self:format_of(path))
  local row = view and view:find({ source = path, line = line })[1]
  if not row then return nil end
  local fields, any = {}, false
  for _, name in ipairs(FIELDS) do
    local ok, value = pcall(view.field, view, row, name)
    if ok and value then fields[name], any = value, true end
  end
  if not any then return nil end
  local object = decode(view:row(row).bytes)
  return { fields = fields, turns = turns.of(object), from = path .. ":" .. line }, object
end

--- The folder where an earlier run lay when a stage of this one compared rows with it; nil if not known.
function run:earlier(stage, name)
  for _, s in ipairs(((self.lineage.stats or {}).stage_counts) or {}) do
    local against = s.name == stage and (s.figures or {}).against
    for _, e in ipairs(against and against.runs or {}) do
      if e.run == name then return e.path end
    end
  end
end

function run:close()
  if self.db.close then self.db:close() end
end

return run
