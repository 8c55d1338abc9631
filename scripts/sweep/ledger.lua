--- ledger: a stage of a finished run and the rows that reached it, for sweep/count.lua: from ledger.db alone.

local json = require "json"
local keep = require "neardup_keep"
local ledger_file = require "ledger"
local plan = require "plan"
local run = require "report.run"
local stats = require "stats"

local ledger = {}

local quoted = run.quoted

--- The run's stages as entries of a plan; `def` is nil for a stage that the recipe wrote itself.
function ledger.stages(r)
  local out = {}
  for i, s in ipairs(r.stages) do
    out[i] = { stage = s.stage, name = s.name, def = plan.stage(s.stage), params = s.params, line = 0 }
  end
  return out
end

local function text(s) return "'" .. s:gsub("'", "''") .. "'" end

local function listed(list)
  local out = {}
  for i, s in ipairs(list) do out[i] = text(s) end
  return "(" .. table.concat(out, ",") .. ")"
end

-- SQL: did the row leave before it reached the stage?
local function gone_before(r, name)
  local before = { "load" }
  for _, s in ipairs(r.stages) do
    if s.name == name then break end
    before[#before + 1] = s.name
  end
  return "(status <> 0 AND stage IN " .. listed(before) .. ")"
end

local function trusted_of(r)
  local list = {}
  for _, s in ipairs(r.sources) do
    if s.trusted and s.trusted ~= 0 then list[#list + 1] = tostring(s.source) end
  end
  return "(" .. table.concat(list, ",") .. ")"
end

-- SQL: did the stage note a reason that is none of these, first or behind another?
local OTHER = [[(stage = %s AND status <> 0 AND (reason NOT IN %s OR (also IS NOT NULL AND EXISTS
  (SELECT 1 FROM json_each(also) WHERE json_extract(value, '$.stage') = %s
   AND json_extract(value, '$.reason') NOT IN %s))))]]

local function states_of(r, name, reasons)
  local other = #reasons > 0 and OTHER:format(text(name), listed(reasons), text(name), listed(reasons)) or "0"
  local sql = [[SELECT group_concat(state, '') AS states FROM (SELECT CASE WHEN %s THEN '0'
    WHEN source IN %s THEN '2' WHEN %s THEN '3' ELSE '1' END AS state FROM rows ORDER BY row)]]
  return r:query(sql:format(gone_before(r, name), trusted_of(r), other))[1].states or ""
end

local function figures_of(r, column)
  if not r:has_column(column) then return nil end
  local bytes = r.db:packed(("SELECT %s FROM rows ORDER BY row"):format(quoted(column)))
  return stats.packed(bytes, ("0"):rep(#bytes // 8))
end

-- Which of the reasons the stage noted on its rows: groups by mask, each with its first rows.
local function faults_of(r, name, reasons, most)
  local bit, by, out = {}, {}, {}
  for i, reason in ipairs(reasons) do bit[reason] = 1 << (i - 1) end
  for row in r.db:rows("SELECT row, reason, also FROM rows WHERE stage = ? AND status <> 0 ORDER BY row", name) do
    local mask = bit[row.reason] or 0
    for _, a in ipairs(row.also and json.decode(row.also) or {}) do
      if a.stage == name then mask = mask | (bit[a.reason] or 0) end
    end
    local group = by[mask]
    if not group then
      group = { mask = mask, count = 0, rows = {} }
      by[mask], out[#out + 1] = group, group
    end
    group.count = group.count + 1
    if #group.rows < most then group.rows[#group.rows + 1] = row.row end
  end
  return out
end

--- The lowest threshold that a stage's pairs reach.
local function floor_of(params)
  local floor = params.evidence_floor or 0
  return floor > 0 and math.min(floor, params.threshold) or params.threshold
end

-- Were all kinds looked for, and rows that hold one rejected?
local function all_rejected(a)
  local p, known = a.entry.params, {}
  if p.action ~= "reject" then return false end
  for _, kind in ipairs(p.types or a.entry.def.bounds[1].kinds) do known[kind] = true end
  for kind, action in pairs(p.types or {}) do
    if type(kind) == "string" then known[kind] = action == "reject" end
  end
  for _, v in ipairs(a.values) do
    for _, kind in ipairs(v.value) do if not known[kind] then return false end end
  end
  return true
end

--- Can the values be told from what the run left?
-- @return  true; false where the stage must run again; nil and a sentence where it cannot be told at all
function ledger.can(a, how)
  if how == "figures" then return true end
  if how == "kinds" then return all_rejected(a) end
  if how ~= "pairs" then return false end
  local floor = floor_of(a.entry.params)
  for _, v in ipairs(a.values) do
    if v.value < floor then return false end
  end
  return true
end

--- What an axis is counted on.
function ledger.of(r, a)
  local p, name, params = {}, a.entry.name, a.entry.params
  local reached, rank_of, figures = nil, nil, {}

  function p.reached()
    reached = reached or r:query("SELECT count(*) AS n FROM rows WHERE NOT " .. gone_before(r, name))[1].n
    return reached
  end
  function p.states(reasons) return states_of(r, name, reasons) end
  function p.figures(metric)
    if figures[metric] == nil then figures[metric] = figures_of(r, name .. "." .. metric) or false end
    return figures[metric] or nil
  end
  function p.faults(reasons, most) return faults_of(r, name, reasons, most) end
  function p.rank()
    local column = keep.column(params, name, function(metric) return r:has_column(metric) end)
    if column and rank_of == nil then rank_of = figures_of(r, column) or false end
    return rank_of or nil
  end
  --- false where the texts are needed
  function p.similar(thresholds, most)
    local evidence, err = ledger_file.pairs(r.dir .. "/ledger.db", name)
    if not evidence then return nil, err end
    return a.entry.def.sweep_rows(p.states {}, evidence, params, thresholds, most, p.rank())
  end
  function p.card(n)
    local row = r:row(n)
    local found = row and r:text(row)
    local source = row and row.source or "?"
    return { row = n, source = source, short = r:short(source), line = row and row.line,
             fields = found and (found.fields or { input = found.raw }) or nil }
  end
  function p.close() end
  return p
end

--- The pairs that the stage left.
function ledger.evidence(r, a) return ledger_file.pairs(r.dir .. "/ledger.db", a.entry.name) end

return ledger
