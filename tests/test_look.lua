--- What the REPL asks of a view and of its figures, against what brute force finds.

local check = require "check"
local core = require "core"
local corpus = require "corpus"
local stats = require "stats"
local verdicts = require "verdicts"

local dir = check.folder()
local ROWS = 400

local function draws(seed)
  local x = seed
  return function(n)
    x = (x * 1103515245 + 12345) % 2147483648
    return x // 65536 % n + 1
  end
end

local draw, parts, rows = draws(11), {}, {}
for i = 1, ROWS do
  local r = { a = "a" .. draw(7), b = draw(5), n = draw(50) }
  if draw(6) == 1 then r.b = nil end
  if draw(9) == 1 then r.n = nil end
  rows[i] = r
  parts[i] = ('{"input": "x %d", "output": "y", "a": "%s"%s%s}'):format(i, r.a, r.b and ', "b": ' .. r.b or "",
    r.n and ', "n": ' .. r.n or "")
end
local path = check.write(dir .. "/rows.jsonl", table.concat(parts, "\n") .. "\n")
local pool = core.pool(3)
local view = assert(corpus.load { sources = { { path = path, format = "auto" } }, formats = require "formats.all",
                                  pool = pool })

local function counted(list)
  local out = {}
  for _, p in ipairs(list) do out[tostring(p.a) .. "|" .. tostring(p.b)] = p.count end
  return out
end

check.test("pairs of two keys are counted, of all rows or of some, the most frequent first", function()
  for _, some in ipairs { false, true } do
    local want, chosen = {}, {}
    for i, r in ipairs(rows) do
      if not some or i % 3 == 0 then
        chosen[#chosen + 1] = i
        local key = r.a .. "|" .. tostring(r.b or "unknown")
        want[key] = (want[key] or 0) + 1
      end
    end
    local list, n = view:pair_counts("a", "b", pool, some and chosen or nil)
    check.eq(counted(list), want)
    check.eq(n, #list)
    for i = 2, #list do check.ok(list[i - 1].count >= list[i].count) end
    local few, all = view:pair_counts("a", "b", pool, some and chosen or nil, 4)
    check.eq({ #few, all }, { 4, n })
    check.eq(few[1], list[1])
  end
  check.eq({ view:pair_counts("a", "b", pool, {}) }, { {}, 0 })
  check.raises("no such row", view.pair_counts, view, "a", "b", pool, { 0 })
  check.raises("no such row", view.pair_counts, view, "a", "b", pool, { ROWS + 1 })
end)

check.test("a cluster is what twins connect, by brute force", function()
  local list, links = verdicts.new { "copy" }, {}
  local pick = draws(5)
  for i = 2, ROWS do
    if pick(3) == 1 then
      local twin = pick(i - 1)
      list:add(i, "copy", { twin = twin, value = 0.9 })
      links[i] = twin
    end
  end
  local child = assert(view:apply("copies", list))
  local function cluster(of)
    local inside, grew = { [of] = true }, true
    while grew do
      grew = false
      for a, b in pairs(links) do
        if inside[a] ~= inside[b] then inside[a], inside[b], grew = true, true, true end
      end
    end
    local out = {}
    for i = 1, ROWS do if inside[i] then out[#out + 1] = i end end
    return out
  end
  for of = 1, ROWS, 7 do check.eq(child:cluster(of), cluster(of)) end
  check.eq(view:cluster(3), { 3 })
  check.raises("no such row", child.cluster, child, 0)
end)

check.test("rows are put in order by their numbers, equal ones as they stood, those without one last", function()
  local numbers, list = stats.path(view, "n", pool), {}
  for i = 1, ROWS do list[i] = (i * 77) % ROWS + 1 end   -- 77 and 400 have no common factor: each row once
  for _, descending in ipairs { false, true } do
    local place, want = {}, table.move(list, 1, ROWS, 1, {})
    for k, i in ipairs(list) do place[i] = k end
    table.sort(want, function(x, y)
      local p, q = rows[x].n, rows[y].n
      if p == q then return place[x] < place[y] end
      if not p or not q then return p ~= nil end
      if descending then return p > q end
      return p < q
    end)
    check.eq(numbers:order(list, descending), want)
  end
  check.raises("rows of the view", numbers.order, numbers, { ROWS + 1 })
end)

check.done()
