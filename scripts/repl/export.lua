--- export: writes the rows of a view: the kept ones to one file, or a folder as `tamis run` writes it.
-- An existing file is kept unless { replace = true } is given.

local fs = require "fs"
local gold_gate = require "gold_gate"
local plan = require "plan"
local screen = require "report.screen"
local verdicts = require "verdicts"
local writer = require "export"

local PRIVATE = 448   -- octal 0700

local function must(value, err)
  if value ~= nil then return value end
  error(err == "interrupted" and err or tostring(err), 0)
end

-- The stage's own table checks format, extra, include and the others.
local function options_of(given, session)
  local params = {}
  for k, x in pairs(given or {}) do if k ~= "replace" then params[k] = x end end
  local entry = require "repl.stage".entry("export", params)
  local p, splits = entry.params, nil
  for _, name in ipairs(plan.sorted_keys(p.splits or {})) do
    splits = splits or {}
    splits[#splits + 1] = { name, p.splits[name] }
  end
  local keys = {}
  for _, format in ipairs(require "formats.all") do keys[format.name] = format.own end
  return { format = p.format, system = p.system, extra = p.extra, include = p.include, rejected = p.rejected,
           own = keys, splits = splits, group = p.group, seed = 42, pool = session.pool },
         p.allow_gold
end

-- Of the stages that ran, and of the recipe's own: the last of that name.
local function last_of(history, recipe, name)
  for i = #history, 1, -1 do
    if history[i].entry and history[i].entry.stage == name then return history[i].entry end
  end
  if name ~= "export" or not recipe then return nil end
  local entry = recipe.plan.stages[#recipe.plan.stages]
  return entry and entry.stage == name and entry or nil
end

-- What `tamis run` refuses to write, export does too: a standing row that copies a gold row.
local function refuse_gold(o, native, allowed)
  local own = last_of(o.history, o.recipe, "export")
  must(gold_gate.check { view = native, gold = o.gold, cleaned = last_of(o.history, o.recipe, "decontaminate"),
                         allow = allowed or (own and own.params.allow_gold), pool = o.session.pool,
                         remedy = "run :decontaminate{} first" })
end

-- Rows that the format has no place for are left out, and said to be.
local function fitting(native, options)
  local list = must(writer.check(native, options))
  local n = #list
  return n > 0 and must(native:apply("export", list)) or native, n
end

-- The view with all but the selected rows rejected.
local function only(native, rows)
  local chosen, list = {}, verdicts.new { "not_selected" }
  for _, i in ipairs(rows) do chosen[i] = true end
  for _, i in ipairs(native:rows_of "standing") do
    if not chosen[i] then list:add(i, "not_selected") end
  end
  return must(native:apply("selection", list))
end

local function all_standing(native, rows)
  local standing = {}
  for _, i in ipairs(native:rows_of "standing") do standing[i] = true end
  for _, i in ipairs(rows) do if not standing[i] then return false end end
  return true
end

-- Rows as they were read, a line each.
local function write_lines(native, rows, path)
  local parts = {}
  for k, i in ipairs(rows) do parts[k] = native:row(i).bytes end
  parts[#parts + 1] = ""
  must(fs.write(path, table.concat(parts, "\n"), 384))   -- octal 0600
  return #rows
end

local function check_place(path, replace)
  local st = fs.exists(path) and fs.stat(path)
  if not st then return end
  if st.type ~= "file" then error(("%s is there already, and is no file"):format(path), 0) end
  if not replace then
    error(("%s is there already; c:export(%q, { replace = true }) writes it anew"):format(path, path), 0)
  end
end

local function to_file(native, path, options)
  local dir = ("%s.tmp-%d-%s"):format(path, fs.pid(), fs.random(4))
  must(fs.mkdir(dir, PRIVATE))
  local ok, result = pcall(function()
    options.dir, options.rejected = dir, false
    local out = must(writer.write(native, options))
    must(fs.rename(dir .. "/" .. out[1].name, path))
    return out[1].rows
  end)
  fs.remove_tree(dir)
  if not ok then error(result, 0) end
  return result
end

local function to_folder(native, path, options)
  if fs.exists(path) then error(("%s is there already"):format(path), 0) end
  must(fs.mkdirs(path, PRIVATE))
  options.dir = path
  local names = {}
  for i, f in ipairs(must(writer.write(native, options))) do
    names[i] = ("%s %s"):format(f.name, screen.number(f.rows))
  end
  return table.concat(names, ", ")
end

--- v:export(path [, options]): path ends in .jsonl for one file; any other is a folder.
return function(_, o, path, given)
  if type(path) ~= "string" or path == "" then error('export takes a path: c:export "kept.jsonl", or a folder', 0) end
  if given ~= nil and type(given) ~= "table" then
    error('export takes its options in braces: c:export("kept.jsonl", { format = "messages" })', 0)
  end
  local replace = given and given.replace
  local options, allow_gold = options_of(given, o.session)
  local one = path:find "%.jsonl$" ~= nil
  if one and options.splits then error("splits are several files: give export a folder", 0) end
  if one then check_place(path, replace) end
  local native, say = o.view, function(...) o.session:say((...):format(select(2, ...))) end
  local chosen = o.rows and only(native, o.rows) or native
  refuse_gold(o, chosen, allow_gold)
  if o.rows and not all_standing(native, o.rows) then
    if not one then error("rejected rows go to one file, as they were read: give a path that ends in .jsonl", 0) end
    return say("%s: %s rows, as they were read", path, screen.number(write_lines(native, o.rows, path)))
  end
  local unfit
  native, unfit = fitting(chosen, options)
  if unfit > 0 then say("%s rows do not fit the format and are left out", screen.number(unfit)) end
  if not one then return say("%s: %s", path, to_folder(native, path, options)) end
  say("%s: %s rows", path, screen.number(to_file(native, path, options)))
end
