--- sweep: what each value of a parameter would keep, with the rows at the margin.

local again = require "recipe.again"
local axis = require "sweep.axis"
local core = require "core"
local count = require "sweep.count"
local fs = require "fs"
local json = require "json"
local ledger = require "sweep.ledger"
local options = require "cli.options"
local progress = require "run.progress"
local run = require "cli.run"
local run_folder = require "report.run"
local runner = require "runner"
local screen = require "report.screen"
local show = require "sweep.show"
local sweep = require "sweep.sweep"

local command = {
  summary = "what each value of a parameter would keep",
  usage = "tamis sweep RECIPE|RUN [SOURCE…] STAGE.PARAM=A:B:STEP [options]\n"
    .. "tamis sweep RECIPE|RUN [SOURCE…] STAGE.PARAM=a,b,c [STAGE.PARAM=…]",
  options = {
    { "RECIPE|RUN", "a Lua file, with SOURCE… in place of its sources; data files alone; or a run's folder" },
    { "STAGE.PARAM=A:B:STEP", "from A to B: value i is A + i * STEP. Two of these make a grid" },
    { "STAGE.PARAM=a,b,c", "these values; of a parameter that is a list, en+de is two at once" },
    { "--margin N", "rows at the margin on each side of a value (default 2, at most 20)", "count" },
    { "--no-margin", "only the numbers" },
    { "--replay", "run all stages for each value too, and say what they keep in the end" },
    { "--set STAGE.PARAM=VALUE", "change another parameter", "pair" },
    { "--arg NAME=VALUE", "what the recipe asks for by s.arg", "pair" },
    { "--gold FILE", "a gold set: rows near it are rejected", "list" },
    { "--skip STAGE", "leave a stage out", "list" },
    { "--limit N", "only the first N rows", "count" },
    { "--sample N", "only N rows, chosen by the seed", "count" },
    { "--threads N", "threads (default: one a processor)", "count" },
    { "--max-line SIZE", "longest line that is read (default 64M)", "size" },
    { "--out DIR", "where the runs lie that near_dedup.against names (default ./curated)" },
    { "--cache PATH", "where what was paid for lies (default .tamis/judge.db beside the recipe); no more is" },
    { "--allow-host URL", "a server that only the recipe names: what it answered before is read, it is asked nothing",
      "list" },
    { "--lib DIR", "a folder of Lua files that recipes may require", "list" },
    { "--allow-damaged", "take the whole rows before the fault of a damaged gzip or zstd file" },
    { "--trust", "lift the limits on the recipe's own code" },
    { "--quiet", "no progress" },
    { "--json", "the result as JSON" },
    { "--md", "the result as Markdown" },
    { "--trace", "errors with a Lua traceback" },
  },
  examples = {
    "tamis sweep recipe.lua near_dedup.threshold=0.6:0.95:0.05",
    "tamis sweep curated/helpdesk_v1/latest length.min_input_tokens=0:20:4",
    "tamis sweep recipe.lua length.min_input_tokens=3:9:3 length.min_output_tokens=5:15:5 --replay",
  },
}

local MARGIN, MOST_MARGIN = 2, 20
local FEW = 3   -- values for which comparing some rows again costs less than a pass over all

local function fail(message, status)
  io.stderr:write("tamis: ", screen.clean(message, true), "\n")
  return status
end

--- The arguments in two lists: files, and axes as they were typed.
local function sort_out(rest)
  local files, axes = {}, {}
  for _, a in ipairs(rest) do
    if axis.is(a) and not fs.exists(a) then axes[#axes + 1] = a else files[#files + 1] = a end
  end
  if #files == 0 then return nil, "which recipe or run? usage: " .. command.usage end
  if #axes == 0 then
    return nil, "which parameter? expected STAGE.PARAM=A:B:STEP or STAGE.PARAM=a,b,c, such as "
      .. "near_dedup.threshold=0.6:0.95:0.05"
  end
  return files, axes
end

--- Is the first file a run's folder?
local function is_run(path)
  return fs.exists(path .. "/lineage.json") or fs.exists(path .. "/latest/lineage.json")
end

local function print_result(result, o)
  local out = function(line) io.stdout:write(line, "\n") end
  if o.json then out(screen.json(json.encode(show.data(result), "  ")))
  elseif o.md then show.markdown(result, out)
  else show.terminal(result, screen.new { tty = fs.isatty(1), width = fs.width(1) }, out) end
end

--- A recipe's sweep, from its sources.
-- @return  the result; or nil, a sentence and the exit status
local function of_recipe(files, texts, o, env)
  local opened, err, status = run.open(files, o)
  if not opened then return nil, err, status end
  local axes
  axes, err = sweep.axes(texts, opened.plan.stages)
  if not axes then return nil, err, 2 end
  local loaded
  loaded, err, status = runner.load(opened, o, env)
  if not loaded then return nil, err, status end
  local result
  result, err = sweep.over(loaded, axes, o)
  if not result then return nil, err, 1 end
  return result
end

--- The pairs that the run left, where they reach down to the values. A cluster that is not complete is compared
-- again at each value: for many values a new pass over all rows, which leaves complete ones, costs less.
local function evidence_of(r, axes)
  local a = axes[1]
  if #axes > 1 or count.how(a) ~= "pairs" or #a.values > FEW or not ledger.can(a, "pairs") then return nil end
  return ledger.evidence(r, a)
end

--- A run's sweep where the ledger alone does not tell: its recipe once more, on its sources.
local function of_run_again(r, texts, o, env, evidence)
  local changed = again.changed(r.lineage)
  if changed then return nil, changed, 1 end
  local opened, err, status = again.open(r.lineage, o, o.set)
  if not opened then return nil, err, status end
  local axes
  axes, err = sweep.axes(texts, opened.plan.stages)
  if not axes then return nil, err, 2 end
  local loaded
  loaded, err, status = runner.load(opened, o, env)
  if not loaded then return nil, err, status end
  o.evidence = evidence
  local result
  result, err = sweep.over(loaded, axes, o)
  if not result then return nil, err, 1 end
  result.source = r.dir .. " and its sources"
  return result
end

local function of_run(files, texts, o, env)
  if #files > 1 then
    return nil, ("%s is a run, which has its sources: name none behind it"):format(files[1]), 2
  end
  if o.set or o.skip or o.gold or o.limit or o.sample or o.arg then
    return nil, "a finished run is as it is: --set, --skip, --gold, --arg, --limit and --sample go with a recipe", 2
  end
  local dir, err = run_folder.find(files[1])
  if not dir then return nil, err, 1 end
  local r
  r, err = run_folder.open(dir)
  if not r then return nil, err, 1 end
  r.pool = env.pool
  local stages, own = ledger.stages(r), false
  for _, e in ipairs(stages) do
    for _, text in ipairs(texts) do own = own or not e.def and text:sub(1, #e.name + 1) == e.name .. "." end
  end
  if own then return of_run_again(r, texts, o, env) end   -- a stage of the recipe's own: only it knows its parameters
  local axes
  axes, err = sweep.axes(texts, stages)
  if not axes then return nil, err, 2 end
  local result
  result, err = sweep.of_run(r, axes, o)
  if result == false then return of_run_again(r, texts, o, env, evidence_of(r, axes)) end
  if not result then return nil, err, 1 end
  r:close()
  return result
end

function command.run(args)
  local o, rest = options.read(args, command.options)
  if not o then return fail(rest, 2) end
  local files, texts = sort_out(rest)
  if not files then return fail(texts, 2) end
  o.margin = o.no_margin and 0 or math.min(o.margin or MARGIN, MOST_MARGIN)
  local pool <close> = core.pool(o.threads or 0)
  local bar = progress.new { pool = pool, quiet = o.quiet }
  local env = { pool = pool, progress = bar }
  local result, err, status = (is_run(files[1]) and of_run or of_recipe)(files, texts, o, env)
  bar:close()
  if not result then
    if core.interrupted() then return fail("interrupted", 130) end
    return fail(err, status or 1)
  end
  result.replay = o.replay
  print_result(result, o)
  return 0
end

return command
