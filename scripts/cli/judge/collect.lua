--- collect: brings the answers of batches into the cache (judge/batch/collect.lua), for the run that sent them.

local cache = require "judge.ask.cache"
local collect = require "judge.batch.collect"
local config = require "judge.server.config"
local fs = require "fs"
local json = require "json"
local options = require "cli.options"
local screen = require "report.screen"
local tell = require "judge.tell"

local command = {
  summary = "brings the answers of batches (mode = \"batch\") into the cache; run again, the recipe uses them",
  usage = "[RECIPE] [--cache PATH] [--wait] [--cancel] [--json]",
  options = {
    { "RECIPE", "whose cache: .tamis/judge.db beside it (default: that of this folder)" },
    { "--cache PATH", "the cache file itself; a copy of it on another machine will do" },
    { "--wait", "asks again, with growing pauses, until every batch has ended" },
    { "--cancel", "has the provider stop; what it has done by then is kept and paid, and a batch that cannot be had"
      .. " any more is given up" },
    { "--allow-host URL", "a server that only the recipe names", "list" },
    { "--json", "one JSON object" },
  },
  notes = {
    "Status 0: nothing is out any more. Status 1: something still is, or could not be had. A run with mode = \"batch\""
      .. " that has rows out ends with status 1 too, since nothing was published.",
    "Rows without an answer (expired, canceled, failed, missing) are sent again by the next run; after"
      .. " three such returns they end as failed. To judge the rest at once, at full price: tamis run RECIPE"
      .. " --set judge.mode=sync.",
  },
  examples = { "tamis judge collect recipe.lua --wait && tamis run recipe.lua", "tamis judge collect --cancel" },
}

local DEFAULT = "/.tamis/judge.db"

-- What a batch brought, in the order in which it is told.
local KINDS = { { "answer", "answers" }, { "refusal", "refusals" }, { "unparsed", "unreadable" },
                { "cut", "cut off at max_tokens" }, { "too_long", "too long" }, { "refused", "refused" },
                { "failed", "failed" }, { "trouble", "not worked on" }, { "expired", "expired" },
                { "canceled", "canceled" }, { "missing", "missing" } }
local ODD = { { "unknown", "lines of rows that are not ours" }, { "twice", "lines that stand twice" },
              { "long", "lines too long to be a rating" } }

local function brought(what)
  local parts = {}
  for _, list in ipairs { KINDS, ODD } do
    for _, kind in ipairs(list) do
      local n = what[kind[1]] or 0
      if n > 0 then parts[#parts + 1] = ("%s %s"):format(screen.number(n), kind[2]) end
    end
  end
  return table.concat(parts, ", ")
end

local function line(b, what)
  local text = ("%s (%s, %s, %s): %s"):format(b.id or "a batch", b.provider, b.model, screen.count(b.nrows, "row"),
    what.state)
  if what.out or what.void then return text end
  return ("%s: %s; $%s"):format(text, brought(what), tell.dollars(what.cost))
end

local function cache_path(o, places)
  if o.cache then return o.cache end
  local recipe = places[1]
  return (recipe and (recipe:match "^(.*)/[^/]*$" or ".") or ".") .. DEFAULT
end

-- The sums of all batches that came in.
local function add(sums, what)
  for _, kind in ipairs(KINDS) do sums[kind[1]] = (sums[kind[1]] or 0) + (what[kind[1]] or 0) end
  sums.batches, sums.cost = sums.batches + 1, sums.cost + (what.cost or 0)
end

local function show_sums(sums, path, out)
  if sums.batches == 0 and sums.out == 0 then return out("no batch is out: " .. path) end
  if sums.batches > 0 then
    local free = 0
    for i = 3, #KINDS do free = free + (sums[KINDS[i][1]] or 0) end
    out(("%s, %s, for $%s"):format(screen.count(sums.answer or 0, "answer"), screen.count(sums.refusal or 0, "refusal"),
      tell.dollars(sums.cost)))
    if free > 0 then
      out(("%s came back without: the next run asks again where that may help"):format(screen.count(free, "row")))
    end
  end
  if sums.out > 0 then out(("%s still out"):format(screen.count(sums.out, "batch is", "batches are"))) end
  if sums.out == 0 then out "all have ended: start the run once more" end
end

function command.run(args, out)
  local o, places = options.read(args, command.options)
  if not o then return 2, places end
  if #places > 1 then return 2, "expected one recipe; usage: tamis judge collect " .. command.usage end
  local path = cache_path(o, places)
  if not fs.exists(path) then return 1, ("there is no cache at %s"):format(path) end
  local settings, err = config.read()
  if not settings then return 1, err end
  local kept <close>, bad = cache.open(path)
  if not kept then return 1, bad end
  local say = o.json and function() end or out
  local c <close> = collect.new(kept, { config = settings, allow_hosts = o.allow_host, tell = say, give_up = o.cancel })
  local lock <close>, busy = c.store:lock()
  if not lock then return 1, busy end
  local sums = { batches = 0, cost = 0 }
  local function told(b, what)
    if not what.out then add(sums, what) end
    say(screen.clean(line(b, what)))
  end
  local all = o.wait and c.wait or c.all
  sums.out, err = all(c, { cancel = o.cancel }, told)
  if not sums.out then return err == "interrupted" and 130 or 1, err end
  if o.json then out(screen.json(json.encode(sums, "  "))) else show_sums(sums, path, say) end
  return sums.out == 0 and 0 or 1
end

return command
