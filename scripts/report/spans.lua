--- spans: was something found in a row that nobody should have to read again, personal data say?

local spans = {}

-- Spans of a figure that is held against a threshold, or without a kind, are of how a text reads; those with a kind
-- alone are of what was found in it: an address, a key.
local function found(verdict)
  local reason, e = tostring(verdict.reason), verdict.evidence
  if not (e and e.spans) then return false end
  if reason:find "^pii_" or reason:find "^secret" then return true end
  if type(e.value) == "number" and type(e.threshold) == "number" then return false end
  for _, span in ipairs(e.spans) do
    if type(span) == "table" and span.type then return true end
  end
  return false
end

--- Whether a verdict of the row, the deciding one or one beside it, rests on finds in its text.
function spans.held(row)
  if found(row) then return true end
  for _, v in ipairs(row.also or {}) do
    if found(v) then return true end
  end
  return false
end

return spans
