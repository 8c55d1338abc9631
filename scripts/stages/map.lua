--- map: a row function of the recipe's own edits texts and sets annotations.
-- It returns { field = new_text, … } or { annotation = value, … }, or nil for no change.

return {
  name    = "map",
  scope   = "row",
  doc     = "edit texts or annotate each row by a function of your own",
  params  = {
    fn     = { type = "function", required = true,
               doc = "function(ex): a table of new texts by field and of annotations, or nil" },
    serial = { type = "boolean", default = false, doc = "call it row by row, in order, in one state" },
  },
  example = [[s.map { fn = function(ex)
  return { output = (ex.output:gsub("%s+$", "")), words = select(2, ex.output:gsub("%S+", "")) }
end }]],
  reasons = {},
  metrics = {},

  op = function(p, ctx)
    return ctx.row_function(p.fn, "map", { serial = p.serial, reason = ctx.name or "map" })
  end,
}
