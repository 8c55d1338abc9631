--- worddiff: what two texts have in common, word by word, for a person to read.
-- Words are compared, the blanks between them are not; a character of a script written without spaces is a
-- word. The beginning and the end that both share are set aside; between them the shortest script of words
-- gone and new is found (Myers, "An O(ND) difference algorithm and its variations", 1986). Work is bounded:
-- texts that have too little in common are told apart whole.

local screen = require "report.screen"

local worddiff = {}

worddiff.WORK = 1000000   -- steps, some tenths of a second at most
worddiff.DEEP = 700       -- words gone and new

--- The words of a text: { word, … }, and the blanks behind each.
local function split(text)
  local words, gaps, at, len = {}, {}, 1, #text
  while at <= len do
    local from, to = text:find("^[%w_'\xC2-\xDF\x80-\xBF\xE0-\xE2]+", at)
    if not from then from, to = text:find("^[\xE3-\xEF][\x80-\xBF]*", at) end
    if not from then from, to = text:find("^[\xF0-\xF4][\x80-\xBF]*", at) end
    if not from then from, to = text:find("^%S", at) end
    if not from then from, to = at, at - 1 end   -- blanks at the beginning
    local _, last = text:find("^%s*", to + 1)
    if to >= from then words[#words + 1], gaps[#gaps + 1] = text:sub(from, to), text:sub(to + 1, last) end
    at = math.max(last, to) + 1
  end
  return words, gaps
end

-- The furthest places that each number of changes reaches, one table a number; nil where that is too much.
local function trace(a, b, low, alast, blast)
  local n, m, steps = alast - low + 1, blast - low + 1, 0
  local furthest, traces = { [1] = 0 }, {}
  for d = 0, math.min(n + m, worddiff.DEEP) do
    local before = {}
    for k = -d - 1, d + 1 do before[k] = furthest[k] end
    traces[d] = before
    for k = -d, d, 2 do
      local x
      if k == -d or (k ~= d and furthest[k - 1] < furthest[k + 1]) then x = furthest[k + 1]
      else x = furthest[k - 1] + 1 end
      local y = x - k
      while x < n and y < m and a[low + x] == b[low + y] do x, y = x + 1, y + 1 end
      furthest[k] = x
      if x >= n and y >= m then return traces, d end
    end
    steps = steps + 2 * d + 1
    if steps > worddiff.WORK then return nil end
  end
end

-- Marks the words of a and b that both have.
local function mark(a, b, low, alast, blast, common)
  local traces, d = trace(a, b, low, alast, blast)
  if not traces then return end
  local x, y = alast - low + 1, blast - low + 1
  for step = d, 0, -1 do
    local before, k = traces[step], x - y
    local down = k == -step or (k ~= step and (before[k - 1] or -1) < (before[k + 1] or -1))
    local from = down and k + 1 or k - 1
    local px = step == 0 and 0 or before[from]
    local py = step == 0 and 0 or px - from
    while x > px and y > py do
      x, y = x - 1, y - 1
      common[low + x] = low + y
    end
    x, y = px, py
  end
end

--- What became of each word.
-- @return  list of { kind = "same" | "gone" | "new", words = { … }, gaps = { … } }, in order of reading
function worddiff.parts(before, after)
  local a, agaps = split(before)
  local b, bgaps = split(after)
  local low, alast, blast, common = 1, #a, #b, {}
  while low <= alast and low <= blast and a[low] == b[low] do
    common[low], low = low, low + 1
  end
  while alast >= low and blast >= low and a[alast] == b[blast] do
    common[alast], alast, blast = blast, alast - 1, blast - 1
  end
  if alast >= low and blast >= low then mark(a, b, low, alast, blast, common) end
  local out = {}
  local function add(kind, word, gap)
    local last = out[#out]
    if not last or last.kind ~= kind then
      last = { kind = kind, words = {}, gaps = {} }
      out[#out + 1] = last
    end
    last.words[#last.words + 1], last.gaps[#last.gaps + 1] = word, gap
  end
  local j = 1
  for i = 1, #a + 1 do
    local to = i > #a and #b + 1 or common[i]
    if to == nil then add("gone", a[i], agaps[i])
    else
      while j < to do
        add("new", b[j], bgaps[j])
        j = j + 1
      end
      if i <= #a then
        add("same", b[j], agaps[i] ~= "" and agaps[i] or bgaps[j])
        j = j + 1
      end
    end
  end
  return out
end

local MARKS = { gone = { "[-", "-]", "red" }, new = { "{+", "+}", "green" } }

--- The parts as words to print: { { text, style } }, runs that both have cut to `context` words at each end.
function worddiff.tokens(parts, context, dots)
  local out = {}
  local function add(text, style, gap) out[#out + 1] = { text = text, style = style, gap = gap } end
  for p, part in ipairs(parts) do
    local n, m = #part.words, MARKS[part.kind]
    local head, tail = n, 0
    if part.kind == "same" and context < n then head, tail = p > 1 and context or 0, p < #parts and context or 0 end
    for i, word in ipairs(part.words) do
      if head + tail >= n or i <= head or i > n - tail then
        local open, close = m and i == 1 and m[1] or "", m and i == n and m[2] or ""
        add(open .. word .. close, m and m[3], part.gaps[i] ~= "")
      elseif i == head + 1 then
        add(dots, "dim", true)
      end
    end
  end
  return out
end

-- Tokens that no blank parts, as one piece of a line: { { text, style, width }, …, width = }.
local function pieces(s, tokens, columns)
  local out
  local list = {}
  for i, t in ipairs(tokens) do
    if i == 1 or tokens[i - 1].gap then
      out = { width = 0 }
      list[#list + 1] = out
    end
    local text = s:cut(t.text, columns)
    local width = screen.width_of(text)
    if out.width + width > columns then   -- one that no line can hold is broken
      out = { width = 0, glued = true }
      list[#list + 1] = out
    end
    out[#out + 1], out.width = s:paint(t.style or "", text), out.width + width
  end
  return list
end

-- Pieces as lines of at most `columns`: { { text, width } }.
local function flow(s, tokens, columns)
  local lines, line, width = {}, {}, 0
  local function flush()
    lines[#lines + 1] = { table.concat(line), width }
    line, width = {}, 0
  end
  for _, piece in ipairs(pieces(s, tokens, columns)) do
    local gap = width > 0 and not piece.glued and 1 or 0
    if width > 0 and width + gap + piece.width > columns then
      flush()
      gap = 0
    end
    line[#line + 1] = (gap == 1 and " " or "") .. table.concat(piece)
    width = width + gap + piece.width
  end
  if width > 0 then flush() end
  return lines
end

local function is_same(parts) return #parts == 0 or (#parts == 1 and parts[1].kind == "same") end

--- Two texts as one, what is gone in [-…-], what is new in {+…+}, as lines of a screen.
-- @param o  columns, most (lines), context (words that are shown around a change; nil: all)
-- @return   list of painted lines; and whether the texts have the same words
function worddiff.lines(s, before, after, o)
  local parts, lines = worddiff.parts(before, after), {}
  for i, line in ipairs(flow(s, worddiff.tokens(parts, o.context or math.huge, s:sign("…", "...")), o.columns)) do
    if o.most and i > o.most then
      lines[o.most] = lines[o.most] .. s:paint("dim", s:sign(" …", " ..."))
      break
    end
    lines[i] = line[1]
  end
  return lines, is_same(parts)
end

-- The parts but those of one kind.
local function without(parts, kind)
  local out = {}
  for _, part in ipairs(parts) do if part.kind ~= kind then out[#out + 1] = part end end
  return out
end

--- Two texts side by side: each with its own words marked. Long ones are cut to what stands around their differences.
-- @param o  columns of one text, most (lines), context (words around a difference, where all would not fit)
-- @return   lines of `before`, lines of `after`: { { painted text, width } }
function worddiff.sides(s, before, after, o)
  local parts, dots = worddiff.parts(before, after), s:sign("…", "...")
  local function side(gone, context) return flow(s, worddiff.tokens(without(parts, gone), context, dots), o.columns) end
  local left, right = side("new", math.huge), side("gone", math.huge)
  if math.max(#left, #right) > o.most and not is_same(parts) then
    left, right = side("new", o.context), side("gone", o.context)
  end
  for _, lines in ipairs { left, right } do
    for i = #lines, o.most + 1, -1 do lines[i] = nil end
  end
  return left, right
end

return worddiff
