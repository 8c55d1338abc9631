--- sources: where the vectors of an embed stage come from. One module a source (embed/NAME.lua), each a table of
--   params                 names of the parameters that only it takes                     (may be absent)
--   check(p)               what is wrong with its parameters, a sentence; nil: nothing    (may be absent)
--   ready(p, ctx)          true; or nil and a sentence, before a row is read              (may be absent)
--   make(view, p, ctx)     vectors of all rows that stand or may come back, { figures, notes }; or nil, a sentence
--   again(view, p, ctx, made)   vectors of another view's rows (gold, production) by the same embedding, of p.fields;
--                          or nil and a sentence      (absent: the vectors' embedder does it, if there is one)

local vectors = require "vectors"

local sources = {}

local SAID = { file = "vectors of a file", endpoint = "the model of a provider", lexical = 'model = "lexical"' }

-- Parameters with a default that are for one source alone: a fault where the recipe gives them to another.
local ONLY = { dim = "lexical", method = "lexical", features = "lexical", sample = "lexical",
               batch = "endpoint", max_failed = "endpoint", concurrency = "endpoint" }
local INSTEAD = { dim = "; dimensions is what a provider is asked for" }   -- where the source is an endpoint

--- The source that these parameters name.
local function name_of(p)
  if p.file then return "file" end
  if p.model == "lexical" then return "lexical" end
  if p.provider or p.base_url or require("embed.endpoint").serves(p.model) then return "endpoint" end
  return "static"
end

sources.name = name_of

--- The kind of embedding, as thresholds tell them apart (embed/thresholds.lua).
function sources.kind(p)
  local name = name_of(p)
  return name == "lexical" and p.method == "svd" and "svd" or name
end

--- The module that serves these parameters; or nil and a sentence.
function sources.of(p)
  if p.file and p.model then return nil, "it has both file and model: one of them" end
  if not p.file and not p.model then
    return nil, 'it needs file, vectors that are there already, or model: "lexical", a folder, a model of a provider'
  end
  return require("embed." .. name_of(p))
end

--- A parameter that the recipe gives, and that the source would leave unused: a sentence; nil: there is none.
local function unused(p, given)
  local name = name_of(p)
  for _, param in ipairs { "dim", "method", "features", "sample", "batch", "max_failed", "concurrency" } do
    if given[param] ~= nil and ONLY[param] ~= name then
      return ("%s goes with %s%s"):format(param, SAID[ONLY[param]], name == "endpoint" and INSTEAD[param] or "")
    end
  end
  if given.fields ~= nil and name == "file" then
    return "fields goes with a model: what the vectors of a file are of was settled when they were made"
  end
end

--- A parameter that belongs to another source, or what the source itself finds wrong: a sentence; nil: nothing.
-- @param given  the parameters that the recipe gives, without defaults
function sources.check(p, given)
  local source, err = sources.of(p)
  if not source then return err end
  for _, name in ipairs { "file", "endpoint" } do
    local other = require("embed." .. name)
    for _, param in ipairs(other ~= source and other.params or {}) do
      if p[param] ~= nil then return ("%s goes with %s"):format(param, SAID[name]) end
    end
  end
  return unused(p, given or {}) or source.check and source.check(p)
end

--- The vectors of a stage's rows.
-- @return  vectors and { figures, notes }; or nil and a sentence
function sources.make(view, p, ctx)
  local source, err = sources.of(p)
  if not source then return nil, err end
  return source.make(view, p, ctx)
end

--- The same embedding of another view's rows, of the fields of `p`: production queries may have no output, so give a
-- copy of the parameters with fields = { "input" }. All its rows that stand get one.
-- @param p     parameters of the embed stage that made `made`
-- @param made  its vectors
function sources.again(view, p, ctx, made)
  local source, err = sources.of(p)
  if not source then return nil, err end
  if source.again then return source.again(view, p, ctx, made) end
  local embedder = made:embedder()
  if not embedder then return nil, ("%s embeds no other rows"):format(made:name()) end
  return vectors.embed(view, embedder, { fields = p.fields, kind = made:kind() }, ctx.pool)
end

--- The embed stage that a stage rests on: the last one before it, or the one that its parameter `embedding` names.
-- @return  its entry in the plan; or nil and a sentence
function sources.entry(p, ctx) return sources.among(p, ctx.before()) end

--- The same, where the stages before it are at hand.
function sources.among(p, before)
  local found
  for _, entry in ipairs(before) do
    if entry.stage == "embed" and (p.embedding == "" or entry.name == p.embedding) then found = entry end
  end
  if found then return found end
  if p.embedding == "" then return nil, "it needs an embed stage before it" end
  return nil, ('embedding = "%s": no embed stage of that name stands before it'):format(p.embedding)
end

--- The vectors that a stage rests on.
function sources.vectors(view, p)
  local v = vectors.of(view, p.embedding)
  if v then return v end
  return nil, p.embedding == "" and "it needs an embed stage before it"
    or ('embedding = "%s": the rows have no vectors of that name'):format(p.embedding)
end

--- The fields that the vectors are of: empty where they come from a file, which does not say what was embedded.
function sources.fields(p, ctx)
  local entry = ctx.before and sources.entry(p, ctx)
  if not entry then return { "input", "output" } end
  return name_of(entry.params) == "file" and {} or entry.params.fields
end

--- The parameter of every stage that needs vectors.
sources.param = { type = "string", default = "", doc = "name of the embed stage whose vectors count; empty: the last "
  .. "one before this" }

return sources
