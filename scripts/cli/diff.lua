--- diff: two data sets or runs compared.

local core = require "core"
local diff = require "diff"
local expect = require "diff.expect"
local fs = require "fs"
local json = require "json"
local markdown = require "report.markdown"
local options = require "cli.options"
local page = require "report.html.page"
local screen = require "report.screen"
local terminal = require "report.terminal"

local MOST = 20   -- examples of a kind
local FILE_MODE = 384   -- octal 0600: it shows rows of the data

local command = {
  summary = "what is the same, edited, new or gone between two files or runs",
  usage = "tamis diff A B [--id PATH] [--near T] [--by KEY] [--fail-on EXPR]… [--html FILE|--md|--json]",
  options = {
    { "A B", "data files or run folders (their kept rows), in any format and order; - is standard input" },
    { "--id PATH", "the path that names a row (default: the recipes' id, else one that is found)" },
    { "--no-id", "match by content alone" },
    { "--near T", "rows of this Jaccard or above count as one row edited (default 0.5)" },
    { "--no-near", "do not look for edited rows beyond the id" },
    { "--by KEY", "the annotation or path that groups rows by topic (default: found)" },
    { "--format NAME", "read both as this format (default: found)" },
    { "--examples N", "rows shown of each kind (default 3, at most " .. MOST .. ")", "count" },
    { "--fail-on EXPR", "exit 3 if this holds: 'removed>0.05', 'rows<5000 or output_p50<100'; "
                        .. "'--fail-on help' lists the figures", "list" },
    { "--html FILE", "one self-contained page into FILE, - for stdout" },
    { "--md", "Markdown to stdout" },
    { "--json", "one JSON object to stdout" },
    { "--threads N", "threads (default: one a processor)", "count" },
  },
  examples = { "tamis diff raw_2023.jsonl raw_2024.jsonl", "tamis diff curated/helpdesk_v1/latest raw_2024.jsonl --md",
               "tamis diff raw_2023.jsonl raw_2024.jsonl --near 0.7 --fail-on 'removed>0.99 and rows<100'" },
}

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local function threshold_of(o)
  if o.no_near and o.near then return nil, "give one of --near and --no-near" end
  if o.no_near then return false end
  if not o.near then return diff.NEAR end
  local t = tonumber(o.near)
  if t and t >= 0.1 and t <= 1 then return t end
  return nil, ("--near needs a number from 0.1 to 1, got %s"):format(o.near)
end

local function parse(args)
  local o, places = options.read(args, command.options)
  if not o then return nil, places end
  if (o.md and 1 or 0) + (o.json and 1 or 0) + (o.html and 1 or 0) > 1 then
    return nil, "give one of --html, --md and --json"
  end
  if o.id and o.no_id then return nil, "give one of --id and --no-id" end
  o.conditions = {}
  for i, text in ipairs(o.fail_on or {}) do
    if text == "help" then o.list = true return o end
    local condition, err = expect.read(text)
    if not condition then return nil, err end
    o.conditions[i] = { text = text, holds = condition }
  end
  if #places ~= 2 then return nil, ("expected two files or runs, got %d; usage: %s"):format(#places, command.usage) end
  if places[1] == "-" and places[2] == "-" then return nil, "only one of A and B can be standard input" end
  if o.examples and o.examples > MOST then return nil, ("--examples %d: at most %d"):format(o.examples, MOST) end
  local near, err = threshold_of(o)
  if near == nil then return nil, err end
  o.threshold, o.places = near, places
  return o
end

local function list_figures(out)
  for _, x in ipairs(expect.figures()) do out(("  %-16s %s"):format(x[1], x[2])) end
end

local function show(f, o, out)
  if o.json then
    f.match = nil
    out(screen.json(json.encode(f)))
  elseif o.md then
    markdown.render(diff.document(f), out)
  elseif o.html == "-" then
    io.stdout:write(page.render(diff.document(f)))
  elseif o.html then
    return fs.write(o.html, page.render(diff.document(f)), FILE_MODE)
  else
    terminal.render(diff.document(f), screen.new { tty = fs.isatty(1), width = fs.width(1) }, out)
  end
  return true
end

-- Tells which conditions hold. 0; 3 if one does; 2 where the rows have no such figure.
local function judge(f, o)
  local status = 0
  for _, c in ipairs(o.conditions) do
    local holds, err = c.holds(f)
    if err then return fail(2, err) end
    if holds then status = fail(3, "it holds that " .. c.text) end
  end
  return status
end

function command.run(args, env)
  local o, message = parse(args)
  if not o then return fail(2, message) end
  local out = env and env.out or function(line) io.stdout:write(line, "\n") end
  if o.list then
    list_figures(out)
    return 0
  end
  local pool <close> = core.pool(o.threads or 0)
  local sides = {}
  for i, what in ipairs(o.places) do
    local side, err = diff.side(what, { pool = pool, format = o.format })
    if not side then return fail(1, err) end
    sides[i] = side
  end
  local id = o.id
  if o.no_id then id = false end
  local f, err = diff.compare(sides[1], sides[2], { pool = pool, id = id, near = o.threshold, by = o.by,
                                                    examples = o.examples })
  if not f then return fail(1, err) end
  local status = judge(f, o)
  local shown, bad = show(f, o, out)
  return shown and status or fail(1, bad)
end

return command
