--- fit.lm: a character n-gram model of good text, for the stage perplexity (modules/lm/lm.h says how it counts).
-- First one text in ten is held out, so that the figures printed are those of text that the model has not seen; copies
-- of a text stand on one side. Then it is fitted on all.

local core = require "core"
local json = require "json"
local lm = require "lm"
local load = require "report.load"
local nearest = require "nearest"
local open = require "recipe.open"
local screen = require "report.screen"
local sources = require "run.sources"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local ORDER, MAX_NGRAMS, MIN_CHARS = 6, 1000000, 20
local MOST_ORDER, LEAST_NGRAMS = 6, 10000
local HELD = 10                -- one text in so many
local MOST = 1 << 21           -- n-grams held while counting: about 400 MB at the peak
local LEAST_LETTER = 8         -- a character that stands so often is counted as one; a rarer one by its bytes
local FEW = 50                 -- held-out texts below which percentiles say little
local SHARES = { 0.5, 0.9, 0.95, 0.99, 0.999 }
local SHOWN = { [0.5] = "p50", [0.9] = "p90", [0.99] = "p99" }

local function is_recipe(path) return path:find "%.lua$" ~= nil end

--- The rows of data files, or of the sources of a recipe, whose formats and fields it names.
local function rows_of(places, pool)
  if #places == 1 and is_recipe(places[1]) then
    local opened, err = open.file(places[1])
    if not opened then return nil, err end
    if #opened.plan.sources == 0 then return nil, places[1] .. " names no sources" end
    local list
    list, err = sources.expand(opened.plan.sources, open.folder_of(places[1]))
    if not list then return nil, err end
    return sources.load(list, { pool = pool })
  end
  local paths, err = load.paths(places)
  if not paths then return nil, err end
  return load.view(paths, { pool = pool })
end

local function fault(places, o)
  if #places == 0 then return "expected files of good text" end
  for _, place in ipairs(places) do
    if is_recipe(place) and #places > 1 then return place .. " is a recipe: give it alone, or data files" end
  end
  for _, f in ipairs(FIELDS) do
    if f == o.field then return nil end
  end
  local near = nearest(o.field, FIELDS)
  return ("--field %s: expected %s%s"):format(o.field, table.concat(FIELDS, ", "),
    near and ("; did you mean %s?"):format(near) or "")
end

local function range_fault(o)
  if o.order < 2 or o.order > MOST_ORDER then
    return ("--order %d: expected 2 to %d"):format(o.order, MOST_ORDER)
  end
  if o.max_ngrams < LEAST_NGRAMS then
    return ("--max-ngrams %d: expected %d or more"):format(o.max_ngrams, LEAST_NGRAMS)
  end
end

local function spec_of(o, held)
  return { field = o.field, order = o.order, max_ngrams = o.max_ngrams, most = MOST, least = LEAST_LETTER,
           held = held, seed = o.seed, min_chars = o.min_chars }
end

--- The figures of held-out texts: their number, and perplexities by share; or nil and a message.
local function held_out(view, o, pool)
  local spec = spec_of(o, HELD)
  local model, err = lm.fit(view, spec)
  if not model then return nil, err end
  spec.out = true
  return model:percentiles(view, spec, SHARES, pool)
end

local function say_held_out(n, at, o, out)
  if n < FEW then
    out(("held out: %s of %d characters or more, too few for percentiles"):format(screen.count(n, "text"), o.min_chars))
    return
  end
  local parts = {}
  for i, share in ipairs(SHARES) do
    if SHOWN[share] then parts[#parts + 1] = ("%s %.4g"):format(SHOWN[share], at[i]) end
  end
  out(("held out: one text in %d, %s of %d characters or more; perplexity a character: %s"):format(HELD,
    screen.number(n), o.min_chars, table.concat(parts, ", ")))
end

local function note_of(view, o, info, n, at)
  local files = json.array {}
  for i, s in ipairs(view:sources()) do
    files[i] = { name = s.path:match "[^/]*$", sha256 = s.sha256, rows = s.rows }
  end
  local percentiles
  for i, share in ipairs(n >= FEW and SHARES or {}) do
    percentiles = percentiles or {}
    percentiles[("%g"):format(share)] = at[i]
  end
  return json.encode { kind = "character n-grams", smoothing = "interpolated Witten-Bell", order = o.order,
                       field = o.field, min_chars = o.min_chars, seed = o.seed, files = files, held_out = n,
                       percentiles = percentiles, fitted = info }
end

local function say_fitted(info, o, out)
  local pruned = info.cut > 1 and (", those seen less than %d times pruned"):format(info.cut) or ""
  out(("fitted on all: %s, %s of the field %s; %s of up to %d symbols%s"):format(screen.count(info.texts, "text"),
    screen.count(info.chars, "character"), o.field, screen.count(info.ngrams, "n-gram"), o.order, pruned))
  if info.dropped > 0 then
    local line = "%s of %s symbols went uncounted: more than %s different n-grams, the rarest left while counting"
    out(line:format(screen.number(info.dropped), screen.number(info.symbols), screen.number(MOST)))
  end
end

local function run(places, o, out)
  o.field, o.order, o.max_ngrams = o.field or "output", o.order or ORDER, o.max_ngrams or MAX_NGRAMS
  o.min_chars = o.min_chars or MIN_CHARS
  local wrong = fault(places, o) or range_fault(o)
  if wrong then return nil, wrong, 2 end
  local pool <close> = core.pool(0)
  local view, err = rows_of(places, pool)
  if not view then return nil, err end
  local hashed
  hashed, err = view:hash_sources(pool)
  if not hashed then return nil, err end
  for _, line in ipairs(sources.lines(view)) do out(line) end
  local n, at = held_out(view, o, pool)
  if not n then return nil, at end
  say_held_out(n, at, o, out)
  local model, info = lm.fit(view, spec_of(o, 0))
  if not model then return nil, info end
  say_fitted(info, o, out)
  if n >= FEW then
    out(("to try: s.perplexity { model = %q, field = %q, max_perplexity = %.4g }"):format(
      o.out and o.out:match "[^/]*$" or "good.lm", o.field, at[4]))
  end
  return o.out and model:bytes(note_of(view, o, info, n, at)) or false
end

return {
  summary = "a character model of your own good text, for the stage perplexity",
  usage = "tamis fit lm GOOD.jsonl…|RECIPE [--field FIELD] [--order N] [--out FILE]",
  options = {
    { "--field FIELD", "the text of a row to fit on: output (default), input, system, alternative or assistant" },
    { "--order N", "characters that an n-gram has at most, 2 to 6 (default 6)", "count" },
    { "--min-chars N", "shorter texts do not count in the percentiles (default 20)", "count" },
    { "--max-ngrams N", "n-grams in the model, 14 bytes each; the rarest go (default 1000000)", "count" },
  },
  notes = {
    "reads every format that tamis run reads; of a recipe its sources, with the fields that it names",
    "the perplexity printed is of texts held out by the seed; one good text in a hundred is past its p99",
  },
  examples = {
    "tamis fit lm good.jsonl --out good.lm",
    "tamis fit lm expert/*.jsonl --field input --order 5 --out questions.lm",
  },
  run = run,
}
