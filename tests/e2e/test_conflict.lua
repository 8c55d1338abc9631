--- boilerplate and conflict as a user meets them: run, report, explain, sweep, rows that come back.

local check = require "check"
local json  = require "json"

local folder = check.folder()

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

local function tamis(command, ...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = check.quote(w) end
  local status, stdout, stderr = check.run(("%s %s %s"):format(check.tamis, command, table.concat(words, " ")))
  return status, stdout .. stderr
end

local CLOSING = "Thank you for writing to the night desk."

-- 40 rows: 12 that are nothing but the closing, 6 with an answer before it, two pairs that contradict each other.
local function rows()
  local out = {}
  for i = 1, 40 do
    local answer = ("The parcel with the number %d left on day %d of the month."):format(1000 + i, i)
    if i <= 12 then answer = CLOSING elseif i <= 18 then answer = answer .. " " .. CLOSING end
    out[i] = { input = ("where is my parcel number %d?"):format(1000 + i), output = answer }
  end
  out[39] = { input = out[30].input, output = "The parcel with the number 1030 left on day 31 of the month." }
  out[40] = { input = "Is the desk open on Sunday?", output = "Yes, until noon." }
  out[38] = { input = "Is the desk open on  sunday?", output = "No, it is closed." }
  for i, row in ipairs(out) do out[i] = json.encode(row) end
  return table.concat(out, "\n") .. "\n"
end

check.test("recurring sentences and contradictions stand in the notes, the ledger, the lineage and the report", function()
  write("rows.jsonl", rows())
  write("r.lua", [[local s = require "tamis"
return s.recipe { name = "r", sources = { "rows.jsonl" }, s.boilerplate { max_share = 0.6 },
  s.conflict { action = "keep_best", keep = "first" } }
]])
  local status, said = tamis("run", folder .. "/r.lua", "--out", folder .. "/out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), "boilerplate: in 18 rows (45.0%): " .. CLOSING)
  check.contains(said, "boilerplate.recurring_sentences")
  local dir = folder .. "/out/r/one"
  local record = json.decode(check.read(dir .. "/lineage.json"))
  local figures = {}
  for _, s in ipairs(record.stats.stage_counts) do figures[s.name] = s.figures end
  check.eq(figures.boilerplate.recurring_top[1].text, CLOSING)
  check.eq(figures.conflict.signals, { number = 2, yes_no = 2 })
  local reasons = {}
  for line in check.read(dir .. "/rejected.jsonl"):gmatch "[^\n]+" do
    local r = json.decode(line)._rejection
    reasons[r.reason] = (reasons[r.reason] or 0) + 1
    if r.reason == "yes_no" then
      check.eq({ r.line, r.evidence.twin.line, r.evidence.input_similarity, r.evidence.rows }, { 40, 38, 1, 1 })
    end
  end
  check.eq(reasons, { recurring_sentences = 12, number = 1, yes_no = 1 })
  local html = check.read(dir .. "/report.html")
  check.contains(html, "Recurring sentences")
  check.contains(html, "Contradictions")
  check.contains(html, "boilerplate.max_share")   -- the slider
  status, said = tamis("explain", dir, "rows.jsonl:40")
  check.eq(status, 0, said)
  check.contains(said, "yes_no")
  check.contains(said, "rows.jsonl:38")
  status, said = tamis("explain", dir, "rows.jsonl:1")
  check.contains(said, "recurring_sentences")
  check.contains(said, "max_share")
  check.eq(status, 0)
end)

check.test("a sweep tells max_share from figures, and other parameters by a pass a value", function()
  local status, said = tamis("sweep", folder .. "/r.lua", "boilerplate.max_share=0.3:0.9:0.3", "--json")
  check.eq(status, 0, said)
  local points = json.decode(said:match "%b{}")
  local text = json.encode(points)
  check.contains(text, '"removed":18')   -- 0.3: the six with an answer too
  check.contains(text, '"removed":12')
  status, said = tamis("sweep", folder .. "/out/r/one", "boilerplate.max_phrases=0,1", "--json")
  check.eq(status, 0, said)
  status, said = tamis("sweep", folder .. "/r.lua", "conflict.action=report,keep_best,reject", "--json")
  check.eq(status, 0, said)
  check.contains(said, '"removed": 4')
end)

check.test("a copy whose kept row goes for its boilerplate comes back and is judged like it", function()
  local lines = {}
  for i = 1, 12 do lines[i] = json.encode { input = "question number " .. i, output = CLOSING .. " Ticket " .. i .. "." } end
  lines[13] = json.encode { input = "question number one, please", output = "A long answer of its own, and nothing else." }
  lines[14] = json.encode { input = "question number one, please", output = "A long answer of its own, and nothing else. "
    .. CLOSING }
  write("rows.jsonl", table.concat(lines, "\n") .. "\n")
  write("r.lua", [[local s = require "tamis"
return s.recipe { name = "r", sources = { "rows.jsonl" }, s.near_dedup { threshold = 0.5, keep = "longest" },
  s.boilerplate { max_share = 0.3, min_rows = 2, max_df = 0 } }
]])
  local status, said = tamis("run", folder .. "/r.lua", "--out", folder .. "/out", "--run-id", "two")
  check.eq(status, 0, said)
  check.contains(check.read(folder .. "/out/r/two/curated.jsonl"), "of its own, and nothing else.\"")
end)

check.done()
