--- again: the recipe of a finished run, from the texts that its lineage keeps; its files may have changed.

local fs = require "fs"
local open = require "recipe.open"

local again = {}

--- Serves what the recipe asked for from the texts of the lineage.
local function loader(texts)
  return function(kind, name)
    for _, candidate in ipairs(open.candidates(kind, name)) do
      for _, f in ipairs(texts) do
        if f.kind == kind and (f.path == candidate or f.path:sub(-#candidate - 1) == "/" .. candidate) then
          return f.text, f.path
        end
      end
    end
    return nil, ("%s '%s' is not among the files that the run's lineage keeps"):format(kind, name)
  end
end

--- The sources as the run read them.
local function sources_of(config)
  local out = {}
  for i, s in ipairs(config.sources or {}) do
    local fields = type(s.format) == "table" and s.format.fields or nil
    out[i] = { path = s.path, here = true, kind = s.kind, generator = s.generator, trusted = s.trusted,
               attributes = s.attributes or {}, fields = fields, format = not fields and s.format or nil }
  end
  return out
end

--- Which of the run's sources are no longer what it read; a sentence, or nil.
function again.changed(lineage)
  for _, s in ipairs(lineage.sources or {}) do
    local st = s.path ~= "-" and fs.stat(s.path)
    if not st then return ("%s, which the run read, is not there"):format(s.path) end
    if st.size ~= s.bytes then return ("%s has changed since the run: tamis run it anew"):format(s.path) end
  end
end

--- Opens the recipe of a run.
-- @param lineage  its lineage.json, decoded
-- @param o        options of the command line; limit and sample are set to the run's
-- @param more     set = { { key, text } } of the command line, over the run's own
-- @return  as recipe/open gives it; or nil, a sentence and the exit status
function again.open(lineage, o, more)
  local config, main = lineage.config or {}, (lineage.recipe or {})[1]
  if not main or not main.text then return nil, "the run's lineage.json does not keep its recipe", 1 end
  local set = {}
  for _, list in ipairs { config.set or {}, more or {} } do table.move(list, 1, #list, #set + 1, set) end
  local opened, err, status = open.text(main.text, main.path, {
    load = loader(lineage.recipe), args = config.args, set = set, skip = config.skip, ["until"] = config["until"],
    trust = o.trust, trace = o.trace })
  if not opened then return nil, err, status end
  local gold = {}
  for i, g in ipairs(config.gold or {}) do gold[i] = g end
  opened.plan.sources = sources_of(config)
  if #gold > 0 then opened.plan.gold = gold end
  opened.plan.name = opened.plan.name or lineage.dataset_name
  o.limit, o.sample, o.allow_damaged = config.limit, config.sample, config.allow_damaged
  return opened
end

return again
