--- export: how the rows that are left are written. Always the last stage; the runner does the work.

local FORMATS = { "pairs", "alpaca", "prompt_completion", "messages", "sharegpt", "preference" }

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
    rejected = { type = "enum", default = "full", values = { "full", "refs" },
                 doc = "rejected rows as read, or only where they stand" },
    splits   = { type = "table", of = { type = "number", min = 0, max = 1 },
                 doc = "shares by name, { train = 0.95, valid = 0.05 }; one file each" },
    group    = { type = "string",
                 doc = "rows of one value of this path or annotation stay in one split; the input's text if absent" },
  },
  example = [[s.export { format = "messages", splits = { train = 0.95, valid = 0.05 } }]],
  reasons = {},
  metrics = {},
}
