--- catalogue: all that help can tell of, found in the tables that do the work: commands, stages,
-- native modules, formats, presets. Nothing is listed twice but the order of a few names.

local docs = require "help.modules"
local host = require "host"
local values = require "help.values"

local catalogue = {}

-- The order in which people meet them; others follow by name.
local COMMANDS = { "init", "run", "check", "explain", "report", "sweep", "ablate", "diff", "repl", "fit", "label",
                   "agree", "gold", "registry", "help" }
local STAGES = { "decontaminate", "exact_dedup", "length", "repetition", "text_rules", "leakage", "truncated",
                 "near_empty", "identity", "chat_structure", "encoding", "markup", "url_quality", "dates", "schema",
                 "language", "toxicity", "perplexity", "pii", "secrets", "filter", "map", "boilerplate", "conflict",
                 "near_dedup", "repeated_spans", "embed", "semantic_dedup", "topics", "judge", "outliers", "balance",
                 "select", "sample", "style", "diversity", "distribution", "spot_check", "export" }

catalogue.EXITS = {
  { 0, "done" },
  { 1, "the run failed: files, disk, memory, a throwing row function" },
  { 2, "a mistake in the recipe or on the command line, an existing run id included" },
  { 3, "done, but an expectation that --strict asks for failed" },
  { 130, "interrupted" },
}

-- Names of embedded scripts below a prefix, those of `first` in front.
local function names_below(prefix, first)
  local there, out = {}, {}
  for _, name in ipairs(host.scripts(prefix)) do
    local short = name:sub(#prefix + 1)
    if not short:find(".", 1, true) then there[short] = true end
  end
  for _, name in ipairs(first) do
    if there[name] then out[#out + 1] = name end
    there[name] = nil
  end
  local rest = {}
  for name in pairs(there) do rest[#rest + 1] = name end
  table.sort(rest)
  return table.move(rest, 1, #rest, #out + 1, out)
end

local function load_all(prefix, names)
  local out = {}
  for _, name in ipairs(names) do
    local t = require(prefix .. name)
    if type(t) == "table" then
      t.name = t.name or name
      out[#out + 1] = t
    end
  end
  return out
end

--- The commands: { name, summary, usage, options, examples, run }.
function catalogue.commands()
  local out = {}
  for _, c in ipairs(load_all("cli.", names_below("cli.", COMMANDS))) do
    if c.run then out[#out + 1] = c end
  end
  return out
end

--- The stages: their own tables.
function catalogue.stages() return load_all("stages.", names_below("stages.", STAGES)) end

--- The formats, in the order of detection.
function catalogue.formats()
  local out = {}
  for i, f in ipairs(require "formats.all") do out[i] = f end
  return out
end

--- The presets: { name, doc, order, [stage] = { parameter = value } }.
function catalogue.presets() return load_all("presets.", names_below("presets.", {})) end

local function module_page(name, doc, d)
  return { name = name, doc = doc, functions = d.functions, stages = d.stages or {}, example = d.example }
end

--- The modules that a recipe may require: { name, doc, functions, stages, example }.
function catalogue.modules()
  local out, seen = {}, {}
  for _, m in ipairs(host.modules()) do
    if m.recipe then
      out[#out + 1] = module_page(m.name, m.doc, docs[m.name] or { functions = {} })
      seen[m.name] = true
    end
  end
  for name, d in pairs(docs) do
    if not seen[name] and d.doc then
      out[#out + 1] = module_page(name, d.doc, d)
    end
  end
  table.sort(out, function(a, b) return a.name < b.name end)
  return out
end

-- ---- an example of a stage ----

-- Parameters that say most of what a stage does: the required ones, else the first scalars.
local function telling(stage)
  local out = {}
  for _, name in ipairs(values.names(stage.params)) do
    local p = stage.params[name]
    if type(p.default) == "number" and #out < 2 then
      out[#out + 1] = ("%s = %s"):format(name, values.literal(p.default))
    end
  end
  return out
end

--- How a stage stands in a recipe: the stage's own `example`, else one made of its defaults.
function catalogue.example(stage)
  if stage.example then return stage.example end
  local parts = telling(stage)
  if #parts == 0 then return ("s.%s {}"):format(stage.name) end
  return ("s.%s { %s }"):format(stage.name, table.concat(parts, ", "))
end

-- ---- finding ----

local KINDS = {
  { kind = "command", list = catalogue.commands },
  { kind = "stage", list = catalogue.stages },
  { kind = "module", list = catalogue.modules },
  { kind = "format", list = catalogue.formats },
  { kind = "preset", list = catalogue.presets },
}

--- The lists that have a page: `tamis help stages`.
catalogue.LISTS = { "commands", "stages", "modules", "formats", "presets", "recipe", "ex", "stage", "judging",
                    "builtin", "exit" }

-- "presets.chat" and "tamis.presets.chat" name a preset, "s.length" a stage.
local function bare(topic)
  topic = topic:gsub("^tamis%.", ""):gsub("^presets%.", "")
  return (topic:gsub("^stages%.", ""):gsub("^s%.", ""))
end

--- Everything of that name.
-- @return  an array of { kind, what [, part] }: part is a parameter or function (near_dedup.threshold)
function catalogue.find(topic)
  local out = {}
  local name, part = bare(topic):match "^([%w_]+)%.?([%w_]*)$"
  for _, k in ipairs(KINDS) do
    for _, what in ipairs(name and k.list() or {}) do
      if what.name == name and part == "" then out[#out + 1] = { kind = k.kind, what = what }
      elseif what.name == name and k.kind == "stage" and what.params[part] then
        out[#out + 1] = { kind = "stage", what = what, part = part }
      elseif what.name == name and k.kind == "module" then
        for _, f in ipairs(what.functions) do
          if f[1]:match "^[%w_]+" == part then out[#out + 1] = { kind = "module", what = what, part = part } end
        end
      end
    end
  end
  return out
end

--- Every name that help knows; fast, for what is found out while a person types: no command or stage is loaded for it.
function catalogue.known()
  local out = table.move(catalogue.LISTS, 1, #catalogue.LISTS, 1, {})
  local function add(list) table.move(list, 1, #list, #out + 1, out) end
  local commands = names_below("cli.", COMMANDS)
  for i = #commands, 1, -1 do
    if commands[i] == "main" or commands[i] == "options" then table.remove(commands, i) end
  end
  add(commands)
  add(names_below("stages.", STAGES))
  for _, f in ipairs(catalogue.formats()) do out[#out + 1] = f.name end
  add(names_below("presets.", {}))
  for _, m in ipairs(host.modules()) do if m.recipe then out[#out + 1] = m.name end end
  return out
end

--- Every name that help knows.
function catalogue.names()
  local out, seen = {}, {}
  local function add(name)
    if not seen[name] then out[#out + 1] = name end
    seen[name] = true
  end
  for _, name in ipairs(catalogue.LISTS) do add(name) end
  for _, k in ipairs(KINDS) do
    for _, what in ipairs(k.list()) do add(what.name) end
  end
  return out
end

return catalogue
