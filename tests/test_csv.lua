--- the report as CSV: cells that are no formulas, numbers that stay numbers, lines that parse.
local check = require "check"
local csv = require "report.csv"
local document = require "report.document"
local figures = dofile "tests/hostile_figures.lua"   -- of a run in which every word is one
local health = require "report.health"
local hostile = require "hostile"

-- { value, cell }
local CELLS = {
  { "plain", "plain" }, { "a,b", '"a,b"' }, { 'say "no"', '"say ""no"""' }, { "two\nlines", '"two\nlines"' },
  { "=1+1", "'=1+1" }, { "+49 30", "'+49 30" }, { "-x", "'-x" }, { "@SUM(A1)", "'@SUM(A1)" }, { "\tx", "'  x" },
  { "=a,b", '"\'=a,b"' }, { "1=1", "1=1" }, { -5, "-5" }, { -0.25, "-0.25" }, { 1 / 3, "0.3333333333" }, { 12, "12" },
  { 0 / 0, "" }, { 1 / 0, "" }, { "", "" }, { "'=x", "'=x" },
}

check.test("a cell is quoted where it must be, and guarded where a spreadsheet would take it for a formula", function()
  for _, c in ipairs(CELLS) do check.eq(csv.cell(c[1]), c[2]) end
  check.eq(csv.cell("\rx"):sub(1, 1), "'")
end)

-- The records of RFC 4180, read by its grammar.
local function parse(text)
  local records, at = {}, 1
  while at <= #text do
    local record = {}
    repeat
      local cell, stop
      if text:sub(at, at) == '"' then
        local from = at + 1
        local close = from
        while true do
          close = check.ok(text:find('"', close, true))
          if text:sub(close + 1, close + 1) ~= '"' then break end
          close = close + 2
        end
        cell, at = text:sub(from, close - 1):gsub('""', '"'), close + 1
      else
        cell = text:match("^[^,\r\n\"]*", at)
        at = at + #cell
      end
      record[#record + 1] = cell
      stop = text:sub(at, at) ~= ","
      at = at + (stop and 2 or 1)
      if stop then check.eq(text:sub(at - 2, at - 1), "\r\n") end
    until stop
    records[#records + 1] = record
  end
  return records
end

check.test("every line has four cells, none of them a formula, whatever the data says", function()
  for _, w in ipairs(hostile) do
    local out, f = {}, figures(w)
    csv.render(document.report(f, health.examine(f)), function(line) out[#out + 1] = line .. "\n" end)
    local records = parse(table.concat(out))
    check.eq(records[1], { "section", "item", "figure", "value" })
    check.ok(#records > 50)
    for _, r in ipairs(records) do
      check.eq(#r, 4, w)
      for _, cell in ipairs(r) do
        check.ok(not cell:find "^[=+@\t\r]" and (not cell:find "^%-" or tonumber(cell)), cell)
        check.ok(not cell:find "[\0-\9\11-\31\127]", cell)
      end
    end
  end
end)

check.done()
