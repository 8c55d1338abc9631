--- diff: the match of two sides, as multisets, against plain counting; what it must not depend on.

local check = require "check"
local core = require "core"
local diff = require "diff"
local expect = require "diff.expect"
local json = require "json"
local ledger = require "ledger"
local rowdiff = require "rowdiff"
local trial = require "init.trial"

local dir = check.folder()
local pool = core.pool(2)
local made = 0

local function file(lines)
  made = made + 1
  return check.write(("%s/%d.jsonl"):format(dir, made), table.concat(lines, "\n") .. "\n")
end

local function row(input, output, more)
  local r = { input = input, output = output }
  for k, v in pairs(more or {}) do r[k] = v end
  return json.encode(r)
end

local function compare(a, b, o)
  o = o or {}
  o.pool = pool
  local x = check.ok(diff.side(file(a), { pool = pool }))
  local y = check.ok(diff.side(file(b), { pool = pool }))
  return check.ok(diff.compare(x, y, o))
end

-- Counts of a diff; what holds of every diff is checked here.
local function counts(f)
  check.eq(f.same + f.edited + f.added, f.b.rows, "same + edited + added is B")
  check.eq(f.same + f.edited + f.removed, f.a.rows, "same + edited + removed is A")
  check.eq(f.edited, f.edited_by.id + f.edited_by.folded + f.edited_by.near)
  return { same = f.same, edited = f.edited, added = f.added, removed = f.removed }
end

local function shuffled(list, random)
  local out = table.move(list, 1, #list, 1, {})
  for i = #out, 2, -1 do
    local k = random(i)
    out[i], out[k] = out[k], out[i]
  end
  return out
end

local function generator(seed)
  return function(n)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 8) % n + 1
  end
end

local WORDS = {}
for i = 1, 400 do WORDS[i] = ("w%x"):format(i * 7919 % 65521) end

local function sentence(random, words)
  local out = {}
  for i = 1, words do out[i] = WORDS[random(#WORDS)] end
  return out
end

local function rows_by(seed, n, repeats)
  local random, out = generator(seed), {}
  for i = 1, n do
    if repeats and i > 3 and random(3) == 1 then out[i] = out[random(i - 1)]
    else out[i] = row(table.concat(sentence(random, 6), " "), table.concat(sentence(random, 20), " ")) end
  end
  return out
end

check.test("a file against itself has all rows as they were", function()
  local rows = rows_by(1, 80, true)
  check.eq(counts(compare(rows, rows)), { same = 80, edited = 0, added = 0, removed = 0 })
end)

check.test("equal rows are counted as often as both sides have them", function()
  local x, y, z = row("first question here", "one"), row("second matter there", "two"), row("third thing asked", "three")
  local got = counts(compare({ x, x, x, y, z }, { x, y, y, x, y }))
  check.eq(got, { same = 3, edited = 0, added = 2, removed = 2 })   -- min(3, 2) of x, min(1, 3) of y
end)

check.test("the same count is that of a plain multiset, for any rows", function()
  for seed = 1, 12 do
    local random = generator(seed)
    local all = rows_by(seed, 30, false)
    local a, b, n, common = {}, {}, {}, 0
    for i = 1, 60 do a[i] = all[random(30)] end
    for i = 1, 50 do b[i] = all[random(30)] end
    for _, r in ipairs(a) do n[r] = (n[r] or 0) + 1 end
    for _, r in ipairs(b) do
      if (n[r] or 0) > 0 then n[r], common = n[r] - 1, common + 1 end
    end
    check.eq(counts(compare(a, b, { near = false })).same, common)
  end
end)

-- What a diff says, places left out.
local function said(f)
  f.match, f.a.title, f.b.title = nil, nil, nil
  for _, list in pairs(f.examples) do
    for _, e in ipairs(list) do
      if e.a then e.a.place = nil end
      if e.b then e.b.place = nil end
    end
  end
  return json.encode(f)
end

local function edited_side(rows, random)
  local out = {}
  for _, r in ipairs(rows) do
    local u = random(10)
    if u == 1 then out[#out + 1] = r:gsub("w%x+", "other", 2)
    elseif u == 2 then out[#out + 1] = r:upper():gsub("INPUT", "input"):gsub("OUTPUT", "output")
    elseif u > 3 then out[#out + 1] = r end
  end
  for i = 1, 7 do out[#out + 1] = row("brand new question " .. i, table.concat(sentence(random, 15), " ")) end
  return out
end

check.test("the order of the rows changes nothing, nor does the number of threads", function()
  for seed = 1, 6 do
    local random = generator(seed)
    local a = rows_by(seed, 120, true)
    local b = edited_side(a, random)
    local want = said(compare(a, b))
    check.eq(said(compare(a, shuffled(b, random))), want, "B shuffled")
    check.eq(said(compare(shuffled(a, random), b)), want, "A shuffled")
    local one <close> = core.pool(1)
    local x = diff.side(file(a), { pool = one })
    check.eq(said(diff.compare(x, diff.side(file(b), { pool = one }), { pool = one })), want, "one thread")
  end
end)

check.test("rows whose case or white space alone changed are edited, and said to be that", function()
  local f = compare({ row("How do I  reset it?", "Click here.") }, { row("how do i reset it?", "click HERE.") })
  check.eq(counts(f), { same = 0, edited = 1, added = 0, removed = 0 })
  check.eq(f.edited_by, { id = 0, folded = 1, near = 0 })
end)

check.test("an edited row is found by its likeness, the best pair first, each row once", function()
  local a = { row("how do I reset the password of my account", "click on forgot password and follow the mail we send"),
              row("when is the invoice of this month sent to me", "on the first working day of the month, by mail") }
  local b = { row("how do I reset the password of my account", "click on forgot password and follow the link we send"),
              row("how do I reset the password of my account", "press on forgot password, follow the mail you get") }
  local f = compare(a, b)
  check.eq(counts(f), { same = 0, edited = 1, added = 1, removed = 1 })
  check.contains(f.examples.edited[1].b.fields.output, "follow the link")
  check.ok(f.examples.edited[1].jaccard >= 0.5)
  check.eq(counts(compare(a, b, { near = false })), { same = 0, edited = 0, added = 2, removed = 2 })
  check.eq(counts(compare(a, b, { near = 0.99 })).edited, 0)
end)

check.test("of 400 rows with one word in ten changed nearly all are found", function()
  local random = generator(9)
  local a, b = {}, {}
  for i = 1, 400 do
    local words = sentence(random, 60)
    a[i] = row("q" .. i, table.concat(words, " "))
    for _ = 1, 6 do words[random(60)] = "changed" end
    b[i] = row("q" .. i, table.concat(words, " "))
  end
  local f = compare(a, shuffled(b, random))
  check.ok(f.edited >= 392, f.edited)   -- Jaccard about 0.6: 98 in a hundred
end)

check.test("rows are matched by their fields, whatever the format and the other keys", function()
  local chat = json.encode { messages = json.array { { role = "user", content = "what is it" },
                                                     { role = "assistant", content = "a thing" } } }
  check.eq(counts(compare({ row("what is it", "a thing", { note = "x" }) }, { chat })).same, 1)
end)

check.test("a name that every row has decides before the content", function()
  local a = { row("aaa bbb ccc", "one", { id = "t1" }), row("ddd eee fff", "two", { id = "t2" }),
              row("ggg hhh iii", "three", { id = "t3" }) }
  local b = { row("ggg hhh iii", "three", { id = "t3" }), row("aaa bbb ccc", "entirely different words", { id = "t1" }),
              row("ddd eee fff", "two", { id = "t2" }), row("jjj kkk lll", "four", { id = "t4" }) }
  local f = compare(a, b)
  check.eq(f.id, { key = "id", how = "found" })
  check.eq(counts(f), { same = 2, edited = 1, added = 1, removed = 0 })
  check.eq(f.edited_by, { id = 1, folded = 0, near = 0 })
  check.eq(f.same_by_id, 2)
  check.eq(compare(a, b, { id = false }).id, {})
end)

check.test("a key that only numbers the rows is given up", function()
  local rows = rows_by(4, 40, false)
  local a, b = {}, {}
  for i, r in ipairs(rows) do a[i] = r:gsub("}$", (',"id":%d}'):format(i)) end
  for i = 11, 40 do b[i - 10] = rows[i]:gsub("}$", (',"id":%d}'):format(i - 10)) end
  local f = compare(a, b)
  check.eq(f.id, { numbers = "id" })
  check.eq(counts(f), { same = 30, edited = 0, added = 0, removed = 10 })
  local other = rows_by(5, 40, false)
  for i, r in ipairs(other) do other[i] = r:gsub("}$", (',"id":%d}'):format(i)) end
  check.eq(compare(a, other).id, { numbers = "id" }, "rows of the same numbers and nothing else")
  check.eq(compare(a, other, { id = "id" }).edited, 40, "asked for, it holds")
end)

check.test("ids that repeat go to rows of equal text first", function()
  local a = { row("xxx", "one", { id = 1 }), row("yyy", "two", { id = 1 }), row("zzz", "three", { id = 1 }) }
  local b = { row("zzz", "three", { id = 1 }), row("new", "row", { id = 1 }), row("xxx", "one", { id = 1 }) }
  check.eq(counts(compare(a, b, { id = "id" })), { same = 2, edited = 1, added = 0, removed = 0 })
end)

check.test("an id that no row has is an error that names the side", function()
  local x = diff.side(file { row("a b c", "d") }, { pool = pool })
  local f, err = diff.compare(x, x, { pool = pool, id = "nope" })
  check.eq(f, nil)
  check.contains(err, 'has the id "nope"')
end)

check.test("rows that moved to another topic are counted by their pair of topics", function()
  local a, b = {}, {}
  for i = 1, 30 do
    a[i] = row("question number " .. i, "answer " .. i, { topic = i <= 20 and "billing" or "login" })
    b[i] = row("question number " .. i, "answer " .. i, { topic = i <= 15 and "billing" or i <= 28 and "login" or "other" })
  end
  local f = compare(a, b)
  check.eq(f.topics.moved, 7)
  check.eq(f.topics.moves[1], { from = "billing", to = "login", rows = 5 })
  check.eq(f.topics.moves[2], { from = "login", to = "other", rows = 2 })
  check.near(f.topics.shift, (5 + 3 + 2) / 30 / 2)   -- billing 20 to 15, login 10 to 13, other 0 to 2
end)

check.test("a key that rows of one side alone have is no shift", function()
  local with, bare = {}, {}
  for i = 1, 40 do
    local input = "Where can I find the invoice for the month number " .. i .. ", please?"
    with[i] = row(input, "You find every invoice on the page with your bills.", { language = "en", topic = "billing" })
    bare[i] = row(input, "You find every invoice on the page with your bills.")
  end
  for _, f in ipairs { compare(with, bare), compare(bare, with) } do
    check.eq({ f.same, f.topics == nil }, { 40, true })
    if require "lang".detect "A build without CLD2 cannot tell the language of this sentence." then
      check.eq({ f.languages.shift, #f.languages.groups, f.languages.groups[1].name }, { 0, 1, "en" })
      check.eq(expect.read "language_shift>0.5"(f), false)
    end
  end
  check.eq(compare(with, bare).topics_of_one, { key = "topic", side = "a" })
  check.eq(compare(bare, with).topics_of_one, { key = "topic", side = "b" })
  check.eq(compare(bare, bare).topics_of_one, nil)
end)

check.test("equal texts of two topics do not move by changing places", function()
  local x, y = row("same text here", "yes", { topic = "a" }), row("same text here", "yes", { topic = "b" })
  local z = row("another text", "no", { topic = "a" })
  check.eq(compare({ x, y, z }, { z, y, x }).topics.moved, 0)
end)

check.test("lengths are those of both sides, over the same bins", function()
  local f = compare({ row("one two three", "a b"), row("one", "a b c d") }, { row("one two three", "a") })
  check.eq(f.lengths.output.a.median, 3)
  check.eq(f.lengths.output.b.median, 1)
  local h = f.lengths.input.histogram
  local a, b = 0, 0
  for i in ipairs(h.a) do a, b = a + h.a[i], b + h.b[i] end
  check.eq({ a, b }, { 2, 1 })
end)

check.test("a view is a side too, and what it rejected is no row of it", function()
  local x = diff.side(file(rows_by(3, 10, false)), { pool = pool })
  local length = trial.run(x.view, "length", { pool = pool, params = { min_output_tokens = 21 } })
  local y = check.ok(diff.side(length, { pool = pool, title = "d" }))
  check.eq(counts(diff.compare(x, y, { pool = pool })), { same = 0, edited = 0, added = 0, removed = 10 })
end)

-- ---- --fail-on ----

local FIGURES = { a = { rows = 200 }, b = { rows = 150 }, same = 100, edited = 20, removed = 80, added = 30,
                  lengths = { output = { a = { median = 118 }, b = { median = 84 } } } }

local function holds(text)
  local condition, err = expect.read(text)
  if not condition then error(err, 0) end
  local value, missing = condition(FIGURES)
  if missing then error(missing, 0) end
  return value
end

check.test("expressions compare the figures by arithmetic", function()
  for text, want in pairs {
    ["removed>0.05"] = true, ["removed > 40%"] = false, ["removed >= 40%"] = true, ["added==0.2"] = true,
    ["rows < 100 or output_p50 < 100"] = true, ["rows < 100 and output_p50 < 100"] = false,
    ["not rows < 100"] = true, ["output_p50 / output_p50_a < 0.75"] = true, ["(rows - rows_a) / rows_a < -0.2"] = true,
    ["abs(rows - rows_a) > 49"] = true, ["(removed > 1 or added > 0.1) and same != 1"] = true,
    ["removed_rows + added_rows = 110"] = true, ["2 + 3 * 4 == 14"] = true, ["1e2 == rows - 50"] = true,
    ["-rows < 0"] = true, ["8 - 4 - 2 == 2"] = true, ["((rows)) > 1"] = true,
  } do check.eq(holds(text), want, text) end
end)

check.test("what cannot be read is told in one sentence", function()
  for text, part in pairs {
    ["remvoed>0.05"] = "there is no figure remvoed; did you mean removed?", ["removed"] = "expected a comparison",
    ["removed>"] = "got the end", ["removed > 0.1 added < 2"] = '"added" is unexpected', ["(removed > 1"] = "",
    ["removed ! 2"] = '"! 2" is unexpected', [""] = "got the end", ["removed > 1 or"] = "got the end",
    ["zzzz > 1"] = "figures are same, edited", ["moved>0"] = "these rows have no moved",
    ["input_p50 > 1"] = "these rows have no input_p50",
  } do
    local err = check.raises(part, holds, text)
    check.ok(not err:find "\n", text)
  end
end)

-- ---- since an earlier run ----

local function ran(lines, fewest)
  local view = check.ok(diff.side(file(lines), { pool = pool })).view
  return trial.run(view, "length", { pool = pool, params = { min_input_tokens = 1, min_output_tokens = fewest } })
end

-- How many rows of each text a run keeps and reads.
local function texts_of(view, lines)
  local kept, read = {}, {}
  for i, line in ipairs(lines) do
    read[line] = (read[line] or 0) + 1
    kept[line] = (kept[line] or 0) + (view:row(i).status == "standing" and 1 or 0)
  end
  return kept, read
end

check.test("rows gained and lost since a run are those of plain counting, each with its cause", function()
  for seed = 1, 15 do
    local random = generator(seed)
    local all, a, b = {}, {}, {}
    for i = 1, 40 do all[i] = row("q " .. i, ("w "):rep(random(20))) end
    for i = 1, 70 do a[i] = all[random(30)] end
    for i = 1, 70 do b[i] = random(4) > 1 and a[i] or all[10 + random(30)] end
    if seed % 3 == 0 then b = shuffled(b, random) end
    if seed == 15 then b = a end
    local before, now = ran(a, 5 + seed % 4), ran(b, 8)
    local path = ("%s/%d.db"):format(dir, seed)
    check.ok(ledger.write(before, path, { stages = {}, meta = {} }))
    local got = check.ok(rowdiff.since(now, path))
    local was, was_read = texts_of(before, a)
    local is, is_read = texts_of(now, b)
    local want = { gained = 0, lost = 0, new = 0, gone = 0 }
    for _, line in ipairs(all) do
      local x, y = was[line] or 0, is[line] or 0
      want.gained, want.lost = want.gained + math.max(0, y - x), want.lost + math.max(0, x - y)
      if y > x and (was_read[line] or 0) == x then want.new = want.new + y - x end   -- no copy was rejected
      if x > y then want.gone = want.gone + math.max(0, x - y - ((is_read[line] or 0) - y)) end
    end
    check.eq({ got.kept, got.kept_before }, { (now:counts()), (before:counts()) })
    check.eq({ got.gained, got.lost }, { want.gained, want.lost }, "seed " .. seed)
    local sum = { gained = 0, lost = 0, new = 0, gone = 0 }
    for _, c in ipairs(got.causes) do
      local side = c.lost and "lost" or "gained"
      sum[side] = sum[side] + c.rows
      if not c.stage then sum[c.lost and "gone" or "new"] = c.rows
      else check.eq(c.stage .. "." .. c.reason, "length.output_too_short") end
    end
    check.eq(sum, want, "seed " .. seed)
  end
end)

check.test("a ledger that is none is a message", function()
  local view = ran({ row("a b", "c") }, 1)
  local got, err = rowdiff.since(view, check.write(dir .. "/no.db", "not a database, whatever its name says of it"))
  check.eq(got, nil)
  check.contains(err, "cannot read " .. dir .. "/no.db")
  check.eq((rowdiff.since(view, dir .. "/none.db")), nil)
end)

check.test("misuse of the binding raises, and says what was wrong", function()
  local x = diff.side(file { row("a b c", "d") }, { pool = pool })
  check.raises("expected sides with ids", rowdiff.match, x.side, x.side, { ids = true }, pool)
  check.raises("threshold: expected a number", rowdiff.match, x.side, x.side, { near = {} }, pool)
  local m = rowdiff.match(x.side, x.side, {}, pool)
  check.raises("invalid option", m.rows, m, "others")
  m:close()
  m:close()
  check.raises("match is closed", m.counts, m)
  local s = rowdiff.side(x.view, pool)
  s:close()
  check.raises("side is closed", s.ids, s, "id")
end)

pool:close()
check.done()
