--- open: files, a recipe or a run folder become an object of the REPL.

local fs = require "fs"
local ledger = require "repl.ledger"
local recipe = require "recipe.open"
local run = require "report.run"
local sources = require "run.sources"
local view = require "repl.view"

local open = {}

local function must(value, err)
  if value ~= nil then return value end
  error(err == "interrupted" and err or tostring(err), 0)
end

local function load(session, list, options)
  session:step "load"
  options.pool = session.pool
  local native, err = sources.load(list, options)
  session:progress_done()
  return must(native, err)
end

-- A gold set as decontaminate wants it; nil where none is given.
local function load_gold(session, list, folder)
  if #list == 0 then return nil end
  return load(session, must(sources.expand(list, folder)), {})
end

-- What the user wrote for one source, as run/sources.lua takes it.
local function source_of(s, o)
  if type(s) == "string" then s = { s } end
  local path = s[1] or s.path
  if type(s) ~= "table" or type(path) ~= "string" then
    error('open takes a path, or a list of paths: open "raw.jsonl"', 0)
  end
  if path == "-" then error("the commands come from standard input: give open a file", 0) end
  return { path = path, here = true, kind = s.kind, generator = s.generator, trusted = s.trusted, attributes = {},
           format = s.format or o.format, fields = s.fields or o.fields }
end

--- Data files as a view.
-- @param paths    paths, globs, or { path, kind =, trusted =, format =, fields = }
-- @param options  format, fields, id, limit, gold (a path), allow_damaged
function open.files(session, paths, options)
  local list = {}
  for i, p in ipairs(paths) do list[i] = source_of(p, options) end
  list = must(sources.look(must(sources.expand(list, "."))))
  local native = load(session, list, { id = options.id, limit = options.limit, allow_damaged = options.allow_damaged })
  local gold = load_gold(session, options.gold and { source_of(options.gold, {}) } or {}, ".")
  local v = view.new { session = session, view = native, gold = gold, opened = { sources = list, options = options } }
  session:announce(v, view.line(v, session.screen))
  session.latest = v
  return v
end

-- A recipe runs nothing: its sources are loaded, and v:run() runs it.
local function open_recipe(session, path, options)
  local set = {}
  for k, x in pairs(options.set or {}) do set[#set + 1] = { k, tostring(x) } end
  table.sort(set, function(a, b) return a[1] < b[1] end)
  local opened = must(recipe.file(path, { args = options.args, set = set, libs = session.libs }))
  local p, folder = opened.plan, recipe.folder_of(path)
  if #p.sources == 0 then error(("%s names no sources"):format(path), 0) end
  local list = must(sources.expand(p.sources, folder))
  local native = load(session, list, { id = p.id, limit = options.limit })
  local gold = load_gold(session, p.gold, folder)
  local told = { id = p.id, limit = options.limit, gold = p.gold[1] and p.gold[1].path, set = options.set }
  local v = view.new { session = session, view = native, recipe = opened, gold = gold,
                       opened = { sources = list, options = told } }
  local names = {}
  for _, entry in ipairs(p.stages) do names[#names + 1] = entry.name end
  local lines = view.line(v, session.screen)
  lines[#lines + 1] = ("recipe of %s; :run() runs it"):format(table.concat(names, ", "))
  session:announce(v, lines)
  session.latest = v
  return v
end

--- open "raw.jsonl", open { "a.jsonl", "b.jsonl" }, open("raw.jsonl", { limit = 1000 }), open "recipe.lua",
-- open "curated/NAME/latest".
function open.any(session, what, options)
  options = options or {}
  if type(what) == "table" then return open.files(session, what, options) end
  if type(what) ~= "string" then error('open takes a path: open "raw.jsonl"', 0) end
  local st = fs.exists(what) and fs.stat(what)
  if st and st.type == "folder" then
    local r = ledger.open(session, must(run.find(what)))
    session:announce(r)
    return r
  end
  if what:find "%.lua$" then return open_recipe(session, what, options) end
  return open.files(session, { what }, options)
end

return open
