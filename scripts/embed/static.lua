--- static: a static model, as model2vec publishes them: a folder with model.safetensors and tokenizer.json, found and
-- noted for the lineage as any file that a parameter names. See embed/sources.lua.

local static_model = require "static_model"
local vectors = require "vectors"

local static = {}

--- What people call it: the folder's name.
local function name_of(folder)
  return folder:match "([^/]+)/*$" or folder
end

--- The model's embedder; or nil and a sentence.
local function open(p, ctx)
  local folder = (p.model:gsub("/+$", ""))
  local read = {}
  for i, file in ipairs { "model.safetensors", "tokenizer.json" } do
    local bytes, why = ctx.file(folder .. "/" .. file)
    if not bytes then
      return nil, ('%s (model = "%s": either "lexical", or a folder with model.safetensors and tokenizer.json, or, '
        .. 'with provider = "…", a model of that)'):format(
        why, p.model)
    end
    read[i] = bytes
  end
  return static_model.open(read[1], read[2], name_of(folder))
end

--- Whether the folder holds a model that can be read.
function static.ready(p, ctx)
  local embedder, err = open(p, ctx)
  if not embedder then return nil, err end
  return true
end

function static.make(view, p, ctx)
  local embedder, err = open(p, ctx)
  if not embedder then return nil, err end
  local made, why = vectors.embed(view, embedder, { fields = p.fields, kind = p.storage }, ctx.pool)
  if not made then return nil, why end
  return made, {}
end

return static
