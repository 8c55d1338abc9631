--- diff: a view or a run held against another one, a file or a run folder; drawn as `tamis diff` draws it.

local core = require "core"
local diff = require "diff"
local keys = require "run.keys"
local ledger = require "repl.ledger"
local look = require "repl.look"
local show = require "repl.show"
local verdicts = require "verdicts"
local view = require "repl.view"

local OPTIONS = { id = true, near = true, by = true, examples = true }

local function must(value, err)
  if value ~= nil then return value end
  error(core.interrupted() and "interrupted" or tostring(err), 0)
end

-- The standing rows of a view; of a selection these rows, whatever became of them, if they could be read.
local function rows_of(o)
  if not o.rows then return o.view end
  local chosen, list, ascending = {}, verdicts.new { "not_selected" }, look.readable(o, o.rows)
  table.sort(ascending)
  local native = must(o.view:rewind(o.view, ascending))
  for _, i in ipairs(ascending) do chosen[i] = true end
  for _, i in ipairs(native:rows_of "standing") do
    if not chosen[i] then list:add(i, "not_selected") end
  end
  return must(native:apply("selection", list))
end

local function title_of(o)
  local sources = o.view:sources()
  local names = {}
  for i, h in ipairs(o.history) do names[i] = h.name end
  local title = #sources == 1 and sources[1].path or ("%d files"):format(#sources)
  if #names > 0 then title = title .. " after " .. table.concat(names, ", ") end
  return o.rows and title .. ", some rows" or title
end

local function side(session, x)
  local o = { pool = session.pool }
  if view.native(x) then
    local held = rawget(x, "_")
    o.title, o.keys = title_of(held), {}
    for i, name in ipairs(keys.of(held.view)) do o.keys[i] = { name = name } end
    return must(diff.side(rows_of(held), o))
  end
  if ledger.is(x) then return must(diff.side(rawget(x, "_").run.dir, o)) end
  if type(x) == "string" then return must(diff.side(x, o)) end
  error('diff takes a view, a run, a file or a run folder: c:diff(d), d:diff "curated/NAME/latest"', 0)
end

--- @param a, b  views, runs or paths: what is new is what b has and a has not
return function(session, a, b, options)
  local o = { pool = session.pool }
  for k, x in pairs(options or {}) do
    if not OPTIONS[k] then error(("diff has no option %s; it takes id, near, by, examples"):format(tostring(k)), 0) end
    o[k] = x
  end
  session:step "diff"
  local first, second = side(session, a), side(session, b)
  local f, err = diff.compare(first, second, o)
  session:progress_done()
  return show.blocks(diff.document(must(f, err)), f, "diff")
end
