-- tests/eval/toxicity.lua: the shipped weights on labelled texts that they were not fitted to, beside the word list and
-- the answer "all toxic"; and what a plain split, which leaves fillings of one template on both sides, would make of the
-- same fit. Run by `make eval`; fails under the floors.
local classify = require "classify"
local core = require "core"
local examples = require "classify.examples"
local figures = require "classify.figures"
local fitting = require "classify.fitting"
local floors = dofile "tests/eval/floors.lua".toxicity

local DATA, OWN = "../shared/data/", "modules/classify/"
local SETS = { "toxicity_social.jsonl", "toxicity_hatecheck.jsonl", "sentences.jsonl" }
local FOLDER = { ["sentences.jsonl"] = OWN }
local function path_of(set) return (FOLDER[set] or DATA) .. set end
-- HateCheck calls abuse of one person or of a trade not hateful; to this stage it is toxic, so that it was not fitted to
local UNFIT = { target_indiv_nh = true, target_group_nh = true }
local D = fitting.DEFAULTS
local failed = false

for _, set in ipairs(SETS) do
  local f = io.open(path_of(set))
  if not f then print("skip: no " .. path_of(set)) return end
  f:close()
end

local pool = core.pool(2)

local function read()
  local out = {}
  for _, set in ipairs(SETS) do
    local list = assert(examples.labelled(path_of(set), { text = "text", label = "toxic", by = "functionality",
                                                         pool = pool }))
    table.move(list, 1, #list, #out + 1, out)
  end
  return out
end

local words = assert(examples.words(DATA .. "wordlist_offensive.jsonl", "en"))
local function in_list(text)
  local folded = " " .. text:lower():gsub("[^%w]+", " ") .. " "
  for _, w in ipairs(words) do
    if folded:find(" " .. w.text .. " ", 1, true) then return 1 end
  end
  return 0
end

local function row(name, list, note)
  local f = figures.of(list, D.threshold)
  print(("  %-34s %5d %5d   %.3f   %.2f %.2f %.2f   %.2f  %s"):format(name, f.texts, f.toxic, f.auc or 0, f.at.precision,
    f.at.recall, f.at.f1, f.best.f1, note or ""))
  return f
end

local function hold(set, what, value, floor)
  if value >= floor then return end
  failed = true
  print(("  UNDER THE FLOOR: %s %s %.3f < %.3f"):format(set, what, value, floor))
end

print "Toxicity, held-out third (templates apart)  texts toxic   AUC   at 0.1: P R F1   best F1"
local all, shipped = read(), assert(classify.shipped())
local held = fitting.split(all, D)
for _, set in ipairs(SETS) do
  local mine, list, by, names = {}, {}, {}, {}
  for i, e in ipairs(all) do
    if held[i] and e.file == path_of(set) then
      local scored = { score = (shipped:score(e.text)), toxic = e.toxic }
      mine[#mine + 1], list[#list + 1] = scored, { score = in_list(e.text), toxic = e.toxic }
      if e.by then
        if not by[e.by] then by[e.by], names[#names + 1] = {}, e.by end
        table.insert(by[e.by], scored)
      end
    end
  end
  local f, lexicon = row(set, mine), row("  the word list", list)
  print(("    all toxic: F1 %.2f"):format(f.majority))
  local floor = floors[set]
  hold(set, "AUC", f.auc, math.max(floor.auc, lexicon.auc))
  hold(set, "best F1", f.best.f1, math.max(floor.best_f1, lexicon.at.f1, f.majority))
  hold(set, "precision", f.at.precision, floor.precision)
  hold(set, "recall", f.at.recall, floor.recall)
  table.sort(names)
  for _, name in ipairs(names) do
    local a = figures.at(by[name], D.threshold)
    print(("    %-32s %5d %5d   %3.0f%% right"):format(name, #by[name], a.tp + a.fn,
      100 * (a.tp + a.tn) / #by[name]))
  end
end

print "The same fit without clean rows and words, for comparison of splits"
for _, way in ipairs { { "templates apart", D.alike }, { "line by line", 0 } } do
  local _, found = assert(fitting.run(read(), {}, {}, { alike = way[2], unfit = UNFIT }))
  for i, f in ipairs(found.files) do row(SETS[i]:match "(%w+)%.jsonl" .. ", " .. way[1], f.list) end
end
if failed then os.exit(1) end
