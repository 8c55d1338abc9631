--- The pool and the interrupt flag as Lua sees them.
local check = require "check"
local core = require "core"

check.test("a pool has the threads it was asked for", function()
  local pool <close> = core.pool(3)
  check.eq(pool:threads(), 3)
end)

check.test("a closed pool says so", function()
  local pool = core.pool(1)
  pool:close()
  pool:close()
  check.raises("pool is closed", pool.threads, pool)
end)

check.test("an undefined global is an error, read or written", function()
  check.raises("undefined global 'no_such_name'", function() return no_such_name end)   -- luacheck: ignore
  check.raises("undeclared global 'no_such_name'", function() no_such_name = 1 end)   -- luacheck: ignore
end)


check.test("a progress function that closes its pool, or works with it, is told no and the work goes on", function()
  local pool, said, path = core.pool(2), {}, check.folder() .. "/rows.jsonl"
  local function walk()
    local f = assert(io.open(path, "w"))
    for i = 1, 3000 do f:write(('{"input":"question %d","output":"answer"}\n'):format(i)) end
    f:close()
    return assert(require "corpus".load { sources = { { path = path } }, formats = require "formats.all", pool = pool })
  end
  pool:progress(function()
    local ok, why = pcall(pool.close, pool)
    said[#said + 1] = ok == false and why
    said.thread = coroutine.running()
  end)
  local co = coroutine.create(walk)
  local ok, view = coroutine.resume(co)
  check.ok(ok, view)
  check.eq(#view, 3000)
  check.contains(said[1], "the pool is at work: a progress function cannot close it")
  check.ok(said.thread == co, "called on the thread that walks")
  pool:close()
  check.raises("pool is closed", pool.threads, pool)
end)

check.done()
