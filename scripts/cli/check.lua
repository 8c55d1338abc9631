--- check: is this recipe right? With sources at hand, what would it keep?

local core = require "core"
local engine = require "run.engine"
local json = require "json"
local options = require "cli.options"
local progress = require "run.progress"
local run = require "cli.run"
local runner = require "runner"
local screen = require "report.screen"
local sources = require "run.sources"
local summary = require "run.summary"

local check = {
  summary = "validate a recipe; with its sources, say what it would keep",
  usage = "tamis check RECIPE [SOURCE…] [options]",
  options = {
    { "RECIPE", "a Lua file that returns s.recipe{ … }; SOURCE… replaces its sources" },
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
    { "--lib DIR", "a folder of Lua files that recipes may require", "list" },
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

local function describe(opened, out)
  local p = opened.plan
  out(("%s: %d stages, %d sources%s, no fault found"):format(screen.clean(opened.path), #p.stages, #p.sources,
    #p.gold > 0 and (", %d gold files"):format(#p.gold) or ""))
end

--- Are all the files there that the recipe names?
local function at_hand(opened)
  local folder = require "recipe.open".folder_of(opened.path)
  if #opened.plan.sources == 0 then return nil, "it names no sources" end
  local list, err = sources.expand(opened.plan.sources, folder)
  if list then list, err = sources.expand(opened.plan.gold, folder) end
  return list, err
end

function check.run(args)
  local o, rest = options.read(args, check.options)
  if not o then return fail(rest, 2) end
  local out = o.quiet and function() end or function(line) io.stdout:write(line, "\n") end
  local opened, err, status = run.open(rest, o)
  if not opened then return fail(err, status) end
  local pool <close> = core.pool(o.threads or 0)
  local ok
  ok, err = static(opened, pool)
  if not ok then return fail(err, 2) end
  if o.static then
    describe(opened, out)
    return 0
  end
  ok, err = at_hand(opened)
  if not ok then
    if #rest > 1 or o.limit or o.sample then return fail(err, 1) end
    describe(opened, out)
    out(("not tried on data: %s"):format(screen.clean(err)))
    return 0
  end
  local bar = progress.new { pool = pool, quiet = o.quiet }
  local result
  result, err, status = runner.run_stages(opened, o, { pool = pool, progress = bar })
  bar:close()
  if not result then return fail(err, status) end
  result.unmet = runner.unmet(result)
  if o.json then io.stdout:write(json.encode(summary.record(result), "  "), "\n")
  elseif not o.quiet then
    summary.print(result, out)
    out("nothing was written")
  end
  if o.strict and #result.unmet > 0 then
    for _, line in ipairs(result.unmet) do fail(line) end
    return 3
  end
  return 0
end

return check
