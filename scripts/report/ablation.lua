--- ablation: what each rule of a finished run removes: at all (any fault that it noted), first (it decided)
-- and alone (no stage that saw the row noted another fault, so that without this rule the row would have gone
-- on). Stages behind the one that removed a row never saw it; they may have removed it too.

local json = require "json"

local ablation = {}

local FIRST = [[SELECT stage, reason, count(*) AS first, sum(coalesce(also, '') = '') AS alone
  FROM rows WHERE status <> 0 GROUP BY stage, reason]]

-- Faults noted behind the deciding one, each row once.
local BEHIND = [[SELECT stage, reason, count(*) AS n FROM (
    SELECT DISTINCT rows.row AS row, json_extract(value, '$.stage') AS stage, json_extract(value, '$.reason') AS reason
    FROM rows, json_each(rows.also) WHERE rows.status <> 0 AND coalesce(rows.also, '') <> ''
      AND NOT (json_extract(value, '$.stage') = rows.stage AND json_extract(value, '$.reason') = rows.reason))
  GROUP BY stage, reason]]

local BEHIND_STAGE = [[SELECT stage, count(*) AS n FROM (
    SELECT DISTINCT rows.row AS row, json_extract(value, '$.stage') AS stage
    FROM rows, json_each(rows.also) WHERE rows.status <> 0 AND coalesce(rows.also, '') <> ''
      AND json_extract(value, '$.stage') <> rows.stage)
  GROUP BY stage]]

-- Rows that a stage decided and in which another noted a fault too.
local SHARED = [[SELECT stage, count(*) AS n FROM rows WHERE status <> 0 AND coalesce(also, '') <> ''
  AND EXISTS (SELECT 1 FROM json_each(rows.also) WHERE json_extract(value, '$.stage') <> rows.stage) GROUP BY stage]]

local EXAMPLES = [[SELECT row FROM rows WHERE status <> 0 AND stage = ? AND reason = ?
  ORDER BY coalesce(also, '') <> '', identity, row LIMIT ?]]

local function reason_of(stages, by, stage, reason)
  stage, reason = stage or "load", reason or "?"
  local s = by[stage]
  if not s then
    s = { name = stage, at_all = 0, first = 0, alone = 0, reasons = json.array {} }
    by[stage], stages[#stages + 1] = s, s
  end
  for _, r in ipairs(s.reasons) do if r.reason == reason then return r, s end end
  local r = { reason = reason, at_all = 0, first = 0, alone = 0, examples = json.array {} }
  s.reasons[#s.reasons + 1] = r
  return r, s
end

local function add_examples(run, stages, most)
  for _, s in ipairs(stages) do
    for _, reason in ipairs(s.reasons) do
      local rows = most > 0 and reason.first > 0 and run:query(EXAMPLES, s.name, reason.reason, most) or {}
      for _, found in ipairs(rows) do
        local row = run:row(found.row)
        local text = run:text(row)
        reason.examples[#reason.examples + 1] = { row = row.row, source = row.source, line = row.line,
          evidence = row.evidence, alone = #row.also == 0,
          text = text and (text.raw or text.fields and (text.fields.input or text.fields.output)) or nil }
      end
    end
  end
end

-- Those that remove most alone first.
local function sort(list, name)
  table.sort(list, function(a, b)
    if a.alone ~= b.alone then return a.alone > b.alone end
    if a.first ~= b.first then return a.first > b.first end
    if a.at_all ~= b.at_all then return a.at_all > b.at_all end
    return a[name] < b[name]
  end)
end

--- What every stage and reason of a run removes.
-- @param run   report.run, open
-- @param most  examples a reason
-- @return  { run, rows, kept, removed, stages = { { name, seen, at_all, first, alone, reasons = { { reason, at_all,
--   first, alone, examples } } } } }; of a stage, alone: no other stage noted a fault
function ablation.of(run, most)
  local stages, by = json.array {}, {}
  local counts = run:query "SELECT count(*) AS rows, sum(status = 0) AS kept FROM rows"[1]
  for _, f in ipairs(run:query(FIRST)) do
    local r, s = reason_of(stages, by, f.stage, f.reason)
    r.first, r.at_all, r.alone = f.first, f.first, f.alone
    s.first, s.at_all, s.alone = s.first + f.first, s.at_all + f.first, s.alone + f.first
  end
  for _, b in ipairs(run:query(BEHIND)) do
    local r = reason_of(stages, by, b.stage, b.reason)
    r.at_all = r.at_all + b.n
  end
  for _, b in ipairs(run:query(BEHIND_STAGE)) do
    if by[b.stage] then by[b.stage].at_all = by[b.stage].at_all + b.n end
  end
  for _, b in ipairs(run:query(SHARED)) do
    if by[b.stage] then by[b.stage].alone = by[b.stage].alone - b.n end
  end
  for _, s in ipairs(stages) do
    local known = run:stage(s.name)
    s.seen = known and known.seen or s.name == "load" and counts.rows or nil
    sort(s.reasons, "reason")
  end
  sort(stages, "name")
  add_examples(run, stages, most)
  return { run = run.dir, rows = counts.rows, kept = counts.kept or 0, removed = counts.rows - (counts.kept or 0),
           stages = stages }
end

return ablation
