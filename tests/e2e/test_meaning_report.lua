--- The stages that measure, as a user meets them: notes, lineage, health, the report in its three forms.

local check = require "check"
local json  = require "json"

local folder = check.folder()

local function write(name, text) check.write(folder .. "/" .. name, text) end

local function tamis(command, ...)
  local words = {}
  for i, w in ipairs { ... } do words[i] = check.quote(w) end
  local status, stdout, stderr = check.run(("cd %s && %s %s %s"):format(check.quote(folder), check.tamis, command,
    table.concat(words, " ")))
  return status, stdout .. stderr
end

local function figures_of(run, stage)
  local record = json.decode(check.read(folder .. "/out/" .. run .. "/lineage.json"))
  for _, s in ipairs(record.stats.stage_counts) do
    if s.stage == stage then return s.figures, record end
  end
end

local NOUNS = { "parcel", "refund", "invoice", "password", "order", "receipt", "delivery", "account", "voucher", "size" }

-- 300 synthetic rows, 100 of which open alike, and 100 of people.
local function rows(kind)
  local out = {}
  for i = 1, kind == "synthetic" and 300 or 100 do
    local noun = NOUNS[i * 7 % 10 + 1]
    local answer = ("Item %d is about the %s of day %d and no other thing."):format(i, noun, i * 13 % 29)
    if kind == "synthetic" and i % 3 == 0 then answer = "Certainly! Here is your answer. " .. answer end
    out[i] = json.encode { input = ("%s: what of my %s number %d?"):format(kind, noun, i), output = answer,
                           metadata = { annotator = i % 2 == 0 and "ana" or "ben" },
                           created_at = ("2024-%02d-11"):format(i % 12 + 1) }
  end
  return table.concat(out, "\n") .. "\n"
end

write("synthetic.jsonl", rows "synthetic")
write("people.jsonl", rows "people")

check.test("style stands in the notes, the lineage, the health checks and every form of the report", function()
  write("style.lua", [[local s = require "tamis"
return s.recipe { name = "style", sources = { { "synthetic.jsonl", kind = "synthetic", generator = "<b>m1</b>" }, "people.jsonl" },
  s.style { annotator = "metadata.annotator", time = "created_at" } }
]])
  local status, said = tamis("run", "style.lua", "--out", "out", "--run-id", "one")
  check.eq(status, 0, said)
  check.contains(said:gsub("%s+", " "), '33.3% of the texts begin with "certainly here is your"')
  local f = figures_of("style/one", "style").style
  check.eq({ f.groups[1].rows, f.groups[2].name, #f.annotators.list, #f.annotators.list[1].months },
           { 300, "people.jsonl", 2, 6 })
  local _, shown = tamis("report", "out/style/one")
  check.contains(shown, "How the texts are written")
  check.contains(shown:gsub("%s+", " "), "watch openings")
  local html = check.read(folder .. "/out/style/one/report.html")
  check.contains(html, "How the texts are written")
  check.eq(html:find("<b>m1", 1, true), nil)
  check.contains(html, "m1")
  check.contains(select(2, tamis("report", "out/style/one", "--md")), "| annotator | rows |")
  check.contains(select(2, tamis("check", "style.lua")), "style")
end)

check.done()
