--- The examples run as they are, and what their pages say is so: every planted fault of the helpdesk
-- data ends where planted.tsv says, and nothing else is taken out but by balance and by the marks of scores.jsonl.

local check = require "check"
local fs    = require "fs"
local json  = require "json"

local HELPDESK = "examples/helpdesk/"
local SOURCES  = { "raw_2023", "raw_2024", "expert", "synthetic" }

local folder   = check.folder()
local read     = check.read

local function lines_of(path)
  local list = {}
  for line in read(path):gmatch("[^\n]*\n") do list[#list + 1] = (line:gsub("\r?\n$", "")) end
  return list
end

local function name_of(path) return path:match("[^/]*$") end

local function run(...)
  local parts = { ... }
  for i, part in ipairs(parts) do parts[i] = check.quote(part) end
  local status, out, err = check.run(check.tamis .. " " .. table.concat(parts, " "))
  check.eq(status, 0, err .. out)
  return out
end

-- ---- the helpdesk run, once ----------------------------------------------------------------

local base = folder .. "/helpdesk_v1/a/"

--- Rejections by "file:line", each { stage, reason, … }, and how many.
local function rejections(run_folder)
  local by_place, n = {}, 0
  for _, line in ipairs(lines_of(run_folder .. "rejected.jsonl")) do
    local r = json.decode(line)._rejection
    by_place[name_of(r.source) .. ":" .. math.tointeger(r.line)] = r
    n = n + 1
  end
  return by_place, n
end

--- Planted rows by "file:line", each { kind, fate, detail }.
local function planted_rows()
  local by_place = {}
  for i, line in ipairs(lines_of(HELPDESK .. "planted.tsv")) do
    local file, n, _, kind, fate, detail = line:match("^(.-)\t(.-)\t(.-)\t(.-)\t(.-)\t(.*)$")
    if i > 1 then by_place[file .. ":" .. n] = { kind = kind, fate = fate, detail = detail } end
  end
  return by_place
end

--- Every place of the sources, blank lines left out.
local function all_places()
  local places = {}
  for _, name in ipairs(SOURCES) do
    for n, line in ipairs(lines_of(HELPDESK .. name .. ".jsonl")) do
      if line:find("%S") then places[#places + 1] = name .. ".jsonl:" .. n end
    end
  end
  return places
end

-- What takes out rows that break no rule: a choice among them, and an opinion.
local BY_CHOICE = { balance = true, judge = true }

local rejected, rejected_count, planted, places

check.test("the helpdesk recipe runs", function()
  run("run", HELPDESK .. "recipe.lua", "--out", folder, "--run-id", "a", "--quiet")
  rejected, rejected_count = rejections(base)
  planted, places = planted_rows(), all_places()
end)

check.test("every planted fault ends at the stage that planted.tsv names", function()
  local wrong = {}
  for _, place in ipairs(places) do
    local p, r = planted[place], rejected[place]
    local ended = r and r.stage or "kept"
    if p and ended ~= p.fate and not (p.fate == "kept" and BY_CHOICE[ended]) then
      wrong[#wrong + 1] = ("%s, %s, ended at %s"):format(place, p.kind, ended)
    end
  end
  check.eq(#wrong, 0, table.concat(wrong, "\n"))
end)

check.test("no good row is taken out but by balance and by the marks of scores.jsonl", function()
  local wrong = {}
  for _, place in ipairs(places) do
    local r = rejected[place]
    if not planted[place] and r and not BY_CHOICE[r.stage] then
      wrong[#wrong + 1] = ("%s ended at %s, %s"):format(place, r.stage, r.reason)
    end
  end
  check.eq(#wrong, 0, table.concat(wrong, "\n"))
end)

check.test("a line that is refused bears the planted kind as its reason", function()
  for place, p in pairs(planted) do
    if p.fate == "load" then check.eq(rejected[place] and rejected[place].reason, p.kind, place) end
  end
end)

check.test("rows read are rows kept and rows rejected", function()
  local kept = #lines_of(base .. "train.jsonl") + #lines_of(base .. "valid.jsonl")
  check.eq(kept + rejected_count, #places)
  local lineage = json.decode(read(base .. "lineage.json"))
  check.eq(math.tointeger(lineage.final_count), kept)
  check.eq(math.tointeger(lineage.rejected_count), rejected_count)
  check.eq(math.tointeger(lineage.quarantined_count), 0)
end)

--- The lines of scores.jsonl by the id of the row that each names.
local function scores()
  local by_id, n = {}, 0
  for i, line in ipairs(lines_of(HELPDESK .. "scores.jsonl")) do
    local t = json.decode(line)
    check.ok(not by_id[t.id], "scores.jsonl:" .. i .. " names a row again: " .. t.id)
    by_id[t.id], n = t, n + 1
  end
  return by_id, n
end

local DIMENSIONS = { "correctness", "helpfulness", "instruction_following", "completeness", "quality" }

-- What the stage's defaults make of marks: no lowest mark, and a mean of 3.5 or more.
local function passes(t)
  local sum, lowest = 0, 5
  for _, d in ipairs(DIMENSIONS) do sum, lowest = sum + t[d], math.min(lowest, t[d]) end
  return lowest > 1 and sum / #DIMENSIONS >= 3.5
end

check.test("every score names a row that reaches the judge, and rows go by their scores alone", function()
  local by_id, n = scores()
  check.ok(n >= 300, n)
  local low, wanted, states = 0, 0, nil
  for _, line in ipairs(lines_of(base .. "rejected.jsonl")) do
    local row = json.decode(line)
    if row._rejection.stage == "judge" then
      local t = check.ok(by_id[row.ticket_id], row.ticket_id)
      check.ok(not passes(t), row.ticket_id)
      low = low + 1
    end
  end
  for id, t in pairs(by_id) do
    local trusted = id:find "^EXP%-" ~= nil     -- tagged, not removed
    wanted = wanted + ((trusted or passes(t)) and 0 or 1)
  end
  check.eq(low, wanted)
  local lineage = json.decode(read(base .. "lineage.json"))
  for _, stage in ipairs(lineage.stats.stage_counts) do
    if stage.name == "judge" then states = stage.figures.states end
  end
  check.eq(math.tointeger(states.scored), n)
  check.contains(table.concat(lineage.notes, "\n"), "have no score in")
end)

check.test("what its author wrote of a row stands with its rejection", function()
  local by_id, n = scores(), 0
  for _, line in ipairs(lines_of(base .. "rejected.jsonl")) do
    local row = json.decode(line)
    if row._rejection.stage == "judge" then
      n = n + 1
      check.eq(row._rejection.evidence.reasoning, by_id[row.ticket_id].reasoning)
    end
  end
  check.ok(n > 0)
end)

check.test("no topic holds more rows than balance allows, and one is cut to that", function()
  local count, most = {}, 0
  for _, file in ipairs { "train.jsonl", "valid.jsonl" } do
    for _, line in ipairs(lines_of(base .. file)) do
      local topic = json.decode(line).metadata.topic
      count[topic] = (count[topic] or 0) + 1
      if topic ~= "unknown" then most = math.max(most, count[topic]) end
    end
  end
  check.eq(most, 120)
end)

check.test("private data is masked in what is written and left in what was read", function()
  local scan = require "scan"
  local scanner = scan.new(require "pii.classic", { strict = true })
  if not scanner then check.skip("needs PCRE2") end
  for _, file in ipairs { "train.jsonl", "valid.jsonl" } do
    for n, line in ipairs(lines_of(base .. file)) do
      for _, message in ipairs(json.decode(line).messages) do
        check.eq(#scanner:find(message.content), 0, file .. ":" .. n)
      end
    end
  end
end)

check.test("each planted find of a kept row is masked by its kind, and nothing else is", function()
  local NAMES = { ssn = "SSN", card = "CREDIT_CARD", email = "EMAIL", phone = "PHONE", ip = "IP" }
  local wanted, got = {}, {}
  for place, p in pairs(planted) do
    if p.kind == "private" and not rejected[place] then
      for kind in p.detail:gmatch("%a+") do wanted[NAMES[kind]] = (wanted[NAMES[kind]] or 0) + 1 end
    end
  end
  for _, file in ipairs { "train.jsonl", "valid.jsonl" } do
    for kind in read(base .. file):gmatch("%[([%u_]+)%]") do got[kind] = (got[kind] or 0) + 1 end
  end
  check.eq(got, wanted)
end)

check.test("a number past 64 bits is written as it was read", function()
  local seen = {}
  for account in read(HELPDESK .. "raw_2024.jsonl"):gmatch('"account":(%d+)') do seen[account] = true end
  local n = 0
  for account in read(base .. "train.jsonl"):gmatch('"account":%s*(%d+)') do
    check.ok(seen[account], account)
    n = n + 1
  end
  check.ok(n > 100)
end)

check.test("a second run on one thread writes the same bytes", function()
  run("run", HELPDESK .. "recipe.lua", "--out", folder, "--run-id", "b", "--quiet", "--threads", "1")
  for _, file in ipairs { "train.jsonl", "valid.jsonl", "rejected.jsonl" } do
    check.ok(read(base .. file) == read(folder .. "/helpdesk_v1/b/" .. file), file .. " differs")
  end
end)

-- ---- the data ------------------------------------------------------------------------------

check.test("make_tickets.lua makes the helpdesk data, byte for byte", function()
  local out = folder .. "/made"
  check.ok(fs.mkdir(out))
  local path, globals, say = package.path, { arg = arg, print = print }, {}
  arg, print = { [0] = HELPDESK .. "make_tickets.lua", out }, function(s) say[#say + 1] = s end    -- luacheck: ignore
  local ok, err = pcall(dofile, HELPDESK .. "make_tickets.lua")
  arg, print, package.path = globals.arg, globals.print, path                                     -- luacheck: ignore
  check.ok(ok, err)
  for _, name in ipairs { "raw_2023.jsonl", "raw_2024.jsonl", "expert.jsonl", "synthetic.jsonl", "gold.jsonl",
                          "planted.tsv" } do
    check.ok(read(out .. "/" .. name) == read(HELPDESK .. name), name .. " differs")
  end
  local readme = read(HELPDESK .. "README.md")
  for row in table.concat(say, "\n"):gmatch("[^\n]*|[^\n]*") do check.contains(readme, row) end
end)

-- ---- the small ones ------------------------------------------------------------------------

local SMALL = {
  { recipe = "examples/minimal/recipe.lua", run = "faq_v1", rows = 16, ends = {
    ["faq.jsonl:5"] = "exact_dedup", ["faq.jsonl:9"] = "near_dedup", ["faq.jsonl:11"] = "length",
    ["faq.jsonl:13"] = "length" } },
  { recipe = "examples/shared_policy/cooking.lua", run = "cooking_v1", rows = 12, ends = {
    ["cooking.jsonl:5"] = "exact_dedup", ["cooking.jsonl:6"] = "non_answers", ["cooking.jsonl:11"] = "length",
    ["cooking.jsonl:12"] = "near_dedup" } },
  { recipe = "examples/shared_policy/garden.lua", run = "garden_v1", rows = 12, ends = {
    ["garden.jsonl:5"] = "non_answers", ["garden.jsonl:7"] = "length", ["garden.jsonl:10"] = "near_dedup" } },
  { recipe = "examples/meaning/recipe.lua", run = "workshop_v1", rows = 14, ends = {
    ["faq.jsonl:5"] = "semantic_dedup", ["faq.jsonl:8"] = "semantic_dedup", ["faq.jsonl:12"] = "semantic_dedup" } },
}

for _, small in ipairs(SMALL) do
  check.test(small.recipe .. " removes what its page says", function()
    run("run", small.recipe, "--out", folder, "--run-id", "a", "--quiet")
    local out = folder .. "/" .. small.run .. "/a/"
    local got, n = rejections(out)
    local ends = {}
    for place, r in pairs(got) do ends[place] = r.stage end
    check.eq(ends, small.ends)
    check.eq(#lines_of(out .. "curated.jsonl"), small.rows - n)
  end)
end

check.test("the coverage recipe says what production asks and the tickets do not answer", function()
  run("run", "examples/helpdesk/coverage.lua", "--out", folder, "--run-id", "a", "--quiet")
  local out = folder .. "/helpdesk_coverage/a/"
  local _, n = rejections(out)
  local record = json.decode(read(out .. "lineage.json"))
  check.eq(#lines_of(out .. "curated.jsonl") + n, 1984)
  local seen = {}
  for _, stage in ipairs(record.stats.stage_counts) do seen[stage.stage] = stage end
  check.ok(seen.semantic_dedup.removed > 0 and seen.balance.removed > 0)
  local page = select(2, check.run(check.tamis .. " report " .. check.quote(out)))
  check.contains(page, "Training against production: ")
  check.contains(page, "of 62 rows")
end)

check.test("the policy masks the e-mail address and the telephone number", function()
  check.contains(read(folder .. "/cooking_v1/a/curated.jsonl"), "[EMAIL]")
  check.contains(read(folder .. "/garden_v1/a/curated.jsonl"), "[PHONE]")
end)

check.done()
