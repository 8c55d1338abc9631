--- retry: what an answer, or the lack of one, means for the row, the run and the money.
-- One table for all providers: the status says little (a 429 may be a full bucket or an empty purse), so codes and
-- messages of the body are read first.
--   ok         an answer to read
--   transient  the other side's trouble: again after a growing pause; the pace stays
--   rate       too fast: again after the time it names; the pace is cut
--   money      credit or a limit of spending is used up: asking again cannot help; the stage stops
--   config     key, model or a parameter is wrong: every request would fail alike; the stage stops
--   too_long   this row does not fit the model
--   again      an answer that is none: asked again, but seldom
--   row        this row will not be answered, whatever happens
--   refused    the provider would not process this row

local retry = {}

--- Pauses of a class that is asked again: seconds of the first, most of one, most attempts.
retry.pace = { first = 0.5, most = 60, attempts = 8, longest_wait = 300 }

-- Codes and types that mean an empty purse, as providers write them.
local MONEY = {
  "insufficient_quota", "credit_balance_exhausted", "enforced_spend_limit_reached", "billing_error",
  "billing_hard_limit_reached", "spend_limit", "insufficient_credits", "payment_required",
}
local MONEY_WORDS = { "specified api usage limits", "exceeded your current quota", "credit balance is too low" }

local LENGTH_WORDS = { "maximum context length", "context_length_exceeded", "prompt is too long", "context window",
                       "exceeds the available context", "too many tokens", "input is too long" }
local CUT_WORDS = { "unexpected end of data", "unexpected eof", "unexpected end of json" }

local function any(text, words)
  for _, w in ipairs(words) do
    if text:find(w, 1, true) then return true end
  end
  return false
end

-- What an error says of itself, in small letters.
local function words_of(e)
  local out = {}
  for _, key in ipairs { "type", "code", "detail", "message" } do
    if type(e[key]) == "string" then out[#out + 1] = e[key]:lower() end
  end
  return table.concat(out, "\n")
end

local CONFIG = { [401] = true, [402] = true, [403] = true, [404] = true, [405] = true, [301] = true, [302] = true,
                 [303] = true, [307] = true, [308] = true }
local BUSY = { [408] = true, [409] = true, [425] = true, [499] = true }

-- A 400, by what it says.
local function bad_request(words, e)
  if any(words, LENGTH_WORDS) then return "too_long" end
  if any(words, CUT_WORDS) then return "transient" end
  if words:find("content_filter", 1, true) or words:find("content_policy", 1, true) then return "refused" end
  return "config", e
end

-- Without a status: what the connection suffered.
local BROKEN = { certificate = "config", forbidden = "config", too_large = "again" }

--- The class of a finished request.
-- @param r  { status, error = what the connection suffered, body_error = provider's { type, code, detail, message,
--   param } or nil, wait = seconds that the headers ask for, should_retry = true|false where a header says so }
-- @return  the class
function retry.classify(r)
  if r.error then return BROKEN[r.error] or "transient" end
  local e = r.body_error or {}
  local words = words_of(e)
  if r.status >= 200 and r.status < 300 then
    if not r.body_error then return "ok" end
    return e.type and "transient" or "again"
  end
  if any(words, MONEY) or any(words, MONEY_WORDS) then return "money" end
  if r.status == 402 then return "money" end
  if r.should_retry == false and not CONFIG[r.status] and r.status ~= 400 and r.status ~= 413 then return "row" end
  if r.should_retry == true then return r.status == 429 and "rate" or "transient" end
  if r.status == 429 then return "rate" end
  if r.status == 413 then return "too_long" end
  if r.status == 422 or r.status == 424 then return any(words, LENGTH_WORDS) and "too_long" or "row" end
  if CONFIG[r.status] then return "config" end
  if BUSY[r.status] or r.status >= 500 then return "transient" end
  if r.status == 400 then return (bad_request(words, e)) end
  return "row"
end

--- Seconds until a request may be sent again.
-- @param attempt  how often it has been sent
-- @param wait     what the headers ask for; nil where they ask for nothing
-- @param chance   a number from 0 to 1: the jitter, so that many do not come back at once
-- @return  seconds; nil when it should not be sent again
function retry.delay(attempt, wait, chance)
  local pace = retry.pace
  if attempt >= pace.attempts then return nil end
  if wait and wait > pace.longest_wait then return nil end
  if wait and wait > 0 then return wait * (1 + 0.1 * chance) end
  return math.min(pace.first * 2 ^ (attempt - 1), pace.most) * (0.5 + 0.5 * chance)
end

return retry
