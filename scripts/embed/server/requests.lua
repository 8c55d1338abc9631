--- requests: several texts a request, for the loop that asks (judge/ask/loop.lua), and what their replies say.

local packed = require "packed"

local requests = {}
requests.__index = requests

local MOST_BYTES = 200000       -- of a request's texts: under OpenAI's 300,000 tokens, whatever they are
local ENTRY = 512               -- bytes of a reply around a vector, and of its number beside base64

--- @param o  { p, provider, store, text = function(t) -> the text of an entry of texts.all, dim = numbers a vector
--   where it is known }
function requests.new(o)
  return setmetatable({ o = o, serial = 0, dim = o.dim, served = {}, odd = {}, failed = {}, nfailed = 0 }, requests)
end

--- A job for these texts.
function requests:job(list)
  self.serial = self.serial + 1
  return {
    key = "r" .. self.serial, n = #list, new = true, list = list,
    halves = function()
      if #list == 1 then return nil end
      local half = #list // 2
      return { self:job(table.move(list, 1, half, 1, {})), self:job(table.move(list, half + 1, #list, 1, {})) }
    end,
    done = function(outcome)
      if outcome.state == "embedded" then return end
      for _, t in ipairs(list) do self.failed[t.key] = outcome end
      self.nfailed = self.nfailed + #list
    end,
  }
end

--- The jobs for texts that the cache has not, in their order.
function requests:jobs(list)
  local i, most = 0, self.o.p.batch
  return function()
    local some, bytes = {}, 0
    while i < #list and #some < most do
      local t = list[i + 1]
      if not t.held then
        if #some > 0 and bytes + t.bytes > MOST_BYTES then break end
        some[#some + 1], bytes = t, bytes + t.bytes
      end
      i = i + 1
    end
    return #some > 0 and self:job(some) or nil
  end
end

--- As loop's `render`.
function requests:render(job)
  local list = {}
  for i, t in ipairs(job.list) do list[i] = self.o.text(t) end
  local r = self.o.provider.embed.request { model = self.o.p.model, texts = list, dimensions = self.o.p.dimensions,
                                            extra = self.o.p.extra }
  return r, r.body, #r.body
end

--- Bytes that a reply may have: numbers as text are longer than base64.
function requests:most_reply()
  return (1 << 20) + self.o.p.batch * ((self.o.p.dimensions or 4096) * 16 + ENTRY)
end

-- What is wrong with the vectors of a reply; nil where nothing is.
local function fault_of(self, job, answer)
  if answer.fault then return answer.fault end
  if #answer.vectors ~= #job.list then
    return ("%d vectors came for %d texts"):format(#answer.vectors, #job.list)
  end
  local dim = self.dim or #answer.vectors[1] // 4
  if dim == 0 then return "a vector of the reply has no numbers" end
  if dim > packed.MOST then
    return ("a vector of the reply has %d numbers, and at most %d are taken"):format(dim, packed.MOST)
  end
  for i, v in ipairs(answer.vectors) do
    if #v // 4 ~= dim then
      return ("vector %d of the reply has %d numbers, and others have %d"):format(i, #v // 4, dim)
    end
  end
  self.dim = dim
end

-- A server that takes no `dimensions` will not learn it.
local function other_dimensions(self, answer)
  local wanted, v = self.o.p.dimensions, answer.vectors and answer.vectors[1]
  if wanted and v and #v // 4 ~= wanted then
    return ("dimensions = %d, and the server sends vectors of %d"):format(wanted, #v // 4)
  end
end

local function keep(self, job, answer, cost)
  local bytes = 0
  for _, t in ipairs(job.list) do bytes = bytes + t.bytes end
  for i, t in ipairs(job.list) do
    local v, share = answer.vectors[i], t.bytes / bytes
    if packed.finite(v) then
      self.o.store:put(t.key, { vector = v, model = self.o.p.model, served = answer.model, bytes = t.bytes,
                                tokens = answer.usage and answer.usage.input * share, cost = cost * share })
    else self.odd[t.key] = v end      -- not kept: another run may fare better
  end
  if answer.model then self.served[answer.model] = true end
end

--- As loop's `answered`.
function requests:answered(loop, job, answer, cost)
  local stop = other_dimensions(self, answer)
  if stop then
    loop:stop("config", stop)
    loop.wait[#loop.wait + 1] = job
    return
  end
  local fault = fault_of(self, job, answer)
  if fault then return loop:unreadable(job, answer, fault) end
  keep(self, job, answer, cost)
  loop:finish(job, "embedded")
end

return requests
