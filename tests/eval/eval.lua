-- tests/eval/eval.lua: how well near_dedup finds near duplicates. Pairs against the exact join (every
-- pair at the threshold or above, by proof) on real and made-up sets; and how well the Jaccard itself
-- tells labelled pairs apart. Run by `make eval`.
local core, corpus, neardup = require "core", require "corpus", require "neardup"
local formats, json = require "formats.all", require "json"
local stage, bands = require "stages.near_dedup", require "neardup_bands"

local MAKE_ROWS = assert(os.getenv "MAKE_ROWS", "MAKE_ROWS: the program that makes rows")
local DATA = "../shared/data/"
local pool = core.pool(2)
local failed = false

local function defaults()
  local p = {}
  for name, spec in pairs(stage.params) do p[name] = spec.default end
  return p
end

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

-- ---- pairs ----

--- Twins of the standing rows by one method: { [row] = { line, jaccard } }.
local function twins(view, p)
  local verdicts = assert(stage.run(view, p, { pool = pool }))
  local after = assert(view:apply("near_dedup", verdicts))
  local out, n = {}, 0
  for i = 1, #after do
    local r = after:row(i)
    if r.status == "rejected" and r.stage == "near_dedup" then out[i], n = r.evidence, n + 1 end
  end
  return out, n
end

--- Verdicts of the sketches that the exact join does not bear out: 1 - precision.
local function wrong(view, p)
  local n, false_ones = 0, 0
  local found = twins(view, p)
  for _, e in pairs(found) do
    n = n + 1
    if e.jaccard < p.threshold then false_ones = false_ones + 1 end
  end
  return false_ones, n
end

local function measure(name, path, threshold)
  local view = assert(corpus.load { sources = { { path = path } }, formats = formats, pool = pool })
  local p = setmetatable({ threshold = threshold, template_share = 0 }, { __index = defaults() })
  local given = setmetatable({}, { __index = p })
  bands.set(given, p, threshold)
  local r = assert(neardup.recall(view, given, pool))
  local false_ones, rejected = wrong(view, p)
  local _, exact = twins(view, setmetatable({ method = "exact" }, { __index = p }))
  local recall = r.pairs > 0 and r.proposed / r.pairs or 1
  local precision = rejected > 0 and 1 - false_ones / rejected or 1
  if recall < 0.999 or precision < 1 then failed = true end
  print(("%-28s %5.2f %8d %8d %9d %9.5f %9.5f %9d %9d"):format(name, threshold, #view, r.copies, r.pairs,
    precision, recall, rejected, exact))
end

print "near_dedup at its defaults against the exact join"
print(("%-28s %5s %8s %8s %9s %9s %9s %9s %9s"):format("set", "J", "rows", "copies", "pairs", "precision",
  "recall", "removed", "exact"))
for _, name in ipairs { "raw_tickets.jsonl", "raw_support.jsonl.gz", "raw_trivia.jsonl.gz", "raw_math.jsonl",
                        "raw_multilingual.jsonl", "alpaca.jsonl.gz", "sharegpt.jsonl", "openai_messages.jsonl" } do
  if exists(DATA .. name) then
    for _, threshold in ipairs { 0.7, 0.8, 0.9 } do measure(name, DATA .. name, threshold) end
  else
    print("skip: no " .. DATA .. name)
  end
end
for _, set in ipairs { { 50, 50000 }, { 100, 50000 }, { 200, 50000 }, { 1000, 20000 }, { 10000, 2000 } } do
  local path = os.tmpname()
  os.rename(path, path .. ".jsonl")
  path = path .. ".jsonl"
  assert(os.execute(("%s %d %d > %s"):format(MAKE_ROWS, set[2], set[1], path)))
  measure(("made rows of %d bytes"):format(set[1]), path, 0.8)
  os.remove(path)
end

-- ---- labelled pairs ----

--- The area under the ROC curve: the chance that a pair that is the same scores above one that is not.
local function auc(points)
  table.sort(points, function(a, b) return a.score < b.score end)
  local rank_sum, same, i = 0, 0, 1
  while i <= #points do
    local k = i
    while k < #points and points[k + 1].score == points[i].score do k = k + 1 end
    for m = i, k do
      if points[m].same then rank_sum, same = rank_sum + (i + k) / 2, same + 1 end
    end
    i = k + 1
  end
  return (rank_sum - same * (same + 1) / 2) / (same * (#points - same)), same
end

--- Share of the same, and of the others, at a Jaccard or above.
local function rates(points, at)
  local hit, same, false_hit = 0, 0, 0
  for _, q in ipairs(points) do
    if q.same then same = same + 1 end
    if q.score >= at then
      if q.same then hit = hit + 1 else false_hit = false_hit + 1 end
    end
  end
  return hit / same, false_hit / (#points - same)
end

print "\nJaccard of 5 code points on labelled pairs (a score of 4 or more counts as the same)"
print(("%-24s %6s %6s %7s   %s"):format("set", "pairs", "same", "AUC", "found / false alarms at J >= 0.5, 0.7, 0.8"))
for _, name in ipairs { "pairs_paraphrase.jsonl", "pairs_records.jsonl", "pairs_postedit.jsonl" } do
  if exists(DATA .. name) then
    local points = {}
    for line in io.lines(DATA .. name) do
      local row = json.decode(line)
      local same = row.same
      if same == nil then same = row.score >= 4 end
      points[#points + 1] = { score = neardup.jaccard(row.a, row.b), same = same }
    end
    local area, same = auc(points)
    local at = {}
    for _, j in ipairs { 0.5, 0.7, 0.8 } do at[#at + 1] = ("%.3f / %.3f"):format(rates(points, j)) end
    print(("%-24s %6d %6d %7.4f   %s"):format(name, #points, same, area, table.concat(at, "   ")))
  else
    print("skip: no " .. DATA .. name)
  end
end
if failed then print "a set has a recall below 0.999 or a precision below 1" end
