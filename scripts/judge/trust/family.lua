--- family: which models are kin. A judge likes what its own family wrote (Panickssery and others, "LLM evaluators
-- recognize and favor their own generations", 2024), so a source that such a model made is told.

local compatible = require "judge.providers.compatible"
local provider = require "judge.server.provider"

local family = {}

--- A model's family: "claude", "gpt", "llama"; nil for no name.
function family.of(model)
  if type(model) ~= "string" then return nil end
  local bare = model:match "[^/]*$"   -- "anthropic/claude-3" as routers write it
  for _, name in ipairs(provider.names()) do
    local p = provider.get(name)
    if p.serves(bare) then return p.family(bare) end
  end
  return compatible.family(model)
end

--- The sources that a model of the judge's family wrote.
-- @param sources  as view:sources() gives them: path, generator
-- @return  { { source, generator, family }, … }
function family.kin(model, sources)
  local own, out = family.of(model), {}
  for _, s in ipairs(sources) do
    if own and s.generator and family.of(s.generator) == own then
      out[#out + 1] = { source = s.path, generator = s.generator, family = own }
    end
  end
  return out
end

--- The warning of one of them.
function family.note(name, k)
  local text = "%s: %s was written by %s, of the judge's own family (%s): judges rate their kin higher"
  return text:format(name, k.source, k.generator, k.family)
end

return family
