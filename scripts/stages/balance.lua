--- balance: how many rows of each group there are, a topic say: at most so many, so many that the shares are those
-- asked for or those of production, or all, with weights in place of copies.
-- Which rows stay is a matter of the recipe's seed and each row's bytes, of a score, or of how far rows lie apart; so
-- the same rows stay on every machine; rows of trusted sources stay first. Rows of no group (`unknown`) are left
-- alone by caps, unless a table names them.

local balanced = require "report.balanced"
local beside = require "run.beside"
local caps = require "balance.caps"
local cells = require "balance.cells"
local choice = require "balance.choice"
local importance = require "balance.importance"
local match = require "balance.match"
local named = require "balance.named"
local score = require "balance.score"
local screen = require "report.screen"
local sources = require "embed.sources"
local target = require "balance.target"
local told = require "balance.told"
local vectors = require "vectors"
local weights = require "balance.weights"

local UNTRIED = "%s: not tried: no row has a %s yet, since nothing is spent here"
local NONE_STAYS = "no row would stay: none is of a group that %s"
local ONE_OF = "it needs one of max, target, match, weights and min"

--- What is wrong with the parameters together; nil if nothing is.
local function fault(p)
  local nkeys, ways = #cells.keys(p.by), {}
  for _, name in ipairs { "max", "target", "match" } do
    if p[name] ~= nil then ways[#ways + 1] = name end
  end
  if #ways == 0 and p.weights == nil and p.min == nil then return ONE_OF end
  if #ways > 1 then return ("it has both %s and %s: one of them"):format(ways[1], ways[2]) end
  if math.type(p.min) and math.type(p.max) and p.min > p.max then
    return ("min = %s is above max = %s: no group could have so many rows"):format(p.min, p.max)
  end
  if p.min ~= nil and (p.target or p.match) then
    return ("min goes without %s, which tells by itself what is missing"):format(ways[1])
  end
  if p.n and not (p.target or p.match) then return "n goes with target or match" end
  if p.method ~= "topic" and not p.match then return 'method = "importance" goes with match' end
  if #ways == 0 and p.keep ~= "random" then return ("keep = %q goes with max, target or match"):format(p.keep) end
  if p.method == "importance" then
    if not p.n then return 'method = "importance" needs n, the rows to keep' end
    if p.keep ~= "random" then return ('keep = %q goes with groups, not with method = "importance"'):format(p.keep) end
  end
  return beside.fault(p.match, "match") or p.max ~= nil and caps.fault(p.max, nkeys)
    or p.target and target.fault(p.target, nkeys) or p.weights ~= nil and weights.fault(p.weights, nkeys)
    or cells.is_table(p.min) and cells.fault(p.min, nkeys, "min", function(v)
      return not (type(v) == "number" and v >= 0) and "a number of rows, at least 0" or nil
    end) or choice.fault(p) or nil
end

--- Did an earlier stage that may cost money set nothing, since nothing may be spent?
local function untried(view, ctx)
  for _, e in ipairs(ctx.paid and ctx.paid.estimate and ctx.before() or {}) do
    if e.stage == "embed" and not vectors.of(view, e.name) then return true end
    if e.stage == "judge" and e.params.provider ~= "file" then return true end
  end
  return false
end

--- A sentence where a group is wanted to have more rows than it may keep.
local function clash(list, most, p, ctx)
  for i, cell in ipairs(p.min ~= nil and list or {}) do
    local wanted = cells.ask(p.min, cell, ctx)
    if wanted and most[i] and wanted > most[i] then
      return ("min of %s is %s, above its max of %s"):format(cell.name, screen.number(wanted), screen.number(most[i]))
    end
  end
end

--- How many rows of which groups stay.
-- @return  { bins, most, reason }, what of a target is told; nil, {} and a note where all stay; false and a message
local function quota_of(view, list, p, ctx)
  local all = view:counts()
  if p.max ~= nil then
    local q, err = caps.quota(list, p, ctx)
    err = err or clash(list, q.most, p, ctx)
    return not err and q, err or {}
  end
  local bins, of, sample
  if not (p.target or p.match) or #list == 0 then return nil, {} end
  local known = named.known(list)
  if not known and untried(view, ctx) then return nil, {}, UNTRIED:format(ctx.name, cells.label(p.by)) end
  if p.match and not known then return false, named.keyless(view, p.by, nil, ctx) end
  if p.target then
    local wrong = known and target.misnamed(list, p.target, p)
    if wrong then return false, wrong end
    bins, of = target.bins(list, p.target)
  elseif p.match then
    bins, of, sample = match.bins(list, p, ctx)
    if not bins then return false, of end
  end
  local quotas = target.quotas(bins, p.n, all)
  if quotas.n == 0 then
    return false, known and NONE_STAYS:format(p.match and "production has" or "target names")
      or named.keyless(view, p.by, nil, ctx)
  end
  return target.quota(bins, of), { bins = bins, of = of, quotas = quotas, sample = sample,
    from = sample and "production" or "the target",
    why = ("for %d rows in the shares of %s"):format(quotas.all, sample and "production" or "the target") }
end

--- Notes what each cell would have to have.
local function want(list, p, ctx)
  if p.min == nil then return end
  for _, cell in ipairs(list) do cell.wanted = cells.ask(p.min, cell, ctx) or nil end
end

--- The rows that stay.
-- @return  the view with the verdicts (none: the same), what of a target is told, notes; or nil and a message
local function thin(view, groups, list, p, ctx)
  if p.method == "importance" then return importance.choose(view, p, ctx) end
  local q, t, note = quota_of(view, list, p, ctx)
  if q == false then return nil, t end
  if not q then return view, t, { note } end
  local child, by, notes = choice.rank(view, p, ctx)
  if not child then return nil, by end
  local verdicts, err = groups:choose { bins = q.bins, most = q.most, reason = q.reason, seed = ctx.seed,
                                        number = by.number, vectors = by.vectors, pool = ctx.pool }
  if not verdicts then return nil, err end
  child, err = child:apply(ctx.name, verdicts)
  if not child then return nil, err end
  t.most = q.most
  return child, t, notes
end

local function weigh(child, groups, list, p, ctx)
  local counts = {}
  for i, cell in ipairs(list) do counts[i] = cell.after end
  local each, w = weights.of(list, counts, p, ctx)
  if not each then return nil, w end
  for i, cell in ipairs(list) do cell.weight = each[i] end
  local weighed, err = groups:weigh(child, each, ctx.name .. ".weight")
  return weighed, weighed and w or err
end

local PLAIN = { type = { "number", "table", "function" },
                of = { type = { "number", "boolean", "table" }, min = 0, words = caps.WORDS } }

return {
  name    = "balance",
  scope   = "corpus",
  doc     = "keep at most so many rows of each group, or so many that their shares are those of a target or of "
            .. "production; or weigh the rows instead; how far off they are is told in bits: Jensen-Shannon, and "
            .. "KL(wanted || rows)",
  params  = {
    by  = { type = { "string", "list" }, default = "topic", least = 1, of = { type = "string" },
            words = 'a name, or a list of up to four such as { "topic", "created_at:month" }',
            doc = "annotation, path of the row or attribute of its source that tells the group; of a date its :day, "
              .. ":month, :quarter or :year; `source` is the file. Several: each pair of values is a group" },
    max = { type = PLAIN.type, of = PLAIN.of,
            words = 'a number of rows, at least 0; a table by group, such as { billing = 500, ["*"] = 200 };'
                    .. ' or function(group, count)',
            doc = "most rows of a group: a number; a table by group, [\"*\"] for the other groups; or"
                  .. " function(group, count). Rows of no group all stay, unless a table names them:"
                  .. " { unknown = 200, [\"*\"] = 500 }. Of two keys a table of tables, and function(a, b, count)" },
    keep = { type = "enum", default = "random", values = { "random", "best", "diverse" },
             doc = "which rows of a group stay: random: by the seed; best: the highest by `score`; diverse: each the "
               .. "farthest from those before it (needs an embed stage)" },
    score = score.param 'with keep = "best"',
    embedding = sources.param,
    target = { type = "table", of = { type = { "number", "table" }, min = 0, max = 1 },
               doc = "shares of groups that add up to 1: { billing = 0.3, login = 0.5, [\"*\"] = 0.2 }. Groups that it "
                 .. "does not name go; rows of no group are `unknown`" },
    match = { type = { "string", "table" }, words = 'a file, or { "production.jsonl", fields = { input = "query" } }',
              doc = "a sample of production queries: the groups get its shares (method)" },
    method = { type = "enum", default = "topic", values = { "topic", "importance" },
               doc = "with match: by the shares of the groups, or by the likeness of each row's words to the sample's "
                 .. "(importance resampling)" },
    n = { type = "integer", min = 1, doc = "rows to keep in all, with target or match; where a group has too few, all "
          .. "it has. If absent, as many as meet the shares without a copy" },
    fields = { type = "list", least = 1, default = { "input" },
               of = { type = "enum", values = { "system", "input", "output", "alternative", "assistant" } },
               doc = 'with method = "importance": the text whose words count' },
    buckets = { type = "integer", default = 10000, min = 16, max = 1 << 24,
                doc = 'with method = "importance": words and pairs of words are counted in so many' },
    min = { type = { "integer", "table", "function" }, min = 0, of = { type = { "integer", "table" }, min = 0 },
            words = "a number of rows, a table by group or function(group, count)",
            doc = "rows wanted of each group: no row is made, but what is missing is told" },
    weights = { type = { "string", "table", "function" },
                words = '"inverse", a table by group or function(group, count)',
                doc = "a number a row, by its group, for `export` to write: inverse to the group's rows, or given; "
                  .. "their mean is 1 at this stage" },
    max_ratio = { type = "number", default = 10, min = 1,
                  doc = "the largest weight is at most so many times the smallest" },
  },
  example = [[s.balance { by = "topic", max = 500 }]],
  reasons = { "over_cap", "over_target", "off_target" },
  metrics = { "rank", "weight" },
  blames  = { over_cap = "max", over_target = false, off_target = false },
  check   = fault,
  complete = choice.complete,
  blocks  = balanced.said,

  ready = function(p, ctx)
    if p.match then
      local path, err = ctx.find(type(p.match) == "table" and p.match[1] or p.match)
      if not path then return nil, err end
    end
    return choice.ready(p, ctx)
  end,

  run = function(view, p, ctx)
    local groups, list = cells.make(view, p.by, ctx.pool)
    if not groups then return nil, list end
    local child, t, notes = thin(view, groups, list, p, ctx)
    if not child then return nil, t end
    for i, count in ipairs(groups:counts(child)) do list[i].after = count end
    want(list, p, ctx)
    local weighed, w
    if p.weights ~= nil then
      weighed, w = weigh(child, groups, list, p, ctx)
      if not weighed then return nil, w end
    end
    local figures, more = told.of(list, t, w, p, ctx)
    table.move(more, 1, #more, #notes + 1, notes)
    more = named.notes(list, p, ctx)
    table.move(more, 1, #more, #notes + 1, notes)
    if p.max ~= nil then
      more = caps.notes(view, list, t.most, p, ctx)
      table.move(more, 1, #more, #notes + 1, notes)
    end
    return weighed or child, { notes = notes, figures = figures }
  end,
}
