--- Long work: the bar of each stage, events as JSON lines, where time went, on real terminals and off them.

local check = require "check"
local json = require "json"
local pty = require "pty"
local screen = require "report.screen"
local timing = require "run.timing"

local q = check.quote
local dir = check.folder()

local rows = {}
for i = 1, 4000 do
  rows[i] = json.encode { input = ("question %d about thing %d"):format(i, i % 97),
                          output = ("answer %d "):format(i * 7919 % 4001):rep(30) }
end
check.write(dir .. "/rows.jsonl", table.concat(rows, "\n") .. "\n")
check.write(dir .. "/r.lua", [[local s = require "tamis"
return s.recipe { name = "long", sources = { "rows.jsonl" },
  s.length { min_input_tokens = 3 }, s.filter { name = "slow", fn = function(ex) local n = 0 for i = 1, 4000 do n = n + i end end },
  s.repetition { max_repetition_ratio = 1 }, s.near_dedup {}, s.export {} }]])

local function run(options) return check.run(("cd %s && %s run r.lua --replace --run-id t %s"):format(q(dir), check.tamis, options)) end
if check.tamis:sub(2, 2) ~= "/" then check.tamis = q(os.getenv "PWD" .. "/" .. check.tamis:sub(2, -2)) end

local function events_of(text)
  local out = {}
  for line in text:gmatch "[^\n]+" do out[#out + 1] = check.ok(json.decode(line), line) end
  return out
end

check.test("--json: each step begins and ends in order, then the result; stdout is the summary", function()
  local status, out, err = run "--json"
  check.eq(status, 0, err)
  local summary = check.ok(json.decode(out))
  local events, open, names = events_of(err), nil, {}
  for i, e in ipairs(events) do
    if e.event == "begin" then
      check.eq(open, nil)
      open, names[#names + 1] = e.stage, e.stage
    elseif e.event == "end" then
      check.eq(e.stage, open)
      check.ok(e.seconds >= 0 and e.memory > 0)
      open = nil
    elseif e.event == "progress" then check.eq(e.stage, open)
    elseif e.event == "result" then check.eq(i, #events) end
  end
  check.eq(table.concat(names, "|"), "load|length, slow, repetition|near_dedup|write|hash|ledger|publish|report")
  local last = events[#events]
  check.eq({ last.kept, last.rows, last.run_id }, { summary.kept, 4000, "t" })
  check.eq(#summary.steps, #names)
end)

check.test("--json tells an error as an event too, and --quiet tells nothing", function()
  local status, _, err = run "--json --set near_dedup.threshold=0.9 --gold nope.jsonl"
  check.eq(status, 1)
  local first = err:match '{[^\n]*"event":"error"[^\n]*}'
  check.contains(json.decode(check.ok(first)).message, "nope.jsonl")
  status, _, err = run "--json --quiet"
  check.eq({ status, err }, { 0, "" })
end)

check.test("--profile tells each row function of a fused pass, and the slow one leads", function()
  local status, out, err = run "--profile --json"
  check.eq(status, 0, err)
  local step
  for _, s in ipairs(json.decode(out).steps) do
    if s.operators then step = s end
  end
  local names, slow, sum = {}, nil, 0
  for i, op in ipairs(check.ok(step).operators) do
    names[i], sum = op.name, sum + op.seconds
    if op.name == "slow" then slow = op end
  end
  check.eq(names, { "length", "slow", "repetition", "(the rows)" })
  check.ok(slow.share > 0.5, slow.share)
  check.ok(slow.sampled > 0 and slow.sampled < 500, slow.sampled)      -- at most a sixteenth of 4,000 rows
  check.near(sum, step.seconds, step.seconds * 0.05)
  status, out = run "--profile"
  check.eq(status, 0)
  check.contains(out, "Where time and memory went")
  check.contains(out, "us a row")
  local plain = select(2, run "")
  check.ok(not plain:find "us a row")
end)

check.test("a profiled run leaves the same bytes", function()
  run "--out a"
  run "--out b --profile"
  check.eq(check.read(dir .. "/a/long/t/curated.jsonl"), check.read(dir .. "/b/long/t/curated.jsonl"))
  local function print_of(folder) return json.decode(check.read(dir .. folder .. "/long/t/lineage.json")).fingerprint end
  check.eq(print_of "/a", print_of "/b")
end)

local function on_terminal(command, columns)
  return pty.spawn(("cd %s && exec env LC_ALL=C.UTF-8 TERM=xterm %s run r.lua --replace --run-id t --quiet=x %s")
    :gsub("%-%-quiet=x ", ""):format(q(dir), check.tamis, command), columns, 24)
end

-- What a terminal shows in the end: a line of text a row, by the few codes that the bar uses.
local function shown(text)
  local lines, at, column = { "" }, 1, 1
  local i = 1
  while i <= #text do
    local codes, final = text:match("^\27%[([%d;?]*)(%a)", i)
    if codes then
      if final == "K" then lines[at] = lines[at]:sub(1, column - 1)
      elseif final == "J" then
        lines[at] = lines[at]:sub(1, column - 1)
        for k = #lines, at + 1, -1 do lines[k] = nil end
      elseif final == "A" then at = math.max(1, at - tonumber(codes)) end
      i = i + #codes + 3
    else
      local c = text:sub(i, i)
      if c == "\r" then column = 1
      elseif c == "\n" then
        at = at + 1
        lines[at] = lines[at] or ""
      else
        local line = lines[at] .. (" "):rep(column - 1 - #lines[at])
        lines[at], column = line:sub(1, column - 1) .. c .. line:sub(column + 1), column + 1
      end
      i = i + 1
    end
  end
  return lines
end

check.test("on a terminal a bar runs, never wider than it, and nothing of it is left over", function()
  for _, columns in ipairs { 40, 80, 200 } do
    local p <close> = on_terminal("", columns)
    check.eq(p:wait(60), 0)
    local out = p:output()
    check.contains(out, "\r")
    for piece in out:gsub("\27%[[%d;?]*%a", ""):gmatch "[^\r\n]+" do
      if piece:find "%%" and piece:find "%[" then check.ok(screen.width_of(piece) < columns, piece) end
    end
    for _, line in ipairs(shown(out)) do check.ok(not line:find "%] +%d+%%", line) end
    check.contains(out, "kept")
  end
end)

check.test("off a terminal there is no bar", function()
  local _, _, err = run ""
  check.eq(err, "")
end)

check.test("the table of times fits its screen, and a share is of the whole", function()
  local steps = {
    { name = ("x"):rep(90), seconds = 3, cpu_seconds = 6, rows = 3000, memory = 1e9, peak_memory = 2e9 },
    { name = "b", seconds = 1, cpu_seconds = 1, operators = timing.operators({ "p", "q" },
      { { seconds = 3, calls = 10 }, { seconds = 1, calls = 10 }, { seconds = 0, calls = 10 } }, 1) },
  }
  for _, width in ipairs { 80, 120 } do
    local lines = {}
    timing.print(steps, screen.new { width = width, unicode = true }, function(l) lines[#lines + 1] = l end)
    for _, l in ipairs(lines) do check.ok(screen.width_of(l) <= width, l) end
    check.contains(lines[2], "75.0%")
    check.contains(lines[2], "2.0")        -- processors
    check.contains(lines[2], "1,000")      -- rows a second
    check.contains(lines[4], "18.8%")      -- three quarters of a quarter
  end
end)

check.test("JSON for a terminal is the same value without a hidden character", function()
  local value = { a = "x\u{202E}y\u{200B}\u{9B}31m \127 é 中 \u{E0001}😀", ["\u{2066}k"] = 1 }
  local text = screen.json(json.encode(value))
  check.eq(json.decode(text), value)
  for _, c in ipairs { "\u{202E}", "\u{200B}", "\u{9B}", "\127", "\u{E0001}", "\u{2066}" } do
    check.ok(not text:find(c, 1, true))
  end
  check.contains(text, "é 中")
  check.contains(text, "😀")
end)

check.done()
