-- test_cluster.lua: near_dedup's clusters, what they leave in the ledger, and sweeps over it.
local check = require "check"
local core, corpus, neardup, ledger, store = require "core", require "corpus", require "neardup", require "ledger", require "store"
local formats, stage = require "formats.all", require "stages.near_dedup"
local views = require "views"

local pool = core.pool(2)
local made = {}   -- files to remove at the end

local function temporary()
  local path = os.tmpname()
  made[#made + 1] = path
  return path
end

local function load(texts)
  local path = temporary()
  local f = assert(io.open(path, "w"))
  for _, t in ipairs(texts) do f:write(('{"input":"%s","output":"y"}'):format(t), "\n") end
  f:close()
  return assert(corpus.load { sources = { { path = path } }, formats = formats, pool = pool })
end

local function params(given)
  local p = views.params(stage, given)
  return p
end

local function run(view, given, threads)
  local verdicts, info = stage.run(view, params(given), { pool = threads or pool })
  return assert(view:apply("near_dedup", assert(verdicts, info))), info, verdicts
end

--- What the stage compares: J("ab|y") with a letter that no text has between the fields.
local function jaccard(a, b) return neardup.jaccard(a .. "|y", b .. "|y") end

-- A chain: each text shares all but a little with the next, the ends share half.
local CHAIN = { "abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklmnopqrstuvwxyz01234_____",
                "abcdefghijklmnopqrstuvwxyz__________", "nobody is like this text at all, not one" }

check.test("components connect a chain, and each row names the kept one and its neighbour", function()
  local v = load(CHAIN)
  local near, far = jaccard(CHAIN[1], CHAIN[2]), jaccard(CHAIN[1], CHAIN[3])
  local threshold = math.min(near, jaccard(CHAIN[2], CHAIN[3]))
  check.ok(far < threshold)
  local leader = run(v, { threshold = threshold, num_hashes = 512, num_bands = 512 })
  check.eq(leader:row(2).evidence.jaccard, near)
  check.eq(leader:row(3).status, "standing")
  for _, method in ipairs { "sketch", "exact" } do
    local w, info = run(v, { threshold = threshold, cluster = "components", method = method,
                             num_hashes = 512, num_bands = 512, max_cluster = 2 })
    check.eq(select(2, w:counts()), 2)
    local e = w:row(3).evidence
    check.eq(e.twin.line, 1)
    check.eq(e.jaccard, far)
    check.eq(e.via.line, 2)
    check.eq(e.via_jaccard, jaccard(CHAIN[2], CHAIN[3]))
    check.eq(w:row(2).evidence.via, nil)
    check.eq(info.figures.loosest, far)
    check.eq(info.figures.largest_cluster, 3)
    check.ok(info.notes[1]:find("1 cluster of more than 2 rows; the largest, of 3, keeps", 1, true))
    check.ok(info.notes[2]:find(("at a Jaccard of %.3f"):format(far), 1, true))
  end
end)

-- Random texts with near copies, chains and copies.
local function texts(n, seed)
  local function draw(k) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % k end
  local out = {}
  for i = 1, n do
    local from = i > 1 and draw(4) > 0 and out[draw(2) == 0 and i - 1 or 1 + draw(i - 1)]
    local t = {}
    for k = 1, from and #from or 40 + draw(60) do t[k] = from and from:sub(k, k) or string.char(97 + draw(20)) end
    for _ = 1, from and draw(4) or 0 do t[1 + draw(#t)] = string.char(97 + draw(20)) end
    out[i] = table.concat(t)
  end
  return out
end

check.test("the ledger holds the pairs, the clusters and their rows", function()
  local t = texts(150, 3)
  local v = load(t)
  for _, given in ipairs { {}, { cluster = "components" }, { evidence_floor = 0.5 },
                           { evidence_floor = 0.5, cluster = "components" }, { method = "exact", evidence_floor = 0.6 } } do
    given.threshold = 0.7
    local w, info, verdicts = run(v, given)
    local path = temporary()
    os.remove(path)
    assert(ledger.write(w, path))
    local db <close> = assert(store.open(path, { readonly = true }))
    local pairs_, complete, cluster, size = 0, {}, {}, {}
    for r in db:rows "SELECT * FROM pairs" do
      check.eq(r.stage, "near_dedup")
      check.eq(r.value, jaccard(t[r.a], t[r.b]))
      check.ok(r.value >= math.min(given.evidence_floor or 0.7, 0.7))
      pairs_ = pairs_ + 1
    end
    check.eq(pairs_, info.figures.pairs)
    local floor = math.min(given.evidence_floor or 0.7, 0.7)
    local read = assert(ledger.pairs(path, "near_dedup"))
    local steps = { floor, 0.75, 0.9 }
    local from_file = assert(stage.sweep(v, read, params(given), steps, { pool = pool }))
    for k, s in ipairs(assert(stage.sweep(v, verdicts, params(given), steps, { pool = pool }))) do
      for key, value in pairs(s) do
        if type(value) == "number" then check.eq(from_file[k][key], value) end
      end
    end
    for r in db:rows "SELECT * FROM members" do
      cluster[r.row] = r.cluster
      size[r.cluster] = (size[r.cluster] or 0) + 1
    end
    for r in db:rows "SELECT * FROM clusters" do
      complete[r.cluster] = r.complete
      check.eq(r.rows, size[r.cluster])
      if given.evidence_floor then check.eq(r.complete, 1) end
    end
    for i = 1, #v do
      local e = w:row(i).evidence
      if e then check.eq(cluster[i], e.twin.line) end
      if cluster[i] then check.ok(complete[cluster[i]]) end
    end
    check.ok(#verdicts > 30)
  end
end)

check.test("a ledger that is none, or says what cannot be, is an error that names it", function()
  local list, why = ledger.pairs("/nowhere/ledger.db", "near_dedup")
  check.eq(list, nil)
  check.ok(why:find("cannot read /nowhere/ledger.db", 1, true))
  local path = temporary()
  local db = assert(store.open(path))
  assert(db:exec [[CREATE TABLE pairs(stage, a, b, value); CREATE TABLE clusters(stage, cluster, rows, complete, loosest);
                   CREATE TABLE members(stage, row, cluster)]])
  check.ok(ledger.pairs(path, "near_dedup"))
  for _, bad in ipairs { { "pairs VALUES ('near_dedup', 2, 2, 0.9)", "pairs" }, { "pairs VALUES ('near_dedup', 0, 2, 0.9)", "pairs" },
                         { "pairs VALUES ('near_dedup', 1, 2, 1.5)", "pairs" },
                         { "clusters VALUES ('near_dedup', -1, 2, 1, 1)", "clusters" },
                         { "members VALUES ('near_dedup', 1, 5000000000)", "members" } } do
    assert(db:exec("INSERT INTO " .. bad[1]))
    list, why = ledger.pairs(path, "near_dedup")
    check.eq(list, nil)
    check.ok(why:find("a row of its table " .. bad[2] .. " is out of range", 1, true))
    assert(db:exec("DELETE FROM " .. bad[2]))
  end
  assert(db:exec "INSERT INTO pairs VALUES ('near_dedup', 1, 900, 0.9)")   -- in range, but of no row of this view
  list = assert(ledger.pairs(path, "near_dedup"))
  db:close()
  list, why = stage.sweep(load { "a text of some length", "another" }, list, params(), { 0.9 }, { pool = pool })
  check.eq(list, nil)
  check.ok(why:find("the pairs name row 900", 1, true))
end)

check.test("a sweep of thresholds gives what a run at each of them gives", function()
  local t = texts(300, 11)
  local v = load(t)
  local thresholds = { 0.6, 0.65, 0.72, 0.8, 0.95, 1 }
  for i, given in ipairs { {}, { cluster = "components" }, { method = "exact" }, { keep = "longest" },
                           { cluster = "components", method = "exact" }, { evidence_pairs = 1 } } do
    given.evidence_floor, given.threshold = 0.6, 0.7
    local after, _, verdicts = run(v, given)
    local evidence = i % 2 == 0 and after or verdicts
    local steps = assert(stage.sweep(v, evidence, params(given), thresholds, { pool = pool, name = "near_dedup" }))
    check.eq(#steps, #thresholds)
    for k, s in ipairs(steps) do
      given.threshold = thresholds[k]
      local w, info = run(v, given)
      local _, removed = w:counts()
      check.eq(s.threshold, thresholds[k])
      check.eq(s.removed, removed)
      check.eq(s.kept, #v - removed)
      check.eq(s.clusters, info.figures.clusters)
      if not given.evidence_pairs then check.eq(s.compared, 0) else check.ok(s.compared > 0) end
      for _, m in ipairs(s.taken) do
        check.eq(m.jaccard, jaccard(t[m.row], t[m.twin]))
        check.eq(w:row(m.row).status, "rejected")
        check.eq((w:row(m.row).evidence.via or w:row(m.row).evidence.twin).line, m.twin)
      end
      for _, m in ipairs(s.spared) do check.ok(m.jaccard < s.threshold) end
      if s.removed > 3 then check.eq(#s.taken, 3) end
    end
  end
end)

check.test("a sweep without a floor compares rows again, and says what it cannot do", function()
  local v = load(texts(200, 5))
  local p = params { threshold = 0.6 }
  local _, _, verdicts = run(v, p)
  local steps = assert(stage.sweep(v, verdicts, p, { 0.6, 0.75 }, { pool = pool }))
  local some = run(v, params { threshold = 0.75, num_hashes = 128, num_bands = 64 })
  check.eq(steps[2].removed, (select(2, some:counts())))
  check.ok(steps[1].compared > 0)
  check.raises("expected 0.6 (the floor of the evidence) to 1, got 0.5", stage.sweep, v, verdicts, p, { 0.5 }, {})
  check.raises("thresholds: expected a list of numbers", stage.sweep, v, verdicts, p, { "x" }, {})
  local w = run(v, p)
  local none, why = stage.sweep(w, verdicts, p, { 0.7 }, { pool = pool })
  check.eq(none, nil)
  check.ok(why:find("which did not reach the stage in this view", 1, true))
  check.eq(stage.sweep(v, verdicts, params { against = "x" }, { 0.9 }, {}), nil)
end)

for _, path in ipairs(made) do os.remove(path) end
check.done()
