--- meaning: what the measuring stages found (style, spot_check, diversity, outliers, distribution) and the clusters of
-- topics, from a run's lineage, for the report (report/meaning_blocks.lua, topics_blocks.lua) and its health checks
-- (report/health.lua). Each is a list, one a stage. So are embeddings: what the embed stages made.

local json = require "json"

local meaning = {}

meaning.KINDS = { "style", "spot_check", "diversity", "outliers", "distribution", "topic_clusters" }

-- What an embed stage made; its figures stand by themselves.
local function add_embedding(f, s)
  local g = s.figures
  if not (g and g.dim and g.vectors) then return end
  f.embeddings = f.embeddings or json.array {}
  f.embeddings[#f.embeddings + 1] = { stage = s.name, embedding = g.embedding, dim = g.dim, storage = g.storage,
    vectors = g.vectors, without = g.without, sees_paraphrases = g.sees_paraphrases, features = g.features,
    sampled = g.sampled, terms = g.terms, energy = g.energy }
end

--- Has a stage left figures of these kinds?
function meaning.has(figures)
  for _, kind in ipairs(meaning.KINDS) do
    if figures and type(figures[kind]) == "table" then return true end
  end
  return false
end

--- Into f: f.style = { { stage = "style", … }, … } and so on; nil where no stage left such figures.
function meaning.add(f, lineage)
  for _, s in ipairs((lineage.stats or {}).stage_counts or {}) do
    add_embedding(f, s)
    for _, kind in ipairs(meaning.KINDS) do
      local found = s.figures and s.figures[kind]
      if type(found) == "table" then
        local item = { stage = s.name }
        for k, v in pairs(found) do item[k] = v end
        f[kind] = f[kind] or json.array {}
        f[kind][#f[kind] + 1] = item
      end
    end
  end
end

return meaning
