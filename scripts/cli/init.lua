--- init: writes a commented recipe for these files.

local core = require "core"
local fs = require "fs"
local draft = require "init.draft"
local load = require "report.load"
local screen = require "report.screen"

local init = {
  summary = "write a commented recipe for these files",
  usage = "tamis init DATA… [--out recipe.lua]",
  options = {
    { "--out FILE", "write the recipe there instead of to stdout; an existing file is kept" },
    { "--name NAME", "the dataset's name (default: the first file's)" },
    { "--sample N", "look at the first N rows (default 200000)" },
    { "--threads N", "threads (default: one a processor)" },
  },
  examples = { "tamis init raw_2024.jsonl --out recipe.lua", "tamis init 'data/*.jsonl.gz' > recipe.lua" },
}

local function parse(args)
  local o, i = { paths = {}, sample = 200000, threads = 0 }, 1
  local text, whole = { ["--out"] = "out", ["--name"] = "name" }, { ["--sample"] = "sample", ["--threads"] = "threads" }
  while i <= #args do
    local a = args[i]
    local name, value = a:match("^(%-%-[%w-]+)=(.*)$")
    name = name or a
    if text[name] or whole[name] then
      if value == nil then i, value = i + 1, args[i + 1] end
      if value == nil then return nil, name .. " needs a value" end
      if whole[name] then
        local n = math.tointeger(tonumber(value))
        if not n or n < 1 or n > 1 << 40 then return nil, ("%s needs a whole number from 1, got %s"):format(name, value) end
        o[whole[name]] = n
      else
        o[text[name]] = value
      end
    elseif a:sub(1, 1) == "-" and a ~= "-" then return nil, ("unknown option %s; usage: %s"):format(a, init.usage)
    else o.paths[#o.paths + 1] = a end
    i = i + 1
  end
  if #o.paths == 0 then return nil, "which data? usage: " .. init.usage end
  return o
end

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

function init.run(args, env)
  local o, message = parse(args)
  if not o then return fail(2, message) end
  if o.out and fs.exists(o.out) then return fail(2, o.out .. " is there already: choose another name for --out") end
  local paths, missing = load.paths(o.paths)
  if not paths then return fail(1, missing) end
  local pool <close> = core.pool(o.threads)
  local view, looks = load.view(paths, { pool = pool, limit = o.sample })
  if not view then return fail(1, looks) end
  local recipe, err = draft.recipe(view, looks, { pool = pool, name = o.name, limit = o.sample })
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
