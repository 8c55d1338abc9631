--- filter: a row function of the recipe's own decides.
-- It keeps a row on nil or true; false rejects it for the stage's name, a string for that reason,
-- and a second value is the detail that the ledger keeps.

return {
  name    = "filter",
  scope   = "row",
  doc     = "keep or reject each row by a function of your own",
  params  = {
    fn     = { type = "function", required = true,
               doc = "function(ex): nil or true keeps; false, or a reason and a detail, rejects" },
    serial = { type = "boolean", default = false, doc = "call it row by row, in order, in one state" },
  },
  example = [[s.filter { name = "no_refusals", fn = function(ex)
  if ex.output:find("I cannot help", 1, true) then return "refusal" end
end }]],
  reasons = {},   -- the stage's name, and those that the function returns
  metrics = {},

  op = function(p, ctx)
    return ctx.row_function(p.fn, "filter", { serial = p.serial, reason = ctx.name or "filter" })
  end,
}
