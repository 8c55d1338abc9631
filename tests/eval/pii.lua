-- tests/eval/pii.lua: how well pii finds personal data. Run by `make eval`.
--   labels        precision, recall and F1 a kind on the Presidio-style set; a find is right where it
--                 overlaps a span of its kind
--   near misses   numbers with check digits, made here from the definitions, among the same with one digit
--                 off, with a digit too few or too many, or of a country or issuer that there is not
-- It fails where a figure is below its floor (floors.lua).
package.path = "tests/eval/?.lua;" .. package.path
local scan, json = require "scan", require "json"
local all, floors = require "pii.all", require "floors"

local scanner, why = scan.new(all)
if not scanner then
  print("skip: " .. why)
  return
end
local failed = false

local function ratio(a, b) return b > 0 and a / b or 0 / 0 end

--- Prints precision, recall and F1 of { hit =, wrong =, missed = }; notes what is below the floor.
local function tell(name, c, floor)
  local figure = { precision = ratio(c.hit, c.hit + c.wrong), recall = ratio(c.hit, c.hit + c.missed),
                   f1 = ratio(2 * c.hit, 2 * c.hit + c.wrong + c.missed) }
  local low = {}
  for _, what in ipairs { "precision", "recall", "f1" } do
    local least = floor and floor[what]
    if least and (figure[what] ~= figure[what] or figure[what] < least) then low[#low + 1] = ("%s below %.2f"):format(what, least) end
  end
  if #low > 0 then failed = true end
  print(("%-16s %6d %6d %6d %10.3f %7.3f %7.3f  %s"):format(name, c.hit, c.wrong, c.missed, figure.precision,
    figure.recall, figure.f1, table.concat(low, ", ")))
end

local function heading(title)
  print(title)
  print(("%-16s %6s %6s %6s %10s %7s %7s"):format("kind", "hit", "wrong", "missed", "precision", "recall", "F1"))
end

local function counter()
  return setmetatable({}, { __index = function(t, kind)
    t[kind] = { hit = 0, wrong = 0, missed = 0 }
    return t[kind]
  end })
end

-- ---- labels ----

local SET = "../shared/data/pii_presidio.jsonl"
local KIND = { CREDIT_CARD = "CREDIT_CARD", EMAIL_ADDRESS = "EMAIL", US_SSN = "SSN", IP_ADDRESS = "IP", PHONE_NUMBER = "PHONE",
               IBAN_CODE = "IBAN", DOMAIN_NAME = "URL", US_DRIVER_LICENSE = "DRIVER_LICENSE" }

-- The set labels dates, not dates of birth: a find among them is right, and none is missed.
local function same_kind(label, found)
  return KIND[label] == found or (label == "DATE_TIME" and found == "DATE_OF_BIRTH")
end

local function score_row(row, counts)
  local met = {}
  for _, m in ipairs(scanner:find(row.text)) do
    local right
    for i, s in ipairs(row.spans) do
      if same_kind(s.type, m.type) and m.start < s["end"] and s.start < m["end"] then right, met[i] = true, true end
    end
    local c = counts[m.type]
    if right then c.hit = c.hit + 1 else c.wrong = c.wrong + 1 end
  end
  for i, s in ipairs(row.spans) do
    local kind = KIND[s.type]
    if kind and not met[i] then counts[kind].missed = counts[kind].missed + 1 end
  end
end

local file = io.open(SET)
if file then
  local counts = counter()
  for line in file:lines() do score_row(json.decode(line), counts) end
  file:close()
  heading "Personal data on the Presidio-style set"
  local kinds = {}
  for kind in pairs(counts) do kinds[#kinds + 1] = kind end
  for kind in pairs(floors.presidio) do if not rawget(counts, kind) then kinds[#kinds + 1] = kind end end
  table.sort(kinds)
  for _, kind in ipairs(kinds) do tell(kind, counts[kind], floors.presidio[kind]) end
else
  print("skip: no " .. SET)
end

-- ---- near misses ----

local EACH = 300
local state = 12345
local function draw(n)   -- 0 to n - 1, the same everywhere
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % n
end

local function digits(n)
  local d = {}
  for i = 1, n do d[i] = draw(10) end
  return d
end

local function weigh(d, weights)
  local sum = 0
  for i, w in ipairs(weights) do sum = sum + d[i] * w end
  return sum
end

local function luhn_check(d)
  local sum = 0
  for i = #d, 1, -1 do
    local v = d[i] * ((#d - i) % 2 == 0 and 2 or 1)
    sum = sum + v // 10 + v % 10
  end
  return (10 - sum % 10) % 10
end

-- Multiplication of the dihedral group of ten: i * j, from its definition by rotations and reflections.
local function dihedral(i, j)
  if i < 5 then return j < 5 and (i + j) % 5 or 5 + (i + j - 5) % 5 end
  return j < 5 and 5 + (i - 5 - j) % 5 or (i - j) % 5
end

local function verhoeff_check(d)
  local step, sum = { [0] = 1, 5, 7, 6, 2, 8, 3, 0, 9, 4 }, 0
  for k = 1, #d do
    local v = d[#d + 1 - k]
    for _ = 1, k do v = step[v] end
    sum = dihedral(sum, v)
  end
  for check = 0, 9 do
    if dihedral(sum, check) == 0 or dihedral(check, sum) == 0 then return check end
  end
end

local function iso7064_check(d)
  local p = 10
  for i = 1, 10 do
    local s = (d[i] + p) % 10
    p = (s == 0 and 10 or s) * 2 % 11
  end
  return (11 - p) % 10
end

local function iban_check(country, bban)
  local rest = 0
  for c in (bban .. country .. "00"):gmatch "." do
    local v = tonumber(c, 36)
    rest = (rest * (v > 9 and 100 or 10) + v) % 97
  end
  return ("%02d"):format(98 - rest)
end

local function letters(n)
  local s = {}
  for i = 1, n do s[i] = string.char(65 + draw(26)) end
  return table.concat(s)
end

-- A valid value of each kind; the sentence it stands in; near misses beyond those that all have.
local MAKE = {
  CREDIT_CARD = { "my card is %s, thanks", function()
    local head, n = ({ { 4 }, { 5, 1 + draw(5) }, { 3, 7 } })[1 + draw(3)], 15
    local d = digits(n)
    if head[1] == 3 then d[15] = nil end
    table.move(head, 1, #head, 1, d)
    return table.concat(d) .. luhn_check(d)
  end, function(v)
    local d = { 9, 9 }
    for i = 3, #v - 1 do d[i] = tonumber(v:sub(i, i)) end
    return table.concat(d) .. luhn_check(d)
  end },
  IBAN = { "my account %s, thanks", function()
    local form = ({ { "GB", 4, 14 }, { "DE", 0, 18 }, { "NL", 4, 10 }, { "ES", 0, 20 }, { "PL", 0, 24 } })[1 + draw(5)]
    local bban = letters(form[2]) .. table.concat(digits(form[3]))
    return form[1] .. iban_check(form[1], bban) .. bban
  end, function(v) return "ZQ" .. iban_check("ZQ", v:sub(5)) .. v:sub(5) end },
  UK_NHS = { "NHS number %s on file", function()
    while true do
      local d = digits(9)
      local check = (11 - weigh(d, { 10, 9, 8, 7, 6, 5, 4, 3, 2 }) % 11) % 11
      if check < 10 then return table.concat(d) .. check end
    end
  end },
  ES_NIF = { "mi DNI es %s", function()
    local v = table.concat(digits(8))
    local at = tonumber(v) % 23 + 1
    return v .. ("TRWAGMYFPDXBNJZSQVHLCKE"):sub(at, at)
  end },
  DE_TAX_ID = { "meine Steuer-ID: %s", function()
    local pool = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 }
    for i = 10, 2, -1 do local k = 1 + draw(i); pool[i], pool[k] = pool[k], pool[i] end
    pool[2 + draw(9)] = pool[1]
    if pool[1] == 0 then for i, v in ipairs(pool) do if v == 0 then pool[i] = pool[10] == 0 and 1 or pool[10] end end end
    local seen, twice = {}, 0
    for _, v in ipairs(pool) do seen[v] = (seen[v] or 0) + 1 end
    for _, n in pairs(seen) do if n > 1 then twice = twice + 1 end end
    return twice == 1 and pool[1] ~= 0 and table.concat(pool) .. iso7064_check(pool) or nil
  end },
  PL_PESEL = { "numer PESEL %s", function()
    local d = digits(10)
    local month, day = 1 + draw(12) + 20 * draw(2), 1 + draw(28)
    d[3], d[4], d[5], d[6] = month // 10, month % 10, day // 10, day % 10
    return table.concat(d) .. (10 - weigh(d, { 1, 3, 7, 9, 1, 3, 7, 9, 1, 3 }) % 10) % 10
  end },
  IN_AADHAAR = { "Aadhaar %s", function()
    local d = digits(11)
    d[1] = 2 + draw(8)
    return table.concat(d) .. verhoeff_check(d)
  end },
  BR_CPF = { "CPF %s do cliente", function()
    local d = digits(9)
    d[10] = weigh(d, { 10, 9, 8, 7, 6, 5, 4, 3, 2 }) * 10 % 11 % 10
    d[11] = weigh(d, { 11, 10, 9, 8, 7, 6, 5, 4, 3, 2 }) * 10 % 11 % 10
    return table.concat(d)
  end },
}

local function one_off(v)
  while true do
    local i = 1 + draw(#v)
    local c = v:sub(i, i)
    if c:find "%d" then return v:sub(1, i - 1) .. (tonumber(c) + 1 + draw(9)) % 10 .. v:sub(i + 1) end
  end
end

local function shorter(v)
  local i = v:find "%d%D*$"
  return v:sub(1, i - 1) .. v:sub(i + 1)
end

local function longer(v) return (v:gsub("%d", "%0" .. draw(10), 1)) end

local counts = counter()

local function judge(kind, text, valid)
  local met
  for _, m in ipairs(scanner:find(text)) do
    if MAKE[m.type] then
      if valid and m.type == kind then met = true else counts[m.type].wrong = counts[m.type].wrong + 1 end
    end
  end
  if valid then
    local c = counts[kind]
    if met then c.hit = c.hit + 1 else c.missed = c.missed + 1 end
  end
end

local kinds = {}
for kind in pairs(MAKE) do kinds[#kinds + 1] = kind end
table.sort(kinds)
for _, kind in ipairs(kinds) do
  local sentence, make, stranger = table.unpack(MAKE[kind])
  local made = 0
  while made < EACH do
    local v = make()
    if v then
      made = made + 1
      judge(kind, sentence:format(v), true)
      for _, wrong in ipairs { one_off(v), shorter(v), longer(v), stranger and stranger(v) } do
        judge(kind, sentence:format(wrong), false)
      end
    end
  end
end
heading(("\nNumbers with check digits: %d of each, among one digit off, too short, too long, no such country or issuer"):format(EACH))
for _, kind in ipairs(kinds) do tell(kind, counts[kind], floors.near_misses) end

if failed then
  print "a figure is below its floor (tests/eval/floors.lua)"
  os.exit(1)
end
