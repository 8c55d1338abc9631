--- changes: what two runs did differently: stages, parameters, seed, sources, and what each stage removed.

local json = require "json"
local plan = require "plan"

local changes = {}

--- A value of a parameter in a few words.
function changes.shown(v)
  if v == nil then return "none" end
  return type(v) == "table" and json.encode(v) or tostring(v)
end

local function union(a, b)
  local keys = {}
  for k in pairs(a) do keys[k] = true end
  for k in pairs(b) do keys[k] = true end
  return plan.sorted_keys(keys)
end

local function stages_by_name(list)
  local out = {}
  for _, s in ipairs(list or {}) do
    if type(s) == "table" and type(s.name) == "string" then
      out[s.name] = type(s.params) == "table" and s.params or {}
    end
  end
  return out
end

--- @param a, b  lists of { name =, params = } as a lineage's config has them
-- @return       list of { stage, what = "new" | "gone" }, { stage, param, before, after }
function changes.stages(a, b)
  local before, after, out = stages_by_name(a), stages_by_name(b), {}
  for _, name in ipairs(union(before, after)) do
    local x, y = before[name], after[name]
    if not x or not y then out[#out + 1] = { stage = name, what = x and "gone" or "new" }
    else
      for _, k in ipairs(union(x, y)) do
        if json.encode { x[k] } ~= json.encode { y[k] } then
          out[#out + 1] = { stage = name, param = k, before = x[k], after = y[k] }
        end
      end
    end
  end
  return out
end

--- @param a, b  lists of { path =, sha256 = }
function changes.sources(a, b)
  local sums, out, seen = {}, {}, {}
  for _, s in ipairs(a or {}) do sums[s.path or ""] = s.sha256 or "" end
  for _, s in ipairs(b or {}) do
    seen[s.path or ""] = true
    if sums[s.path] == nil then out[#out + 1] = { source = s.path, what = "new" }
    elseif sums[s.path] ~= (s.sha256 or "") then out[#out + 1] = { source = s.path, what = "changed" } end
  end
  for _, s in ipairs(a or {}) do
    if not seen[s.path or ""] then out[#out + 1] = { source = s.path, what = "gone" } end
  end
  return out
end

--- A change in a sentence.
function changes.say(c)
  if c.source then return ("source %s %s"):format(c.source, c.what == "changed" and "changed" or "is " .. c.what) end
  if c.what then return ("stage %s is %s"):format(c.stage, c.what) end
  if not c.stage then return ("seed %s, was %s"):format(changes.shown(c.after), changes.shown(c.before)) end
  return ("%s.%s %s, was %s"):format(c.stage, c.param, changes.shown(c.after), changes.shown(c.before))
end

--- What changed from one record of a run to another: stages and parameters, the seed, sources.
-- @param a, b  { config = { stages =, seed = }, sources = }
function changes.between(a, b)
  local x, y = a.config or {}, b.config or {}
  local out = changes.stages(x.stages, y.stages)
  if x.seed ~= y.seed then out[#out + 1] = { param = "seed", before = x.seed, after = y.seed } end
  table.move(changes.sources(a.sources, b.sources), 1, #(b.sources or {}) + #(a.sources or {}), #out + 1, out)
  return out
end

local function counts_by_name(record)
  local out, order = {}, {}
  for _, s in ipairs(((record.stats or {}).stage_counts) or {}) do
    out[s.name] = s
    order[#order + 1] = s.name
  end
  return out, order
end

--- What each stage saw and removed in both.
-- @return  list of { name, a = { seen, removed }, b = … }, in the order of B, then those of A alone
function changes.funnel(a, b)
  local of_a, order_a = counts_by_name(a)
  local of_b, order_b = counts_by_name(b)
  local out = {}
  local function add(name)
    local x, y = of_a[name], of_b[name]
    out[#out + 1] = { name = name, a = x and { seen = x.seen, removed = x.removed } or nil,
                      b = y and { seen = y.seen, removed = y.removed } or nil }
  end
  for _, name in ipairs(order_b) do add(name) end
  for _, name in ipairs(order_a) do if not of_b[name] then add(name) end end
  return out
end

return changes
