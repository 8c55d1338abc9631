--- report: statistics and health checks of data files or of a run.

local core = require "core"
local csv = require "report.csv"
local document = require "report.document"
local fs = require "fs"
local health = require "report.health"
local json = require "json"
local load = require "report.load"
local markdown = require "report.markdown"
local options = require "cli.options"
local page = require "report.html.page"
local run = require "report.run"
local screen = require "report.screen"
local survey = require "report.survey"
local terminal = require "report.terminal"

local FILE_MODE = 384   -- octal 0600: it shows rows of the data

local report = {
  summary = "statistics, health checks and plots of files or of a run",
  usage = "tamis report [FILE…|RUN] [--by KEY] [--html FILE|--md|--csv|--json]",
  options = {
    { "FILE…", "data files; a run folder, or nothing for the latest run, reports that run" },
    { "--by KEY", "the annotation or path that groups rows by topic (default: found)" },
    { "--format NAME", "read the files as this format (default: found)" },
    { "--no-dedup", "do not look for copies in files" },
    { "--html FILE", "one self-contained page into FILE, - for stdout" },
    { "--md", "Markdown to stdout" },
    { "--csv", "the figures as one table to stdout: section, item, figure, value" },
    { "--json", "one JSON object to stdout" },
    { "--strict", "exit 3 if a check is bad" },
    { "--threads N", "threads (default: one a processor)", "count" },
  },
  examples = { "tamis report raw_2024.jsonl", "tamis report curated/helpdesk_v1/latest --md > report.md",
    "tamis report raw_2024.jsonl --html report.html" },
}

local function parse(args)
  local o, places = options.read(args, report.options)
  if not o then return nil, places end
  local given = {}
  for _, name in ipairs { "html", "md", "csv", "json" } do if o[name] then given[#given + 1] = "--" .. name end end
  if #given > 1 then return nil, "give one of " .. table.concat(given, " and ") end
  o.places = places
  return o
end

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

-- A run where no argument or one folder is given, else files.
local function look(o)
  local st = #o.places == 1 and fs.stat(o.places[1])
  local how = { pool = o.pool, by = o.by, format = o.format, dedup = not o.no_dedup }
  if #o.places == 0 or (st and st.type == "folder") then
    local dir, err = run.find(o.places[1])
    if not dir then return nil, err end
    return survey.run(dir, how)
  end
  local paths, missing = load.paths(o.places)
  if not paths then return nil, missing end
  return survey.files(paths, how)
end

function report.run(args, env)
  local o, message = parse(args)
  if not o then return fail(2, message) end
  local pool <close> = core.pool(o.threads or 0)
  o.pool = pool
  local f, err = look(o)
  if not f then return fail(1, err) end
  local checks = health.examine(f)
  local out = env and env.out or function(line) io.stdout:write(line, "\n") end
  if o.json then
    f.health, f.next = checks, nil
    out(screen.json(json.encode(f)))
  elseif o.md then
    f.next = nil
    markdown.render(document.report(f, checks), out)
  elseif o.csv then
    csv.render(document.report(f, checks), out)
  elseif o.html then
    local text = page.render(document.report(f, checks))
    if o.html == "-" then io.stdout:write(text)
    else
      local ok, bad = fs.write(o.html, text, FILE_MODE)
      if not ok then return fail(1, bad) end
    end
  else
    local s = screen.new { tty = fs.isatty(1), width = fs.width(1) }
    terminal.render(document.report(f, checks), s, out)
  end
  if o.strict and health.worst(checks) == "bad" then return 3 end
  return 0
end

return report
