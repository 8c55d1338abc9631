--- text: rows that hold one text and no question, {"text": …}. The text is the output; there is no
-- input.

return {
  name  = "text",
  doc   = "one text a row, taken for the output",
  slots = {
    { field = "output", path = { "text", "content", "document", "sentence", "word" } },
  },
}
