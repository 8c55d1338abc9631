--- gold_gate: before rows are written: is one of them a copy of a row of the gold set? The last gate of
-- `tamis run` and of export in the REPL, whatever was skipped or edited.

local neardup = require "neardup"

local gate = {}

local KEPT = "export: %s:%d would be written, but its %s is that of the gold row %s:%d%s; %s, "
  .. "or say export { allow_gold = true }"

--- @param o  { view, gold = a view or nil, cleaned = the entry of a decontaminate that ran, or nil, allow, pool,
--             remedy = what to do where none ran }
-- @return  true, and whether the rows were looked through; or nil and a sentence
function gate.check(o)
  if not o.gold or o.allow then return true, false end
  if o.cleaned and o.view:edited() == 0 then return true, false end   -- nothing is left to find
  local found, err = neardup.gold_copy(o.view, o.gold, not o.cleaned or o.cleaned.params.input_alone, o.pool)
  if found == nil then return nil, err end
  if not found then return true, true end
  local row, gold = o.view:row(found.row), o.gold:row(found.gold_row)
  return nil, KEPT:format(row.source, row.line, found.field, gold.source, gold.line,
    found.rows > 1 and (" (and so with %d more)"):format(found.rows - 1) or "",
    o.cleaned and "an edit behind decontaminate made it so: change it" or o.remedy)
end

return gate
