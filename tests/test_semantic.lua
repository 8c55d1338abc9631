-- test_semantic.lua: the stage semantic_dedup on vectors that are given, against its definition.
local check = require "check"
local core, ledger, passing, store = require "core", require "ledger", require "passing", require "store"
local open = require "recipe.open"
local semantic, vectors = require "semantic", require "vectors"
local stage = require "stages.semantic_dedup"
local views = require "views"

local pool = core.pool(2)
local DIM = 12

local function params(given)
  local p = views.params(stage, given)
  p.threshold = p.threshold or 0.92
  return p
end

-- Vectors: strangers, near copies of earlier ones, chains of them, copies; one in eleven is none.
local function numbers(n, seed)
  local function draw(k) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % k end
  local out, all = {}, {}
  for i = 1, n do
    local from = i > 1 and draw(4) > 0 and all[draw(2) == 0 and i - 1 or 1 + draw(i - 1)]
    local spread, x = draw(4) * draw(4) / 12, {}
    for k = 1, DIM do x[k] = (from and from[k] or 0) + (from and spread or 1) * (draw(2001) - 1000) / 1000 end
    all[i], out[i] = x, i % 11 ~= 5 and x or nil
  end
  return out
end

--- A view of n rows with vectors.
local function view_of(n, seed, source)
  local rows = {}
  for i = 1, n do rows[i] = { input = ("x"):rep(1 + i * 37 % 50), output = "answer " .. i } end
  local view = views.load(rows, source)
  local v = vectors.make(view, numbers(n, seed), { dim = DIM })
  return assert(vectors.attach(view, "embed", v)), v
end

local function run(view, given, threads)
  local verdicts, info = stage.run(view, params(given), { pool = threads or pool, name = "semantic_dedup" })
  assert(verdicts, info)
  local is_view = (getmetatable(verdicts) or {}).__name == "tamis.view"
  return is_view and verdicts or assert(view:apply("semantic_dedup", verdicts)), info, verdicts
end

check.test("no two kept rows match, and each rejected one names a kept match", function()
  for seed = 1, 6 do
    local view, v = view_of(140, seed)
    local threshold = 0.6 + seed / 20
    local w, info = run(view, { threshold = threshold })
    local kept, removed, without = {}, 0, 0
    for i = 1, #w do
      local r = w:row(i)
      if not v:has(i) then without = without + 1 end
      if r.status == "standing" then kept[#kept + 1] = i
      else
        removed = removed + 1
        local e = r.evidence
        check.eq(r.reason, "semantic_duplicate")
        check.eq(e.field, "input+output")
        check.eq(w:row(e.twin.line).status, "standing")
        check.eq(e.cosine, v:cosine(i, e.twin.line))
        check.ok(e.cosine >= threshold)
        check.eq(e.jaccard, nil)
      end
    end
    check.ok(removed > 20)
    check.eq(info.figures.without, without)
    check.ok(table.concat(info.notes, "\n"):find(without .. " rows without a vector, compared with nobody", 1, true))
    for a = 1, #kept do
      for b = a + 1, #kept do check.ok((v:cosine(kept[a], kept[b]) or -1) < threshold) end
    end
  end
end)

check.test("the number of threads does not show", function()
  local view = view_of(300, 9)
  local four = core.pool(4)
  for _, given in ipairs { { threshold = 0.8 }, { threshold = 0.8, cluster = "components" } } do
    local one, more = run(view, given, core.pool(1)), run(view, given, four)
    for i = 1, #view do check.eq(more:row(i).evidence, one:row(i).evidence) end
  end
end)

check.test("keep says which row of a group stays", function()
  local view, v = view_of(120, 4)
  local longest = run(view, { threshold = 0.8, keep = "longest" })
  local function length(i) return #view:field(i, "input") + #view:field(i, "output") end
  local removed = 0
  for i = 1, #view do
    local e = longest:row(i).evidence
    if e then
      removed = removed + 1
      check.ok(length(e.twin.line) >= length(i))
      check.eq(e.cosine, v:cosine(i, e.twin.line))
    end
  end
  check.ok(removed > 20)
end)

check.test("components connect a chain, and each row names its neighbour", function()
  local function turned(degrees) return { math.cos(math.rad(degrees)), math.sin(math.rad(degrees)) } end
  local view = views.load { { input = "a", output = "a" }, { input = "b", output = "b" }, { input = "c", output = "c" } }
  local v = vectors.make(view, { turned(0), turned(20), turned(40) }, { dim = 2 })
  view = assert(vectors.attach(view, "embed", v))
  local threshold = math.cos(math.rad(25))
  check.eq((run(view, { threshold = threshold }):counts()), 2)
  local w, info = run(view, { threshold = threshold, cluster = "components", max_cluster = 2 })
  check.eq((w:counts()), 1)
  local e = w:row(3).evidence
  check.eq(e.twin.line, 1)
  check.eq(e.cosine, v:cosine(1, 3))
  check.eq(e.via.line, 2)
  check.eq(e.via_cosine, v:cosine(2, 3))
  check.ok(info.notes[1]:find("semantic_dedup: 1 cluster of more than 2 rows", 1, true))
  check.ok(info.notes[2]:find("at a cosine of 0.766", 1, true))
end)

check.test("a sweep of thresholds gives what a run at each of them gives, from the ledger too", function()
  local view, v = view_of(220, 12)
  local thresholds = { 0.6, 0.7, 0.8, 0.95, 1 }
  for _, given in ipairs { {}, { cluster = "components" }, { keep = "longest" } } do
    given.evidence_floor, given.threshold = 0.6, 0.75
    local after, _, verdicts = run(view, given)
    local p = params(given)
    local ctx = { pool = pool, name = "semantic_dedup" }
    local steps = assert(stage.sweep(view, verdicts, p, thresholds, ctx))
    local path = os.tmpname()
    os.remove(path)
    assert(ledger.write(after, path))
    local db <close> = assert(store.open(path, { readonly = true }))
    local states = passing.states(view, after, "semantic_dedup", {})
    local told = stage.sweep_rows(states, assert(ledger.pairs(path, "semantic_dedup")), p, thresholds, 3)
    check.eq(told and true, given.keep ~= "longest")   -- whose order is that of texts
    local n = 0
    for r in db:rows "SELECT * FROM pairs" do
      n = n + 1
      check.eq(r.value, v:cosine(r.a, r.b))
      check.ok(r.value >= 0.6)
    end
    check.ok(n > 100)
    os.remove(path)
    for k, s in ipairs(steps) do
      given.threshold = thresholds[k]
      local w, info = run(view, given)
      local _, removed = w:counts()
      check.eq(s.removed, removed)
      check.eq(s.compared, 0)
      check.eq(s.clusters, info.figures.clusters)
      if told then check.eq({ told[k].removed, told[k].clusters }, { s.removed, s.clusters }) end
      for _, m in ipairs(s.taken) do
        check.eq(m.jaccard, v:cosine(m.row, m.twin))
        check.eq(w:row(m.row).status, "rejected")
      end
    end
  end
end)

check.test("rows that come back are held against all that stand", function()
  local view, v = view_of(160, 15)
  local _, info = run(view, { threshold = 0.7 })
  local rows, barred = {}, {}
  for i = 3, #view, 4 do rows[#rows + 1] = i end
  for k = 1, #rows, 5 do barred[#barred + 1] = rows[k] end
  local judged = {}
  for _, i in ipairs(rows) do judged[i] = true end
  local ctx = { pool = pool, name = "semantic_dedup" }
  local list = assert(stage.revisit(view, params { threshold = 0.7 }, ctx,
    { rows = rows, barred = barred, memory = info.memory }))
  local w = assert(view:apply("semantic_dedup", list))
  local gone = 0
  for i = 1, #view do
    local e = w:row(i).evidence
    if not judged[i] then check.eq(w:row(i).status, "standing") end
    if e then
      gone = gone + 1
      check.eq(w:row(e.twin.line).status, "standing")
      check.ok(e.cosine >= 0.7 and e.cosine == v:cosine(i, e.twin.line))
    elseif judged[i] then   -- nobody that stands from the first matches it
      for k = 1, #view do
        if not judged[k] then check.ok((v:cosine(i, k) or -1) < 0.7) end
      end
    end
  end
  check.ok(gone > 10)
end)

check.test("the threshold goes by the embedding, and a recipe without one is told", function()
  local thresholds = require "embed.thresholds"
  local function opened(stages)
    return open.text(('local s = require "tamis"\nreturn s.recipe { sources = { "a.jsonl" }, %s }'):format(stages), "x.lua")
  end
  local function threshold(stages)
    local o = assert(opened(stages))
    local entry
    for _, e in ipairs(o.plan.stages) do if e.stage == "semantic_dedup" then entry = e end end
    o.recipe:close()
    return entry.params.threshold
  end
  check.eq(threshold 's.embed { model = "lexical" }, s.semantic_dedup {}', thresholds.lexical)
  check.eq(threshold 's.embed { file = "v.npy" }, s.semantic_dedup {}', 0.92)
  check.eq(threshold 's.embed { model = "lexical" }, s.semantic_dedup { threshold = 0.5 }', 0.5)
  check.eq(threshold 's.embed { name = "a", file = "v.npy" }, s.embed { model = "lexical" }, s.semantic_dedup { embedding = "a" }',
           0.92)
  local none, why = opened 's.semantic_dedup {}'
  check.eq(none, nil)
  check.ok(why:find("x.lua:2: semantic_dedup: it needs an embed stage before it", 1, true), why)
  none, why = opened 's.embed { model = "lexical" }, s.semantic_dedup { embedding = "b" }'
  check.eq(none, nil)
  check.ok(why:find('no embed stage of that name stands before it', 1, true), why)
  none, why = opened 's.embed { model = "lexical" }, s.semantic_dedup { evidence_floor = 0.01 }'
  check.eq(none, nil)
  check.ok(why:find("evidence_floor = 0.01 is out of range", 1, true), why)
end)

-- Texts alike and vectors alike, neither of them always when the other is.
local function confirmed_view(seed)
  local rows, x, all = {}, {}, {}
  local function draw(k) seed = (seed * 1103515245 + 12345) % 2147483648 return seed // 65536 % k end
  for i = 1, 150 do
    local from = i > 1 and draw(3) > 0 and 1 + draw(i - 1)
    local t = {}
    for k = 1, 50 do t[k] = from and rows[from].input:sub(k, k) or string.char(97 + draw(20)) end
    for _ = 1, from and draw(4) or 0 do t[1 + draw(50)] = string.char(97 + draw(20)) end
    rows[i] = { input = table.concat(t), output = "y" }
    local near = from and draw(2) == 0
    all[i] = {}
    for k = 1, 4 do all[i][k] = (near and all[from][k] or 0) + (near and draw(3) / 4 or 1) * (draw(2001) - 1000) / 1000 end
    x[i] = draw(8) > 0 and all[i] or nil
  end
  local view = views.load(rows)
  local v = vectors.make(view, x, { dim = 4 })
  return assert(vectors.attach(view, "embed", v)), v, rows
end

check.test("near_dedup with vectors to confirm rejects a row for a kept one that both figures match", function()
  local neardup, near_dedup = require "neardup", require "stages.near_dedup"
  for seed = 1, 4 do
    local view, v, rows = confirmed_view(seed)
    local p = views.params(near_dedup, { threshold = 0.6, verify = "cosine", cosine = 0.8, num_hashes = 512,
                                         num_bands = 512, template_share = 0 })
    local function jaccard(a, b) return neardup.jaccard(rows[a].input .. "|y", rows[b].input .. "|y") end
    local function match(a, b)
      local cosine = v:cosine(a, b)
      return cosine and cosine >= 0.8 and jaccard(a, b) >= 0.6
    end
    local list, info = near_dedup.run(view, p, { pool = pool, name = "near_dedup" })
    local w = assert(view:apply("near_dedup", assert(list, info)))
    local unconfirmed, refuted, removed = 0, 0, 0
    for i = 1, #w do
      local best, twin = 0, nil
      for k = 1, i - 1 do
        if w:row(k).status == "standing" and jaccard(i, k) >= 0.6 then
          if not v:cosine(i, k) then unconfirmed = unconfirmed + 1 elseif v:cosine(i, k) < 0.8 then refuted = refuted + 1 end
          if match(i, k) and jaccard(i, k) > best then best, twin = jaccard(i, k), k end
        end
      end
      local e = w:row(i).evidence
      check.eq(w:row(i).status, twin and "rejected" or "standing")
      if twin then
        removed = removed + 1
        check.eq({ e.twin.line, e.jaccard, e.cosine }, { twin, best, v:cosine(i, twin) })
      end
    end
    check.ok(removed > 5 and refuted > 5 and unconfirmed > 0)
    check.ok(info.figures.unconfirmed_pairs > 0 and info.figures.unconfirmed_pairs <= unconfirmed)
    check.ok(table.concat(info.notes, "\n"):find("stay apart, as one of the two rows has no vector", 1, true))
  end
end)

check.test("what near_dedup cannot confirm by vectors is refused when the recipe is read", function()
  local function fault(given, before)
    local text = 'local s = require "tamis"\nreturn s.recipe { sources = { "a.jsonl" }, %s s.near_dedup { verify = "cosine"%s } }'
    local o, why = open.text(text:format(before or 's.embed { model = "lexical" },', given), "x.lua")
    if o then o.recipe:close() end
    return why
  end
  check.eq(fault "", nil)
  check.contains(fault("", ""), 'verify = "cosine": it needs an embed stage before it')
  check.contains(fault ', cluster = "components"', 'goes with cluster = "leader", not with "components"')
  check.contains(fault ', method = "exact"', 'goes with method = "sketch", not with "exact"')
  check.contains(fault ', evidence_floor = 0.5', 'goes with evidence_floor = 0, not with 0.5')
  check.contains(fault ', against = "x"', "rows of earlier runs have no vectors")
end)

check.test("misuse raises, and says what was wrong", function()
  local view, v = view_of(5, 1)
  local other = view_of(6, 1)
  check.raises("vectors of the view's rows", semantic.dedup, other, params {}, v, pool)
  check.raises("threshold: expected", semantic.dedup, view, { threshold = 2 }, v, pool)
  check.raises("whose embedding takes a text", semantic.nearest, view, v, "x", { k = 1 }, pool)
  local none, why = stage.run(views.load { { input = "a", output = "b" } }, params {}, { pool = pool, name = "x" })
  check.eq(none, nil)
  check.ok(why:find("it needs an embed stage before it", 1, true))
end)

check.done()
