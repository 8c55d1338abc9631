--- fault: an error of whatever shape as one sentence, without the places of this program's own
-- scripts; a recipe's file and line stay.

local host = require "host"

return function(err)
  local text = type(err) == "table" and (err.message or err.recipe) or tostring(err)
  local name, rest = text:match "^([%w_.]+)%.lua:%d+: (.*)$"
  if name and host.script(name) then return rest end
  return text
end
