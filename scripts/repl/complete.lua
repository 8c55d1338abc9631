--- complete: what could stand where the cursor is: names, methods, stages and their parameters, fields,
-- reasons, file names.

local catalogue_names = function() return require "help.catalogue".known() end
local fs = require "fs"
local keys = require "run.keys"
local ledger = require "repl.ledger"
local plan = require "plan"
local row = require "repl.row"
local values = require "help.values"
local view = require "repl.view"

local complete = {}

local KEYWORDS = { "and", "break", "do", "else", "elseif", "end", "false", "for", "function", "if", "in", "local",
  "nil", "not", "or", "repeat", "return", "then", "true", "until", "while" }
local FIELDS = { "alternative", "assistant", "input", "output", "system" }

local function matching(names, typed)
  local out, seen = {}, {}
  for _, name in ipairs(names) do
    if type(name) == "string" and name:sub(1, #typed) == typed and not seen[name] then
      seen[name] = true
      out[#out + 1] = name
    end
  end
  table.sort(out)
  return out
end

-- The value of a chain of names, nil if it is none. Looks, and calls nothing.
local function value_of(chain, names)
  local value = names
  for name in chain:gmatch "[^.]+" do
    if type(value) ~= "table" or (getmetatable(value) and value ~= names) then return nil end
    local found = rawget(value, name)
    if found == nil and value == names then found = names[name] end
    value = found
  end
  return value
end

-- ---- inside a text: files, fields, reasons, topics ----

local function files(typed)
  local dir, base = typed:match "^(.*/)([^/]*)$"
  dir, base = dir or "", base or typed
  local out = {}
  for _, name in ipairs(fs.list(dir == "" and "." or dir) or {}) do
    if name:sub(1, #base) == base and (base ~= "" or name:sub(1, 1) ~= ".") then
      local st = fs.stat(dir .. name)
      out[#out + 1] = dir .. name .. (st and st.type == "folder" and "/" or "")
    end
  end
  table.sort(out)
  return out
end

-- A list that a view gives, asked for once: a view does not change.
local function of_view(ask)
  local known = setmetatable({}, { __mode = "k" })
  return function(object)
    local native = object and view.native(object)
    if not native then return {} end
    known[native] = known[native] or ask(native)
    return known[native]
  end
end

local function reasons(object)
  local out = {}
  for _, r in ipairs(object and view.native(object) and view.reasons(object) or {}) do
    for _, name in ipairs { r.reason, r.stage, r.stage .. "." .. r.reason } do out[#out + 1] = name end
  end
  return out
end

-- What rows can be grouped by: annotations, attributes, paths.
local keys_of = of_view(function(native) return keys.of(native) end)

-- What they can be counted or put in order by.
local figures_of = of_view(function(native)
  local out = { "reason", "source", "stage", "status" }
  for _, list in ipairs { FIELDS, native:metric_names(), keys.of(native) } do
    table.move(list, 1, #list, #out + 1, out)
  end
  return out
end)

-- sweep("near_dedup", "threshold", …)
local function swept(_, before)
  local name = before:match 'sweep%s*%(%s*["\']([%w_]+)["\']%s*,%s*$'
  local stage = name and plan.stage(name)
  return stage and values.names(stage.params) or plan.stage_names()
end

local TEXTS = {
  field = function() return FIELDS end,
  lengths = function() return FIELDS end,
  near = function() return FIELDS end,
  rejected = reasons,
  groups = keys_of,
  histogram = figures_of,
  crosstab = figures_of,
  sort = figures_of,
  sweep = swept,
  metric = function(object)
    local native = object and view.native(object)
    return native and native:metric_names() or {}
  end,
  help = catalogue_names,
}

-- The start of a text that is open at the end of the line; nil if none is.
local function open_text(line)
  local quote, start
  local i = 1
  while i <= #line do
    local c = line:sub(i, i)
    if quote then
      if c == "\\" then i = i + 1 elseif c == quote then quote = nil end
    elseif c == '"' or c == "'" then quote, start = c, i + 1
    elseif c == "-" and line:sub(i, i + 1) == "--" then return nil end
    i = i + 1
  end
  return quote and start
end

-- The text before the brace that is open at the end of the line, and what stands behind it.
local function open_brace(line)
  local depth = 0
  for i = #line, 1, -1 do
    local c = line:sub(i, i)
    if c == "}" then depth = depth + 1
    elseif c == "{" then
      if depth == 0 then return line:sub(1, i - 1), line:sub(i + 1) end
      depth = depth - 1
    end
  end
end

-- What a parameter may be: c:near_dedup{ unit = "
local function of_parameter(before)
  local key = before:match "([%w_]+)%s*=%s*{?[^{}=]*$"
  local head = key and open_brace(before:gsub("{[^{}=]*$", ""))
  local name = head and head:match "[:.]%s*([%w_]+)%s*%(?%s*$"
  local stage = name and plan.stage(name)
  local spec = stage and stage.params[key]
  return spec and (spec.values or spec.of and spec.of.values)
end

local function in_text(line, start, names)
  local typed, before = line:sub(start), line:sub(1, start - 2)
  local allowed = of_parameter(before)
  if allowed then return matching(allowed, typed), start end
  local object, method = before:match "([%w_.]+)%s*:%s*([%w_]+)%s*%(?[^()]*$"
  method = method or before:match "([%w_]+)%s*%(?%s*$"
  local list = method and TEXTS[method]
  if not list or before:find "open%s*[%({]*%s*$" then return files(typed), start end
  return matching(list(object and value_of(object, names), before), typed), start
end

-- ---- inside braces: parameters of a stage ----

local function parameters(line)
  local before, inside = open_brace(line)
  local name = before and before:match "[:.]%s*([%w_]+)%s*%(?%s*$"
  local stage = name and plan.stage(name)
  if not stage or not inside:find "^[%s%w_]*$" and not inside:find "[,;{]%s*[%w_]*$" then return nil end
  local typed = line:match "[%w_]*$"
  local given, out = {}, {}
  for key in inside:gmatch "([%w_]+)%s*=" do given[key] = true end
  for _, key in ipairs(values.names(stage.params)) do
    if not given[key] and key:sub(1, #typed) == typed then out[#out + 1] = key .. " = " end
  end
  return out, #line - #typed + 1
end

-- ---- names ----

local function methods_of(object)
  if ledger.is(object) then return ledger.names() end
  if type(object) == "string" then
    local out = {}
    for name in pairs(string) do out[#out + 1] = name end
    return out
  end
  return view.names()
end

local function string_keys(t)
  local out = {}
  for k in next, t do
    if type(k) == "string" and k:find "^[%a_][%w_]*$" then out[#out + 1] = k end
  end
  return out
end

local function globals(names)
  local out = string_keys(names)
  table.move(KEYWORDS, 1, #KEYWORDS, #out + 1, out)
  local modules = require "repl.env".modules()
  return table.move(modules, 1, #modules, #out + 1, out)
end

--- The words that may stand at the end of a line.
-- @param pending  lines typed before it, of the same command
-- @return  an array of words, and the byte of the line at which they begin
function complete.words(line, names, pending)
  local start = open_text(line)
  if start then return in_text(line, start, names) end
  local list, at = parameters((pending or "") .. "\n" .. line)
  if list and #list > 0 then return list, at - #(pending or "") - 1 end
  local typed = line:match "[%w_]*$"
  local first = #line - #typed + 1
  local before = line:sub(1, first - 1)
  local object = before:match "([%a_][%w_.]*)%s*:%s*$"
  if object or before:find "[%)}%]\"']%s*:%s*$" then
    return matching(methods_of(object and value_of(object, names)), typed), first
  end
  local chain = before:match "([%a_][%w_.]*)%.$"
  if before:find "[:.]row%s*%b()%.$" or chain and row.is(value_of(chain, names)) then
    return matching(row.NAMES, typed), first
  end
  if chain then
    local t = value_of(chain, names)
    return type(t) == "table" and not getmetatable(t) and matching(string_keys(t), typed) or {}, first
  end
  return matching(globals(names), typed), first
end

return complete
