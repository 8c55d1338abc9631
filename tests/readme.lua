--- readme: the parts of README.md that are made from the program itself, each between two marks
-- such as <!-- stages --> and <!-- /stages -->: the stage reference from the tables that validate
-- recipes, and the recipe from the example's own file.

local markdown = require "help.markdown"

local readme = {}

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("a")
  f:close()
  return text
end

local PARTS = {
  { mark = "recipe", make = function() return "```lua\n" .. read("examples/helpdesk/recipe.lua") .. "```" end },
  { mark = "stages", make = markdown.stages },
}

--- README.md with its generated parts as they ought to be.
-- @return  the text as it is, and as it ought to be
function readme.current_and_wanted()
  local current = read("README.md")
  local wanted = current
  for _, part in ipairs(PARTS) do
    local open, close = "<!-- " .. part.mark .. " -->\n", "<!-- /" .. part.mark .. " -->"
    local _, first = wanted:find(open, 1, true)
    local last = wanted:find(close, 1, true)
    assert(first and last, "README.md lacks the marks of " .. part.mark)
    wanted = wanted:sub(1, first) .. part.make() .. "\n" .. wanted:sub(last)
  end
  return current, wanted
end

return readme
