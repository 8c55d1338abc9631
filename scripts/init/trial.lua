--- trial: runs one stage in memory on a view, to see what it would remove.

local trial = {}

--- A stage's parameters with its defaults filled in.
function trial.params(stage, given)
  local p = {}
  for name, spec in pairs(stage.params) do
    if given and given[name] ~= nil then p[name] = given[name] else p[name] = spec.default end
  end
  return p
end

--- Runs a stage by name.
-- @param options  params, pool, name (the stage's own if absent), rows = list of rows to look at
--                 (row stages only)
-- @return  the changed view, rows it saw, rows it removed; nil and a message if it cannot run
function trial.run(view, name, options)
  options = options or {}
  local found, stage = pcall(require, "stages." .. name)
  if not found then return nil, "no stage " .. name end
  local p = trial.params(stage, options.params)
  local ctx = { pool = options.pool, seed = 42, name = options.name or name }
  local before = options.rows and #options.rows or view:counts()
  local standing = view:counts()
  local after, err
  if stage.scope == "row" then
    local op, message = stage.op(p, ctx)
    if not op then return nil, message end
    after, err = view:run_group { ops = { op }, stages = { ctx.name }, pool = options.pool, rows = options.rows }
  else
    local result, message = stage.run(view, p, ctx)
    if not result then return nil, message end
    if (getmetatable(result) or {}).__name == "tamis.view" then after = result
    else after, err = view:apply(ctx.name, result) end
  end
  if not after then return nil, err end
  return after, before, standing - after:counts()
end

--- At most `most` standing rows, evenly spaced; nil if there are no more than that.
function trial.spread(view, most)
  local rows = view:standing_rows()
  if #rows <= most then return nil end
  local out = {}
  for i = 1, most do out[i] = rows[(i - 1) * #rows // most + 1] end
  return out
end

return trial
