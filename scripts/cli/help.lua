--- help: every command, stage and native module, from the tables that validate them.

local catalogue = require "help.catalogue"
local fs = require "fs"
local nearest = require "nearest"
local pages = require "help.pages"
local screen = require "report.screen"

local help = {
  summary = "every command, stage, module and format",
  usage = "tamis help [TOPIC…] [--markdown]",
  options = {
    { "TOPIC", "a command, a stage, near_dedup.threshold, a module, text.tokens, a format, a preset; or one of "
               .. table.concat(catalogue.LISTS, ", ") },
    { "--markdown", "the reference of all stages as the README has it" },
  },
  examples = { "tamis help near_dedup", "tamis help run", "tamis help pii.action" },
}

local NEAR = 3   -- names that are offered for a misspelt one

-- The nearest names, the best first.
local function near(topic)
  local names, out = catalogue.names(), {}
  for _ = 1, NEAR do
    local name = nearest(topic, names)
    if not name then break end
    out[#out + 1] = ('"%s"'):format(name)
    for i = #names, 1, -1 do if names[i] == name then table.remove(names, i) end end
  end
  return out
end

local function fail(message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return 2
end

local function unknown(topic)
  local names = near(topic)
  local more = "; tamis help lists what there is"
  if #names > 0 then more = "; did you mean " .. table.concat(names, " or ") .. "?" end
  return fail(('no help for "%s"%s'):format(topic, more))
end

-- Does the page of a command tell of this too, as of `fit` its kind lm?
local function told_with(topic, word)
  for _, c in ipairs(catalogue.commands()) do
    for _, o in ipairs(c.name == topic and c.options or {}) do
      if o[1] == word then return true end
    end
  end
  return false
end

function help.run(args, env)
  local out = env and env.out or function(line) io.stdout:write(line, "\n") end
  local s = screen.new { tty = fs.isatty(1), width = fs.width(1) }
  local topics, markdown = {}, false
  for _, a in ipairs(args) do
    if a == "--markdown" then markdown = true
    elseif a:sub(1, 1) == "-" then return fail(("unknown option %s; usage: %s"):format(a, help.usage))
    else topics[#topics + 1] = a end
  end
  if markdown then
    out(require "help.markdown".stages())
  elseif #topics == 0 then
    pages.overview(s, out)
  end
  for i, topic in ipairs(topics) do
    if i == 1 or not told_with(topics[i - 1], topic) then
      if i > 1 then out("") end
      if not pages.topic(s, topic, out) then return unknown(topic) end
    end
  end
  return 0
end

return help
