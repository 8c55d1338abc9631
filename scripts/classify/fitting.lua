--- fitting: labelled texts become a calibrated classifier, and what it is worth on texts that it never saw.
-- Texts alike by their words (a template's fillings, copies) stand on one side of every split. Each file of labels
-- counts the same, however many lines it has. Clean strings and a word list, where given, count as much as SHARE says.
-- A fit has two rounds: the second adds the worst window of each text of the first, with its text's label, since a
-- window is what will be scored. The curve from values to probabilities is fitted on texts that folds held out,
-- weighed so that `prior` of all are toxic.

local classify = require "classify"
local examples = require "classify.examples"
local figures = require "classify.figures"

local fitting = {}

fitting.DEFAULTS = {
  bits = 17, char_min = 2, char_max = 5, words = 2, window = 24, pad = 100, least = 2, c = 4, smooth = 0.03,
  passes = 20, seed = 42, prior = 0.04, held_out = 1 / 3, folds = 3, alike = 0.5, threshold = 0.1,
}
local SHAPE = { "bits", "char_min", "char_max", "words", "window", "pad", "least", "c", "smooth", "passes", "seed" }
local SHARE = { clean = 0.35, words = 0.02 }   -- of the weight of all labelled texts

--- Which texts are held out, a group whole.
-- @param o  seed, held_out, alike
-- @return   [i] = true
function fitting.split(list, o)
  local out, texts = {}, {}
  for i, e in ipairs(list) do texts[i] = e.text end
  local like = o.alike > 0 and classify.groups(texts, o.alike) or nil
  for i, e in ipairs(list) do
    e.key = e.group or (like and texts[like[i]]) or e.text
    out[i] = examples.draw(o.seed, e.key) < o.held_out
  end
  return out
end

--- Gives each example its weight.
local function weigh(labelled, clean, words)
  local files, of = 0, {}
  for _, e in ipairs(labelled) do
    if not of[e.file] then files, of[e.file] = files + 1, 0 end
    of[e.file] = of[e.file] + 1
  end
  for _, e in ipairs(labelled) do e.weight = #labelled / (files * of[e.file]) end
  for _, e in ipairs(clean) do e.weight = SHARE.clean * #labelled / #clean end
  for _, e in ipairs(words) do e.weight = SHARE.words * #labelled / #words end
end

local function columns(list, out)
  local t = { texts = {}, labels = {}, weights = {}, out = {} }
  for i, e in ipairs(list) do
    t.texts[i], t.labels[i], t.weights[i], t.out[i] = e.text, e.toxic, e.weight, out(e)
  end
  return t
end

--- Two rounds over the examples that `out` does not hold out.
local function fit(list, out, o)
  local t = columns(list, out)
  for k, v in pairs(o.shape) do t[k] = v end
  local model, err = classify.fit(t)
  if not model then return nil, err end
  local n = #list
  for i = 1, n do
    local _, _, first, last = model:score(t.texts[i])
    if not t.out[i] and first > 0 and last - first + 1 < #t.texts[i] then
      local k = #t.texts + 1
      t.texts[k], t.labels[k], t.weights[k] = t.texts[i]:sub(first, last), t.labels[i], t.weights[i]
    end
  end
  return classify.fit(t)
end

--- The curve, from values of folds that their model had not seen.
local function calibrate(model, list, o)
  local values, labels, weights = {}, {}, {}
  local sum = { [true] = 0, [false] = 0 }
  for fold = 1, o.folds do
    local function is_out(e) return e.held or e.unfit or e.fold == fold end
    local m, err = fit(list, is_out, o)
    if not m then return nil, err end
    for _, e in ipairs(list) do
      if not e.held and not e.unfit and e.fold == fold then
        local k = #values + 1
        local _, value = m:score(e.text)
        values[k], labels[k], weights[k] = value, e.toxic, e.weight
        sum[e.toxic] = sum[e.toxic] + e.weight
      end
    end
  end
  for k, toxic in ipairs(labels) do
    weights[k] = weights[k] * #labels * (toxic and o.prior or 1 - o.prior) / sum[toxic]
  end
  return model:calibrate(values, labels, weights)
end

local function scored(model, e) return { score = (model:score(e.text)), toxic = e.toxic, by = e.by } end

--- Held-out figures: a file each, groups of it, and the share of clean rows that would go.
local function measure(model, labelled, clean, o)
  local by_file, files, rows, of_clean = {}, {}, {}, {}
  for _, e in ipairs(labelled) do
    if not by_file[e.file] then by_file[e.file], files[#files + 1] = {}, e.file end
    if e.held then table.insert(by_file[e.file], scored(model, e)) end
  end
  local out = { files = {}, clean = {} }
  for i, file in ipairs(files) do
    out.files[i] = figures.of(by_file[file], o.threshold)
    out.files[i].file, out.files[i].list = file, by_file[file]
  end
  for _, e in ipairs(clean) do
    if e.held then
      if rows[e.row] == nil then rows[e.row] = false end
      if model:score(e.text) > o.threshold then rows[e.row] = true end
      of_clean[e.row] = e.file
    end
  end
  local at = {}
  for row, over in pairs(rows) do
    local file = of_clean[row]
    if not at[file] then
      at[file] = { file = file, rows = 0, over = 0 }
      table.insert(out.clean, at[file])
    end
    at[file].rows = at[file].rows + 1
    if over then at[file].over = at[file].over + 1 end
  end
  table.sort(out.clean, function(a, b) return a.file < b.file end)
  return out
end

--- @param labelled, clean, words  as scripts/classify/examples.lua makes them; the latter two may be empty
-- @param o  changes to fitting.DEFAULTS; unfit = set of values of `by` whose texts are measured, but not fitted to
-- @return  a model, and { files = { figures, file, list = { score, toxic, by } }, clean = { file, rows, over },
--   fitted = texts }; or nil and a sentence
function fitting.run(labelled, clean, words, o)
  o = setmetatable({ shape = {} }, { __index = setmetatable(o, { __index = fitting.DEFAULTS }) })
  for _, k in ipairs(SHAPE) do o.shape[k] = o[k] end
  local held = fitting.split(labelled, o)
  weigh(labelled, clean, words)
  local list, unfit = {}, o.unfit or {}
  for i, e in ipairs(labelled) do e.held, e.unfit, list[#list + 1] = held[i], unfit[e.by] or false, e end
  for _, e in ipairs(clean) do e.key, e.held, list[#list + 1] = e.row, examples.draw(o.seed, e.row) < o.held_out, e end
  for i, e in ipairs(words) do e.key, list[#list + 1] = "word " .. i, e end
  for _, e in ipairs(list) do e.fold = 1 + math.floor(examples.draw(o.seed .. "fold", e.key) * o.folds) end
  for _, e in ipairs(words) do e.fold = 0 end   -- no text: fitted to, not calibrated on
  local model, err = fit(list, function(e) return e.held or e.unfit end, o)
  if not model then return nil, err end
  local ok, wrong = calibrate(model, list, o)
  if not ok then return nil, wrong end
  local found = measure(model, labelled, clean, o)
  found.fitted = 0
  for _, e in ipairs(list) do if not e.held and not e.unfit then found.fitted = found.fitted + 1 end end
  return model, found
end

return fitting
