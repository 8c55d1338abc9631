-- test_cluster.lua: near_dedup's clusters, what they leave in the ledger, and sweeps over it.
local check = require "check"
local core, corpus, neardup, ledger, store = require "core", require "corpus", require "neardup", require "ledger", require "store"
local formats, stage = require "formats.all", require "stages.near_dedup"

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
  local p = {}
  for k, spec in pairs(stage.params) do p[k] = spec.default end
  for k, v in pairs(given or {}) do p[k] = v end
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

for _, path in ipairs(made) do os.remove(path) end
check.done()
