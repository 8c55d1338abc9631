--- the page that a run leaves and `tamis report --html` writes: the same bytes from memory and from the
-- ledger, small whatever the data, with thresholds that say what a run with them keeps.
local check = require "check"
local fs = require "fs"
local hostile = require "hostile"
local json = require "json"

local here = check.folder()

local function tamis(args)
  local status, out, err = check.run(("cd %s && %s %s"):format(check.quote(here), check.tamis, args))
  return status, out, err
end

local function done(args)
  local status, out, err = tamis(args)
  check.eq(status, 0, err)
  return out
end

local function data(name, list)
  local lines = {}
  for i, row in ipairs(list) do lines[i] = json.encode(row) end
  check.write(here .. "/" .. name, table.concat(lines, "\n") .. "\n")
end

local function words(n, seed)
  local t = {}
  for i = 1, n do t[i] = "w" .. (i * seed * 7919) % 9973 end
  return table.concat(t, " ")
end

-- Lengths 1 to 60 of the output, two sources, topics and times; every eighth row is a copy but for a word.
local function rows(from, to)
  local t = {}
  for i = from, to do
    t[#t + 1] = { id = "r" .. i, input = words(12, i), output = words(1 + i % 60, i + 3), topic = "t" .. i % 4,
                  created_at = ("2024-%02d-%02dT10:00:00Z"):format(1 + i % 12, 1 + i % 28) }
    if i == 150 then t[#t].input = t[#t].input .. " " .. t[#t].output end
    if i % 8 == 0 then
      t[#t + 1] = { id = "c" .. i, input = words(12, i) .. " more", output = words(1 + i % 60, i + 3), topic = "t9",
                    created_at = "2024-05-05" }
    end
  end
  return t
end

data("a.jsonl", rows(1, 200))   -- one answer stands in its question
data("b.jsonl", rows(201, 300))

local RECIPE = [[local s = require "tamis"
return s.recipe { name = "p", sources = { "a.jsonl", { "b.jsonl", kind = "expert" } },
  s.exact_dedup {}, s.length { min_input_tokens = 1, min_output_tokens = 10, max_output_tokens = 50 },
  s.filter { name = "odd", fn = function(ex) if ex.topic == "t3" then return "of_t3" end end },
  s.near_dedup { threshold = 0.7 } }]]
check.write(here .. "/p.lua", RECIPE)

local function read(path) return check.ok(fs.read(here .. "/" .. path, 64 << 20)) end
local function data_of(html)
  return check.ok(json.decode(html:match '<script id="data" type="application/json">(.-)</script>'))
end

check.test("a run leaves report.html, the one that report --html writes from its ledger; --no-html leaves it out", function()
  done "run p.lua --run-id a --quiet"
  local page = read "curated/p/a/report.html"
  done "report curated/p/a --html again.html"
  check.ok(page == read "again.html", "the two differ")
  check.eq(fs.stat(here .. "/curated/p/a/report.html").mode & 511, 384)   -- octal 0600
  done "report curated/p/a --html again.html --threads 1"
  check.ok(page == read "again.html", "the threads show")
  done "run p.lua --run-id b --quiet --no-html"
  check.eq(fs.exists(here .. "/curated/p/b/report.html"), false)
  check.eq((done "report a.jsonl --html -"):sub(1, 15), "<!doctype html>")
end)

local function kept(args) return json.decode(done("run p.lua --run-id t --replace --no-html --json " .. args)).kept end

check.test("what a tighter bound would keep is what a run with it keeps", function()
  local by = {}
  for _, b in ipairs(data_of(read "curated/p/a/report.html").bounds) do by[b.name] = b end
  local b = check.ok(by["length.min_output_tokens"])
  check.eq(b.values[b.at + 1], 10)
  check.eq(b.kept[b.at + 1], kept "")
  for i, v in ipairs(b.values) do
    -- a copy behind the bound never outlives its twin: both have one length
    if v > 10 and v <= 50 and i % 5 == 0 then
      check.eq(b.kept[i], kept("--set length.min_output_tokens=" .. v), "at " .. v)
    end
  end
end)

check.test("a looser bound brings back at most what is told, all of it where no stage is behind", function()
  done "run p.lua --run-id u --until length --quiet"
  local by = {}
  for _, b in ipairs(data_of(read "curated/p/u/report.html").bounds) do by[b.name] = b end
  for _, name in ipairs { "length.min_output_tokens", "length.max_output_tokens" } do
    local b = by[name]
    for i, v in ipairs(b.values) do
      if i % 7 == 1 and v >= 0 and (name:find "min" and v <= 50 or name:find "max" and v >= 10) then
        check.eq(b.kept[i], kept(("--until length --set %s=%d"):format(name, v)), name .. " at " .. v)
      end
    end
  end
end)

check.test("rows that try to be markup are told, not obeyed, and a page of many stays small", function()
  local list = {}
  for i, w in ipairs(hostile) do
    local valid = utf8.len(w) and w or "x" .. i
    for k = 1, 3 do
      list[#list + 1] = { id = valid, input = valid .. " " .. words(6 + k, i), output = valid .. words(20, k), topic = valid }
    end
  end
  for i = 1, 400 do
    list[#list + 1] = { id = "n" .. i, input = ("<b>%d</b>"):format(i):rep(2000), output = words(3, i), topic = "<i>" .. i }
  end
  data("<b>x.jsonl", list)
  check.write(here .. "/h.lua", [[local s = require "tamis"
    return s.recipe { name = "h", sources = { "<b>x.jsonl" },
      s.length { min_input_tokens = 1, min_output_tokens = 5 }, s.filter { name = "why", fn = function(ex) return "x" .. ex.topic:sub(1, 90) end } }]])
  done "run h.lua --run-id a --quiet"
  local html = read "curated/h/a/report.html"
  done "report curated/h/a --html again.html"
  check.ok(html == read "again.html", "the two differ")
  check.ok(#html < 2000000, #html)
  local outside = html:gsub("<script.->.-</script>", "")
  check.eq(outside:find("<b>", 1, true) or outside:find("<i>", 1, true) or outside:find("<img", 1, true), nil)
  check.eq(select(2, html:gsub("</script>", "")), 2)
end)

check.done()
