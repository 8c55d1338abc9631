--- pick: which rows are shown: a stratified sample of a run or of files, or the rows nearest a
-- threshold. The seed and the rows' identities decide, so that the same call gives the same rows.
-- An item: { key = identity, row, id, source, line, stratum, status, … }.

local figures = require "report.figures"
local fs = require "fs"
local hash = require "hash"
local json = require "json"
local load = require "report.load"
local nearest = require "nearest"
local run = require "report.run"
local select = require "select"
local strata = require "label.strata"

local pick = {}

local UNKNOWN = "unknown"

-- Identities are spread evenly: those that follow a point that the seed gives, round and round, are a
-- random sample.
local function point(seed) return hash.xxh3("label " .. tostring(seed)) end

-- One row of each identity, in an order that the seed gives, so that a part of the sample is one too.
local function shuffled(items, seed)
  local seen, out = {}, {}
  for _, item in ipairs(items) do
    if not seen[item.key] then
      seen[item.key], out[#out + 1] = true, item
      item.place = hash.xxh3_64(item.key .. tostring(seed))
    end
  end
  table.sort(out, function(a, b)
    if a.place ~= b.place then return math.ult(a.place, b.place) end
    return a.key < b.key
  end)
  return out
end

-- ---- a run ----

local function annotations(r)
  local out = {}
  for _, c in ipairs(r.columns) do
    if c:sub(1, 1) == "@" then out[#out + 1] = c:sub(2) end
  end
  return out
end

local REASON = "CASE status WHEN 0 THEN 'kept' ELSE coalesce(stage, '?') || '.' || coalesce(reason, '?') END"

--- A key as SQL; nil and a sentence if the run does not know it.
local function expression(r, key)
  if key == "reason" then return REASON end
  if key == "source" then return "'source ' || source" end
  if r:has_column("@" .. key) then
    return ("coalesce(CAST(%s AS TEXT), '%s')"):format(run.quoted("@" .. key), UNKNOWN)
  end
  local known = annotations(r)
  table.insert(known, 1, "source")
  table.insert(known, 2, "reason")
  local near = nearest(key, known)
  local message = "the run knows no %s%s; it knows %s; for a key of the rows: tamis label %s/curated.jsonl --by %s"
  return nil, message:format(key, near and (", did you mean %s?"):format(near) or "", table.concat(known, ", "), r.dir,
    key)
end

local function default_key(r)
  for _, key in ipairs(figures.TOPIC_KEYS) do
    if r:has_column("@" .. key) then return key end
  end
  return #r.sources > 1 and "source" or "reason"   -- of kept rows alone that is one stratum
end

local function names_reason(by) return ("," .. by .. ","):find(",reason,", 1, true) ~= nil end

local STATUS = { kept = "status = 0", rejected = "status <> 0", all = "1" }

local function item_of(r, row, stratum)
  local record = r:row(row)
  return { key = record.identity, row = row, id = record.id, source = record.source, line = record.line,
           stratum = stratum, status = record.status, stage = record.stage, reason = record.reason, record = record,
           output = record.output, output_line = record.output_line }
end

-- A number behind "source " becomes the file's name.
local function stratum_name(r, text)
  return (text:gsub("source (%d+)", function(n)
    local s = r.source_of[math.tointeger(tonumber(n))]
    return s and r:short(s.path) or nil
  end))
end

--- A stratified sample of a run.
-- @param o  { n, seed, by = "topic,source" or nil, of = "kept", "rejected" or "all"; nil: all if `by` asks
--           for the reason, else kept }
-- @return   items; or nil and a sentence
function pick.run(r, o)
  local by = o.by or default_key(r)
  local parts = {}
  for key in by:gmatch "[^,]+" do
    local sql, err = expression(r, key)
    if not sql then return nil, err end
    parts[#parts + 1] = sql
  end
  local of = o.of or (o.by and names_reason(o.by) and "all" or "kept")
  local where = ("%s AND coalesce(stage, '') <> 'load'"):format(STATUS[of])
  local stratum = table.concat(parts, " || ' / ' || ")
  local names, sizes, quota = {}, {}, {}
  for _, g in ipairs(r:query(("SELECT %s AS s, count(*) AS n FROM rows WHERE %s GROUP BY 1 ORDER BY 1"):format(
      stratum, where))) do
    names[#names + 1], sizes[#sizes + 1] = g.s, g.n
  end
  if #names == 0 then return nil, ("%s has no such row: nothing to label"):format(r.dir) end
  local most = 0
  for i, q in ipairs(strata.quotas(sizes, o.n)) do quota[names[i]], most = q, math.max(most, q) end
  local sql = [[SELECT row, s FROM (SELECT row, s, row_number() OVER
    (PARTITION BY s ORDER BY identity < x'%s', identity, row) AS k FROM (SELECT min(row) AS row, identity, %s AS s
    FROM rows WHERE %s GROUP BY identity)) WHERE k <= %d]]
  local items, taken = {}, {}
  for _, row in ipairs(r:query(sql:format(point(o.seed), stratum, where, most) .. " ORDER BY s, k")) do
    taken[row.s] = (taken[row.s] or 0) + 1
    if taken[row.s] <= quota[row.s] then
      local item = item_of(r, row.row, stratum_name(r, row.s))
      item.blind = names_reason(by)   -- whoever scores should not know which stage took it, unless he asks (v)
      items[#items + 1] = item
    end
  end
  return shuffled(items, o.seed)
end

--- The kept rows that a spot_check stage queued.
-- @param o  { queue = the stage's name, seed }
function pick.queue(r, o)
  local stage = r:stage(o.queue)
  if not stage or stage.stage ~= "spot_check" then
    local names = {}
    for _, s in ipairs(r.stages) do if s.stage == "spot_check" then names[#names + 1] = s.name end end
    return nil, ("--queue %s: expected a spot_check stage of this run, %s"):format(o.queue,
      #names > 0 and "which has " .. table.concat(names, ", ") or "which has none")
  end
  local column, items = run.quoted("@" .. o.queue), {}
  local sql = "SELECT row, %s AS s FROM rows WHERE status = 0 AND %s IS NOT NULL ORDER BY row"
  local rows = r:has_column("@" .. o.queue) and r:query(sql:format(column, column)) or {}
  for i, row in ipairs(rows) do items[i] = item_of(r, row.row, tostring(row.s)) end
  if #items == 0 then return nil, ("--queue %s: the run queued no row that it kept"):format(o.queue) end
  return shuffled(items, o.seed)
end

-- ---- the rows at a margin ----

-- The metric that a parameter bounds: min_input_tokens and length.input_tokens.
local function metric_of(r, stage, param)
  local bare = param:match "^m[ia][nx]_(.+)$"
  for _, c in ipairs(r.columns) do
    local own = c:sub(1, #stage + 1) == stage .. "." and c:sub(#stage + 2)
    if own and bare and (bare == own or bare:sub(-#own - 1) == "_" .. own) then return c end
    if own and param == "threshold" and (own == "jaccard" or own == "cosine") then return c, true end
  end
end

-- The nearest rows on one side of a value.
local function side(r, column, condition, value, n, seed)
  local sql = "SELECT row, %s AS v FROM rows WHERE %s AND coalesce(stage, '') <> 'load' ORDER BY abs(v - ?), "
    .. "identity < x'%s', identity LIMIT ?"
  sql = sql:format(run.quoted(column), condition:gsub("COLUMN", run.quoted(column)), point(seed))
  return r:query(sql, value, value, n)
end

-- Kept rows by their nearest kept row: the pairs under the threshold that the run stored as evidence.
local function nearly(r, stage, value, n)
  return r:query([[SELECT p.row AS row, max(p.value) AS v FROM
    (SELECT a AS row, b AS other, value FROM pairs WHERE stage = ? AND value < ?
     UNION ALL SELECT b, a, value FROM pairs WHERE stage = ? AND value < ?) p
    JOIN rows x ON x.row = p.row AND x.status = 0 JOIN rows y ON y.row = p.other AND y.status = 0
    GROUP BY p.row ORDER BY v DESC, p.row LIMIT ?]], stage, value, stage, value, n)
end

--- The rows nearest a threshold, half on each side where there are so many.
-- @param o  { n, seed, margin = "near_dedup.threshold" }
-- @return   items, nearest first, and a note or nil; or nil and a sentence
function pick.margin(r, o)
  local name, param = o.margin:match "^([^.]+)%.([%w_]+)$"
  local stage = name and r:stage(name)
  if not stage then
    local names = {}
    for i, s in ipairs(r.stages) do names[i] = s.name end
    local near = name and nearest(name, names)
    return nil, ("--margin %s: expected STAGE.PARAM of this run, whose stages are %s%s"):format(o.margin,
      table.concat(names, ", "), near and ("; did you mean %s?"):format(near) or "")
  end
  local value = stage.params[param]
  local column, similar = metric_of(r, name, param)
  if type(value) ~= "number" or not column then
    return nil, ("--margin %s: it bounds no figure that the run stored a row"):format(o.margin)
  end
  local below, above
  if similar then
    above = side(r, column, "COLUMN >= ?", value, o.n, o.seed)
    below = nearly(r, name, value, o.n)
  else
    below = side(r, column, "COLUMN < ?", value, o.n, o.seed)
    above = side(r, column, "COLUMN >= ?", value, o.n, o.seed)
  end
  local half = o.n // 2
  local nb = math.min(#below, math.max(half, o.n - #above))
  local na = math.min(#above, o.n - nb)
  local items, seen = {}, {}
  local function take(list, count, sign)
    for i = 1, count do
      local item = item_of(r, list[i].row, ("%s %s %s"):format(o.margin, sign, tostring(value)))
      item.value, item.distance = list[i].v, math.abs(list[i].v - value)
      if not seen[item.key] then seen[item.key], items[#items + 1] = true, item end
    end
  end
  take(below, nb, "<")
  take(above, na, ">=")
  table.sort(items, function(a, b)
    if a.distance ~= b.distance then return a.distance < b.distance end
    return a.key < b.key
  end)
  if #items == 0 then return nil, ("--margin %s: no row has such a figure"):format(o.margin) end
  local note = similar and #below == 0
    and ("no pair below %g is stored, so only removed rows are shown; %s.evidence_floor stores them"):format(value,
      name)
  return items, note or nil
end

-- ---- files ----

local function file_items(view, rows, stratum_of)
  local items = {}
  for i, n in ipairs(rows) do
    local row = view:row(n)
    items[i] = { key = row.identity, row = n, id = row.id, source = row.source, line = row.line,
                 stratum = stratum_of(n), status = row.status, view = view, bytes = row.bytes }
  end
  return items
end

local function default_file_key(looks)
  local known = load.known(looks)
  for _, key in ipairs(known and figures.TOPIC_KEYS or {}) do
    if known[key] then return key end
  end
end

local function size_of(groups, i)
  local _, count = groups:at(i)
  return count
end

--- A stratified sample of data files.
-- @param o  { n, seed, by = key of the rows or "source", format, pool }
-- @return   items; or nil and a sentence
function pick.files(paths, o)
  local views, sizes, where = {}, {}, {}
  for i, path in ipairs(paths) do
    local view, looks = load.view({ path }, { pool = o.pool, format = o.format })
    if not view then return nil, looks end
    local by = o.by or default_file_key(looks)
    local groups, err
    if by and by ~= "source" then
      groups, err = select.groups(view, by, o.pool)
      if not groups then return nil, err end
      if o.by and #groups == 1 and groups:at(1) == nil then return nil, ("%s: no row has a %s"):format(path, by) end
    end
    views[i] = { view = view, groups = groups, by = by, path = path, caps = {} }
    for g = 1, groups and #groups or 1 do
      sizes[#sizes + 1] = groups and size_of(groups, g) or (view:counts())
      where[#where + 1] = { views[i], g }
    end
  end
  for k, quota in ipairs(strata.quotas(sizes, o.n)) do where[k][1].caps[where[k][2]] = quota end
  local items = {}
  for _, v in ipairs(views) do
    local verdicts = v.groups and v.groups:cap(v.caps, o.seed, "not_drawn")
      or select.count(v.view, v.caps[1], o.seed, "not_drawn")
    local drawn = v.view:apply("label", verdicts)
    local short = v.path:match "[^/]*$"
    local got = file_items(drawn, drawn:rows_of "standing", function(n)
      local value = v.groups and drawn:key(n, v.by)
      local name = v.groups and (value == nil and UNKNOWN or tostring(value)) or short
      return #views > 1 and v.groups and short .. " / " .. name or name
    end)
    table.move(got, 1, #got, #items + 1, items)
  end
  if #items == 0 then return nil, "there is no row to label" end
  return shuffled(items, o.seed)
end

-- ---- what a row says ----

local FIELDS = { "system", "input", "output", "alternative" }

--- The text of an item: { fields, turns, raw, twin }, read when it is first asked for.
function pick.text(item, r)
  if item.text then return item.text end
  if item.view then
    local fields = {}
    for _, name in ipairs(FIELDS) do fields[name] = item.view:field(item.row, name) end
    item.text = { fields = fields, turns = require "report.turns".of((json.decode(item.bytes))) }
  else
    item.text = r:text(item.record) or {}
    local twin = item.record.evidence and item.record.evidence.twin
    if twin and not twin.run then
      local found = r:find_line(twin.source, twin.line)
      local other = found[1] and r:row(found[1])
      local text = other and r:text(other) or r:source_text(twin.source, twin.line)
      item.text.twin = text and { place = ("%s:%d"):format(r:short(twin.source), twin.line), fields = text.fields }
    end
  end
  return item.text
end

--- The original objects of items, as JSON: of files their rows, of a run what its own files hold, each file
-- read once.
-- @return  { [key] = text }; or nil and a sentence
function pick.objects(items, r)
  local out, wanted = {}, {}
  for _, item in ipairs(items) do
    if item.bytes then out[item.key] = item.bytes
    elseif item.output then
      wanted[item.output] = wanted[item.output] or {}
      wanted[item.output][item.output_line] = item.key
    end
  end
  for name, lines in pairs(wanted) do
    local f, err = io.open(r.dir .. "/" .. name, "rb")
    if not f then return nil, "cannot read " .. tostring(err) end
    local n = 0
    for line in f:lines() do
      n = n + 1
      if lines[n] then out[lines[n]] = line:gsub(',"_rejection":%b{}}$', "}"):gsub("\r$", "") end
    end
    f:close()
  end
  return out
end

--- Is it a run folder, or one's name for the newest?
function pick.is_run(path)
  local st = fs.stat(path)
  return st and st.type == "folder"
end

return pick
