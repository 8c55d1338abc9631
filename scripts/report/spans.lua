--- spans: was something found in a row that nobody should have to read again, personal data say?

local spans = {}

--- Whether a verdict of the row, the deciding one or one beside it, rests on spans of its text.
function spans.held(row)
  if row.evidence and row.evidence.spans then return true end
  for _, v in ipairs(row.also or {}) do
    if v.evidence and v.evidence.spans then return true end
  end
  return false
end

return spans
