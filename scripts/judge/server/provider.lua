--- provider: the table that speaks to a model's server, found by its name or by the model's.

local host = require "host"
local nearest = require "nearest"

local provider = {}

local PREFIX = "judge.providers."

--- All there are, by name: one file each.
function provider.names()
  local out = {}
  for _, name in ipairs(host.scripts(PREFIX)) do out[#out + 1] = name:sub(#PREFIX + 1) end
  return out
end

function provider.get(name) return require(PREFIX .. name) end

--- The provider that a stage means.
-- @param names  of those to choose from; nil: all there are, and a file
-- @return  its table; or nil and a sentence
function provider.find(name, model, names)
  local listed = table.concat(names or provider.names(), ", ") .. (names and "" or ", file")
  names = names or provider.names()
  if name then
    for _, n in ipairs(names) do
      if n == name then return provider.get(n) end
    end
    local near = nearest(name, names)
    return nil, ('there is no provider "%s"%s (there are %s)'):format(name,
      near and (': did you mean "%s"?'):format(near) or "", listed)
  end
  for _, n in ipairs(names) do
    local t = provider.get(n)
    if t.serves(model) then return t end
  end
  return nil, ('no provider is known for the model "%s": name one, provider = "compatible" for a server of your own '
    .. "(there are %s)"):format(model, listed)
end

return provider
