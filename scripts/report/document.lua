--- document: figures and checks as a list of blocks, which the terminal, Markdown, CSV and the page
-- render. Cells hold text as it is; each renderer makes it safe for where it is shown. A block with
-- `most` shows that many of its rows where there is little room; a page shows them all.

local balanced = require "report.balanced"
local copies = require "report.copies"
local json = require "json"
local judged_blocks = require "report.judged_blocks"
local meaning_blocks = require "report.meaning_blocks"
local screen = require "report.screen"
local style_blocks = require "report.style_blocks"
local topics_blocks = require "report.topics_blocks"

local document = {}

local number, percent = screen.number, screen.percent

document.TOPICS = 20      -- topics listed; the rest are one line
document.REASONS = 12     -- reasons listed with an example each
document.SOURCES = 8      -- sources that are compared stage by stage
document.WHY = 4          -- of them in the headline
document.PAGE = 200       -- rows of a list that a page shows
document.RECIPE = 65536   -- bytes of a recipe's file that a page shows

local function add(blocks, block) blocks[#blocks + 1] = block end

local function plural(n, one, many) return number(n) .. " " .. (n == 1 and one or many or one .. "s") end

local function head(f, blocks)
  add(blocks, { kind = "title", text = f.title })
  for _, line in ipairs(f.about or {}) do add(blocks, { kind = "text", text = line }) end
end

--- Rows in and out, and what took most of the rest.
local function headline(f, blocks)
  local r, block = f.rows, { kind = "headline", cards = {}, why = {} }
  local function card(label, value, note)
    block.cards[#block.cards + 1] = { label = label, value = value, note = note }
  end
  card("rows in", number(r.read), r.faulty > 0 and number(r.faulty) .. " could not be read" or nil)
  if f.filtered then
    local share = percent(r.read > 0 and r.after / r.read or 0)
    card("kept", number(r.after), share)
    local quarantined = r.quarantined or 0
    card("not kept", number(r.read - r.after), quarantined > 0 and number(quarantined) .. " quarantined" or nil)
    for i = 1, math.min(document.WHY, #(f.reasons or {})) do
      local why = f.reasons[i]
      block.why[i] = { label = why.stage .. ": " .. why.reason, count = why.count }
    end
  end
  add(blocks, block)
end

local function notices(f, blocks)
  for _, n in ipairs(f.notices or {}) do
    add(blocks, { kind = "notice", level = n.level or "watch", text = n.text })
  end
end

local function checks(list, blocks)
  add(blocks, { kind = "heading", text = "Health" })
  add(blocks, { kind = "checks", rows = list })
end

local function funnel(f, blocks)
  if not f.funnel then return end
  add(blocks, { kind = "heading", text = "Stages" })
  local rows, bars, changed = {}, {}, false
  local read = math.max(1, f.rows.read)
  for _, s in ipairs(f.funnel) do changed = changed or s.edited ~= nil end
  for i, s in ipairs(f.funnel) do
    local before = f.funnel[i - 1]
    local fused = before and s.seconds and s.seconds == before.seconds   -- one pass, timed as one
    rows[#rows + 1] = { s.name, number(s.seen), number(s.removed), percent(s.seen > 0 and s.removed / s.seen or 0),
                        number(s.seen - s.removed),
                        fused and "same pass" or s.seconds and string.format("%.2f s", s.seconds) or "" }
    bars[i] = { { "now", (s.seen - s.removed) / read }, { "gone", s.removed / read } }
    if changed then table.insert(rows[#rows], 5, s.edited and number(s.edited) or "") end
  end
  local columns = { { "stage", flex = true }, { "seen", "right" }, { "removed", "right" }, { "share", "right" },
                    { "left", "right" }, { "time", "right" } }
  if changed then table.insert(columns, 5, { "changed", "right" }) end
  add(blocks, { kind = "table", columns = columns, rows = rows, bars = bars })
  local back = f.copies or { revived = 0 }
  for _, text in ipairs(copies.lines(back.revived, back.groups)) do add(blocks, { kind = "text", text = text }) end
end

local function reasons(f, blocks)
  if not f.reasons or #f.reasons == 0 then return end
  add(blocks, { kind = "heading", text = "Why rows were rejected" })
  local rows = {}
  for i, r in ipairs(f.reasons) do
    rows[i] = { label = r.stage .. ": " .. r.reason, count = r.count, share = r.share, examples = r.examples,
                place = r.example and r.example.place, detail = r.example and r.example.why,
                example = r.example and r.example.text }
  end
  add(blocks, { kind = "reasons", rows = rows, most = document.REASONS })
end

local LENGTH_COLUMNS = { { "tokens", flex = true }, { "count", "right" }, { "mean", "right" }, { "median", "right" },
  { "P10", "right" }, { "P90", "right" }, { "P99", "right" }, { "min", "right" }, { "max", "right" },
  { "total", "right" } }

local function length_row(label, l)
  return { label, number(l.count), number(l.mean), number(l.median), number(l.p10, 0), number(l.p90, 0),
           number(l.p99, 0), number(l.min), number(l.max), number(l.total) }
end

local function lengths(f, blocks)
  local rows, total = {}, 0
  for _, field in ipairs { "input", "output" } do
    local l = f.lengths[field]
    if l and l.before and f.filtered then rows[#rows + 1] = length_row(field .. ", read", l.before) end
    if l and l.after then
      rows[#rows + 1] = length_row(f.filtered and field .. ", kept" or field, l.after)
      total = total + l.after.total
    end
  end
  if #rows == 0 then return end
  add(blocks, { kind = "heading", text = "Lengths" })
  add(blocks, { kind = "table", columns = LENGTH_COLUMNS, rows = rows })
  local tokens = "%s tokens in all (white-space words; one a character where a script has no blanks)"
  add(blocks, { kind = "text", text = tokens:format(number(total)) })
  local charts = {}
  for _, field in ipairs { "input", "output" } do
    local h = f.lengths[field] and f.lengths[field].histogram
    if h then
      charts[#charts + 1] = { text = field .. " tokens", edges = h.edges, counts = h.counts,
                              before = f.filtered and h.before or nil }
    end
  end
  add(blocks, { kind = "charts", charts = charts })
end

local function groups(title, name, g, blocks)
  if not g then return end
  add(blocks, { kind = "heading", text = title, name = name })
  local rows, rest, rest_before, rest_n = {}, 0, g.imbalance_before and 0, 0
  for i, x in ipairs(g.groups) do
    if i <= document.PAGE then
      rows[i] = { label = x.name, count = x.count, share = x.share, before = x.before }
    else
      rest, rest_n, rest_before = rest + x.count, rest_n + 1, rest_before and rest_before + x.before
    end
  end
  if rest_n > 0 then
    rows[#rows + 1] = { label = ("(%s more)"):format(number(rest_n)), count = rest, share = rest / math.max(1, g.total),
                        before = rest_before, faint = true }
  end
  add(blocks, { kind = "bars", label = name:lower(), rows = rows, most = document.TOPICS, all = #g.groups })
end

local function topics(f, blocks)
  local t = f.topics
  if not t then return end
  local before = f.filtered and t.imbalance_before
  groups(("Topics by %s: %s, largest %sx the smallest (balanced under 10x)"):format(t.key,
    plural(#t.groups, "group"), number(t.imbalance, 1)), "Topics", t, blocks)
  if before then
    local text = ("As read, the largest was %sx the smallest."):format(number(before, 1))
    for _, g in ipairs(t.groups) do
      if g.name == "unknown" then
        text = text .. ' Rows without a topic are "unknown", those too that left before the stage which sets it.'
      end
    end
    add(blocks, { kind = "text", text = text })
  end
end

local function sources(f, blocks)
  if not f.sources or #f.sources == 0 then return end
  add(blocks, { kind = "heading", text = "Sources" })
  local rows = {}
  for _, s in ipairs(f.sources) do
    local row = { s.name or s.path, s.kind or "-", s.format or "-", number(s.rows), screen.bytes(s.bytes or 0) }
    if f.filtered then row[#row + 1], row[#row + 2] = number(s.kept), percent(s.rows > 0 and s.kept / s.rows or 0) end
    rows[#rows + 1] = row
  end
  local columns = { { "source", flex = true }, { "kind" }, { "format" }, { "rows", "right" }, { "size", "right" } }
  if f.filtered then columns[6], columns[7] = { "kept", "right" }, { "share", "right" } end
  add(blocks, { kind = "table", columns = columns, rows = rows })
end

--- What took the rows of each source.
local function source_stages(f, blocks)
  if not f.filtered or #(f.sources or {}) < 2 then return end
  local names, seen = {}, {}
  local function name(n) if not seen[n] then seen[n], names[#names + 1] = true, n end end
  for _, s in ipairs(f.sources) do if s.removed and s.removed.load then name "load" end end
  for _, stage in ipairs(f.funnel or {}) do if stage.removed > 0 then name(stage.name) end end
  if #names == 0 then return end
  local rows, columns = {}, { { "removed by", flex = true } }
  for i, s in ipairs(f.sources) do
    if i <= document.SOURCES then columns[i + 1] = { s.name or s.path, "right" } end
  end
  for i, n in ipairs(names) do
    rows[i] = { n }
    for k = 1, #columns - 1 do
      local s = f.sources[k]
      local removed = s.removed and s.removed[n] or 0
      rows[i][k + 1] = removed == 0 and "" or percent(removed / math.max(1, s.rows))
    end
  end
  add(blocks, { kind = "table", columns = columns, rows = rows, wide = true })
end

local function scores(f, blocks)
  local s = f.scores
  if not s then return end
  add(blocks, { kind = "heading", text = "Scores (" .. s.name .. ", all rows)" })
  local columns = { { "count", "right" }, { "mean", "right" }, { "P25", "right" }, { "median", "right" },
                    { "P75", "right" }, { "min", "right" }, { "max", "right" }, { "under 3.0", "right" } }
  local row = { number(s.count), number(s.mean, 2), number(s.p25, 2), number(s.median, 2), number(s.p75, 2),
                number(s.min, 2), number(s.max, 2), percent(s.below_3) }
  add(blocks, { kind = "table", columns = columns, rows = { row } })
  add(blocks, { kind = "histogram", text = s.name, edges = s.histogram.edges, counts = s.histogram.counts })
end

--- Every metric and numeric annotation.
local function metrics(f, blocks)
  if #(f.metrics or {}) == 0 then return end
  add(blocks, { kind = "heading", text = "Measured by the stages", name = "Metrics" })
  local rows, charts = {}, {}
  for i, m in ipairs(f.metrics) do
    local function n(v) return number(v, 3) end
    rows[i] = { m.name, number(m.count), number(m.kept), n(m.mean), n(m.p10), n(m.median), n(m.p90), n(m.min),
                n(m.max) }
    charts[i] = { text = m.name, edges = m.histogram.edges, counts = m.histogram.counts, before = m.histogram.before }
  end
  local columns = { { "metric", flex = true } }
  for i, name in ipairs { "rows", "kept", "mean", "P10", "median", "P90", "min", "max" } do
    columns[i + 1] = { name, "right" }
  end
  add(blocks, { kind = "table", rows = rows, columns = columns })
  add(blocks, { kind = "charts", charts = charts, small = true })
end

local THRESHOLDS = "Each alone, all else as in this run. Rows that would go and rows that come back are counted exactly"
  .. " from the stored figures; the stages behind are not run again, so rows that come back may yet fall there."

local function thresholds(f, blocks)
  if #(f.bounds or {}) == 0 then return end
  add(blocks, { kind = "heading", text = "Other thresholds", name = "Thresholds" })
  add(blocks, { kind = "text", text = THRESHOLDS })
  add(blocks, { kind = "bounds", rows = f.bounds })
end

local function clusters(f, blocks)
  for _, c in ipairs(f.clusters or {}) do
    add(blocks, { kind = "heading", text = ("Copies found by %s: %s rows of %s"):format(c.stage, number(c.rows),
      plural(c.clusters, "cluster")), name = #f.clusters == 1 and "Copies" or "Copies: " .. c.stage })
    local rows = {}
    for i, s in ipairs(c.sizes) do
      rows[i] = { label = number(s.size), count = s.clusters, share = s.clusters / c.clusters }
    end
    add(blocks, { kind = "bars", label = "rows in the cluster", unit = "clusters", rows = rows, most = 8, all = #rows })
    local largest = {}
    for i, l in ipairs(c.largest) do
      largest[i] = { size = l.size, place = l.place, text = l.text, members = l.members,
                     more = l.size - 1 - #l.members }
    end
    add(blocks, { kind = "clusters", rows = largest, most = 3 })
  end
end

-- The chance that a pair was looked at, by its Jaccard; what was looked at was then judged exactly.
local function searches(f, blocks)
  for _, x in ipairs(f.searches or {}) do
    add(blocks, { kind = "heading", text = ("Pairs that %s proposed, by Jaccard: %d bands of %d slots"):format(x.stage,
      x.bands, x.rows_per_band), name = #f.searches == 1 and "Pairs proposed" or "Pairs proposed: " .. x.stage })
    local text = ("%s proposed, %s compared shingle by shingle, %s verified stand in the ledger"):format(
      plural(x.candidates, "pair"), number(x.verified), number(x.pairs))
    if x.loosest then
      text = ("%s; the loosest Jaccard of a removed row and the one kept for it is %.3f"):format(text, x.loosest)
    end
    add(blocks, { kind = "text", text = text })
    local rows = {}
    for i, point in ipairs(x.curve) do
      rows[i] = { ("%.2f"):format(point.jaccard), percent(point.probability) }
    end
    add(blocks, { kind = "table", columns = { { "Jaccard", "right" }, { "proposed", "right" } }, rows = rows })
  end
end

-- How many pairs of vectors there were, and what it took to look at all of them.
local function vector_searches(f, blocks)
  for _, x in ipairs(f.vector_searches or {}) do
    add(blocks, { kind = "heading", text = ("Vectors that %s compared: %s"):format(x.stage,
      x.embedding), name = #f.vector_searches == 1 and "Vectors compared" or "Vectors compared: " .. x.stage })
    local parts = {}
    local function part(n, words)
      if n > 0 then parts[#parts + 1] = ("%s %s"):format(percent(n / x.pairs), words) end
    end
    part(x.by_cells, "were ruled out as their cells lie too far apart")
    part(x.by_head, ("by the first %d numbers of the vectors"):format(x.head))
    local text = ("%s of %s: %s%s measured in double, %s verified stand in the ledger"):format(plural(x.pairs, "pair"),
      plural(x.vectors, "vector"), table.concat(parts, ", "), #parts > 0 and "; " .. number(x.proposed)
      or number(x.proposed), number(x.verified))
    if x.loosest then
      text = ("%s; the loosest cosine of a removed row and the one kept for it is %.3f"):format(text, x.loosest)
    end
    if x.recall then text = ("%s. The index proposed %s of the pairs of a sample"):format(text, percent(x.recall)) end
    if x.without > 0 then
      text = ("%s. %s without a vector, compared with nobody"):format(text, plural(x.without, "row"))
    end
    add(blocks, { kind = "text", text = text })
  end
end

-- The sentences that stand in many rows, whatever became of the rows.
local function recurring(f, blocks)
  for _, x in ipairs(f.recurring or {}) do
    local rows = {}
    for i, t in ipairs(x.top) do
      local first = ("%s:%d"):format(t.first.source:match "[^/]*$", t.first.line)
      rows[i] = { number(t.rows), percent(t.share), first, t.text }
    end
    add(blocks, { kind = "heading", text = ("Sentences that recur, by %s: %s in %s rows or more of %s"):format(x.stage,
      number(x.recurring), number(x.bound), number(x.rows)),
      name = #f.recurring == 1 and "Recurring sentences" or "Recurring sentences: " .. x.stage })
    add(blocks, { kind = "table", rows = rows, columns = { { "rows", "right" }, { "share", "right" }, { "first" },
                                                           { "sentence", flex = true } } })
  end
end

-- Answers to one question that contradict each other, whatever became of the rows.
local function conflicts(f, blocks)
  local function place(x) return ("%s:%d"):format(x.source:match "[^/]*$", x.line) end
  for _, x in ipairs(f.conflicts or {}) do
    local rows = {}
    for i, t in ipairs(x.top) do
      rows[i] = { t.signal, place(t.a) .. ", " .. place(t.b), t.input, t.a.text .. " | " .. t.b.text }
    end
    add(blocks, { kind = "heading", text = ("Contradictions found by %s: %s, of %s questions with several answers")
      :format(x.stage, plural(x.rows, "row"), number(x.answered)),
      name = #f.conflicts == 1 and "Contradictions" or "Contradictions: " .. x.stage })
    add(blocks, { kind = "table", rows = rows, wide = true,
                  columns = { { "sign" }, { "rows" }, { "question", flex = true }, { "answers", flex = true } } })
  end
end

-- A value of a stage's parameters in one line.
local function shown(v) return type(v) == "table" and json.encode(v) or tostring(v) end

local function recipe(f, blocks)
  local l = f.lineage
  if not l or not l.stages then return end
  add(blocks, { kind = "heading", text = "Recipe as it ran", name = "Recipe" })
  local rows = {}
  for _, s in ipairs(l.stages) do
    local names, values = {}, {}
    for name in pairs(s.params or {}) do names[#names + 1] = name end
    table.sort(names)
    for i, name in ipairs(names) do values[i] = name .. " = " .. shown(s.params[name]) end
    rows[#rows + 1] = { s.name, table.concat(values, ", ") }
  end
  add(blocks, { kind = "table", columns = { { "stage" }, { "parameters", flex = true } }, rows = rows })
  for _, file in ipairs(l.recipe or {}) do
    if file.text then
      add(blocks, { kind = "code", text = file.path, code = file.text:sub(1, document.RECIPE) })
    end
  end
end

local function lineage(f, blocks)
  local l = f.lineage
  if not l then return end
  add(blocks, { kind = "heading", text = "Lineage" })
  local rows = {}
  local function row(name, value) if value then rows[#rows + 1] = { name, tostring(value) } end end
  row("run", l.run_id)
  row("created", l.created_at)
  row("seed", l.seed)
  row("fingerprint of the output", l.fingerprint)
  local labels = { sources = "source", gold = "gold set", output_files = "output", recipe = "recipe file",
                   models = "model" }
  for _, kind in ipairs { "sources", "gold", "output_files", "recipe", "models" } do
    local label = labels[kind]
    for i, s in ipairs(l[kind] or {}) do
      if i <= document.PAGE then
        row(("%s %s"):format(label, s.path), ("%s%s"):format(s.rows and number(s.rows) .. " rows, " or "",
          s.sha256 and "sha256 " .. s.sha256 or "no hash"))
      end
    end
  end
  local versions = {}
  for name, v in pairs(l.versions or {}) do versions[#versions + 1] = name .. " " .. tostring(v) end
  table.sort(versions)
  if #versions > 0 then row("versions", table.concat(versions, ", ")) end
  add(blocks, { kind = "table", columns = { { "what" }, { "value", flex = true } }, rows = rows })
end

local function pitfalls(f, blocks)
  local rows = {}
  if f.leakage and f.leakage.count > 0 then
    rows[#rows + 1] = ("answers that stand in their own input (of %d bytes or more): %s rows, %s%s"):format(
      f.leakage.least_bytes, number(f.leakage.count), percent(f.leakage.share),
      f.leakage.example and "; first: " .. f.leakage.example or "")
  end
  if f.time then
    rows[#rows + 1] = ("%s runs from %s to %s; half of the rows are later than %s"):format(f.time.path,
      f.time.first, f.time.last, f.time.median)
  end
  if #rows == 0 then return end
  add(blocks, { kind = "heading", text = "Worth a look" })
  for _, r in ipairs(rows) do add(blocks, { kind = "text", text = r }) end
end

--- The blocks of a report.
function document.report(f, list)
  local blocks = {}
  head(f, blocks)
  headline(f, blocks)
  notices(f, blocks)
  checks(list, blocks)
  funnel(f, blocks)
  reasons(f, blocks)
  lengths(f, blocks)
  topics(f, blocks)
  topics_blocks.add(f, blocks)
  groups("Languages", "Languages", f.languages, blocks)
  thresholds(f, blocks)
  clusters(f, blocks)
  searches(f, blocks)
  vector_searches(f, blocks)
  recurring(f, blocks)
  conflicts(f, blocks)
  style_blocks.add(f, blocks)
  balanced.blocks(f, blocks)
  meaning_blocks.add(f, blocks)
  sources(f, blocks)
  source_stages(f, blocks)
  scores(f, blocks)
  judged_blocks.add(f, blocks)
  metrics(f, blocks)
  pitfalls(f, blocks)
  recipe(f, blocks)
  lineage(f, blocks)
  for _, line in ipairs(f.next or {}) do add(blocks, { kind = "next", text = line }) end
  return blocks
end

return document
