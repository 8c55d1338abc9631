--- form: what a person who labels sees, and what his keys do. No terminal here: `form.draw` gives lines,
-- `form.press` changes the state; scripts/label/session.lua carries both to and from the terminal.
--
-- A state: { items, rubric, annotator, title, at = item shown, dim = dimension the next digit scores,
--   top = first line of the text shown, mode = "score", "comment", "help", of = labels by identity,
--   draft = { scores, comment } of the item shown, dirty }

local screen = require "report.screen"

local form = {}

local HELP = {
  { "0-9", "score the marked dimension; the next one is marked" },
  { "Enter", "go on to the next row" },
  { "b, ←", "back to the row before" },
  { "n, →", "the next row, this one as it is" },
  { "u", "the next row without a label" },
  { "s", "skip this row: it is no good for labelling" },
  { "↑ ↓, Tab", "mark another dimension" },
  { "x", "take the score of the marked dimension away" },
  { "c", "write a comment (Enter keeps it, Esc drops it)" },
  { "Space, PgDn, PgUp", "the text further down, further up" },
  { "v", "show or hide what the run decided" },
  { "q, Ctrl-C", "leave; what is scored is saved" },
}

local FIELDS = { "system", "input", "output", "alternative" }
local MARGIN = 12
local TEXT_WIDTH = 120      -- longer lines are hard to read

-- ---- the state ----

local function copy(t)
  local out = {}
  for k, v in pairs(t or {}) do out[k] = v end
  return out
end

local function is_whole(rubric, label)
  if not label then return false end
  if label.skipped then return true end
  for _, d in ipairs(rubric) do
    if label.scores[d.name] == nil then return false end
  end
  return true
end
form.is_whole = is_whole

local function item_of(state) return state.items[state.at] end

-- Shows item i: its label, if there is one, is what the keys change.
local function go(state, i)
  state.at = math.max(1, math.min(i, #state.items))
  local old = state.of[item_of(state).key]
  state.draft = { scores = copy(old and old.scores), comment = old and old.comment, skipped = old and old.skipped }
  state.dirty, state.top, state.dim = false, 1, 1
  for k, d in ipairs(state.rubric) do
    if state.draft.scores[d.name] == nil then
      state.dim = k
      break
    end
  end
end

--- The first item from `from` on, round and round, that has no whole label; nil if all have.
local function unlabelled(state, from)
  for k = 0, #state.items - 1 do
    local i = (from - 1 + k) % #state.items + 1
    if not is_whole(state.rubric, state.of[state.items[i].key]) then return i end
  end
end

--- A new state; it stands at the first row without a whole label.
-- @param o  { items, rubric, annotator, title, of = labels, save = function(label) -> true | nil, message }
function form.new(o)
  local state = { items = o.items, rubric = o.rubric, annotator = o.annotator, title = o.title, of = o.of,
                  save = o.save, mode = "score", top = 1, text = o.text }
  local first = unlabelled(state, 1)
  state.finished = first == nil
  go(state, first or #state.items)
  return state
end

--- Counts for the head and the end: rows labelled, skipped.
function form.counts(state)
  local labelled, skipped = 0, 0
  for _, item in ipairs(state.items) do
    local label = state.of[item.key]
    if label and label.skipped then skipped = skipped + 1
    elseif is_whole(state.rubric, label) then labelled = labelled + 1 end
  end
  return labelled, skipped
end

-- Writes what is scored of the item shown.
local function keep(state)
  if not state.dirty then return end
  local item, draft = item_of(state), state.draft
  local comment = draft.comment ~= "" and draft.comment or nil
  local ok, err = state.save {
    identity = item.key, id = item.id, source = item.source, line = item.line, stratum = item.stratum,
    scores = copy(draft.scores), comment = comment, skipped = draft.skipped or nil,
  }
  if ok then state.dirty = false else state.failed = err end
end

local function advance(state, i)
  keep(state)
  if i > #state.items then
    state.finished = true
    return
  end
  go(state, i)
end

local function score(state, digit)
  local d = state.rubric[state.dim]
  if digit < d.min or digit > d.max then
    state.notice = ("%s takes %d to %d"):format(d.name, d.min, d.max)
    return
  end
  state.draft.scores[d.name], state.draft.skipped, state.dirty = digit, nil, true
  if state.dim < #state.rubric then state.dim = state.dim + 1
  elseif is_whole(state.rubric, state.draft) then advance(state, state.at + 1)
  else
    for k, other in ipairs(state.rubric) do
      if state.draft.scores[other.name] == nil then
        state.dim = k
        break
      end
    end
  end
end

local KEYS = {
  b = function(state) advance(state, math.max(1, state.at - 1)) end,
  n = function(state) advance(state, math.min(#state.items, state.at + 1)) end,
  enter = function(state) advance(state, state.at + 1) end,
  s = function(state)
    state.draft.skipped, state.draft.scores, state.dirty = true, {}, true
    advance(state, state.at + 1)
  end,
  u = function(state)
    keep(state)
    local i = unlabelled(state, state.at % #state.items + 1)
    if i then go(state, i) else state.finished = true end
  end,
  x = function(state)
    local name = state.rubric[state.dim].name
    if state.draft.scores[name] ~= nil then state.draft.scores[name], state.dirty = nil, true end
  end,
  up = function(state) state.dim = (state.dim - 2) % #state.rubric + 1 end,
  down = function(state) state.dim = state.dim % #state.rubric + 1 end,
  c = function(state) state.mode, state.typed = "comment", state.draft.comment or "" end,
  v = function(state) state.verdict = not state.verdict end,
  ["page-down"] = function(state) state.top = state.top + (state.page or 1) end,
  ["page-up"] = function(state) state.top = math.max(1, state.top - (state.page or 1)) end,
  ["?"] = function(state) state.mode = "help" end,
  q = function(state)
    keep(state)
    state.left = true
  end,
}
for key, as in pairs { left = "b", right = "n", tab = "down", backtab = "up", j = "down", k = "up", [" "] = "page-down",
                       ["ctrl-c"] = "q", ["ctrl-d"] = "q", f1 = "?", h = "?", delete = "x", backspace = "x" } do
  KEYS[key] = KEYS[as]
end

local function type_comment(state, key)
  if key == "enter" then
    state.mode = "score"
    if state.typed ~= (state.draft.comment or "") then state.draft.comment, state.dirty = state.typed, true end
    if is_whole(state.rubric, state.draft) then keep(state) end
  elseif key == "escape" or key == "ctrl-c" then state.mode = "score"
  elseif key == "backspace" then
    state.typed = state.typed:sub(1, (utf8.offset(state.typed, -1) or 1) - 1)
  elseif key == "ctrl-u" then state.typed = ""
  elseif utf8.len(key) == 1 then state.typed = state.typed .. key end
end

--- A key by its name (modules/term/keys.h).
-- @return  "left" once the person has left; "failed" where a label could not be written (state.failed says why)
function form.press(state, key)
  state.notice = nil
  if state.mode == "comment" then type_comment(state, key)
  elseif state.mode == "help" then state.mode = "score"
  elseif state.finished and key ~= "b" and key ~= "left" then
    if key == "q" or key == "enter" or key == "ctrl-c" or key == "ctrl-d" then state.left = true end
  elseif state.finished then
    state.finished = false
    go(state, #state.items)
  elseif key:find "^%d$" then score(state, math.tointeger(tonumber(key)))
  elseif KEYS[key] then KEYS[key](state) end
  return state.failed and "failed" or state.left and "left" or nil
end

--- Keeps what is scored, when the program is to end.
function form.leave(state) keep(state) end

-- ---- the page ----

local function text_lines(s, label, text, out)
  local lines = s:wrap(text, math.min(s.width, TEXT_WIDTH) - MARGIN)
  for i, line in ipairs(lines) do
    local lead = i == 1 and s:paint("bold", screen.pad(s:cut(label, MARGIN - 2), MARGIN)) or (" "):rep(MARGIN)
    out[#out + 1] = lead .. line
  end
end

local function fields_of(s, text, out)
  local held = {}
  for _, turn in ipairs(text.turns or {}) do
    held[turn.field] = true
    text_lines(s, tostring(turn.role), turn.text, out)
    out[#out + 1] = ""
  end
  for _, name in ipairs(FIELDS) do
    local value = text.fields and text.fields[name]
    if value and not held[name] then
      text_lines(s, name == "alternative" and "rejected" or name, value, out)
      out[#out + 1] = ""
    end
  end
  if text.raw then text_lines(s, "line", text.raw, out) end
  if text.twin and text.twin.fields then
    out[#out + 1] = s:paint("dim", "the twin, " .. s:cut(text.twin.place, s.width - 12))
    fields_of(s, { fields = text.twin.fields }, out)
  end
end

-- The text of the item, laid out once for a width.
local function body_of(state, s)
  local item = item_of(state)
  if state.body and state.body.key == item.key and state.body.width == s.width then return state.body end
  local lines, text = {}, state.text(item)
  if next(text) == nil then lines[1] = "(its text is in no file of the run, and the source is gone)" end
  fields_of(s, text, lines)
  while lines[#lines] == "" do lines[#lines] = nil end
  state.body = { key = item.key, width = s.width, lines = lines }
  return state.body
end

local function head(state, s)
  local labelled, skipped = form.counts(state)
  local item = item_of(state)
  local dot = s:sign(" · ", " - ")
  local count = ("row %d of %d%s%d labelled, %d skipped"):format(state.at, #state.items, dot, labelled, skipped)
  local who = state.title .. dot .. state.annotator
  local room = s.width - screen.width_of(count) - 2
  local first = screen.pad(s:cut(who, math.max(4, room)), math.max(0, room)) .. "  " .. count
  local place = { item.source and ("%s:%s"):format(item.source, tostring(item.line)) or nil }
  if item.id ~= nil then place[#place + 1] = "id " .. tostring(item.id) end
  if item.value then place[#place + 1] = ("%s (%.4g)"):format(item.stratum, item.value)
  elseif item.stratum and not item.blind then place[#place + 1] = item.stratum end
  if state.verdict then
    local why = item.stage and (": %s.%s"):format(item.stage, tostring(item.reason)) or ""
    place[#place + 1] = item.status .. why
  elseif item.status == "rejected" or item.status == "quarantined" then
    place[#place + 1] = item.status   -- so that no such row becomes a gold row unnoticed; v tells why
  end
  return { s:paint("bold", s:cut(first, s.width)), s:paint("dim", s:cut(table.concat(place, dot), s.width)),
           s:paint("dim", s:sign("─", "-"):rep(s.width)) }
end

local function scale_of(d, got)
  local parts = {}
  for v = d.min, d.max do parts[#parts + 1] = v == got and ("[%d]"):format(v) or (" %d "):format(v) end
  return table.concat(parts)
end

local function dimensions(state, s, rows)
  local out, widest = {}, 0
  for _, d in ipairs(state.rubric) do widest = math.max(widest, screen.width_of(d.name)) end
  widest = math.min(widest, 26)
  if rows < #state.rubric then   -- no room: all on as few lines as there are
    local parts = {}
    for i, d in ipairs(state.rubric) do
      local got = state.draft.scores[d.name]
      parts[i] = (i == state.dim and ">" or "") .. d.name .. "=" .. (got and tostring(got) or "_")
    end
    return s:wrap(table.concat(parts, " "), s.width, math.max(1, rows))
  end
  for i, d in ipairs(state.rubric) do
    local mark = i == state.dim and s:sign("▸ ", "> ") or "  "
    local line = mark .. screen.pad(s:cut(d.name, widest), widest) .. "  " .. scale_of(d, state.draft.scores[d.name])
    local room = s.width - screen.width_of(line) - 2
    if d.doc and room > 12 then line = line .. "  " .. s:cut(d.doc, room) end
    out[i] = s:paint(i == state.dim and "bold" or "", s:cut(line, s.width))
  end
  return out
end

local function last_line(state, s)
  if state.mode == "comment" then
    local room = math.max(4, s.width - 20)
    local typed = screen.clean(state.typed)
    local from = 1
    while screen.width_of(typed:sub(from)) > room do from = (utf8.offset(typed, 2, from)) or #typed + 1 end
    return s:paint("cyan", "comment: " .. typed:sub(from) .. s:sign("▏", "_"))
  end
  if state.notice then return s:paint("yellow", s:cut(state.notice, s.width)) end
  local keys = "0-9 score  b back  s skip  c comment  Space more text  ? help  q quit"
  return s:paint("dim", s:cut(keys, s.width))
end

local function foot(state, s, rows)
  local out = { s:paint("dim", s:sign("─", "-"):rep(s.width)) }
  local compact = rows < #state.rubric + 10
  for _, line in ipairs(dimensions(state, s, compact and 2 or #state.rubric)) do out[#out + 1] = line end
  local said = state.draft.comment and state.draft.comment ~= "" and "comment: " .. state.draft.comment
    or state.draft.skipped and "skipped" or nil
  if said then out[#out + 1] = s:paint("cyan", s:cut(said, s.width)) end
  out[#out + 1] = last_line(state, s)
  return out
end

local function help_page(s, rows)
  local out = { s:paint("bold", "Keys"), "" }
  for _, k in ipairs(HELP) do
    local name = s.unicode and k[1] or k[1]:gsub("←", "left"):gsub("→", "right"):gsub("↑ ↓", "up, down")
    out[#out + 1] = s:cut("  " .. screen.pad(name, 20) .. k[2], s.width)
  end
  out[#out + 1] = ""
  out[#out + 1] = s:paint("dim", "any key goes back")
  while #out > rows do table.remove(out) end
  return out
end

local function finished_page(state, s, rows)
  local labelled, skipped = form.counts(state)
  local last = ("That was the last of %s."):format(screen.count(#state.items, "row"))
  local sum = ("%s labelled, %s skipped, all saved."):format(screen.number(labelled), screen.number(skipped))
  local out = { s:paint("bold", s:cut(last, s.width)), "", s:cut(sum, s.width), "",
                s:paint("dim", s:cut("q leaves; b goes back to the last row", s.width)) }
  while #out > rows do table.remove(out) end
  return out
end

--- The page as lines, none wider than s.width columns, at most `rows` of them.
function form.draw(state, s, rows)
  if state.mode == "help" then return help_page(s, rows) end
  if state.finished then return finished_page(state, s, rows) end
  local top, bottom = head(state, s), foot(state, s, rows)
  local room = math.max(1, rows - #top - #bottom)
  local body = body_of(state, s).lines
  state.page = math.max(1, room - 1)
  state.top = math.max(1, math.min(state.top, #body - room + 1))
  local out = {}
  for _, line in ipairs(top) do out[#out + 1] = line end
  for i = 0, room - 1 do out[#out + 1] = body[state.top + i] or "" end
  local below = #body - (state.top + room - 1)
  if below > 0 then
    out[#out] = s:paint("dim", s:cut(("%s %s more, Space shows them"):format(s:sign("↓", "v"),
      screen.count(below + 1, "line")), s.width))
  end
  for _, line in ipairs(bottom) do out[#out + 1] = line end
  while #out > rows do table.remove(out, #top + 1 <= #out and #top + 1 or 1) end
  return out
end

return form
