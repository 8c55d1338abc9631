--- summary: what a person reads at the end of a run: the funnel, the top reasons with an example
-- each, the difference from the run before, and what to do next.

local advice = require "run.advice"
local changes = require "diff.changes"
local copies = require "report.copies"
local fs = require "fs"
local json = require "json"
local open = require "recipe.open"
local plan = require "plan"
local prices = require "judge.money.prices"
local rowdiff = require "rowdiff"
local screen = require "report.screen"
local sources = require "run.sources"
local spans = require "report.spans"
local tell = require "judge.tell"
local timing = require "run.timing"

local summary = {}

local TOP = 6              -- reasons shown
local CAUSES = 3           -- of rows gained or lost, each
local CHANGES = 8
local SOURCES = 5          -- sources shown
local number, percent, clean, count = screen.number, screen.percent, screen.clean, screen.count

-- ---- the run before ----

-- This run as its lineage tells it.
local function record_of(run)
  local stages = {}
  for i, entry in ipairs(run.plan.stages) do stages[i] = { name = entry.name, params = plan.plain(entry.params) } end
  return { config = { stages = stages, seed = run.plan.seed }, sources = run.view:sources() }
end

-- Rows gained and lost since the run before, and to what; nil where its ledger cannot tell.
local function moved(run, before)
  local old = run.dir and ("%s/%s/ledger.db"):format(open.folder_of(run.dir), before.run_id or "")
  if not old or before.run_id == run.id or not fs.exists(old) then return nil end
  return (rowdiff.since(run.view, old))
end

-- Has a run read nothing that this one reads, neither a file of the same path nor the same bytes?
local function read_others(before, now)
  local seen = {}
  for _, s in ipairs(before) do seen[s.path or 0], seen[s.sha256 or 0] = true, true end
  for _, s in ipairs(now) do
    if seen[s.path] or seen[s.sha256] then return false end
  end
  return #before > 0 and #now > 0
end

--- What changed since the last run of this dataset.
-- @return  nil if there was none; { run_id, kept, kept_before, gained, lost, causes, changes = { sentences } }; of
--   sources that have nothing in common { run_id, kept, kept_before, other_sources = true, changes = {} }
function summary.difference(run)
  local before = run.previous
  if not before or before.run_id == run.id and not run.options.replace then return nil end
  local record = record_of(run)
  if read_others(before.sources or {}, record.sources) then
    return { run_id = before.run_id, kept = (run.view:counts()), kept_before = before.final_count,
             other_sources = true, changes = {} }
  end
  local said = {}
  for i, c in ipairs(changes.between(before, record)) do said[i] = changes.say(c) end
  local rows = moved(run, before) or {}
  return { run_id = before.run_id, kept = (run.view:counts()), kept_before = before.final_count, gained = rows.gained,
           lost = rows.lost, causes = rows.causes, changes = said }
end

-- ---- printing ----

--- A text over as many lines as it needs, those behind the first set in.
local function say(s, text, out, style, indent)
  indent = indent or 0
  for i, part in ipairs(s:wrap(text, s.width - indent - 2)) do
    out((" "):rep(i == 1 and indent or indent + 2) .. s:paint(style or "", part))
  end
end

--- The columns of the funnel: on a narrow screen figures stand closer and the bars give way.
local function layout(run, s)
  local name, changed = 12, 0
  for _, stat in ipairs(run.engine.stats) do
    name = math.max(name, screen.width_of(clean(stat.name)))
    if stat.edited ~= nil then changed = 9 end
  end
  local function room(l)
    return s.width - (2 + l.name + 2 * (1 + l.figure) + 1 + l.share + (l.changed > 0 and 1 + l.changed or 0) + 2)
  end
  local wide = { name = math.min(name, 30), figure = 11, share = 8, changed = changed }
  wide.bar = math.min(20, room(wide))
  if wide.bar >= 12 then return wide end
  local digits = #number(#run.read) + 1
  local l = { name = wide.name, figure = math.max(8, digits), share = 6, changed = math.min(changed, 8) }
  l.name = math.max(8, math.min(l.name, l.name + room(l) + 2))
  l.bar = room(l) >= 4 and math.min(20, room(l)) or 0
  return l
end

--- A figure of the funnel in its column.
local function figure(text, columns) return columns > 0 and " " .. screen.pad(text, columns, "right") or "" end

local function funnel(run, s, out)
  local read = run.read
  local standing = read:counts()
  local l = layout(run, s)
  local function line(name, seen, removed, edited)
    local share = seen > 0 and (removed or 0) > 0 and percent(removed / seen) or ""
    local gone = removed == nil and "?" or removed > 0 and "-" .. number(removed) or "0"
    local bar = l.bar > 0 and s:bar(#read > 0 and (seen - (removed or 0)) / #read or 0, l.bar) or ""
    local text = "  " .. screen.pad(s:cut(name, l.name), l.name) .. figure(number(seen), l.figure)
      .. figure(gone, l.figure) .. figure(share, l.share) .. figure(edited and number(edited) or "", l.changed) .. "  "
    out(bar ~= "" and text .. s:paint("cyan", bar) or (text:gsub(" +$", "")))
  end
  out(s:paint("bold", "  " .. screen.pad("stage", l.name) .. figure("rows", l.figure) .. figure("removed", l.figure)
    .. (l.changed > 0 and figure("", l.share) .. figure("changed", l.changed) or "")))
  line("load", #read, #read - standing)
  local skipped = run.engine.skipped
  for _, stat in ipairs(run.engine.stats) do
    line(stat.name, stat.seen, not skipped[stat.name] and stat.removed or nil, stat.edited)
  end
  local kept, rejected, quarantined = run.view:counts()
  local share = #read > 0 and screen.pad(percent(kept / #read), l.figure + l.share + 2, "right") or ""
  local word = next(skipped) and "kept at most" or "kept"
  out("  " .. screen.pad(s:cut(word, l.name), l.name) .. figure(number(kept), l.figure) .. share)
  local sum = "%s read = %s kept + %s rejected + %s quarantined"
  say(s, sum:format(count(#read, "row"), number(kept), number(rejected), number(quarantined)), out, nil, 2)
  local back = 0
  for _, n in pairs(run.engine.revived) do back = back + n end
  for _, text in ipairs(copies.lines(back, run.engine.groups)) do say(s, text, out, nil, 2) end
  local edited = run.view:edited()
  if edited > 0 then
    local have = edited == 1 and "has" or "have"
    say(s, ("%s of the kept rows %s a text that a stage changed"):format(number(edited), have), out, nil, 2)
  end
end

--- What a row says, as far as it may be shown.
local function example_text(view, n, row)
  if spans.held(row) then return "" end
  for _, field in ipairs { "input", "output" } do
    local text = view:field(n, field)
    if text and text:find "%S" then return text end
  end
  return row.bytes or ""
end

--- How each source is named beside an example: all by their paths if these are short, else by their
-- last parts, where these are one file's alone.
local function places(view, columns)
  local out, files, long = {}, {}, false
  for _, source in ipairs(view:sources()) do
    local last = source.path:match "[^/]*$"
    if not out[source.path] then files[last] = (files[last] or 0) + 1 end
    out[source.path] = last
    long = long or screen.width_of(clean(source.path)) > columns
  end
  for path, last in pairs(out) do
    if not long or files[last] > 1 then out[path] = path end
  end
  return out
end

local function reasons(run, s, out)
  local list = run.view:reasons()
  if #list == 0 then return end
  out("")
  out(s:paint("bold", "Why rows were removed"))
  local place = places(run.read, s.width // 3)
  for i = 1, math.min(TOP, #list) do
    local r = list[i]
    local row = run.view:row(r.example)
    local text = example_text(run.view, r.example, row)
    local where = ("%s:%d"):format(place[row.source] or row.source, row.line)
    out(("  %s  %s"):format(screen.pad(number(r.count), 9, "right"), s:cut(r.stage .. "." .. r.reason, s.width - 14)))
    local example = clean(where) .. "  " .. text:sub(1, 4 * s.width):gsub("%s+", " "):gsub("^ ", "")
    out("             " .. s:paint("dim", (s:cut(example, s.width - 14):gsub(" +$", ""))))
  end
  if #list > TOP then
    local more, command = ("  and %d more"):format(#list - TOP), run.dir and ": tamis report " .. clean(run.dir) or ""
    out(#more + screen.width_of(command) <= s.width and more .. command or more)   -- the command stands below too
  end
end

-- "gained: 40 new in the sources, 20 that near_dedup.near_duplicate took before"
local function causes_of(d, lost)
  local parts, rest = {}, 0
  for _, c in ipairs(d.causes or {}) do
    if c.lost == lost then
      local why = not c.stage and (lost and "gone from the sources" or "new in the sources")
        or (lost and "to %s.%s" or "that %s.%s took before"):format(c.stage, c.reason)
      if #parts < CAUSES then parts[#parts + 1] = number(c.rows) .. " " .. why else rest = rest + c.rows end
    end
  end
  if rest > 0 then parts[#parts + 1] = number(rest) .. " more" end
  return #parts > 0 and (lost and "lost: " or "gained: ") .. table.concat(parts, ", ") or nil
end

local function difference(run, s, out)
  local d = summary.difference(run)
  if not d then return end
  out("")
  if d.other_sources then
    return say(s, ("Run %s before it read other sources: nothing to compare"):format(d.run_id or "?"), out)
  end
  local head = d.kept_before and (": %s kept, were %s"):format(count(d.kept, "row"), number(d.kept_before)) or ""
  if d.gained then head = ("%s; %s gained, %s lost"):format(head, number(d.gained), number(d.lost)) end
  local since = "Since run " .. clean(d.run_id or "?")
  for i, part in ipairs(s:wrap(since .. head, s.width - 2)) do
    local bold = i == 1 and part:sub(1, #since) == since
    out(bold and s:paint("bold", since) .. part:sub(#since + 1) or (i == 1 and "" or "  ") .. part)
  end
  for _, lost in ipairs { false, true } do
    local text = causes_of(d, lost)
    if text then say(s, text, out, nil, 2) end
  end
  for i, line in ipairs(d.changes) do
    if i > CHANGES then out(("  and %d more changes"):format(#d.changes - CHANGES)) break end
    out("  " .. s:cut(line, s.width - 4))
  end
  if #d.changes == 0 then out "  same parameters and sources" end
end

--- What each source is and why it is read as that: the first few.
local function read_from(run, s, out)
  local lines = sources.lines(run.read, run.sources)
  for i = 1, math.min(SOURCES, #lines) do
    for j, part in ipairs(s:wrap(lines[i], s.width - 5)) do out((j == 1 and "  " or "    ") .. s:paint("dim", part)) end
  end
  if #lines > SOURCES then out(("  and %d more sources"):format(#lines - SOURCES)) end
end

local function warn(s, colour, text, out)
  for i, part in ipairs(s:wrap(text:gsub("%s+", " "), s.width - 2)) do
    out((i == 1 and s:paint(colour, "! ") or "  ") .. s:paint(colour, part))
  end
end

--- What to type next.
local function next_commands(run, heavy, out)
  local dir = clean(advice.word(run.dir))
  out(("  tamis report %s"):format(dir))
  local first = run.view:reasons()[1]
  if first then out(("  tamis explain %s --reason %s"):format(dir, clean(advice.word(first.reason)))) end
  local before = run.previous and run.previous.run_id
  -- diff refuses a side without rows
  if before and before ~= run.id and run.view:counts() > 0 and run.previous.final_count ~= 0 then
    out(("  tamis diff %s/%s %s"):format(clean(advice.word(open.folder_of(run.dir))), clean(before), dir))
  end
  for _, h in ipairs(heavy) do
    if h.set and run.typed then
      out("  " .. clean(advice.command(run.typed, h.set)))
      return
    end
  end
end

-- The steps' times: of a run that was long, or that was to be profiled.
local function where_time_went(run, s, out)
  local steps = run.progress and run.progress.clock.steps or {}
  local elapsed = run.progress and run.progress.clock:elapsed() or 0
  if #steps == 0 or not run.options.profile and elapsed < timing.LONG then return end
  run.progress:finish()
  out("")
  out(s:paint("bold", "Where time and memory went"))
  timing.print(steps, s, out)
end

--- What the paid stages of a run spent and how their canaries fared, by stage; nil where none has a server.
local function judged_of(run)
  local out
  for _, st in ipairs(run.engine.stats) do
    local f = run.engine.infos[st.name]
    if f and f.spent then
      out = out or json.array {}
      local c = f.spent
      out[#out + 1] = { stage = st.name, kind = st.stage, model = f.model, cost = c.cost / prices.DOLLAR,
                        saved = c.saved / prices.DOLLAR, cached = c.hits, requests = c.requests, canaries = f.canaries }
    end
  end
  return out
end

-- "judge: spent $0.31 in 120 requests; 40 answers from the cache saved $0.1; 2 planted answers asked, 0 passed"
local function say_judged(run, s, out)
  for _, j in ipairs(judged_of(run) or {}) do
    local line = ("%s: spent $%s in %s; %s from the cache saved $%s"):format(j.stage,
      tell.dollars(j.cost * prices.DOLLAR), count(j.requests, "request"),
      count(j.cached, j.kind == "judge" and "answer" or "vector"),
      tell.dollars(j.saved * prices.DOLLAR))
    local c = j.canaries
    if c and c.asked > 0 then
      line = ("%s; %s asked, %s passed"):format(line, count(c.asked, "planted answer"), number(c.passed))
    end
    say(s, line, out, nil, 2)
  end
end

-- What stages tell of what they did: "balance: 812 rows meet the target; …".
local function say_told(run, s, out)
  for _, st in ipairs(run.engine.stats) do
    for _, line in ipairs((run.engine.infos[st.name] or {}).told or {}) do
      say(s, ("%s: %s"):format(st.name, line), out, nil, 2)
    end
  end
end

--- @param out  function(line)
-- @param s    the screen; that of standard output if absent
function summary.print(run, out, s)
  s = s or screen.new { tty = fs.isatty(1), width = fs.width(1) }
  local heavy = advice.heavy(run)
  local dot = s:sign(" · ", " - ")
  local name, id = clean(run.name), run.id and dot .. "run " .. run.id or ""
  local head = ("%s%s%s from %s"):format(id, dot, count(#run.read, "row"), count(#run.read:sources(), "source"))
  if screen.width_of(name .. head) <= s.width then out(s:paint("bold", name) .. head)
  else say(s, name .. head, out, "bold") end
  read_from(run, s, out)
  for _, h in ipairs(heavy) do warn(s, "yellow", h.line, out) end
  for _, note in ipairs(run.engine.notes) do warn(s, "yellow", note, out) end
  for _, line in ipairs(run.unmet or {}) do warn(s, "red", line, out) end
  out("")
  funnel(run, s, out)
  say_judged(run, s, out)
  say_told(run, s, out)
  reasons(run, s, out)
  difference(run, s, out)
  if run.no_gold then
    out("")
    for _, part in ipairs(s:wrap(run.no_gold, s.width - 1)) do out(s:paint("dim", part)) end
  end
  where_time_went(run, s, out)
  if not run.dir then return end
  out("")
  out(s:paint("bold", "Written to ") .. clean(run.dir) .. (run.seconds and (" in %.1f s"):format(run.seconds) or ""))
  if run.trial then say(s, ("a trial (%s): `latest` stays as it was"):format(clean(run.trial)), out, nil, 2) end
  next_commands(run, heavy, out)
end

--- The same as plain data, for --json.
function summary.record(run)
  local kept, rejected, quarantined = run.view:counts()
  local stages, why = json.array {}, json.array {}
  for i, st in ipairs(run.engine.stats) do
    stages[i] = { stage = st.stage, name = st.name, seen = st.seen, removed = st.removed, edited = st.edited or 0,
                  revived = st.revived, seconds = st.seconds }
  end
  for i, r in ipairs(run.view:reasons()) do
    local row = run.view:row(r.example)
    why[i] = { stage = r.stage, reason = r.reason, count = r.count, example = { source = row.source, line = row.line } }
  end
  return {
    run_id = run.id, dataset_name = run.name, path = run.dir, rows = #run.read, kept = kept, edited = run.view:edited(),
    rejected = rejected, quarantined = quarantined,
    groups = run.engine.groups, judged = judged_of(run),
    stages = stages, reasons = why, notes = json.array(run.engine.notes), unmet = json.array(run.unmet or {}),
    fingerprint = run.outputs and run.outputs.fingerprint, output_files = run.outputs and json.array(run.outputs.files),
    elapsed_seconds = run.seconds, trial = run.trial, difference = summary.difference(run),
    steps = run.progress and json.array(run.progress.clock.steps) or nil,
  }
end

return summary
