--- report: the figures of a run and of files, against figures done by hand (fixture_run.lua).
local check = require "check"
local fs = require "fs"
local json = require "json"
local report = require "cli.report"

local dir = check.folder()
local out, source = dofile "tests/e2e/fixture_run.lua" (dir)

local function run(...)
  local lines = {}
  local status = report.run({ ... }, { out = function(l) lines[#lines + 1] = l end })
  return status, table.concat(lines, "\n"), lines
end

local function figures(...)
  local args = { ... }
  args[#args + 1] = "--json"
  local status, text = run(table.unpack(args))
  check.eq(status, 0)
  return check.ok(json.decode(text))
end

local function level(f, name)
  for _, c in ipairs(f.health) do if c.name == name then return c.level end end
end

check.test("a run's rows add up, and its funnel is the ledger's", function()
  local f = figures(out)
  check.eq(f.rows, { read = 8, faulty = 1, before = 7, after = 3, rejected = 5, quarantined = 0 })
  check.eq(#f.funnel, 6)
  check.eq(f.funnel[6].name, "near_dedup")
  check.eq(f.funnel[6].seen, 4)
  check.eq(f.sources[1].kept, 3)
end)

check.test("lengths are told before and after the filters", function()
  local f = figures(out)
  local input = f.lengths.input
  -- tokens of the inputs read: 7 4 2 7 4 6 5; kept: 7 4 5
  check.eq(input.before.count, 7)
  check.eq(input.before.total, 35)
  check.eq(input.before.median, 5)
  check.eq(input.after.count, 3)
  check.eq(input.after.median, 5)
  check.eq(input.after.min, 4)
  check.eq(input.after.max, 7)
  check.near(input.after.p90, 6.6)      -- place 1.8 between 5 and 7
  check.near(input.after.mean, 16 / 3)
end)

check.test("health looks at the rows before the filters where it should", function()
  local f = figures(out)
  check.near(f.duplicates.share, 2 / 7)  -- one exact, one near, of seven rows
  check.eq(level(f, "duplicates"), "good")
  check.eq(level(f, "size"), "bad")
  check.eq(level(f, "faulty_lines"), "bad")   -- one line of eight
  check.eq(level(f, "output_median"), "bad")
end)

check.test("topics come from the annotation, with shares and imbalance", function()
  local t = figures(out).topics
  check.eq(t.groups[1], { name = "account", count = 2, before = 4, share = 2 / 3 })   -- lines 1, 3, 4, 8 were read
  check.eq(t.imbalance, 2)
end)

check.test("every reason has its count and an example", function()
  local f = figures(out)
  check.eq(#f.reasons, 5)
  local by = {}
  for _, r in ipairs(f.reasons) do by[r.reason] = r end
  check.eq(by.near_duplicate.count, 1)
  check.eq(by.near_duplicate.example.place, "raw.jsonl:4")
  check.contains(by.near_duplicate.example.why, "(0.833)")
  check.eq(by.boilerplate.example.text, "My screen is broken, what now?")
end)

check.test("the terminal's report fits 80 columns and holds no escape of the data", function()
  local _, _, lines = run(out)
  for _, l in ipairs(lines) do
    check.ok(utf8.len(l) <= 80, l)
    check.ok(not l:find "%c", l)
  end
  local text = table.concat(lines, "\n")
  check.contains(text, "8 rows read = 3 curated (37.5%) + 5 rejected + 0 quarantined")
  check.contains(text, "Why rows were rejected")
end)

check.test("a stage that removed much heads the report, with the value that would keep nine of ten", function()
  local copy = dir .. "/heavy"
  check.eq((check.run(("cp -r %s %s"):format(check.quote(out), check.quote(copy)))), 0)
  local db = require "store".open(copy .. "/ledger.db")
  -- rows 2 to 8 have 2 0 1 2 0 1 2 tokens; two of the 20 may go, which are those without any
  check.ok(db:exec [[UPDATE rows SET status = 1, stage = 'length', reason = 'input_too_short', also = NULL,
    evidence = json_object('field', 'input', 'value', row % 3, 'threshold', 3), "length.input_tokens" = row % 3
    WHERE row >= 2]])
  check.ok(db:exec "UPDATE stages SET seen = 20, removed = 7 WHERE name = 'length'")
  local f = figures(copy)
  check.eq(#f.notices, 1)
  check.contains(f.notices[1].text,
    "length removed 35.0% of the 20 rows it saw; length.min_input_tokens = 1 would keep 90% (now 3)")
  check.contains(select(2, run(copy, "--md")), "# helpdesk, run r1")
  check.ok(db:exec "UPDATE stages SET seen = 19, removed = 7 WHERE name = 'length'")
  db:close()
  check.eq(#figures(copy).notices, 0)   -- of fewer rows than 20 a share says nothing
end)

check.test("a file is reported without a run", function()
  local f = figures(source)
  check.eq(f.rows.read, 8)
  check.eq(f.rows.faulty, 1)
  check.eq(f.reasons[1].reason, "malformed")
  check.eq(f.lengths.input.before.total, 35)
  check.eq(f.topics.key, "topic")
  if not pcall(require, "stages.exact_dedup") then check.skip "exact_dedup is not built yet" end
  check.eq(f.duplicates.exact, 1)        -- line 5 repeats line 2 but for case and blanks
end)

check.test("an answer in its own question is seen, short answers are not", function()
  local path = check.write(dir .. "/leak.jsonl", table.concat({
    json.encode { input = "Q: name the river. A: The river is the Danube.", output = "The river is the Danube." },
    json.encode { input = "Say yes or no", output = "yes" },
    json.encode { input = "What is the longest river?", output = "The river is the Volga." } }, "\n") .. "\n")
  local f = figures(path)
  check.eq(f.leakage.count, 1)
  check.eq(f.leakage.example, path .. ":1")
end)

check.test("times span and scores are found by their keys", function()
  local lines = {}
  for i = 1, 400 do
    lines[i] = json.encode { input = "question number " .. i, output = "answer number " .. i, score = i % 5 + 1,
                             created_at = ("2024-%02d-01T00:00:00Z"):format((i - 1) // 40 + 1) }
  end
  local f = figures(check.write(dir .. "/scored.jsonl", table.concat(lines, "\n") .. "\n"))
  check.eq(f.time.first, "2024-01-01")
  check.eq(f.time.last, "2024-10-01")
  check.eq(f.scores.count, 400)
  check.eq(f.scores.mean, 3)
  check.near(f.scores.below_3, 0.4)
  check.eq(level(f, "scores"), "bad")
  check.eq(level(f, "recency"), "good")
end)

check.test("--strict turns a bad check into status 3", function()
  check.eq(run(out, "--strict"), 3)
end)

check.test("a run over files of two formats counts the rows of both, and explains them", function()
  local here = check.folder()
  local function rows(n, make)
    local lines = {}
    for i = 1, n do lines[i] = json.encode(make(i)) end
    return table.concat(lines, "\n") .. "\n"
  end
  check.write(here .. "/pairs.jsonl", rows(30, function(i)
    return { input = i <= 10 and "no" or ("pair number %d asks %d things"):format(i, i * 7),
      output = ("an answer to pair %d, long enough"):format(i) }
  end))
  check.write(here .. "/chats.jsonl", rows(20, function(i)
    return { messages = { { role = "user", content = ("chat number %d wants %d words of help"):format(i, i * 13) },
                          { role = "assistant", content = i <= 5 and "yes"
                            or ("here are the words of chat %d, all of them"):format(i) } } }
  end))
  check.write(here .. "/recipe.lua", [[local s = require "tamis"
    return s.recipe { name = "two", sources = { "pairs.jsonl", "chats.jsonl" },
      s.length { min_input_tokens = 2, max_input_tokens = 50, min_output_tokens = 2, max_output_tokens = 50 } }]])
  local status, _, err = check.run(("cd %s && %s run recipe.lua --quiet --run-id r"):format(check.quote(here),
    os.getenv "TAMIS" and check.quote(os.getenv "TAMIS") or check.quote(fs.cwd() .. "/tamis")))
  check.eq(status, 0, err)
  local cwd = here .. "/curated/two/r"
  local f = figures(cwd)
  check.eq(f.rows, { read = 50, faulty = 0, before = 50, after = 35, rejected = 15, quarantined = 0 })
  check.eq(f.lengths.input.after.count, 35)
  check.eq(f.funnel[1].removed, 15)
end)

check.test("a run's topics are by the key that its stages used; a key that no row has is said to be none", function()
  local here = check.folder()
  local lines = {}
  for i = 1, 60 do
    lines[i] = json.encode { input = ("question %d about my %s"):format(i, i <= 40 and "card" or "bill"), output = "a",
                             topic = "same" .. i % 2 }
  end
  check.write(here .. "/rows.jsonl", table.concat(lines, "\n") .. "\n")
  check.write(here .. "/recipe.lua", [[local s = require "tamis"
    return s.recipe { name = "keys", sources = { "rows.jsonl" },
      s.topics { rules = { { "cards", "card" }, { "bills", "bill" } }, annotation = "subject" },
      s.balance { by = "subject", max = 30 } }]])
  local status, _, err = check.run(("cd %s && %s run recipe.lua --quiet --run-id r"):format(check.quote(here), check.tamis))
  check.eq(status, 0, err)
  local dir_of_run = here .. "/curated/keys/r"
  local f = figures(dir_of_run)
  check.eq(f.topics.key, "subject")
  check.eq(f.topics.groups, { { name = "cards", count = 30, before = 40, share = 0.6 },
    { name = "bills", count = 20, before = 20, share = 0.4 } })
  check.eq(figures(dir_of_run, "--by", "topic").topics.key, "topic")
  local bad = figures(dir_of_run, "--by", "subjct")
  check.eq(bad.topics, nil)
  check.eq(level(bad, "imbalance"), "none")
  check.eq(bad.notices[1].text, 'no row has a subjct, so there are no topics to compare; did you mean "subject"?')
  bad = figures(here .. "/rows.jsonl", "--by", "topik")
  check.eq(bad.topics, nil)
  check.eq(level(bad, "imbalance"), "none")
  check.eq(bad.notices[1].text, 'no row has a topik, so there are no topics to compare; did you mean "topic"?')
end)

-- The classic 16 bands of 8: 1 - (1 - 0.8^8)^16 = 0.947.
check.test("the report shows how many pairs the bands proposed, by Jaccard", function()
  local folder, rows = check.folder(), {}
  for i = 1, 20 do rows[i] = ('{"input":"question number %d of many","output":"the same answer"}\n'):format(i) end
  fs.write(folder .. "/raw.jsonl", table.concat(rows))
  fs.write(folder .. "/r.lua", [[local s = require "tamis"
return s.recipe { name = "curve", sources = { "raw.jsonl" }, s.near_dedup { num_hashes = 128, num_bands = 16 } }]])
  check.eq((check.run(("%s run %s --out %s --quiet"):format(check.tamis, check.quote(folder .. "/r.lua"),
    check.quote(folder .. "/out")))), 0)
  local run_folder = folder .. "/out/curve/latest"
  local search = figures(run_folder).searches[1]
  check.eq(search.bands, 16)
  check.eq(search.rows_per_band, 8)
  check.eq(search.curve[4].jaccard, 0.8)
  check.near(search.curve[4].probability, 1 - (1 - 0.8 ^ 8) ^ 16)
  local _, text = run(run_folder)
  check.contains(text, "Pairs that near_dedup proposed, by Jaccard: 16 bands of 8 slots")
  check.contains(text, "0.80     94.7%")
end)

check.test("bins of lengths are whole numbers, in the terminal and in Markdown", function()
  local path = dir .. "/short.jsonl"
  local lines = {}
  for i = 1, 30 do lines[i] = json.encode { input = ("w "):rep(i % 5 + 1) .. i, output = "a b" } end
  check.write(path, table.concat(lines, "\n") .. "\n")   -- inputs of 2 to 6 tokens, six rows each
  local _, text = run(path, "--no-dedup")
  local _, md = run(path, "--no-dedup", "--md")
  for n = 2, 6 do
    check.ok(text:find(("\n  %d  6  "):format(n)), text)
    check.contains(md, ("\n| %d | 6 | "):format(n))
  end
end)

check.test("misuse is status 2, what is missing status 1", function()
  check.eq(run("--frobnicate"), 2)
  check.eq(run(out, "--md", "--json"), 2)
  check.eq(run(dir .. "/none.jsonl"), 1)
  check.eq(run(dir .. "/curated"), 0)     -- the newest run below it
end)

check.done()
