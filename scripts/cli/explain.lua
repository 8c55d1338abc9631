--- explain: why that row was kept or rejected. Prints its passport: where it comes from, what
-- it says, each stage's figure against its threshold, the twin, and what would have kept it.

local fs = require "fs"
local json = require "json"
local marks = require "report.marks"
local matches = require "report.matches"
local options = require "cli.options"
local remedy = require "report.remedy"
local run = require "report.run"
local screen = require "report.screen"
local worddiff = require "report.worddiff"

local explain = {
  summary = "why that row was kept or rejected",
  usage = "tamis explain [RUN] ROW | --reason NAME [--sample N]",
  options = {
    { "RUN", "a run folder (default: the newest under ./curated that read FILE, else the latest)" },
    { "ROW", "FILE:LINE, a line of a source or of the run's own files (curated.jsonl:17)" },
    { "--id X", "the row that the recipe's `id` names so" },
    { "--text WORDS", "rows that hold these words" },
    { "--reason NAME", "a sample of the rows rejected for that reason" },
    { "--sample N", "how many of them (default 3)", "count" },
    { "--json", "the same as one JSON object a row" },
  },
  examples = {
    "tamis explain raw_2024.jsonl:1832",
    "tamis explain curated/helpdesk_v1/latest rejected.jsonl:3",
    "tamis explain --reason near_duplicate --sample 5",
  },
}

local LINES = 8            -- of a text that are shown
local TWIN_LINES = 12
local CONTEXT = 8         -- words around a difference of long texts
local MATCHES = 10        -- that are shown
local FIRST_TURNS, LAST_TURNS = 3, 6   -- of a long chat
local TURN_MARGIN = 15   -- columns before a text where roles stand

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local function parse(args)
  local o, places = options.read(args, explain.options)
  if not o then return nil, places end
  local asked = (o.id and 1 or 0) + (o.text and 1 or 0) + (o.reason and 1 or 0)
  if asked > 1 then return nil, "give one of --id, --text, --reason" end
  if #places + asked == 0 then return nil, "which row? usage: " .. explain.usage end
  if #places > 2 - asked then return nil, "too many arguments; usage: " .. explain.usage end
  if asked == 0 then o.row = table.remove(places) end
  o.run = places[1]
  return o
end

-- Row numbers that the arguments mean; nil and a message if none.
local function rows_asked(r, o)
  if o.id then
    local rows = r:find_id(o.id)
    if #rows > 0 then return rows end
    return nil, ("no row with the id %s in %s"):format(o.id, r.dir)
  end
  if o.reason then return r:sample_of(o.reason, o.sample or 3) end
  if o.text then return r:find_text(o.text, o.sample or 20) end
  local path, line = o.row:match("^(.*):(%d+)$")
  line = math.tointeger(tonumber(line))
  if not path or not line then
    return nil, ("%s names no row: expected FILE:LINE, --id X, --text WORDS or --reason NAME"):format(o.row), 2
  end
  local rows = r:find_output(path, line)
  if rows and #rows > 0 then return rows end
  local source_rows, known = r:find_line(path, line)
  if #source_rows > 0 then return source_rows end
  if rows or known then
    return nil, ("%s has no row at line %d (a blank line, or past its end)"):format(path, line)
  end
  local names = {}
  for _, s in ipairs(r.sources) do names[#names + 1] = s.path end
  for _, s in ipairs(r.outputs) do names[#names + 1] = s.name end
  local more = ""
  if not o.run then
    more = fs.exists(path) and "; no run under ./curated read it: tamis run it, or tamis explain RUN " .. o.row
      or "; for another run: tamis explain RUN " .. o.row
  end
  return nil, ("%s is no file of run %s, which knows %s%s"):format(path, r.dir, table.concat(names, ", "), more)
end

-- The run that is asked: the one given; else the one whose file is named, the newest that read the
-- file, or the latest.
local function open_run(o)
  local path, line = (o.row or ""):match "^(.*):(%d+)$"
  line = path and math.tointeger(tonumber(line))
  local folder, name = (path or ""):match "^(.*)/([^/]*)$"
  if not o.run and folder and fs.exists(folder .. "/lineage.json") then
    o.run, o.row = folder, ("%s:%d"):format(name, line)
  end
  local dir, err = run.find(o.run)
  if not dir then return nil, err end
  local r, broken = run.open(dir)
  if o.run or not line then return r, broken end
  if r and (r:find_output(path, line) or select(2, r:find_line(path, line)) == "same") then return r end
  local other = run.of_line(path, line)
  if other and r then r:close() end
  return other or r, broken
end

--- A twin that an earlier run kept, read from that run's folder where it is still there.
local function earlier_twin(r, row, twin)
  local p = { run = twin.run, source = twin.source, line = twin.line }
  local dir = r:earlier(row.stage, twin.run)
  local other = dir and run.open(dir)
  if not other then return p end
  local n = other:find_line(twin.source, twin.line)[1]
  local found = n and other:row(n)
  if found then
    p.status, p.text = found.status, other:text(found)
    p.output = found.output and ("%s/%s:%d"):format(dir, found.output, found.output_line) or nil
  end
  other:close()
  return p
end

-- The matches that its faults rest on; where a stage had changed the text before, its places are of no text at hand.
local function add_matches(p, row, object)
  if not object or next(row.edits or {}) then return end
  local list = matches.of(object, table.move(row.also, 1, #row.also, 2, { row }))
  if #list == 0 then return end
  p.matches = json.array(list)
  setmetatable(p, { __index = { object = object } })   -- for the screen, not for JSON
end

-- Everything about one row as plain data.
local function passport(r, row)
  local p = { run = r.dir, source = row.source, line = row.line, row = row.row, id = row.id, identity = row.identity,
              output = row.output and row.output .. ":" .. row.output_line,
              status = row.status, stage = row.stage, reason = row.reason, evidence = row.evidence,
              annotations = next(row.annotations) and row.annotations or nil,
              revived = next(row.revived or {}) and row.revived or nil }
  local text, object = r:text(row)
  p.text = text
  p.stages = json.array(remedy.stages(r, row))
  p.verdict = remedy.verdict(r, row)
  p.also = json.array {}
  for i, a in ipairs(row.also) do
    p.also[i] = { stage = a.stage, reason = a.reason, evidence = a.evidence, words = remedy.words(r, a) }
  end
  add_matches(p, row, object)
  p.would_keep = row.status ~= "curated" and remedy.would_keep(r, row) or nil
  local twin = row.evidence and row.evidence.twin
  if twin and twin.run then p.twin = earlier_twin(r, row, twin)
  elseif twin then
    local found = r:find_line(twin.source, twin.line)
    local other = found[1] and r:row(found[1])
    local gold = not other and r:source_text(twin.source, twin.line)
    p.twin = { source = twin.source, line = twin.line, status = other and other.status,
               output = other and other.output and other.output .. ":" .. other.output_line or nil,
               stage = other and other.stage, text = other and r:text(other) or gold or nil }
  end
  return p
end

local function show_text(s, label, text, most, out, margin)
  margin = margin or 11
  for i, line in ipairs(s:wrap(text, s.width - margin, most)) do
    out((i == 1 and screen.pad("  " .. s:cut(label, margin - 3), margin) or string.rep(" ", margin)) .. line)
  end
end

--- A chat: who says what, in order.
-- @return  the fields that the turns hold
local function show_turns(s, list, out)
  local held = {}
  for i, turn in ipairs(list) do
    held[turn.field] = true
    if i <= FIRST_TURNS or i > #list - LAST_TURNS then show_text(s, turn.role, turn.text, LINES, out, TURN_MARGIN)
    elseif i == FIRST_TURNS + 1 then
      out("  " .. s:paint("dim", ("(%d turns between)"):format(#list - FIRST_TURNS - LAST_TURNS)))
    end
  end
  return held
end

local ORDER = { "system", "input", "output", "alternative" }

local function show_fields(s, t, out)
  if t == nil then
    out "  (its text is in no file of the run, and the source is gone)"
  elseif t.fields then
    local held = t.turns and show_turns(s, t.turns, out) or {}
    for _, name in ipairs(ORDER) do
      if t.fields[name] and not held[name] then
        show_text(s, name == "alternative" and "rejected" or name, t.fields[name], LINES, out,
          t.turns and TURN_MARGIN)
      end
    end
  else
    show_text(s, "line", t.raw, LINES, out)
  end
end

-- The text with its matches marked.
local function marked_text(s, p)
  local t = p.text
  if not p.matches or not t then return t end
  local mark = matches.marker(p.object, p.matches, s:sign("⟦", "[["), s:sign("⟧", "]]"))
  local out = { raw = t.raw and mark(t.raw) }
  if t.fields then
    out.fields = {}
    for name, text in pairs(t.fields) do out.fields[name] = mark(text) end
  end
  for i, turn in ipairs(t.turns or {}) do
    out.turns = out.turns or {}
    out.turns[i] = setmetatable({ text = mark(turn.text) }, { __index = turn })
  end
  return out
end

-- Each match with what stands around it.
local function show_matches(s, list, out)
  out("")
  out(s:paint("bold", "Matches"))
  local most = math.min(#list, MATCHES)
  for i = 1, most do
    local m = list[i]
    local text = (m.before .. s:sign("⟦", "[[") .. m.text .. s:sign("⟧", "]]") .. m.behind):gsub("%s+", " ")
    local lead = ("%s in %s: "):format(m.type or m.reason, m.path)
    for k, line in ipairs(s:wrap(lead .. text, s.width - 4)) do out((k == 1 and "  " or "    ") .. line) end
  end
  if #list > most then out("  " .. s:paint("dim", ("and %d more"):format(#list - most))) end
end

-- Two texts in two columns, the words marked that the other has not.
local function side_by_side(s, a, b, out)
  local columns = (s.width - 5) // 2
  local right, left = worddiff.sides(s, b or "", a or "", { columns = columns, most = TWIN_LINES, context = CONTEXT })
  for i = 1, math.max(#left, #right) do
    local mine, its = left[i] or { "", 0 }, right[i] or { "", 0 }
    out((("  " .. mine[1] .. (" "):rep(columns - mine[2]) .. s:sign(" │ ", " | ") .. its[1]):gsub(" +$", "")))
  end
end

local function show_twin(s, p, out)
  out("")
  local of = p.twin.run and " of run " .. p.twin.run or ""
  out(s:paint("bold", "Twin") .. "  " .. s:cut(p.twin.source .. ":" .. p.twin.line .. of, s.width - 6))
  if p.twin.output then
    local fate = p.twin.stage and ", itself rejected by " .. p.twin.stage or ""
    out("  " .. s:paint("dim", s:cut(p.twin.output .. fate, s.width - 2)))
  end
  local mine, its = p.text and p.text.fields, p.twin.text and p.twin.text.fields
  if not its then
    out(p.twin.run and "  (that run's folder is gone, or has no ledger.db)"
      or "  (its text is in no file of the run, and the source is gone)")
    return
  end
  out(s:paint("dim", "  " .. screen.pad("this row", (s.width - 5) // 2) .. "   the twin"))
  for _, name in ipairs(ORDER) do
    if (mine and mine[name]) or its[name] then
      side_by_side(s, mine and mine[name], its[name], out)
      if name == "input" then out(s:paint("dim", "  " .. string.rep(s:sign("─", "-"), s.width - 4))) end
    end
  end
end

local STATUS_COLOUR = { curated = "green", rejected = "red", quarantined = "yellow" }

local function show_head(s, p, out)
  local plain = screen.clean(p.source .. ":" .. p.line)
  local about = { s:paint("bold", plain) }
  about[#about + 1] = "row " .. screen.number(p.row)
  if p.id ~= nil then about[#about + 1] = "id " .. screen.clean(p.id) end
  if p.output then about[#about + 1] = screen.clean(p.output) end
  local head = table.concat(about, s:sign(" · ", " - "))
  about[1] = plain
  local bare = table.concat(about, s:sign(" · ", " - "))
  if screen.width_of(bare) <= s.width then out(head)
  else
    for i, part in ipairs(s:wrap(bare, s.width - 2)) do out((i == 1 and "" or "  ") .. part) end
  end
  if p.identity then
    local line = "identity " .. p.identity .. s:sign(" · ", " - ") .. "run " .. screen.clean(p.run)
    for i, part in ipairs(s:wrap(line, s.width - 2)) do out((i == 1 and "" or "  ") .. s:paint("dim", part)) end
  end
  out("")
  for i, line in ipairs(s:wrap(p.verdict, s.width - 2)) do
    out("  " .. (i == 1 and s:paint(STATUS_COLOUR[p.status], line) or line))
  end
end

local function show_tags(s, annotations, out)
  local names = {}
  for name in pairs(annotations) do names[#names + 1] = name end
  table.sort(names)
  for i, name in ipairs(names) do names[i] = name .. " = " .. tostring(annotations[name]) end
  show_text(s, "tags", table.concat(names, ", "), 3, out)
end

--- @return  the names of the stages that did not see the row
local function show_stages(s, stages, out)
  out("")
  out(s:paint("bold", "Stages"))
  local widest, unseen = 4, {}
  for _, st in ipairs(stages) do widest = math.max(widest, screen.width_of(screen.clean(st.name))) end
  widest = math.min(widest, 24)
  for _, st in ipairs(stages) do
    if st.outcome == "not reached" then unseen[#unseen + 1] = st.name
    else
      local lines = s:wrap(table.concat(st.figures, s:sign(" · ", "; ")), s.width - widest - 17)
      local lead = "  " .. screen.pad(s:cut(st.name, widest), widest) .. "  "
      out(((lead .. s:paint(st.outcome == "rejected" and "red" or "", screen.pad(st.outcome, 11)) .. "  "
        .. (lines[1] or "")):gsub(" +$", "")))
      for i = 2, #lines do out(string.rep(" ", widest + 17) .. lines[i]) end
    end
  end
  if #unseen > 0 then
    for _, line in ipairs(s:wrap("not reached: " .. table.concat(unseen, ", "), s.width - 2)) do
      out("  " .. s:paint("dim", line))
    end
  end
  return unseen
end

--- A titled list, lines behind the first of an entry indented.
local function show_list(s, title, lines, out)
  out("")
  out(s:paint("bold", title))
  for _, line in ipairs(lines) do
    for i, part in ipairs(s:wrap(line, s.width - 4)) do out((i == 1 and "  " or "    ") .. part) end
  end
end

-- What a judge said of the row, where its verdict is kept.
local function show_judge(s, p, out)
  local e = p.evidence or {}
  if type(e.scores) ~= "table" then return end
  local lines = { "marks: " .. marks.line(e) }
  if type(e.reasoning) == "string" and e.reasoning:find "%S" then
    for i, part in ipairs(s:wrap("it says: " .. e.reasoning, s.width - 6, LINES)) do
      lines[#lines + 1] = (i > 1 and "  " or "") .. part
    end
  end
  show_list(s, "The judge", lines, out)
end

local function show(s, p, out)
  show_head(s, p, out)
  out("")
  show_fields(s, marked_text(s, p), out)
  if p.matches then show_matches(s, p.matches, out) end
  if p.annotations then show_tags(s, p.annotations, out) end
  local unseen = show_stages(s, p.stages, out)
  show_judge(s, p, out)
  if #p.also > 0 then
    local also = {}
    for i, a in ipairs(p.also) do also[i] = a.words end
    show_list(s, "Also", also, out)
  end
  if p.twin then show_twin(s, p, out) end
  if p.would_keep then
    show_list(s, "What would have kept it", p.would_keep, out)
    if #unseen > 0 then
      local line = ("then %s would judge it, which %s not seen it"):format(table.concat(unseen, ", "),
        #unseen == 1 and "has" or "have")
      for _, part in ipairs(s:wrap(line, s.width - 2)) do out("  " .. s:paint("dim", part)) end
    end
  end
end

explain.passport, explain.show = passport, show   -- the REPL draws rows so too

-- Several rows: one short line each.
local function list(s, r, rows, out)
  for _, n in ipairs(rows) do
    local row = r:row(n)
    local t = r:text(row)
    local text = t and (t.raw or table.concat({ t.fields.input or "", t.fields.output or "" },
      s:sign(" → ", " -> "))) or ""
    out(s:paint("bold", s:cut(row.place, s.width)))
    out("  " .. s:paint(STATUS_COLOUR[row.status], s:cut(remedy.verdict(r, row), s.width - 2)))
    for _, line in ipairs(s:wrap((text:gsub("%s+", " ")), s.width - 2, 2)) do out("  " .. s:paint("dim", line)) end
  end
end

explain.list = list

function explain.run(args, env)
  local o, message = parse(args)
  if not o then return fail(2, message) end
  local r, broken = open_run(o)
  if not r then return fail(1, broken) end
  local rows, none, status = rows_asked(r, o)
  if not rows then return fail(status or 1, none) end
  local out = env and env.out or function(line) io.stdout:write(line, "\n") end
  local s = screen.new { tty = fs.isatty(1), width = fs.width(1) }
  if o.json then
    for _, n in ipairs(rows) do out(screen.json(json.encode(passport(r, r:row(n))))) end
  elseif #rows == 1 then
    show(s, passport(r, r:row(rows[1])), out)
  else
    list(s, r, rows, out)
    out(s:paint("dim", ("%s rows; tamis explain FILE:LINE shows one whole"):format(screen.number(#rows))))
  end
  r:close()
  return 0
end

return explain
