--- The stages that choose rows, as a user meets them: in a recipe, at the command line, in the files of a run. All counts
-- are those of arithmetic on the rows written here.

local check = require "check"
local json  = require "json"

local folder = check.folder()
local read   = check.read

local function write(name, text)
  local file = assert(io.open(folder .. "/" .. name, "wb"))
  file:write(text)
  file:close()
end

--- Rows of topics, { topic, how many, … }; row i of a topic is of month 1 + i % months.
local function rows_of(list, extra)
  local lines = {}
  for k = 1, #list, 2 do
    for i = 1, list[k + 1] do
      local row = { input = ("%s question %d"):format(list[k], i), output = "an answer to it" }
      row.topic = list[k] ~= "unknown" and list[k] or nil
      if extra then extra(row, i, list[k]) end
      lines[#lines + 1] = json.encode(row)
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

local runs = 0

--- Runs stages over rows.jsonl.
-- @return  status, what was printed, a reader of the run's files
local function run(stages, options)
  runs = runs + 1
  write("recipe.lua", 'local s = require "tamis"\nreturn s.recipe { name = "r", seed = 7, sources = { "rows.jsonl" },\n'
    .. stages .. "\n}\n")
  local out = ("%s/out%d"):format(folder, runs)
  local status, stdout, stderr = check.run(("%s run %s --out %s --run-id one %s"):format(check.tamis,
    check.quote(folder .. "/recipe.lua"), check.quote(out), options or ""))
  return status, (stdout .. stderr):gsub("%s+", " "), function(name) return read(out .. "/r/one/" .. name) end
end

local function fails(stages, message)
  local status, said = run(stages)
  check.eq(status, 2, said)
  check.contains(said, message)
end

--- How many kept rows have each value of a key.
local function kept(file, key)
  local out = {}
  for line in file "curated.jsonl":gmatch "[^\n]+" do
    local row = json.decode(line)
    local value = type(key) == "function" and key(row) or row[key] or "unknown"
    out[value] = (out[value] or 0) + 1
  end
  return out
end

local function figures_of(file, name)
  for _, s in ipairs(json.decode(file "lineage.json").stats.stage_counts) do
    if s.name == name then return s.figures end
  end
end

check.test("a target's shares are met by as many rows as the scarcest group allows", function()
  write("rows.jsonl", rows_of { "a", 100, "b", 40, "c", 20, "d", 5, "unknown", 3 })
  local status, said, file = run "s.balance { target = { a = 0.5, b = 0.3, c = 0.2 } }"
  check.eq(status, 0, said)
  check.eq(kept(file, "topic"), { a = 50, b = 30, c = 20 })
  check.contains(said, "100 rows meet the target; c (20 rows) allows no more")
  local f = figures_of(file, "balance")
  check.eq(f.n, 100)
  check.eq(f.limited_by, "c")
  -- 168 rows in these shares: 84, 50.4 and 33.6, so 84, 50 and 34
  check.eq(f.deficits, { { name = "c", rows = 20, wanted = 34, short = 14 }, { name = "b", rows = 40, wanted = 50, short = 10 } })
  check.eq(f.divergence.after, { js = 0, kl = 0 })
  -- KL of the target from 100, 40, 20 of 168 rows
  local kl = 0.5 * math.log(0.5 / (100 / 168), 2) + 0.3 * math.log(0.3 / (40 / 168), 2) + 0.2 * math.log(0.2 / (20 / 168), 2)
  check.ok(math.abs(f.divergence.before.kl - kl) < 1e-12)
end)

check.test("with n a target takes what there is and says what is missing", function()
  write("rows.jsonl", rows_of { "a", 100, "b", 40, "c", 20, "d", 5 })
  local status, said, file = run 's.balance { target = { a = 0.25, c = 0.25, e = 0.1, ["*"] = 0.4 }, n = 110 }'
  check.eq(status, 0, said)
  -- 27.5, 27.5, 11 and 44: the first of two equal remainders is rounded up, in the order of names (*, a, c, e)
  local left = kept(file, "topic")
  check.eq({ left.a, left.c, left.e, left.b + left.d }, { 28, 20, nil, 44 })
  check.contains(said, "rows are missing: e 11 (has 0), c 7 (has 20)")
  check.contains(said, "92 kept of 110 rows asked for")
end)

check.test("two keys make a group of each pair, and a date gives its month", function()
  write("rows.jsonl", rows_of({ "a", 24, "b", 6 }, function(row, i)
    row.meta = { at = ("2024-%02d-15T10:00:00Z"):format(1 + i % 3) }
  end))
  local status, said, file = run 's.balance { by = { "topic", "meta.at:month" }, max = 5 }'
  check.eq(status, 0, said)
  check.eq(kept(file, function(row) return row.topic .. row.meta.at:sub(1, 7) end),
    { ["a2024-01"] = 5, ["a2024-02"] = 5, ["a2024-03"] = 5, ["b2024-01"] = 2, ["b2024-02"] = 2, ["b2024-03"] = 2 })
  local _, text = run 's.balance { by = "meta.at:quarter", max = { ["2024-Q1"] = 7 } }'
  check.contains(text, "7 kept + 23 rejected")
  -- a number higher up is that of each cell below it
  _, text, file = run 's.balance { by = { "topic", "meta.at:month" }, max = { a = { ["2024-02"] = 1, ["*"] = 3 }, b = 1 } }'
  check.eq(kept(file, function(row) return row.topic .. row.meta.at:sub(1, 7) end),
    { ["a2024-01"] = 3, ["a2024-02"] = 1, ["a2024-03"] = 3, ["b2024-01"] = 1, ["b2024-02"] = 1, ["b2024-03"] = 1 }, text)
  _, text, file = run [[s.balance { by = { "topic", "meta.at:month" },
    max = function(topic, month, count) return topic == "a" and month == "2024-03" and count - 6 or count end }]]
  check.eq(kept(file, function(row) return row.topic .. row.meta.at:sub(1, 7) end)["a2024-03"], 2, text)
end)

check.test("source is the file that a row was read from", function()
  write("rows.jsonl", rows_of { "a", 20 })
  write("more.jsonl", rows_of { "b", 9 })
  runs = runs + 1
  write("two.lua", 'local s = require "tamis"\nreturn s.recipe { name = "r", sources = { "rows.jsonl", "more.jsonl" },\n'
    .. 's.balance { by = { "source", "topic" }, max = { ["rows.jsonl"] = 4, ["more.jsonl"] = { b = 3 } } } }')
  local out = folder .. "/out" .. runs
  local status, said = check.run(("%s run %s/two.lua --out %s --run-id one"):format(check.tamis, folder, out))
  check.eq(status, 0, said)
  check.eq(kept(function(name) return read(out .. "/r/one/" .. name) end, "topic"), { a = 4, b = 3 })
end)

check.test("weights are inverse to the groups, have mean 1 and are written with each row", function()
  write("rows.jsonl", rows_of { "a", 60, "b", 30, "c", 10, "unknown", 5 })
  local status, said, file = run 's.balance { weights = "inverse", max_ratio = 100 }, s.export { format = "messages" }'
  check.eq(status, 0, said)
  local of, sum, n = {}, 0, 0
  for line in file "curated.jsonl":gmatch "[^\n]+" do
    local row = json.decode(line)
    check.ok(row.messages and row.weight, line)
    of[row.topic or "unknown"] = row.weight
    sum, n = sum + row.weight, n + 1
  end
  check.eq(n, 105)
  check.ok(math.abs(sum - 105) < 1e-9, sum)
  -- 100 rows of 3 groups: 100 / 3 / count; rows of none weigh 1
  for topic, weight in pairs { a = 100 / 3 / 60, b = 100 / 3 / 30, c = 100 / 3 / 10, unknown = 1 } do
    check.ok(math.abs(of[topic] - weight) < 1e-12, topic)
  end
  check.contains(said, "under 10 times, letting it stand is usually right")
  check.contains(said, "mean 1")
end)

check.test("the ratio of weights is capped, and a key of that name is replaced", function()
  write("rows.jsonl", rows_of({ "a", 80, "b", 20 }, function(row) row.w = "old" end))
  local status, said, file = run 's.balance { weights = { b = 8 }, max_ratio = 3 }, s.export { weight = "w" }'
  check.eq(status, 0, said)
  -- 1 and 3: the mean of 80 * 1 + 20 * 3 is 1.4
  for line in file "curated.jsonl":gmatch "[^\n]+" do
    local row = json.decode(line)
    check.ok(math.abs(row.w - (row.topic == "a" and 1 or 3) / 1.4) < 1e-12, line)
    check.eq(#line:gsub('[^\n]-"w":', "\1"):gsub("[^\1]", ""), 1, line)
  end
  status, said, file = run 's.balance { weights = "inverse" }, s.export { weight = "" }'
  check.eq(status, 0, said)
  check.eq(file "curated.jsonl", read(folder .. "/rows.jsonl"))
  -- the weight has a key of its own: none is wanted under metadata
  status, said, file = run 's.balance { weights = "inverse" }, s.export { include = { "weight" } }'
  check.eq(status, 0, said)
  check.ok(not said:find("include names", 1, true), said)
  for line in file "curated.jsonl":gmatch "[^\n]+" do
    local row = json.decode(line)
    check.ok(type(row.weight) == "number" and (row.metadata or {}).weight == nil, line)
  end
end)

check.test("production's shares by topic are met within one row", function()
  local words = { pay = "pay an invoice", pass = "reset a password", ship = "ship a parcel" }
  local function of(list)
    return rows_of(list, function(row, i, topic) row.topic, row.input = nil, words[topic] .. " " .. i end)
  end
  write("rows.jsonl", of { "pay", 90, "pass", 50, "ship", 31 })
  local production = of { "pay", 37, "pass", 41, "ship", 23 }:gsub('"input"', '"query"'):gsub(',"output":"an answer to it"', "")
  write("production.jsonl", production)
  local topics = 's.topics { rules = { { "pay", "invoice" }, { "pass", "password" }, { "ship", "parcel" } } },\n'
  local status, said, file = run(topics .. 's.balance { match = "production.jsonl" }, s.export { include = { "topic" } }')
  check.eq(status, 0, said)
  -- 50 of 41/101 allow 123, 31 of 23/101 allow 136, 90 of 37/101 more
  local n, left = math.floor(50 * 101 / 41), kept(file, function(row) return row.metadata.topic end)
  check.eq(left.pay + left.pass + left.ship, n)
  for topic, share in pairs { pay = 37 / 101, pass = 41 / 101, ship = 23 / 101 } do
    check.ok(math.abs(left[topic] - n * share) < 1, topic)
  end
  check.contains(said, "; with n = 136 it alone is short")   -- 31 * 101 / 23
  local record = json.decode(file "lineage.json")
  check.eq(record.models[1].path, folder .. "/production.jsonl")
  check.contains(said, "123 rows meet production; pass (50 rows) allows no more")
  fails(topics .. 's.balance { match = {} }', "match names no file")
  status, said = run(topics .. 's.balance { match = "nowhere.jsonl" }')
  check.eq(status, 2, said)   -- as every file that a stage names: before a row is read
  check.contains(said, "cannot find")
  check.contains(said, "nowhere.jsonl")
end)

local function stops(stages, message)
  local status, said = run(stages)
  check.eq(status, 1, said)
  check.contains(said, message)
end

check.test("a sample that tells no group stops the run, and so does one of other groups", function()
  write("rows.jsonl", rows_of { "a", 20, "b", 10 })
  write("production.jsonl", rows_of { "unknown", 15 })
  stops('s.balance { match = "production.jsonl" }', "production.jsonl has a topic, by annotation, path or attribute")
  stops('s.balance { match = "production.jsonl", n = 5 }', "production.jsonl has a topic")
  write("production.jsonl", rows_of { "x", 15 })
  stops('s.balance { match = "production.jsonl" }', "no row would stay: none is of a group that production has")
  -- a check finds it too: lexical vectors cost nothing, so that nothing was left untried
  write("check.lua", 'local s = require "tamis"\nreturn s.recipe { name = "r", sources = { "rows.jsonl" },\n'
    .. 's.embed { model = "lexical" }, s.balance { by = "topi", match = "production.jsonl" } }')
  local status, out, err = check.run(("%s check %s/check.lua"):format(check.tamis, folder))
  check.eq(status, 1, out)
  check.contains(err, "no row has a topi, by annotation")
  stops('s.balance { by = "topi", match = "production.jsonl" }', 'no row has a topi, by annotation, path or attribute; did you mean "topic"?')
end)

check.test("a target that names what no row has stops the run", function()
  write("rows.jsonl", rows_of { "billing", 40, "login", 20, "topic 1", 5, "2024-06", 5 })
  stops('s.balance { target = { biling = 0.5, login = 0.5 } }', 'as its topic: "biling" (did you mean "billing"?)')
  stops('s.balance { target = { biling = 0.5, login = 0.5 }, n = 10 }', 'did you mean "billing"?')
  stops('s.balance { target = { quite_another = 0.5, login = 0.5 } }', 'as its topic: "quite_another"; with n')
  -- another number is another group, not a slip; and one that has its own share is not what was meant
  for _, name in ipairs { "topic 2", "2024-07", "logins" } do
    local status, said = run(('s.balance { target = { ["%s"] = 0.5, login = 0.5 }, n = 10 }'):format(name))
    check.eq(status, 0, said)
    check.contains(said, ("rows are missing: %s 5 (has 0)"):format(name))
  end
  local status, said = run 's.balance { target = { biling = 0, login = 1 } }'
  check.eq(status, 0, said)
end)

check.test("max, min and weights say which of their groups no row has", function()
  write("rows.jsonl", rows_of { "billing", 40, "login", 20 })
  local status, said = run 's.balance { max = { biling = 3, ["*"] = 10, unknown = 2 }, min = { logn = 4, other = 7 } }'
  check.eq(status, 0, said)
  check.contains(said, 'balance: max names what no row has as its topic: "biling" (did you mean "billing"?)')
  check.contains(said, 'balance: min names what no row has as its topic: "logn" (did you mean "login"?)')
  check.contains(said, "rows are missing: other 7 (has 0)")
  status, said = run 's.balance { weights = { biling = 3 } }'
  check.eq(status, 0, said)
  check.contains(said, 'balance: weights names what no row has as its topic: "biling" (did you mean "billing"?)')
  status, said = run 's.balance { by = { "topic", "input" }, max = { billing = { ["billing question 1"] = 0, ["*"] = 1 }, login = { x = 1 } } }'
  check.eq(status, 0, said)
  check.contains(said, 'max names what no row has as its topic and input: "x"')
  stops('s.balance { max = { login = 3, ["*"] = 9 }, min = 5 }', "min of login is 5, above its max of 3")
end)

check.test("what is left of the groups is said where there are not two", function()
  write("rows.jsonl", rows_of { "billing", 40, "login", 20 })
  local _, said = run "s.balance { max = 0 }"
  check.contains(said, "was 2 times the smallest, now no row of a group is left")
  _, said = run "s.balance { max = { login = 0 } }"
  check.contains(said, "now all of a group are of billing")
end)

check.test("a part that a date has not is told from those that it has", function()
  write("rows.jsonl", rows_of({ "a", 6 }, function(row) row.made = "2024-05-01" end))
  local _, said = run 's.balance { by = "made:week", max = 2 }'
  check.contains(said, "a date has a :day, :month, :quarter and :year, not a :week")
  _, said = run 's.balance { by = "maed:month", max = 2 }'
  check.contains(said, 'did you mean "made:month"?')
end)

check.test("best keeps the highest scores, and rows without one last", function()
  write("rows.jsonl", rows_of({ "a", 12, "b", 3 }, function(row, i) row.score = i % 4 ~= 0 and i or nil end))
  local status, said, file = run 's.balance { max = 5, keep = "best", score = "score" }'
  check.eq(status, 0, said)
  local left = kept(file, function(row) return row.topic .. tostring(row.score) end)
  check.eq(left, { a11 = 1, a10 = 1, a9 = 1, a7 = 1, a6 = 1, b1 = 1, b2 = 1, b3 = 1 })
  check.contains(said, "3 of 15 rows without a number by score: they rank last")
  status, said, file = run 's.balance { max = 2, keep = "best", score = function(ex) return -#ex.input end }'
  check.eq(status, 0, said)
  check.eq(kept(file, "topic"), { a = 2, b = 2 })
  check.ok(not file "curated.jsonl":find "question 1%d")
  fails('s.balance { max = 2, keep = "best" }', 'keep = "best" needs a judge stage before it')
end)

-- Texts of which rows i and i + 1 of a topic share all words but one.
local WORDS = { "alpha", "bravo", "cedar", "delta", "ember", "fable", "gamma", "heron", "indigo", "jasper", "kettle", "lemon" }

local function near_and_far()
  local lines = {}
  for i = 1, #WORDS do
    for k = 1, 5 do
      local text = (WORDS[i] .. " "):rep(8) .. "number" .. k
      lines[#lines + 1] = json.encode { input = text, output = text, topic = i <= 6 and "a" or "b", score = 10 * i + k }
    end
  end
  return table.concat(lines, "\n") .. "\n"
end

check.test("select takes the best of each kind before a second of any, and says what it is worth", function()
  write("rows.jsonl", near_and_far())
  local stages = 's.embed { model = "lexical" }, s.select { n = %d, score = "score", max = 0.5 }'
  local status, said, file = run(stages:format(12))
  check.eq(status, 0, said)
  -- of each word the fifth has the highest score
  local want = {}
  for i = 1, #WORDS do want[10 * i + 5] = 1 end
  check.eq(kept(file, "score"), want)
  -- 10 * 6.5 + 5; 60 rows with a mean of 68
  check.contains(said, "select: mean score 70, by chance")
  local f = figures_of(file, "select")
  check.eq({ f.kept, f.near, f.filled, f.behind }, { 12, 44, 0, 4 })
  check.ok(f.objective.chosen.distance > f.objective.chance.distance)
  check.ok(f.objective.chosen.coverage > f.objective.chance.coverage)
  local rejected = json.decode(file "rejected.jsonl":match "[^\n]*too_near[^\n]*")._rejection
  check.ok(rejected.evidence.cosine >= 0.5 and rejected.evidence.twin.line % 5 == 0)
  local _, one, first = run(stages:format(30), "--threads 1")
  local _, _, second = run(stages:format(30), "--threads 4")
  check.eq(first "rejected.jsonl", second "rejected.jsonl")
  check.contains(one, "only 12 rows are farther apart than a cosine of 0.5; 18 more were taken by score")
  check.eq(figures_of(first, "select").filled, 18)
  check.eq(kept(first, "score")[124], 1)
  _, said, file = run('s.embed { model = "lexical" }, s.select { n = 30, score = "score", max = 0.5, fill = false }')
  check.contains(said, "12 of 30 asked for: no other row is farther than a cosine of 0.5")
  check.eq(kept(file, "score"), want)
  fails("s.select { n = 3 }", "it needs an embed stage before it")
end)

check.test("the report tells what balance and select chose, in every form", function()
  write("rows.jsonl", near_and_far())
  local _, said, file = run [[s.embed { model = "lexical" }, s.balance { max = { a = 20 }, weights = "inverse", min = { b = 35 } },
    s.select { n = 12, score = "score", max = 0.5 }]]
  local dir = ("%s/out%d/r/one"):format(folder, runs)
  local status, out = check.run(("%s report %s"):format(check.tamis, dir))
  check.eq(status, 0, said)
  for _, text in ipairs { "Balanced by topic (balance)", "short of rows", "Selected by score (select): 12 rows kept",
                          "mean distance to the nearest other chosen row" } do
    check.contains(out, text)
    check.contains(file "report.html", text)
  end
  local _, data = check.run(("%s report %s --json"):format(check.tamis, dir))
  data = json.decode(data)
  check.eq(data.selected[1].kept, 12)
  check.eq(data.balanced[1].groups[1], { name = "a", before = 30, after = 20, weight = 1.25 })   -- 50 / 2 / 20
end)

check.test("a swept n keeps what a run with it does", function()
  write("rows.jsonl", near_and_far())
  run 's.embed { model = "lexical" }, s.select { n = 12, score = "score", max = 0.5 }'
  local status, out, err = check.run(("%s sweep %s/recipe.lua select.n=6:18:6 --no-margin --json"):format(check.tamis, folder))
  check.eq(status, 0, err)
  local kept_at = {}
  for _, p in ipairs(json.decode(out).values) do kept_at[#kept_at + 1] = p.kept end
  check.eq(kept_at, { 6, 12, 18 })
end)

check.test("the most diverse of a group are one of each kind", function()
  write("rows.jsonl", near_and_far())
  local status, said, file = run 's.embed { model = "lexical" }, s.balance { max = 6, keep = "diverse" }'
  check.eq(status, 0, said)
  check.eq(kept(file, function(row) return row.input:match "^%a+" end), { alpha = 1, bravo = 1, cedar = 1, delta = 1,
    ember = 1, fable = 1, gamma = 1, heron = 1, indigo = 1, jasper = 1, kettle = 1, lemon = 1 })
  fails('s.balance { max = 2, keep = "diverse" }', "it needs an embed stage before it")
end)

check.test("rows of no group get production's share as far as they go, and limit nobody", function()
  write("rows.jsonl", rows_of { "a", 100, "b", 100, "unknown", 9 })
  write("production.jsonl", rows_of { "a", 30, "b", 10, "unknown", 10 })
  local status, said, file = run 's.balance { match = "production.jsonl" }'
  check.eq(status, 0, said)
  -- 3 to 1 of 133 are 99.75 and 33.25; a quarter of that has no group
  check.eq(kept(file, "topic"), { a = 100, b = 33, unknown = 9 })
  write("rows.jsonl", rows_of { "a", 100, "b", 100, "unknown", 90 })
  local _, _, other = run 's.balance { match = "production.jsonl" }'
  check.eq(kept(other, "topic"), { a = 100, b = 33, unknown = 33 })
end)

check.test("production's shares by clusters are those of its rows in the clusters of these", function()
  local function of(list)
    return rows_of(list, function(row, i, topic)
      row.topic, row.output = nil, nil
      row.input = (topic .. " "):rep(6) .. "of number " .. i
      row.output = row.input
    end)
  end
  write("rows.jsonl", of { "invoice", 60, "password", 60, "parcel", 60 })
  write("production.jsonl", of { "invoice", 10, "password", 20, "parcel", 30 })
  local status, said, file = run [[s.embed { model = "lexical", fields = { "input" } }, s.topics { clusters = 3, min_similarity = -1 },
    s.balance { match = "production.jsonl" } ]]
  check.eq(status, 0, said)
  -- 60 rows of a half allow 120
  check.eq(kept(file, function(row) return row.input:match "^%a+" end), { invoice = 20, password = 40, parcel = 60 }, said)
end)

check.test("importance draws the rows whose words are production's", function()
  local function of(list)
    return rows_of(list, function(row, i, topic)
      row.topic, row.input = nil, ("%s how to do the thing of %s now"):format(topic, topic)
      row.output = topic .. i
    end)
  end
  write("rows.jsonl", of { "invoice", 200, "password", 200, "parcel", 200 })
  write("production.jsonl", of { "parcel", 50 })
  local stages = 's.balance { match = "production.jsonl", method = "importance", n = %s, buckets = 64 }'
  local status, said, file = run(stages:format "150")
  check.eq(status, 0, said)
  local left = kept(file, function(row) return row.input:match "^%a+" end)
  check.ok(left.parcel > 130, json.encode(left))
  local f = figures_of(file, "balance")
  check.ok(f.divergence.after.kl < f.divergence.before.kl / 5)
  check.contains(said, "divergence from production, by words and pairs of words in 64 buckets")
  local _, _, one = run(stages:format "150", "--threads 1")
  check.eq(file "rejected.jsonl", one "rejected.jsonl")
  fails(stages:format "nil", 'method = "importance" needs n')
end)

check.test("rows that are wanted and missing are told", function()
  write("rows.jsonl", rows_of { "a", 30, "b", 4, "c", 9 })
  local status, said, file = run 's.balance { min = 10 }'
  check.eq(status, 0, said)
  check.eq(file "curated.jsonl", read(folder .. "/rows.jsonl"))
  check.contains(said, "rows are missing: b 6 (has 4), c 1 (has 9)")
end)

check.test("what a balance cannot be asked is said before a row is read", function()
  for _, case in ipairs {
    { "s.balance {}", "it needs one of max, target, match, weights and min" },
    { "s.balance { max = 3, target = { a = 1 } }", "it has both max and target: one of them" },
    { "s.balance { target = { a = 0.5, b = 0.4 } }", "these add up to 0.9" },
    { "s.balance { target = { a = { x = 1 } } }", 'target["a"] is a table: `by` is one key' },
    { 's.balance { by = { "a", "b" }, max = { x = { y = { z = 1 } } } }', "`by` has no key more" },
    { 's.balance { weights = { a = 0 } }', 'weights["a"] = 0: expected a number above 0' },
    { 's.balance { weights = "even" }', 'weights = "even": expected "inverse"' },
    { 's.balance { max = 3, min = 4 }', "min = 4 is above max = 3: no group could have so many rows" },
    { 's.balance { target = { a = 1 }, min = 4 }', "min goes without target" },
    { 's.balance { max = 3, n = 4 }', "n goes with target or match" },
    { 's.balance { max = 3, score = "x" }', 'score goes with keep = "best"' },
    { 's.balance { max = 3 }, s.export { weight = "output" }', "rows have a key of that name for something else" },
  } do fails(case[1], case[2]) end
end)

check.test("any number of threads keeps the same rows", function()
  write("rows.jsonl", rows_of({ "a", 400, "b", 150, "c", 70 }, function(row, i) row.score = i * 37 % 101 end))
  local stages = [[s.balance { by = { "topic", "score" }, max = 9 },
    s.balance { target = { a = 0.4, b = 0.4, c = 0.2 }, keep = "best", score = "score", weights = "inverse" }]]
  local _, one, first = run(stages, "--threads 1")
  local _, four, second = run(stages, "--threads 4")
  check.eq(first "curated.jsonl", second "curated.jsonl", one .. four)
  check.eq(first "rejected.jsonl", second "rejected.jsonl")
end)

check.done()
