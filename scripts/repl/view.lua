--- view: a dataset in the REPL: rows, and what stages made of them. A stage as a method gives a new
-- one and leaves the old as it was; kept(), rejected(), head() … give a selection of its rows, which
-- keep their numbers.

local copies = require "report.copies"
local core = require "core"
local look = require "repl.look"
local near_text = require "repl.near"
local nearest = require "nearest"
local meaning = require "report.meaning"
local plan = require "plan"
local row = require "repl.row"
local run = require "report.run"
local screen = require "report.screen"
local show = require "repl.show"
local stage = require "repl.stage"
local stats = require "stats"

local view = {}

local number, percent = screen.number, screen.percent
local LISTED = 10          -- rows of a selection that are shown

local View = { __name = "view" }
local methods = {}
view.methods = methods

-- The session's pool, screen and the like come with each object.
local function own(v) return rawget(v, "_") end

--- What the native side holds behind an object of the REPL; nil if it is none.
function view.native(v)
  return getmetatable(v) == View and own(v).view or nil
end

View.__native = view.native   -- where a native module asks for a view (modules/corpus/lua_view.c)

--- An object over a native view.
-- @param o  { session, view, history = { … }, recipe, gold, rows = list,
--   likeness = { name = "Jaccard", of = { [row] = figure } }: of rows that near found,
--   opened = what open was given, root = the view before all stages, past = see stage.lua }
function view.new(o)
  o.history = o.history or {}
  o.root = o.root or o.view
  return setmetatable({ _ = o }, View)
end

-- A view like another but for what is given.
local function like(v, changes)
  local o = {}
  for k, x in pairs(own(v)) do o[k] = x end
  o.rows, o.likeness = nil, nil
  for k, x in pairs(changes) do o[k] = x end
  return view.new(o)
end

-- The same view with other rows selected.
local function select_rows(v, rows, likeness) return like(v, { rows = rows, likeness = likeness }) end

-- What went wrong in the world ends the command; where an interrupt is pending, that it was.
local function must(value, err)
  if value ~= nil then return value end
  if core.interrupted() or err == "interrupted" or err == "" then error("interrupted", 0) end
  error(err or "failed", 0)
end

local function argument(ok, message, ...)
  if not ok then error(message:format(...), 0) end
end

local function whole(n, what, least)
  local i = math.tointeger(tonumber(n))
  argument(i and i >= (least or 1), "%s must be a whole number from %d, not %s", what, least or 1, tostring(n))
  return i
end

--- The history as remedy.lua wants a run's stages.
function view.stages(v)
  local list = {}
  for i, h in ipairs(own(v).history) do
    list[i] = { name = h.name, stage = h.stage, params = plan.plain(h.entry.params), seen = h.seen,
                removed = h.removed }
  end
  local out = { stages = list }
  function out.stage(_, name)
    for _, s in ipairs(list) do if s.name == name then return s end end
  end
  function out:short(path)
    self.sources = self.sources or own(v).view:sources()
    return run.short(self, path)
  end
  return out
end

local function rows_of(v)
  local o = own(v)
  if o.rows then return o.rows end
  local rows = {}
  for i = 1, #o.view do rows[i] = i end
  return rows
end

local function count_of(v)
  local o = own(v)
  return o.rows and #o.rows or #o.view
end

local function row_number(v, n, method)
  local o = own(v)
  argument(n ~= nil, "%s needs the number of a row, 1 to %d", method, #o.view)
  local i = whole(n, "the number of a row")
  argument(i <= #o.view, "there is no row %d: the rows are 1 to %d", i, #o.view)
  return i
end

local function row_at(v, n) return row.new(own(v).view, n, view.stages(v), own(v).likeness) end

-- ---- what is printed ----

local function p50(v, field)
  local o = own(v)
  local numbers = stats.field_tokens(o.view, field, o.session.pool)
  if not numbers or numbers:count() == 0 then return nil end
  return ("%s p50 %s tokens"):format(field, number(numbers:median(), 0))
end

-- By native view: a view does not change, so its reasons are counted once.
local reasons_of = setmetatable({}, { __mode = "k" })

--- Why rows of a view were rejected: { stage, reason, count, example }, most rows first.
function view.reasons(v)
  local native = own(v).view
  reasons_of[native] = reasons_of[native] or native:reasons()
  return reasons_of[native]
end

local function top_reasons(v, most)
  local out = {}
  for i, r in ipairs(view.reasons(v)) do
    if i > most then out[#out + 1] = "…" break end
    out[#out + 1] = ("%s %s"):format(r.stage .. "." .. r.reason, number(r.count))
  end
  return table.concat(out, ", ")
end

--- One line: rows, and how long their texts are; then what was rejected.
function view.line(v, s)
  local o = own(v)
  local dot = s:sign(" · ", " - ")
  local parts = { number(#o.view) .. (#o.view == 1 and " row" or " rows") }
  for _, field in ipairs { "input", "output" } do parts[#parts + 1] = p50(v, field) end
  local standing, rejected, quarantined = o.view:counts()
  local lines = { table.concat(parts, dot) }
  view.reasons(v)
  if rejected + quarantined > 0 then
    lines[2] = ("%s kept%s%s rejected%s: %s"):format(number(standing), dot, number(rejected),
      quarantined > 0 and dot .. number(quarantined) .. " quarantined" or "", top_reasons(v, 6))
  end
  return lines
end

local function print_lines(lines, s, out)
  for _, l in ipairs(lines) do
    for _, line in ipairs(s:wrap(l, s.width)) do out(line) end
  end
end

local function show_selection(v, s, out)
  local rows = own(v).rows
  if #rows == 0 then return out "no rows" end
  for i = 1, math.min(#rows, LISTED) do row.short(row_at(v, rows[i]), s, out) end
  if #rows > LISTED then
    out(s:paint("dim", ("%s rows, %d shown; :head(n), :sample(n), :row(number)"):format(number(#rows), LISTED)))
  end
end

function View.__show(v, s, out)
  if own(v).rows then return show_selection(v, s, out) end
  print_lines(view.line(v, s), s, out)
end

function View.__len(v) return count_of(v) end

function View.__tostring(v)
  if own(v).rows then return ("selection of %d rows"):format(count_of(v)) end
  return ("view of %d rows"):format(count_of(v))
end

-- ---- rows ----

--- The first n rows.
function methods.head(v, n)
  n = whole(n or 5, "head")
  return select_rows(v, table.move(rows_of(v), 1, math.min(n, count_of(v)), 1, {}), own(v).likeness)
end

-- A stream of numbers that a seed fixes (splitmix64).
local function random(seed)
  local x = seed * 0x9E3779B97F4A7C15 + 0x1F123BB5
  return function(n)
    x = x + 0x9E3779B97F4A7C15
    local z = x
    z = (z ~ (z >> 30)) * 0xBF58476D1CE4E5B9
    z = (z ~ (z >> 27)) * 0x94D049BB133111EB
    z = z ~ (z >> 31)
    return (z >> 1) % n + 1
  end
end

--- n rows by chance, in row order. With a seed the same each time; without, others each time.
function methods.sample(v, n, seed)
  local session = own(v).session
  n = whole(n or 5, "sample")
  if seed == nil then
    session.samples = (session.samples or 0) + 1
    seed = session.samples
  end
  local rows = table.move(rows_of(v), 1, count_of(v), 1, {})
  local draw, out = random(whole(seed, "the seed", math.mininteger)), {}
  for i = 1, math.min(n, #rows) do
    local k = i + draw(#rows - i + 1) - 1
    rows[i], rows[k] = rows[k], rows[i]
    out[i] = rows[i]
  end
  table.sort(out)
  return select_rows(v, out)
end

-- Rows of a status, of the selection where there is one.
local function of_status(v, status, reason, stage_name)
  local found = own(v).view:rows_of(status, reason, stage_name)
  local rows = own(v).rows
  if not rows then return select_rows(v, found) end
  local there, out = {}, {}
  for _, r in ipairs(found) do there[r] = true end
  for _, r in ipairs(rows) do if there[r] then out[#out + 1] = r end end
  return select_rows(v, out, own(v).likeness)
end

--- Rows that still stand.
function methods.kept(v) return of_status(v, "standing") end

local function known_reasons(v)
  local names, list = {}, {}
  for _, r in ipairs(view.reasons(v)) do
    for _, name in ipairs { r.reason, r.stage .. "." .. r.reason, r.stage } do
      if not names[name] then list[#list + 1] = name end
      names[name] = r
    end
  end
  return names, list
end

--- Rows that were rejected: all, or those of a reason, of stage.reason, or of a stage.
function methods.rejected(v, reason)
  if reason == nil then return of_status(v, "rejected") end
  argument(type(reason) == "string", "rejected takes the name of a reason or of a stage")
  local names, list = known_reasons(v)
  if not names[reason] then
    local near = nearest(reason, list)
    argument(false, 'no row was rejected for "%s"%s', reason, near and ('; did you mean "%s"?'):format(near) or "")
  end
  local stage_name, name = reason:match "^(.-)%.(.+)$"
  if stage_name and names[reason].reason == name then return of_status(v, "rejected", name, stage_name) end
  if names[reason].reason == reason then return of_status(v, "rejected", reason) end
  return of_status(v, "rejected", nil, reason)
end

--- Rows that a stage could not decide.
function methods.quarantined(v) return of_status(v, "quarantined") end

--- Rows that hold these words; or { id = … }, or { source = …, line = … }.
function methods.find(v, what)
  local o = own(v)
  if type(what) == "string" then what = { text = what } end
  argument(type(what) == "table", 'find takes some words, { id = … } or { source = …, line = … }')
  local q = { pool = o.session.pool, max = #o.view }
  for k, x in pairs(what) do q[k] = x end
  return select_rows(v, must(o.view:find(q)))
end

--- The k rows most like a text: by the cosine of their vectors, where the view has some of which the embedding takes
-- a text and no field is named; else by the exact Jaccard of a field over runs of 5 characters.
function methods.near(v, text, k, field)
  local o = own(v)
  argument(type(text) == "string", 'near takes a text and a number: c:near("how do I reset my password", 5)')
  local hits, name = near_text.find(o, text, whole(k or 5, "near"), field)
  local rows, of = {}, {}
  for i, hit in ipairs(must(hits, name)) do rows[i], of[hit.row] = hit.row, hit.jaccard or hit.cosine end
  return select_rows(v, rows, { name = name, of = of })
end

--- The rows of which a function says true: v:where(function(ex) return #ex.output > 200 end).
function methods.where(v, fn) return select_rows(v, look.where(own(v), rows_of(v), fn), own(v).likeness) end

--- The rows in an order: by a metric, a field's tokens, a path or a function; "-name" puts the highest first.
function methods.sort(v, by) return select_rows(v, look.sort(own(v), rows_of(v), by), own(v).likeness) end

--- The rows that are copies of each other with one row, the kept one among them.
function methods.cluster(v, n)
  return select_rows(v, own(v).view:cluster(row_number(v, n, "cluster")))
end

--- Two rows beside each other: each field as one text in which the words that differ are marked.
function methods.compare(v, a, b)
  return require "repl.compare"(row_at(v, row_number(v, a, "compare")), row_at(v, row_number(v, b, "compare")))
end

--- One row, as a card.
function methods.row(v, n) return row_at(v, row_number(v, n, "row")) end

--- The text of a row's field.
function methods.field(v, n, name)
  argument(type(name) == "string", 'field takes the number of a row and a name: c:field(1, "output")')
  return own(v).view:field(row_number(v, n, "field"), name)
end

--- The rows' numbers, as a list.
function methods.rows(v) return table.move(rows_of(v), 1, count_of(v), 1, {}) end

--- Why a row was kept or rejected: every stage's figures, its twin, what would have kept it.
function methods.explain(v, n)
  return require "repl.explain"(v, own(v).view, row_number(v, n, "explain"))
end

-- ---- figures ----

--- How long a field is, in tokens, as a histogram.
function methods.lengths(v, field)
  local o = own(v)
  field = field or "output"
  return look.spread(o, field .. " tokens", must(stats.field_tokens(o.view, field, o.session.pool)))
end

--- A stage's metric, as a histogram: d:metric "length.input_tokens".
function methods.metric(v, name)
  local native = own(v).view
  local names = native:metric_names()
  local there = "; there are: " .. (#names > 0 and table.concat(names, ", ") or "none yet")
  argument(type(name) == "string", "metric takes a name%s", there)
  local numbers = stats.metric(native, name)
  if not numbers then
    local near = nearest(name, names)
    argument(false, 'no metric "%s"%s', name, near and ('; did you mean "%s"?'):format(near) or there)
  end
  return look.spread(own(v), name, numbers)
end

--- How a figure is spread: a metric, the tokens of a field, a path, an annotation; bars where it is no number.
function methods.histogram(v, name) return look.histogram(own(v), rows_of(v), name) end

--- How many rows have which value of one key and which of another.
function methods.crosstab(v, a, b) return look.crosstab(own(v), rows_of(v), a, b) end

--- How many rows each value of an annotation or path has: d:groups "topic".
function methods.groups(v, key, which)
  local o = own(v)
  argument(type(key) == "string", 'groups takes the name of an annotation or a path: c:groups "topic"')
  local counts = must(o.view:group_counts(key, which or "standing", o.session.pool))
  local g = require "report.figures".groups(key, counts)
  if not g then return show.drawing({}, function(_, out) out "no rows" end, "groups") end
  local rows = {}
  for i, x in ipairs(g.groups) do
    if i > 40 then break end
    rows[i] = { label = x.name, count = x.count, share = x.share }
  end
  return show.blocks({ { kind = "bars", rows = rows } }, counts, "groups")
end

--- Why rows were rejected, with an example each.
function methods.reasons(v)
  local o, rows = own(v), {}
  local reasons = view.reasons(v)
  for i, r in ipairs(reasons) do
    local at = row_at(v, r.example)
    rows[i] = { label = r.stage .. ": " .. r.reason, count = r.count, share = r.count / math.max(1, #o.view),
                place = ("#%d %s:%d"):format(r.example, at.source, at.line),
                example = at.input or at.output or at.bytes }
  end
  if #rows == 0 then rows[1] = { label = "no row was rejected" } end
  return show.blocks({ { kind = "reasons", rows = rows } }, reasons, "reasons")
end

--- The files, their formats and why those were taken.
function methods.sources(v)
  local list = own(v).view:sources()
  return show.drawing(list, function(s, out)
    for _, x in ipairs(list) do
      local why = x.format_reason and (" (" .. screen.clean(x.format_reason) .. ")") or ""
      print_lines({ ("%s  %s rows, %s%s%s"):format(screen.clean(x.path), number(x.rows), screen.clean(x.format or "?"),
        why, x.trusted and ", trusted" or "") }, s, out)
    end
  end, "sources")
end

--- The stages so far: what each saw and removed.
function methods.stages(v)
  local rows = {}
  for i, h in ipairs(own(v).history) do
    rows[i] = { h.name, number(h.seen), number(h.removed), percent(h.seen > 0 and h.removed / h.seen or 0),
                ("%.2f s"):format(h.seconds) }
  end
  if #rows == 0 then return show.drawing({}, function(_, out) out "no stage has run" end, "stages") end
  local columns = { { "stage", flex = true }, { "seen", "right" }, { "removed", "right" }, { "share", "right" },
                    { "time", "right" } }
  return show.blocks({ { kind = "table", columns = columns, rows = rows } }, view.stages(v).stages, "stages")
end

--- Statistics and health checks.
function methods.report(v, options)
  return require "repl.report"(own(v), options)
end

--- Writes the kept rows: to a file, or with all others and a folder's name, to a folder.
function methods.export(v, path, options)
  return require "repl.export"(v, own(v), path, options)
end

--- What a stage would keep at each value of a parameter.
function methods.sweep(v, name, param, values, others)
  local o = own(v)
  argument(not o.rows, "sweep is for all rows of a view, not for a selection of some: call it on the view itself")
  return require "repl.sweep"(o, name, param, values, others)
end

--- What another view, a run or a file has that this one has not, and the other way round.
function methods.diff(v, other, options) return require "repl.diff"(own(v).session, v, other, options) end

-- ---- stages ----

local function announce(v, child, lines)
  own(v).session:announce(child, lines)
  own(v).session.latest = child
  return child
end

-- Draws what a stage found, where its table says how.
local function draw_found(session, entry, figures, native)
  if not entry.def.blocks or not figures then return end
  local blocks = entry.def.blocks(figures, function(n)
    return native:field(n, "input") or native:field(n, "output"), "#" .. n
  end)
  if #blocks > 0 then session:show(show.blocks(blocks, {}, "found")) end
end

-- Runs one stage by name on the whole view.
local function run_stage(v, name, params)
  local o = own(v)
  argument(not o.rows, "%s runs on all rows of a view, not on a selection of some: call it on the view itself", name)
  local entry = stage.entry(name, params, own(v).history)
  o.session:note_text(entry)
  local done = stage.run(o, entry)
  local record = done.history[#done.history]
  local child = like(v, { view = done.view, history = done.history, past = done.past })
  local share = percent(record.seen > 0 and record.removed / record.seen or 0)
  local lines = { ("%s: %s of %s rows rejected (%s), %s stand · %.2f s"):format(record.name, number(record.removed),
    number(record.seen), share, number((done.view:counts())), record.seconds) }
  if done.back > 0 then lines[#lines + 1] = "  " .. copies.lines(done.back)[1] end
  for _, note in ipairs(done.notes) do lines[#lines + 1] = "  " .. note end
  if not entry.def.blocks and meaning.has(record.figures) then
    lines[#lines + 1] = "  its figures stand in :report()"
  end
  view.reasons(child)   -- so that completion has them
  announce(v, child, lines)
  draw_found(o.session, entry, record.figures, done.view)
  return child
end

--- Runs the recipe's stages in memory; writes nothing.
function methods.run(v)
  local o = own(v)
  argument(o.recipe, "only a recipe can run: r = open \"recipe.lua\"; d = r:run()")
  argument(not o.rows, "run is for the whole view, not for a selection of rows")
  local native, history, notes = stage.run_recipe(o)
  local child = like(v, { view = native, history = history, ran = #history, past = false })
  local s = o.session.screen
  local lines = view.line(child, s)
  for _, note in ipairs(notes) do lines[#lines + 1] = "  " .. note end
  return announce(v, child, lines)
end

local stage_methods = {}

local function stage_method(name)
  if stage_methods[name] == nil then
    stage_methods[name] = plan.stage(name) and name ~= "export" and function(v, params)
      argument(getmetatable(v) == View, "a stage is called with a colon: c:%s{ … }", name)
      return run_stage(v, name, params)
    end or false
  end
  return stage_methods[name] or nil
end

--- A stage as it stands behind the colon; nil if there is none of that name.
view.stage_method = stage_method

-- `sample` is a method and a stage: with a table it is the stage.
local sample_rows = methods.sample
function methods.sample(v, n, seed)
  if type(n) == "table" then return run_stage(v, "sample", n) end
  return sample_rows(v, n, seed)
end

--- Every name that may follow the colon.
function view.names()
  local out, seen = {}, {}
  for name in pairs(methods) do out[#out + 1], seen[name] = name, true end
  for _, name in ipairs(plan.stage_names()) do
    if not seen[name] then out[#out + 1] = name end
  end
  table.sort(out)
  return out
end

function View.__index(_, key)
  if methods[key] then return methods[key] end
  if type(key) == "string" and stage_method(key) then return stage_method(key) end
  local near = type(key) == "string" and nearest(key, view.names())
  local more = near and ('; did you mean "%s"?'):format(near) or "; help(c) lists what it has"
  error(('a view has no "%s"%s'):format(tostring(key), more), 0)
end

function View.__newindex() error("a view does not change: stages give a new one", 0) end

return view
