--- ledger: a run folder in the REPL, as its ledger and lineage tell it.

local command = require "cli.explain"
local nearest = require "nearest"
local run = require "report.run"
local screen = require "report.screen"
local show = require "repl.show"

local ledger = {}

local number, percent = screen.number, screen.percent
local Run = { __name = "run" }
local methods = {}
ledger.methods = methods

local function own(r) return rawget(r, "_") end

local function table_of(funnel)
  local rows = {}
  for i, s in ipairs(funnel) do
    local seen, removed = s.seen or 0, s.removed or 0
    rows[i] = { s.name, number(seen), number(removed), percent(seen > 0 and removed / seen or 0) }
  end
  return { kind = "table", rows = rows, columns = { { "stage", flex = true }, { "seen", "right" },
           { "removed", "right" }, { "share", "right" } } }
end

function Run.__show(r, s, out)
  local o = own(r).run
  local l = o.lineage
  out(s:paint("bold", s:cut(("%s, run %s"):format(l.dataset_name or "run", l.run_id or o.dir), s.width)))
  local count, total = { [0] = 0, 0, 0 }, 0
  for _, row in ipairs(o:query "SELECT status, count(*) AS n FROM rows GROUP BY status") do
    count[row.status], total = row.n, total + row.n
  end
  out(("%s read = %s curated (%s) + %s rejected + %s quarantined"):format(screen.count(total, "row"),
    number(count[0]), percent(total > 0 and count[0] / total or 0), number(count[1]), number(count[2])))
  require "report.terminal".render({ table_of(o.stages) }, s, out)
end

--- Why rows were rejected, with counts.
function methods.reasons(r)
  local rows = {}
  local list = own(r).run:query [[SELECT stage, reason, count(*) AS n, min(row) AS example FROM rows WHERE status <> 0
                                 GROUP BY stage, reason ORDER BY n DESC, stage, reason]]
  for i, g in ipairs(list) do
    rows[i] = { label = (g.stage or "load") .. ": " .. (g.reason or "?"), count = g.n, share = g.n / math.max(1, #r),
                place = own(r).run:row(g.example).place }
  end
  if #rows == 0 then rows[1] = { label = "no row was rejected" } end
  return show.blocks({ { kind = "reasons", rows = rows } }, list, "reasons")
end

-- Row numbers by a number, a place "raw.jsonl:12", an id or a reason.
local function find(o, what)
  if math.tointeger(what) then return { math.tointeger(what) } end
  local path, line = tostring(what):match "^(.*):(%d+)$"
  line = math.tointeger(tonumber(line))
  local found = path and o:find_output(path, line)
  if path and not (found and #found > 0) then found = o:find_line(path, line) end
  if found and #found > 0 then return found end
  return o:find_id(tostring(what))
end

--- Why a row was kept or rejected: its number, "raw.jsonl:12", "curated.jsonl:3" or its id.
function methods.explain(r, what)
  local o = own(r).run
  if what == nil then error('explain takes a row: its number, "raw.jsonl:12", "curated.jsonl:3" or its id', 0) end
  local rows = find(o, what)
  local row = rows[1] and o:row(rows[1])
  if not row then error(("no row %s in %s"):format(tostring(what), o.dir), 0) end
  local p = command.passport(o, row)
  return show.drawing(p, function(s, out) command.show(s, p, out) end, "passport")
end

--- A few rows that were rejected for a reason.
function methods.sample(r, reason, n)
  local o = own(r).run
  if type(reason) ~= "string" then error('sample takes a reason and a number: r:sample("near_duplicate", 3)', 0) end
  local rows, err = o:sample_of(reason, math.tointeger(n) or 3)
  if not rows then error(err, 0) end
  return show.drawing(rows, function(s, out) command.list(s, o, rows, out) end, "rows")
end

--- The curated rows as a view.
function methods.kept(r)
  local o, paths = own(r).run, {}
  for _, f in ipairs(o.outputs) do
    local refused = f.name == "rejected.jsonl" or f.name == "quarantined.jsonl"
    if f.name:find "%.jsonl$" and not refused then paths[#paths + 1] = o.dir .. "/" .. f.name end
  end
  if #paths == 0 then error(("%s has no curated file"):format(o.dir), 0) end
  return require "repl.open".files(own(r).session, paths, {})
end

--- The sources as they were read, if they are still there.
function methods.sources(r)
  local o, list = own(r).run, {}
  for i, s in ipairs(o.sources) do list[i] = { s.path, format = o:format_of(s.path), kind = s.kind } end
  return require "repl.open".files(own(r).session, list, {})
end

--- Statistics and health checks of the run.
function methods.report(r)
  local f, err = require "report.survey".run(own(r).run.dir, { pool = own(r).session.pool })
  if not f then error(err, 0) end
  local checks = require "report.health".examine(f)
  return show.blocks(require "report.document".report(f, checks), f, "report")
end

--- What another run, a view or a file has that this one has not, and the other way round.
function methods.diff(r, other, options) return require "repl.diff"(own(r).session, r, other, options) end

--- Rows of an SQL query over the ledger: r:query "SELECT reason, count(*) AS n FROM rows GROUP BY 1".
function methods.query(r, sql, ...)
  if type(sql) ~= "string" then error("query takes SQL; the tables are rows, stages, sources, outputs", 0) end
  return own(r).run:query(sql, ...)
end

function Run.__len(r) return own(r).run:query "SELECT count(*) AS n FROM rows"[1].n end

function Run.__tostring(r) return "run " .. own(r).run.dir end

--- Every name that may follow the colon.
function ledger.names()
  local out = {}
  for name in pairs(methods) do out[#out + 1] = name end
  table.sort(out)
  return out
end

function Run.__index(_, key)
  if methods[key] then return methods[key] end
  local near = type(key) == "string" and nearest(key, ledger.names())
  error(('a run has no "%s"%s'):format(tostring(key), near and ('; did you mean "%s"?'):format(near) or ""), 0)
end

--- Is it a run?
function ledger.is(v) return getmetatable(v) == Run end

--- Opens a run folder; raises a sentence if it is none.
function ledger.open(session, dir)
  local o, err = run.open(dir)
  if not o then error(err, 0) end
  o.pool = session.pool
  return setmetatable({ _ = { run = o, session = session } }, Run)
end

return ledger
