--- expect: a small expression over the figures of a diff, for --fail-on: removed>0.05 or output_p50<100.
--   or, and, not, (…)   > >= < <= == !=   + - * /   numbers, 5% for 0.05, names, abs(x)

local nearest = require "nearest"

local expect = {}

-- name, what it is, its value of the figures; no value: these rows have none
local FIGURES = {
  { "same", "share of A that is in B as it was", function(f) return f.same / math.max(1, f.a.rows) end },
  { "edited", "share of A that is in B, edited", function(f) return f.edited / math.max(1, f.a.rows) end },
  { "removed", "share of A that is not in B", function(f) return f.removed / math.max(1, f.a.rows) end },
  { "added", "share of B that is not in A", function(f) return f.added / math.max(1, f.b.rows) end },
  { "moved", "share of the rows in both whose topic changed", function(f)
    return f.topics and f.topics.moved / math.max(1, f.same + f.edited) end },
  { "same_rows", "rows that are the same", function(f) return f.same end },
  { "edited_rows", "rows that were edited", function(f) return f.edited end },
  { "removed_rows", "rows of A that are not in B", function(f) return f.removed end },
  { "added_rows", "rows of B that are not in A", function(f) return f.added end },
  { "moved_rows", "rows in both whose topic changed", function(f) return f.topics and f.topics.moved end },
  { "rows", "rows of B", function(f) return f.b.rows end },
  { "rows_a", "rows of A", function(f) return f.a.rows end },
  { "topic_shift", "half the sum of the differences of the topics' shares: 0 alike, 1 nothing in common",
    function(f) return f.topics and f.topics.shift end },
  { "language_shift", "the same of languages", function(f) return f.languages and f.languages.shift end },
}

local QUANTILES = { p10 = "p10", p50 = "median", p90 = "p90", p99 = "p99", mean = "mean", max = "max" }

local function add_lengths()
  for _, field in ipairs { "input", "output" } do
    for _, name in ipairs { "p10", "p50", "p90", "p99", "mean", "max" } do
      local key = QUANTILES[name]
      for _, which in ipairs { "b", "a" } do
        local suffix = which == "a" and "_a" or ""
        FIGURES[#FIGURES + 1] = { field .. "_" .. name .. suffix, ("%s of the %s's tokens in %s"):format(name, field,
          which:upper()), function(f)
            local l = f.lengths[field]
            return l and l[which] and l[which][key]
          end }
      end
    end
  end
end
add_lengths()

local value_of, names = {}, {}
for i, x in ipairs(FIGURES) do
  value_of[x[1]], names[i] = x[3], x[1]
end

--- The names, with what they are.
function expect.figures() return FIGURES end

-- ---- reading ----

local SYMBOLS = { ">=", "<=", "==", "!=", "~=", ">", "<", "(", ")", "+", "-", "*", "/", "=" }

local function symbol_at(text, at)
  for _, s in ipairs(SYMBOLS) do if text:sub(at, at + #s - 1) == s then return s end end
end

local function tokens_of(text)
  local out, at = {}, 1
  while true do
    at = text:find("%S", at)
    if not at then return out end
    local name = text:match("^[%a_][%w_]*", at)
    local figure = not name and (text:match("^%d+%.?%d*[eE][+-]?%d+", at) or text:match("^%d+%.?%d*", at)
      or text:match("^%.%d+", at))
    local symbol = not name and not figure and symbol_at(text, at)
    if not name and not figure and not symbol then error { ("%q is unexpected"):format(text:sub(at, at + 10)) } end
    local token = name or figure or symbol
    at = at + #token
    if figure then
      local value = tonumber(figure)
      if text:sub(at, at) == "%" then value, at = value / 100, at + 1 end
      out[#out + 1] = { number = value, text = token }
    else
      out[#out + 1] = { name = name, text = token }
    end
  end
end

local COMPARE = {
  [">"] = function(a, b) return a > b end, [">="] = function(a, b) return a >= b end,
  ["<"] = function(a, b) return a < b end, ["<="] = function(a, b) return a <= b end,
  ["=="] = function(a, b) return a == b end, ["="] = function(a, b) return a == b end,
  ["!="] = function(a, b) return a ~= b end, ["~="] = function(a, b) return a ~= b end,
}
local ADD = { ["+"] = function(a, b) return a + b end, ["-"] = function(a, b) return a - b end }
local MULTIPLY = { ["*"] = function(a, b) return a * b end, ["/"] = function(a, b) return a / b end }

local Reader = {}
Reader.__index = Reader

function Reader:peek() return (self[self.at] or {}).text end

function Reader:take(text)
  if self:peek() ~= text then return false end
  self.at = self.at + 1
  return true
end

function Reader:need(text)
  if not self:take(text) then
    error { ("expected %s, got %s"):format(text, self:peek() and ("%q"):format(self:peek()) or "the end") }
  end
end

local function unknown(name)
  local near = nearest(name, names)
  return ("there is no figure %s%s"):format(name, near and ("; did you mean %s?"):format(near)
    or "; figures are " .. table.concat(names, ", "))
end

function Reader:atom()
  local t = self[self.at]
  if not t then error { "expected a number or a figure, got the end" } end
  if self:take "-" then
    local x = self:atom()
    return function(f) return -x(f) end
  end
  if self:take "(" then
    local x = self:sum()
    self:need ")"
    return x
  end
  if t.number then
    self.at = self.at + 1
    return function() return t.number end
  end
  if not t.name then error { ("expected a number or a figure, got %q"):format(t.text) } end
  self.at = self.at + 1
  if t.name == "abs" and self:peek() == "(" then
    local x = self:atom()
    return function(f) return math.abs(x(f)) end
  end
  if not value_of[t.name] then error { unknown(t.name) } end
  return function(f)
    local v = value_of[t.name](f)
    if v == nil then error { ("these rows have no %s"):format(t.name) } end
    return v
  end
end

-- One level of operators of equal rank.
function Reader:chain(next_level, operators)
  local x = self[next_level](self)
  while operators[self:peek()] do
    local op = operators[self:peek()]
    self.at = self.at + 1
    local left, right = x, self[next_level](self)
    x = function(f) return op(left(f), right(f)) end
  end
  return x
end

function Reader:product() return self:chain("atom", MULTIPLY) end
function Reader:sum() return self:chain("product", ADD) end

-- A parenthesis may hold a condition or a number: it is read as the one, and where that fails as the other.
function Reader:condition()
  if self:take "not" then
    local x = self:condition()
    return function(f) return not x(f) end
  end
  local at = self.at
  if self:take "(" then
    local ok, x = pcall(self.either, self)
    if ok and self:take ")" and not COMPARE[self:peek()] and not ADD[self:peek()] and not MULTIPLY[self:peek()] then
      return x
    end
    self.at = at
  end
  local left = self:sum()
  local op = COMPARE[self:peek()]
  if not op then error { ("expected a comparison such as > 0.05, got %s"):format(self:peek() or "the end") } end
  self.at = self.at + 1
  local right = self:sum()
  return function(f) return op(left(f), right(f)) end
end

function Reader:both()
  local x = self:condition()
  while self:take "and" do
    local left, right = x, self:condition()
    x = function(f) return left(f) and right(f) end
  end
  return x
end

function Reader:either()
  local x = self:both()
  while self:take "or" do
    local left, right = x, self:both()
    x = function(f) return left(f) or right(f) end
  end
  return x
end

local function said(text, e)
  if type(e) == "table" and type(e[1]) == "string" then return ("--fail-on %q: %s"):format(text, e[1]) end
  error(e, 0)
end

--- Reads an expression.
-- @return  a function of the figures that gives true or false, or nil and a sentence where the rows have no
--          such figure; or nil and a sentence
function expect.read(text)
  local ok, x = pcall(function()
    local r = setmetatable(tokens_of(text), Reader)
    r.at = 1
    local condition = r:either()
    if r[r.at] then error { ("%q is unexpected"):format(r[r.at].text) } end
    return condition
  end)
  if not ok then return nil, said(text, x) end
  return function(f)
    local good, value = pcall(x, f)
    if good then return value end
    return nil, said(text, value)
  end
end

return expect
