--- repl: interactive exploration.

local core = require "core"
local fs = require "fs"
local host = require "host"
local options = require "cli.options"
local screen = require "report.screen"

local repl = {
  summary = "explore data interactively",
  usage = "tamis repl [FILE…|RECIPE|RUN] [--lib DIR] [--trace]",
  options = {
    { "FILE…", "data files, a recipe or a run folder: opened as `c`" },
    { "--lib DIR", "a folder of Lua files that recipes may require", "list" },
    { "--trace", "errors with a Lua traceback" },
  },
  examples = { "tamis repl", "tamis repl raw_2024.jsonl", "tamis repl recipe.lua",
               "tamis repl curated/helpdesk_v1/latest" },
}

local PATIENCE = 5   -- interrupts that a command may ignore before the program ends

local function fail(message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return 2
end

function repl.run(args)
  local o, rest = options.read(args, repl.options)
  if not o then return fail(rest) end
  local loop, evaluate = require "repl.loop", require "repl.evaluate"
  local session = require "repl.session".new { tty = fs.isatty(1), libs = o.lib }
  local names = require "repl.env".new(session)
  local state = { session = session, names = names, trace = o.trace, pending = "" }
  state.reader = loop.reader(function(line) return require "repl.complete".words(line, names, state.pending) end)
  core.patience(PATIENCE)
  if session.tty and fs.isatty(0) then
    session:say(("Tamis %s. open \"data.jsonl\" reads a file, help() tells more, Ctrl-D leaves."):format(host.version))
  end
  if #rest > 0 then
    local ok, values, interrupted = evaluate.run(function()
      names.c = require "repl.open".any(session, #rest == 1 and rest[1] or rest)
    end)
    if not ok then
      local message = interrupted and "interrupted" or evaluate.sentence(values, names)
      if not session.tty then return math.max(1, fail(message) - 1) end
      fail(message)
    end
  end
  local fine = loop.run(state)
  if session.tty and fs.isatty(0) then session:out "" end
  return fine and 0 or fs.isatty(0) and 0 or 1
end

return repl
