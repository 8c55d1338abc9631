--- source: a function that was typed, as text again, with the values that it reaches for: so that recipe()
-- can write it down. The text comes from the command in which the function stands; where several functions
-- begin on one line, the one that compiles to the same code is it.

local fs = require "fs"

local source = {}

local OPENS = { ["function"] = true, ["do"] = true, ["if"] = true, ["repeat"] = true }
local CLOSES = { ["end"] = true, ["until"] = true }

-- The end of a long bracket that opens at `at`; nil if none does.
local function long_bracket(text, at)
  local level = text:match("^%[(=*)%[", at)
  if not level then return nil end
  local _, last = text:find("]" .. level .. "]", at + 2 + #level, true)
  return last or #text
end

local function quoted(text, at)
  local quote = text:sub(at, at)
  local i = at + 1
  while i <= #text and text:sub(i, i) ~= quote do
    if text:sub(i, i) == "\\" then i = i + 1 end
    i = i + 1
  end
  return i
end

--- The words of a Lua text: { kind = "name" | "string" | "other", text, from, to, line }.
function source.words(text)
  local out, at, line = {}, 1, 1
  local function add(kind, to)
    out[#out + 1] = { kind = kind, text = text:sub(at, to), from = at, to = to, line = line }
    for _ in text:sub(at, to):gmatch "\n" do line = line + 1 end
    at = to + 1
  end
  while at <= #text do
    local blank = select(2, text:find("^%s+", at))
    local name = select(2, text:find("^[%a_][%w_]*", at))
    local figure = select(2, text:find("^%.?%d[%w_.]*", at))
    if blank then add("blank", blank)
    elseif text:find("^%-%-", at) then
      add("blank", long_bracket(text, at + 2) or (text:find("\n", at, true) or #text + 1) - 1)
    elseif name then add("name", name)
    elseif figure then add("other", figure)
    elseif long_bracket(text, at) then add("string", long_bracket(text, at))
    elseif text:find("^[\"']", at) then add("string", quoted(text, at))
    elseif text:find("^%.%.+", at) then add("other", select(2, text:find("^%.+", at)))
    else add("other", at) end
  end
  return out
end

-- The last word of the block that word i opens; nil if it has no end.
local function block_end(words, i)
  local depth = 0
  for k = i, #words do
    local w = words[k]
    if w.kind == "name" and OPENS[w.text] then depth = depth + 1
    elseif w.kind == "name" and CLOSES[w.text] then
      depth = depth - 1
      if depth == 0 then return k end
    end
  end
end

-- Every function of a text that begins and ends on these lines, without its name.
local function candidates(text, first, last)
  local words, out = source.words(text), {}
  for i, w in ipairs(words) do
    local to = w.kind == "name" and w.text == "function" and w.line == first and block_end(words, i)
    if to and words[to].line == last then
      local whole = text:sub(w.from, words[to].to)
      out[#out + 1] = "function" .. whole:match "^function[^(]*(%(.*)$"
    end
  end
  return out
end

local function code_of(text, line)
  local chunk = load(("\n"):rep(line - 1) .. "return " .. text, "=text", "t", {})
  local ok, fn = pcall(chunk or error)
  return ok and string.dump(fn, true) or nil
end

--- The text of a function; or nil and why there is none.
-- @param texts  the commands so far, by the name that their chunk has ("=repl#3")
function source.text(fn, texts)
  local info = debug.getinfo(fn, "S")
  if info.what == "C" then return nil, "it is no Lua function" end
  local text = texts[info.source]
  if not text and info.source:sub(1, 1) == "@" then text = fs.read(info.source:sub(2), 16 << 20) end
  if not text then return nil, "its text is not known" end
  local found = candidates(text, info.linedefined, info.lastlinedefined)
  if #found == 1 then return found[1] end
  local code = string.dump(fn, true)
  for _, c in ipairs(found) do
    if code_of(c, info.linedefined) == code then return c end
  end
  return nil, "several functions stand on its line: put it on a line of its own"
end

-- ---- values ----

local function number_text(v)
  if math.type(v) == "integer" then return v == math.mininteger and "math.mininteger" or tostring(v) end
  if v ~= v then return "(0/0)" end
  if v == math.huge then return "math.huge" end
  if v == -math.huge then return "-math.huge" end
  for digits = 14, 17 do
    local text = ("%%.%dg"):format(digits):format(v)
    if tonumber(text) == v then return text:find "[.eE]" and text or text .. ".0" end
  end
end

local ESCAPES = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ['"'] = '\\"', ["\\"] = "\\\\" }

local function string_text(v)
  return '"' .. v:gsub('[%c"\\\127]', function(c) return ESCAPES[c] or ("\\x%02x"):format(c:byte()) end) .. '"'
end

local KEYWORDS = {}
for word in ("and break do else elseif end false for function goto if in local nil not or repeat return then true "
  .. "until while"):gmatch "%a+" do KEYWORDS[word] = true end

local function is_name(k) return type(k) == "string" and k:find "^[%a_][%w_]*$" and not KEYWORDS[k] end
source.is_keyword = function(word) return KEYWORDS[word] == true end

local value_text

local function table_text(t, to, seen)
  if seen[t] then return nil, "a table that holds itself" end
  if getmetatable(t) then return nil, "a table with a metatable" end
  seen[t] = true
  local parts, keys = {}, {}
  for i, x in ipairs(t) do
    local text, err = value_text(x, to, seen)
    if not text then return nil, err end
    parts[i] = text
  end
  local n = #parts
  for k in pairs(t) do
    if not (math.type(k) == "integer" and k >= 1 and k <= n) then keys[#keys + 1] = k end
  end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do
    local text, err = value_text(t[k], to, seen)
    local key, wrong = nil, nil
    if not is_name(k) then key, wrong = value_text(k, to, seen) end
    if not text or wrong then return nil, err or wrong end
    parts[#parts + 1] = (is_name(k) and k or "[" .. key .. "]") .. " = " .. text
  end
  seen[t] = nil
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

value_text = function(v, to, seen)
  local t = type(v)
  if t == "number" then return number_text(v) end
  if t == "string" then return string_text(v) end
  if t == "boolean" or t == "nil" then return tostring(v) end
  if t == "table" then return table_text(v, to, seen) end
  if t == "function" then return source.of(v, to) end
  return nil, "a " .. t
end

--- A value as Lua writes it; or nil and what cannot be written.
-- @param to  { texts, names, builtin = set of names that a recipe has too, modules = set }, as source.of
function source.value(v, to) return value_text(v, to, {}) end

-- ---- a function with what it reaches for ----

-- Names that a text may read as globals: those behind no dot or colon.
local function reached(text)
  local out, last = {}, nil
  for _, w in ipairs(source.words(text)) do
    if w.kind == "name" and not KEYWORDS[w.text] and last ~= "." and last ~= ":" then out[w.text] = true end
    if w.kind ~= "blank" then last = w.text end
  end
  return out
end

local function sorted(set)
  local out = {}
  for k in pairs(set) do out[#out + 1] = k end
  table.sort(out)
  return out
end

-- Its upvalues but _ENV, by name.
local function upvalues(fn)
  local out = {}
  for i = 1, 255 do
    local name, value = debug.getupvalue(fn, i)
    if not name then break end
    if name ~= "_ENV" then out[name] = { value } end
  end
  return out
end

--- A function as an expression: alone, or behind locals that hold what it reaches for, as they are now.
-- @return  the text; or nil and why it cannot be written
function source.of(fn, to)
  to.inside = to.inside or {}
  if to.inside[fn] then return nil, "a function that calls itself by a global" end
  local text, err = source.text(fn, to.texts)
  if not text then return nil, err end
  to.inside[fn] = true
  local lines, held = {}, upvalues(fn)
  for _, name in ipairs(sorted(reached(text))) do
    local value, known = held[name] and held[name][1], held[name] ~= nil
    if not known and not to.builtin[name] then value, known = rawget(to.names, name), rawget(to.names, name) ~= nil end
    if to.modules[name] and not held[name] then
      lines[#lines + 1] = ("local %s = require %q"):format(name, name)
    elseif known then
      local words, wrong = value_text(value, to, {})
      if not words then
        to.inside[fn] = nil
        return nil, ("it reaches for %s, %s"):format(name, wrong)
      end
      lines[#lines + 1] = ("local %s = %s"):format(name, words)
    end
  end
  to.inside[fn] = nil
  if #lines == 0 then return text end
  lines[#lines + 1] = "return " .. text
  return "(function()\n" .. table.concat(lines, "\n") .. "\nend)()"
end

return source
