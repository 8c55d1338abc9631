--- revival: no group of copies vanishes by accident. A stage that keeps one row of each group may see
-- that row rejected by a row stage behind it; then the rows that it removed for it are visited again:
-- one that no standing row matches comes back and runs through the row stages up to here, the others
-- name the row that they match.
--
-- A stage takes part by a function beside `run`:
--   revisit(view, p, ctx, again)   again = { rows, barred, memory }: `rows` of the view, ascending, are
--     judged anew, all its other standing rows are kept ones; those in `barred` will be rejected by a
--     later row stage whatever it says, so no row may name them. `memory` is what run's info held.
--     Returns verdicts for those of `rows` that a row matches.
--
-- Steps since the last stage that cannot be gone through again (balance, sample: what they chose
-- rests on the rows they saw; a serial function: it may have counted) make a segment:
--
--   exact_dedup ──▶ length, pii ──▶ near_dedup ──▶ judge rules ──▶ here
--
-- Row stages look at one row alone, so whether an orphan passes all of them is found out first
-- ("trial"); one visit in order then decides. Each stage sees the texts that it saw the first time.
-- Rows in quarantine are not rejected: they may come back, and keep their copies out.

local revival = {}

--- What a run has for revival.
function revival.new()
  return { steps = {}, links = { rows = {}, twins = {} }, revived = {}, stages = {}, row_stages = {} }
end

local function copied(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

--- The same for another branch: what one of them notes, the other does not see. What a stage wants to have
-- again is shared: both branches have the same rows before it.
function revival.copy(r)
  local out = { steps = {}, links = { rows = copied(r.links.rows), twins = copied(r.links.twins) }, revived = {},
                stages = copied(r.stages), row_stages = copied(r.row_stages) }
  for i, step in ipairs(r.steps) do out.steps[i] = copied(step) end
  for name, back in pairs(r.revived) do out.revived[name] = { rows = copied(back.rows), twins = copied(back.twins) } end
  return out
end

local function serial(entry)
  return entry.params.serial == true or (entry.def.own or {}).serial == true
end

--- Notes a step that ran.
-- @param step    the fused row stages, or one corpus stage
-- @param before  the view it ran on
-- @param memory  what a corpus stage wants to have again
-- @param rows    row stages, or a corpus stage that left an operator of what it learnt: each row for itself
function revival.add(r, step, before, memory, rows)
  local entry = step[1]
  if rows then
    local again = true
    for _, e in ipairs(step) do
      table.insert(r.row_stages, e.name)
      again = again and not serial(e)
    end
    if not again then r.steps = {}
    elseif #r.steps > 0 then r.steps[#r.steps + 1] = { entries = step } end
  elseif entry.def.revisit then
    r.steps[#r.steps + 1] = { entry = entry, before = before, memory = memory }
    table.insert(r.stages, entry.name)
  else
    r.steps = {}
  end
end

--- No row stage follows: what was kept for one is let go.
function revival.rest(r)
  if #r.steps == 0 then return end
  r.steps = {}
  collectgarbage()
end

local function names_of(steps)
  local names = {}
  for _, step in ipairs(steps) do
    if step.entry then names[#names + 1] = step.entry.name end
  end
  return names
end

-- ---- ascending lists of rows ----

local function merged(a, b)
  if #a == 0 then return b end
  if #b == 0 then return a end
  local out, i, k = {}, 1, 1
  while i <= #a or k <= #b do
    if k > #b or i <= #a and a[i] < b[k] then
      out[#out + 1], i = a[i], i + 1
    else
      out[#out + 1], k = b[k], k + 1
    end
  end
  return out
end

local function set_of(rows)
  local set = {}
  for _, row in ipairs(rows) do set[row] = true end
  return set
end

--- Those of the rows that are (or are not) in a set.
local function picked(rows, set, wanted)
  local out = {}
  for _, row in ipairs(rows) do
    if (set[row] == true) == wanted then out[#out + 1] = row end
  end
  return out
end

-- ---- one visit ----

--- Runs the orphans through the row stages, each from where it was removed.
-- Leaves in each stage's step `own`, `come` (all that get there) and `trial`, the view just before it.
-- @return  the view behind the last step, the rows that pass them all; or nil and a sentence
local function try(r, view, orphans, run_rows)
  local trial, inside = view, {}
  for _, step in ipairs(r.steps) do
    if step.entry then
      step.own = (orphans[step.entry.name] or {}).rows or {}
      if #inside > 0 then step.before = step.before:rewind(trial, inside) end
      if #step.own > 0 then trial = trial:rewind(step.before, step.own) end
      inside = merged(inside, step.own)
      step.come, step.trial = inside, trial
    elseif #inside > 0 then
      local child, err = run_rows(trial, step.entries, inside)
      if not child then return nil, err end
      trial = child
      inside = trial:among(inside)
    end
  end
  return trial, inside
end

--- What each stage says of the rows that get to it.
-- @param passing  rows that pass all row stages: only these can be kept
-- @return  the rows that some stage removed, as a set; or nil and a sentence
local function judge(r, view, passing, revisit)
  local lost, live = {}, set_of(passing)
  for i, step in ipairs(r.steps) do
    local rows = step.entry and picked(step.come, lost, false) or {}
    step.verdicts = nil
    if #rows > 0 then
      -- orphans of later stages have passed this one
      local later = {}
      for k = i + 1, #r.steps do later = merged(later, picked(r.steps[k].own or {}, live, true)) end
      local seen = view:rewind(step.before, merged(rows, later)):texts_of(step.before)
      local verdicts, err = revisit(step.entry, seen, { rows = rows, barred = picked(rows, live, false),
                                                        memory = step.memory })
      if not verdicts then return nil, err end
      step.verdicts, step.lost = verdicts, verdicts:rows()
      for _, row in ipairs(step.lost) do lost[row], live[row] = true, nil end
    end
  end
  return lost
end

--- The trial's view with the rows that a stage removed as they were before that stage, and its verdicts.
local function settle(r, trial)
  local view = trial
  for _, step in ipairs(r.steps) do
    if step.verdicts and #step.lost > 0 then
      local err
      view, err = view:rewind(step.trial, step.lost):apply(step.entry.name, step.verdicts)
      if not view then return nil, err end
    end
  end
  return view
end

local function remember(r, orphans, passing, lost)
  for _, found in pairs(orphans) do
    for i, row in ipairs(found.rows) do
      table.insert(r.links.rows, row)
      table.insert(r.links.twins, found.twins[i])
    end
  end
  local stands = set_of(picked(passing, lost, false))
  for _, step in ipairs(r.steps) do
    if step.entry then
      local name = step.entry.name
      local found, back = orphans[name] or { rows = {} }, r.revived[name] or { rows = {}, twins = {} }
      for i, row in ipairs(found.rows) do
        if stands[row] then back.rows[#back.rows + 1], back.twins[#back.twins + 1] = row, found.twins[i] end
      end
      r.revived[name] = back
    end
  end
end

--- Brings back what is to come back, behind a pass of row stages.
-- @param calls  run_rows(view, entries, rows) and revisit(entry, view, again), as the engine has them
-- @return  the view; or nil and a sentence
function revival.run(r, view, calls)
  local names = names_of(r.steps)
  -- A row that another round has to look at was removed by an earlier stage than the row it was
  -- removed for, so there are at most as many rounds as stages.
  for _ = 1, #names do
    local orphans, n = view:orphans(names)
    if n == 0 then return view end
    local trial, passing = try(r, view, orphans, calls.run_rows)
    if not trial then return nil, passing end
    local lost, err = judge(r, view, passing, calls.revisit)
    if not lost then return nil, err end
    remember(r, orphans, passing, lost)
    view, err = settle(r, trial)
    if not view then return nil, err end
  end
  collectgarbage()   -- the views in between hold columns that Lua does not see
  return view
end

--- The rows that came back, for the ledger: { stage, rows, twins } by stage, twins being the rows that they had
-- been removed for. What became of them since, the view says.
function revival.list(r)
  local out = {}
  for _, name in ipairs(r.stages) do
    local back = r.revived[name]
    if back and #back.rows > 0 then out[#out + 1] = { stage = name, rows = back.rows, twins = back.twins } end
  end
  return out
end

--- What came of it, at the end of a run.
-- @return  rows that came back and stand, by stage; { all, empty, failed }: groups of copies, those
-- without a row, and those of them whose rows all fail a row stage; nil where no stage made any
function revival.result(r, view)
  local revived = {}
  for name, back in pairs(r.revived) do revived[name] = #view:among(back.rows) end
  if #r.stages == 0 then return revived, nil end
  local all, empty, failed = view:twin_groups(r.stages, r.row_stages, r.links.rows, r.links.twins)
  return revived, { all = all, empty = empty, failed = failed }
end

return revival
