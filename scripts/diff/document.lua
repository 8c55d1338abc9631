--- document: the figures of a diff as blocks (report/document.lua), and in one sentence.

local changes = require "diff.changes"
local screen = require "report.screen"

local document = {}

local number, percent, count = screen.number, screen.percent, screen.count

document.GROUPS = 12      -- topics or languages shown
document.MOVES = 8
document.CHANGES = 20

local function add(blocks, block) blocks[#blocks + 1] = block end

local function median(f, field, which)
  local l = f.lengths[field]
  return l and l[which] and l[which].median
end

--- "A 500,000 rows, B 5,000: 4,120 of B are in A as they are, 611 edited, 269 new; …"
function document.sentence(f)
  local a, b = f.a.rows, f.b.rows
  local parts = {}
  if f.edited == 0 and f.added == 0 and f.removed == 0 then
    parts[1] = ("A and B hold the same %s"):format(count(a, "row"))
  else
    parts[1] = ("A %s, B %s: %s of B %s in A as %s, %s edited, %s new"):format(count(a, "row"), number(b),
      number(f.same), f.same == 1 and "is" or "are", f.same == 1 and "it is" or "they are", number(f.edited),
      number(f.added))
    parts[2] = ("%s of A %s gone"):format(number(f.removed), f.removed == 1 and "is" or "are")
  end
  local x, y = median(f, "output", "a"), median(f, "output", "b")
  if x and y then
    parts[#parts + 1] = x == y and ("output p50 %s as before"):format(number(x))
      or ("output p50 %s → %s"):format(number(x), number(y))
  end
  if f.topics and f.topics.moved > 0 then
    parts[#parts + 1] = ("%s to another %s"):format(count(f.topics.moved, "row moved", "rows moved"), f.topics.key)
  end
  return table.concat(parts, "; ")
end

-- ---- rows ----

local ASKED = { asked = "as asked", recipe = "the recipe's id", found = "found: every row has one of its own" }

local function how(f)
  local text
  if f.id.key then
    text = ("Rows are matched by %s (%s), then by content"):format(f.id.key, ASKED[f.id.how])
  elseif f.id.numbers then
    text = ("Rows are matched by content: %s does not name the same rows in both (--id %s uses it nonetheless)")
      :format(f.id.numbers, f.id.numbers)
  else
    text = "Rows are matched by content"
  end
  if f.near then
    text = ("%s, then by likeness (Jaccard of %s or above)"):format(text, number(f.near, 2))
  end
  return text .. "."
end

local function side_line(letter, s)
  local parts = { ("%s  %s"):format(letter, s.title), count(s.rows, "row") }
  if #s.formats > 0 then parts[#parts + 1] = table.concat(s.formats, ", ") end
  if s.faulty > 0 then parts[#parts + 1] = ("%s that could not be read left out"):format(number(s.faulty)) end
  return table.concat(parts, ", ")
end

local function share(n, of) return of > 0 and percent(n / of) or "-" end

local function rows(f, blocks)
  local a, b, out = f.a.rows, f.b.rows, {}
  local function row(label, n, in_a, in_b)
    out[#out + 1] = { label, number(n), in_a and share(n, a) or "", in_b and share(n, b) or "" }
  end
  row("as they were", f.same, true, true)
  row("edited", f.edited, true, true)
  for _, kind in ipairs { { "id", "  same id, other text" }, { "near", "  much alike" },
                          { "folded", "  case or white space alone" } } do
    if f.edited_by[kind[1]] > 0 then row(kind[2], f.edited_by[kind[1]], true, true) end
  end
  row("added (in B alone)", f.added, false, true)
  row("removed (in A alone)", f.removed, true, false)
  add(blocks, { kind = "heading", text = "Rows" })
  add(blocks, { kind = "table", rows = out, columns = { { "rows", flex = true }, { "count", "right" },
    { "of A", "right" }, { "of B", "right" } } })
  add(blocks, { kind = "text", text = how(f) })
end

-- ---- examples ----

local LIKE = { id = "same id", folded = "case or white space alone" }

local function text_of(fields)
  return fields.input and fields.input:find "%S" and fields.input or fields.output or ""
end

local function edits(f, blocks)
  if #f.examples.edited == 0 then return end
  add(blocks, { kind = "heading", text = ("Edited: %s of %s"):format(number(#f.examples.edited), number(f.edited)),
    name = "Edited" })
  for _, e in ipairs(f.examples.edited) do
    local block = { kind = "edit", text = ("%s → %s  %s"):format(e.a.place, e.b.place,
      e.jaccard and ("Jaccard %.2f"):format(e.jaccard) or LIKE[e.by] or ""), fields = {} }
    for _, name in ipairs { "system", "input", "output", "alternative" } do
      local x, y = e.a.fields[name] or "", e.b.fields[name] or ""
      if x ~= y then block.fields[#block.fields + 1] = { name = name, before = x, after = y } end
    end
    add(blocks, block)
  end
end

local function others(f, blocks)
  for _, kind in ipairs { { "added", "b", "Added" }, { "removed", "a", "Removed" } } do
    local list = f.examples[kind[1]]
    if #list > 0 then
      add(blocks, { kind = "heading", text = ("%s: %s of %s"):format(kind[3], number(#list), number(f[kind[1]])),
        name = kind[3] })
      local rows_of = {}
      for i, e in ipairs(list) do
        local x = e[kind[2]]
        rows_of[i] = { x.place, (text_of(x.fields):sub(1, 400):gsub("%s+", " "):gsub("^ ", "")) }
      end
      add(blocks, { kind = "table", rows = rows_of, columns = { { "row" }, { "text", flex = true } } })
    end
  end
end

-- ---- drift ----

local function lengths(f, blocks)
  local out, charts = {}, {}
  for _, field in ipairs { "input", "output" } do
    local l = f.lengths[field]
    for _, which in ipairs { "a", "b" } do
      local s = l and l[which]
      if s then
        out[#out + 1] = { ("%s, %s"):format(field, which:upper()), number(s.mean), number(s.p10, 0), number(s.median),
          number(s.p90, 0), number(s.p99, 0), number(s.max), number(s.total) }
      end
    end
    if l and l.histogram then charts[#charts + 1] = { field, l.histogram } end
  end
  if #out == 0 then return end
  add(blocks, { kind = "heading", text = "Lengths" })
  local columns = { { "tokens", flex = true } }
  for i, name in ipairs { "mean", "P10", "median", "P90", "P99", "max", "total" } do
    columns[i + 1] = { name, "right" }
  end
  add(blocks, { kind = "table", columns = columns, rows = out })
  for _, c in ipairs(charts) do
    local h = c[2]
    add(blocks, { kind = "drift", text = c[1] .. " tokens", edges = h.edges, a = h.a, b = h.b })
  end
end

local function groups(title, g, blocks)
  if not g then return end
  add(blocks, { kind = "heading", text = title, name = g.key })
  local rows_of, rest = {}, { label = "", a = 0, b = 0, share_a = 0, share_b = 0, faint = true }
  for i, x in ipairs(g.groups) do
    if i <= document.GROUPS then
      rows_of[i] = { label = x.name, a = x.a, b = x.b, share_a = x.share_a, share_b = x.share_b }
    else
      rest.a, rest.b = rest.a + x.a, rest.b + x.b
      rest.share_a, rest.share_b = rest.share_a + x.share_a, rest.share_b + x.share_b
    end
  end
  if #g.groups > document.GROUPS then
    rest.label = ("(%s more)"):format(number(#g.groups - document.GROUPS))
    rows_of[#rows_of + 1] = rest
  end
  add(blocks, { kind = "drift", rows = rows_of })
end

local function topics(f, blocks)
  local t, one = f.topics, f.topics_of_one
  if one then
    local with, without = one.side:upper(), one.side == "a" and "B" or "A"
    add(blocks, { kind = "heading", text = "Topics: not compared", name = "Topics" })
    local text = ("rows of %s have a %s, those of %s have none"):format(with, one.key, without)
    add(blocks, { kind = "text", text = text })
  end
  if not t then return end
  groups(("Topics by %s: %s of the shares moved"):format(t.key, percent(t.shift)), t, blocks)
  if t.moved == 0 then return end
  local out = {}
  for i = 1, math.min(document.MOVES, #t.moves) do
    local m = t.moves[i]
    out[i] = { m.from, m.to, number(m.rows) }
  end
  add(blocks, { kind = "text", text = ("%s of those in both %s another %s%s"):format(count(t.moved, "row"),
    t.moved == 1 and "has" or "have", t.key, #t.moves > #out and ", most often:" or ":") })
  add(blocks, { kind = "table", rows = out, columns = { { "from" }, { "to", flex = true }, { "rows", "right" } } })
end

local function languages(f, blocks)
  local l = f.languages
  if not l then return end
  local of = l.sampled and (" (told from %s and %s rows)"):format(number(l.sampled.a), number(l.sampled.b)) or ""
  groups(("Languages%s: %s of the shares moved"):format(of, percent(l.shift)), l, blocks)
end

-- ---- runs ----

local function runs(f, blocks)
  if not f.changes then return end
  add(blocks, { kind = "heading", text = "What the runs did differently", name = "Runs" })
  for i, c in ipairs(f.changes) do
    if i > document.CHANGES then
      add(blocks, { kind = "text", text = ("and %s"):format(count(#f.changes - document.CHANGES, "more change")) })
      break
    end
    add(blocks, { kind = "text", text = changes.say(c) })
  end
  if #f.changes == 0 then add(blocks, { kind = "text", text = "same stages, parameters, seed and sources" }) end
  local out = {}
  for i, s in ipairs(f.funnel) do
    local function removed(x) return x and number(x.removed) or "-" end
    local function part(x) return x and x.seen > 0 and percent(x.removed / x.seen) or "" end
    out[i] = { s.name, removed(s.a), part(s.a), removed(s.b), part(s.b) }
  end
  add(blocks, { kind = "table", rows = out, columns = { { "removed by", flex = true }, { "A", "right" },
    { "share", "right" }, { "B", "right" }, { "share", "right" } } })
end

--- The blocks of a diff.
function document.blocks(f)
  local blocks = {}
  add(blocks, { kind = "title", text = ("%s against %s"):format(f.b.title, f.a.title) })
  add(blocks, { kind = "text", text = document.sentence(f) })
  add(blocks, { kind = "text", text = side_line("A", f.a) })
  add(blocks, { kind = "text", text = side_line("B", f.b) })
  rows(f, blocks)
  runs(f, blocks)
  edits(f, blocks)
  others(f, blocks)
  lengths(f, blocks)
  topics(f, blocks)
  languages(f, blocks)
  return blocks
end

return document
