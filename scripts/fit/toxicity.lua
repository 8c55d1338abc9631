--- fit.toxicity: a linear classifier from labelled texts, for the stage toxicity.

return {
  summary = "a classifier of texts by their label, for the stage toxicity",
  usage = "tamis fit toxicity LABELS.jsonl… [--text PATH] [--label PATH] [--out FILE]",
  options = {
    { "--text PATH", "where a line has its text (default text)" },
    { "--label PATH", "where a line has its label (default toxic)" },
  },
  examples = { "tamis fit toxicity labels.jsonl --out mine.tox" },

  run = function(places)
    if #places == 0 then return nil, "expected a file of labelled texts", 2 end
    return nil, "tamis fit toxicity is not built yet"
  end,
}
