--- lineage: the record that lets anyone repeat or audit a run.

local fs = require "fs"
local host = require "host"
local json = require "json"
local models = require "run.models"
local plan = require "plan"
local stats = require "stats"

local lineage = {}

local function list(t) return json.array(t) end

--- Each stage with the parameters that it ran with.
local function stages_of(p)
  local out = list {}
  for i, entry in ipairs(p.stages) do
    out[i] = { stage = entry.stage, name = entry.name, params = plan.plain(entry.params),
               at = entry.line > 0 and ("%s:%d"):format(entry.file, entry.line) or nil, inserted = entry.inserted }
  end
  return out
end

local function sources_of(view)
  local out = list {}
  for i, s in ipairs(view:sources()) do
    out[i] = { path = s.path, sha256 = s.sha256, bytes = s.bytes, rows = s.rows, blank = s.blank, kind = s.kind,
               generator = s.generator, trusted = s.trusted or nil, format = s.format, format_reason = s.format_reason,
               damage = s.damage, attributes = next(s.attributes or {}) and s.attributes or nil }
  end
  return out
end
lineage.sources_of = sources_of

local function recipe_files(files)
  local out = list {}
  for i, f in ipairs(files) do out[i] = { path = f.path, kind = f.kind, sha256 = f.sha256, text = f.text } end
  return out
end

--- Mean and quantiles of every stage's metric, over all rows that the stage measured.
-- @param columns  gets the columns by name, sorted as they are then: the report asks for them too
-- @param judges   the names of the judge stages, whose scores are told with the share under 3.0
local function distributions(view, columns, judges)
  local out = {}
  for _, name in ipairs(view:metric_names()) do
    local n = stats.metric(view, name)
    columns[name] = n
    if n and n:count() > 0 then
      out[name] = { count = n:count(), mean = n:mean(), median = n:median(), p25 = n:quantile(0.25),
                    p75 = n:quantile(0.75), min = n:min(), max = n:max(),
                    under_3 = judges[name:match "^(.*)%."] and n:below(3) or nil }
    end
  end
  return out
end

local function judges_of(p)
  local out = {}
  for _, entry in ipairs(p.stages) do out[entry.name] = entry.stage == "judge" or nil end
  return out
end

local function top_reasons(view, most)
  local out = list {}
  for i, r in ipairs(view:reasons()) do
    if i > most then break end
    out[i] = { stage = r.stage, reason = r.reason, count = r.count }
  end
  return out
end

local TOP_REASONS = 20

local function notes_of(run)
  local out = {}
  for i, note in ipairs(run.engine.notes) do out[i] = note end
  out[#out + 1] = run.no_gold
  return out
end

--- The whole record as plain data.
-- @param run  { id, plan, files, view, gold, engine, outputs, seconds, created_at, options }
function lineage.record(run)
  local kept, rejected, quarantined = run.view:counts()
  local stages = run.engine.stats
  local standing = stages[1] and stages[1].seen or kept   -- what reading left: it is the first of the counts
  local counts = list { { stage = "load", name = "load", seen = #run.view, removed = #run.view - standing,
                          kept = standing } }
  for i, s in ipairs(stages) do
    counts[i + 1] = { stage = s.stage, name = s.name, seen = s.seen, removed = s.removed, kept = s.seen - s.removed,
                      edited = s.edited or 0, revived = s.revived, seconds = s.seconds,
                      figures = run.engine.infos[s.name] }
  end
  local o = run.options
  run.columns = {}
  return {
    run_id = run.id,
    created_at = run.created_at,
    dataset_name = run.name,
    fingerprint = run.outputs.fingerprint,
    config = {
      seed = run.plan.seed, id = run.plan.id, stages = stages_of(run.plan), expect = run.plan.expect,
      sources = plan.plain(run.sources), gold = #run.plan.gold > 0 and plan.plain(run.plan.gold) or nil,
      set = o.set and #o.set > 0 and list(plan.plain(o.set)) or nil,
      skip = o.skip and #o.skip > 0 and list(o.skip) or nil,
      ["until"] = o["until"], limit = o.limit, sample = o.sample, args = o.args and next(o.args) and o.args or nil,
      trust = o.trust or nil, allow_damaged = o.allow_damaged or nil,
    },
    recipe = recipe_files(run.files),
    sources = sources_of(run.view),
    gold = run.gold and sources_of(run.gold) or nil,
    models = models.record(run.engine.models),
    stats = {
      stage_counts = counts, groups = run.engine.groups,
      top_rejection_reasons = top_reasons(run.view, TOP_REASONS),
      score_distribution = distributions(run.view, run.columns, judges_of(run.plan)),
      elapsed_seconds = run.seconds, cpu_seconds = run.cpu,
    },
    notes = list(notes_of(run)),
    final_count = kept,
    rejected_count = rejected,
    quarantined_count = quarantined,
    output_files = list(run.outputs.files),
    versions = lineage.versions(run.view),
  }
end

--- The program and what it is made of.
function lineage.versions()
  local out = { tamis = host.version, lua = _VERSION:match "%d.*" }
  for name, text in pairs(host.libraries()) do out[name] = text end
  return out
end

--- The previous run of a dataset: its lineage; nil if there is none.
function lineage.previous(parent)
  local text = fs.read(parent .. "/latest/lineage.json", 256 << 20)
  local record = text and json.decode(text)
  return type(record) == "table" and record or nil
end

return lineage
