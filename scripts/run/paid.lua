--- paid: what a run may do that costs money, from the options of the command line.

local fs = require "fs"

local paid = {}

local STDIN, STDERR = 0, 2

--- Asks a person; nil where there is none to ask.
local function confirm(question)
  io.stderr:write(fs.printable(question, true), ". Go on? [y/N] ")   -- a recipe names the model
  local answer = io.stdin:read "l"
  return answer ~= nil and answer:lower():match "^%s*y" ~= nil
end

--- @param o       the options: cache, allow_host, yes, retry_refused, quiet, json; estimate = nothing is asked
-- @param folder  the recipe's: where the cache lies by default
-- @param recipe  its name, under which the cache keeps pinned rows
function paid.of(o, folder, recipe)
  local person = not o.quiet and not o.json and fs.isatty(STDIN) and fs.isatty(STDERR)
  return { cache = o.cache, allow_hosts = o.allow_host, yes = o.yes, retry_refused = o.retry_refused,
           estimate = o.estimate, folder = folder, recipe = recipe, confirm = person and confirm or nil }
end

return paid
