--- writing: pages for those who write code in a recipe: `tamis help ex` (what a row function sees and may
-- give back) and `tamis help stage` (a stage of one's own). A test runs what they say.

local writing = {}

writing.ex = {
  title = "ex: the row that a function of your own sees, in s.filter, s.map and the `row` of s.stage",
  parts = {
    { "Its texts (nil where the row has none)", {
      { "ex.input", "the prompt; of a chat all that stands before the last answer, earlier answers and tool "
                  .. "results too, a line feed between turns" },
      { "ex.output", "the answer; of a chat the last one" },
      { "ex.system", "the system text" },
      { "ex.alternative", "the worse answer of a preference pair (its key is often `rejected`)" },
      { "ex.assistant", "all answers of a chat; of other rows the output" },
    } },
    { "What else goes by a name", {
      { "ex.topic", "an annotation of a stage before: of topics, language, pii, your own map" },
      { 'ex.lang, ex["meta.queue"]', "a path of the row: a text, number or boolean" },
      { "ex.kind, ex.generator", "what the recipe says of the row's source, attributes of its own too" },
      { "ex.raw", "the decoded row, read-only: ex.raw.messages[1].content; s.null for null; pairs and # work on it" },
    } },
    { "What filter may return", {
      { "nothing, nil, true", "the row stays" },
      { "false", "the row leaves, for the stage's name" },
      { '"refusal"', "the row leaves, for that reason; a second value is a detail that explain shows" },
    } },
    { "What map may return", {
      { "nothing, nil", "the row stays as it is" },
      { "{ output = text }", "a new text of a field that the row has; the rest of its bytes stays" },
      { "{ mood = \"glad\" }", "any other name: an annotation, a text, number or boolean" },
    } },
  },
  rules = "A row function must be pure: it runs on many threads, each with a Lua state of its own, in no order. It may "
    .. "not change what lives longer than its call, and the row itself is read-only. With serial = true it is called "
    .. "row by row, in order, and may remember. pairs(ex) is an error: what a row has is made when it is asked for.",
  example = {
    "s.filter { fn = function(ex)",
    '  if ex.kind == "synthetic" and #ex.output < 40 then',
    '    return "too_thin", #ex.output',
    "  end",
    "end }",
  },
}

writing.stage = {
  title = "s.stage: a stage of your own, made once, used like the others: s.loud { max = 0.5 }",
  parts = {
    { "What it takes", {
      { "name", "letters, digits and _; a reason of false, and the place of --set and --skip" },
      { "scope", '"row": one row at a time, fused with its neighbours; "corpus": all rows that still stand' },
      { "row(ex, p)", "scope row: returns what filter or map may return (tamis help ex); p are the parameters" },
      { "op(p)", "scope row, in place of row: a native operator such as text.token_bounds { … }" },
      { "run(view, p)", "scope corpus: returns a table of verdicts" },
      { "params", "{ max = { type = \"number\", default = 0.8, min = 0, max = 1, doc = \"…\" } }; types: integer, "
                  .. "number, boolean, string, enum (with values), list, table, function, any; required = true" },
      { "reasons", "the reasons it may give; another one is then an error" },
      { "doc", "one sentence" },
      { "serial", "true: row is called in order, and may remember" },
    } },
    { "The view of a corpus stage (while run is called)", {
      { "#view", "rows read, those that have left too" },
      { "view:standing()", "the numbers of the rows that still stand, as a list" },
      { "view:field(i, name)", "a text of row i: system, input, output, alternative, assistant" },
      { "view:key(i, name)", "an annotation, path of the row or attribute of its source" },
    } },
    { "Verdicts of run", {
      { '[i] = "reason"', "row i leaves" },
      { "{ row = i, reason = … }", "the same; evidence: twin = j, value = 0.9, threshold = 0.8 or detail = text" },
      { "nothing", "no row leaves; nil and a sentence ends the run with it" },
    } },
  },
  rules = "The function is the recipe's: it has no files and no network, and its time and memory have limits.",
  example = {
    "local first = s.stage {",
    '  name = "first", scope = "corpus", reasons = { "seen" },',
    '  doc = "keep the first row of each user",',
    '  params = { by = { type = "string", default = "user", doc = "key" } },',
    "  run = function(view, p)",
    "    local out, first = {}, {}",
    "    for _, i in ipairs(view:standing()) do",
    "      local user = view:key(i, p.by)",
    "      if user and first[user] then",
    '        out[#out + 1] = { row = i, reason = "seen", twin = first[user] }',
    "      elseif user then",
    "        first[user] = i",
    "      end",
    "    end",
    "    return out",
    "  end,",
    "}",
  },
}

return writing
