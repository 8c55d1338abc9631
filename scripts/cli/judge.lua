--- judge: what there is to do about judgements besides running them: one file a subcommand in scripts/cli/judge/.
-- Each is a table { summary, usage, options, notes, examples, run(args, out) }: run gets the words behind the
-- subcommand's name and returns the exit status and, where that is not 0, a sentence.

local host = require "host"
local nearest = require "nearest"
local screen = require "report.screen"

local PREFIX = "cli.judge."

-- All there are, by name.
local function subcommands()
  local out = {}
  for _, name in ipairs(host.scripts(PREFIX)) do out[#out + 1] = name:sub(#PREFIX + 1) end
  return out
end

local command = { summary = "a judge's batches; a judge held against people", usage = "", options = {}, notes = {},
                  examples = {} }

-- Help tells of the subcommands as if they were options.
do
  local usages = {}
  for i, name in ipairs(subcommands()) do
    local sub = require(PREFIX .. name)
    usages[i] = ("tamis judge %s %s"):format(name, sub.usage)
    command.options[#command.options + 1] = { name, sub.summary }
    for _, o in ipairs(sub.options) do
      command.options[#command.options + 1] = { o[1], name .. ": " .. o[2], o[3] }
    end
    for _, note in ipairs(sub.notes or {}) do command.notes[#command.notes + 1] = note end
    for _, example in ipairs(sub.examples or {}) do command.examples[#command.examples + 1] = example end
  end
  command.usage = table.concat(usages, " | ")
end

local function unknown(name)
  if not name then return "usage: " .. command.usage end
  local near = nearest(name, subcommands())
  return ("unknown judge command %s%s; usage: %s"):format(name, near and ("; did you mean %s?"):format(near) or "",
    command.usage)
end

function command.run(args, env)
  local out = env and env.out or function(line) io.stdout:write(line, "\n") end
  local status, message = 2, unknown(args[1])
  for _, name in ipairs(subcommands()) do
    if name == args[1] then status, message = require(PREFIX .. name).run({ table.unpack(args, 2) }, out) end
  end
  if message then io.stderr:write("tamis: ", screen.clean(message), "\n") end
  return status
end

return command
