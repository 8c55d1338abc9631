--- check: is this recipe right? With sources at hand, what would it keep?

local against = require "run.against"
local core = require "core"
local engine = require "run.engine"
local fs = require "fs"
local json = require "json"
local offer = require "judge.money.offer"
local options = require "cli.options"
local progress = require "run.progress"
local run = require "cli.run"
local runner = require "runner"
local screen = require "report.screen"
local sources = require "run.sources"
local summary = require "run.summary"

local check = {
  summary = "validate a recipe; with its sources, say what it would keep",
  usage = "tamis check RECIPE [SOURCE…] [options]\ntamis check RECIPE RECIPE… [options]",
  options = {
    { "RECIPE", "a Lua file that returns s.recipe{ … }; SOURCE… replaces its sources" },
    { "RECIPE…", "several: a line for each" },
    { "--static", "only the recipe: no data is read" },
    { "--set STAGE.PARAM=VALUE", "change a parameter", "pair" },
    { "--arg NAME=VALUE", "what the recipe asks for by s.arg", "pair" },
    { "--gold FILE", "a gold set: rows near it are rejected", "list" },
    { "--skip STAGE", "leave a stage out", "list" },
    { "--until STAGE", "stop behind a stage; load reads only" },
    { "--limit N", "only the first N rows", "count" },
    { "--sample N", "only N rows, chosen by the seed", "count" },
    { "--threads N", "threads (default: one a processor)", "count" },
    { "--max-line SIZE", "longest line that is read (default 64M)", "size" },
    { "--out DIR", "where the runs lie that near_dedup.against names (default ./curated)" },
    { "--lib DIR", "a folder of Lua files that recipes may require", "list" },
    { "--cache PATH", "where what was paid for lies (default .tamis/judge.db beside the recipe)" },
    { "--allow-host URL", "a server that rows may be sent to, though only the recipe names it", "list" },
    { "--allow-damaged", "take the whole rows before the fault of a damaged gzip or zstd file" },
    { "--trust", "lift the limits on the recipe's own code" },
    { "--strict", "exit 3 when an expectation of the recipe fails" },
    { "--quiet", "print nothing when all is well" },
    { "--json", "a summary as JSON on stdout" },
    { "--trace", "errors with a Lua traceback" },
  },
  examples = {
    "tamis check recipe.lua",
    "tamis check recipe.lua --static",
    "tamis check recipe.lua --set near_dedup.threshold=0.9",
  },
}

local function fail(message, status)
  io.stderr:write("tamis: ", screen.clean(message, true), "\n")
  return status
end

--- Builds every operator, which finds what only a stage itself can see.
local function static(opened, pool)
  return engine.new(opened, { pool = pool }):prepare()
end

--- The files and runs that the recipe names and that are not there, a sentence each, and how many are there.
local function missing_files(opened, o)
  local folder, out, there = require "recipe.open".folder_of(opened.path), {}, 0
  for _, list in ipairs { opened.plan.sources, opened.plan.gold } do
    for _, source in ipairs(list) do
      local found, err = sources.expand({ source }, folder)
      if found then there = there + 1 else out[#out + 1] = err end
    end
  end
  local runs, gone = against.look(opened.plan, { out = o.out or "curated", name = runner.dataset_name(opened),
                                                 folder = folder })
  table.move(gone, 1, #gone, #out + 1, out)
  return out, there + runs
end

--- One line on the recipe; then what it names and is not there.
local function describe(opened, missing, out)
  local p = opened.plan
  local what = #missing == 0 and "no fault found" or "no fault in the recipe itself, but not all of its files are here"
  out(("%s: %s, %s%s, %s"):format(screen.clean(opened.path), screen.count(#p.stages, "stage"),
    screen.count(#p.sources, "source"), #p.gold > 0 and ", " .. screen.count(#p.gold, "gold file") or "", what))
end

--- Says what is missing. A recipe without any of its files can be checked for itself; with some of
-- them here, a run would fail.
-- @return  the exit status
local function tell_missing(missing, there, several, out)
  if #missing > 0 and there > 0 then
    for _, message in ipairs(missing) do fail(message) end
    return 1
  end
  for _, message in ipairs(missing) do
    out(("%snot tried on data: %s"):format(several and "  " or "", screen.clean(message)))
  end
  return 0
end

--- What came of a recipe on its data: all of it, or with several recipes a line.
local function tell(result, o, out, several)
  if o.json then
    local record = summary.record(result)
    record.judging = offer.records(result.engine)
    io.stdout:write(screen.json(json.encode(record, not several and "  " or nil)), "\n")
  elseif several then
    local kept = result.view:counts()
    out(("  would keep %s%s of %s rows"):format(next(result.engine.skipped) and "at most " or "",
      screen.number(kept), screen.number(#result.read)))
    for _, line in ipairs(offer.brief(result.engine)) do out("  " .. screen.clean(line)) end
    for _, line in ipairs(result.unmet) do out("  ! " .. screen.clean(line)) end
  elseif not o.quiet then
    summary.print(result, out)
    offer.print(result.engine, screen.new { tty = fs.isatty(1), width = fs.width(1) }, out)
    if #offer.brief(result.engine) > 0 then out("") end
    out("nothing was written")
  end
end

--- One recipe with the sources behind it; several: it is one of many.
-- @return  the exit status
local function check_one(rest, o, pool, several)
  local out = (o.quiet or several and o.json) and function() end or function(line) io.stdout:write(line, "\n") end
  local opened, err, status = run.open(rest, o)
  if not opened then return fail(err, status) end
  local ok
  ok, err = static(opened, pool)
  if not ok then return fail(err, 2) end
  local missing, there = missing_files(opened, o)
  if several or o.static then describe(opened, missing, out) end
  if o.static then return tell_missing(missing, there, several, out) end
  if #opened.plan.sources == 0 then missing, there = { "it names no sources" }, 0 end
  if #missing > 0 then
    if #rest > 1 or o.limit or o.sample then return fail(missing[1], 1) end
    if not several then describe(opened, missing, out) end
    return tell_missing(missing, there, several, out)
  end
  local bar = progress.new { pool = pool, quiet = o.quiet }
  local result
  result, err, status = runner.run_stages(opened, o, { pool = pool, progress = bar })
  bar:close()
  if not result then return fail(err, status) end
  result.unmet = runner.unmet(result)
  tell(result, o, out, several)
  if o.strict and #result.unmet > 0 then
    for _, line in ipairs(result.unmet) do fail(line) end
    return 3
  end
  return 0
end

--- Are the arguments several recipes? nil and a sentence if recipes and data are mixed.
local function several_recipes(rest)
  local recipes = 0
  for _, path in ipairs(rest) do recipes = recipes + (path:find "%.lua$" and 1 or 0) end
  if recipes < 2 then return false end
  if recipes == #rest then return true end
  return nil, "several recipes are checked on their own sources: give data files with one recipe only"
end

function check.run(args)
  local o, rest = options.read(args, check.options)
  if not o then return fail(rest, 2) end
  o.estimate = true   -- nothing is spent: a paid stage says what it would cost
  local several, err = several_recipes(rest)
  if several == nil then return fail(err, 2) end
  local pool <close> = core.pool(o.threads or 0)
  if not several then return check_one(rest, o, pool) end
  local worst = 0
  for _, path in ipairs(rest) do
    local status = check_one({ path }, o, pool, true)
    if status == 130 then return status end   -- interrupted
    if worst == 0 then worst = status end
  end
  return worst
end

return check
