--- README.md says what the program says. README=write brings its generated parts up to date.

local check  = require "check"
local readme = require "readme"

local current, wanted = readme.current_and_wanted()
if os.getenv("README") == "write" then check.write("README.md", wanted); current = wanted end

check.test("README.md holds the recipe of the example and the stages' own tables (else: make readme)", function()
  check.ok(current == wanted, "README.md is not current: make readme")
end)

check.test("README.md describes every stage there is", function()
  local _, list = check.run("ls scripts/stages")
  for name in list:gmatch("([%w_]+)%.lua") do check.contains(current, "\n### " .. name .. "\n") end
end)

check.test("README.md has the two set-up lines, each whole", function()
  check.contains(current, "\napt-get update && apt-get install -y make && make demo\n")
  check.contains(current, "\napt-get update && apt-get install -y make && make check\n")
end)

check.test("files and folders that README.md names are there", function()
  for path in current:gmatch("%]%(([%w_/%.]+)%)") do
    check.eq(check.run("test -e " .. check.quote(path)), 0, path)
  end
  for path in current:gmatch("`(modules/[%w_/]+%.[ch])`") do
    if not path:find("shout") then check.eq(check.run("test -e " .. check.quote(path)), 0, path) end
  end
end)

check.done()
