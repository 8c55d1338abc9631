--- toxicity: reject or tag a row of which some string is toxic, by a score from 0 to 1.
-- The score is a native linear classifier's: the weights that come with the program, or a file of `tamis fit
-- toxicity`; or a published fastText model's. Beside it a word of a lexicon has score 1. A string is scored window by
-- window and the worst counts, so that clean text around it hides nothing. The weights that come with the program
-- read English, and were fitted to few texts: what they miss and mistake stands in this page and in the README.

local classify = require "classify"
local examples = require "classify.examples"
local json = require "json"
local screen = require "report.screen"

local TEXTS = { "system", "input", "output", "alternative" }
local FIELDS = { "system", "input", "output", "alternative", "all" }

local MAGIC = "tamis classify "
local SCORED = "%s: %d texts (%d toxic): AUC %.2f; at %g precision %.2f, recall %.2f, F1 %.2f; best F1 %.2f at %.3f"

--- The classifier of a file, or that which comes with the program.
local function read_model(p, ctx)
  if not p.model then return classify.shipped() end
  local bytes, path = ctx.file(p.model)
  if not bytes then return nil, path end
  local model, err
  if bytes:sub(1, #MAGIC) == MAGIC then model, err = classify.read(bytes)
  else model, err = classify.fasttext(bytes, path, p.label) end
  if not model then return nil, err:find(path, 1, true) and err or path .. ": " .. err end
  return model
end

--- The words of the lexicon: a list as it is, a file's.
local function read_words(p, ctx)
  if type(p.lexicon) ~= "string" then return p.lexicon end
  local bytes, path = ctx.file(p.lexicon)
  if not bytes then return nil, path end
  local list, err = examples.words_of(bytes, path, p.language ~= "" and p.language or nil)
  if not list then return nil, err end
  local words = {}
  for i, w in ipairs(list) do words[i] = w.text end
  return words
end

--- The fields whose strings are scored; nil: every string.
local function fields_of(p)
  for _, f in ipairs(p.fields) do if f == "all" then return nil end end
  return p.fields
end

--- What judged, where that is more or less than the weights that come with the program.
local function sources(p)
  local model = p.model or p.weights and "the weights that come with the program"
  if not p.lexicon then return p.model end
  local lexicon = type(p.lexicon) == "string" and "the lexicon " .. p.lexicon
    or ("a lexicon of %s"):format(screen.count(#p.lexicon, "word"))
  return model and model .. " and " .. lexicon or lexicon .. " alone"
end

--- What the weights that come with the program are worth, from their own header.
local function notes()
  local model = classify.shipped()
  local h = model and json.decode(model:header())
  if not h then return {} end
  local out = { ("The weights that come with the program were fitted to %d texts (%s); of a third held out, no "
    .. "template of which was fitted to:"):format(h.fitted, h.about) }
  for _, f in ipairs(h.files) do
    out[#out + 1] = SCORED:format(f.file, f.held_out, f.toxic, f.auc, h.threshold, f.at.precision, f.at.recall,
      f.at.f1, f.best.f1, f.best.threshold)
  end
  return out
end

return {
  name    = "toxicity",
  scope   = "row",
  doc     = "reject or tag a row of which some string is toxic, by a classifier's score or a word list",
  params  = {
    max_toxicity = { type = "number", default = 0.1, min = 0, max = 1,
                     doc = "highest score that is good, of the row's worst string" },
    action       = { type = "enum", default = "reject", values = { "reject", "tag" },
                     doc = "what to do with a row above it" },
    model        = { type = "string",
                     doc = "a file beside the recipe: of tamis fit toxicity, or a fastText model; absent: the weights "
                     .. "that come with the program, for English" },
    label        = { type = "string", default = "toxic", doc = "the label of a fastText model that says toxic" },
    weights      = { type = "boolean", default = true,
                     doc = "whether the weights that come with the program judge where no model is given, beside a "
                     .. "lexicon too; false: the lexicon alone" },
    lexicon      = { type = { "string", "list" }, of = { type = "string" },
                     words = "a file of words or a list of them",
                     doc = "words and phrases that have score 1 where they stand alone, case apart (refus* matches "
                     .. "beginnings): a list, or a file, one a line or JSON lines with \"word\"; they count beside "
                     .. "the model's score, or alone with weights = false" },
    language     = { type = "string", default = "en",
                     doc = "words of a lexicon file that name another \"lang\" are left out; empty: none" },
    fields       = { type = "list", least = 1, of = { type = "enum", values = FIELDS }, default = TEXTS,
                     doc = "whose strings are scored; \"all\": every string of the row but its id, metadata, tool "
                     .. "calls and turns behind the last answer too" },
    annotation   = { type = "string", default = "toxicity", doc = "annotation that tag sets to \"toxic\"" },
  },
  example = [[s.toxicity { max_toxicity = 0.2, action = "tag" }]],
  reasons = { "toxic" },
  metrics = { "toxicity" },
  bounds  = { { param = "max_toxicity", metric = "toxicity", side = "max", reason = "toxic" } },
  notes   = notes,

  check = function(p)
    if not p.weights and not p.model and not p.lexicon then
      return "weights = false leaves nothing that judges: give a lexicon or a model"
    end
    if type(p.lexicon) == "table" and #p.lexicon == 0 then return "lexicon is empty" end
    if p.model == "" then return 'model = "" names no file' end
  end,

  op = function(p, ctx)
    local words, model, err
    if p.lexicon then
      words, err = read_words(p, ctx)
      if not words then return nil, err end
    end
    if p.model or p.weights then
      model, err = read_model(p, ctx)
      if not model then return nil, err end
    end
    return classify.check { model = model, phrases = words, fields = fields_of(p), threshold = p.max_toxicity,
                            action = p.action,
                            reason = "toxic", annotation = p.annotation, metric = "toxicity" }
  end,

  finish = function(_, p, ctx)
    local by = sources(p)
    return { notes = by and { ("%s: judged by %s"):format(ctx.name or "toxicity", by) } or {} }
  end,
}
