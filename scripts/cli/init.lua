--- init: writes a commented recipe for these files.

local core = require "core"
local fs = require "fs"
local draft = require "init.draft"
local load = require "report.load"
local options = require "cli.options"
local screen = require "report.screen"

local SAMPLE = 200000

local init = {
  summary = "write a commented recipe for these files",
  usage = "tamis init DATA… [--out recipe.lua]",
  options = {
    { "--out FILE", "write the recipe there instead of to stdout; an existing file is kept" },
    { "--name NAME", "the dataset's name (default: the first file's)" },
    { "--sample N", "look at the first N rows (default 200000)", "count" },
    { "--threads N", "threads (default: one a processor)", "count" },
  },
  examples = { "tamis init raw_2024.jsonl --out recipe.lua", "tamis init 'data/*.jsonl.gz' > recipe.lua" },
}

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local function folder_of(path) return path:match "^(.*)/[^/]*$" or "." end

function init.run(args, env)
  local o, places = options.read(args, init.options)
  if not o then return fail(2, places) end
  if #places == 0 then return fail(2, "which data? usage: " .. init.usage) end
  local limit = o.sample or SAMPLE
  if o.out and fs.exists(o.out) then return fail(2, o.out .. " is there already: choose another name for --out") end
  local paths, missing = load.paths(places)
  if not paths then return fail(1, missing) end
  local pool <close> = core.pool(o.threads or 0)
  local view, looks = load.view(paths, { pool = pool, limit = limit })
  if not view then return fail(1, looks) end
  local recipe, err = draft.recipe(view, looks, {
    pool = pool, name = o.name, limit = limit, folder = o.out and folder_of(o.out) })
  if not recipe then return fail(1, err) end
  if not o.out then
    (env and env.write or function(t) io.stdout:write(t) end)(recipe)
    return 0
  end
  local ok, failure = fs.write(o.out, recipe)
  if not ok then return fail(1, failure) end
  io.stderr:write(("wrote %s; next: tamis run %s\n"):format(screen.clean(o.out), screen.clean(o.out)))
  return 0
end

return init
