-- tests/eval/meaning.lua: what each embedding tells of labelled pairs, beside the Jaccard of words. Run by `make eval`.
--   AUC        the chance that a pair of texts that mean the same scores above one that does not. The others are hard:
--              the most word-alike of another meaning; in pairs_postedit, of 4 and more out of 5 is the same
--   Spearman   with people's scores, where the set has them
--   recall at a precision: of the pairs that are the same, how many score as high as the lowest score from which on
--              that share of the pairs is the same, and that score
--   at the stage's own threshold (embed/thresholds.lua): precision and recall
-- An embedding that is fitted is fitted to the set's own texts, as the stage embed would. Figures under the floors of
-- floors.lua fail.
package.path = "tests/eval/?.lua;" .. package.path
local core, corpus, json = require "core", require "corpus", require "json"
local embed, neardup, trial = require "stages.embed", require "neardup", require "init.trial"
local lexical = require "lexical"
local sources, thresholds, vectors = require "embed.sources", require "embed.thresholds", require "vectors"
local floors = dofile "tests/eval/floors.lua".meaning

local DATA, STATIC = "../shared/data/", "../shared/models/potion-base-4m-int8"
local SETS = { "pairs_paraphrase.jsonl", "pairs_records.jsonl", "pairs_postedit.jsonl" }
local PRECISIONS = { 0.90, 0.95, 0.98 }
local NEAR = 4                  -- of 5: a near copy

local pool = core.pool(2)
local failed = false

local function exists(path)
  local file = io.open(path, "rb")
  if file then file:close() end
  return file ~= nil
end

-- ---- sets ----

--- Texts as a view, one a row.
local function view_of(texts)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, text in ipairs(texts) do file:write(json.encode { input = text, output = "-" }, "\n") end
  file:close()
  local view = assert(corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
  os.remove(path)
  return view
end

--- { view, texts, pairs = { { a = row, b = row, same =, score = a person's or nil } } }: each text once.
local function read_set(name)
  local set, row = { texts = {}, pairs = {} }, {}
  local function row_of(text)
    if not row[text] then
      set.texts[#set.texts + 1] = text
      row[text] = #set.texts
    end
    return row[text]
  end
  for line in io.lines(DATA .. name) do
    local r = json.decode(line)
    local same = r.same
    if r.score then same = r.score >= NEAR end
    set.pairs[#set.pairs + 1] = { a = row_of(r.a), b = row_of(r.b), same = same, human = r.score }
  end
  set.view = view_of(set.texts)
  return set
end

-- ---- what scores a pair: function(set) -> function(row, row) -> score ----

local function words(set)
  local plain = {}
  for i, text in ipairs(set.texts) do plain[i] = neardup.normalise(text, "drop") end   -- the better baseline
  return function(a, b) return neardup.jaccard(plain[a], plain[b], 1, "word") end
end

local function file_of(path)
  local file, err = io.open(path, "rb")
  if not file then return nil, err end
  local bytes = file:read "a"
  file:close()
  return bytes, path
end

--- An embed stage with these parameters.
local function embedded(changes)
  return function(set)
    local p = trial.params(embed)
    p.fields = { "input" }
    for k, v in pairs(changes) do p[k] = v end
    local view, info = embed.run(set.view, p, { name = "embed", pool = pool, seed = 42, file = file_of })
    assert(view, info)
    local v = vectors.of(view)
    return function(a, b) return v:cosine(a, b) or 0 end
  end, thresholds[sources.kind(changes)]
end

-- { name (of its floors too), score, the threshold of semantic_dedup }
local METHODS = { { "Jaccard of words", words } }
if exists(STATIC .. "/model.safetensors") then
  METHODS[#METHODS + 1] = { "static, potion-base-4m", embedded { model = STATIC } }
else
  print("skip: no " .. STATIC)
end
-- The stage's own features first: words and pairs.
for _, method in ipairs(lexical.has_svd() and { "projection", "svd" } or { "projection" }) do
  for _, features in ipairs { { "word", "bigram" }, { "word" }, { "char" } } do
    local name = ("lexical, %s, %s"):format(method, table.concat(features, "+"))
    local score, threshold = embedded { model = "lexical", method = method, features = features }
    METHODS[#METHODS + 1] = { name, score, threshold }
  end
end

-- ---- figures ----

--- Ranks from 1, ties sharing the mean of theirs, of key(point) in points.
local function ranks(points, key)
  local list, out, i = {}, {}, 1
  for k, p in ipairs(points) do list[k] = p end
  table.sort(list, function(a, b) return key(a) < key(b) end)
  while i <= #list do
    local k = i
    while k < #list and key(list[k + 1]) == key(list[i]) do k = k + 1 end
    for m = i, k do out[list[m]] = (i + k) / 2 end
    i = k + 1
  end
  return out
end

local function score_of(p) return p.score end
local function human_of(p) return p.human end

local function auc(points)
  local rank, sum, same = ranks(points, score_of), 0, 0
  for _, p in ipairs(points) do
    if p.same then sum, same = sum + rank[p], same + 1 end
  end
  return (sum - same * (same + 1) / 2) / (same * (#points - same))
end

local function spearman(points)
  if not points[1].human then return nil end
  local x, y, mean = ranks(points, score_of), ranks(points, human_of), (#points + 1) / 2
  local xy, xx, yy = 0, 0, 0
  for _, p in ipairs(points) do
    local dx, dy = x[p] - mean, y[p] - mean
    xy, xx, yy = xy + dx * dy, xx + dx * dx, yy + dy * dy
  end
  return xy / math.sqrt(xx * yy)
end

--- Precision and recall of the pairs that score `at` or above.
local function at_threshold(points, at)
  local hit, all, same = 0, 0, 0
  for _, p in ipairs(points) do
    same = same + (p.same and 1 or 0)
    if p.score >= at then all, hit = all + 1, hit + (p.same and 1 or 0) end
  end
  return all > 0 and hit / all or 1, hit / same
end

--- The recall at the lowest score from which on this share of the pairs is the same, and that score; 0 if there is none.
local function at_precision(points, precision)
  local list, best, at = {}, 0, nil
  for i, p in ipairs(points) do list[i] = p end
  table.sort(list, function(a, b) return a.score > b.score end)
  local hit, same = 0, 0
  for _, p in ipairs(points) do same = same + (p.same and 1 or 0) end
  for i, p in ipairs(list) do
    hit = hit + (p.same and 1 or 0)
    local last = i == #list or list[i + 1].score < p.score
    if last and hit / i >= precision then best, at = hit / same, p.score end
  end
  return best, at
end

local function hold(what, value, floor)
  if not floor or value >= floor then return end
  failed = true
  print(("UNDER THE FLOOR: %s is %.4f, held to %.4f"):format(what, value, floor))
end

local function tell(set_name, method, points)
  local area, like = auc(points), spearman(points)
  local cells = { ("%-34s %6.4f  %s"):format(method[1], area, like and ("%8.4f"):format(like) or "        ") }
  for _, precision in ipairs(PRECISIONS) do
    local recall, at = at_precision(points, precision)
    cells[#cells + 1] = at and (" %.3f (%.2f)"):format(recall, at) or "      -     "
  end
  local floor = (floors[method[1]] or {})[set_name] or {}
  if method[3] then
    local precision, recall = at_threshold(points, method[3])
    cells[#cells + 1] = ("   %.2f: %.3f, %.3f"):format(method[3], precision, recall)
    hold(method[1] .. ": precision at its threshold on " .. set_name, precision, floor.precision)
  end
  print(table.concat(cells))
  hold(method[1] .. ": AUC on " .. set_name, area, floor.auc)
  if like then hold(method[1] .. ": Spearman on " .. set_name, like, floor.spearman) end
end

for _, name in ipairs(SETS) do
  if exists(DATA .. name) then
    local set = read_set(name)
    print(("Labelled pairs, %s: %d"):format(name, #set.pairs))
    print(("%-34s %6s  %8s  recall (from) at precision 0.90, 0.95, 0.98   threshold: precision, recall"):format("", "AUC",
      "Spearman"))
    for _, method in ipairs(METHODS) do
      local score = method[2](set)
      for _, p in ipairs(set.pairs) do p.score = score(p.a, p.b) end
      tell(name, method, set.pairs)
    end
    set.view:close()
  else
    print("skip: no " .. DATA .. name)
  end
end
if failed then
  print "an embedding tells less than it did"
  os.exit(1)
end
