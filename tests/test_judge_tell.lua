--- What the judge's outcomes make of rows that were really read.

local check = require "check"
local rubric = require "judge.rubric"
local select_rows = require "select"
local tell = require "judge.tell"
local verdicts = require "verdicts"
local views = require "views"

local R = rubric.check { "correctness", "tone" }

local function read(n)
  local rows = {}
  for i = 1, n do rows[i] = { input = "question " .. i, output = "answer" } end
  return views.load(rows)
end

-- ---- what a corpus stage in Lua is made of ----

check.test("the order of a seed is one of all standing rows, the same each time, another for another seed", function()
  local view = read(200)
  local order, sorted, all = select_rows.order(view, 7), {}, {}
  check.eq(select_rows.order(view, 7), order)
  check.ok(table.concat(order, " ") ~= table.concat(select_rows.order(view, 8), " "))
  for i, row in ipairs(order) do sorted[i], all[i] = row, i end
  check.ok(table.concat(order, " ") ~= table.concat(all, " "), "it is drawn, not read off")
  table.sort(sorted)
  check.eq(sorted, all)
  local list = verdicts.new { "gone" }
  list:add(order[1], "gone")
  local fewer = check.ok(view:apply("x", list))
  check.eq(select_rows.order(fewer, 7), table.move(order, 2, #order, 1, {}))   -- the others keep their order
end)

check.test("a column of numbers is a layer of its own, and takes numbers alone", function()
  local view = read(3)
  local child = check.ok(view:measure("m.total", { 1.5, nil, 4 }))
  check.eq({ child:row(1).metrics["m.total"], child:row(2).metrics["m.total"], child:row(3).metrics["m.total"] },
           { 1.5, nil, 4.0 })
  check.eq(view:row(1).metrics["m.total"], nil)
  check.raises("expected numbers by row", view.measure, view, "m.total", { "many" })
end)

check.test("evidence that a stage writes itself is an object, or refused", function()
  local view = read(2)
  local list = verdicts.new { "low" }
  for _, bad in ipairs { "", "[1]", "{", "7", '{"a":1} x' } do
    check.raises("json: expected an object as text", list.add, list, 1, "low", { json = bad })
  end
  list = verdicts.new { "low" }
  list:add(1, "low", { json = '{"value":2.5}', quarantine = true })
  local child = check.ok(view:apply("x", list))
  check.eq({ child:row(1).status, child:row(1).evidence, child:row(2).status },
           { "quarantined", { value = 2.5 }, "standing" })
end)

-- ---- outcomes ----

check.test("a server's words in any bytes, or cut within a character, are evidence all the same", function()
  local said = { "cut \xe2\x80", "\xff\xfe\0", "caf\xe9", "€" }
  local of = {}
  for i, why in ipairs(said) do of[i] = { state = "failed", why = why } end
  local self = { rubric = R, p = {}, ctx = { name = "judge" }, provider = { name = "x" },
                 trust_file = check.folder() .. "/none.json" }
  local view = check.ok(tell.view(self, read(#said), { of = of }, {}))
  for i = 1, #said do check.eq(view:row(i).status, "quarantined") end
end)
check.done()
