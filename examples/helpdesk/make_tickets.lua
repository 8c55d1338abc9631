--- Makes the data of the helpdesk example: lua5.4 make_tickets.lua [FOLDER], about five seconds.
-- The material in make/ was written by hand: two hundred questions with their answers, each with
-- alternatives, and the faults. This script draws from it with a fixed seed, sees to it that
-- distinct tickets are distinct and planted copies are close, and writes
--   raw_2023.jsonl raw_2024.jsonl   two product logs, one with a BOM and CRLF, with all the faults
--   expert.jsonl synthetic.jsonl    written by staff; written by a teacher model
--   gold.jsonl                      the frozen evaluation set
--   planted.tsv                     every planted fault: file, line, id, kind, what ought to happen
-- and the table of planted numbers, which it prints and puts into README.md.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
package.path = here .. "/?.lua"
local out_dir = arg[1] or here

local random   = require "make.random"
local json     = require "make.json"
local likeness = require "make.likeness"
local slots    = require "make.slots"
local frames   = require "make.frames"
local faults   = require "make.faults"
local private  = require "make.private"

local rng = random.new(20240611)

-- Clean rows for each question of a queue: password trouble is common, wishes are rare.
local QUEUES = { { "account", 15 }, { "billing", 12 }, { "shipping", 8 }, { "integrations", 7 }, { "api", 7 },
  { "export", 8 }, { "mobile", 8 }, { "permissions", 7 }, { "bugs", 8 }, { "features", 7 }, { "cancellation", 7 },
  { "security", 7 }, { "mail", 8 }, { "till", 8 }, { "general", 7 } }
local GOLD_VARIANTS = 5
local DISTINCT, CLOSE = 0.72, 0.86     -- near_dedup decides at 0.8; nothing planted comes near that

local BLANK_LINES = 6

local plan = require "make.plan"
local PLANT = {}       -- kind -> how many
for _, entry in ipairs(plan) do PLANT[entry.kind] = entry.count end

-- ---- drawing a ticket --------------------------------------------------------------------

local function draw(list, values)
  return slots.expand(rng:pick(list), rng, values)
end

local function upper_first(text)
  return (text:gsub("^%l", string.upper))
end

--- People mistype: two letters swapped, an apostrophe lost, no capitals at all.
local function mistype(text)
  if rng:chance(0.12) then return (text:lower():gsub("'", "")) end
  if not rng:chance(0.25) then return text end
  local words, n = {}, 0
  for blank, word in text:gmatch("(%s*)(%S+)") do
    n = n + 1
    if #word > 5 and word:match("^%l+$") and rng:chance(0.06) then
      local at = rng:int(2, #word - 2)
      word = word:sub(1, at - 1) .. word:sub(at + 1, at + 1) .. word:sub(at, at) .. word:sub(at + 2)
    end
    words[n] = blank .. word
  end
  return table.concat(words)
end

--- One ticket of a body in the voice of a log, an expert or the teacher model.
-- @param v  the slots of this ticket, to be filled
-- @return   input, output, and "weak" where the answer says too little
local function voiced(body, voice, v)
  local q = slots.expand(body.q, rng, v)
  local a = slots.expand(body.a, rng, v)
  if voice == "expert" or voice == "gold" then
    local who = rng:chance(0.5) and draw(frames.who, v) or ""
    return q .. who, a
  elseif voice == "synthetic" then
    return q .. draw(frames.synthetic_who, v), draw(frames.synthetic_start, v) .. a .. draw(frames.synthetic_end, v)
  end
  local hello, who, bye = draw(frames.hello, v), draw(frames.who, v), draw(frames.bye, v)
  local reply, signed = draw(frames.reply, v), draw(frames.signed, v)
  if body.w and rng:chance(0.2) then
    return mistype(hello .. q .. who) .. bye, reply .. body.w .. draw(frames.weak_end, v) .. signed, "weak"
  end
  return mistype(hello .. q .. who) .. bye, upper_first(reply .. a .. signed), nil
end

-- Two tickets are told apart by their 5-grams; only those of one body can be alike by chance.
local drawn = {}       -- body -> list of grams

local function is_new(body, input, output)
  local grams = likeness.grams(input, output)
  local list = drawn[body] or {}
  for _, other in ipairs(list) do
    if likeness.jaccard(grams, other) >= DISTINCT then return false end
  end
  list[#list + 1] = grams
  drawn[body] = list
  return true
end

--- A ticket of that body unlike all drawn before. `change` (input, output, slots) returns what to
-- put in their place, or nil where this draw does not suit it.
local function fresh(body, voice, change)
  for _ = 1, 400 do
    local v = {}
    local input, output, note = voiced(body, voice, v)
    if change then input, output = change(input, output, v) end
    local plain = change or (likeness.repetition(output) <= 0.10 and likeness.repetition(input) <= 0.10
                             and likeness.words(output) >= 12 and likeness.words(input) >= 6)
    if input and plain and is_new(body, input, output) then
      return { input = input, output = output, queue = body.queue, note = note }
    end
  end
  error("no new ticket found for: " .. body.q)
end

-- ---- the rows ------------------------------------------------------------------------------

local rows = {}        -- file -> list of rows, each with `at`, its place between 0 and 1
for _, file in ipairs { "raw_2023", "raw_2024", "expert", "synthetic", "gold" } do rows[file] = {} end

local function place(row, file, at)
  row.file = file or rng:pick { "raw_2023", "raw_2024" }
  row.at = at or rng:int(0, 999999999) / 1e9
  local list = rows[row.file]
  list[#list + 1] = row
  row.serial = #list
  return row
end

local function fault(kind, row, file, at)
  row.fault = kind
  return place(row, file, at)
end

local bodies, gold_bodies = {}, {}
for _, queue in ipairs(QUEUES) do
  for _, body in ipairs(require("make.material." .. queue[1])) do
    body.queue, body.times = queue[1], queue[2]
    local list = body.gold and gold_bodies or bodies
    list[#list + 1] = body
  end
end

local function clean_rows()
  local clean, experts = {}, {}
  for i, body in ipairs(bodies) do
    for t = 1, body.times do
      if t == body.times and i % 3 ~= 0 then experts[#experts + 1] = place(fresh(body, "expert"), "expert")
      elseif t >= body.times - 2 and (t + i) % 2 == 0 then place(fresh(body, "synthetic"), "synthetic")
      else clean[#clean + 1] = place(fresh(body, "log")) end
    end
  end
  for _, body in ipairs(gold_bodies) do
    for _ = 1, GOLD_VARIANTS do place(fresh(body, "gold"), "gold") end
  end
  return clean, experts
end

--- Where a copy may stand: anywhere after its original, in that log or the later one.
local function after(row)
  if row.file == "raw_2023" and rng:chance(0.5) then return "raw_2024" end
  return row.file, row.at + (1 - row.at) * (rng:int(1, 999999) / 1e6)
end

local function exact_copies(clean)
  for i = 1, PLANT.exact_copy do
    local row = rng:pick(clean)
    local input = row.input
    if i % 4 == 0 then input = input:upper()
    elseif i % 4 == 1 then input = "  " .. input:gsub(" ", "  ", 3) .. "\n" end
    fault("exact_copy", { input = input, output = row.output, queue = row.queue }, after(row))
  end
end

--- Another name, a corrected word: what a form letter or a copied draft changes.
local EDITS = { { "Kind regards", "Best regards" }, { "please", "kindly" }, { " is ", " was " },
  { "Thanks", "Thank you" }, { "Hi ", "Hello " }, { "%d%d%d", function() return tostring(rng:int(100, 999)) end },
  { " and ", " & " },
  { "%.%s", "! " }, { " the ", " your " } }

local function edited(text)
  for _ = 1, 2 do
    local edit = rng:pick(EDITS)
    text = text:gsub(edit[1], edit[2], 1)
  end
  return text
end

local copies = {}      -- texts of close copies, no two of which are the same

local function close_copy(row)
  local grams = likeness.grams(row.input, row.output)
  for _ = 1, 200 do
    local input, output = edited(row.input), edited(row.output)
    local copy = likeness.grams(input, output)
    local j = likeness.jaccard(grams, copy)
    local text = input .. "\31" .. output
    if j >= CLOSE and j < 1 and not copies[text:lower()] then
      copies[text:lower()] = true
      return { input = input, output = output, queue = row.queue }
    end
  end
  error("no close copy of: " .. row.input)
end

local function near_copies(clean, experts)
  for _ = 1, PLANT.edited_copy do
    local row = rng:pick(clean)
    fault("edited_copy", close_copy(row), after(row))
  end
  for _ = 1, PLANT.copy_of_expert do
    fault("copy_of_expert", close_copy(rng:pick(experts)))
  end
  for i, template in ipairs(faults.reset_templates) do
    local first = place({ queue = "account", note = "first of its form" }, "raw_2023", 0.001 * i)
    local v = {}
    first.input, first.output = slots.expand(template.q, rng, v), slots.expand(template.a, rng, v)
    local grams = likeness.grams(first.input, first.output)
    for _ = 1, PLANT.reset_form // #faults.reset_templates do
      local input, output
      repeat
        v = {}
        input, output = slots.expand(template.q, rng, v), slots.expand(template.a, rng, v)
      until likeness.jaccard(grams, likeness.grams(input, output)) >= CLOSE
      local file = rng:pick { "raw_2023", "raw_2024" }
      local at = 0.01 + rng:int(0, 98999) / 1e5      -- always after the first of its form
      fault("reset_form", { input = input, output = output, queue = "account" }, file, at)
    end
  end
end

--- Tickets with a useless answer below a good question.
local function useless_answers()
  local function answered(kind, list)
    for _ = 1, PLANT[kind] do
      fault(kind, fresh(rng:pick(bodies), "log", function(input, _, v) return input, draw(list, v) end))
    end
  end
  answered("boilerplate", faults.boilerplate)
  answered("escalation", faults.escalation)
  for i = 1, PLANT.empty_answer do
    local nothing = ({ "", " ", "\n\n" })[i % 3 + 1]
    fault("empty_answer", fresh(rng:pick(bodies), "log", function(input) return input, nothing end))
  end
  for _, answer in ipairs(faults.short_answers) do
    fault("short_answer", fresh(rng:pick(bodies), "log", function(input) return input, answer end))
  end
  for _, question in ipairs(faults.short_questions) do
    fault("short_question", fresh(rng:pick(bodies), "log", function(_, output) return question, output end))
  end
  for _, loop in ipairs(faults.loops) do
    fault("loop", fresh(rng:pick(bodies), "log", function(input) return input, loop[1]:rep(loop[2]) end))
  end
  for _ = 1, PLANT.cut_off do
    fault("cut_off", fresh(rng:pick(bodies), "log", function(input, output)
      local words = {}
      for word in output:gmatch("%S+%s*") do words[#words + 1] = word end
      local cut = table.concat(words, "", 1, #words * rng:int(45, 70) // 100):gsub("%s+$", "")
      local mid_sentence = cut:match("%a$") and #cut:match("[^\n]*$") >= 60
      if not mid_sentence or likeness.words(cut) < 14 then return nil end
      return input, cut
    end))
  end
  for _ = 1, PLANT.answer_in_question do
    fault("answer_in_question", fresh(rng:pick(bodies), "log", function(input, output)
      return input .. "\n\n----- Your answer, did not reach me in full -----\n" .. output, output
    end))
  end
end

local function other_languages()
  local foreign = require "make.material.foreign"
  for _, language in ipairs { { "german", "de" }, { "spanish", "es" }, { "french", "fr" } } do
    for _, body in ipairs(foreign[language[2]]) do
      body.queue = "general"
      for _ = 1, 2 do
        local input, output
        repeat
          local v = {}
          input, output = slots.expand(body.q, rng, v), slots.expand(body.a, rng, v)
        until is_new(body, input, output)
        fault(language[1], { input = input, output = output, queue = body.queue })
      end
    end
  end
end

-- ---- private data --------------------------------------------------------------------------

local counted = { ssn = 0, card = 0, email = 0, phone = 0, ip = 0 }

--- Fills in <ssn>, <card> and so on, and notes their kinds in `seen`.
local function with_private(text, values, seen)
  return (text:gsub("<(%w+)>", function(name)
    if not private[name] then return nil end
    if seen and counted[name] then seen[#seen + 1] = name end
    return private[name](rng, values)
  end))
end

--- Puts a sentence behind the first one of a text.
local function behind_first_sentence(text, sentence)
  local stop = text:find("[.!?]%s") or text:find("[.!?]$") or #text
  return text:sub(1, stop) .. sentence .. text:sub(stop + 1)
end

local function is_good(output)
  return likeness.repetition(output) <= 0.10 and likeness.words(output) >= 12
end

local function private_rows()
  for i = 1, PLANT.private do
    local p, seen = faults.private[(i - 1) % #faults.private + 1], nil
    local row = fresh(rng:pick(bodies), "log", function(input, output, v)
      if not is_good(output) then return nil end
      seen = {}
      local text = slots.expand(with_private(p[1], v, seen), rng, v)
      if p.where == "input" then return input .. text, output end
      return input, behind_first_sentence(output, text)
    end)
    for _, kind in ipairs(seen) do counted[kind] = counted[kind] + 1 end
    row.detail = table.concat(seen, ",")
    fault("private", row)
  end
  for i = 1, PLANT.harmless do
    local text = faults.harmless[(i - 1) % #faults.harmless + 1]
    fault("harmless", fresh(rng:pick(bodies), "log", function(input, output, v)
      if not is_good(output) then return nil end
      return input .. with_private(text, v), output
    end))
  end
end

-- ---- contamination -------------------------------------------------------------------------

local REWORDED = {
  "A colleague of mine ran into something like this. I would like to know it too: what is the way to deal with it?",
  "I read an old thread of yours about this and the end of it was missing. Could you tell me once more how it is done?",
  "For our own handbook I need two or three sentences on this from you, in plain words please.",
  "On the telephone your colleague explained it so well, but I took no notes. Would you write it down for me?",
  "My neighbour's shop had this last week. In case it happens to us as well, what would we have to do?" }

local function contamination()
  local gold = rng:shuffled(rows.gold)
  local n = 0
  local function next_gold() n = n + 1; return gold[n] end
  for i = 1, PLANT.gold_copy do
    local row = next_gold()
    local input = i % 3 == 0 and row.input:lower() or row.input
    fault("gold_copy", { input = input, output = row.output, queue = row.queue })
  end
  for i = 1, PLANT.gold_question do
    local row = next_gold()
    local output = faults.other_answer[i % #faults.other_answer + 1]
    fault("gold_question", { input = row.input, output = output, queue = row.queue })
  end
  for _ = 1, PLANT.gold_near do fault("gold_near", close_copy(next_gold())) end
  for i = 1, PLANT.gold_answer do
    local row = next_gold()
    fault("gold_answer", { input = REWORDED[i], output = row.output, queue = row.queue })
  end
end

-- ---- writing -------------------------------------------------------------------------------

local FILES = {
  raw_2023  = { id = "FW23-%05d",  style = "python",  year = 2023, eol = "\r\n", bom = "\xEF\xBB\xBF" },
  raw_2024  = { id = "FW24-%05d",  style = "compact", year = 2024, eol = "\n", accounts = true },
  expert    = { id = "EXP-%04d",   style = "compact", year = 2024, eol = "\n" },
  synthetic = { id = "SYN-%04d",   style = "compact", year = 2024, eol = "\n" },
  gold      = { id = "GOLD-%03d",  style = "compact", year = 2024, eol = "\n" },
}

local function broken_lines()
  for _, broken in ipairs(faults.broken_lines) do
    fault(broken[1], { line = broken[2] })
  end
  for i = 1, BLANK_LINES do
    place({ line = i % 2 == 0 and "   " or "", fault = "blank_line" }, i % 2 == 0 and "raw_2023" or "raw_2024")
  end
end

local YEAR_START = { [2023] = 1672660800, [2024] = 1704196800 }    -- January 2, noon, UTC

local function stamp(year, share)
  local second = YEAR_START[year] + math.floor(share * 360 * 86400)
  return os.date("!%Y-%m-%dT%H:%M:%SZ", second)
end

local function line_of(row, file, id)
  if row.line then return (row.line:gsub("%%s", id)) end
  local meta = { { "queue", row.queue }, { "channel", rng:pick { "email", "email", "web", "chat", "app" } } }
  local object = { { "ticket_id", id }, { "input", row.input }, { "output", row.output },
    { "created_at", stamp(file.year, row.at) } }
  if file.accounts then       -- numbers past 64 bits, which must come out as they went in
    object[#object + 1] = { "account", { raw = ("184467440737%011d"):format(rng:int(0, 99999999999)) } }
  end
  object[#object + 1] = { "metadata", meta }
  return json.object(object, file.style)
end

local function save(name, text)
  local f = assert(io.open(out_dir .. "/" .. name, "wb"))
  assert(f:write(text))
  assert(f:close())
end

local planted, tally = {}, {}
local fate_of = {}     -- kind -> the stage that rejects it, or "kept"
for _, p in ipairs(plan) do fate_of[p.kind] = p.fate end

local function write_file(name)
  local file, list, lines = FILES[name], rows[name], {}
  table.sort(list, function(a, b)
    if a.at ~= b.at then return a.at < b.at end
    return a.serial < b.serial
  end)
  for n, row in ipairs(list) do
    local id = file.id:format(n)
    lines[n] = line_of(row, file, id)
    if row.fault then
      tally[row.fault] = (tally[row.fault] or 0) + 1
      planted[#planted + 1] = table.concat({ name .. ".jsonl", n, id, row.fault, fate_of[row.fault] or "-",
                                             row.detail or "" }, "\t")
    end
  end
  save(name .. ".jsonl", (file.bom or "") .. table.concat(lines, file.eol) .. file.eol)
  return #list
end

local function planted_table()
  local out = { "| planted | rows | what it is | ends at |", "| --- | ---: | --- | --- |" }
  for _, p in ipairs(plan) do
    local fate = p.fate == "kept" and "kept" or "`" .. p.fate .. "`"
    out[#out + 1] = ("| %s | %d | %s | %s |"):format(p.kind, tally[p.kind], p.about, fate)
  end
  out[#out + 1] = ""
  out[#out + 1] = ("The %d rows with private data hold %d SSNs, %d card numbers, %d e-mail addresses,")
    :format(tally.private, counted.ssn, counted.card, counted.email)
  out[#out + 1] = ("%d telephone numbers and %d IP addresses. %d blank lines are skipped.")
    :format(counted.phone, counted.ip, tally.blank_line)
  return table.concat(out, "\n")
end

local function put_into_readme(mark, text)
  local path = here .. "/README.md"
  local f = out_dir == here and io.open(path, "rb")
  if not f then return end
  local readme = f:read("a")
  f:close()
  local _, first = readme:find("<!-- " .. mark .. " -->\n", 1, true)
  local last = readme:find("<!-- /" .. mark .. " -->", 1, true)
  if not (first and last) then return end
  f = assert(io.open(path, "wb"))
  f:write(readme:sub(1, first), text, "\n", readme:sub(last))
  f:close()
end

local clean, experts = clean_rows()
exact_copies(clean)
near_copies(clean, experts)
useless_answers()
other_languages()
private_rows()
contamination()
broken_lines()

local ABOUT = {
  { "raw_2023", "product log; written on Windows, with a BOM and CRLF, all but ASCII escaped" },
  { "raw_2024", "product log; UTF-8 as it is, with account numbers past 64 bits" },
  { "expert", "answers written by staff for this purpose; `trusted`" },
  { "synthetic", "questions and answers made by a teacher model" },
  { "gold", "the frozen evaluation set, chosen by hand; no training row may be near it" },
}

local files = { "| file | lines | what it is |", "| --- | ---: | --- |" }
for _, file in ipairs(ABOUT) do
  files[#files + 1] = ("| `%s.jsonl` | %d | %s |"):format(file[1], write_file(file[1]), file[2])
end
save("planted.tsv", "file\tline\tid\tfault\tfate\tdetail\n" .. table.concat(planted, "\n") .. "\n")

for _, part in ipairs { { "files", table.concat(files, "\n") }, { "planted", planted_table() } } do
  put_into_readme(part[1], part[2])
  print(part[2])
end
