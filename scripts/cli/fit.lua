--- fit: models of your own data, for the stages that take one. Each kind is a file of scripts/fit:
--   { summary, usage, options, notes, examples (all as a command has them), mode (of the file, 0644 if nil),
--     run = function(places, o, out) return bytes end }
-- run checks `places` and the options, says what it found with out(line), and returns the model's bytes; or nil, a
-- sentence and the exit status (1 if left out). It may return false: all was said, there is nothing to write.

local fs = require "fs"
local host = require "host"
local nearest = require "nearest"
local options = require "cli.options"
local screen = require "report.screen"

local PREFIX = "fit."
local FAILED, USAGE = 1, 2

local COMMON = {
  { "--out FILE", "write the model to this file" },
  { "--replace", "over a file that is there already" },
  { "--seed N", "of every draw and order (default 42)", "count" },
}
local SEED = 42

local function kinds()
  local out = {}
  for _, name in ipairs(host.scripts(PREFIX)) do out[#out + 1] = name:sub(#PREFIX + 1) end
  return out
end

local function options_of(kind)
  local out = table.move(kind.options or {}, 1, #(kind.options or {}), 1, {})
  return table.move(COMMON, 1, #COMMON, #out + 1, out)
end

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local fit = {
  usage = "tamis fit KIND FILE… [--out FILE] [--replace] [--seed N]",
  options = table.move(COMMON, 1, #COMMON, 1, {}),
  notes = {},
  examples = {},
}

local words = {}
for i, name in ipairs(kinds()) do
  local kind = require(PREFIX .. name)
  words[i] = name
  table.insert(fit.options, { name, kind.summary })
  for _, o in ipairs(kind.options or {}) do table.insert(fit.options, { ("%s: %s"):format(name, o[1]), o[2] }) end
  for _, note in ipairs(kind.notes or {}) do table.insert(fit.notes, ("%s: %s"):format(name, note)) end
  table.move(kind.examples or {}, 1, #(kind.examples or {}), #fit.examples + 1, fit.examples)
end
fit.summary = "fit a model of your own data for a stage: " .. table.concat(words, ", ")

local function unknown(name)
  local list = table.concat(kinds(), " or ")
  if not name then return fail(USAGE, ("expected a kind of model, %s; usage: %s"):format(list, fit.usage)) end
  local near = nearest(name, kinds())
  return fail(USAGE, ("fit has no kind %s, expected %s%s"):format(name, list,
    near and ("; did you mean %s?"):format(near) or ""))
end

local function find(name)
  for _, k in ipairs(kinds()) do
    if k == name then return require(PREFIX .. k) end
  end
end

function fit.run(args)
  local kind = find(args[1])
  if not kind then return unknown(args[1]) end
  local o, places = options.read({ table.unpack(args, 2) }, options_of(kind))
  if not o then return fail(USAGE, places) end
  if o.out and fs.exists(o.out) and not o.replace then
    return fail(USAGE, ("%s is there already: give another --out, or --replace"):format(o.out))
  end
  o.seed = o.seed or SEED
  local bytes, err, status = kind.run(places, o, function(line) io.stdout:write(screen.clean(line), "\n") end)
  if bytes == nil then return fail(status or FAILED, err) end
  if not bytes or not o.out then return 0 end
  local ok, wrong = fs.write(o.out, bytes, kind.mode)
  if not ok then return fail(FAILED, wrong) end
  io.stdout:write(screen.clean(("%s: %s bytes"):format(o.out, screen.number(#bytes))), "\n")
  return 0
end

return fit
