--- What a run with a judge tells of it: scores by what became of the rows, trust before and after a calibration, money.

local check = require "check"
local fs = require "fs"
local json = require "json"
local judge_server = require "judge_server"

local DIMENSIONS = { "correctness", "helpfulness", "instruction_following", "completeness", "quality" }

local function marks(n)
  local out = {}
  for _, d in ipairs(DIMENSIONS) do out[d] = n end
  return out
end

--- n rows of a source, the i-th with its topic and, if the server judges, with planted marks.
local function rows(n, name, score)
  local out = {}
  for i = 1, n do
    local planted = score and (" [[score %d]]"):format(score(i)) or ""
    out[i] = json.encode { input = ("%s: what about case %d?"):format(name, i), topic = i % 2 == 0 and "even" or "odd",
                           output = ("It is %d"):format(i) .. (" and so on"):rep(i % 5) .. planted }
  end
  return table.concat(out, "\n") .. "\n"
end

local function judge_figures(dir, run_id)
  local lineage = json.decode(fs.read(("%s/curated/t/%s/lineage.json"):format(dir, run_id)))
  for _, s in ipairs(lineage.stats.stage_counts) do
    if s.stage == "judge" then return s.figures, lineage end
  end
end

-- a.jsonl: marks 5, 4, 2 in turn; b.jsonl: all 4. 150 and 30 rows, of which b's last 10 have none.
local function file_scores()
  local out = {}
  for i = 1, 150 do out[i] = json.encode { source = "a.jsonl", line = i, scores = marks(({ 5, 4, 2 })[i % 3 + 1]) } end
  for i = 1, 20 do out[#out + 1] = json.encode { source = "b.jsonl", line = i, scores = marks(4) } end
  return table.concat(out, "\n") .. "\n"
end

-- People: as the judge, but every tenth row one mark lower.
local function people(n)
  local out = {}
  for i = 1, n do
    local mark = ({ 5, 4, 2 })[i % 3 + 1] - (i % 10 == 0 and 1 or 0)
    out[i] = json.encode { source = "a.jsonl", line = i, annotator = "ana", scores = marks(mark) }
  end
  return table.concat(out, "\n") .. "\n"
end

local RECIPE = [[
local s = require "tamis"
return s.recipe { name = "t", sources = { "a.jsonl", { "b.jsonl", generator = "gpt-4o" } },
  s.judge { provider = "file", scores = "scores.jsonl",
            rubric = { name = "ours", version = 2, { name = "correctness", weight = 2 }, "helpfulness",
                       "instruction_following", "completeness", "quality" } } }
]]

local folder = check.folder()
check.write(folder .. "/a.jsonl", rows(150, "a"))
check.write(folder .. "/b.jsonl", rows(30, "b"))
check.write(folder .. "/scores.jsonl", file_scores())
check.write(folder .. "/r.lua", RECIPE)

local function tamis(words, env)
  local _, said = check.run(("cd %s && %s %s %s 2>&1"):format(check.quote(folder), env or "", check.tamis, words))
  return (said:gsub("\n%s*", " "))   -- sentences as they were before they were wrapped
end

check.test("scores stand by what became of the rows and by source; the report of the run says what report says", function()
  local said = tamis "run r.lua --run-id one"
  check.contains(said, "untrusted")
  local f = json.decode(tamis "report --json").judges[1]
  check.eq(f.states, { scored = 170, unscored = 10 })
  local total = f.scores[1]
  check.eq({ total.all.count, total.kept.count, total.rejected.count }, { 170, 120, 50 })
  check.near(total.all.mean, (50 * (5 + 4 + 2) + 20 * 4) / 170)
  check.near(total.all.under_3, 50 / 170)
  check.near(total.rejected.mean, 2)
  check.eq({ #f.scores, f.scores[2].name, f.rubric.version }, { 6, "correctness", 2 })
  check.eq({ f.sources[1].name, f.sources[1].count, f.sources[1].kept }, { "a.jsonl", 150, 100 })
  check.eq({ f.sources[2].name, f.sources[2].mean, f.sources[2].kept }, { "b.jsonl", 4, 20 })
  check.eq({ f.topics.key, f.topics.groups[1].name, f.topics.groups[1].count, f.topics.groups[1].kept },
           { "topic", "even", 85, 60 })
  local page = fs.read(folder .. "/curated/t/one/report.html")
  check.contains(page, "Untrusted: no calibration on 100 labels or more")
  check.contains(page, "by topic")
  check.contains(tamis "report --md", "Untrusted: no calibration")
  local _, lineage = judge_figures(folder, "one")
  check.near(lineage.stats.score_distribution["judge.total"].under_3, 50 / 170)
end)

check.test("under 100 labels nothing is blessed; from 100 on the scores are calibrated, for these scores alone", function()
  check.write(folder .. "/few.jsonl", people(60))
  check.contains(tamis "judge calibrate --labels few.jsonl --draws 20", "untrusted: 60 labels, and a calibration needs 100")
  check.eq(judge_figures(folder, "one").trust.state, "untrusted")
  check.write(folder .. "/people.jsonl", people(120))
  local c = json.decode(tamis "judge calibrate --labels people.jsonl --draws 20 --json")
  -- i % 3 + 1 == 2 is a four; every tenth of those is three by people: under the threshold
  check.eq(c.decisions.now.counts, { both = 76, judge_only = 4, people_only = 0, neither = 40 })
  check.near(c.decisions.now.specificity.value, 40 / 44)
  check.near(c.dimensions[1].exact.value, 108 / 120)
  check.near(c.decisions.now.corrected.value, (120 / 170 + 40 / 44 - 1) / (1 + 40 / 44 - 1))
  check.contains(tamis "report", "Calibrated on 120 labels")
  check.ok(not tamis "run r.lua --run-id two":find("untrusted", 1, true))
  check.eq(judge_figures(folder, "two").trust.state, "calibrated")
  check.write(folder .. "/scores.jsonl", file_scores() .. '{"source":"b.jsonl","line":21,"scores":{"correctness":1,'
    .. '"helpfulness":1,"instruction_following":1,"completeness":1,"quality":1}}\n')
  check.contains(tamis "run r.lua --run-id three", "untrusted")
end)

check.test("labels that fit no row, and a run without a judge, are said", function()
  check.write(folder .. "/other.jsonl", '{"id":"x","scores":{"correctness":3}}\n')
  check.contains(tamis "judge calibrate --labels other.jsonl", "none of the 1 labels is of a row that judge judged")
  check.contains(tamis "judge calibrate", "which labels?")
  check.contains(tamis "judge calibate", "did you mean calibrate?")
end)

check.test("money, the cache, canaries and kin of a model's judgements", function()
  local server <close> = judge_server.start()
  local env = ("ANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=%s"):format(server.url, judge_server.ANTHROPIC_KEY)
  check.write(folder .. "/c.jsonl", rows(60, "c", function(i) return i % 2 == 0 and 4 or 2 end))
  check.write(folder .. "/m.lua", [[local s = require "tamis"
return s.recipe { name = "t", sources = { { "c.jsonl", generator = "claude-3-opus" } },
  s.judge { model = "claude-haiku-4-5-20251001", max_cost = 5 } }]])
  check.contains(tamis("run m.lua --run-id m1", env), "judge's own family (claude)")
  local first = judge_figures(folder, "m1")
  check.eq({ first.states.scored, first.canaries.asked, first.served }, { 60, 3, { "claude-haiku-4-5-20251001" } })
  local billed = server:stats().billed
  check.eq(first.spent.tokens.output, billed.output_tokens)
  tamis("run m.lua --run-id m2", env)
  local again = judge_figures(folder, "m2")
  check.eq({ again.spent.cost, again.spent.hits, again.spent.saved, again.spent.requests },
           { 0, 63, first.spent.cost, 0 })
  check.eq(fs.read(folder .. "/curated/t/m1/curated.jsonl"), fs.read(folder .. "/curated/t/m2/curated.jsonl"))
  local text = tamis "report curated/t/m2"
  check.contains(text, "63 answers came from the cache, which saved $0.")
  check.contains(text, "Planted answers that only ask for the highest marks: 0 of 3 got them")
end)

check.test("pinned rows are judged again when the model changes, and what moved is told", function()
  local server <close> = judge_server.start()
  local env = ("ANTHROPIC_BASE_URL=%s ANTHROPIC_API_KEY=%s"):format(server.url, judge_server.ANTHROPIC_KEY)
  check.write(folder .. "/d.jsonl", rows(40, "d", function(i) return i % 4 == 0 and 3 or 4 end))
  local recipe = [[local s = require "tamis"
return s.recipe { name = "d", sources = { "d.jsonl" },
  s.judge { model = "%s", max_cost = 5, canaries = 0, drift = 12, on_cap = "stop" } }]]
  local function run(model, words)
    check.write(folder .. "/d.lua", recipe:format(model))
    return tamis("run d.lua --replace --run-id d " .. (words or ""), env)
  end
  local function told()
    local lineage = json.decode(fs.read(folder .. "/curated/d/d/lineage.json"))
    for _, s in ipairs(lineage.stats.stage_counts) do if s.stage == "judge" then return s.figures end end
  end
  run "claude-haiku-4-5-20251001"
  check.eq({ told().drift, told().spent.requests }, { nil, 40 })
  -- as if the first judge had been kinder: every pinned mark of 3 was a 4
  local db <close> = require "store".open(folder .. "/.tamis/judge.db")
  local threes = 0
  for r in db:rows "SELECT marks FROM pinned" do threes = threes + (r.marks:find('"quality":3', 1, true) and 1 or 0) end
  db:exec "UPDATE pinned SET marks = replace(replace(marks, ':3', ':4'), 'false', 'true')"
  check.contains(run "claude-sonnet-4-5-20250929", "of 12 pinned rows 12 were judged again, against claude-haiku")
  local d = told().drift
  check.eq({ d.pinned, d.judged, d.flips.go, d.flips.come }, { 12, 12, threes, 0 })
  check.near(d.total.shift, -threes / 12)
  check.near(d.total.exact, 1 - threes / 12)
  check.eq(told().spent.requests, 40, "pinned rows that the run has are not paid twice")
  check.contains(tamis "report curated/d/d --md", "mean shift")
  run("claude-opus-4-7", "--limit 1")
  check.eq(told().drift.judged, 12, "rows that the run has no more")
  local asked = told().spent.requests
  check.ok(asked == 12 or asked == 13, asked)
  run "claude-haiku-4-5-20251001"
  check.eq(told().drift, nil, "the first judge again")
  check.eq(told().spent.requests, 0)
end)

check.done()
