--- runner: one run from a recipe and its sources to a published folder.
-- Every row read is kept, rejected or quarantined; the three are counted before anything is
-- published. Until the folder is renamed, a run that fails or is stopped leaves nothing.

local against = require "run.against"
local compose = require "report.compose"
local core = require "core"
local document = require "report.document"
local engine = require "run.engine"
local export = require "export"
local fault = require "run.fault"
local folder = require "run.folder"
local fs = require "fs"
local gold_gate = require "gold_gate"
local gold_lock = require "gold.lock"
local hash = require "hash"
local health = require "report.health"
local json = require "json"
local keys = require "run.keys"
local ledger = require "ledger"
local lineage = require "run.lineage"
local memory = require "report.facts.memory"
local near_index = require "neardup_index"
local open = require "recipe.open"
local paid = require "run.paid"
local page = require "report.html.page"
local plan = require "plan"
local revival = require "run.revival"
local screen = require "report.screen"
local sources = require "run.sources"

local runner = {}

local FAILED, BAD_RECIPE, INTERRUPTED = 1, 2, 130

--- nil, a sentence and the exit status; an interrupt wins over whatever it made fail.
local function failure(message, status)
  if core.interrupted() or message == "interrupted" then return nil, "interrupted", INTERRUPTED end
  return nil, message, status or FAILED
end

local NO_GOLD = "no gold set (--gold FILE): nothing is held back to measure the trained model on"

local function dataset_name(opened)
  if opened.plan.name then return opened.plan.name end
  local base = opened.path:match "([^/]*)$":gsub("%.[^.]*$", ""):gsub("[^%w_-]", "_")
  return base:find "^[%w_]" and base or "dataset"
end

runner.dataset_name = dataset_name

-- ---- reading ----

local function load_all(run, o)
  local p = run.plan
  if #p.sources == 0 then
    local message = '%s names no sources: add sources = { "raw.jsonl" }, or name files behind the recipe'
    return failure(message:format(run.path), BAD_RECIPE)
  end
  local list, err = sources.expand(p.sources, run.folder)
  if not list then return failure(err) end
  local _, missing = against.look(p, run.runs)
  if #missing > 0 then return failure(table.concat(missing, "\n")) end
  local gold
  gold, err = sources.expand(p.gold, run.folder)
  if not gold then return failure(err) end
  local frozen, changed = gold_lock.check_sources(gold, run.folder)
  if not frozen then return failure(changed, BAD_RECIPE) end
  if o.map_unknown then
    list, err = sources.look(list)
    if not list then return failure(err) end
  end
  run.sources = list
  if run.progress then run.progress:step "load" end
  local options = { pool = run.pool, id = p.id, limit = o.limit, max_line = o.max_line, allow_damaged = o.allow_damaged,
                    spool_dir = o.spool_dir }
  run.view, err = sources.load(list, options)
  if not run.view then return failure(err) end
  if run.progress then run.progress:count(#run.view) end
  if #gold > 0 then
    run.gold, err = sources.load(gold, { pool = run.pool, max_line = o.max_line, spool_dir = o.spool_dir })
    if not run.gold then return failure(err) end
  end
  return true
end

--- What the sources give cause to say.
local function add_notes(run)
  local notes = run.engine.notes
  for _, view in ipairs { run.view, run.gold } do
    for _, note in ipairs(sources.notes(view)) do notes[#notes + 1] = note end
  end
  if run.plan.id then notes[#notes + 1] = sources.id_note(run.view, run.plan.id) end
end

--- Puts --sample before all other stages.
local function add_sample(run, o)
  if not o.sample then return end
  local first = run.plan.stages[1]
  plan.insert(run.plan, first and first.stage == "decontaminate" and 2 or 1, "sample", { n = o.sample }, "--sample")
end

local function stage_of(p, name)
  for _, entry in ipairs(p.stages) do
    if entry.stage == name then return entry end
  end
end

-- ---- the last stage ----

--- The metric of the last stage that weighed the rows; nil: none did.
local function weights_of(run)
  local found
  for _, s in ipairs(run.engine.stats) do
    local figures = run.engine.infos[s.name]
    if s.stage == "balance" and figures and figures.weights then found = s.name .. ".weight" end
  end
  return found
end

--- What to include, but for the weight: it has a key of its own.
local function included(run, p, weighed)
  local out = {}
  for _, name in ipairs(p.include) do
    local annotation = name ~= p.weight or not weighed
    for _, known in ipairs(annotation and {} or keys.annotations(run.view)) do
      annotation = annotation or known == name
    end
    if annotation then out[#out + 1] = name end
  end
  return out
end

local function export_options(run)
  local entry = run.plan.stages[#run.plan.stages]
  local p = entry.params
  local splits, weighed = nil, weights_of(run)
  for _, name in ipairs(plan.sorted_keys(p.splits or {})) do
    splits = splits or {}
    splits[#splits + 1] = { name, p.splits[name] }
  end
  return {
    format = p.format, system = p.system, extra = p.extra, include = included(run, p, weighed), rejected = p.rejected,
    weight = p.weight ~= "" and p.weight or nil, weight_metric = weighed,
    own = require "formats.own",
    splits = splits, group = p.group, seed = run.plan.seed, pool = run.pool,
  }, entry
end

--- Rows that the asked format has no place for are rejected, like all others, before anything is written.
-- A row of the funnel where there are any.
local function check_export(run)
  local options, entry = export_options(run)
  local started, before = fs.clock(), (run.view:counts())
  local ok, verdicts, err = pcall(export.check, run.view, options)
  if not ok then
    local place = entry.line > 0 and ("%s:%d"):format(entry.file, entry.line) or "export"
    return nil, ("%s: %s"):format(place, fault(verdicts))
  end
  if not verdicts then return nil, err end
  local view
  view, err = run.view:apply(entry.name, verdicts)
  if not view then return nil, err end
  run.view, run.export = view, options
  local removed = before - (view:counts())
  if removed > 0 then
    local stats = run.engine.stats
    stats[#stats + 1] = { stage = entry.stage, name = entry.name, entry = entry, seen = before, removed = removed,
                          seconds = fs.clock() - started }
  end
  return true
end

runner.check_export = check_export

--- The last gate: no copy of a gold row may be written, whatever was skipped or edited.
local function refuse_gold(run)
  local export_entry, cleaned = run.plan.stages[#run.plan.stages], stage_of(run.plan, "decontaminate")
  local ok, looked = gold_gate.check { view = run.view, gold = run.gold, cleaned = cleaned, pool = run.pool,
                                       allow = export_entry.params.allow_gold, remedy = "let decontaminate run" }
  if ok and looked and not cleaned then
    local notes = run.engine.notes
    notes[#notes + 1] = "decontaminate was skipped: no kept row is a copy of a gold row; others near them may be"
  end
  return ok, looked
end

--- Makes the stages ready and loads the sources.
-- @param opened   what recipe/open gives
-- @param o        options of the command line
-- @param env      { pool, progress, own = the run's folder, if it is to have one }
-- @return  { plan, view, read = the same view, gold, engine, sources, … }; or nil, a sentence and the exit status
function runner.load(opened, o, env)
  local run = { plan = opened.plan, files = opened.files, path = opened.path, recipe = opened.recipe, options = o,
                typed = opened.typed,
                folder = opened.folder or open.folder_of(opened.path), pool = env.pool, progress = env.progress,
                name = dataset_name(opened), started = fs.clock(), created_at = fs.utc() }
  add_sample(run, o)
  run.runs = { out = o.out or "curated", name = run.name, folder = run.folder, own = env.own }
  run.engine = engine.new(opened, { pool = run.pool, progress = run.progress, runs = run.runs,
                                    profile = o.profile, paid = paid.of(o, run.folder, run.name) })
  local ok, err = run.engine:prepare()
  if not ok then return failure(err, BAD_RECIPE) end
  local status
  ok, err, status = load_all(run, o)
  if not ok then return nil, err, status end
  run.engine.gold = run.gold
  if not run.gold and not stage_of(run.plan, "decontaminate") then run.no_gold = NO_GOLD end
  add_notes(run)
  run.read = run.view
  return run
end

--- Loads the sources and runs the stages in memory.
-- @return  as load; `view` is the last one
function runner.run_stages(opened, o, env)
  local run, err, status = runner.load(opened, o, env)
  if not run then return nil, err, status end
  local ok
  run.view, err = run.engine:run(run.view)
  if not run.view then return failure(err) end
  ok, err = check_export(run)
  if ok then ok, err = refuse_gold(run) end
  if not ok then return failure(err) end
  return run
end

-- ---- writing ----

--- Why a split that was to have a share of the rows may have none.
local function empty_split(split, group, kept)
  local line = ('export: no row fell to the split "%s" (%g of %d kept)'):format(split[1], split[2], kept)
  if kept == 0 then return line end
  if group then return ('%s: rows of one "%s" stay together, and there are few of them'):format(line, group) end
  return line .. ": rows of one input stay together, and there are few of them"
end

local function write_outputs(run, dir)
  local options = run.export
  options.dir = dir
  if run.progress then run.progress:step("write", (run.view:counts())) end
  local out, err = export.write(run.view, options)
  if not out then return nil, err end
  local files = {}
  for i, f in ipairs(out) do
    files[i] = { path = f.name, rows = f.rows, bytes = f.bytes, sha256 = f.sha256, kept = f.kept }
  end
  for _, split in ipairs(options.splits or {}) do
    for _, f in ipairs(files) do
      if f.kept and f.rows == 0 and split[2] > 0 and f.path == split[1] .. ".jsonl" then
        local notes = run.engine.notes
        notes[#notes + 1] = empty_split(split, options.group, (run.view:counts()))
      end
    end
  end
  run.outputs = { fingerprint = out.fingerprint, files = files, places = out.places }
  return true
end

--- What later runs are compared with: the texts of the rows kept in the end, if near_dedup asks for it.
local function write_index(run, dir)
  local asked
  for _, entry in ipairs(run.plan.stages) do
    if entry.stage == "near_dedup" and entry.params.index then asked = entry.params end
  end
  if not asked then return true end
  if run.progress then run.progress:step("index", (run.view:counts())) end
  local f, err = near_index.write(run.view, { path = dir .. "/" .. against.INDEX, fields = asked.fields,
    turns = asked.turns, dataset = run.name, run = run.id }, run.pool)
  if not f then return nil, err end
  local files = run.outputs.files
  files[#files + 1] = { path = against.INDEX, rows = f.rows, bytes = f.bytes, sha256 = f.sha256 }
  return true
end

--- What stages leave for later runs: { name, bytes } each.
local function write_left(run, dir)
  local files = run.outputs.files
  for _, file in ipairs(run.engine.left) do
    local ok, err = dir:write(file.name, file.bytes)
    if not ok then return nil, err end
    files[#files + 1] = { path = file.name, bytes = #file.bytes, sha256 = hash.sha256(file.bytes) }
  end
  return true
end

local function ledger_stages(run)
  local out = {}
  for i, s in ipairs(run.engine.stats) do
    out[i] = { stage = s.stage, name = s.name, params = json.encode(plan.plain(s.entry.params)), seen = s.seen,
               removed = s.removed, seconds = s.seconds, edited = s.edited }
  end
  return out
end

local function write_ledger(run, dir)
  if run.options.no_ledger then return true end
  if run.progress then run.progress:step("ledger", #run.view) end
  return ledger.write(run.view, dir .. "/ledger.db", {
    outputs = run.outputs.places, stages = ledger_stages(run), revived = revival.list(run.engine.revival),
    pool = run.pool,
    meta = { run_id = run.id, dataset_name = run.name, created_at = run.created_at,
             fingerprint = run.outputs.fingerprint },
  })
end

-- The page that tells of the run, from what is in memory. A fault in telling loses no run: it is noted.
local function write_report(run, record, dir)
  if run.options.no_html then return true end
  if run.progress then run.progress:step "report" end
  local ok, text = pcall(function()
    local f = compose.run(memory.new(run, record, dir.path), { pool = run.pool })
    return page.render(document.report(f, health.examine(f)))
  end)
  if core.interrupted() then return nil, "interrupted" end
  if ok then return dir:write("report.html", text) end
  local notes = run.engine.notes
  notes[#notes + 1] = "report.html was not written, by a fault of this program: " .. fault(text)
  return true
end

local OURS = "a fault of this program; nothing was published"

--- Rows read = kept + rejected + quarantined, in the view and in the files.
local function check_sums(run)
  local kept, rejected, quarantined = run.view:counts()
  if kept + rejected + quarantined ~= #run.view then
    local sum = kept + rejected + quarantined
    return nil, ("%d rows were read, but %d kept + %d rejected + %d quarantined are %d: " .. OURS):format(
      #run.view, kept, rejected, quarantined, sum)
  end
  local written = 0
  for _, f in ipairs(run.outputs.files) do
    if f.kept then written = written + f.rows end
  end
  if written ~= kept then
    return nil, ("%d rows are kept, but %d were written: " .. OURS):format(kept, written)
  end
  return true
end

local function fill(run, dir)
  local ok, err = write_outputs(run, dir.temporary)
  if not ok then return nil, err end
  ok, err = write_index(run, dir.temporary)
  if not ok then return nil, err end
  ok, err = write_left(run, dir)
  if not ok then return nil, err end
  if run.progress then run.progress:step "hash" end
  ok, err = run.view:hash_sources(run.pool)   -- before the ledger, which tells them
  if ok and run.gold then ok, err = run.gold:hash_sources(run.pool) end
  if not ok then return nil, err end
  ok, err = write_ledger(run, dir.temporary)
  if not ok then return nil, err end
  if run.progress then run.progress:step "publish" end
  ok, err = check_sums(run)
  if not ok then return nil, err end
  local record = lineage.record(run)
  ok, err = write_report(run, record, dir)
  if not ok then return nil, err end
  run.seconds, run.cpu = fs.clock() - run.started, fs.cpu()
  record.stats.elapsed_seconds, record.stats.cpu_seconds = run.seconds, run.cpu
  ok, err = dir:write("lineage.json", json.encode(record, "  ") .. "\n")
  if not ok then return nil, err end
  ok, err = run.view:check_sources()
  if ok and run.gold then ok, err = run.gold:check_sources() end
  return ok, err
end

--- What the recipe expects and did not get, a sentence each.
local function unmet(run)
  local kept = run.view:counts()
  local all = #run.view
  local e, out = run.plan.expect or {}, {}
  local removed = all > 0 and (all - kept) / all or 0
  local function rows(n) return screen.count(n, "row is", "rows are") end
  local function say(...) out[#out + 1] = string.format(...) end
  local share = "%.1f%% of the rows were removed, the recipe expects at %s %.1f%%"
  if e.max_removed and removed > e.max_removed then say(share, removed * 100, "most", e.max_removed * 100) end
  if e.min_removed and removed < e.min_removed then say(share, removed * 100, "least", e.min_removed * 100) end
  local bounds = "%s kept, the recipe expects at %s %s"
  if e.min_rows and kept < e.min_rows then say(bounds, rows(kept), "least", screen.number(e.min_rows)) end
  if e.max_rows and kept > e.max_rows then say(bounds, rows(kept), "most", screen.number(e.max_rows)) end
  return out
end
runner.unmet = unmet

--- The option that makes a run a trial: one of some rows or of some stages only.
local function trial_of(o)
  for _, name in ipairs { "limit", "sample", "until" } do
    if o[name] then return ("--%s %s"):format(name, o[name]) end
  end
end

--- A whole run.
-- @return  the run, with path, previous and unmet; or nil, a sentence and the exit status
function runner.run(opened, o, env)
  local id = o.run_id or folder.new_id()
  local good, message = folder.check_id(id)
  if not good then return nil, message, BAD_RECIPE end
  local dir <close>, err, status = folder.open(o.out or "curated", dataset_name(opened), id, o.replace)
  if not dir then return failure(err, status) end
  o.spool_dir = dir.temporary
  core.memory(o.memory, dir.temporary)
  local run
  env.own = dir.path
  run, err, status = runner.run_stages(opened, o, env)
  if not run then return nil, err, status end
  run.id = id
  run.trial = trial_of(o)
  run.previous = not run.trial and lineage.previous(dir.parent) or nil
  local ok
  ok, err = fill(run, dir)
  if not ok then return failure(err) end
  if core.interrupted() then return failure "interrupted" end
  ok, err, status = dir:publish(run.trial ~= nil)
  if not ok then return failure(err, status) end
  run.dir, run.unmet = dir.path, unmet(run)
  return run
end

return runner
