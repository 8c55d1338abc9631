--- copies: what became of the groups of copies in a run, in sentences (run/revival.lua).

local screen = require "report.screen"

local copies = {}

-- What near_dedup { against } takes has its twin in no group of this run, and comes to no row stage.
local FAILED = "every row fell to a row stage or to a row of an earlier run"

--- @param back    copies that came back and stand
-- @param groups  { all, empty, failed } as lineage.json has them; nil where no stage looked for copies
-- @return  a list of sentences
function copies.lines(back, groups)
  local lines = {}
  if back == 1 then lines[1] = "1 copy came back, as a later stage removed the row kept in its place"
  elseif back > 1 then
    lines[1] = ("%s copies came back, as later stages removed the rows kept in their place"):format(screen.number(back))
  end
  if not groups or groups.empty == 0 then return lines end
  local line = ("%s of %s of copies %s no row left"):format(screen.number(groups.empty),
    screen.count(groups.all, "group"), groups.empty == 1 and "has" or "have")
  if groups.failed == groups.empty then line = line .. ": " .. FAILED
  elseif groups.failed > 0 then
    line = line .. (", %s as %s"):format(screen.number(groups.failed), FAILED)
  else line = line .. ": a stage that chooses among all rows took it"
  end
  lines[#lines + 1] = line
  return lines
end

return copies
