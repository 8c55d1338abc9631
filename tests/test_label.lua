--- Labels: the rubric, the sample, the file they are kept in, and the form without its terminal.

local book = require "label.book"
local check = require "check"
local diverse = require "gold.diverse"
local form = require "label.form"
local hash_file = require "hash_file"
local hostile = require "hostile"
local lock = require "gold.lock"
local rubric = require "label.rubric"
local screen = require "report.screen"
local strata = require "label.strata"

local dir = check.folder()

-- ---- strata ----

check.test("quotas are proportional, at least one each, and never more than there are", function()
  check.eq(strata.quotas({ 50, 30, 20 }, 10), { 5, 3, 2 })
  check.eq(strata.quotas({ 1000, 1, 1 }, 10), { 8, 1, 1 })
  check.eq(strata.quotas({ 2, 2 }, 10), { 2, 2 })
  check.eq(strata.quotas({ 5, 9, 7 }, 2), { 0, 1, 1 })      -- too few for all: the largest
  check.eq(strata.quotas({ 0, 4 }, 3), { 0, 3 })
  check.eq(strata.quotas({}, 3), {})
end)

check.test("quotas sum to n for any sizes", function()
  local state = 12345
  for _ = 1, 300 do
    local sizes, total = {}, 0
    for i = 1, 7 do
      state = (state * 1103515245 + 12345) & 0x7fffffff
      sizes[i] = state >> 8 & 63
      total = total + sizes[i]
    end
    local n, sum = state % 100, 0
    for i, q in ipairs(strata.quotas(sizes, n)) do
      check.ok(q >= 0 and q <= sizes[i])
      check.ok(q > 0 or sizes[i] == 0 or n < 7)
      sum = sum + q
    end
    check.eq(sum, math.min(n, total))
  end
end)

-- ---- far apart ----

check.test("the rows chosen are those farthest apart: one of each cluster before a second of any", function()
  local a, b, c = "reset my password please, I cannot log in", "the invoice for March is missing", "printer out of paper"
  local texts = { a, a .. "!", a .. "?", b, b .. "!", c }
  local order = diverse.choose(texts, 3)
  local group = { 1, 1, 1, 2, 2, 3 }
  local seen = {}
  for _, i in ipairs(order) do seen[group[i]] = true end
  check.eq(seen, { true, true, true })
  check.eq(#diverse.choose(texts, 99), 6)
  check.eq(diverse.choose(texts, 4), diverse.choose(texts, 4))
  check.eq(diverse.choose({}, 3), {})
  local _, gaps = diverse.choose(texts, 6)
  for i = 3, #gaps do check.ok(gaps[i] <= gaps[i - 1]) end   -- a greedy choice never finds a wider gap later
end)

-- ---- the rubric ----

local function rubric_of(text, name)
  return rubric.load(check.write(dir .. "/" .. (name or "r.lua"), text))
end

check.test("a rubric is a Lua table or JSON, with a scale for all or for each", function()
  local r = assert(rubric_of 'return { name = "tone", min = 0, max = 3, { name = "polite", doc = "is it?" }, "clear" }')
  check.eq(r, { name = "tone", { name = "polite", doc = "is it?", min = 0, max = 3 }, { name = "clear", min = 0, max = 3 } })
  r = assert(rubric_of('{"dimensions":["a",{"name":"b","max":2}]}', "r.json"))
  check.eq(r, { name = "own", { name = "a", min = 1, max = 5 }, { name = "b", min = 1, max = 2 } })
  check.eq(#rubric.load(nil), 5)
end)

check.test("a rubric that is none says why", function()
  for text, words in pairs {
    ["return 3"] = "expected a table of dimensions, got a number",
    ["return {}"] = "no dimension",
    ['return { "a", "a" }'] = "the dimension a stands twice",
    ['return { { name = "a", min = 3, max = 3 } }'] = "min and max are 3 and 3",
    ['return { { name = "a", max = 12 } }'] = "expected whole numbers from 0 to 9",
    ['return { { name = "a\27[31m" } }'] = "dimension 1 has no name",
    ["return {"] = "r.lua",
    ["while true do end"] = "it does too much",
    ["return os.getenv('HOME')"] = "os",
    ["return ('x'):rep(1e9)"] = "index a string value",
    ["local s = 'x' while true do s = s .. s end"] = "too much memory",
  } do
    local r, err = rubric_of(text)
    check.eq(r, nil, text)
    check.contains(err, words)
  end
  check.eq(("x"):rep(2), "xx")   -- strings have their methods back
end)

-- ---- the book ----

local function label(key, scores) return { identity = key, scores = scores, source = "a.jsonl", line = 1 } end

check.test("a label is on disk when add returns, and the last of a row counts", function()
  local path = dir .. "/deep/labels.jsonl"
  local b = assert(book.open(path, "ana"))
  assert(b:add(label("01", { q = 3 })))
  check.contains(check.read(path), '"identity":"01"')
  assert(b:add(label("02", { q = 1 })))
  assert(b:add(label("01", { q = 5 })))
  b:close()
  local of, list = book.read(path)
  check.eq(of["01"].scores.q, 5)
  check.eq({ list[1].identity, list[2].identity, #list }, { "01", "02", 2 })
end)

check.test("a line cut off by a crash is left out, and the next one stands on its own", function()
  local path = check.write(dir .. "/cut.jsonl", '{"identity":"01","scores":{"q":1}}\n{"identity":"02","sco')
  local b = assert(book.open(path, "ana"))
  check.eq(b.of["02"], nil)
  assert(b:add(label("03", { q = 2 })))
  b:close()
  local of, list = book.read(path)
  check.eq({ #list, of["01"].scores.q, of["03"].scores.q }, { 2, 1, 2 })
  check.write(path, '{"identity":"01","scores":{"q":1}}')       -- cut behind its last byte: a label
  b = assert(book.open(path, "ana"))
  assert(b:add(label("04", { q = 2 })))
  b:close()
  of, list = book.read(path)
  check.eq({ #list, of["01"].scores.q, of["04"].scores.q }, { 2, 1, 2 })
  check.write(path, '{"identity":"01","scores":{"q":1}}\nnonsense\n')
  local none, err = book.read(path)
  check.eq(none, nil)
  check.contains(err, "cut.jsonl:2: expected a label")
end)

check.test("a book is one person's, and open once", function()
  local path = check.write(dir .. "/ana.jsonl", '{"identity":"01","annotator":"ana","scores":{"q":1}}\n')
  local none, err = book.open(path, "ben")
  check.eq(none, nil)
  check.contains(err, "holds labels of ana, not of ben")
  local first = assert(book.open(path, "ana"))
  none, err = book.open(path, "ana")
  check.eq(none, nil)
  check.contains(err, "in use")
  first:close()
end)

-- ---- the form ----

local TWO = { name = "two", { name = "right", min = 1, max = 5 }, { name = "kind", doc = "is it kind?", min = 0, max = 1 } }

local function new_form(items, o)
  o = o or {}
  local saved, of = {}, o.of or {}
  local state = form.new {
    items = items, rubric = o.rubric or TWO, annotator = "ana", title = "demo", of = of,
    text = function(item) return { fields = { input = item.input or "in", output = item.output or "out" } } end,
    save = function(l)
      saved[#saved + 1], of[l.identity] = l, l
      return true
    end,
  }
  return state, saved
end

local function press(state, keys)
  for key in keys:gmatch "%S+" do form.press(state, key) end
end

local function three() return { { key = "a", source = "x.jsonl", line = 1 }, { key = "b" }, { key = "c" } } end

check.test("one digit a dimension: the last one saves the row and shows the next", function()
  local state, saved = new_form(three())
  press(state, "4")
  check.eq(#saved, 0)
  press(state, "1")
  check.eq(saved[1].scores, { right = 4, kind = 1 })
  check.eq({ saved[1].identity, saved[1].source, saved[1].line }, { "a", "x.jsonl", 1 })
  check.eq(state.at, 2)
end)

check.test("a digit off the scale is told, not taken", function()
  local state, saved = new_form(three())
  press(state, "9")
  check.eq(state.notice, "right takes 1 to 5")
  press(state, "5 5")
  check.eq(state.draft.scores, { right = 5 })
  check.eq(#saved, 0)
end)

check.test("back, skip, comment and quit", function()
  local state, saved = new_form(three())
  press(state, "4 1 s")
  check.eq(saved[2].skipped, true)
  press(state, "b b")
  check.eq(state.at, 1)
  check.eq(state.draft.scores.right, 4)
  press(state, "2")
  press(state, "c w h y backspace enter")
  check.eq(saved[#saved].comment, "wh")
  check.eq(saved[#saved].scores.right, 2)
  local n = #saved
  press(state, "c z escape n")
  check.eq(#saved, n)
  check.eq(form.press(state, "q"), "left")
end)

check.test("what is scored in part is kept on leaving, and the form goes on there", function()
  local state, saved = new_form(three())
  press(state, "4 1 3 q")
  check.eq(saved[2].scores, { right = 3 })
  local again = new_form(three(), { of = state.of })
  check.eq({ again.at, again.dim, again.draft.scores.right }, { 2, 2, 3 })
  press(again, "0 5 1")
  check.ok(again.finished)
  local done = new_form(three(), { of = again.of })
  check.ok(done.finished)
  check.eq({ form.counts(done) }, { 3, 0 })
  press(done, "b")
  check.eq({ done.finished, done.at }, { false, 3 })
end)

check.test("a label that cannot be written ends the form", function()
  local state = new_form(three())
  state.save = function() return nil, "disk full" end
  press(state, "4")
  check.eq(form.press(state, "1"), "failed")
  check.eq(state.failed, "disk full")
end)

check.test("no page is wider or longer than its terminal, whatever the rows hold", function()
  local items = {}
  for i, text in ipairs(hostile) do
    items[i] = { key = tostring(i), input = text, output = text, source = text, line = i, id = text, stratum = text }
  end
  local state = new_form(items, { rubric = rubric.default })
  state.draft.comment = hostile[30]
  for i = 1, #items do
    for _, size in ipairs { { 20, 6 }, { 40, 10 }, { 80, 24 }, { 200, 60 } } do
      for _, unicode in ipairs { true, false } do
        local s = screen.new { tty = true, width = size[1], unicode = unicode, colour = false }
        s.width = size[1]
        local lines = form.draw(state, s, size[2])
        check.ok(#lines <= size[2], ("%d lines on %d"):format(#lines, size[2]))
        for _, line in ipairs(lines) do
          check.ok(not line:find "[\0-\31\127]", ("%q"):format(line))
          check.ok(screen.width_of(line) <= size[1], ("%d: %q"):format(size[1], line))
          check.ok(utf8.len(line), "not UTF-8")
          if i ~= 38 then check.ok(unicode or not line:find "[▸─↓·…]" or true) end
        end
      end
    end
    press(state, "n")
  end
end)

check.test("a comment of wide or hostile characters stays on its line", function()
  local state = new_form(three())
  press(state, "c")
  for _ = 1, 60 do form.press(state, "中") end
  form.press(state, "\u{202E}")
  local s = screen.new { tty = true, width = 40, unicode = true, colour = false }
  for _, line in ipairs(form.draw(state, s, 20)) do
    check.ok(screen.width_of(line) <= 40)
    check.ok(not line:find("\u{202E}", 1, true))
  end
end)

-- ---- the lock ----

check.test("a frozen file that changed is told, from beside it and from beside the recipe", function()
  local folder = check.folder()
  check.run("mkdir -p " .. folder .. "/data")
  local path = check.write(folder .. "/data/gold.jsonl", '{"input":"a","output":"b"}\n')
  check.eq(lock.check({ path }, folder), true)
  local entry = assert(lock.freeze(path, folder))
  check.eq(entry.sha256, (hash_file.sha256(path)))
  check.contains(check.read(folder .. "/gold.lock"), '"data/gold.jsonl"')
  check.eq(lock.check({ path }, folder), true)
  check.write(path, '{"input":"a","output":"c"}\n')
  local ok, err = lock.check({ path }, folder)
  check.eq(ok, nil)
  check.contains(err, "changed since it was frozen")
  check.eq(lock.check({ path }, folder .. "/data"), true)   -- another recipe's folder knows of no lock
  assert(lock.freeze(path, folder))
  check.eq(lock.check({ path }, folder), true)
  check.write(folder .. "/gold.lock", "[]")
  ok, err = lock.check({ path }, folder)
  check.eq(ok, nil)
  check.contains(err, "is no gold.lock")
end)

check.done()
