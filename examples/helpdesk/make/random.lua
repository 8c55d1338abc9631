--- A small generator of pseudo-random numbers (splitmix64), so that the same seed gives the same
-- tickets with every Lua 5.4 on every machine.

local Random = {}
Random.__index = Random

local function new(seed)
  return setmetatable({ state = seed }, Random)
end

local function next_bits(self)
  self.state = self.state + 0x9E3779B97F4A7C15
  local z = self.state
  z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
  z = (z ~ (z >> 27)) * 0x94D049BB133111EB
  return z ~ (z >> 31)
end

--- An integer from low to high, both included.
function Random:int(low, high)
  return low + (next_bits(self) >> 1) % (high - low + 1)
end

function Random:pick(list)
  return list[self:int(1, #list)]
end

--- True `share` of the time; share is from 0 to 1.
function Random:chance(share)
  return self:int(0, 999999) < share * 1000000
end

--- The same elements in another order, in a new list.
function Random:shuffled(list)
  local out = table.move(list, 1, #list, 1, {})
  for i = #out, 2, -1 do
    local j = self:int(1, i)
    out[i], out[j] = out[j], out[i]
  end
  return out
end

return { new = new }
