--- sample: keep so many rows, or a share of them, by chance.
-- Chance is a hash of the recipe's seed and the row's bytes. With `share`, whether a row stays does
-- not depend on the other rows; with `n`, rows of trusted sources stay first.

local select = require "select"

return {
  name    = "sample",
  scope   = "corpus",
  doc     = "keep so many rows, or a share of them, chosen by the recipe's seed",
  params  = {
    n     = { type = "integer", min = 0, doc = "rows to keep" },
    share = { type = "number", min = 0, max = 1, doc = "share of the rows to keep" },
  },
  example = [[s.sample { n = 10000 }]],
  reasons = { "not_sampled" },
  metrics = {},

  check = function(p)
    if p.n ~= nil and p.share ~= nil then return "it has both n and share: one of them" end
    if p.n == nil and p.share == nil then return "it needs one of n, rows to keep, and share, such as 0.1" end
  end,

  run = function(view, p, ctx)
    if p.n then return select.count(view, p.n, ctx.seed, "not_sampled") end
    return select.share(view, p.share, ctx.seed, "not_sampled")
  end,
}
