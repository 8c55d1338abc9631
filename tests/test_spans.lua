-- test_spans.lua: the stage repeated_spans on rows read from files.
local check = require "check"
local core, corpus = require "core", require "corpus"
local views = require "views"

local formats = require "formats.all"
local stage = require "stages.repeated_spans"
local made = {}

local function file(lines)
  local path = os.tmpname()
  local f = assert(io.open(path, "w"))
  f:write(table.concat(lines, "\n"), "\n")
  f:close()
  made[#made + 1] = path
  return path
end

local function load(...)
  local sources = { ... }
  for i, s in ipairs(sources) do
    if type(s) == "string" then sources[i] = { path = s } end
  end
  return assert(corpus.load { sources = sources, formats = formats, pool = core.pool(2) })
end

local function run(view, given, threads)
  local p = views.params(stage, given)
  local child, info = stage.run(view, p, { pool = core.pool(threads or 2), name = "repeated_spans" })
  return assert(child, info), info
end

local function pair(input, output) return ('{"input":"%s","output":"%s"}'):format(input, output) end

local NOTICE = "This call may be recorded for training and quality purposes."   -- 10 tokens
local rows = {
  pair("How do I reset it?", NOTICE .. " Click Reset."),
  pair("Where is my card?", "Well: this call  may be RECORDED for training and quality purposes. It is on its way."),
  pair("What now?", NOTICE),
  pair("And who asks?", "Nobody has asked so far, says the desk."),
}

check.test("report measures, and names the span in most rows", function()
  local v, info = run(load(file(rows)), { tokens = 8 })
  check.eq(select(2, v:counts()), 0)
  check.eq(v:row(1).metrics["repeated_spans.share"], 0)
  check.eq(v:row(2).metrics["repeated_spans.share"], 10 / (4 + 16))
  check.eq(v:row(3).metrics["repeated_spans.share"], 10 / 12)
  check.eq(#info.notes, 2)
  check.contains(info.notes[1], "2 of 4 rows repeat a span of 8 tokens or more")
  check.contains(info.notes[2], "in 3 rows, 10 tokens, first in row 1: " .. NOTICE)
end)

check.test("reject drops by share and shows the span in code points, with the row that had it", function()
  local path = file(rows)
  local v = run(load(path), { tokens = 8, action = "reject", max_share = 0.5 })
  check.eq(select(2, v:counts()), 1)
  local r = v:row(3)
  check.eq(r.reason, "repeated_spans")
  check.eq(r.evidence.value, 10 / 12)
  check.eq(r.evidence.threshold, 0.5)
  check.eq(r.evidence.repeated, { { field = "output", path = "output", start = 0, ["end"] = #NOTICE,
                                    twin = { source = path, line = 1 } } })
end)

check.test("a rejected row covers no other", function()
  local a, b = "one two three four five six seven eight", "nine ten eleven twelve"
  local v = load(file { pair(a, "x"), pair(a .. " " .. b, "y"), pair(b .. " and more than that one", "z") })
  v = run(v, { tokens = 4, action = "reject", max_share = 0.5 })
  check.eq(v:row(2).status, "rejected")
  check.eq(v:row(3).metrics["repeated_spans.share"], 0)
end)

check.test("cut takes the span out of later rows and rejects what it would empty", function()
  local v = run(load(file(rows)), { tokens = 8, action = "cut" })
  check.contains(v:field(1, "output"), NOTICE)
  check.eq(v:field(2, "output"), "Well: It is on its way.")
  check.eq(v:row(3).reason, "nothing_left")
  check.eq(v:field(4, "output"), "Nobody has asked so far, says the desk.")
  check.eq(v:edited(), 1)
end)

check.test("a cut at the end leaves no blank behind, and works past ASCII and in chats", function()
  local said = "na\\u00efve caf\\u00e9 \\u00fcber alles und mehr noch"
  local chat = '{"messages":[{"role":"user","content":"%s"},{"role":"assistant","content":"Oui."},' ..
               '{"role":"user","content":"Encore?  %s"},{"role":"assistant","content":"Non."}]}'
  local v = load(file { chat:format(said, "tout"), chat:format("Bon", said) })
  v = run(v, { tokens = 5, action = "cut" })
  check.eq(v:field(1, "input"):match "^[^\n]*", "naïve café über alles und mehr noch")
  check.eq(v:field(2, "input"), "Bon\nOui.\nEncore?")
end)

check.test("rows of a trusted source come first and stay as they are", function()
  local raw, expert = file { rows[1] }, file { rows[3], rows[2] }
  local v = run(load(raw, { path = expert, trusted = true }), { tokens = 8, action = "cut" })
  check.eq(v:field(1, "output"), "Click Reset.")
  check.contains(v:field(3, "output"), "Well: this call")
  check.eq(select(2, v:counts()), 0)
end)

check.test("spans do not cross strings", function()
  local v = run(load(file { pair("one two three four", "five six seven eight"), pair("x three four", "five six y") }),
                { tokens = 4, action = "report" })
  check.eq(v:row(2).metrics["repeated_spans.share"], 0)
end)

check.test("the result does not depend on the number of threads", function()
  local lines, state = {}, 7
  local function draw(n)
    state = (state * 1103515245 + 12345) % 2147483648
    return state // 65536 % n
  end
  for i = 1, 600 do
    local words = {}
    for k = 1, 40 do words[k] = "w" .. (draw(3) == 0 and draw(1000) or (k + draw(5) * 40)) end
    lines[i] = pair(table.concat(words, " ", 1, 20), table.concat(words, " ", 21))
  end
  local path, want = file(lines), nil
  for _, threads in ipairs { 1, 2, 7 } do
    for _, action in ipairs { "reject", "cut" } do
      local v = run(load(path), { tokens = 3, action = action, max_share = 0.3 }, threads)
      local out = {}
      for i = 1, #v do
        local r = v:row(i)
        out[i] = ("%s %s %s %.17g"):format(r.status, v:field(i, "input"), v:field(i, "output"),
                                          r.metrics["repeated_spans.share"])
      end
      local text = table.concat(out, "\n")
      want = want or {}
      want[action] = want[action] or text
      check.ok(want[action] == text)
      check.ok(v:counts() < 600 or action == "cut")
    end
  end
end)

for _, path in ipairs(made) do os.remove(path) end
check.done()
