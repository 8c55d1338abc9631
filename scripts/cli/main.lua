--- main: finds the command, runs it, and words whatever went wrong in one sentence.

local core = require "core"
local fault = require "run.fault"
local fs = require "fs"
local host = require "host"
local nearest = require "nearest"

local PREFIX = "cli."
local NOT_COMMANDS = { main = true, options = true }
local FAILED, USAGE, INTERRUPTED = 1, 2, 130

local function commands()
  local out = {}
  for _, name in ipairs(host.scripts(PREFIX)) do
    name = name:sub(#PREFIX + 1)
    local part = name:find(".", 1, true)   -- of a command: cli/judge/…
    if not NOT_COMMANDS[name] and not part then out[#out + 1] = name end
  end
  return out
end

local function say(message) io.stderr:write("tamis: ", fs.printable(message, true), "\n") end

local function find(name)
  local names = commands()
  for _, n in ipairs(names) do
    if n == name then return require(PREFIX .. name) end
  end
  local near = nearest(name, names)
  if fs.exists(name) then
    say(("%s is a file: tamis run %s"):format(name, name))
  else
    local more = near and ("; did you mean %s?"):format(near) or "; tamis help lists them"
    say(("unknown command %s%s"):format(name, more))
  end
end

local function is_set(args, option)
  for _, a in ipairs(args) do
    if a == option then return true end
    if a == "--" then return false end
  end
  return false
end

local function handler(err)
  if type(err) == "table" and err.trace then return err end
  local text = type(err) == "table" and err.message or tostring(err)
  return { message = text, trace = debug.traceback(text, 2) }
end

return function(args)
  local name = args[1]
  if name == "--version" or name == "-V" then
    io.stdout:write("tamis ", host.version, "\n")
    return 0
  end
  if name == nil or name == "--help" or name == "-h" then name = "help" end
  local rest = table.pack(table.unpack(args, 2))
  if is_set(rest, "--help") then rest, name = { n = 1, name }, "help" end
  local command = find(name)
  if not command then return USAGE end
  local ok, status = xpcall(command.run, handler, rest, {})
  if ok then return status or 0 end
  if core.interrupted() then
    say "interrupted"
    return INTERRUPTED
  end
  say(is_set(rest, "--trace") and status.trace or fault(status))
  return FAILED
end
