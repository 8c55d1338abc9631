--- Made-up private data. Networks, telephone numbers and domains are those reserved for examples;
-- card numbers begin as test cards do and pass the Luhn check, `notcard` fails it.

local slots = require "make.slots"

local DOMAINS = { "oakandtwine.example", "lanternbakery.example", "mail.example.net", "harlow-joinery.example",
  "blueheron.example.org", "example.com" }
local AREAS = { 212, 312, 415, 503, 617, 808 }
local PHONES = { "(%s) 555-01%02d", "%s-555-01%02d", "+1 %s 555 01%02d", "%s.555.01%02d" }
local NETWORKS = { "192.0.2.%d", "198.51.100.%d", "203.0.113.%d" }

local function luhn_digit(digits)
  local sum = 0
  for i = #digits, 1, -1 do
    local d = digits:byte(i) - 48
    if (#digits - i) % 2 == 0 then d = d * 2 end
    sum = sum + (d > 9 and d - 9 or d)
  end
  return (10 - sum % 10) % 10
end

local function card(rng, wrong_by)
  local digits = rng:pick { "400000", "424242", "555555", "520082" }
  for _ = 1, 9 do digits = digits .. rng:int(0, 9) end
  digits = digits .. (luhn_digit(digits) + wrong_by) % 10
  local mark = rng:pick { " ", "-", "" }
  return digits:sub(1, 4) .. mark .. digits:sub(5, 8) .. mark .. digits:sub(9, 12) .. mark .. digits:sub(13)
end

-- Each draws one; `values` are the slots of the ticket, so that an address bears the writer's name.
return {
  ssn     = function(rng)
    local area = rng:pick { rng:int(100, 665), rng:int(667, 899) }
    return ("%03d-%02d-%04d"):format(area, rng:int(1, 99), rng:int(1, 9999))
  end,
  card    = function(rng) return card(rng, 0) end,
  notcard = function(rng) return card(rng, rng:int(1, 9)) end,
  email   = function(rng, values)
    local name = slots.expand("<first>", rng, values):lower()
    return name .. rng:pick { "", ".office", tostring(rng:int(60, 99)), "+till" } .. "@" .. rng:pick(DOMAINS)
  end,
  phone   = function(rng) return rng:pick(PHONES):format(rng:pick(AREAS), rng:int(0, 99)) end,
  ip      = function(rng) return rng:pick(NETWORKS):format(rng:int(1, 254)) end,
}
