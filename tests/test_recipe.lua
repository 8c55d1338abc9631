--- Recipes as the trusted scripts hold them: states that fail to load, what the loader says, what
-- a row function may not do to the row.
local check = require "check"
local core, corpus, host = require "core", require "corpus", require "host"
local formats = require "formats.all"

local folder = check.folder()

local function recipe(text, more)
  local spec = { text = text, path = "r.lua", config = { args = {}, stages = require "plan".stage_names() }, load_limit = {}, call_limit = {},
                 load = function() return nil, "there is none" end }
  for k, v in pairs(more or {}) do spec[k] = v end
  return host.recipe(spec)
end

local function rows(n)
  local path = folder .. "/rows.jsonl"
  local f = assert(io.open(path, "w"))
  for i = 1, n do f:write(('{"input":"question %d","output":"answer","tags":["x","y"]}\n'):format(i)) end
  f:close()
  return assert(corpus.load { sources = { { path = path } }, formats = formats })
end

-- The first function of the plan, wherever it stands.
local function marker(plan)
  for _, v in pairs(plan) do
    if host.is_function(v) then return v end
    local found = type(v) == "table" and marker(v)
    if found then return found end
  end
end

local SLOW = [[
local s = require "tamis"
for _ = 1, 2e6 do end
return s.recipe { name = "r", s.filter { name = "f", fn = function(ex) return ex.output ~= "" end } }]]

check.test("a state that an interrupt kept from loading is gone: the next try loads it whole", function()
  local r = assert(recipe(SLOW))
  local fn = marker(r:plan())
  check.ok(os.execute "kill -USR1 $PPID")
  local op, why = r:row_op(fn, { kind = "filter", stage = "f", threads = 3 })
  check.eq(op, nil)
  check.ok(#why > 0)
  core.clear_interrupt()
  op = assert(r:row_op(fn, { kind = "filter", stage = "f", threads = 3 }))
  local view, pool = rows(200), core.pool(3)
  local after = assert(view:run_group { ops = { op }, stages = { "f" }, pool = pool })
  check.eq(#after:rows_of "standing", 200)
end)

check.test("an operator on more threads than it was made for is an error with words", function()
  local r = assert(recipe(SLOW))
  local op = assert(r:row_op(marker(r:plan()), { kind = "filter", stage = "f", threads = 1 }))
  local view, pool = rows(5000), core.pool(4)
  local after, why = view:run_group { ops = { op }, stages = { "f" }, pool = pool }
  -- with luck one thread does all the rows
  if not after then check.contains(why, "the filter of f was made for 1 threads, and runs on more") end
end)

check.test("what the loader says is what people read", function()
  local text = 'local s = require "tamis"\nrequire "other"\nreturn s.recipe { s.exact_dedup {} }'
  local _, why = recipe(text)
  check.contains(why, "there is none")
  _, why = recipe(text, { load = function() error("the disk is on fire", 0) end })
  check.contains(why, "the disk is on fire")
  check.ok(not why:find "memory", why)
end)

check.test("an error that is a table names the place that raised it", function()
  local _, why = recipe 'local s = require "tamis"\nlocal function f() error({}) end\nf()\nreturn s.recipe {}'
  check.eq(why, "r.lua:2: an error value that is a table was raised")
  local r = assert(recipe [[
local s = require "tamis"
return s.recipe { s.filter { name = "f",
  fn = function() error(true) end } }]])
  local op = assert(r:row_op(marker(r:plan()), { kind = "filter", stage = "f", threads = 1 }))
  _, why = rows(1):run_group { ops = { op }, stages = { "f" } }
  check.contains(why, "r.lua:3: an error value that is no text was raised (row ")
end)

check.test("a recipe's function takes and returns hundreds of values", function()
  local r = assert(recipe [[
local s = require "tamis"
return s.recipe { s.filter { fn = function(...) return select("#", ...), ... end } }]])
  local given = {}
  for i = 1, 500 do given[i] = i end
  local got = { r:call(marker(r:plan()), table.unpack(given)) }
  check.eq({ got[1], got[2], #got, got[502] }, { true, 500, 502, 500 })
end)

check.test("pairs(ex.raw) walks in order, and lends nothing that can be written", function()
  local r = assert(recipe [[
local s = require "tamis"
return s.recipe { s.filter { name = "f", fn = function(ex)
  local names, tags = {}, {}
  for k in pairs(ex.raw) do names[#names + 1] = k end
  for i, v in pairs(ex.raw.tags) do tags[#tags + 1] = i .. v end
  local _, state = pairs(ex.raw)
  local wrote = pcall(function() state.input = "changed" end)
  return table.concat(names, ",") .. " " .. table.concat(tags, ",") .. " " .. tostring(wrote) .. " " .. ex.raw.input
end } }]])
  local op = assert(r:row_op(marker(r:plan()), { kind = "filter", stage = "f", threads = 1 }))
  local after = assert(rows(1):run_group { ops = { op }, stages = { "f" } })
  check.eq(after:row(1).reason, "input,output,tags 1x,2y false question 1")
end)

check.test("a row function may close the view that it is called for", function()
  local view, seen = rows(300), 0
  local op = assert(host.row_function(function()
    seen = seen + 1
    view:close()
    collectgarbage()
  end, { kind = "filter", stage = "f" }))
  local after = assert(view:run_group { ops = { op }, stages = { "f" } })
  check.eq({ seen, #after:rows_of "standing" }, { 300, 300 })
  check.raises("view is closed", view.rows_of, view, "standing")
end)

check.done()
