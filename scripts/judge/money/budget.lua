--- budget: money that a run may still spend. What a request may cost at most is set aside before a byte is sent; it
-- comes back when a count of tokens says what it did cost, or when the provider refused before it worked. A lost
-- reply stays spent. So no sequence of faults overshoots the cap. Sums are whole billionths of a dollar.

local budget = {}
budget.__index = budget

--- @param cap  billionths of a dollar; nil for no cap
function budget.new(cap)
  return setmetatable({ cap = cap, spent = 0, held = 0, lost = 0, over = 0 }, budget)
end

--- Sets the most that a request may cost aside.
-- @return  false where the cap does not leave that much
function budget:reserve(worst)
  if self.cap and self.spent + self.held + worst > self.cap then return false end
  self.held = self.held + worst
  return true
end

--- The request was answered and cost so much. More than was set aside is counted, and told.
function budget:settle(worst, cost)
  self.held, self.spent = self.held - worst, self.spent + cost
  if cost > worst then self.over = self.over + cost - worst end
end

--- The request was refused before it was worked on: it cost nothing.
function budget:release(worst) self.held = self.held - worst end

--- Nobody knows what became of the request: all that it may have cost is spent.
function budget:lose(worst)
  self.held, self.spent, self.lost = self.held - worst, self.spent + worst, self.lost + worst
end

--- Could a request of that size ever be sent again?
function budget:exhausted(worst) return self.cap ~= nil and self.spent + worst > self.cap end

return budget
