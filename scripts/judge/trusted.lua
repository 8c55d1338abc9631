--- trusted: rows of a source that the recipe calls trusted are tagged by the judge, as by every rule on single rows,
-- and not removed: `flagged` says "judge:low_score", behind what stages before have noted there.

local trusted = {}

--- Which rows stay whatever the judge says.
-- @return  function(row) -> true or false
function trusted.of(view)
  local paths, any = {}, false
  for _, source in ipairs(view:sources()) do
    if source.trusted then paths[source.path], any = true, true end
  end
  return function(row) return any and paths[view:row(row).source] == true end
end

--- The view with those tags added. An annotation is set whole, so tags from before are read and kept.
-- @param flags  { [row] = reason }
function trusted.tag(view, name, flags)
  if not next(flags) then return view end
  local is_trusted, column = trusted.of(view), {}
  for row = 1, #view do
    if is_trusted(row) then
      local before = view:row(row).annotations.flagged
      local now = flags[row] and name .. ":" .. flags[row]
      column[row] = before and now and before .. "," .. now or now or before
    end
  end
  return view:annotate("flagged", column)
end

return trusted
