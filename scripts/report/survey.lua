--- survey: the figures of data files, or of a run folder.

local compose = require "report.compose"
local figures = require "report.figures"
local json = require "json"
local ledger = require "report.facts.ledger"
local load = require "report.load"
local screen = require "report.screen"
local trial = require "init.trial"

local survey = {}

local number = screen.number

local function faulty_reasons(view, out)
  for _, r in ipairs(view:reasons()) do
    local at = view:row(r.example)
    out[#out + 1] = { stage = r.stage, reason = r.reason, count = r.count, share = r.count / math.max(1, #view),
                      example = { place = ("%s:%d"):format(at.source, at.line) } }
  end
end

-- What deduplication would remove from files, with the stages' defaults.
local function would_repeat(view, pool)
  local standing = view:counts()
  if standing == 0 then return nil end
  local removed, v = {}, view
  for _, name in ipairs { "exact_dedup", "near_dedup" } do
    local after, _, n = trial.run(v, name, { pool = pool })
    if not after then return nil end
    removed[name], v = n, after
  end
  local total = removed.exact_dedup + removed.near_dedup
  return { would = true, exact = removed.exact_dedup, near = removed.near_dedup, count = total,
    share = total / standing }
end

local function sorted_names(set)
  local out = {}
  for name in pairs(set) do out[#out + 1] = name end
  table.sort(out)
  return out
end

--- The figures of data files.
-- @param paths  as load.paths gives them
-- @param o      pool, by, format, dedup = false leaves the search for copies out
-- @return  nil and a message if they cannot be read
function survey.files(paths, o)
  local view, looks = load.view(paths, { pool = o.pool, format = o.format })
  if not view then return nil, looks end
  local standing, rejected = view:counts()
  o.known = load.known(looks)
  local f = figures.of_views({ { view = view, as = "standing" } }, o)
  f.title = #paths == 1 and paths[1] or ("%d files"):format(#paths)
  f.kind, f.curated, f.filtered = "file", false, false
  if f.no_key then f.notices = json.array { figures.no_key(f.no_key, sorted_names(o.known or {})) } end
  f.no_key = nil
  f.rows = { read = #view, faulty = rejected, before = standing, after = standing }
  f.sources = json.array {}
  local bytes = 0
  for i, s in ipairs(view:sources()) do
    f.sources[i] = { path = s.path, kind = s.kind, generator = s.generator, format = s.format,
      format_reason = s.format_reason or looks[i].reason,
                     rows = s.rows, bytes = s.bytes, blank = s.blank }
    bytes = bytes + (s.bytes or 0)
  end
  f.about = { ("%s rows, %s, %s (%s)"):format(number(standing), screen.bytes(bytes), f.sources[1].format
    or "?", f.sources[1].format_reason or "as found") }
  f.reasons = json.array {}
  faulty_reasons(view, f.reasons)
  if o.dedup ~= false then
    f.duplicates = would_repeat(view, o.pool)
    if f.duplicates then
      f.about[#f.about + 1] = ("%s rows copy an earlier one exactly, %s more nearly")
        :format(number(f.duplicates.exact), number(f.duplicates.near))
    end
  end
  if f.leakage and f.leakage.row then
    local at = view:row(f.leakage.row)
    f.leakage.example, f.leakage.row = ("%s:%d"):format(at.source, at.line), nil
  end
  f.next = { "next: tamis init " .. paths[1] .. " > recipe.lua" }
  return f
end

--- The figures of a run folder.
function survey.run(dir, o)
  local facts, err = ledger.open(dir, o.pool)
  if not facts then return nil, err end
  local f = compose.run(facts, o)
  facts:close()
  return f
end

return survey
