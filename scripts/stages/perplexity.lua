--- perplexity: reject a row whose text would surprise a reader of your own good text: noise, mojibake, another
-- language, keyboard mash, encoded bytes; or that would not surprise at all: what the good text says word for word.
-- The model knows which characters follow which in texts that you call good (tamis fit lm; modules/lm/lm.h). Perplexity
-- is per character: 2 to the bits that a character costs; 4 is as if each were one of four equally likely. Text that
-- repeats itself ("aaaa") is mostly strange, not plain; repetition tells of it.

local json = require "json"
local lm = require "lm"
local screen = require "report.screen"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local WINDOW = 32   -- characters of the part that evidence shows

--- What the model says of itself: { field, min_chars, percentiles, … }.
local function note_of(model)
  local ok, note = pcall(json.decode, model:note())
  return ok and type(note) == "table" and note or {}
end

local function open(p, ctx)
  local bytes, path = ctx.file(p.model)
  if not bytes then return nil, path end
  return lm.read(bytes, path)
end

--- The perplexity at a percentile of the texts that the fit held out.
local function of_fit(model, p)
  local list = note_of(model).percentiles
  local value = type(list) == "table" and list[("%g"):format(p.max_percentile)]
  if type(value) == "number" then return value end
  local known = {}
  for share in pairs(type(list) == "table" and list or {}) do known[#known + 1] = tostring(share) end
  table.sort(known)
  if #known == 0 then return nil, p.model .. " has no percentiles: it was fitted on too few texts to hold some out" end
  return nil, ("max_percentile = %g: %s knows only %s"):format(p.max_percentile, p.model, table.concat(known, ", "))
end

local function operator(model, p, past)
  return model:check {
    field = p.field, min_chars = p.min_chars, window = WINDOW, max = p.max_perplexity, min = p.min_perplexity,
    past = past, share = p.max_percentile, high = "high_perplexity", low = "low_perplexity",
    past_reason = "past_percentile", perplexity = "perplexity", bits = "bits",
  }
end

return {
  name    = "perplexity",
  scope   = "row",
  doc     = "reject a row whose text is strange, or too plain, to a character model of your own good text",
  params  = {
    model          = { type = "string", required = true,
                       doc = "the file that `tamis fit lm` wrote, beside the recipe" },
    field          = { type = "enum", default = "output", values = FIELDS, doc = "the text to look at" },
    max_perplexity = { type = "number", min = 1, doc = "largest perplexity a character; `tamis fit lm` prints that of "
                       .. "good text" },
    min_perplexity = { type = "number", min = 1, doc = "smallest: below lies what the good text says word for word" },
    max_percentile = { type = "number", min = 0, max = 1,
                       doc = "keep texts up to this share by perplexity, 0.99 say: the nearest rank; those that tie "
                       .. "with it stay" },
    percentile_of  = { type = "enum", default = "rows", values = { "rows", "fit" },
                       doc = "whose percentile: of the rows that get to this stage, or of the good texts that the fit "
                       .. "held out (0.5, 0.9, 0.95, 0.99 or 0.999), which removes nothing where all is good" },
    min_chars      = { type = "integer", default = 20, min = 1, max = 1000000,
                       doc = "texts of fewer characters are not judged: they tell too little" },
  },
  example = [[s.perplexity { model = "good.lm", max_perplexity = 12 }]],
  reasons = { "high_perplexity", "low_perplexity", "past_percentile" },
  metrics = { "perplexity", "bits" },
  bounds  = {
    { param = "max_perplexity", metric = "perplexity", side = "max", reason = "high_perplexity" },
    { param = "min_perplexity", metric = "perplexity", side = "min", reason = "low_perplexity" },
  },

  check = function(p)
    if not (p.max_perplexity or p.min_perplexity or p.max_percentile) then
      return "it needs one of max_perplexity, min_perplexity and max_percentile; tamis fit lm prints figures to try"
    end
    if p.max_perplexity and p.min_perplexity and p.max_perplexity < p.min_perplexity then
      return ("max_perplexity = %g is below min_perplexity = %g"):format(p.max_perplexity, p.min_perplexity)
    end
  end,

  op = function(p, ctx)
    local model, err = open(p, ctx)
    if not model then return nil, err end
    local past
    if p.max_percentile and p.percentile_of == "fit" then
      past, err = of_fit(model, p)
      if not past then return nil, err end
    end
    return operator(model, p, past)
  end,

  --- A percentile of the rows is known once they are all there: the engine asks again then.
  over = function(p) return p.max_percentile ~= nil and p.percentile_of == "rows" end,

  --- @return  the operator, and { figures, notes }; or nil and a message
  settle = function(view, p, ctx)
    local model, err = open(p, ctx)
    if not model then return nil, err end
    local n, at = model:percentiles(view, { field = p.field, min_chars = p.min_chars }, { p.max_percentile }, ctx.pool)
    if not n then return nil, at end
    if n == 0 then return operator(model, p) end
    local note = ("%s: %g of the %s judged have a perplexity of %.4g or less"):format(ctx.name, p.max_percentile,
      screen.count(n, "row"), at[1])
    return operator(model, p, at[1]), { figures = { judged = n, percentile = p.max_percentile, perplexity = at[1] },
                                        notes = { note } }
  end,
}
