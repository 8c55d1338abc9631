--- gold: candidates for a gold set, and the freezing of one.

local core = require "core"
local diverse = require "gold.diverse"
local fs = require "fs"
local load = require "report.load"
local lock = require "gold.lock"
local options = require "cli.options"
local pick = require "label.pick"
local run = require "report.run"
local screen = require "report.screen"

local gold = {
  summary = "draw candidates for a gold set, and freeze one",
  usage = "tamis gold sample RUN|FILE… [--n N] [--out FILE] | tamis gold freeze FILE [--recipe RECIPE]",
  options = {
    { "sample RUN|FILE…", "rows from every stratum, inside one those farthest from each other, as JSONL" },
    { "--n N", "how many (default 300)", "count" },
    { "--by KEY", "the strata: topic, source or an annotation (default: the topic if there is one)" },
    { "--of WHICH", "kept, rejected or all rows of the run (default: kept)" },
    { "--seed N", "another draw (default 42)", "count" },
    { "--out FILE", "into this new file (default: stdout)" },
    { "--format NAME", "read the files as this format (default: found)" },
    { "freeze FILE", "record the file's SHA-256 in gold.lock beside it" },
    { "--recipe RECIPE", "record it beside this recipe instead" },
  },
  notes = {
    "A run that finds a frozen gold file changed stops with exit status 2. To change a gold set on purpose, change"
      .. " the file and freeze it again; keep gold.lock in version control, so that the change shows.",
    "Candidates become a gold set once people have labelled them: tamis gold sample, tamis label, tamis agree, then"
      .. " tamis label --export --at-least 4, take _label away if you like, tamis gold freeze.",
  },
  examples = {
    "tamis gold sample curated/helpdesk_v1/latest --n 300 --out candidates.jsonl",
    "tamis gold freeze gold.jsonl",
  },
}

local DEFAULT_N, DEFAULT_SEED = 300, 42
local POOL = 8             -- candidates a row drawn: enough to choose from, few enough to compare all
local FILE_MODE = 384      -- octal 0600

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

-- What is drawn from: items of a larger stratified sample, in strata.
local function candidates(places, o)
  local how = { n = o.n * POOL, seed = o.seed, by = o.by, of = o.of or "kept", pool = o.pool, format = o.format }
  if #places == 0 or #places == 1 and pick.is_run(places[1]) then
    local dir, err = run.find(places[1])
    if not dir then return nil, err end
    local r
    r, err = run.open(dir)
    if not r then return nil, err end
    r.pool = o.pool
    local items
    items, err = pick.run(r, how)
    return items, err, r
  end
  local paths, missing = load.paths(places)
  if not paths then return nil, missing end
  return pick.files(paths, how)
end

local function text_of(item, r)
  local t = pick.text(item, r)
  local fields = t.fields or {}
  return (fields.input or t.raw or "") .. "\n" .. (fields.output or "")
end

-- Of each stratum its share, far apart.
local function choose(items, n, r)
  local names, of = {}, {}
  for _, item in ipairs(items) do
    if not of[item.stratum] then
      of[item.stratum], names[#names + 1] = {}, item.stratum
    end
    table.insert(of[item.stratum], item)
  end
  table.sort(names)
  local sizes, out = {}, {}
  for i, name in ipairs(names) do sizes[i] = #of[name] end
  for i, quota in ipairs(require "label.strata".quotas(sizes, n)) do
    local list, texts = of[names[i]], {}
    for k, item in ipairs(list) do texts[k] = text_of(item, r) end
    for _, k in ipairs((diverse.choose(texts, quota))) do out[#out + 1] = list[k] end
  end
  return out, #names
end

local function sample(places, o)
  if o.out and fs.exists(o.out) then return fail(2, o.out .. " is there already: a gold set is not overwritten") end
  o.n, o.seed = o.n or DEFAULT_N, o.seed or DEFAULT_SEED
  local pool <close> = core.pool(0)
  o.pool = pool
  local items, err, r = candidates(places, o)
  if not items then return fail(1, err) end
  local chosen, strata = choose(items, o.n, r)
  local objects, bad = pick.objects(chosen, r)
  if not objects then return fail(1, bad) end
  if r then r:close() end
  local lines = {}
  for _, item in ipairs(chosen) do
    if objects[item.key] then lines[#lines + 1] = objects[item.key] .. "\n" end
  end
  if not o.out then
    local bytes = table.concat(lines)
    io.stdout:write(fs.isatty(1) and screen.json(bytes) or bytes)
    return 0
  end
  local ok, wrong = fs.write(o.out, table.concat(lines), FILE_MODE)
  if not ok then return fail(1, wrong) end
  io.stdout:write(("%s from %s in %s\n"):format(screen.count(#lines, "row"),
    screen.count(strata, "stratum", "strata"), screen.clean(o.out)))
  return 0
end

local function freeze(places, o)
  if #places ~= 1 then return fail(2, "expected one file; usage: " .. gold.usage) end
  local path = places[1]
  local st, err = fs.stat(path)
  if not st then return fail(1, err) end
  if st.type ~= "file" then return fail(2, path .. " is no file") end
  if o.recipe and not fs.exists(o.recipe) then return fail(1, "cannot find " .. o.recipe) end
  local beside = o.recipe or path
  local entry, where, before = lock.freeze(path, beside:match "^(.*)/[^/]*$" or ".")
  if not entry then return fail(1, where) end
  local was = before and before.sha256 ~= entry.sha256 and (", was " .. before.sha256:sub(1, 12)) or ""
  io.stdout:write(screen.clean(("%s is frozen in %s: SHA-256 %s%s"):format(path, where, entry.sha256:sub(1, 12), was)),
    "\n")
  return 0
end

function gold.run(args)
  local o, places = options.read(args, gold.options)
  if not o then return fail(2, places) end
  local what = table.remove(places, 1)
  if what == "sample" then return sample(places, o) end
  if what == "freeze" then return freeze(places, o) end
  return fail(2, ("%s: expected sample or freeze; usage: %s"):format(what or "gold", gold.usage))
end

return gold
