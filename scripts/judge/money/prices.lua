--- prices: US dollars a million tokens, as the providers published them on the day that stands beside each. Prices
-- change: a person checks them, and gives others in the configuration file or in the recipe
-- (price = { input = 1, output = 5 }). Sums are whole billionths of a dollar, so that a cap is exact.

local prices = {}

local MOST = 1e6         -- dollars a million tokens
local NANO = 1000        -- billionths of a dollar a token, for one dollar a million tokens
prices.DOLLAR = 1000000000

-- Factors on the price of input, and that of a batch. A part that requests share is cached by the provider only from
-- `shared` tokens on, which differs by model.
local CLAUDE = { cache_read = 0.1, cache_write = 1.25, batch = 0.5, shared = 1024 }
local GPT = { cache_read = 0.5, cache_write = 1, batch = 0.5, shared = 1024 }
local GPT5 = { cache_read = 0.1, cache_write = 1, batch = 0.5, shared = 1024 }
local GPT41 = { cache_read = 0.25, cache_write = 1, batch = 0.5, shared = 1024 }

--- A model's name begins with `model`; the longest that fits counts.
prices.table = {
  { model = "claude-opus-5",     input = 5,    output = 25,  of = CLAUDE, as_of = "2026-08", shared = 512 },
  { model = "claude-opus-4-5",   input = 5,    output = 25,  of = CLAUDE, as_of = "2025-11", shared = 4096 },
  { model = "claude-opus-4",     input = 15,   output = 75,  of = CLAUDE, as_of = "2025-08" },
  { model = "claude-sonnet-4",   input = 3,    output = 15,  of = CLAUDE, as_of = "2025-10" },
  { model = "claude-haiku-4-5",  input = 1,    output = 5,   of = CLAUDE, as_of = "2025-10", shared = 4096 },
  { model = "claude-3-5-haiku",  input = 0.8,  output = 4,   of = CLAUDE, as_of = "2025-02", shared = 2048 },
  { model = "gpt-5",             input = 1.25, output = 10,  of = GPT5,   as_of = "2025-08" },
  { model = "gpt-5-mini",        input = 0.25, output = 2,   of = GPT5,   as_of = "2025-08" },
  { model = "gpt-5-nano",        input = 0.05, output = 0.4, of = GPT5,   as_of = "2025-08" },
  { model = "gpt-4.1",           input = 2,    output = 8,   of = GPT41,  as_of = "2025-04" },
  { model = "gpt-4.1-mini",      input = 0.4,  output = 1.6, of = GPT41,  as_of = "2025-04" },
  { model = "gpt-4o",            input = 2.5,  output = 10,  of = GPT,    as_of = "2024-10" },
  { model = "gpt-4o-mini",       input = 0.15, output = 0.6, of = GPT,    as_of = "2024-07" },
  { model = "text-embedding-3-small", input = 0.02, output = 0, of = GPT, as_of = "2024-01" },
  { model = "text-embedding-3-large", input = 0.13, output = 0, of = GPT, as_of = "2024-01" },
  { model = "text-embedding-ada-002", input = 0.1,  output = 0, of = GPT, as_of = "2024-01" },
}

local MEMBERS = { input = "number", output = "number", cache_read = "number", cache_write = "number", batch = "number",
                  as_of = "string" }

--- What is wrong with a price that somebody wrote: a sentence; nil if nothing is.
function prices.fault(t)
  if type(t) ~= "table" then return "expected a table, got a " .. type(t) end
  for key, v in pairs(t) do
    if not MEMBERS[key] then
      return ("%s: there is no such member (there are input, output, cache_read, cache_write, batch, as_of)"):format(
        tostring(key))
    elseif type(v) ~= MEMBERS[key] or v ~= v or type(v) == "number" and (v < 0 or v > MOST) then
      return ("%s: expected a %s"):format(key, MEMBERS[key] == "string" and "text" or "number of dollars, 0 or more")
    end
  end
  if not t.input or not t.output then return "it needs input and output, dollars a million tokens" end
end

local PLAIN = { cache_read = 1, cache_write = 1, batch = 1 }

local function made(t, as_of)
  local of = t.of or PLAIN
  local read, write = t.cache_read or t.input * of.cache_read, t.cache_write or t.input * of.cache_write
  return { input = t.input, output = t.output, as_of = as_of or t.as_of, cache_read = read, cache_write = write,
           batch = t.batch or of.batch, shared = t.shared or of.shared }
end

-- A name goes on behind what the table has: by a date, a dash or nothing; "gpt-4o" is not "gpt-4o-mini".
local function fits(name, model)
  if name:sub(1, #model) ~= model then return false end
  local rest = name:sub(#model + 1)
  return rest == "" or rest:find "^[-@:.]" ~= nil
end

--- The price of a model.
-- @param own    what the recipe gives: { input, output } and, if need be, cache_read, cache_write, batch; or nil
-- @param user   the configuration's prices: { [model] = { input, output, as_of } }; or nil
-- @return  { input, output, cache_read, cache_write: dollars a million tokens; batch: a factor; shared: tokens from
--   which a part that requests share is cached, nil for never; as_of }; or nil
function prices.of(model, own, user)
  if own then return made(own, "the recipe") end
  local best, length
  for name, t in pairs(user or {}) do
    local longer = fits(model, name) and #name > (length or 0)
    if longer then best, length = made(t, t.as_of or "the configuration"), #name end
  end
  if best then return best end
  for _, t in ipairs(prices.table) do
    if fits(model, t.model) and #t.model > (length or 0) then best, length = made(t), #t.model end
  end
  return best
end

--- Nothing is paid: a server of one's own.
prices.free = { input = 0, output = 0, cache_read = 0, cache_write = 0, batch = 1, as_of = "a server of one's own" }

local function nano(price, usage, factor)
  local sum = price.input * usage.input + price.output * usage.output
    + price.cache_read * (usage.cache_read or 0) + price.cache_write * (usage.cache_write or 0)
  return math.ceil(sum * NANO * factor - 1e-6)
end

--- What a usage costs, in billionths of a dollar.
-- @param batch  true for a batch's price
function prices.cost(price, usage, batch) return nano(price, usage, batch and price.batch or 1) end

--- The most that a request can cost: every byte sent a token of the dearest kind of input, and the whole of its
-- max_tokens.
function prices.worst(price, bytes, max_tokens, batch)
  local dearest = math.max(price.input, price.cache_write, price.cache_read)
  return math.ceil((dearest * bytes + price.output * max_tokens) * NANO * (batch and price.batch or 1))
end

return prices
