--- draw: the blocks that only a diff has, for a terminal and as Markdown.
--   drift   { rows = { { label, a, b, share_a, share_b } } }, or { text, edges, a = counts, b = counts }
--   edit    { text, fields = { { name, before, after } } }

local bins = require "report.bins"
local screen = require "report.screen"
local worddiff = require "report.worddiff"

local draw = { terminal = {}, markdown = {} }

local LINES = 12          -- of an edited text that are shown
local CONTEXT = 8         -- words around a change
local BYTES = 1200        -- of an edited text in Markdown

--- The rows of a drift: those of a histogram get the labels of its bins.
function draw.rows(b)
  if b.rows then return b.rows end
  local total, out = { a = 0, b = 0 }, {}
  for i in ipairs(b.a) do total.a, total.b = total.a + b.a[i], total.b + b.b[i] end
  for i, bin in ipairs(bins { edges = b.edges, counts = b.b }) do
    out[i] = { label = bin.label, a = b.a[i], b = b.b[i], share_a = b.a[i] / math.max(1, total.a),
               share_b = b.b[i] / math.max(1, total.b) }
  end
  return out
end

--- How a share changed, in signed points of a hundred.
function draw.points(share_a, share_b)
  local d = 100 * (share_b - share_a)
  if math.abs(d) < 0.05 then return "" end
  return ("%+.1f"):format(d)
end

--- Two bars a row, that of A above that of B; B's change in points.
function draw.terminal.drift(s, b, out)
  local rows, label, figure, top = draw.rows(b), 5, 1, 0
  for _, r in ipairs(rows) do
    label = math.max(label, screen.width_of(screen.clean(r.label)))
    figure = math.max(figure, #screen.number(r.a), #screen.number(r.b))
    if not r.faint then top = math.max(top, r.share_a, r.share_b) end
  end
  label = math.min(label, s.width // 3)
  local room = s.width - (2 + label + 3 + figure + 2 + 6 + 2 + 6 + 2)
  if b.text then
    out("")
    out("  " .. s:paint("dim", s:cut(b.text .. ", A above B", s.width - 2)))
  end
  local function line(name, letter, n, share, change, style)
    local bar = style and s:paint(style, s:bar(top > 0 and share / top or 0, room)) or ""
    out((("  %s %s %s  %6s  %6s  %s"):format(screen.pad(name, label), letter,
      screen.pad(screen.number(n), figure, "right"), screen.percent(share), change, bar):gsub(" +$", "")))
  end
  for _, r in ipairs(rows) do
    if r.a > 0 or r.b > 0 then
      line(s:cut(r.label, label), "A", r.a, r.share_a, "", not r.faint and "dim")
      line("", "B", r.b, r.share_b, draw.points(r.share_a, r.share_b), not r.faint and "cyan")
    end
  end
end

local function both(s, f, columns)
  local out = {}
  for _, x in ipairs { { "- ", f.before, "red" }, { "+ ", f.after, "green" } } do
    for i, line in ipairs(s:wrap(x[2], columns - 2, LINES // 2)) do
      out[#out + 1] = s:paint(x[3], (i == 1 and x[1] or "  ") .. line)
    end
  end
  return out
end

function draw.terminal.edit(s, b, out)
  out("  " .. s:paint("dim", s:cut(b.text, s.width - 2)))
  for _, f in ipairs(b.fields) do
    local room = { columns = s.width - 6, most = LINES, context = CONTEXT }
    local lines, same = worddiff.lines(s, f.before, f.after, room)
    if same then lines = both(s, f, s.width - 6) end
    out("    " .. s:paint("dim", f.name))
    for _, line in ipairs(lines) do out("      " .. line) end
  end
end

function draw.markdown.drift(b, out, text)
  local function row(...) out("| " .. table.concat({ ... }, " | ") .. " |") end
  row(text(b.text or ""), "A", "share", "B", "share", "points")
  row("---", "---:", "---:", "---:", "---:", "---:")
  for _, r in ipairs(draw.rows(b)) do
    row(text(r.label), screen.number(r.a), text(screen.percent(r.share_a)), screen.number(r.b),
      text(screen.percent(r.share_b)), draw.points(r.share_a, r.share_b))
  end
  out("")
end

--- The words around what changed, the changes in [-…-] and {+…+}; cut where it is long.
-- @param text  function(word) that makes a word safe
function draw.marked(f, text)
  local out, bytes = {}, 0
  local parts = worddiff.parts(f.before, f.after)
  if #parts == 1 and parts[1].kind == "same" then return "(white space alone)" end
  for _, t in ipairs(worddiff.tokens(parts, CONTEXT, "…")) do
    out[#out + 1] = text(t.text) .. (t.gap and " " or "")
    bytes = bytes + #t.text
    if bytes > BYTES then out[#out + 1] = " …" break end
  end
  return table.concat(out)
end

function draw.markdown.edit(b, out, text)
  out("- " .. text(b.text))
  for _, f in ipairs(b.fields) do out(("  - %s: %s"):format(f.name, draw.marked(f, text))) end
  out("")
end

return draw
