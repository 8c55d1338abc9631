--- A recipe is somebody else's program: what it may not do, and how each thing ends.
local check = require "check"
local fs = require "fs"
local host = require "host"

local LIMITS = { work = 4000000, memory = 32 << 20, seconds = 2 }

--- Loads a recipe whose text runs `code` first.
local function load_recipe(code, loader)
  return host.recipe {
    text = "local s = require 'tamis';\n" .. code .. "\nreturn s.recipe {}", path = "evil.lua",
    load = loader or function() return nil, "there is no such file" end,
    config = { args = {}, stages = { "filter" } }, load_limit = LIMITS, call_limit = LIMITS,
  }
end

--- Every one must end soon, with an error that names the recipe or the limit, and nothing else.
local HOSTILE = {
  { "an endless loop", "while true do end", "more steps" },
  { "an endless loop that catches errors", "while true do pcall(function() while true do end end) end", "more steps" },
  { "a loop of gotos", "::a:: goto a", "more steps" },
  { "an endless recursion by tail calls", "local function f() return f() end f()", "more steps" },
  { "a deep recursion", "local function f() return 1 + f() end f()", "" },
  { "a string of 2^30 bytes", "local x = ('x'):rep(1 << 30)", "" },
  { "strings that double", "local x = 'x' while true do x = x .. x end", "" },
  { "a table without end", "local t, i = {}, 0 while true do i = i + 1 t[i] = i end", "" },
  { "memory errors that are caught", "while true do pcall(string.rep, 'x', 1 << 24) end", "more steps" },
  { "rep of nothing, often", "local x = (''):rep(1 << 62) while true do end", "more steps" },
  { "rep of little, very often", "local x = ('a'):rep(1 << 62)", "too large" },
  { "a coroutine that loops", "coroutine.wrap(function() while true do end end)()", "more steps" },
  { "coroutines without end", "while true do coroutine.wrap(function() for i = 1, 900 do end end)() end", "more steps" },
  { "coroutines in coroutines", "local function f() return coroutine.wrap(f)() end f()", "" },
  { "a coroutine that catches errors", "local c = coroutine.create(function() while true do pcall(function() while true do end end) end end) while true do coroutine.resume(c) end", "more steps" },
  { "a handler of xpcall that loops", "xpcall(function() while true do end end, function() while true do end end)", "more steps" },
  { "a handler of an error that loops", "xpcall(error, function() while true do end end)", "more steps" },
  { "a __close that loops when its coroutine is killed",
    "coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) while true do end end)()", "more steps" },
  { "a __close that loops when it is closed", "local c = coroutine.create(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) coroutine.yield() end) coroutine.resume(c) coroutine.close(c)", "more steps" },
  { "a __close that loops after an error", "pcall(function() local x <close> = setmetatable({}, { __close = function() while true do end end }) error 'x' end)", "more steps" },
  { "a length that grows once remove has paid", "local n = 0 local t = setmetatable({ 1, 2 }, { __index = rawlen, __len = function() n = n + 1 return n == 1 and 1 or (1 << 31) - 2 end }) table.remove(t, 1)", "with __len" },
  { "a length that grows once insert has paid", "local n = 0 local t = setmetatable({ 1, 2 }, { __index = rawlen, __len = function() n = n + 1 return n == 1 and 1 or (1 << 31) - 2 end }) table.insert(t, 1, 0)", "with __len" },
  { "a length that grows once sort has paid", "local n = 0 local t = setmetatable({ 1, 2 }, { __index = rawlen, __len = function() n = n + 1 return n == 1 and 1 or (1 << 31) - 2 end }) table.sort(t)", "with __len" },
  { "a length that grows once concat has paid", "local n = 0 local t = setmetatable({ 1, 2 }, { __index = rawlen, __len = function() n = n + 1 return n == 1 and 1 or (1 << 31) - 2 end }) assert(table.concat(t) == '1') while true do end", "more steps" },
  { "a length that grows once unpack has paid", "local n = 0 local t = setmetatable({ 1, 2 }, { __index = rawlen, __len = function() n = n + 1 return n == 1 and 1 or (1 << 31) - 2 end }) assert(select('#', table.unpack(t)) == 1 and n == 1) while true do end", "more steps" },
  { "a __gc", "setmetatable({}, { __gc = function() while true do end end })", "__gc" },
  { "a __gc put in later", "local mt = {} setmetatable({}, mt) mt.__gc = function() while true do end end while true do local x = {} end", "" },
  { "a __index ring", "local t = setmetatable({}, {}) getmetatable(t).__index = t local x = t.x", "loop" },
  { "a __tostring that loops", "tostring(setmetatable({}, { __tostring = function() while true do end end }))", "more steps" },
  { "an error value whose __tostring loops", "error(setmetatable({}, { __tostring = function() while true do end end }))", "table" },
  { "a comparison that loops", "table.sort({ 3, 2, 1 }, function() while true do end end)", "more steps" },
  { "a sort with a senseless order", "local t = {} for i = 1, 1000 do t[i] = i end table.sort(t, function() return true end)", "" },
  { "table.move over all integers", "table.move({}, 1, 1 << 62, 2)", "more steps" },
  { "table.insert into a table that says it is long", "table.insert(setmetatable({}, { __len = function() return 1 << 60 end }), 1, 1)", "more steps" },
  { "table.remove from a table that says it is long", "table.remove(setmetatable({}, { __len = function() return 1 << 60 end }), 1)", "more steps" },
  { "a sparse table with a far border", "local t = {} for i = 0, 61 do t[1 << i] = 1 end table.insert(t, 1, 1) while true do end", "more steps" },
  { "table.concat bombs", "local t = {} for i = 1, 1000 do t[i] = ('x'):rep(10000) end while true do table.concat(t) end", "more steps" },
  { "table.concat of a table without end", "table.concat(setmetatable({}, { __index = function() return 'x' end, __len = function() return 1 << 40 end }))", "" },
  { "table.unpack of a million", "while true do pcall(function() return table.unpack({}, 1, 1e6) end) end", "more steps" },
  { "select and varargs without end", "local function f(...) return f(1, ...) end f()", "" },
  { "a pattern that backtracks", "string.find(('a'):rep(40), ('a?'):rep(40) .. ('a'):rep(40))", "" },
  { "patterns over long texts", "while true do (('a'):rep(100000)):find('.-b') end", "more steps" },
  { "a pattern that recurses", "string.find(('a'):rep(1000), ('(a'):rep(33))", "captures" },
  { "plain search, quadratic by nature", "local a = ('a'):rep(4000000) while true do a:find(a:sub(1, 2000000) .. 'b', 1, true) end", "" },
  { "gsub that grows", "local s = 'aa' while true do s = s:gsub('a', 'aaaa') end", "" },
  { "gsub with a function that loops", "('a'):gsub('a', function() while true do end end)", "more steps" },
  { "gmatch without end", "for _ in (''):gmatch('') do end while true do for _ in ('aaaa'):gmatch('a*') do end end", "more steps" },
  { "load without end", "while true do load('return 1') end", "more steps" },
  { "load of a deep nest", "assert(load(('('):rep(100000)))", "" },
  { "load of a function without end", "load(function() return 'x' end)", "" },
  { "bytecode", "assert(load('\\27Lua'))", "" },
  { "string.dump", "string.dump(print)", "nil value" },
  { "format of %p", "('%p'):format({})", "%p" },
  { "numbers as addresses", "assert(not tostring({}):find '0x') assert(not tostring(print):find '0x') assert(not ('%s'):format({}):find '0x') while true do end", "more steps" },
  { "os", "os.execute 'true'", "undefined global 'os'" },
  { "io", "io.open '/etc/passwd'", "undefined global 'io'" },
  { "debug", "debug.getregistry()", "undefined global 'debug'" },
  { "package", "package.loadlib('x', 'y')", "undefined global 'package'" },
  { "dofile", "dofile '/etc/passwd'", "undefined global 'dofile'" },
  { "require of a module of the host", "require 'fs'", "there is no such file" },
  { "require of a script of the host", "require 'runner'", "there is no such file" },
  { "require of a way out", "require '../../etc/passwd'", "there is no such file" },
  { "the registry of strings", "getmetatable('').__index = nil", "" },
  { "another string.find", "string.find = nil", "read-only" },
  { "another string.find, raw", "rawset(string, 'find', nil)", "read-only" },
  { "globals, raw", "rawset(_G, 'x', 1)", "read-only" },
  { "the stages of tamis", "s.length = nil", "" },
  { "the metatable of tamis", "setmetatable(s, {})", "protected" },
  { "math.random", "math.random()", "come out the same" },
  { "collectgarbage", "collectgarbage('stop')", "collectgarbage" },
  { "an undefined global", "local x = lenght", "undefined global 'lenght'" },
  { "pairs over tables as keys", "for _ in pairs { [{}] = 1 } do end", "no order" },
  { "utf8 over a long text", "local t = ('é'):rep(1000000) while true do utf8.len(t) end", "more steps" },
  { "text.shingles over a long text", "local text = require 'text' local t = ('abcdefgh '):rep(100000) while true do text.shingles(t, 5) end", "" },
  { "comparing long texts", "local a, b = ('a'):rep(1 << 23) .. 'b', ('a'):rep(1 << 23) .. 'c' while true do local x = a < b end", "" },
  { "yield outside", "coroutine.yield()", "outside" },
  { "string.pack", "string.pack('i16', 1)", "nil value" },
}

for _, case in ipairs(HOSTILE) do
  check.test("a recipe with " .. case[1] .. " ends soon, and says why", function()
    local started = fs.clock()
    local r, err = load_recipe(case[2])
    local took = fs.clock() - started
    if r then r:close() end
    if os.getenv "SLOW" and took > 0.5 then print(case[1], took) end
    check.ok(took < 12, ("took %.1f s"):format(took))
    check.eq(r, nil)
    if not err:find "this took too long" then check.contains(err, case[3]) end
    check.ok(not err:find "stack traceback", err)
  end)
end

check.test("a recipe reaches its allow-list and nothing else", function()
  local r, err = load_recipe [[
    local allowed = { _G = {}, _VERSION = {} }
    for name in ("assert collectgarbage coroutine error getmetatable ipairs load math next pairs pcall print rawequal rawget " ..
                 "rawlen rawset require select setmetatable string table tonumber tostring type utf8 xpcall"):gmatch "%w+" do allowed[name] = {} end
    for _, name in ipairs { "os", "io", "debug", "package", "dofile", "loadfile", "loadstring", "unpack", "module", "warn" } do
      assert(not pcall(function() return _G[name] end), name)
    end
    for name in pairs(allowed) do assert(_G[name] ~= nil, name) end
    for _, name in ipairs { "dump", "pack", "unpack", "packsize" } do assert(string[name] == nil, name) end
    assert(getmetatable(_G) == nil or getmetatable(_G) == false)
    assert(getmetatable("") == nil)
    assert(getmetatable(string) == false and getmetatable(s) == false)
    assert(coroutine.running and not coroutine.debug)
  ]]
  check.ok(r, err)
end)

check.test("pairs visits numbers, then texts in byte order, then booleans; next agrees", function()
  local r, err = load_recipe [[
    local t = { b = 1, a = 2, [10] = 3, [2] = 4, [2.5] = 5, [true] = 6, [false] = 7, ["é"] = 8, B = 9, [-1] = 10 }
    local seen = {}
    for k in pairs(t) do seen[#seen + 1] = tostring(k) end
    local wanted = "-1 2 2.5 10 B a b é false true"
    assert(table.concat(seen, " ") == wanted, table.concat(seen, " "))
    seen = {}
    local k = next(t)
    while k ~= nil do seen[#seen + 1] = tostring(k) k = next(t, k) end
    assert(table.concat(seen, " ") == wanted, table.concat(seen, " "))
    local n = 0
    for i, v in pairs { 5, 6, 7 } do n = n + i * v end
    assert(n == 38)
    for k in pairs(t) do t[k] = nil end
    assert(next(t) == nil)
  ]]
  check.ok(r, err)
end)

check.test("what a recipe may do works as in Lua", function()
  local r, err = load_recipe [==[
    assert(xpcall(function(a, b) return a + b end, print, 1, 2))
    local ok, v = xpcall(error, function(e) return e .. "!" end, "x")
    assert(not ok and v == "x!")
    local co = coroutine.wrap(function(a) local b = coroutine.yield(a + 1) return b * 2 end)
    assert(co(1) == 2 and co(5) == 10)
    local inner = coroutine.wrap(function() pcall(coroutine.yield, 7) xpcall(coroutine.yield, print, 8) return 9 end)
    assert(inner() == 7 and inner() == 8 and inner() == 9)
    local failing = coroutine.wrap(function() error("inside", 0) end)
    local ok2, e2 = pcall(failing)
    assert(not ok2 and e2 == "inside", e2)
    assert(load("return ...", "x", "t", {})(3) == 3)
    assert(load(function() return nil end))
    assert(not load("\27Lua") and not load("x ="))
    local env = {} load("y = 1", "y", "bt", env)() assert(env.y == 1)
    global_of_load = 1 assert(global_of_load == 1)
    local t = { 3, 1, 2 } table.sort(t) assert(table.concat(t, ",") == "1,2,3")
    table.insert(t, 1, 0) assert(table.remove(t, 1) == 0 and #t == 3)
    assert(select("#", table.unpack({ 1, 2, nil, 4 }, 1, 4)) == 4)
    assert(("%5.2f|%s|%q"):format(1.5, "x", "y") == ' 1.50|x|"y"')
    assert(("x"):rep(3, ",") == "x,x,x" and ("x"):rep(0) == "")
    assert(utf8.len "é中" == 2 and utf8.char(233) == "é")
    assert(tostring(s.null) == "null" and tostring(nil) == "nil" and tostring(1.0) == "1.0")
    local log = {}
    do local x <close> = setmetatable({}, { __close = function() log[1] = "closed" end }) end
    assert(log[1] == "closed")
  ]==]
  check.ok(r, err)
end)

check.test("an honest recipe after a hostile one finds its state as new", function()
  check.eq((load_recipe "while true do end"), nil)
  local r, err = load_recipe "assert(('abc'):find 'b' == 2)"
  check.ok(r, err)
end)

check.test("want of memory at any point is an error of the recipe, and nothing else", function()
  local text = "local s = require 'tamis'\nlocal hash, text = require 'hash', require 'text'\nlocal p = s.read_json 'x.json'\n" ..
    "local t = {} for k, v in pairs { b = 1, a = 2 } do t[#t + 1] = k .. v end\nlocal x = ('a b c'):gsub('%w', { a = 'x' }):rep(9)\n" ..
    "local c = coroutine.wrap(function() coroutine.yield(hash.sha256(x)) end)\nlocal y = c() .. text.shingles(x, 3)[1]\n" ..
    "return s.recipe { name = y:sub(1, 5), s.filter { fn = function(ex) return y end, name = 'n' }, s.presets.chat }"
  local worked, failed = 0, 0
  for memory = 40000, 1200000, 2777 do
    local r, err = host.recipe {
      text = text, path = "r.lua", load = function() return '{"a": [1, 2, {"b": "c\\n"}]}', "x.json" end,
      config = { args = {}, stages = require "plan".stage_names() }, load_limit = { memory = memory, work = 100000000 }, call_limit = {},
    }
    if r then
      worked = worked + 1
      r:close()
    else
      failed = failed + 1
      check.contains(err, "memory")
    end
  end
  check.ok(worked > 0 and failed > 0, worked .. " " .. failed)
end)

local dir = check.folder()

local function tamis(recipe, more)
  check.write(dir .. "/r.lua", recipe)
  return check.run(("%s check --static %s %s"):format(check.tamis, check.quote(dir .. "/r.lua"), more or ""))
end

check.test("a recipe reads no file outside its folder and the library folders", function()
  local outside = check.folder()
  check.write(outside .. "/secret.lua", "return 'secret'")
  check.write(outside .. "/secret.txt", "secret\n")
  os.execute(("ln -sf %s/secret.txt %s/link.txt; ln -sf %s/secret.lua %s/link.lua"):format(outside, dir, outside, dir))
  for _, code in ipairs {
    "s.read_lines '" .. outside .. "/secret.txt'", "s.read_lines '../" .. outside:match "[^/]*$" .. "/secret.txt'",
    "s.read_lines 'link.txt'", "require 'link'", "s.read_lines '/etc/passwd'", "s.read_json '/etc/passwd'", "require '..secret'",
    "s.read_lines 'a\\0b'",
  } do
    local status, _, err = tamis("local s = require 'tamis'\nlocal x = " .. code .. "\nreturn s.recipe {}")
    check.eq(status, 2, code)
    check.ok(not err:find("traceback", 1, true), err)
  end
end)

check.test("--lib makes a folder readable, TAMIS_PATH too", function()
  local lib = check.folder()
  check.write(lib .. "/policy.lua", "return { words = 3 }")
  check.write(lib .. "/words.txt", "a\n\nb\r\n")
  local recipe = "local s = require 'tamis'\nassert(require 'policy'.words == 3)\nlocal l = s.read_lines 'words.txt' assert(#l == 2 and l[2] == 'b')\nreturn s.recipe {}"
  check.eq((tamis(recipe)), 2)
  check.eq((tamis(recipe, "--lib " .. lib)), 0)
  local status, _, err = check.run(("TAMIS_PATH=%s %s check --static %s/r.lua"):format(lib, check.tamis, dir))
  check.eq(status, 0, err)
end)

check.done()
