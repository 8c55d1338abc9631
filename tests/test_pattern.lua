--- Patterns in a recipe mean what they mean in Lua; only the work is bounded.
local check = require "check"
local host = require "host"

--- Runs code in a recipe's state; returns what its function f returns.
local function inside(code, limits, ...)
  local r, err = host.recipe {
    text = "local s = require 'tamis'\nlocal function f(...) " .. code .. " end\nreturn s.recipe { s.filter { fn = f } }",
    path = "t.lua", load = function() return nil, "none" end, config = { args = {}, stages = { "filter" } },
    load_limit = {}, call_limit = limits or {},
  }
  if not r then return nil, err end
  return select(2, r:call(r:plan().stages[1].params.fn, ...)), r
end

local SUBJECTS = { "", "a", "hello world", "THE (quick) fox", "key = value ; k2=v2", "f(a(b)c)d", "aaa", "a,b,,c", "line one\nline two\r\n",
  "x1y22z333", "  padded  ", "%d [set] ^$", "äöü é 中文", "\0nul\0s", "aXbXc", "2024-06-01T12:34:56Z", "I'll escalate this." }
local PATTERNS = { "", "a", "a*", "a-", "a+b", "^a", "a$", "^$", ".", ".-", "(.-)%s", "%w+", "(%w+)%s*=%s*(%w+)", "%((%a+)%)", "%b()", "%f[%a]%a+",
  "[abc]", "[^abc]+", "[a-z]+", "[%a_]", "[]]", "[^]]", "[a-]", "()a()", "(a)(b)?", "(%d+)-(%d+)-(%d+)", "%s$", "^%s*(.-)%s*$", "(.)%1", "%%", "%z", "[%z]",
  "\0", "x?y?z?", "%S+%s-$", "[%w%.]+", "(((a)))", "%u%l*", "%x+", "%p", "%c", "%g+", "%D+", "é", ".-,", "I'll%s+escalate" }
local BAD = { "(", ")", "%", "[a", "[", "%b", "%bx", "%f", "%1", "(a", "a)", "[%", "(%1)", "(()" }

check.test("find, match, gmatch and gsub agree with Lua's own on many subjects and patterns", function()
  local code = [[
    local s, p = ...
    local out = { s:find(p) }
    for _, v in ipairs { s:match(p) } do out[#out + 1] = v end
    if p:sub(1, 1) ~= "^" then
      for a, b in s:gmatch(p) do out[#out + 1] = a; out[#out + 1] = b or "-" end
    end
    for _, v in ipairs { s:gsub(p, "<%0>") } do out[#out + 1] = v end
    for _, v in ipairs { s:gsub(p, function(x) return x == "a" and "A" end, 2) } do out[#out + 1] = v end
    for _, v in ipairs { s:find(p, -3) } do out[#out + 1] = v end
    return out]]
  local own = load(code)
  local _, r = inside(code)
  local marker = r:plan().stages[1].params.fn
  for _, s in ipairs(SUBJECTS) do
    for _, p in ipairs(PATTERNS) do
      local ok, got = r:call(marker, s, p)
      check.ok(ok, got)
      check.eq(got, own(s, p), ("%q with %q"):format(s, p))
    end
  end
end)

check.test("a malformed pattern is the same error as in Lua", function()
  local code = "local p = ... local ok, err = pcall(string.find, 'aab', p) return ok, err"
  local _, r = inside(code)
  local marker = r:plan().stages[1].params.fn
  for _, p in ipairs(BAD) do
    local _, ok, err = r:call(marker, p)
    local own_ok, own_err = pcall(string.find, "aab", p)
    check.eq(ok, own_ok, p)
    if not ok then check.contains(own_err, (err:match "[^:]*$"):gsub("^ ", ""):sub(1, 20)) end
  end
end)

check.test("a pattern that would backtrack for minutes is stopped", function()
  for _, case in ipairs {
    { ("a"):rep(200), ".-.-.-.-b" }, { ("a"):rep(30), ("a?"):rep(30) .. ("a"):rep(30) .. "b" },
    { ("("):rep(300000), "%b()" }, { ("a"):rep(100000), ".-b" }, { ("a"):rep(100000), "(.-)%1b" },
  } do
    local started = os.clock()
    local v, err = inside("local s, p = ... return s:find(p) or 'none'", { work = 20000000 }, case[1], case[2])
    check.ok(v == "none" or v == nil or tostring(v):find "more steps", tostring(v) .. tostring(err))
    check.ok(os.clock() - started < 5, "took long")
  end
end)

check.done()
