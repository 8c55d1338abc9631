--- reach: the rows of another set that no training row is near, by the vectors of an embed stage.

local coverage = require "coverage"
local file = require "embed.file"
local json = require "json"
local sources = require "embed.sources"

local reach = {}

local SHOWN = 160   -- bytes of a query's text that the report shows

local function cut(s)
  s = s:gsub("%s+", " ")
  if #s <= SHOWN then return s end
  return s:sub(1, (utf8.offset(s, 0, SHOWN + 1) or SHOWN + 1) - 1) .. "…"
end

local function same_fields(a, b)
  local of, n = {}, 0
  for _, name in ipairs(a) do of[name] = true end
  for _, name in ipairs(b) do
    if not of[name] then return false end
    n = n + 1
  end
  return n == #a
end

local function with_fields(p, fields)
  local out = {}
  for k, v in pairs(p) do out[k] = v end
  out.fields = fields
  return out
end

--- The vectors of both sides.
-- @param given  the file of the other side's vectors, where the embed stage has one; else nil
-- @return  { made, theirs }; or nil, a sentence, and whether it is a note only
function reach.vectors(view, other, given, p, ctx)
  local made, err = sources.vectors(view, p)
  if not made then return nil, err, p.embedding == "" end
  local entry
  entry, err = sources.entry(p, ctx)
  if not entry then return nil, err end
  if entry.params.file then
    if not given then
      return nil, ("vectors from a file know no other rows: %s = \"FILE.npy\" gives those of these"):format(
        p.vectors_param), true
    end
    local theirs, info = file.make(other, { file = given, storage = entry.params.storage, array = entry.params.array },
      ctx)
    if not theirs then return nil, info end
    return { made = made, theirs = theirs }
  end
  local same = same_fields(entry.params.fields, p.fields)
  if sources.name(entry.params) == "endpoint" and not same then
    local line = 'the vectors of %s are of %s; its provider would be asked for all again: give it fields = { "%s" }'
    local theirs, ours = table.concat(entry.params.fields, " and "), table.concat(p.fields, '", "')
    return nil, line:format(entry.name, theirs, ours), true
  end
  local params = with_fields(entry.params, p.fields)
  local theirs
  theirs, err = sources.again(other, params, ctx, made)
  if not theirs then return nil, err end
  if not same then
    made, err = sources.again(view, params, ctx, made)
    if not made then return nil, err end
  end
  return { made = made, theirs = theirs }
end

local function place(view, n)
  local row = view:row(n)
  return { source = row.source, line = row.line }
end

--- @param both  reach.vectors' of the two
-- @return  figures; or nil and a sentence
function reach.of(view, other, both, p, ctx)
  local made = both.made
  local ask = { bound = p.near, share = p.near_share, own = p.sample, seed = ctx.seed }
  local found, err = coverage.reach(view, made, other, both.theirs, ask, ctx.pool)
  if not found then return nil, err end
  local out = { embedding = made:name(), meaning = made:meaning(), base = found.base, queries = found.queries,
                bound = found.bound, given = p.near ~= nil, mean = found.mean, p10 = found.p10, p50 = found.p50,
                own_p50 = found.own_p50, far = found.far, without = (other:counts()) - found.queries,
                top = json.array {}, topics = json.array {} }
  -- a row of which the embedding knows no word is near nothing
  local rows = found.queries + out.without
  out.share = rows > 0 and (found.far + out.without) / rows or 0
  for i, t in ipairs(found.rows) do
    if i > p.top then break end
    out.top[i] = { cosine = t.cosine, at = place(other, t.row), nearest = place(view, t.nearest),
                   text = cut(other:field(t.row, p.fields[1]) or "") }
  end
  local of = {}
  for _, t in ipairs(found.rows) do
    local topic = other:key(t.row, p.by)
    if topic ~= nil then of[tostring(topic)] = (of[tostring(topic)] or 0) + 1 end
  end
  for name, n in pairs(of) do out.topics[#out.topics + 1] = { name = name, far = n } end
  table.sort(out.topics, function(a, b)
    if a.far ~= b.far then return a.far > b.far end
    return a.name < b.name
  end)
  return out
end

return reach
