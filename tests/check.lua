--- check: a Lua test is a list of facts, each named in a sentence.
--   local check = require "check"
--   check.test("an empty text has no tokens", function() check.eq(text.tokens(""), 0) end)
--   check.done()

local fs = require "fs"

local check = { passed = 0, failed = 0, skipped = 0 }

local SHOW_TIMES = os.getenv "CHECK_TIMES" ~= nil
local SKIP = {}        -- raised by check.skip
local FAILED = {}      -- raised by a check that failed

local function show(v, depth)
  if type(v) == "string" then return string.format("%q", #v > 400 and v:sub(1, 400) .. "…" or v) end
  if type(v) ~= "table" or (depth or 0) > 4 then return tostring(v) end
  local keys, parts = {}, {}
  for k in pairs(v) do keys[#keys + 1] = k end
  table.sort(keys, function(a, b) return tostring(a) < tostring(b) end)
  for _, k in ipairs(keys) do
    parts[#parts + 1] = (type(k) == "string" and k or "[" .. tostring(k) .. "]") .. " = " .. show(v[k], (depth or 0) + 1)
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

local function same(a, b)
  if rawequal(a, b) then return true end
  if type(a) ~= type(b) then return false end
  if type(a) ~= "table" then return a == b and (math.type(a) == math.type(b)) or (a ~= a and b ~= b) end
  for k, v in pairs(a) do if not same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

local function fail(message)
  error(setmetatable({ message = message, trace = debug.traceback(message, 3) }, FAILED), 0)
end

--- Fails unless got equals wanted; tables by content; 1 and 1.0 are not the same.
function check.eq(got, wanted, what)
  if not same(got, wanted) then
    fail((what and what .. ": " or "") .. "got " .. show(got) .. ", wanted " .. show(wanted))
  end
end

--- Fails unless v is true (any value but nil and false); returns it.
function check.ok(v, what)
  if not v then fail(what or "got " .. tostring(v)) end
  return v
end

--- Fails unless |got - wanted| <= by.
function check.near(got, wanted, by)
  local near = math.abs(got - wanted) <= (by or 1e-9)   -- false for NaN
  if not near then fail("got " .. show(got) .. ", wanted about " .. show(wanted)) end
end

--- Fails unless text contains part, as plain text.
function check.contains(text, part)
  if type(text) ~= "string" or not text:find(part, 1, true) then fail(show(text) .. " does not contain " .. show(part)) end
end

--- Fails unless fn(...) raises an error that contains `part`, as plain text; returns the message.
function check.raises(part, fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then fail("raised nothing, wanted " .. show(part)) end
  local message = type(err) == "table" and err.message or tostring(err)
  if not message:find(part, 1, true) then fail("raised " .. show(message) .. ", wanted " .. show(part)) end
  return message
end

--- Leaves the test uncounted, with the reason.
function check.skip(why)
  error(setmetatable({ why = why }, SKIP), 0)
end

local function handler(err)
  if getmetatable(err) == SKIP or getmetatable(err) == FAILED then return err end
  local message = type(err) == "table" and err.message or tostring(err)
  return setmetatable({ message = message, trace = debug.traceback(message, 2) }, FAILED)
end

-- In a build without a feature a recipe that asks for it cannot run, nor can a test that reads what it wrote.
local lacked

local function why_skipped(err)
  if getmetatable(err) == SKIP then return tostring(err.why) end
  lacked = tostring(err.message):match "needs (%w+): install %S+ and build" or lacked
  return lacked and "built without " .. lacked
end

--- Runs one test.
-- CHECK_TIMES=1 prints how long each took, by the clock.
function check.test(name, fn)
  local from = SHOW_TIMES and fs.clock()
  local ok, err = xpcall(fn, handler)
  if SHOW_TIMES then print(("%7.2f s  %s"):format(fs.clock() - from, name)) end
  local why = not ok and why_skipped(err)
  if ok then
    check.passed = check.passed + 1
  elseif why then
    check.skipped = check.skipped + 1
    print("skip: " .. name .. ": " .. why)
  else
    check.failed = check.failed + 1
    print("FAIL " .. name .. "\n  " .. tostring(err.trace))
  end
end

--- Quotes one argument for the shell.
function check.quote(s)
  return "'" .. tostring(s):gsub("'", "'\\''") .. "'"
end

local function slurp(path)
  local f = assert(io.open(path, "rb"))
  local s = f:read "a"
  f:close()
  return s
end
check.read = slurp

--- Writes a file whole.
function check.write(path, bytes)
  local f = assert(io.open(path, "wb"))
  assert(f:write(bytes))
  assert(f:close())
  return path
end

--- A fresh folder, removed when the test program ends.
local folders = {}
function check.folder()
  local p = assert(io.popen("mktemp -d"))
  local dir = p:read "l"
  p:close()
  folders[#folders + 1] = dir
  return dir
end

--- The program under test, quoted for the shell.
check.tamis = check.quote(os.getenv "TAMIS" or "./tamis")

--- Runs a shell command.
-- @return exit status (128 + signal if killed), standard output, standard error
function check.run(cmd)
  local out, err = os.tmpname(), os.tmpname()
  local _, how, code = os.execute("{ " .. cmd .. "\n} >" .. out .. " 2>" .. err .. " </dev/null")
  local stdout, stderr = slurp(out), slurp(err)
  os.remove(out)
  os.remove(err)
  return how == "signal" and 128 + code or code, stdout, stderr
end

--- Prints the line that tests/run adds up; the host's exit status follows check.failed.
function check.done()
  for _, dir in ipairs(folders) do os.execute("rm -rf " .. check.quote(dir)) end
  print(("%d passed, %d failed, %d skipped"):format(check.passed, check.failed, check.skipped))
  io.stdout:flush()
end

return check
