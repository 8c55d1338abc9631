--- run: runs a recipe, or the built-in one over data files.

local core = require "core"
local host = require "host"
local json = require "json"
local open = require "recipe.open"
local options = require "cli.options"
local progress = require "run.progress"
local runner = require "runner"
local screen = require "report.screen"
local summary = require "run.summary"

local run = {
  summary = "run a recipe, or the built-in one over data files",
  usage = "tamis run RECIPE|DATA… [SOURCE…] [options]",
  options = {
    { "RECIPE", "a Lua file that returns s.recipe{ … }; SOURCE… replaces its sources" },
    { "DATA…", "data files alone: the built-in recipe (tamis help builtin)" },
    { "--set STAGE.PARAM=VALUE", "change a parameter; also by a stage's name, seed=N, name=TEXT", "pair" },
    { "--arg NAME=VALUE", "what the recipe asks for by s.arg", "pair" },
    { "--gold FILE", "a gold set: rows near it are rejected", "list" },
    { "--skip STAGE", "leave a stage out", "list" },
    { "--until STAGE", "stop behind a stage" },
    { "--limit N", "only the first N rows", "count" },
    { "--sample N", "only N rows, chosen by the seed", "count" },
    { "--out DIR", "where runs are left (default ./curated)" },
    { "--run-id ID", "name of the run (default: the UTC time and a suffix)" },
    { "--replace", "write an existing run anew" },
    { "--threads N", "threads (default: one a processor)", "count" },
    { "--memory SIZE",
      "memory for tables and columns; past it they lie in files (default 70% of the machine's)", "size" },
    { "--max-line SIZE", "longest line that is read (default 64M)", "size" },
    { "--lib DIR", "a folder of Lua files that recipes may require", "list" },
    { "--cache PATH", "where what was paid for lies (default .tamis/judge.db beside the recipe)" },
    { "--allow-host URL", "a server that rows may be sent to, though only the recipe names it", "list" },
    { "--yes", "spend without a max_cost and without asking" },
    { "--retry-refused", "ask again for rows that a model refused to judge" },
    { "--allow-damaged", "take the whole rows before the fault of a damaged gzip or zstd file" },
    { "--no-ledger", "write no ledger.db: explain and report will know less" },
    { "--no-html", "write no report.html" },
    { "--trust", "lift the limits on the recipe's own code; the lineage says so" },
    { "--strict", "exit 3 when an expectation of the recipe fails" },
    { "--quiet", "no progress and no summary" },
    { "--profile", "at the end the time of each stage, operator and row function (a run of over 2 s tells that of"
      .. " the stages unasked)" },
    { "--json", "a summary as JSON on stdout; on stderr, in place of the bar, one event a line: begin, progress and"
      .. " end of each step, note, result, error" },
    { "--trace", "errors with a Lua traceback" },
  },
  examples = {
    "tamis run recipe.lua",
    "tamis run raw_2024.jsonl",
    "tamis run recipe.lua --set near_dedup.threshold=0.85 --run-id try-85",
  },
}

--- A dataset's name from its first file's: without the endings, and nothing that a folder may not have.
local function data_name(file)
  local name = file:gsub("%.gz$", ""):gsub("%.zst$", ""):gsub("%.jsonl?$", ""):gsub("%.[ct]sv$", "")
  name = name:gsub("[^%w_-]", "_"):gsub("^[^%w_]+", "")
  return name ~= "" and name or "dataset"
end

--- The recipe that the arguments mean: a Lua file with sources behind it, or data alone.
-- @return  what recipe/open gives; or nil, a sentence and the exit status
function run.open(rest, o)
  if #rest == 0 then return nil, "which recipe? usage: " .. run.usage, 2 end
  local args = {}
  for _, pair in ipairs(o.arg or {}) do args[pair[1]] = pair[2] end
  o.args = args
  local opts = { libs = o.lib, args = args, trust = o.trust, trace = o.trace, set = o.set, skip = o.skip,
                 ["until"] = o["until"], gold = o.gold }
  if rest[1]:find "%.lua$" then
    for i = 2, #rest do
      if rest[i]:find "%.lua$" then
        return nil, rest[i] .. ": one recipe at a time; behind it stand data files (tamis check takes several)", 2
      end
    end
    opts.sources = table.move(rest, 2, #rest, 1, {})
    return open.file(rest[1], opts)
  end
  for _, path in ipairs(rest) do
    if path:find "%.lua$" then return nil, ("%s: the recipe comes first, its sources behind it"):format(path), 2 end
  end
  opts.sources = rest
  o.map_unknown = true
  local first = rest[1] == "-" and "stdin" or rest[1]:match "([^/]*)$"
  local opened, err, status = open.text(host.script "recipe.builtin", "built-in", opts)
  if not opened then return nil, err, status end
  opened.plan.name = opened.plan.name or data_name(first)
  return opened
end

local function fail(message, status)
  io.stderr:write("tamis: ", screen.clean(message, true), "\n")
  return status
end

-- What a program that follows the events learns last.
local function tell_events(bar, result)
  for _, note in ipairs(result.engine.notes) do bar:event("note", { text = note }) end
  local kept, rejected, quarantined = result.view:counts()
  bar:event("result", { run_id = result.id, path = result.dir, rows = #result.read, kept = kept, rejected = rejected,
                        quarantined = quarantined, fingerprint = result.outputs.fingerprint, seconds = result.seconds,
                        unmet = json.array(result.unmet) })
end

function run.run(args)
  local o, rest = options.read(args, run.options)
  if not o then return fail(rest, 2) end
  local opened, err, status = run.open(rest, o)
  if not opened then return fail(err, status) end
  opened.typed = args
  local pool <close> = core.pool(o.threads or 0)
  local bar = progress.new { pool = pool, quiet = o.quiet, events = o.json }
  local result
  result, err, status = runner.run(opened, o, { pool = pool, progress = bar })
  bar:close()
  if not result then
    bar:event("error", { message = err, status = status })
    return fail(err, status)
  end
  if o.json then
    tell_events(bar, result)
    io.stdout:write(screen.json(json.encode(summary.record(result), "  ")), "\n")
  elseif not o.quiet then
    summary.print(result, function(line) io.stdout:write(line, "\n") end)
  end
  if o.strict and #result.unmet > 0 then
    for _, line in ipairs(result.unmet) do fail(line) end
    return 3
  end
  return 0
end

return run
