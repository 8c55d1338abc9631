--- compare: two rows as one text a field: what the first alone has in [-…-], what the second alone has in {+…+}.

local neardup = require "neardup"
local screen = require "report.screen"
local show = require "repl.show"
local worddiff = require "report.worddiff"

local FIELDS = { "system", "input", "output", "alternative" }
local LABEL = { alternative = "rejected" }
local INDENT, MOST, CONTEXT = 10, 40, 12

local function place(r) return ("#%s %s:%d"):format(screen.number(r.row), screen.clean(r.source), r.line) end

-- The text of a row that no format fits is its line.
local function fields_of(r)
  local out = {}
  for _, name in ipairs(FIELDS) do out[name] = r[name] end
  if next(out) == nil then out.line = r.bytes end
  return out
end

local function field(s, out, rows, name, a, b)
  local word = LABEL[name] or name
  local indent = math.max(INDENT, #word + 3)
  local label = screen.pad("  " .. word, indent)
  local function put(text)
    out(s:paint("dim", label) .. text)
    label = string.rep(" ", indent)
  end
  if a == nil or b == nil then
    put(s:paint("dim", ("only #%s has one"):format(screen.number(a == nil and rows.b or rows.a))))
    return
  end
  local lines, same = worddiff.lines(s, a, b, { columns = s.width - indent, most = MOST, context = CONTEXT })
  if a == b then put(s:paint("dim", "the same: ") .. s:cut((a:gsub("%s+", " ")), s.width - indent - 10)) return end
  if same then put(s:paint("dim", "the same words, other blanks or letters")) end
  for _, line in ipairs(lines) do put(line) end
end

--- @param a, b  rows of a view (repl/row.lua)
return function(a, b)
  local first, second = fields_of(a), fields_of(b)
  local data = { a = a.row, b = b.row, jaccard = {} }
  for _, name in ipairs(FIELDS) do
    if first[name] and second[name] then data.jaccard[name] = neardup.jaccard(first[name], second[name]) end
  end
  return show.drawing(data, function(s, out)
    local title = ("[-%s-] {+%s+}"):format(place(a), place(b))
    for _, line in ipairs(s:wrap(title, s.width)) do out(s:paint("bold", line)) end
    for _, name in ipairs { "system", "input", "output", "alternative", "line" } do
      if first[name] ~= nil or second[name] ~= nil then
        field(s, out, data, name, first[name], second[name])
        local j = data.jaccard[name]
        if j and j < 1 then out(string.rep(" ", INDENT) .. s:paint("dim", ("Jaccard %.3f"):format(j))) end
      end
    end
  end, "comparison")
end
