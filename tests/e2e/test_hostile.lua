--- Nothing that data holds reaches a terminal raw: every command that prints, on a pseudo-terminal, over
-- rows, ids, topics, reasons, file and folder names, labels and comments with escape sequences, C1, OSC 8
-- and 52, bidirectional and invisible characters.

local check = require "check"
local hostile = require "hostile"
local json = require "json"
local pty = require "pty"

local q = check.quote
local dir = check.folder()
if check.tamis:sub(2, 2) ~= "/" then check.tamis = q(os.getenv "PWD" .. "/" .. check.tamis:sub(2, -2)) end

-- One text with everything in it; a file's name may hold all but the slash and the NUL.
local EVIL = "e\27[31mred\27]8;;http:x\7link\27]8;;\7\27]52;c;aGk=\7\u{9B}32m\u{202E}rev\u{2066}iso\u{200B}\u{FEFF}"
  .. "\r\8\127\27P$q\27\\\27(0\u{2028}"
local FILE = "f\27]52;c;aGk=\7\u{202E}\u{9B}31m\27[2J.jsonl"
local MARK = "gr\u{FC}n"                          -- a harmless text that shall be shown as it is

local texts = { EVIL }
for _, text in ipairs(hostile) do
  if utf8.len(text) and #text < 500 then texts[#texts + 1] = text end
end

local function write_rows(name, twist)
  local lines = {}
  for i = 1, 120 do
    local text = texts[i % #texts + 1]
    local base = ("%s %s word%d word%d word%d %s"):format(MARK, text, i % 40, i * 7 % 23, i // 3, text)
    lines[i] = json.encode { id = text .. i, input = base .. (twist and i % 5 == 0 and " twisted" or ""),
      output = ("%s answer %s "):format(base, text):rep(3), topic = texts[i % 4 + 1], [text] = text }
  end
  lines[#lines + 1] = '{"input": "' .. EVIL:gsub("[%c\127]", "") .. '\27"}'    -- no JSON
  lines[#lines + 1] = "\27[31m not JSON \255\254"
  check.write(dir .. "/" .. name, table.concat(lines, "\n") .. "\n")
end

write_rows(FILE)
write_rows("twist" .. FILE, true)
check.write(dir .. "/r.lua", ([[local s = require "tamis"
return s.recipe { name = "evil", sources = { %q }, id = "id",
  s.exact_dedup {}, s.length { min_input_tokens = 2 },
  s.filter { name = "why", fn = function(ex) if #ex.input %% 7 == 0 then return ex.topic, ex.input end end },
  s.map { name = "tag", fn = function(ex) return { kind = ex.topic } end },
  s.pii {}, s.repetition { max_repetition_ratio = 0.9 }, s.near_dedup { threshold = 0.7 },
  s.balance { by = "topic", max = 25 } }]]):format(FILE))
check.write(dir .. "/throws.lua", ([[local s = require "tamis"
return s.recipe { sources = { %q }, s.filter { name = "t", fn = function(ex) error(ex.input) end } }]]):format(FILE))
check.write(dir .. "/sources.lua", ([[local s = require "tamis"
return s.recipe { name = %q, sources = { "no" .. %q } }]]):format(EVIL, FILE))

local function labels(who, shift)
  local lines = {}
  for i = 1, 30 do
    lines[i] = json.encode { identity = ("%032x"):format(i), id = EVIL .. i, annotator = who, source = FILE, line = i,
      stratum = EVIL, comment = EVIL, scores = { [EVIL] = i % 5 + 1, plain = (i + shift) % 3 + 1 } }
  end
  check.write(dir .. "/" .. who .. ".jsonl", table.concat(lines, "\n") .. "\n")
end
labels("ana", 0)
labels("ben", 1)

-- The program's own sequences: colours, the bar, the form. All else that is left is data's.
local OWN = { "\27%[[%d;]*m", "\27%[%d*[AKJH]", "\27%[%?1049[hl]", "\27%[%?25[hl]", "\27%[%?7[hl]", "\27%[%d+;%d+H" }

local HIDDEN = { { 0x7F, 0x9F }, { 0x200B, 0x200F }, { 0x2028, 0x202E }, { 0x2060, 0x206F }, { 0xFEFF, 0xFEFF } }

-- What a terminal must not get, or nil.
local function raw_in(out)
  for _, pattern in ipairs(OWN) do out = out:gsub(pattern, "") end
  local at = out:find "[\0-\8\11\12\14-\31]"
  if at then return ("%q"):format(out:sub(math.max(1, at - 40), at + 10)) end
  local valid, bad = utf8.len(out)
  if not valid then return ("no UTF-8: %q"):format(out:sub(math.max(1, bad - 40), bad + 10)) end
  for p, c in utf8.codes(out) do
    for _, r in ipairs(HIDDEN) do
      if c >= r[1] and c <= r[2] then return ("U+%04X behind %q"):format(c, out:sub(math.max(1, p - 40), p - 1)) end
    end
  end
end

-- Red and clearing the screen are data's where the program would never say them so.
local function shows(command, o)
  o = o or {}
  local line = command:gsub("^tamis", function() return check.tamis end)
  local p <close> = pty.spawn(("cd %s && export LC_ALL=C.UTF-8 TERM=xterm COLUMNS= %s; %s"):format(q(dir),
    o.environment or "", line), o.columns or 80, 24)
  for _, keys in ipairs(o.keys or {}) do
    check.ok(p:expect(keys[1], 20), command .. " never showed " .. keys[1])
    p:send(keys[2])
  end
  local status = p:wait(60)
  check.ok(status ~= nil and status < 128, ("%s: status %s"):format(command, tostring(status)))
  check.eq(status, o.status or 0, command .. ": " .. p:output():sub(-300))
  local out = p:output()
  check.ok(#out > 0, command .. " printed nothing")
  local raw = raw_in(o.echo and out:gsub(o.echo, "") or out)
  check.ok(not raw, command .. " let through " .. tostring(raw))
  check.ok(not out:find("\27[2J.jsonl", 1, true) and not out:find("\27[31mred", 1, true), command)
  return out
end

local F = q(FILE)

check.test("run", function()
  local out = shows("tamis run r.lua --run-id a")
  check.contains(out, "why.")
  shows("tamis run r.lua --run-id b --set near_dedup.threshold=0.9 --profile", { columns = 200 })
  shows("tamis run r.lua --run-id c --json")
  shows("tamis run r.lua --run-id a", { status = 2 })
  shows("tamis run throws.lua --run-id t", { status = 1 })
  shows("tamis run sources.lua", { status = 2 })
  shows("tamis run " .. F .. " --run-id d")
  shows("tamis run no" .. F, { status = 1 })
  shows("tamis run r.lua --skip " .. F, { status = 2 })
  shows("tamis run --" .. F, { status = 2 })
end)

check.test("check and init", function()
  check.contains(shows "tamis check r.lua", "kept")
  shows("tamis check sources.lua", { status = 2 })
  shows("tamis check --json r.lua")
  shows("tamis init " .. F)
end)

check.test("report, of files and of a run", function()
  for _, what in ipairs { F, "curated/evil/a", F .. " --by id" } do
    for _, how in ipairs { "", " --json", " --md", " --csv" } do
      if how ~= " --csv" or what == "curated/evil/a" then shows("tamis report " .. what .. how) end
    end
    shows("tamis report " .. what, { columns = 200, environment = "NO_COLOR=1" })
  end
end)

check.test("explain", function()
  for _, row in ipairs { F .. ":7", F .. ":121", F .. ":122", "rejected.jsonl:3", "curated.jsonl:2" } do
    shows("tamis explain curated/evil/a " .. row)
    shows("tamis explain curated/evil/a " .. row .. " --json")
  end
  shows "tamis explain curated/evil/a --reason near_duplicate --sample 4"
  shows("tamis explain curated/evil/a --reason " .. q(EVIL), { status = 1 })
  shows("tamis explain curated/evil/a --text " .. MARK)
  shows("tamis explain curated/evil/a --id " .. q(EVIL), { status = 1 })
  shows("tamis explain curated/evil/a x" .. F .. ":3", { status = 1 })
end)

check.test("sweep, ablate and diff", function()
  shows "tamis sweep curated/evil/a near_dedup.threshold=0.7:0.9:0.1"
  shows "tamis sweep r.lua length.min_input_tokens=2,8,16 --margin 3"
  shows "tamis ablate curated/evil/a --sample 3"
  shows "tamis ablate curated/evil/a --json"
  shows("tamis diff " .. F .. " twist" .. F)
  shows("tamis diff " .. F .. " twist" .. F .. " --json")
  shows("tamis diff " .. F .. " twist" .. F .. " --md")
  shows "tamis diff curated/evil/a curated/evil/b"
end)

check.test("label, agree and gold", function()
  local keys = { { "row 1 of", "nvnvnvnvnv?xc" }, { "comment", EVIL:gsub("[%c\127]", "") .. "\r" .. "55555q" } }
  shows("tamis label " .. F .. " --n 12 --annotator ana --file l.jsonl", { keys = keys })
  shows("tamis label curated/evil/a --by reason --n 12 --annotator ana --file m.jsonl", { keys = keys, columns = 200 })
  shows("tamis label curated/evil/a --margin near_dedup.threshold --n 8 --file n.jsonl", { keys = { { "row 1 of", "nvq" } } })
  shows("tamis label " .. F .. " --n 12 --annotator ana --file l.jsonl --export -")
  shows("tamis label curated/evil/a --by " .. q(EVIL) .. " --export -", { status = 2 })
  shows("tamis label curated/evil/a --rubric " .. F, { status = 2 })
  shows "tamis agree ana.jsonl ben.jsonl"
  shows("tamis agree ana.jsonl ben.jsonl", { columns = 200 })
  shows "tamis agree ana.jsonl ben.jsonl --json"
  shows("tamis agree ana.jsonl " .. F, { status = 1 })
  shows "tamis gold sample curated/evil/a --n 10"
  shows("tamis gold sample " .. F .. " --n 10 --out " .. q("g" .. FILE))
  shows("tamis gold freeze " .. q("g" .. FILE))
end)

check.test("the REPL", function()
  local lines = { ("c = open %q"):format("f*.jsonl"), "c", "c:head()", "c:row(1)", "c:near(\"" .. MARK .. "\", 3)",
    "d = c:near_dedup{threshold=.7}", "d", "d:rejected():sample(2)", "d:explain(42)", "c:report()", "c:lengths 'output'",
    "c:row(3).input", "c:row(3).raw", "error(c:row(1).input)", "nothing.there", "open \"no\\27[31mfile\"",
    "r = open \"curated/evil/a\"", "r", "r:reasons()", "r:explain(3)", "r:sample('near_duplicate', 2)", "{ [c:row(1).input] = 1 }" }
  check.write(dir .. "/in.lua", table.concat(lines, "\n") .. "\n")
  shows("tamis repl < in.lua", { status = 1 })
  shows("tamis repl curated/evil/a < /dev/null")
  shows("tamis repl " .. F .. " < /dev/null")
end)

check.test("help, registry and unknown words", function()
  shows("tamis help " .. q(EVIL), { status = 2 })
  shows("tamis " .. q(EVIL), { status = 2 })
  shows("tamis registry add " .. F .. " --notes " .. q(EVIL) .. " --name evil --registry reg.db")
  shows "tamis registry list --registry reg.db"
  shows "tamis registry show evil --registry reg.db"
  shows "tamis registry history evil --registry reg.db"
end)

check.done()
