-- test_neardup.lua: the duplicate stages on rows read from files, and the public functions.
local check = require "check"
local core, corpus, neardup, hash = require "core", require "corpus", require "neardup", require "hash"
local views = require "views"

local formats = require "formats.all"
local pool = core.pool(2)

local function stage(name) return require("stages." .. name) end

local made = {}   -- files to remove at the end

--- Writes rows (raw JSON lines) to a temporary file and gives its path.
local function file(lines)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(table.concat(lines, "\n"), "\n")
  f:close()
  made[#made + 1] = path
  return path
end

local function load(...)
  local sources = { ... }
  for i, s in ipairs(sources) do
    if type(s) == "string" then sources[i] = { path = s } end
  end
  return assert(corpus.load { sources = sources, formats = formats, pool = pool })
end

local function pair(input, output)
  return ('{"input":"%s","output":"%s"}'):format(input, output)
end

--- Parameters of a stage with their defaults.
local defaults = views.params

local function run(name, view, given, ctx)
  local s = stage(name)
  ctx = ctx or {}
  ctx.pool = pool
  local verdicts, info = s.run(view, defaults(s, given), ctx)
  return assert(view:apply(name, assert(verdicts, info))), info
end

check.test("exact_dedup keeps the first row and names it", function()
  local v = load(file { pair("How do I  reset it?", "Click Reset."), pair("how do i reset it?", "click reset."),
                        pair("How do I reset it?", "Click Save.") })
  v = run("exact_dedup", v)
  check.eq(v:row(1).status, "standing")
  check.eq(v:row(3).status, "standing")
  local r = v:row(2)
  check.eq(r.reason, "exact_duplicate")
  check.eq(r.evidence.field, "input+output")
  check.eq(r.evidence.twin.line, 1)
  check.eq(r.evidence.jaccard, 1)
end)

check.test("exact_dedup tells (ab, c) from (a, bc), and a chat's system text counts", function()
  local v = run("exact_dedup", load(file { pair("ab", "c"), pair("a", "bc"), pair("a", "bc") }))
  check.eq(v:row(1).status, "standing")
  check.eq(v:row(2).status, "standing")
  check.eq(v:row(3).status, "rejected")
  local chat = '{"messages":[{"role":"system","content":"%s"},{"role":"user","content":"hi there"},{"role":"assistant","content":"hello to you"}]}'
  v = run("exact_dedup", load(file { chat:format("be kind"), chat:format("be terse"), chat:format("Be kind") }))
  check.eq(select(2, v:counts()), 1)
end)

check.test("punctuation counts unless it is dropped", function()
  local path = file { pair("why?", "so."), pair("why", "so") }
  check.eq(select(2, run("exact_dedup", load(path)):counts()), 0)
  check.eq(select(2, run("exact_dedup", load(path), { punctuation = "drop" }):counts()), 1)
end)

check.test("rows of a trusted source win, wherever they stand", function()
  local raw, expert = file { pair("please reset my password now", "done, have a nice day") },
                      file { pair("Please reset my password now", "Done, have a nice day") }
  for _, name in ipairs { "exact_dedup", "near_dedup" } do
    local v = run(name, load(raw, { path = expert, trusted = true }))
    check.eq(v:row(1).status, "rejected")
    check.eq(v:row(2).status, "standing")
    check.eq(v:row(1).evidence.twin.source, expert)
  end
end)

check.test("near_dedup names the kept row and the exact Jaccard", function()
  local v = load(file { pair("abcdefghijklmnopqrstuvwxyz", "x"), pair("abcdefghijklmnopqrstuvwxyz0123", "x") })
  -- 28 and 32 code points: 24 and 28 shingles; shared are the 22 inside the alphabet
  local expect = 22 / (24 + 28 - 22)
  local w, info = run("near_dedup", v, { threshold = 0.7, num_bands = 64, num_hashes = 128 })
  check.eq(w:row(2).reason, "near_duplicate")
  check.eq(w:row(2).evidence.jaccard, expect)
  check.eq(w:row(2).evidence.twin.line, 1)
  check.eq(w:row(2).metrics["near_dedup.jaccard"], expect)
  check.eq(info.figures.bands, 64)
  check.eq(info.figures.rows_per_band, 2)
  check.eq(info.figures.pairs, 1)
  check.eq(select(2, run("near_dedup", v, { threshold = expect, num_bands = 64, num_hashes = 128 }):counts()), 1)
  check.eq(select(2, run("near_dedup", v, { threshold = expect + 1e-15, num_bands = 64, num_hashes = 128 }):counts()), 0)
end)

check.test("a shared system prompt makes nobody twins", function()
  local rules = {}
  for i = 1, 90 do rules[i] = ("rule %d: %d %x"):format(i, i * 7919, i * 104729) end
  local system = table.concat(rules, ", ")
  local lines, questions = {}, { "how do I block a card", "what is my balance", "which branch is open on sunday" }
  for i, q in ipairs(questions) do
    lines[i] = ('{"messages":[{"role":"system","content":"%s"},{"role":"user","content":"%s"},{"role":"assistant","content":"answer number %d is another"}]}')
               :format(system, q, i)
  end
  check.eq(select(2, run("near_dedup", load(file(lines))):counts()), 0)
  check.eq(select(2, run("near_dedup", load(file(lines)), { fields = { "system", "input", "output" } }):counts()), 2)
end)

check.test("short rows are compared exactly", function()
  local v = run("near_dedup", load(file { pair("cat", ""), pair("dog", ""), pair("Cat", ""), pair("a", "b"), pair("", "ab") }))
  check.eq(select(2, v:counts()), 1)
  check.eq(v:row(3).evidence.twin.line, 1)
end)

check.test("the recall goal solves the bands", function()
  local bands, rows = neardup.bands(256, 0.8, 0.999)
  check.eq(rows, 7)
  check.ok(1 - (1 - 0.8 ^ rows) ^ bands >= 0.999)
  local _, info = run("near_dedup", load(file { pair("a question", "an answer") }), { num_hashes = 256 })
  check.eq(info.figures.bands, 256 // info.figures.rows_per_band)
  check.ok(math.abs(neardup.recall_curve(16, 8)[4].probability - 0.947) < 0.0005)
  local curve = stage("near_dedup").curve(defaults(stage("near_dedup")))
  check.eq(curve[4].jaccard, 0.8)
end)

check.test("slots and bands are solved for the recall at the threshold, unless they are given", function()
  local bands = require "neardup_bands"
  for t = 0.5, 1, 0.05 do
    local slots, b, rows = bands.solve({ recall = 0.999 }, math.min(t, 0.99))
    check.ok(slots >= 64 and slots <= 512 and b * rows <= slots)
    check.ok(1 - (1 - math.min(t, 0.99) ^ rows) ^ b >= 0.999)
  end
  local slots, b, rows = bands.solve({ recall = 0.999 }, 0.8)   -- 1 - (1 - 0.8^7)^36 = 0.9998
  check.eq(slots, 256) check.eq(b, 36) check.eq(rows, 7)
  slots, b, rows = bands.solve({ recall = 0.999, num_hashes = 128, num_bands = 16 }, 0.8)   -- the classic ones
  check.eq(slots, 128) check.eq(b, 16) check.eq(rows, 8)
  slots, b, rows = bands.solve({ recall = 0.999, num_bands = 40 }, 0.8)   -- 1 - (1 - 0.8^8)^40 = 0.9994
  check.eq(slots, 320) check.eq(b, 40) check.eq(rows, 8)
  local given = {}
  bands.set(given, { recall = 0.999 }, 0.8)   -- and eight of five slots for texts of few shingles
  check.eq(given.num_bands, 36) check.eq(given.short_bands, 8) check.eq(given.short_rows, 5)
  given = {}
  check.eq(stage("near_dedup").check({ num_hashes = 128, num_bands = 16 }), nil)
  check.eq(stage("near_dedup").check({ num_hashes = 128, num_bands = 0 }), nil)
  check.eq(stage("near_dedup").check({ num_hashes = 128, num_bands = 20 }), "num_bands = 20 does not divide num_hashes = 128: "
    .. "bands of 6 slots would leave 8 slots unused; give num_hashes = 120, or num_bands = 16 or 32")
  check.eq(stage("near_dedup").check({ num_hashes = 64, num_bands = 100 }),
    "num_bands = 100 is more than num_hashes = 64: a band needs a slot of its own")

  bands.set(given, { recall = 0.999, num_hashes = 128, num_bands = 16 }, 0.8)   -- bands that were given stay alone
  check.eq(given.num_bands, 16) check.eq(given.short_bands, nil)
end)

check.test("method = exact gives what brute force gives, and at least what the sketches find", function()
  local lines, texts = {}, {}
  local seed = 7
  local function draw(n) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % n end
  for i = 1, 120 do
    local words = {}
    if i > 1 and draw(3) > 0 then
      for w in texts[1 + draw(i - 1)]:gmatch "%a+" do words[#words + 1] = draw(25) == 0 and "other" or w end
    else
      for k = 1, 8 + draw(30) do words[k] = string.char(97 + draw(20), 97 + draw(20), 97 + draw(20)) end
    end
    texts[i] = table.concat(words, " ")
    lines[i] = pair(texts[i], "y")
  end
  local v = load(file(lines))
  for _, threshold in ipairs { 0.5, 0.7, 0.8, 0.95 } do
    local exact = run("near_dedup", v, { method = "exact", threshold = threshold })
    local bands = run("near_dedup", v, { threshold = threshold, num_hashes = 8, num_bands = 1 })
    local kept = {}
    for i = 1, #v do
      local best, twin = 0, nil
      for _, k in ipairs(kept) do
        local j = neardup.jaccard(texts[i] .. "|y", texts[k] .. "|y")   -- any letter that no text has
        if j >= threshold and j > best then best, twin = j, k end
      end
      local r = exact:row(i)
      check.eq(r.evidence and r.evidence.twin.line, twin)
      if twin then check.eq(r.evidence.jaccard, best) else kept[#kept + 1] = i end
    end
    check.ok(select(2, bands:counts()) <= select(2, exact:counts()))
  end
end)

check.test("decontaminate rejects copies of gold rows, on the whole row and on the input alone", function()
  local gold_path = file { pair("What is the capital of France, please tell me?", "Paris"), pair("yes", "no") }
  local gold = load(gold_path)
  local v = load(file {
    pair("what is the capital of  france, please tell me?", "PARIS"),                 -- 1 exact, whole
    pair("What is the capital of France, please tell me?", "I will not say which"),   -- 2 exact, input
    pair("What is the capital of France, please tell me!", "It is Lyon, or so I heard a man say"),  -- 3 near, input
    pair("Yes", "of course"), pair("yess", "no"), pair("", "Paris"),                  -- 4 exact, input; 5 and 6 stay
    pair("What is the capital of Peru, if I may ask you?", "Lima") })
  local w = run("decontaminate", v, nil, { gold = gold })
  local function is(row, reason, field, line)
    local r = w:row(row)
    check.eq(r.reason, reason)
    check.eq(r.evidence.field, field)
    check.eq(r.evidence.twin.source, gold_path)
    check.eq(r.evidence.twin.line, line)
  end
  is(1, "gold_exact", "input+output", 1)
  is(2, "gold_exact", "input", 1)
  is(3, "gold_near", "input", 1)
  is(4, "gold_exact", "input", 2)
  check.eq(w:row(1).evidence.jaccard, 1)
  for i = 5, 7 do check.eq(w:row(i).status, "standing") end
  check.eq(#gold, 2)
  check.eq((gold:counts()), 2)
  w = run("decontaminate", v, { input_alone = false }, { gold = gold })
  check.eq(w:row(4).status, "standing")
  check.eq(w:row(1).status, "rejected")
end)

check.test("trusted rows are no exception to the gold set", function()
  local path = file { pair("a question that is in the gold set", "its answer") }
  local v = load { path = path, trusted = true }
  check.eq(select(2, run("decontaminate", v, nil, { gold = load(path) }):counts()), 1)
end)

check.test("a missing or small gold set is noted", function()
  local s = stage("decontaminate")
  local v = load(file { pair("a", "b") })
  check.ok(s.finish(v, {}, {}).notes[1]:find("no gold set", 1, true))
  check.ok(s.finish(v, {}, { gold = v }).notes[1]:find("1 row;", 1, true))
  check.eq(s.run(v, {}, {}), v)
end)

check.test("the functions on strings", function()
  check.eq(neardup.jaccard("abcdefgh", "ABCDEFGHI", 5), 0.8)
  check.eq(neardup.jaccard("cat", "cat "), 1)
  check.eq(neardup.jaccard("cat", "dog"), 0)
  check.eq(neardup.normalise("  It's\t OK! "), "it's ok!")
  check.eq(neardup.normalise("  It's\t OK! ", "drop"), "its ok")
  local a, b = neardup.minhash("the same text here"), neardup.minhash("The same  text here")
  check.eq(#a, 128)
  for i = 1, 128 do check.eq(a[i], b[i]) end
  check.eq(hash.sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
  check.eq(hash.xxh3(""), "99aa06d3014798d86001c324468d497f")
end)

check.test("misuse raises, and says what was wrong", function()
  check.raises("expected 1 to 16 code points", neardup.jaccard, "a", "b", 17)
  check.raises("threshold: expected a number", neardup.leaders, load(file { pair("a", "b") }), {}, pool)
  check.raises("no field is named inputs", neardup.exact, load(file { pair("a", "b") }), { fields = { "inputs" } }, pool)
  check.raises('punctuation: expected "keep" or "drop"', neardup.exact, load(file { pair("a", "b") }), { punctuation = "no" })
end)

check.test("real rows: same verdicts for 1, 2 and 7 threads, and every one at the threshold or above", function()
  local path = "../shared/data/raw_tickets.jsonl"
  local f = io.open(path)
  if not f then check.skip("no ../shared/data") end
  f:close()
  local v = assert(corpus.load { sources = { { path = path, format = { fields = { input = "input", output = "output" } } } },
                                 formats = formats, pool = pool })
  local p, seen = defaults(stage("near_dedup")), nil
  for _, threads in ipairs { 1, 2, 7 } do
    local some = core.pool(threads)
    local w = v:apply("near_dedup", assert(stage("near_dedup").run(v, p, { pool = some })))
    local out = {}
    for i = 1, #w do
      local r = w:row(i)
      if r.status == "rejected" then
        out[#out + 1] = ("%d %d %.17g"):format(i, r.evidence.twin.line, r.evidence.jaccard)
        check.ok(r.evidence.jaccard >= 0.8)
      end
    end
    seen = seen or out
    check.eq(table.concat(out, "\n"), table.concat(seen, "\n"))
  end
  check.ok(#seen > 300)
end)

for _, path in ipairs(made) do os.remove(path) end
check.test("recall counts pairs, copies, and what the bands propose", function()
  local path = check.folder() .. "/rows.jsonl"
  local f = assert(io.open(path, "w"))
  for _, text in ipairs { "abcabcabcabc", "abcabcabcabcabc",       -- 3 shingles of 3 each, the same: 1
                          "abcdefghijkl", "abcdefghijklmn",        -- 10 of 12 shingles: 0.83
                          "ABCdefghijkl ", "abcdefghijkl", "zq", "zq", "zr" } do   -- three copies; too short to match
    f:write(('{"input":"%s","output":""}\n'):format(text))
  end
  f:close()
  local view = assert(require "corpus".load { sources = { { path = path } }, formats = require "formats.all" })
  local function recall(threshold, bands, rows)
    return assert(neardup.recall(view, { threshold = threshold, shingle = 3, num_hashes = 128, num_bands = bands,
      rows_per_band = rows, keep = "first", method = "sketch", template_share = 0, fields = { "input" },
      unit = "char", turns = "all", max_shingle_share = 0, min_shingle_rows = 1, mask_rest = 0 }))
  end
  -- 128 bands of a slot miss the second pair with a chance of 6^-128; one of 96 finds it with one of (5/6)^96
  check.eq(recall(0.8, 128, 1), { pairs = 2, proposed = 2, copies = 3 })
  check.eq(recall(0.8, 1, 96), { pairs = 2, proposed = 1, copies = 3 })
  check.eq(recall(0.9, 128, 1), { pairs = 1, proposed = 1, copies = 3 })
end)

check.done()
