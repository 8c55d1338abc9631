--- row: one row of a view in the REPL. It draws itself as a card; its fields, annotations, paths and
-- what the view knows of it are read by name: r.output, r.topic, r["metadata.queue"], r.reason.

local screen = require "report.screen"
local remedy = require "report.remedy"

local row = {}

local FIELDS = { "system", "input", "output", "alternative" }
local IS_FIELD = { system = true, input = true, output = true, alternative = true, assistant = true }
local LABEL = { alternative = "rejected" }
local CARD_LINES, SHORT_LINES = 40, 2     -- of one text
local INDENT = 10
local COLOUR = { standing = "green", rejected = "red", quarantined = "yellow" }

local Row = { __name = "row" }

function Row.__index(r, key)
  local known = rawget(r, "_")
  local value = known.about[key]
  if value ~= nil then return value end
  if IS_FIELD[key] then return known.view:field(known.n, key) end
  if type(key) ~= "string" then return nil end
  return known.view:key(known.n, key)
end

--- What a row can be asked for, beside its annotations and paths.
row.NAMES = { "also", "alternative", "annotations", "assistant", "bytes", "evidence", "id", "identity", "input", "line",
  "metrics", "output", "reason", "row", "source", "stage", "status", "system" }

--- Is it a row?
function row.is(v) return getmetatable(v) == Row end

--- What became of a row, in a few words; the recipe's stages give the thresholds.
function row.verdict(about, stages)
  if about.status == "standing" then return "kept" end
  return about.status .. " by " .. remedy.words(stages, about)
end

local function head(s, r)
  local known = rawget(r, "_")
  local about = known.about
  local parts = { s:paint("bold", "#" .. screen.number(known.n)), screen.clean(about.source) .. ":" .. about.line }
  if about.id then parts[#parts + 1] = "id " .. s:cut(about.id, 40) end
  local likeness = known.likeness and known.likeness.of[known.n]
  if likeness then parts[#parts + 1] = ("%s %.3f"):format(known.likeness.name, likeness) end
  return table.concat(parts, "  ")
end

-- The start of a text with its white space drawn together, for lists.
local function gathered(text, s) return (text:sub(1, 8 * s.width):gsub("%s+", " "):gsub("^ ", "")) end

local function texts(r, s, lines, out, short)
  local known = rawget(r, "_")
  local any = false
  for _, name in ipairs(FIELDS) do
    local text = known.view:field(known.n, name)
    if text and short then text = gathered(text, s) end
    if text and (text ~= "" or name ~= "system") then
      any = true
      local word = LABEL[name] or name
      local indent = math.max(INDENT, #word + 3)
      local label = screen.pad("  " .. word, indent)
      for i, line in ipairs(s:wrap(text, s.width - indent, lines)) do
        if line == "" then line, label = "", label:gsub(" +$", "") end
        out((i == 1 and s:paint("dim", label) or line == "" and "" or string.rep(" ", indent)) .. line)
      end
    end
  end
  if any then return end
  for i, line in ipairs(s:wrap(known.about.bytes, s.width - INDENT, lines)) do
    out((i == 1 and s:paint("dim", screen.pad("  line", INDENT)) or string.rep(" ", INDENT)) .. line)
  end
end

local function named(t, each)
  local names, out = {}, {}
  for name in pairs(t) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do out[i] = each(name, t[name]) end
  return table.concat(out, ", ")
end

local function wrapped(s, label, text, out)
  if text == "" then return end
  for i, line in ipairs(s:wrap(text, s.width - INDENT)) do
    out((i == 1 and s:paint("dim", screen.pad("  " .. label, INDENT)) or string.rep(" ", INDENT)) .. line)
  end
end

--- The card.
function Row.__show(r, s, out)
  local known = rawget(r, "_")
  local about = known.about
  out(head(s, r))
  for i, line in ipairs(s:wrap(row.verdict(about, known.stages), s.width - 2)) do
    out("  " .. (i == 1 and s:paint(COLOUR[about.status], line) or line))
  end
  for _, a in ipairs(about.also or {}) do wrapped(s, "also", remedy.words(known.stages, a), out) end
  texts(r, s, CARD_LINES, out)
  wrapped(s, "tags", named(about.annotations, function(k, v) return k .. " = " .. tostring(v) end), out)
  wrapped(s, "figures", named(about.metrics, function(k, v) return k .. " " .. screen.number(v, 3) end), out)
end

--- A few lines of a row, for lists.
function row.short(r, s, out)
  local known = rawget(r, "_")
  out(head(s, r))
  if known.about.status ~= "standing" then
    out("  " .. s:paint(COLOUR[known.about.status], s:cut(row.verdict(known.about, known.stages), s.width - 2)))
  end
  texts(r, s, SHORT_LINES, out, true)
end

--- Row n of a native view.
-- @param stages    { stages = {…}, stage = function } as remedy wants it
-- @param likeness  { name, of = { [row] = figure } }; nil: it was not compared with a text
function row.new(view, n, stages, likeness)
  local about = view:row(n)
  about.also = about.also or {}
  if likeness then about[likeness.name:lower()] = likeness.of[n] end
  return setmetatable({ _ = { view = view, n = n, about = about, stages = stages, likeness = likeness } }, Row)
end

return row
