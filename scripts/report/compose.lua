--- compose: the figures of a run, from its facts: those that its ledger and files keep
-- (report/facts/ledger.lua), or those still in memory at its end (report/facts/memory.lua). Both say the
-- same; this is the one place that makes a report of them.
--
-- Facts are: title, dir, stages = { name, stage, params, seen, removed, edited, seconds }, lineage, parts
-- (figures.of_views), known, pool, and
--   counts()                kept, rejected, quarantined, all, those that could not be read
--   groups(annotation)      { [value] = kept }, { [value] = read }; nil if no stage left it
--   numbers()               names of metrics, names of annotations
--   metric(name [, "untrusted"]), annotation(name)   a column (stats), each row with its status
--   scored(metric [, key])  the rows that have it, in order: { value, status = digits, source = numbers of sources(),
--                           group = what they have under the key, an annotation or a path }, a list each
--   alone(metric, stage, reason [, "stage"])   that of the rows which this reason alone rejected; with
--                           "stage" those that have no other fault of that stage. nil if there is no such metric
--   reasons(most)           list of { stage, reason, count, rows = the first few }
--   row(n), text(row)       a row's record, and its words as far as they may be shown
--   stage(name), short(path), sources(), copies(stage, most, members), place(n)

local balanced = require "report.balanced"
local bounds = require "report.bounds"
local figures = require "report.figures"
local json = require "json"
local judged = require "report.judged"
local notice = require "report.notice"
local marks = require "report.marks"
local meaning = require "report.meaning"
local remedy = require "report.remedy"
local screen = require "report.screen"
local spans = require "report.spans"
local topics_blocks = require "report.topics_blocks"

local compose = {}

compose.DEDUP = { exact_dedup = true, near_dedup = true, semantic_dedup = true }
compose.EXAMPLES = 3      -- of a reason
compose.EXPLAINED = 40    -- reasons with examples
compose.CLUSTERS = 12     -- the largest ones are opened
compose.MEMBERS = 5       -- … with so many of their copies
compose.METRICS = 24      -- distributions drawn
compose.METRIC_BINS = 24

local number, percent = screen.number, screen.percent

-- ---- groups ----

-- The first of some annotations that groups rows.
local function annotation_groups(facts, names)
  for _, name in ipairs(names) do
    local after, before = facts:groups(name)
    if after and figures.named_groups(name, after) then return figures.groups(name, after, before) end
  end
end

-- The topics: by the key asked for, else by that of the stages, else by one that is usual.
local function topics_of(facts, o, found)
  local by = o.by or o.prefer
  local g = by and annotation_groups(facts, { by })
  if g or o.by or found and found.key == by then return g or found end
  return annotation_groups(facts, figures.TOPIC_KEYS) or found
end

--- What is said where no row has the key that was asked for.
local function no_key(facts, key)
  local set, names = {}, {}
  for name in pairs(facts.known or {}) do set[name] = true end
  for _, name in ipairs(select(2, facts:numbers())) do set[name] = true end
  for name in pairs(set) do names[#names + 1] = name end
  table.sort(names)
  return figures.no_key(key, names)
end

-- ---- scores ----

local function scores_of(facts)
  local of_judge = judged.scores(facts)
  if of_judge then return of_judge end
  local names = facts:numbers()
  for _, pattern in ipairs { "%.overall$", "%.score$" } do
    for _, name in ipairs(names) do
      if name:find(pattern) then return figures.scores(name, facts:metric(name)) end
    end
  end
end

-- Every metric and numeric annotation, before and after the filters; lengths have a section of their own.
local function metrics_of(facts)
  local out = json.array {}
  local metrics, annotations = facts:numbers()
  local function add(name, column)
    if #out >= compose.METRICS or not column or column:count() == 0 then return end
    local s = figures.summary(column, "all")
    s.name, s.kept = name, column:count "standing"
    s.histogram = figures.paired(column, compose.METRIC_BINS)
    out[#out + 1] = s
  end
  for _, name in ipairs(metrics) do
    if not (name:find "put_tokens$" or name:find "%.no_vector$") then add(name, facts:metric(name)) end
  end
  for _, name in ipairs(annotations) do add(name, facts:annotation(name)) end
  return out
end

-- ---- examples ----

-- What a verdict rests on, in a few words.
local function why(facts, row)
  local e = row.evidence or {}
  if e.twin then
    local value = e.jaccard or e.cosine
    return ("copies %s%s"):format(remedy.twin_place(facts, e.twin), value and (" (%.3f)"):format(value) or "")
  elseif marks.decided(facts:stage(row.stage), row) then return marks.why(facts:stage(row.stage), row)
  elseif row.reason == "over_cap" or row.reason == "over_target" then
    return ("number %s of its %s"):format(number(e.value), e.field or "group")
  elseif e.language then return ("%s, confidence %s"):format(tostring(e.language), number(e.value, 2))
  elseif type(e.value) == "number" and type(e.threshold) == "number" then
    return ("%s %s, %s %s"):format(e.field or "value", number(e.value, 3), e.value < e.threshold
      and "at least" or "at most", number(e.threshold, 3))
  elseif e.detail then return tostring(e.detail)
  elseif e.spans and e.spans[1] then
    return ("%s in %s"):format(e.spans[1].type or "match", e.spans[1].path or e.spans[1].field or "the row")
  end
end

local function example_of(facts, n)
  local row = facts:row(n)
  return { place = facts:short(row.source) .. ":" .. tostring(row.line), why = why(facts, row),
           text = not spans.held(row) and facts:text(row) or nil }
end

-- A row's words, as far as they may be shown, and where it stands.
local function text_of(facts, n)
  local row = facts:row(n)
  if not row then return nil end
  return not spans.held(row) and facts:text(row) or nil, ("%s:%d"):format(facts:short(row.source), row.line)
end

local function reasons_of(facts, list, total)
  local out = json.array {}
  for i, g in ipairs(list) do
    local item = { stage = g.stage, reason = g.reason, count = g.count, share = g.count / math.max(1, total) }
    if i <= compose.EXPLAINED then
      item.examples = json.array {}
      for k, n in ipairs(g.rows) do item.examples[k] = example_of(facts, n) end
      item.example = item.examples[1]
    end
    out[i] = item
  end
  return out
end

-- ---- copies ----

-- The clusters that each stage left which rejects near copies.
local function clusters_of(facts)
  local out = json.array {}
  for _, s in ipairs(facts.stages) do
    local looked = compose.DEDUP[s.stage] and (s.removed or 0) > 0
    local c = looked and facts:copies(s.name, compose.CLUSTERS, compose.MEMBERS)
    if c and c.clusters > 0 then
      local item = { stage = s.name, clusters = c.clusters, rows = c.rows, sizes = json.array {},
                     largest = json.array {} }
      for i, size in ipairs(c.sizes) do item.sizes[i] = { size = size[1], clusters = size[2] } end
      for i, l in ipairs(c.largest) do
        local first = example_of(facts, l.row)
        local big = { size = l.size, place = first.place, text = first.text, members = json.array {} }
        for k, n in ipairs(l.members) do big.members[k] = example_of(facts, n) end
        item.largest[i] = big
      end
      out[#out + 1] = item
    end
  end
  return #out > 0 and out or nil
end

-- How each stage that sketches its rows proposed the pairs that it then judged.
local function searches_of(lineage)
  local out = json.array {}
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    local g = s.figures
    if g and g.recall_curve and g.slots then
      out[#out + 1] = { stage = s.name, slots = g.slots, bands = g.bands, rows_per_band = g.rows_per_band,
                        candidates = g.candidates, verified = g.verified, pairs = g.pairs, loosest = g.loosest,
                        curve = g.recall_curve }
    end
  end
  return #out > 0 and out or nil
end

-- How each stage that compares vectors looked at all its pairs.
local function vector_searches_of(lineage)
  local out = json.array {}
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    local g = s.figures
    if g and g.pairs_looked_at then
      out[#out + 1] = { stage = s.name, vectors = g.rows - g.without, without = g.without, pairs = g.pairs_looked_at,
                        by_cells = g.by_cluster + g.by_annulus, by_head = g.by_head, head = g.head,
                        proposed = g.proposed, verified = g.pairs, loosest = g.loosest, embedding = g.embedding,
                        recall = g.recall }
    end
  end
  return #out > 0 and out or nil
end

-- The contradictions that a stage found.
local function conflicts_of(lineage)
  local out = json.array {}
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    local g = s.figures
    if g and g.conflict_top and #g.conflict_top > 0 then
      out[#out + 1] = { stage = s.name, rows = g.contradicting, questions = g.contradicted, answered = g.answered,
                        signals = g.signals, top = g.conflict_top }
    end
  end
  return #out > 0 and out or nil
end

-- The sentences that a stage found in many rows.
local function recurring_of(lineage)
  local out = json.array {}
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    local g = s.figures
    if g and g.recurring_top and #g.recurring_top > 0 then
      out[#out + 1] = { stage = s.name, rows = g.rows, recurring = g.recurring, bound = g.bound, top = g.recurring_top }
    end
  end
  return #out > 0 and out or nil
end

-- ---- stages and lineage ----

--- Into f: the funnel, the notices on stages that removed much, and the duplicates.
local function add_stages(f, facts, reasons)
  local removed, dedup = 0, false
  for i, s in ipairs(facts.stages) do
    f.funnel[i] = { name = s.name, stage = s.stage, seen = s.seen or 0, removed = s.removed or 0,
      edited = (s.edited or 0) ~= 0 and s.edited or nil, seconds = s.seconds }
    if compose.DEDUP[s.stage or s.name] then removed, dedup = removed + (s.removed or 0), true end
  end
  for _, text in ipairs(notice.of(facts, reasons)) do f.notices[#f.notices + 1] = { level = "watch", text = text } end
  local ran, back = facts.lineage.stats or {}, 0
  for _, s in ipairs(ran.stage_counts or {}) do back = back + (s.revived or 0) end
  f.copies = { revived = back, groups = ran.groups }
  if dedup and f.rows.before > 0 then f.duplicates = { count = removed, share = removed / f.rows.before } end
end

-- What ran and where it came from, as the lineage has it.
local function record_of(l)
  local config = l.config or {}
  return { run_id = l.run_id, created_at = l.created_at, dataset_name = l.dataset_name, fingerprint = l.fingerprint,
           seed = config.seed, stages = config.stages, recipe = l.recipe, sources = l.sources, gold = l.gold,
           output_files = l.output_files, versions = l.versions, notes = l.notes }
end

--- The figures of a run.
-- @param o  by = the topic key that was asked for, pool
function compose.run(facts, o)
  local kept, rejected, quarantined, total, faulty = facts:counts()
  o.known, o.prefer, o.filtered = facts.known, figures.key_of(facts.stages), true
  o.tokens = facts.tokens
  local f = figures.of_views(facts.parts, o)
  f.title, f.kind, f.curated, f.filtered = facts.title, "run", true, true
  f.rows = { read = total, faulty = faulty, before = total - faulty, after = kept, rejected = rejected,
    quarantined = quarantined }
  f.about = { ("%s read = %s curated (%s) + %s rejected + %s quarantined"):format(screen.count(total, "row"),
    number(kept), percent(total > 0 and kept / total or 0), number(rejected), number(quarantined)), facts.dir }
  f.topics = topics_of(facts, o, f.topics)
  f.languages = annotation_groups(facts, figures.LANGUAGE_KEYS) or f.languages
  f.scores = scores_of(facts) or f.scores
  f.judges = judged.of(facts, f.topics and f.topics.key)
  f.metrics = metrics_of(facts)
  f.sources = facts:sources()
  f.funnel, f.notices = json.array {}, json.array {}
  if f.no_key and not f.topics then f.notices[1] = no_key(facts, f.no_key) end
  f.no_key = nil
  for _, j in ipairs(f.judges or {}) do judged.notices(j, f.notices) end
  local reasons = facts:reasons(compose.EXAMPLES)
  add_stages(f, facts, reasons)
  f.reasons = reasons_of(facts, reasons, total)
  f.bounds = bounds.of(facts, reasons, kept, total)
  f.clusters = clusters_of(facts)
  f.searches = searches_of(facts.lineage)
  f.vector_searches = vector_searches_of(facts.lineage)
  f.recurring = recurring_of(facts.lineage)
  f.conflicts = conflicts_of(facts.lineage)
  meaning.add(f, facts.lineage)
  balanced.add(f, facts.lineage)
  topics_blocks.texts(f, function(n) return text_of(facts, n) end)
  f.lineage = record_of(facts.lineage)
  if f.leakage then f.leakage.example, f.leakage.row = facts:place(f.leakage.row), nil end
  f.next = { ("next: tamis explain %s --reason %s"):format(facts.dir, f.reasons[1] and f.reasons[1].reason or "NAME") }
  return f
end

return compose
