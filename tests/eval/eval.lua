-- tests/eval/eval.lua: how well near_dedup finds near duplicates. Run by `make eval`.
--   brute    the first rows of each set against all pairs by the definition, counted by a program that
--            shares no code with the engine (brute.c): wrong verdicts, pairs of kept rows that match,
--            and whether the exact join has the same pairs
--   join     whole sets: which of the exact join's pairs the bands propose (the join is held against
--            brute force above and in test_join), and some hundred verdicts of each set computed
--            again in Lua from the rows' texts
--   labels   how well the Jaccard itself tells labelled pairs apart
local core, corpus, neardup = require "core", require "corpus", require "neardup"
local formats, json = require "formats.all", require "json"
local stage, bands = require "stages.near_dedup", require "neardup_bands"

local MAKE_ROWS = assert(os.getenv "MAKE_ROWS", "MAKE_ROWS: the program that makes rows")
local BRUTE = assert(os.getenv "BRUTE", "BRUTE: the program that compares all pairs")
local DATA = "../shared/data/"
local SHINGLE, CHECKED = 5, 300
local BRUTE_ROWS, BRUTE_BYTES = 2000, 2500000   -- of a set; as many rows as have no more text
local REAL = { "raw_tickets.jsonl", "raw_support.jsonl.gz", "raw_trivia.jsonl.gz", "raw_math.jsonl",
               "raw_multilingual.jsonl", "alpaca.jsonl.gz", "sharegpt.jsonl", "openai_messages.jsonl" }
local MADE = { { 50, 50000 }, { 100, 50000 }, { 200, 50000 }, { 1000, 20000 }, { 10000, 2000 } }   -- bytes, rows
local THRESHOLDS = { 0.7, 0.8, 0.9 }
local pool = core.pool(2)
local failed = false

local function defaults()
  local p = {}
  for name, spec in pairs(stage.params) do p[name] = spec.default end
  return p
end

local function params(threshold, method)
  return setmetatable({ threshold = threshold, template_share = 0, method = method }, { __index = defaults() })
end

local function exists(path)
  local f = io.open(path)
  if f then f:close() end
  return f ~= nil
end

local function load(path, limit)
  return assert(corpus.load { sources = { { path = path } }, formats = formats, pool = pool, limit = limit })
end

local function temporary(suffix)
  local path = os.tmpname()
  os.remove(path)
  return path .. suffix
end

--- Calls fn with name and path of each set, made ones in a file that is gone afterwards.
local function each_set(fn)
  for _, name in ipairs(REAL) do
    if exists(DATA .. name) then fn(name, DATA .. name, THRESHOLDS)
    else print("skip: no " .. DATA .. name) end
  end
  for _, set in ipairs(MADE) do
    local path = temporary ".jsonl"
    assert(os.execute(("%s %d %d > %s"):format(MAKE_ROWS, set[2], set[1], path)))
    fn(("made rows of %d bytes"):format(set[1]), path, { 0.8 })
    os.remove(path)
  end
end

--- Twins of the standing rows: { [row] = evidence }, and how many.
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

--- The text that row i is compared by: its fields, folded, joined by U+001F; what is absent at the end left off.
local function text_of(view, i)
  local parts = {}
  for k, field in ipairs { "input", "output", "alternative" } do
    local text = view:field(i, field)
    if text then
      for m = #parts + 1, k - 1 do parts[m] = "" end
      parts[k] = neardup.normalise(text)
    end
  end
  return table.concat(parts, "\31")
end

--- How many pairs of one set of texts the bands propose, of those that the exact join finds.
local function proposed(view, threshold)
  local p = params(threshold)
  local given = setmetatable({ mask_rest = 0 }, { __index = p })
  bands.set(given, p, threshold)
  return assert(neardup.recall(view, given, pool))
end

-- ---- small sets against brute force ----

--- All pairs of the rows at 0.7 or above: { { a, b, jaccard }, … }; and which rows repeat an earlier one's text.
local function brute_pairs(view, rows)
  local path, seen, copies, pairs_ = temporary ".txt", {}, {}, {}
  local f = assert(io.open(path, "w"))
  for k, i in ipairs(rows) do
    local text = text_of(view, i)
    copies[k], seen[text] = seen[text] ~= nil, true
    f:write(text, "\n")
  end
  f:close()
  local out = assert(io.popen(("%s %d %g < %s"):format(BRUTE, SHINGLE, THRESHOLDS[1], path)))
  for a, b, j in out:read "a":gmatch "(%d+) (%d+) (%S+)\n" do
    pairs_[#pairs_ + 1] = { math.tointeger(a), math.tointeger(b), tonumber(j) }
  end
  out:close()
  os.remove(path)
  return pairs_, copies
end

--- The first rows whose text is no more than so much.
local function first_rows(path)
  local view = load(path, BRUTE_ROWS)
  local bytes, rows = 0, view:rows_of "standing"
  for k, i in ipairs(rows) do
    bytes = bytes + #text_of(view, i)
    if bytes > BRUTE_BYTES then return load(path, rows[k - 1]) end
  end
  return view
end

--- Verdicts against the pairs: wrong ones; pairs of rows that both stand.
local function judge(found, list, place, threshold)
  local matched, wrong, missed, n = {}, 0, 0, 0
  for _, q in ipairs(list) do
    if q[3] >= threshold then
      matched[q[1] .. " " .. q[2]] = q[3]
      if not found[place[q[1]]] and not found[place[q[2]]] then missed = missed + 1 end
      n = n + 1
    end
  end
  local at = {}
  for k, i in ipairs(place) do at[i] = k end
  for i, e in pairs(found) do
    local a, b = at[e.twin.row], at[i]
    if a > b then a, b = b, a end
    if matched[a .. " " .. b] ~= e.jaccard then wrong = wrong + 1 end
  end
  return wrong, missed, n
end

-- 1 where there is nothing to be wrong about.
local function rest(part, all) return all > 0 and 1 - part / all or 1 end

local function against_brute(name, path, thresholds)
  local view = first_rows(path)
  local place = view:rows_of "standing"
  local list, copies = brute_pairs(view, place)
  local line_row = {}
  for i = 1, #view do line_row[view:row(i).line] = i end
  for _, threshold in ipairs(thresholds) do
    local cells = {}
    for _, method in ipairs { "sketch", "exact" } do
      local found, removed = twins(view, params(threshold, method))
      for _, e in pairs(found) do e.twin.row = line_row[e.twin.line] end
      local wrong, missed, n = judge(found, list, place, threshold)
      cells[#cells + 1] = ("%7d %9.5f %7d %9.5f"):format(removed, rest(wrong, removed), missed, rest(missed, n))
      if wrong > 0 or missed > (method == "exact" and 0 or n / 1000) then failed = true end
    end
    local n, own = 0, 0   -- pairs; of texts that repeat no earlier one, which are the join's
    for _, q in ipairs(list) do
      if q[3] >= threshold then
        n = n + 1
        if not copies[q[1]] and not copies[q[2]] then own = own + 1 end
      end
    end
    local joined = proposed(view, threshold).pairs
    if joined ~= own then failed = true end
    print(("%-24s %4.2f %6d %8d  %s  %s  %s"):format(name, threshold, #place, n, cells[1], cells[2],
      joined == own and "yes" or ("NO: %d, not %d"):format(joined, own)))
  end
end

print(("Verdicts against all pairs by the definition, on up to %d rows of each set"):format(BRUTE_ROWS))
print(("%-24s %4s %6s %8s  %-36s  %-36s  %s"):format("", "", "", "", "sketch", "exact", "join has"))
local COLUMNS = ("%7s %9s %7s %9s"):format("removed", "precision", "missed", "recall")
print(("%-24s %4s %6s %8s  %s  %s  %s"):format("set", "J", "rows", "pairs", COLUMNS, COLUMNS, "these pairs"))
each_set(against_brute)

-- ---- whole sets against the join ----

--- The Jaccard of two texts' sets of shingles, as one writes it down; 1 or 0 where one is shorter than a shingle.
local function jaccard(a, b)
  local function shingles(text)
    local at, set, n = {}, {}, 0
    for place in utf8.codes(text) do at[#at + 1] = place end
    at[#at + 1] = #text + 1
    for i = 1, #at - SHINGLE do
      local s = text:sub(at[i], at[i + SHINGLE] - 1)
      if not set[s] then set[s], n = true, n + 1 end
    end
    return set, n
  end
  local x, nx = shingles(a)
  local y, ny = shingles(b)
  if nx == 0 or ny == 0 then return a == b and 1 or 0 end
  local common = 0
  for s in pairs(x) do if y[s] then common = common + 1 end end
  return common / (nx + ny - common)
end

--- Some verdicts, spread over all, computed again: how many, and how many do not hold.
local function check_some(view, found, removed, threshold)
  local line_row, step, turn, checked, wrong = {}, math.max(1, removed // CHECKED), 0, 0, 0
  for i = 1, #view do line_row[view:row(i).line] = i end
  for i = 1, #view do
    local e = found[i]
    if e then turn = turn + 1 end
    if e and turn % step == 0 then
      local j = jaccard(text_of(view, line_row[e.twin.line]), text_of(view, i))
      checked = checked + 1
      if j ~= e.jaccard or j < threshold then wrong = wrong + 1 end
    end
  end
  return checked, wrong
end

local function against_join(name, path, thresholds)
  local view = load(path)
  for _, threshold in ipairs(thresholds) do
    local r = proposed(view, threshold)
    local found, removed = twins(view, params(threshold, "sketch"))
    local _, exact = twins(view, params(threshold, "exact"))
    local checked, wrong = check_some(view, found, removed, threshold)
    local recall = rest(r.pairs - r.proposed, r.pairs)
    if recall < 0.999 or wrong > 0 then failed = true end
    print(("%-24s %4.2f %7d %7d %8d %9.5f %8d %8d %8d %6d"):format(name, threshold, #view, r.copies, r.pairs, recall,
      removed, exact, checked, wrong))
  end
end

print "\nWhole sets: the exact join's pairs that the bands propose; verdicts of both, some computed again"
print(("%-24s %4s %7s %7s %8s %9s %8s %8s %8s %6s"):format("set", "J", "rows", "copies", "pairs", "recall", "removed",
  "exact", "checked", "wrong"))
each_set(against_join)

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
if failed then
  print "a set has a recall below 0.999, a verdict that does not hold, or a join that brute force does not bear out"
  os.exit(1)
end
