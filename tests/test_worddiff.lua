--- worddiff: what two texts have in common, word by word.
local check = require "check"
local screen = require "report.screen"
local worddiff = require "report.worddiff"

local plain = screen.new { unicode = true, colour = false, width = 80 }

local function shown(before, after, o)
  o = o or {}
  o.columns = o.columns or 200
  local lines, same = worddiff.lines(plain, before, after, o)
  return table.concat(lines, "\n"), same
end

check.test("a changed word stands in both forms, what is gone first", function()
  check.eq(shown("How do I reset my password?", "How can I change my password?"),
    "How [-do-] {+can+} I [-reset-] {+change+} my password?")
end)

check.test("blanks and line feeds are no difference", function()
  local text, same = shown("a  b\n\nc", " a b c ")
  check.eq(text, "a b c")
  check.ok(same)
end)

check.test("texts that are empty, or have nothing in common, are told whole", function()
  check.eq(shown("", ""), "")
  check.eq(shown("", "new words"), "{+new words+}")
  check.eq(shown("old words", ""), "[-old words-]")
  check.eq(shown("old", "new"), "[-old-]{+new+}")
end)

check.test("a character of a script without blanks is a word", function()
  check.eq(shown("我喜欢猫", "我喜欢狗"), "我喜欢[-猫-]{+狗+}")
end)

-- Words gone and new, the fewest there can be: by dynamic programming.
local function fewest(a, b)
  local row = {}
  for j = 0, #b do row[j] = j end
  for i = 1, #a do
    local last, corner = i, i - 1
    row[0] = i
    for j = 1, #b do
      local best = a[i] == b[j] and corner or 1 + math.min(row[j], last)
      corner, row[j], last = row[j], best, best
    end
  end
  return row[#b]
end

check.test("the parts give both texts back, with the fewest changes", function()
  math.randomseed(11)
  for _ = 1, 300 do
    local a, b = {}, {}
    for i = 1, math.random(0, 12) do a[i] = string.char(96 + math.random(4)) end
    for i = 1, math.random(0, 12) do b[i] = string.char(96 + math.random(4)) end
    local old, new, changes = {}, {}, 0
    for _, part in ipairs(worddiff.parts(table.concat(a, " "), table.concat(b, " "))) do
      for _, word in ipairs(part.words) do
        if part.kind ~= "new" then old[#old + 1] = word end
        if part.kind ~= "gone" then new[#new + 1] = word end
        if part.kind ~= "same" then changes = changes + 1 end
      end
    end
    check.eq(table.concat(old, " "), table.concat(a, " "))
    check.eq(table.concat(new, " "), table.concat(b, " "))
    check.eq(changes, fewest(a, b))
  end
end)

check.test("what both have is cut to some words around a change", function()
  local long = ("word "):rep(50)
  check.eq(shown(long .. "one " .. long, long .. "two " .. long, { context = 2 }),
    "… word word [-one-] {+two+} word word …")
end)

check.test("no line is wider than asked, and no escape of the data gets through", function()
  local before, after = ("\27[31mred\7 \u{202E}x "):rep(30), ("\27]8;;http://x\27\\ y "):rep(40)
  for _, columns in ipairs { 20, 37, 80 } do
    for _, line in ipairs((worddiff.lines(plain, before, after, { columns = columns }))) do
      check.ok(screen.width_of(line) <= columns, line)
      check.ok(not line:find "[\0-\31\127]", line)
      check.ok(not line:find("\u{202E}", 1, true), line)
    end
  end
end)

check.test("ten thousand strange words are told apart in bounded time", function()
  local a, b = {}, {}
  for i = 1, 10000 do a[i], b[i] = "a" .. i, "b" .. i end
  local started = os.clock()
  local parts = worddiff.parts(table.concat(a, " "), table.concat(b, " "))
  check.eq(#parts, 2)
  check.ok(os.clock() - started < 5)
end)

check.done()
