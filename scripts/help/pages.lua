--- pages: what help prints, line by line, on a screen.

local catalogue = require "help.catalogue"
local docs = require "help.repl"
local host = require "host"
local screen = require "report.screen"
local settings = require "help.settings"
local values = require "help.values"
local writing = require "help.writing"

local pages = {}

local function heading(s, out, text)
  out("")
  out(s:paint("bold", text))
end

-- Two columns: names, and what they mean wrapped beside them. A name too wide has a line of its own.
local function columns(s, out, rows, widest)
  local width = 0
  for _, r in ipairs(rows) do
    local w = screen.width_of(r[1])
    if w <= (widest or 26) then width = math.max(width, w) end
  end
  for _, r in ipairs(rows) do
    local lines = s:wrap(r[2], s.width - width - 5)
    if screen.width_of(r[1]) > width then
      out("  " .. r[1])
      table.insert(lines, 1, "")
    end
    for i, line in ipairs(lines) do
      local lead = i == 1 and screen.pad(r[1], width) or string.rep(" ", width)
      if i > 1 or line ~= "" then out((("  " .. lead .. "  " .. line):gsub(" +$", ""))) end
    end
  end
end

local function wrapped(s, out, text, indent)
  for _, line in ipairs(s:wrap(text, s.width - indent)) do out(string.rep(" ", indent) .. line) end
end

-- ---- one thing ----

--- A command: usage, options, examples.
function pages.command(s, c, out)
  wrapped(s, out, ("tamis %s: %s"):format(c.name, c.summary or c.doc or ""), 0)
  heading(s, out, "Usage")
  wrapped(s, out, c.usage, 2)
  if #(c.options or {}) > 0 then
    heading(s, out, "Options")
    columns(s, out, c.options)
  end
  if #(c.notes or {}) > 0 then out("") end
  for _, note in ipairs(c.notes or {}) do wrapped(s, out, note, 0) end
  if #(c.examples or {}) > 0 then
    heading(s, out, #c.examples == 1 and "Example" or "Examples")
    for _, e in ipairs(c.examples) do out("  " .. e) end
  end
  if c.name == "repl" then
    out("")
    pages.repl(s, out)
  end
end

local function parameter(s, out, name, spec)
  local default = values.default(spec)
  local head = ("  %s  %s"):format(s:paint("bold", name), values.kind(spec))
  if default ~= "" then head = head .. (spec.required and "; required" or "; default " .. default) end
  local bare = ("  %s  %s"):format(name, values.kind(spec)) .. (default ~= "" and "; default " .. default or "")
  if screen.width_of(bare) <= s.width then
    out(head)
  else
    for i, line in ipairs(s:wrap(bare, s.width - 10)) do out(i == 1 and line or string.rep(" ", 10) .. line) end
  end
  wrapped(s, out, spec.doc or "", 6)
end

local SCOPES = { row = "row by row, fused with its neighbours", corpus = "over all rows that still stand",
                 export = "last" }

local function curve(s, out, stage)
  local p = {}
  for name, spec in pairs(stage.params) do p[name] = spec.default end
  local points, bands, rows = stage.curve(p)
  heading(s, out, ("How many pairs %d bands of %d slots propose, by Jaccard"):format(bands, rows))
  for _, point in ipairs(points) do
    if point.jaccard >= 0.295 then
      out(("  %.2f  %7s  %s"):format(point.jaccard, screen.percent(point.probability),
        s:paint("cyan", s:bar(point.probability, s.width - 20))))
    end
  end
  wrapped(s, out, "Each pair proposed is then judged by its exact Jaccard: fewer bands miss pairs, but remove no row "
    .. "wrongly.", 2)
end

--- A stage: what it does, parameters, reasons, metrics, an example.
function pages.stage(s, stage, out, part)
  wrapped(s, out, ("%s: %s"):format(stage.name, stage.doc), 0)
  out(s:paint("dim", ("stage; works %s"):format(SCOPES[stage.scope] or stage.scope)))
  local names = part and { part } or values.names(stage.params)
  if #names > 0 then
    heading(s, out, part and "Parameter" or "Parameters")
    for _, name in ipairs(names) do parameter(s, out, name, stage.params[name]) end
  end
  if part then return end
  if #stage.reasons > 0 then
    heading(s, out, "Reasons")
    wrapped(s, out, table.concat(stage.reasons, ", "), 2)
  end
  if #stage.metrics > 0 then
    heading(s, out, "Metrics in the ledger")
    local full = {}
    for i, m in ipairs(stage.metrics) do full[i] = stage.name .. "." .. m end
    wrapped(s, out, table.concat(full, ", "), 2)
  end
  heading(s, out, "In a recipe")
  for line in (catalogue.example(stage) .. "\n"):gmatch "(.-)\n" do out("  " .. line) end
  if stage.notes then out("") end
  for _, note in ipairs(stage.notes and stage.notes() or {}) do wrapped(s, out, note, 0) end
  if stage.curve then curve(s, out, stage) end
end

--- A native module: its functions on plain strings, and what stages use.
function pages.module(s, m, out, part)
  wrapped(s, out, ("%s: %s"):format(m.name, m.doc), 0)
  out(s:paint("dim", ('module; local %s = require "%s" in a recipe and in the REPL'):format(m.name, m.name)))
  local function list(title, functions)
    local rows = {}
    for _, f in ipairs(functions) do
      if not part or f[1]:match "^[%w_]+" == part then rows[#rows + 1] = { m.name .. "." .. f[1], f[2] } end
    end
    if #rows == 0 then return end
    heading(s, out, title)
    columns(s, out, rows, 34)
  end
  list("Functions", m.functions)
  list("For stages of your own", m.stages)
  if m.example and not part then
    heading(s, out, "Example")
    out("  " .. m.example)
  end
end

local function paths(slot)
  local path = type(slot.path) == "table" and table.concat(slot.path, ", ") or slot.path
  return path .. (slot.shape == "turns" and " (turns)" or "") .. (slot.optional and ", if there" or "")
end

--- A format: which keys hold which field.
function pages.format(s, f, out)
  wrapped(s, out, ("%s: %s"):format(f.name, f.doc), 0)
  out(s:paint("dim", "format; found by itself, or format = \"" .. f.name .. "\" of a source"))
  heading(s, out, "Keys")
  local rows = {}
  for i, slot in ipairs(f.slots) do rows[i] = { slot.field, paths(slot) } end
  columns(s, out, rows)
end

--- A preset: its stages in order, with the figures that differ from the defaults.
function pages.preset(s, p, out)
  wrapped(s, out, ("%s: %s"):format(p.name, p.doc or ""), 0)
  local use = ('preset; local %s = require "tamis.presets.%s", then s.length(%s.length)'):format(p.name, p.name, p.name)
  out(s:paint("dim", use))
  heading(s, out, "Stages")
  for _, name in ipairs(p.order) do
    wrapped(s, out, ("s.%s %s"):format(name, values.literal(p[name] or {})), 2)
  end
end

-- ---- lists ----

local LIST = {}

function LIST.commands(s, out)
  heading(s, out, "Commands")
  local rows = {}
  for i, c in ipairs(catalogue.commands()) do rows[i] = { c.name, c.summary or c.doc or "" } end
  columns(s, out, rows)
end

function LIST.stages(s, out)
  heading(s, out, "Stages of a recipe")
  local rows = {}
  for i, st in ipairs(catalogue.stages()) do rows[i] = { st.name, st.doc } end
  columns(s, out, rows)
end

function LIST.modules(s, out)
  heading(s, out, "Modules that a recipe may require")
  local rows = {}
  for i, m in ipairs(catalogue.modules()) do rows[i] = { m.name, m.doc } end
  columns(s, out, rows)
end

function LIST.formats(s, out)
  heading(s, out, "Formats, in the order in which they are tried")
  local rows = {}
  for i, f in ipairs(catalogue.formats()) do rows[i] = { f.name, f.doc } end
  columns(s, out, rows)
  wrapped(s, out, 'Files: .jsonl, .jsonl.gz, .jsonl.zst, .json (an array), .csv, .tsv, - for standard input (rows or '
    .. 'a table). Other keys: { "qa.csv", fields = { input = "question", output = "answer" } }', 2)
end

function LIST.presets(s, out)
  local presets = catalogue.presets()
  heading(s, out, "Presets: figures that fit a kind of data")
  local rows = {}
  for i, p in ipairs(presets) do rows[i] = { p.name, p.doc or "" } end
  if #rows == 0 then rows[1] = { "none", "this build has none" } end
  columns(s, out, rows)
end

function LIST.recipe(s, out)
  heading(s, out, "A recipe")
  for _, line in ipairs {
    'local s = require "tamis"', "", "return s.recipe {", '  name = "faq_v1",', '  sources = { "faq_*.jsonl" },',
    "  s.exact_dedup {},", "  s.length { min_input_tokens = 3 },", '  s.export { format = "messages" },', "}" } do
    out((("  " .. line):gsub(" +$", "")))
  end
  heading(s, out, "Settings")
  columns(s, out, settings)
  heading(s, out, "What else `s` has")
  columns(s, out, {
    { "s.stage{ … }", "a stage of your own: name, scope, params, reasons, row or run (tamis help stage)" },
    { "s.arg(name, default)", "the value of --arg name=value" },
    { "s.read_lines(file)", "the lines of a file beside the recipe" },
    { "s.read_json(file)", "the value of a JSON file beside the recipe" },
    { "s.presets.chat", "a preset, whole" },
    { "recipe:with{ … }", 'the same with some values changed: ["near_dedup.threshold"] = 0.85' },
    { "s.null", "JSON's null in ex.raw" },
  })
end

--- A page of help/writing.lua.
local function written(s, out, page)
  wrapped(s, out, page.title, 0)
  for _, part in ipairs(page.parts) do
    heading(s, out, part[1])
    columns(s, out, part[2])
  end
  out("")
  wrapped(s, out, page.rules, 0)
  heading(s, out, "Example")
  for _, line in ipairs(page.example) do out("  " .. line) end
end

function LIST.ex(s, out) written(s, out, writing.ex) end
function LIST.stage(s, out) written(s, out, writing.stage) end
function LIST.judging(s, out) written(s, out, require "help.judging") end

--- The recipe that data files alone are run through.
function LIST.builtin(_, out)
  for line in host.script "recipe.builtin":gmatch "(.-)\n" do out(line) end
end

function LIST.exit(s, out)
  heading(s, out, "Exit status")
  local rows = {}
  for i, e in ipairs(catalogue.EXITS) do rows[i] = { tostring(e[1]), e[2] } end
  columns(s, out, rows)
end

-- ---- the REPL ----

--- What the REPL's objects can do.
-- @param part  "globals", "view", "row" or "run"; nil for all
-- @param name  one method
function pages.repl(s, out, part, name)
  local TITLES = { { "globals", "Names" }, { "view", "A view: c:method(…), and every stage as c:near_dedup{ … }" },
                   { "row", "A row: r = c:row(i)" }, { "run", "A run folder: r:method(…)" } }
  local first = true
  for _, t in ipairs(TITLES) do
    local rows = {}
    for _, r in ipairs(part == nil and docs[t[1]] or part == t[1] and docs[t[1]] or {}) do
      if not name or r[1]:match "^[%w_]+" == name then rows[#rows + 1] = r end
    end
    if #rows > 0 then
      if not name then heading(s, first and function(line) if line ~= "" then out(line) end end or out, t[2]) end
      columns(s, out, rows, 30)
      first = false
    end
  end
  if not name and (part == nil or part == "view") then
    out ""
    wrapped(s, out, docs.layers, 2)
  end
end

--- A method of the REPL by its name; false if it is none.
function pages.method(s, name, out)
  for _, part in ipairs { "globals", "view", "run" } do
    for _, r in ipairs(docs[part]) do
      if r[1]:match "^[%w_]+" == name then
        pages.repl(s, out, part, name)
        return true
      end
    end
  end
  return false
end

--- Prints a list of catalogue.LISTS; false if it is none.
function pages.list(s, name, out)
  if not LIST[name] then return false end
  local first = true
  LIST[name](s, function(line)
    if not (first and line == "") then out(line) end
    first = false
  end)
  return true
end

--- The page without a topic.
function pages.overview(s, out)
  out "Tamis sifts raw fine-tuning data: recipes are Lua, every row is accounted for."
  for _, name in ipairs { "commands", "stages", "modules", "formats", "presets", "exit" } do LIST[name](s, out) end
  out("")
  out(s:paint("dim", s:cut("tamis help TOPIC tells more: near_dedup, pii.action, text, pairs, recipe, ex", s.width)))
end

--- Prints all that goes by that name; false if nothing does.
function pages.topic(s, topic, out)
  local found = catalogue.find(topic)
  for i, f in ipairs(found) do
    if i > 1 then out("") out(s:paint("dim", string.rep(s:sign("─", "-"), s.width))) end
    pages[f.kind](s, f.what, out, f.part)
  end
  return #found > 0 or pages.list(s, topic, out)
end

return pages
