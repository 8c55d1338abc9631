--- report: statistics and health checks of a view in memory, drawn as `tamis report` draws them.

local compose = require "report.compose"
local document = require "report.document"
local figures = require "report.figures"
local health = require "report.health"
local json = require "json"
local keys = require "run.keys"
local meaning = require "report.meaning"
local remedy = require "report.remedy"
local screen = require "report.screen"
local show = require "repl.show"
local topics_blocks = require "report.topics_blocks"

local number, percent = screen.number, screen.percent

local function reasons_of(native, stages)
  local out = json.array {}
  for i, r in ipairs(native:reasons()) do
    local row = native:row(r.example)
    out[i] = { stage = r.stage, reason = r.reason, count = r.count, share = r.count / math.max(1, #native),
               example = { place = ("#%d %s:%d"):format(r.example, row.source, row.line),
                           why = remedy.words(stages, row),
                           text = native:field(r.example, "input") or native:field(r.example, "output") } }
  end
  return out
end

-- The sources with the rows kept of each; the rows of a source stand together, in order.
local function sources_of(native, sources)
  local out, standing, at, last = json.array {}, native:rows_of "standing", 1, 0
  for i, s in ipairs(sources) do
    local first = at
    last = last + s.rows
    while standing[at] and standing[at] <= last do at = at + 1 end
    out[i] = { path = s.path, kind = s.kind, generator = s.generator, format = s.format, rows = s.rows,
               bytes = s.bytes, kept = at - first }
  end
  return out
end

-- The funnel; and what the stages that look for copies removed, nil if none ran.
local function funnel_of(history)
  local out, removed, dedup = json.array {}, 0, false
  for i, h in ipairs(history) do
    out[i] = { name = h.name, stage = h.stage, seen = h.seen, removed = h.removed, edited = h.edited,
               seconds = h.seconds }
    if compose.DEDUP[h.stage] then removed, dedup = removed + h.removed, true end
  end
  return #out > 0 and out or nil, dedup and removed or nil
end

return function(o, options)
  local native = o.view
  local stages = require "repl.view".stages { _ = o }
  local standing, rejected, quarantined = native:counts()
  local faulty = #native:rows_of("rejected", nil, "load")
  local by = options and options.by
  local f = figures.of_views({ { view = native, as = "standing" } }, { pool = o.session.pool, by = by,
    prefer = figures.key_of(stages.stages) })
  if f.no_key then f.notices, f.no_key = { figures.no_key(f.no_key, keys.of(native)) }, nil end
  local sources = native:sources()
  f.title = #sources == 1 and sources[1].path or ("%d files"):format(#sources)
  f.kind, f.filtered, f.curated = "view", #o.history > 0, #o.history > 0
  f.rows = { read = #native, faulty = faulty, before = #native - faulty, after = standing,
             rejected = rejected, quarantined = quarantined }
  f.about = { ("%s rows = %s kept (%s) + %s rejected%s"):format(number(#native), number(standing),
    percent(#native > 0 and standing / #native or 0), number(rejected),
    quarantined > 0 and " + " .. number(quarantined) .. " quarantined" or "") }
  f.sources = sources_of(native, sources)
  f.reasons = reasons_of(native, stages)
  local copies
  f.funnel, copies = funnel_of(o.history)
  if copies and f.rows.before > 0 then f.duplicates = { count = copies, share = copies / f.rows.before } end
  if f.leakage and f.leakage.row then
    local at = native:row(f.leakage.row)
    f.leakage.example, f.leakage.row = ("%s:%d"):format(at.source, at.line), nil
  end
  meaning.add(f, { stats = { stage_counts = o.history } })
  topics_blocks.texts(f, function(n)
    return native:field(n, "input") or native:field(n, "output"), "#" .. n
  end)
  local checks = health.examine(f)
  local blocks = document.report(f, checks)
  f.health = checks
  return show.blocks(blocks, f, "report")
end
