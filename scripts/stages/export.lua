--- export: how the rows that are left are written. Always the last stage; the runner does the work.

local keys = require "run.keys"
local nearest = require "nearest"
local told = require "spot.told"

local FORMATS = { "pairs", "alpaca", "prompt_completion", "messages", "sharegpt", "preference" }

-- Keys that a format writes, or that hold what is included.
local TAKEN = { "system", "input", "output", "messages", "conversations", "instruction", "prompt", "completion",
                "chosen", "rejected", "history", "metadata" }

local RESERVED = { rejected = true, quarantined = true }   -- files that every run has
local TOLERANCE = 1e-9   -- shares are decimal fractions, which doubles only come near
local SPLITS = "splits takes shares by name that add up to 1, such as { train = 0.95, valid = 0.05 }"

local function is_file_name(name)
  return #name <= 64 and name:find "^[^./%c][^/%c]*$" ~= nil and not RESERVED[name]
end

--- What is wrong with the splits, or nil.
local function fault_of(splits)
  local sum, names = 0, {}
  for name in pairs(splits) do
    if type(name) ~= "string" then return SPLITS .. ", not a list" end
    names[#names + 1] = name
  end
  table.sort(names)
  for _, name in ipairs(names) do
    if not is_file_name(name) then return ('splits: "%s" cannot be the name of a file'):format(name) end
    sum = sum + splits[name]
  end
  if #names == 0 then return SPLITS .. ", and here is none" end
  if math.abs(sum - 1) > TOLERANCE then return ("%s; these add up to %.12g"):format(SPLITS, sum) end
end

return {
  name    = "export",
  scope   = "export",
  doc     = "write the kept rows, the rejected ones and their record",
  params  = {
    format   = { type = "enum", values = FORMATS,
                 doc = "shape of the written rows; as they were read if absent" },
    system   = { type = "string", doc = "a system text for rows that have none" },
    extra    = { type = "enum", default = "keep", values = { "keep", "drop" },
                 doc = "keys that the format does not know" },
    include  = { type = "list", of = { type = "string" }, default = {}, doc = "annotations to write under `metadata`" },
    weight   = { type = "string", default = "weight",
                 doc = "where a balance stage weighed the rows: the key that gets the weight of each, in place of one "
                   .. "of that name; \"\" writes none" },
    rejected = { type = "enum", default = "full", values = { "full", "refs" },
                 doc = "rejected rows as read, or only where they stand" },
    splits   = { type = "table", of = { type = "number", min = 0, max = 1 },
                 doc = "shares by name, { train = 0.95, valid = 0.05 }; one file each" },
    group    = { type = "string",
                 doc = "rows of one value of this path or annotation stay in one split; the input's text if absent" },
    allow_gold = { type = "boolean", default = false,
                   doc = "write the rows even if a copy of a gold row is among them, where decontaminate was skipped" },
  },
  example = [[s.export { format = "messages", splits = { train = 0.95, valid = 0.05 } }]],
  reasons = {},
  metrics = {},

  check = function(p)
    for _, key in ipairs(TAKEN) do
      if p.weight == key then return ('weight = "%s": rows have a key of that name for something else'):format(key) end
    end
    return p.splits and fault_of(p.splits)
  end,

  --- Names to include that no row has, and queues of rows that nobody has labelled.
  finish = function(view, p, ctx)
    local names, known, notes = keys.annotations(view), {}, {}
    table.move(view:metric_names(), 1, #view:metric_names(), #names + 1, names)
    for _, name in ipairs(names) do known[name] = true end
    for _, entry in ipairs(ctx.before and ctx.before() or {}) do
      if known[entry.name .. ".weight"] then known[p.weight] = true end   -- written by itself, beside the text
    end
    for _, name in ipairs(#view > 0 and p.include or {}) do
      if not known[name] then
        local near = nearest(name, names)
        notes[#notes + 1] = ('export: include names "%s", which no row has as an annotation%s'):format(name,
          near and ('; did you mean "%s"?'):format(near) or "")
      end
    end
    for _, entry in ipairs(ctx.before and ctx.before() or {}) do
      if entry.stage == "spot_check" then
        local said = told.at_export(view, entry, ctx)
        table.move(said, 1, #said, #notes + 1, notes)
      end
    end
    return { notes = notes }
  end,
}
