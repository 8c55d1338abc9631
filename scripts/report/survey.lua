--- survey: the figures of data files, or of a run folder.

local corpus = require "corpus"
local figures = require "report.figures"
local fs = require "fs"
local json = require "json"
local load = require "report.load"
local remedy = require "report.remedy"
local run = require "report.run"
local screen = require "report.screen"
local stats = require "stats"
local trial = require "init.trial"
local spans = require "report.spans"

local survey = {}

survey.REMOVED = 0.30   -- a stage that rejects more than this share of what it saw is a notice
survey.FEW = 20         -- of fewer rows a share says nothing
survey.KEEP = 0.90      -- … with the value that would keep this share
survey.DEDUP = { exact_dedup = true, near_dedup = true, semantic_dedup = true }

local number, percent = screen.number, screen.percent

local function faulty_reasons(view, out)
  for _, r in ipairs(view:reasons()) do
    local at = view:row(r.example)
    out[#out + 1] = { stage = r.stage, reason = r.reason, count = r.count, share = r.count / math.max(1, #view),
                      example = { place = ("%s:%d"):format(at.source, at.line) } }
  end
end

-- What deduplication would remove from files, with the stages' defaults.
local function would_repeat(view, pool)
  local standing = view:counts()
  if standing == 0 then return nil end
  local removed, v = {}, view
  for _, name in ipairs { "exact_dedup", "near_dedup" } do
    local after, _, n = trial.run(v, name, { pool = pool })
    if not after then return nil end
    removed[name], v = n, after
  end
  local total = removed.exact_dedup + removed.near_dedup
  return { would = true, exact = removed.exact_dedup, near = removed.near_dedup, count = total,
    share = total / standing }
end

local function sorted_names(set)
  local out = {}
  for name in pairs(set) do out[#out + 1] = name end
  table.sort(out)
  return out
end

--- The figures of data files.
-- @param paths  as load.paths gives them
-- @param o      pool, by, format, dedup = false leaves the search for copies out
-- @return  nil and a message if they cannot be read
function survey.files(paths, o)
  local view, looks = load.view(paths, { pool = o.pool, format = o.format })
  if not view then return nil, looks end
  local standing, rejected = view:counts()
  o.known = load.known(looks)
  local f = figures.of_views({ { view = view, as = "standing" } }, o)
  f.title = #paths == 1 and paths[1] or ("%d files"):format(#paths)
  f.kind, f.curated, f.filtered = "file", false, false
  if f.no_key then f.notices = json.array { figures.no_key(f.no_key, sorted_names(o.known or {})) } end
  f.no_key = nil
  f.rows = { read = #view, faulty = rejected, before = standing, after = standing }
  f.sources = json.array {}
  local bytes = 0
  for i, s in ipairs(view:sources()) do
    f.sources[i] = { path = s.path, kind = s.kind, generator = s.generator, format = s.format,
      format_reason = s.format_reason or looks[i].reason,
                     rows = s.rows, bytes = s.bytes, blank = s.blank }
    bytes = bytes + (s.bytes or 0)
  end
  f.about = { ("%s rows, %s, %s (%s)"):format(number(standing), screen.bytes(bytes), f.sources[1].format
    or "?", f.sources[1].format_reason or "as found") }
  f.reasons = json.array {}
  faulty_reasons(view, f.reasons)
  if o.dedup ~= false then
    f.duplicates = would_repeat(view, o.pool)
    if f.duplicates then
      f.about[#f.about + 1] = ("%s rows copy an earlier one exactly, %s more nearly")
        :format(number(f.duplicates.exact), number(f.duplicates.near))
    end
  end
  if f.leakage and f.leakage.row then
    local at = view:row(f.leakage.row)
    f.leakage.example, f.leakage.row = ("%s:%d"):format(at.source, at.line), nil
  end
  f.next = { "next: tamis init " .. paths[1] .. " > recipe.lua" }
  return f
end

-- ---- a run ----

local function group_query(r, column, where)
  local counts = {}
  local name = run.quoted(column)
  local sql = ("SELECT %s AS value, count(*) AS n FROM rows WHERE %s GROUP BY 1"):format(name, where)
  for _, row in ipairs(r:query(sql)) do
    counts[row.value == nil and "unknown" or row.value] = row.n
  end
  return counts
end

-- The first annotation of the run that groups rows.
local function annotation_groups(r, keys)
  for _, key in ipairs(keys) do
    if r:has_column("@" .. key) then
      local g = figures.named_groups(key, group_query(r, "@" .. key, "status = 0"))
      if g then return g end
    end
  end
end

-- The topics of a run: by the key asked for, else by that of its stages, else by one that is usual.
local function topics_of(r, o, found)
  local by = o.by or o.prefer
  local g = by and annotation_groups(r, { by })
  if g or o.by or found and found.key == by then return g or found end
  return annotation_groups(r, figures.TOPIC_KEYS) or found
end

-- Names of the run's annotations and of the keys of its rows.
local function names_of(r, known)
  local set = {}
  for name in pairs(known or {}) do set[name] = true end
  for _, column in ipairs(r.columns) do
    if column:sub(1, 1) == "@" then set[column:sub(2)] = true end
  end
  return sorted_names(set)
end

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
local function sources_of(r, total)
  local sources = {}
  for i, s in ipairs(r.sources) do
    local st = fs.stat(s.path)
    if not st or st.size ~= s.bytes then return nil end
    sources[i] = { path = s.path, format = r:format_of(s.path) or "auto" }
  end
  local view = corpus.load { sources = sources, formats = require "formats.all", pool = r.pool, allow_damaged = true }
  if not view or #view ~= total then return nil end
  return view, r:query "SELECT group_concat(status, '') AS marks FROM (SELECT status FROM rows ORDER BY row)"[1].marks
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

-- The parts of a run whose figures are asked for: its own files, or, where the rejected rows were
-- written without their text, the sources, if they still are the same.
local function parts_of(r, refused, total)
  local files = files_of(r, formats_of(r))
  local read, kept = 0, {}
  for _, p in ipairs(files) do
    if p.as == "rejected" then read = read + p.view:counts() else kept[#kept + 1] = p.view end
  end
  if read > 0 or refused == 0 then return files, files end
  local view, marks = sources_of(r, total)
  if not view then return files, files end
  return { { view = view, marks = marks, groups = kept } }, files
end

local function score_columns(r)
  for _, pattern in ipairs { "%.overall$", "%.score$" } do
    for _, name in ipairs(r.columns) do
      if name:find(pattern) then return name end
    end
  end
end

local function scores_of(r)
  local name = score_columns(r)
  if not name then return nil end
  local values = {}
  local column = run.quoted(name)
  for _, row in ipairs(r:query(("SELECT %s AS v FROM rows WHERE %s IS NOT NULL ORDER BY row"):format(column,
    column))) do values[#values + 1] = row.v end
  if #values == 0 then return nil end
  local numbers = stats.from(values)
  local s = figures.summary(numbers)
  s.name, s.below_3, s.histogram = name, numbers:below(3), numbers:histogram(10)
  return s
end

-- An example's words: the text of its line in the run's files, unless spans were found in it.
local function example_of(r, row, views)
  local out = { place = r:short(row.source) .. ":" .. tostring(row.line) }
  local e = row.evidence or {}
  if e.twin then
    local value = e.jaccard or e.cosine
    out.why = ("copies %s%s"):format(remedy.twin_place(r, e.twin), value
      and (" (%.3f)"):format(value) or "")
  elseif row.reason == "over_cap" then out.why = ("number %s of its %s"):format(number(e.value), e.field or "group")
  elseif e.language then out.why = ("%s, confidence %s"):format(tostring(e.language), number(e.value, 2))
  elseif type(e.value) == "number" and type(e.threshold) == "number" then
    out.why = ("%s %s, %s %s"):format(e.field or "value", number(e.value, 3), e.value < e.threshold
      and "at least" or "at most", number(e.threshold, 3))
  elseif e.detail then out.why = tostring(e.detail)
  elseif e.spans and e.spans[1] then out.why = ("%s in %s"):format(e.spans[1].type or "match",
    e.spans[1].path or e.spans[1].field or "the row") end
  for _, view in ipairs(not spans.held(row) and views[row.output or ""] or {}) do
    local at = row.output_line and view:find({ line = row.output_line, source = r.dir .. "/" .. row.output })[1]
    if at and not out.text and view:row(at).status == "standing" then
      out.text = view:field(at, "input") or view:field(at, "output")
    end
  end
  return out
end

local function reasons_of(r, views, total)
  local out = json.array {}
  for i, g in ipairs(r:query [[SELECT stage, reason, count(*) AS n, min(row) AS example FROM rows
                               WHERE status <> 0 GROUP BY stage, reason ORDER BY n DESC, stage, reason]]) do
    local item = { stage = g.stage or "load", reason = g.reason or "?", count = g.n,
      share = g.n / math.max(1, total) }
    if i <= 12 then item.example = example_of(r, r:row(g.example), views) end
    out[i] = item
  end
  return out
end

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
  local back = s.removed - math.floor((1 - survey.KEEP) * s.seen + 1e-9)   -- rows that would have to stay
  if back < 1 or back > alone then return nil end
  args[#args + 1] = back - 1
  local sql = ("SELECT %s AS v%s ORDER BY v %s LIMIT 1 OFFSET ?"):format(quoted, from, lower and "DESC" or "ASC")
  local at = r:query(sql, table.unpack(args))[1]
  return at and at.v and number(at.v, 4)
end

-- The sentence that heads a report when a stage removed very much: with the reason that did most
-- of it, its parameter, and the value that would keep most rows.
local function notice(r, s)
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
    local spare = s.removed - math.floor((1 - survey.KEEP) * s.seen)   -- rows that would have to stay
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

--- Rows by status (0 kept, 1 rejected, 2 quarantined), all of them, and those that could not be read.
local function counts_of(r)
  local count, total = { [0] = 0, 0, 0 }, 0
  for _, row in ipairs(r:query "SELECT status, count(*) AS n FROM rows GROUP BY status") do
    count[row.status], total = row.n, total + row.n
  end
  return count, total, r:query "SELECT count(*) AS n FROM rows WHERE stage = 'load' AND status <> 0"[1].n
end

local function source_figures(r)
  local out, kept = json.array {}, {}
  for _, row in ipairs(r:query "SELECT source, count(*) AS n FROM rows WHERE status = 0 GROUP BY source") do
    kept[row.source] = row.n
  end
  for i, s in ipairs(r.sources) do
    out[i] = { path = s.path, name = r:short(s.path), kind = s.kind, generator = s.generator,
      format = s.format, rows = s.rows, bytes = s.bytes, kept = kept[s.source] or 0 }
  end
  return out
end

--- Into f: the funnel, the notices on stages that removed much, and the duplicates.
local function add_stages(f, r)
  local removed, dedup = 0, false
  for i, s in ipairs(r.stages) do
    f.funnel[i] = { name = s.name, stage = s.stage, seen = s.seen or 0, removed = s.removed or 0,
      edited = s.edited ~= 0 and s.edited or nil, seconds = s.seconds }
    if survey.DEDUP[s.stage or s.name] then removed, dedup = removed + (s.removed or 0), true end
    if (s.seen or 0) >= survey.FEW and s.removed / s.seen > survey.REMOVED then
      f.notices[#f.notices + 1] = { level = "watch", text = notice(r, s) }
    end
  end
  if dedup and f.rows.before > 0 then f.duplicates = { count = removed, share = removed / f.rows.before } end
end

--- The place of the row that leaks, which counts over all parts.
local function place_of(parts, at)
  for _, p in ipairs(parts) do
    if at and at >= 1 and at <= #p.view then
      local place = p.view:row(at)
      return ("%s:%d"):format(p.name or place.source, place.line)
    end
    at = at and at - #p.view
  end
end

--- The figures of a run folder.
function survey.run(dir, o)
  local r, err = run.open(dir)
  if not r then return nil, err end
  r.pool = o.pool
  local count, total, faulty = counts_of(r)
  local parts, files = parts_of(r, total - faulty - count[0], total)
  local views = {}
  for _, p in ipairs(files) do
    views[p.name] = views[p.name] or {}
    table.insert(views[p.name], p.view)
  end
  o.known, o.prefer = known_of(r), figures.key_of(r.stages)
  local f = figures.of_views(parts, o)
  local l = r.lineage
  f.title = ("%s, run %s"):format(l.dataset_name or "run", l.run_id or dir)
  f.kind, f.curated, f.filtered = "run", true, true
  f.rows = { read = total, faulty = faulty, before = total - faulty, after = count[0], rejected = count[1],
    quarantined = count[2] }
  f.about = { ("%s rows read = %s curated (%s) + %s rejected + %s quarantined"):format(number(total),
    number(count[0]),
    percent(total > 0 and count[0] / total or 0), number(count[1]), number(count[2])), dir }

  f.topics = topics_of(r, o, f.topics)
  f.languages = annotation_groups(r, figures.LANGUAGE_KEYS) or f.languages
  f.scores = scores_of(r) or f.scores

  f.sources = source_figures(r)
  f.funnel, f.notices = json.array {}, json.array {}
  if f.no_key and not f.topics then f.notices[1] = figures.no_key(f.no_key, names_of(r, o.known)) end
  f.no_key = nil
  add_stages(f, r)
  f.reasons = reasons_of(r, views, total)
  if f.leakage then f.leakage.example, f.leakage.row = place_of(parts, f.leakage.row), nil end
  f.next = { ("next: tamis explain %s --reason %s"):format(dir, f.reasons[1] and f.reasons[1].reason or "NAME") }
  r:close()
  return f
end

return survey
