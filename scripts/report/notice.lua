--- notice: what heads the report of a finished run: the stages that removed much of what they saw, with
-- the value that would keep most of it, from the ledger.

local json = require "json"
local remedy = require "report.remedy"
local run = require "report.run"
local screen = require "report.screen"

local notice = {}

notice.REMOVED = 0.30   -- a stage that rejects more than this share of what it saw is a notice
notice.FEW = 20         -- of fewer rows a share says nothing
notice.KEEP = 0.90      -- … with the value that would keep this share

local number, percent = screen.number, screen.percent

-- The column of the ledger that holds a stage's figure of a rejected row.
local function column_of(s, row)
  local e, column = row.evidence, nil
  for metric, v in pairs(row.metrics) do
    if metric:sub(1, #s.name + 1) == s.name .. "." and v == e.value
      and (not column or metric:find(e.field or "\0", 1, true)) then
      column = metric
    end
  end
  return column
end

-- The bound that would have kept most of what a stage saw. Only rows that this bound alone rejected
-- can be won back; nil if they are too few.
local function bound_to_keep(r, s, g, row)
  local e, column = row.evidence, column_of(s, row)
  if not column then return nil end
  local lower = e.value < e.threshold
  local quoted = run.quoted(column)
  local from = (" FROM rows WHERE stage = ? AND reason = ? AND status <> 0 AND %s %s ?"
    .. " AND coalesce(also, '') NOT LIKE ?"):format(quoted, lower and "<" or ">")
  local args = { s.name, g.reason, e.threshold, '%"stage":' .. json.encode(s.name) .. ",%" }
  local alone = r:query("SELECT count(*) AS n" .. from, table.unpack(args))[1].n
  local back = s.removed - math.floor((1 - notice.KEEP) * s.seen + 1e-9)   -- rows that would have to stay
  if back < 1 or back > alone then return nil end
  args[#args + 1] = back - 1
  local sql = ("SELECT %s AS v%s ORDER BY v %s LIMIT 1 OFFSET ?"):format(quoted, from, lower and "DESC" or "ASC")
  local at = r:query(sql, table.unpack(args))[1]
  return at and at.v and number(at.v, 4)
end

-- The sentence that heads a report when a stage removed very much: with the reason that did most
-- of it, its parameter, and the value that would keep most rows.
local function sentence(r, s)
  local text = ("%s removed %s of the %s it saw"):format(s.name, percent(s.removed / s.seen),
    screen.count(s.seen, "row"))
  local g = r:query([[SELECT reason, count(*) AS n, min(row) AS example FROM rows
                      WHERE stage = ? AND status <> 0 GROUP BY reason ORDER BY n DESC, reason LIMIT 1]], s.name)[1]
  local row = g and r:row(g.example)
  if not row then return text end
  local e = row.evidence or {}
  local name = remedy.parameter(r, row)
  local passes = name and type(e.value) == "number" and type(e.threshold) == "number"
    and (name:find "^min" and e.value >= e.threshold or name:find "^max" and e.value <= e.threshold)
  if not name or passes then return text .. (", most of them as " .. tostring(g.reason)) end
  local value
  if e.jaccard or e.cosine then
    local measure = e.jaccard and "jaccard" or "cosine"
    local spare = s.removed - math.floor((1 - notice.KEEP) * s.seen)   -- rows that would have to stay
    local at = r:query("SELECT json_extract(evidence, '$." .. measure
      .. "') AS v FROM rows WHERE stage = ? AND status <> 0 ORDER BY v LIMIT 1 OFFSET ?", s.name, spare - 1)[1]
    value = at and at.v and at.v < 1 and ("above %s"):format(number(at.v, 4))
      or nil
    if not value then
      return ("%s; most are copies to the letter, which no %s.%s keeps"):format(text, s.name, name)
    end
  elseif type(e.value) == "number" then
    value = bound_to_keep(r, s, g, row)
  end
  if not value then return text end
  return ("%s; %s.%s = %s would keep 90%% (now %s)"):format(text, s.name, name, value,
    number(e.threshold or select(2, remedy.parameter(r, row)), 4))
end

--- The sentences for a run (report/run.lua), in order of its stages.
function notice.of(r)
  local out = {}
  for _, s in ipairs(r.stages) do
    if (s.seen or 0) >= notice.FEW and s.removed / s.seen > notice.REMOVED then out[#out + 1] = sentence(r, s) end
  end
  return out
end

return notice
