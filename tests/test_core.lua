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

check.done()
