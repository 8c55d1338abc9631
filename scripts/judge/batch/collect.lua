--- collect: asks what became of the batches that are out, fetches what came back and keeps it in the cache.
-- What stands in results is somebody else's: lines in any order, twice, missing, of rows that nobody sent, damaged. An
-- answer or a refusal is kept with its usage at the batch's price; all else leaves the row free to be sent again. A
-- batch counts as collected when its files were read to their ends, and until then it is asked for again.

local batches = require "judge.batch.store"
local call = require "judge.server.call"
local endpoint = require "judge.server.endpoint"
local fs = require "fs"
local lines = require "judge.batch.lines"
local prices = require "judge.money.prices"
local provider = require "judge.server.provider"
local reply = require "judge.ask.reply"
local retry = require "judge.server.retry"
local rubric = require "judge.rubric"
local wire = require "judge.server.wire"

local collect = {}
collect.__index = collect

local MOST_LINE = 1 << 20                       -- bytes of one line: a rating is a thousandth of that
local EVERY = 1000                              -- lines between two commits
local PAGES = 100                               -- of a list of batches
local SKEW = 86400                              -- seconds by which two clocks may differ
local GRACE = 60                                -- seconds until a batch that was sent must stand in the list

--- A file of results has so many bytes at most, and so many a row besides.
collect.room, collect.room_a_row = 1 << 20, 1 << 17

--- How long `wait` pauses: seconds of the first pause, growth, the longest.
collect.pace = { first = 20, grows = 1.5, most = 600 }

--- @param cache  an open one
-- @param o      { config = the user's, allow_hosts, tell = function(line), give_up = what cannot be had is written
--   off }
function collect.new(cache, o)
  return setmetatable({ cache = cache, store = batches.of(cache), o = o, links = {} }, collect)
end

function collect:close()
  for _, link in pairs(self.links) do link:close() end
  self.links = {}
end
collect.__close = collect.close

-- ---- the provider ----

--- A connection to where a batch was sent; one for all batches there.
local function link_to(self, b)
  local name = b.provider .. " " .. b.url
  if self.links[name] then return self.links[name] end
  local server, err = provider.find(b.provider)
  if not server then return nil, err end
  local given = b.url ~= server.url and b.url or nil
  local place
  place, err = endpoint.find(server, { base_url = given }, { allow_hosts = self.o.allow_hosts, config = self.o.config })
  if not place then return nil, err end
  if place.url ~= b.url then
    return nil, ("batch %s was sent to %s, but %s or the configuration names %s"):format(b.id or b.mark, b.url,
      server.base, place.url)
  end
  self.links[name], err = call.open(place, server)
  return self.links[name], err
end

local function name_of(b) return b.id or ("of " .. os.date("!%Y-%m-%d %H:%M", b.at)) end

local function failed(b, what, fault)
  if fault.class == "interrupted" then return nil, "interrupted" end
  return nil, ("batch %s: %s: %s"):format(name_of(b), what, fault.why)
end

-- ---- batches of which nobody knows whether they were taken ----

-- All that the provider lists since about the time of an intent.
local function listed(link, b)
  local out, after, speaks = {}, nil, link.provider.batch
  for _ = 1, PAGES do
    local t, fault = link:ask(speaks.list(after))
    if not t then return nil, fault end
    local page = wire.table(t.data) or {}
    local oldest
    for _, item in ipairs(page) do
      local found = wire.table(item) and speaks.read(item) or {}
      if wire.id(found.id) then out[#out + 1], oldest = found, found end
    end
    if not t.has_more or not oldest or oldest.created < b.at - SKEW then break end
    after = oldest.id
  end
  return out
end

-- Is this listed batch the one that was meant? By the mark it bears; where a provider keeps no marks, by its size,
-- and its results show later whether it is.
local function may_be(self, speaks, b, found)
  if found.mark then return found.mark == b.mark end
  if speaks.marks or found.rows ~= b.nrows or found.created < b.at - SKEW then return false end
  return not b.denied:find(found.id, 1, true) and not self.store:knows(b.provider, found.id)
end

--- Finds a batch that was noted but not known to be sent.
-- @return  true where it was found, or was never taken; false where it is too soon to tell; or nil and a sentence
local function find_lost(self, b)
  local link, err = link_to(self, b)
  if not link then return nil, err end
  local list, fault = listed(link, b)
  if not list then return failed(b, "the list of batches cannot be had", fault) end
  local best
  for _, found in ipairs(list) do
    local near = may_be(self, link.provider.batch, b, found) and math.abs(found.created - b.at)
    if near and (not best or near < math.abs(best.created - b.at)) then best = found end
  end
  if best then
    b.id, b.state = best.id, "sent"
    self.store:sent(b.mark, best.id)
    return true
  end
  if fs.time() - b.at < GRACE then return false end
  self.store:void(b.mark)
  b.state = "void"
  return true
end

-- ---- results ----

-- What a line's answer makes of its row: a state, why, and the money. "answer" and "refusal" are kept.
local KIND = { too_long = "too_long", row = "failed", refused = "refused" }

local function judged(b, row, status, answer)
  local class = retry.classify { status = status, body_error = answer.error }
  local cost = answer.usage and prices.cost(b.price, answer.usage, true) or status == 200 and row.worst or 0
  if class == "ok" and answer.text == nil then class = "again" end
  if class == "config" and status == 400 then class = "row" end
  if class ~= "ok" then
    local e = answer.error or {}
    return KIND[class] or class == "again" and "unparsed" or "trouble", e.message or e.type, cost
  end
  if answer.stop == "refusal" then return "refusal", answer.refusal or answer.text, cost end
  local asked = row.cut == 1 and b.cut_rubric or b.rubric
  local read, why = reply.read(answer.text, asked, row.id)
  if read then return "answer", nil, cost end
  return answer.stop == "length" and "cut" or "unparsed", why, cost
end

local function keep(self, b, row, kind, text, answer, cost)
  self.cache:put(row.key, { kind = kind, reply = text, usage = answer.usage, cost = cost, provider = b.provider,
    model = b.model, served = answer.model, request_id = answer.request_id, rubric = b.digest })
end

--- One line of results.
local function take(self, b, speaks, line, counts)
  local t = wire.decode(line)
  if not t then return nil end
  local custom, kind, status, answer = speaks.line(t)
  local row = custom and self.store:row(b.mark, custom)
  if not row then
    counts.unknown = counts.unknown + 1
    return true
  end
  if counts.seen[custom] then
    counts.twice = counts.twice + 1
    return true
  end
  counts.ours, counts.seen[custom] = counts.ours + 1, true
  if row.state ~= "out" then return true end      -- read before, from files that were damaged further on
  local cost, why = 0, nil
  if kind == "answer" then kind, why, cost = judged(b, row, status, answer) end
  if kind == "answer" or kind == "refusal" then
    keep(self, b, row, kind, kind == "refusal" and why or answer.text, answer, cost)
  end
  self.store:came(b.mark, custom, kind, why, cost)
  counts[kind], counts.cost = (counts[kind] or 0) + 1, counts.cost + cost
  return true
end

--- Reads a file of results.
-- @return  true; or nil and a sentence: what came before the fault is kept
local function read_file(self, b, speaks, path, counts)
  local next_line, err = lines.of(path, MOST_LINE)
  if not next_line then return nil, err end
  local n = 0
  for line, how in next_line do
    n = n + 1
    if how == "cut" then counts.long = counts.long + 1
    elseif line:find "%S" and not take(self, b, speaks, line, counts) then
      self.cache:commit()
      return nil, ("line %d of its results is %s"):format(n, how == "open" and "cut off" or "no JSON")
    end
    if n % EVERY == 0 then self.cache:commit() end
  end
  self.cache:commit()
  return true
end

local function fetch(self, link, b, request, counts)
  local path = self.cache.path .. ".results." .. b.mark
  request.to_file, request.max_reply_bytes = path, collect.room + collect.room_a_row * b.nrows
  local r, fault = link:send(request)
  if not r then return failed(b, "its results cannot be fetched", fault) end
  local ok, err = read_file(self, b, link.provider.batch, path, counts)
  os.remove(path)
  if ok then return true end
  return nil, ("batch %s: %s. What came before is kept; collect again, or give the rest up: tamis judge collect "
    .. "--cancel"):format(name_of(b), err)
end

-- A batch that was refused as a whole, after it was taken: its rows were not worked on.
local function refuse(self, b, found, counts)
  for row in self.store:rows_out(b.mark) do
    self.store:came(b.mark, row, "trouble", found.fault or found.state, 0)
    counts.trouble = (counts.trouble or 0) + 1
  end
  self.cache:commit()
end

--- Fetches what an ended batch left.
-- @return  counts; false where it is not ours; or nil and a sentence
local function bring(self, link, b, found)
  local counts = { unknown = 0, twice = 0, long = 0, ours = 0, cost = 0, seen = {} }
  b.rubric, b.price = assert(rubric.check(wire.decode(b.rubric))), wire.decode(b.price)
  b.cut_rubric = rubric.cut(b.rubric)
  local files = link.provider.batch.results(found)
  if #files == 0 then refuse(self, b, found, counts) end
  for _, request in ipairs(files) do
    local ok, err = fetch(self, link, b, request, counts)
    if not ok then
      if not self.o.give_up or err == "interrupted" then return nil, err end
      self.o.tell(err)
    end
  end
  if counts.ours == 0 and counts.unknown > 0 and not found.mark then
    self.store:deny(b.mark, b.id)
    return false
  end
  counts.missing = self.store:collected(b.mark)
  return counts
end

-- ---- one batch ----

-- The provider does not know it, or not any more.
local function unknown(self, b, fault)
  local ok, err = failed(b, "its state cannot be had", fault)
  if not self.o.give_up or fault.status ~= 404 then return ok, err end
  self.o.tell(err)
  return { state = "given up", missing = self.store:collected(b.mark), cost = 0 }
end

--- Looks after one batch that is out.
-- @param o  { cancel, delay = seconds before the provider is asked }
-- @return  { out = true, state } or { counts …, state }; or nil and a sentence
function collect:visit(b, o)
  local link, err = link_to(self, b)
  if not link then return nil, err end
  if b.state == "intent" then
    local known
    known, err = find_lost(self, b)
    if known == nil then return nil, err end
    if not known then return { out = true, state = "sent, perhaps: the provider does not list it yet" } end
    if b.state == "void" then return { state = "never taken: its rows may be sent again", void = true, cost = 0 } end
  end
  local speaks = link.provider.batch
  local request = speaks.state(b.id)
  request.delay = o.delay
  local t, fault = link:ask(request)
  if not t then return unknown(self, b, fault) end
  local found = speaks.read(t)
  found.id = b.id
  if not found.ended then
    if not o.cancel then return { out = true, state = found.state } end
    t, fault = link:ask(speaks.cancel(b.id))
    if not t then return failed(b, "it cannot be canceled", fault) end
    return { out = true, state = speaks.read(t).state }
  end
  local counts
  counts, err = bring(self, link, b, found)
  if counts == nil then return nil, err end
  if not counts then return { out = true, state = "sent, perhaps: looked for again next time" } end
  counts.state = found.fault and ("%s: %s"):format(found.state, found.fault) or found.state
  return counts
end

--- All that are out, once.
-- @param o     { cancel, delay, only = function(b): which of them }
-- @param told  function(b, what) for each
-- @return  how many are still out; or nil and a sentence
function collect:all(o, told)
  local out, delay = 0, o.delay
  for _, b in ipairs(self.store:out()) do
    if not o.only or o.only(b) then
      local what, err = self:visit(b, { cancel = o.cancel, delay = delay })
      if not what then return nil, err end
      out, delay = out + (what.out and 1 or 0), nil
      told(b, what)
    end
  end
  return out
end

--- Until all have ended.
-- @return  0; or nil and a sentence
function collect:wait(o, told)
  local pause, delay = collect.pace.first, nil
  while true do
    local out, err = self:all({ cancel = o.cancel, delay = delay }, told)
    if not out or out == 0 then return out, err end
    delay, o = pause, { }
    pause = math.min(pause * collect.pace.grows, collect.pace.most)
  end
end

return collect
