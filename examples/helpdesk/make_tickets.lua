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
package.path = here .. "/make/?.lua"
local out_dir = arg[1] or here

local random   = require "random"
local json     = require "json"
local likeness = require "likeness"
local slots    = require "slots"
local frames   = require "frames"
local faults   = require "faults"

local rng = random.new(20240611)

-- Clean rows for each question of a queue: password trouble is common, wishes are rare.
local QUEUES = { { "account", 15 }, { "billing", 12 }, { "shipping", 8 }, { "integrations", 7 }, { "api", 7 }, { "export", 8 },
  { "mobile", 8 }, { "permissions", 7 }, { "bugs", 8 }, { "features", 7 }, { "cancellation", 7 }, { "security", 7 },
  { "mail", 8 }, { "till", 8 }, { "general", 7 } }
local GOLD_VARIANTS = 5
local DISTINCT, CLOSE = 0.72, 0.86     -- near_dedup decides at 0.8; nothing planted comes near that

local PLANT = {
  exact_copy = 110, reset_form = 132, edited_copy = 60, copy_of_expert = 14,
  boilerplate = 70, escalation = 55, cut_off = 40, answer_in_question = 14,
  private = 104, harmless = 20, gold_copy = 12, gold_question = 8, gold_near = 15, gold_answer = 5, blank_line = 6,
  empty_answer = 10,
}

-- What ought to happen to a planted row: the stage and the reason that reject it, or "kept".
local FATE = {
  exact_copy = "exact_dedup", reset_form = "near_dedup", edited_copy = "near_dedup", copy_of_expert = "near_dedup",
  boilerplate = "boilerplate", escalation = "no_escalation", cut_off = "cut_off", answer_in_question = "answer_in_question",
  private = "kept", harmless = "kept", gold_copy = "decontaminate", gold_question = "decontaminate", gold_near = "decontaminate",
  gold_answer = "kept", empty_answer = "length", short_answer = "length", short_question = "length", loop = "repetition",
  german = "language", spanish = "language", french = "language", malformed = "load", not_utf8 = "load",
  not_an_object = "load", missing_field = "load", field_type = "load", duplicate_key = "load", lone_surrogate = "load",
}

local ABOUT = {
  exact_copy = "the same ticket again, blanks and capitals apart", reset_form = "a password reset from a form: one template, other names and numbers",
  edited_copy = "a ticket again under another name", copy_of_expert = "a log row that an expert row repeats: the expert row stays",
  boilerplate = "an answer that only gives thanks", escalation = "an answer that passes the matter on",
  cut_off = "an answer that ends in the middle of a sentence", answer_in_question = "the answer is quoted in the question (label leakage)",
  private = "private data: masked, and the row kept", harmless = "numbers that only look private: left alone",
  gold_copy = "a row of the gold set", gold_question = "a question of the gold set with another answer",
  gold_near = "a row of the gold set, edited", gold_answer = "an answer of the gold set below a question in other words",
  empty_answer = "no answer", short_answer = "an answer of a few words", short_question = "a question of a word or two",
  loop = "an answer that repeats itself", german = "German", spanish = "Spanish", french = "French",
  malformed = "a line that is no JSON", not_utf8 = "bytes that are no UTF-8", not_an_object = "JSON, but no object",
  missing_field = "no input, or no output", field_type = "a number, list, object, boolean or null for a text",
  duplicate_key = "a text given twice", lone_surrogate = "half of a surrogate pair",
}

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
  for _, body in ipairs(require("material." .. queue[1])) do
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
    if i % 4 == 0 then input = input:upper():gsub("INV", "inv") elseif i % 4 == 1 then input = "  " .. input:gsub(" ", "  ", 3) .. "\n" end
    fault("exact_copy", { input = input, output = row.output, queue = row.queue }, after(row))
  end
end

--- Another name, a corrected word: what a form letter or a copied draft changes.
local function edited(text)
  local edits = { { "Kind regards", "Best regards" }, { "please", "kindly" }, { " is ", " was " }, { "Thanks", "Thank you" }, { "Hi ", "Hello " },
    { "%d%d%d", function() return tostring(rng:int(100, 999)) end }, { " and ", " & " }, { "We ", "we " }, { "%.", "!" }, { " the ", " your " } }
  for _ = 1, 2 do
    local edit = rng:pick(edits)
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
      fault("reset_form", { input = input, output = output, queue = "account" }, file, 0.01 + rng:int(0, 98999) / 1e5)
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
    fault("empty_answer", fresh(rng:pick(bodies), "log", function(input) return input, ({ "", " ", "\n\n" })[i % 3 + 1] end))
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
      if not cut:match("%a$") or #cut:match("[^\n]*$") < 60 or likeness.words(cut) < 14 then return nil end
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
  local foreign = require "material.foreign"
  for _, language in ipairs { { "german", "de" }, { "spanish", "es" }, { "french", "fr" } } do
    for _, body in ipairs(foreign[language[2]]) do
      body.queue = "general"
      for _ = 1, 2 do
        local v, input, output = {}
        repeat
          v = {}
          input, output = slots.expand(body.q, rng, v), slots.expand(body.a, rng, v)
        until is_new(body, input, output)
        fault(language[1], { input = input, output = output, queue = body.queue })
      end
    end
  end
end

-- ---- private data --------------------------------------------------------------------------

local counted = { ssn = 0, card = 0, email = 0, phone = 0, ip = 0 }

local function luhn_digit(digits)
  local sum = 0
  for i = #digits, 1, -1 do
    local d = digits:byte(i) - 48
    if (#digits - i) % 2 == 0 then d = d * 2; if d > 9 then d = d - 9 end end
    sum = sum + d
  end
  return (10 - sum % 10) % 10
end

local function card(wrong_by)
  local digits = rng:pick { "400000", "424242", "555555", "520082" }
  for _ = 1, 9 do digits = digits .. rng:int(0, 9) end
  digits = digits .. (luhn_digit(digits) + wrong_by) % 10
  local mark = rng:pick { " ", "-", "" }
  return digits:sub(1, 4) .. mark .. digits:sub(5, 8) .. mark .. digits:sub(9, 12) .. mark .. digits:sub(13)
end

-- Networks, telephone numbers and domains are those reserved for examples.
local PRIVATE = {
  ssn = function() return ("%03d-%02d-%04d"):format(rng:pick { rng:int(100, 665), rng:int(667, 899) }, rng:int(1, 99), rng:int(1, 9999)) end,
  card = function() return card(0) end,
  notcard = function() return card(rng:int(1, 9)) end,
  email = function(v)
    local name = slots.expand("<first>", rng, v):lower()
    return name .. rng:pick { "", ".office", rng:int(60, 99), "+till" } .. "@" .. rng:pick { "oakandtwine.example", "lanternbakery.example", "mail.example.net",
      "harlow-joinery.example", "blueheron.example.org", "example.com" }
  end,
  phone = function()
    return rng:pick { "(%s) 555-01%02d", "%s-555-01%02d", "+1 %s 555 01%02d", "%s.555.01%02d" }:format(rng:pick { 212, 312, 415, 503, 617, 808 }, rng:int(0, 99))
  end,
  ip = function() return rng:pick { "192.0.2.%d", "198.51.100.%d", "203.0.113.%d" }:format(rng:int(1, 254)) end,
}

local function private_rows()
  local function with(text, v, count)
    return (text:gsub("<(%w+)>", function(name)
      if not PRIVATE[name] then return nil end
      if count and counted[name] then count[#count + 1] = name end
      return PRIVATE[name](v)
    end))
  end
  for i = 1, PLANT.private do
    local p, seen = faults.private[(i - 1) % #faults.private + 1], nil
    local row = fresh(rng:pick(bodies), "log", function(input, output, v)
      seen = {}
      local text = slots.expand(with(p[1], v, seen), rng, v)
      if likeness.repetition(output) > 0.10 or likeness.words(output) < 12 then return nil end
      if p.where == "input" then return input .. text, output end
      return input, (output:gsub("[.!?]", "%0" .. text:gsub("%%", "%%%%"), 1))
    end)
    for _, kind in ipairs(seen) do counted[kind] = counted[kind] + 1 end
    row.detail = table.concat(seen, ",")
    fault("private", row)
  end
  for i = 1, PLANT.harmless do
    fault("harmless", fresh(rng:pick(bodies), "log", function(input, output)
      if likeness.repetition(output) > 0.10 or likeness.words(output) < 12 then return nil end
      return input .. with(faults.harmless[(i - 1) % #faults.harmless + 1], {}), output
    end))
  end
end

-- ---- contamination -------------------------------------------------------------------------

local REWORDED = { "A colleague of mine ran into something like this, and I would like to know it for myself: what is the way to deal with it?",
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
    fault("gold_copy", { input = i % 3 == 0 and row.input:lower() or row.input, output = row.output, queue = row.queue })
  end
  for i = 1, PLANT.gold_question do
    local row = next_gold()
    fault("gold_question", { input = row.input, output = faults.other_answer[i % #faults.other_answer + 1], queue = row.queue })
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
  raw_2024  = { id = "FW24-%05d",  style = "compact", year = 2024, eol = "\n" },
  expert    = { id = "EXP-%04d",   style = "compact", year = 2024, eol = "\n" },
  synthetic = { id = "SYN-%04d",   style = "compact", year = 2024, eol = "\n" },
  gold      = { id = "GOLD-%03d",  style = "compact", year = 2024, eol = "\n" },
}

local function broken_lines()
  for _, broken in ipairs(faults.broken_lines) do
    fault(broken[1], { line = broken[2] })
  end
  for i = 1, PLANT.blank_line do
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
  if file.year == 2024 and file.eol == "\n" and file.id:match("^FW24") then
    object[#object + 1] = { "account", { raw = ("184467440737%011d"):format(rng:int(0, 99999999999)) } }   -- past 64 bits
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
      planted[#planted + 1] = table.concat({ name .. ".jsonl", n, id, row.fault, FATE[row.fault] or "-", row.detail or "" }, "\t")
    end
  end
  save(name .. ".jsonl", (file.bom or "") .. table.concat(lines, file.eol) .. file.eol)
  return #list
end

local ORDER = { "malformed", "not_utf8", "not_an_object", "missing_field", "field_type", "duplicate_key", "lone_surrogate",
  "gold_copy", "gold_near", "gold_question", "gold_answer", "exact_copy", "empty_answer", "short_answer", "short_question", "loop",
  "german", "spanish", "french", "private", "harmless", "escalation", "boilerplate", "cut_off", "answer_in_question",
  "reset_form", "edited_copy", "copy_of_expert" }

local function planted_table()
  local out = { "| planted | rows | what it is | ends at |", "| --- | ---: | --- | --- |" }
  for _, kind in ipairs(ORDER) do
    out[#out + 1] = ("| %s | %d | %s | %s |"):format(kind, tally[kind], ABOUT[kind], FATE[kind] == "kept" and "kept" or "`" .. FATE[kind] .. "`")
  end
  out[#out + 1] = ""
  out[#out + 1] = ("The %d rows with private data hold %d SSNs, %d card numbers, %d e-mail addresses, %d telephone numbers and %d IP addresses. "
    .. "%d blank lines are skipped."):format(tally.private, counted.ssn, counted.card, counted.email, counted.phone, counted.ip, tally.blank_line)
  return table.concat(out, "\n")
end

local function put_into_readme(text)
  local path = here .. "/README.md"
  local f = io.open(path, "rb")
  if not f or out_dir ~= here then return end
  local readme = f:read("a")
  f:close()
  local first, last = readme:find("<!-- planted -->\n", 1, true), readme:find("<!-- /planted -->", 1, true)
  if not first then return end
  local start = select(2, readme:find("<!-- planted -->\n", 1, true))
  f = assert(io.open(path, "wb"))
  f:write(readme:sub(1, start), text, "\n", readme:sub(last))
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

local total = 0
for _, name in ipairs { "raw_2023", "raw_2024", "expert", "synthetic", "gold" } do
  local n = write_file(name)
  total = total + n
  print(("%-16s %5d lines"):format(name .. ".jsonl", n))
end
save("planted.tsv", "file\tline\tid\tfault\tfate\tdetail\n" .. table.concat(planted, "\n") .. "\n")
local text = planted_table()
put_into_readme(text)
print(text)
