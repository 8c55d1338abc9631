--- toxicity: reject or tag a row of which some string is toxic, by a score from 0 to 1.
-- The score is a native linear classifier's: the weights that come with the program, or a file of `tamis fit
-- toxicity`; a published fastText model's; or 1 where a word of a lexicon stands. A string is scored window by
-- window and the worst counts, so that clean text around it hides nothing. The weights that come with the program
-- read English, and were fitted to few texts: what they miss and mistake stands in this page and in the README.

local classify = require "classify"
local examples = require "classify.examples"
local json = require "json"

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
    lexicon      = { type = { "string", "list" }, of = { type = "string" },
                     words = "a file of words or a list of them",
                     doc = "words and phrases that have score 1 where they stand alone, case apart (refus* matches "
                     .. "beginnings): a list, or a file, one a line or JSON lines with \"word\"; without a model it "
                     .. "is all that counts" },
    language     = { type = "string", default = "en",
                     doc = "words of a lexicon file that name another \"lang\" are left out; empty: none" },
    annotation   = { type = "string", default = "toxicity", doc = "annotation that tag sets to \"toxic\"" },
  },
  example = [[s.toxicity { max_toxicity = 0.2, action = "tag" }]],
  reasons = { "toxic" },
  metrics = { "toxicity" },
  bounds  = { { param = "max_toxicity", metric = "toxicity", side = "max", reason = "toxic" } },
  notes   = notes,

  check = function(p)
    if type(p.lexicon) == "table" and #p.lexicon == 0 then return "lexicon is empty" end
    if p.model == "" then return 'model = "" names no file' end
  end,

  op = function(p, ctx)
    local words, model, err
    if p.lexicon then
      words, err = read_words(p, ctx)
      if not words then return nil, err end
    end
    if p.model or not p.lexicon then
      model, err = read_model(p, ctx)
      if not model then return nil, err end
    end
    return classify.check { model = model, phrases = words, threshold = p.max_toxicity, action = p.action,
                            reason = "toxic", annotation = p.annotation, metric = "toxicity" }
  end,
}
