--- embed: one vector a row, for the stages behind: semantic_dedup, topics by clusters, select, outliers, distribution.
-- It removes nothing but, where `without` says so, rows that have no vector.

local screen = require "report.screen"
local sources = require "embed.sources"
local thresholds = require "embed.thresholds"
local vectors = require "vectors"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }

local function place(view, row)
  local r = view:row(row)
  return ("%s:%d"):format(r.source, r.line)
end

local REASONS = { { "missing", "without a vector" }, { "zero", "whose vector is all zero" },
                  { "not_finite", "whose vector holds NaN or infinity" } }

--- What a person should know of rows that have none; nil where all have one.
local function without(view, states, p, name)
  local parts = {}
  for _, r in ipairs(REASONS) do
    if states[r[1]] > 0 then parts[#parts + 1] = ("%s %s"):format(screen.count(states[r[1]], "row"), r[2]) end
  end
  if #parts == 0 then return nil end
  return ("%s: %s, first %s; %s"):format(name, table.concat(parts, ", "), place(view, states.first),
    p.without == "reject" and "rejected" or "kept, and compared with nobody (without = \"reject\" removes them)")
end

--- Why no row at all has one: what stands behind would only say that there are none.
local function none(states, p)
  local all = states.missing + states.zero + states.not_finite
  local head = ("%s, and none has a vector"):format(screen.count(all, "row"))
  if p.file and states.zero + states.not_finite > 0 then
    return ("%s: %d all zero, %d with NaN or infinity, %d without any"):format(head, states.zero, states.not_finite,
      states.missing)
  end
  if p.file then return head .. ": no id of the vectors is a row's" end
  return ("%s: fields = { \"%s\" } gives no text that the model could embed"):format(head,
    table.concat(p.fields, '", "'))
end

return {
  name    = "embed",
  scope   = "corpus",
  doc     = "give each row a vector, for the stages that compare meanings or topics",
  params  = {
    model   = { type = "string", doc = ("what embeds: \"lexical\"; or a folder with a static model, as model2vec "
                  .. "publishes them (model.safetensors and tokenizer.json): semantic_dedup takes a cosine of %g for it"
                  .. "; or a provider's model"):format(thresholds.static) },
    file    = { type = { "string", "list" }, of = { type = "string" }, words = "a file's name, or a list of such",
                doc = "vectors that are there already: row i is that of the i-th line that is not blank" },
    array   = { type = "string", doc = "of a .npz or safetensors file: the name of the array; where there is only one "
                  .. "of two dimensions it needs none" },
    ids     = { type = "string", doc = "whose the rows of the array are: a file with one id a line (.txt), with JSON "
                  .. "strings, numbers or rows (.jsonl), a .npy, or the name of an array of the same .npz" },
    id      = { type = "string", doc = "path where a row has its id; default: the recipe's" },
    provider = { type = "string", doc = "who serves the model: openai, or compatible, vllm, ollama and their like for "
                  .. "a server of your own; found by the name of OpenAI's models" },
    base_url = { type = "string",
                 doc = "a server of your own; it is asked only if the user allows it (tamis help judging)" },
    dimensions = { type = "integer", min = 1, max = 16384, doc = "numbers a vector, asked of a provider's model; where "
                  .. "none is given it sends as many as it has" },
    batch   = { type = "integer", default = 128, min = 1, max = 2048, doc = "most texts a request of a provider" },
    truncate = { type = "integer", min = 100, doc = "bytes behind which a text is cut before a provider embeds it; "
                  .. "without it, a text that is too long for the model gets no vector" },
    prefix  = { type = "string", doc = "stands before each text that a provider embeds, for a model that wants it: "
                  .. "\"clustering: \"" },
    extra   = { type = "table", doc = "further members of the request, for a server that wants them" },
    max_cost = { type = "number", min = 0, doc = "dollars that this run may spend anew on a provider: a hard cap, at "
                  .. "which the run stops; what was paid for is kept" },
    price   = { type = "table", doc = "dollars a million tokens, where no price is known: { input = 0.02 }" },
    max_failed = { type = "number", default = 0.2, min = 0, max = 1,
                  doc = "the stage stops when a provider gives a larger share of the texts no vector" },
    concurrency = { type = "integer", default = 16, min = 1, max = 1024, doc = "most requests in flight" },
    requests_per_minute     = { type = "number", min = 0.1, doc = "limit of a provider's requests" },
    input_tokens_per_minute = { type = "number", min = 1, doc = "limit of tokens sent to it" },
    fields  = { type = "list", least = 1, of = { type = "enum", values = FIELDS }, default = { "input", "output" },
                doc = "the text that is embedded: these fields of the row, joined by line feeds" },
    storage = { type = "enum", default = "f32", values = { "f32", "f16" },
                doc = "numbers of the vectors; f16: half the memory, a cosine moves by less than 0.001" },
    method  = { type = "enum", default = "projection", values = { "projection", "svd" },
                doc = "of model \"lexical\": projection, quick, a cosine is that of the weighted words, with noise; "
                  .. "svd, the strongest directions of a sample: words that stand together come together, rare ones "
                  .. "fall away; for topics, not for duplicates" },
    features = { type = "list", of = { type = "enum", values = { "word", "bigram", "char" } },
                default = { "word", "bigram" }, doc = "of model \"lexical\": words, pairs of neighbouring words, runs "
                  .. "of 3 to 5 characters" },
    dim     = { type = "integer", default = 256, min = 8, max = 2048, doc = "of model \"lexical\": numbers a vector" },
    sample  = { type = "integer", default = 20000, min = 1, max = 1000000,
                doc = "of method \"svd\": rows it is fitted on, drawn by the recipe's seed" },
    without = { type = "enum", default = "keep", values = { "keep", "reject", "fail" },
                doc = "rows without a vector (no text that the embedding knows; NaN or zeros in the file): keep them, "
                  .. "compared with nobody; reject them; fail the run" },
  },
  example = [[s.embed { file = "vectors.npy" }]],
  reasons = { "no_vector", "bad_vector" },
  metrics = { "no_vector" },   -- of rows without one alone; report/remedy.lua has the words

  check = sources.check,

  ready = function(p, ctx)
    local source = sources.of(p)
    if not source.ready then return true end
    return source.ready(p, ctx)
  end,

  --- @return  the view with the vectors under the stage's name, and { figures, notes, op }; or nil and a message
  run = function(view, p, ctx)
    local made, info = sources.make(view, p, ctx)
    if not made then return nil, info end
    local child, err = vectors.attach(view, ctx.name, made)
    if not child then return nil, err end
    local states = made:states(view)
    local notes = info.notes or {}
    if info.unasked then p = setmetatable({ without = "keep" }, { __index = p }) end   -- a check asks for no vectors
    if not info.unasked and states.ok == 0 and (view:counts()) > 0 then return nil, none(states, p) end
    local note = not info.unasked and without(view, states, p, ctx.name) or nil
    if note and p.without == "fail" then return nil, note:match ": (.*); " .. '; without = "keep" lets them stay' end
    notes[#notes + 1] = note
    local figures = info.figures or {}
    figures.embedding, figures.dim, figures.storage = made:name(), made:dim(), made:kind()
    figures.vectors, figures.without = states.ok, states.missing + states.zero + states.not_finite
    figures.sees_paraphrases = made:meaning()
    local op = vectors.op(made, p.without == "reject", note ~= nil)
    child, err = child:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool }
    if not child then return nil, err end
    return child, { figures = figures, notes = notes, op = op }
  end,
}
