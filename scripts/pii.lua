--- pii: look for personal data in a plain string.
--   pii.scan("Mail jo@ex.io")  --> { { type = "EMAIL", start = 5, ["end"] = 13, text = "jo@ex.io" } }

local scan = require "scan"
local classic = require "pii.classic"

local pii = {}

local scanner, missing = scan.new(classic)

--- Finds the five classic kinds of personal data.
-- @param s  UTF-8 text
-- @return   an array of { type, start, end, text }, places in code points from 0, end exclusive;
--           or nil and a message where the build lacks PCRE2
function pii.scan(s)
  if not scanner then return nil, missing end
  return scanner:find(s)
end

return pii
