--- words: can a classifier tell the texts of two sets apart by their words? Where it cannot, its AUC on texts that it
-- has not seen is 0.5; where it always can, 1. Lopez-Paz, Oquab, "Revisiting classifier two-sample tests", 2017.
-- Copies and near copies stand on one side of a fold, else a text in both sets would be known by heart.

local classify = require "classify"
local examples = require "classify.examples"
local figures = require "classify.figures"
local json = require "json"
local text = require "text"

local words = {}

-- How a text is read: words and pairs of neighbours, all at once. The classifier (modules/classify) judges a text by
-- its worst sentence, by which a long text would differ from a short one: so texts are made one sentence, of at most
-- WINDOW words.
local WINDOW = 256
local SHAPE = { bits = 17, char_min = 1, char_max = 0, words = 2, window = WINDOW, pad = 1, least = 1, c = 1,
                smooth = 0.03, passes = 10 }
local ALIKE = 0.5         -- Jaccard of words from which on texts stand in one fold
local LEAST = 20          -- texts of a set, below which nothing is said
local APOSTROPHES, CHARACTERS = "'", "[%p%s]+"
local TELL_LEAST = 5      -- texts of a set in which a telling word stands

--- The standard error of the AUC of n and m scores that chance gave; folds agree more than that, as they share texts.
-- Hanley, McNeil, "The meaning and use of the area under a ROC curve", 1982.
function words.chance(n, m) return math.sqrt((n + m + 1) / (12 * n * m)) end

local ENDS = { "[%.!%?%c]+", "。", "！", "？" }   -- of sentences

local function one_sentence(t)
  for _, pattern in ipairs(ENDS) do t = t:gsub(pattern, " ") end
  local words_of, at = 0, 1
  while words_of < WINDOW do
    local _, last = t:find("%S+", at)
    if not last then return t end
    words_of, at = words_of + 1, last + 1
  end
  return t:sub(1, at - 1)
end

local function list_of(a, b, o)
  local texts, list = {}, {}
  local n = math.min(#a, #b, o.sample)
  for i = 1, n do texts[i], texts[n + i] = one_sentence(a[i]), one_sentence(b[i]) end
  local like = classify.groups(texts, ALIKE)
  for i = 1, 2 * n do
    list[i] = { text = texts[i], toxic = i > n, fold = 1 + math.floor(examples.draw(o.seed, texts[like[i]]) * o.folds) }
  end
  return list, n
end

--- The AUC of one fold's texts by a classifier of the others; nil where a side is empty.
local function fold_of(list, fold, o)
  local given, held = { texts = {}, labels = {}, out = {}, seed = o.seed }, {}
  for k, v in pairs(SHAPE) do given[k] = v end
  for i, e in ipairs(list) do
    given.texts[i], given.labels[i], given.out[i] = e.text, e.toxic, e.fold == fold
  end
  local model, err = classify.fit(given)
  if not model then return nil, err end
  for _, e in ipairs(list) do
    if e.fold == fold then
      local _, value = model:score(e.text)
      held[#held + 1] = { score = value, toxic = e.toxic }
    end
  end
  return figures.of(held, 0).auc
end

--- The AUC over all folds, and its standard error.
-- @param a, b  texts of training and of the other set, each in an order that chance gave
-- @param o     sample = most texts of a set, folds, seed
-- @return      { auc, error, texts = of each set }, the folds of the texts of a, then of b (1 and on); nil where there
--   are too few texts; nil and a message
function words.tell(a, b, o)
  local list, n = list_of(a, b, o)
  if n < LEAST then return nil end
  local sum, squares, known = 0, 0, 0
  for fold = 1, o.folds do
    local auc, err = fold_of(list, fold, o)
    if err and err ~= "" and not auc then
      if err:find "interrupted" then return nil, err end
    elseif auc then
      sum, squares, known = sum + auc, squares + auc * auc, known + 1
    end
  end
  if known == 0 then return nil end
  local mean = sum / known
  local error = known > 1 and math.sqrt(math.max(0, squares / known - mean * mean) / (known - 1)) or 0
  error = math.max(error, words.chance(n, n))
  local folds = {}
  for i, e in ipairs(list) do folds[i] = e.fold end
  return { auc = mean, error = error, texts = n }, folds
end

-- In how many texts each word stands.
local function document_counts(texts)
  local of = {}
  for _, t in ipairs(texts) do
    local seen = {}
    for word in text.fold(t):gsub(APOSTROPHES, ""):gsub("’", ""):gsub(CHARACTERS, " "):gmatch "%S+" do
      if not seen[word] then seen[word], of[word] = true, (of[word] or 0) + 1 end
    end
  end
  return of
end

--- The words that most tell the sets apart, by the log odds of standing in a text over their standard error
-- (Monroe, Colaresi, Quinn, "Fightin' words", 2008, without a prior but a half).
-- @return  { of_b = { { word, share in a, share in b } }, of_a = … }, the most telling first
function words.apart(a, b, most)
  local in_a, in_b, list = document_counts(a), document_counts(b), {}
  local function odds(k, n) return (k + 0.5) / (n - k + 0.5) end
  local function add(word)
    local x, y = in_a[word] or 0, in_b[word] or 0
    if math.max(x, y) < TELL_LEAST then return end
    local z = math.log(odds(y, #b) / odds(x, #a)) / math.sqrt(1 / (x + 0.5) + 1 / (y + 0.5))
    list[#list + 1] = { word = word, z = z, train = x / #a, other = y / #b }
  end
  for word in pairs(in_a) do add(word) end
  for word in pairs(in_b) do if not in_a[word] then add(word) end end
  table.sort(list, function(x, y)
    if x.z ~= y.z then return x.z > y.z end
    return x.word < y.word
  end)
  local out = { other = json.array {}, train = json.array {} }
  for i = 1, math.min(most, #list) do
    local high, low = list[i], list[#list - i + 1]
    if high.z > 2 then out.other[#out.other + 1] = high end
    if low.z < -2 then out.train[#out.train + 1] = low end
  end
  return out
end

return words
