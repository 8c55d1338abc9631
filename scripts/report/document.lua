--- document: figures and checks as a list of blocks, which the terminal, Markdown and later HTML
-- render. Cells hold text as it is; each renderer makes it safe for where it is shown.

local screen = require "report.screen"

local document = {}

local number, percent = screen.number, screen.percent

document.TOPICS = 20      -- topics listed; the rest are one line
document.REASONS = 12     -- reasons listed with an example each

local function add(blocks, block) blocks[#blocks + 1] = block end

local function plural(n, one, many) return number(n) .. " " .. (n == 1 and one or many or one .. "s") end

local function head(f, blocks)
  add(blocks, { kind = "title", text = f.title })
  for _, line in ipairs(f.about or {}) do add(blocks, { kind = "text", text = line }) end
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
  local rows, changed = {}, false
  for _, s in ipairs(f.funnel) do changed = changed or s.edited ~= nil end
  for i, s in ipairs(f.funnel) do
    local before = f.funnel[i - 1]
    local fused = before and s.seconds and s.seconds == before.seconds   -- one pass, timed as one
    rows[#rows + 1] = { s.name, number(s.seen), number(s.removed), percent(s.seen > 0 and s.removed / s.seen or 0),
                        number(s.seen - s.removed),
                        fused and "same pass" or s.seconds and string.format("%.2f s", s.seconds) or "" }
    if changed then table.insert(rows[#rows], 5, s.edited and number(s.edited) or "") end
  end
  local columns = { { "stage", flex = true }, { "seen", "right" }, { "removed", "right" }, { "share", "right" },
                    { "left", "right" }, { "time", "right" } }
  if changed then table.insert(columns, 5, { "changed", "right" }) end
  add(blocks, { kind = "table", columns = columns, rows = rows })
end

local function reasons(f, blocks)
  if not f.reasons or #f.reasons == 0 then return end
  add(blocks, { kind = "heading", text = "Why rows were rejected" })
  local rows = {}
  for i, r in ipairs(f.reasons) do
    if i > document.REASONS then
      rows[#rows + 1] = { label = ("and %s"):format(plural(#f.reasons - i + 1, "more reason")) }
      break
    end
    rows[#rows + 1] = { label = r.stage .. ": " .. r.reason, count = r.count, share = r.share,
                        place = r.example and r.example.place, detail = r.example and r.example.why,
                          example = r.example and r.example.text }
  end
  add(blocks, { kind = "reasons", rows = rows })
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
  for _, field in ipairs { "input", "output" } do
    local l = f.lengths[field] and f.lengths[field].after
    if l and l.histogram then
      add(blocks, { kind = "histogram", text = field .. " tokens", edges = l.histogram.edges,
        counts = l.histogram.counts })
    end
  end
end

local function groups(title, g, blocks)
  if not g then return end
  add(blocks, { kind = "heading", text = title })
  local rows, rest, rest_n = {}, 0, 0
  for i, x in ipairs(g.groups) do
    if i <= document.TOPICS then rows[#rows + 1] = { label = x.name, count = x.count, share = x.share }
    else rest, rest_n = rest + x.count, rest_n + 1 end
  end
  if rest_n > 0 then
    rows[#rows + 1] = { label = ("(%s more)"):format(number(rest_n)), count = rest, share = rest / g.total,
      faint = true }
  end
  add(blocks, { kind = "bars", rows = rows })
end

local function topics(f, blocks)
  local t = f.topics
  if not t then return end
  groups(("Topics by %s: %s, largest %sx the smallest (balanced under 10x)"):format(
    t.key, plural(#t.groups, "group"), number(t.imbalance, 1)), t, blocks)
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
  notices(f, blocks)
  checks(list, blocks)
  funnel(f, blocks)
  reasons(f, blocks)
  lengths(f, blocks)
  topics(f, blocks)
  groups("Languages", f.languages, blocks)
  sources(f, blocks)
  scores(f, blocks)
  pitfalls(f, blocks)
  for _, line in ipairs(f.next or {}) do add(blocks, { kind = "next", text = line }) end
  return blocks
end

return document
