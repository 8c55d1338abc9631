--- repl: what the REPL's objects can do, for `tamis help repl`, help() and the tests that hold these
-- lists against the methods themselves.

return {
  layers = "A stage as a method gives a new view and leaves the old one as it was. Rows come back as in a run: a copy "
    .. "whose kept row a row stage behind the dedup rejects is looked at again. Row stages that follow each other "
    .. "count as one pass for that, so the second runs with the first once more.",
  globals = {
    { 'open "raw.jsonl"', "read files: a path, a glob, a list of them; "
                          .. "open(path, { limit = 1000, format = …, fields = …, gold = path })" },
    { 'open "recipe.lua"', "load a recipe's sources; :run() runs it in memory; "
                           .. "open(path, { set = { [\"length.min_input_tokens\"] = 5 } })" },
    { 'open "curated/NAME/latest"', "a run folder, as its ledger tells it" },
    { "help(x)", "help on a stage, a command, a module, a view, a method, a function; help() for this page" },
    { "recipe([v] [, file])", "what was done to a view (the latest if none is given), as a recipe that does it again" },
    { "print(…)", "values as text, with what a terminal must not get spelt out" },
    { "text, neardup, hash, pii, lang, …", "native modules on plain strings, as in recipes" },
    { "_", "the last value" },
  },
  view = {
    { "head([n])", "the first n rows" },
    { "where(fn)", "the rows of which a function says true: c:where(function(ex) return #ex.output > 200 end); for "
                   .. "looking, while filter makes a new view" },
    { "sort(by)", "the rows in an order: a metric, a field's tokens, a path or a function; \"-name\": highest first" },
    { "sample([n [, seed]])", "n rows by chance; the same ones for the same seed; with a table it is the stage" },
    { "kept()", "rows that still stand" },
    { "rejected([reason])", "rows that were rejected; for a reason, stage.reason or stage" },
    { "quarantined()", "rows that a stage could not decide" },
    { "find(what)", 'rows that hold these words; or { id = … }, { source = …, line = … }' },
    { "near(text [, k [, field]])", "the k rows most like a text: by their vectors, after a stage embed that takes a "
      .. "text; else, and where a field is named, by the exact Jaccard of the field (input)" },
    { "cluster(i)", "the rows that are copies of row i, the kept one among them" },
    { "compare(i, k)", "two rows, the words that differ marked" },
    { "rows()", "the numbers of the rows, as a list" },
    { "row(i)", "a row as a card; r.input, r.topic, r.reason … are its parts" },
    { "field(i, name)", "the text of a row's field" },
    { "explain(i)", "why a row was kept or rejected, and what would have kept it" },
    { "lengths([field])", "how long texts are, in tokens: a histogram" },
    { "metric(name)", "a stage's figure, as a histogram: d:metric \"length.input_tokens\"" },
    { "histogram(name)", "how a metric, a field's tokens, a path, an annotation, status, stage, reason or source is "
                         .. "spread; of a selection, its rows alone" },
    { "crosstab(a, b)", "how many rows have which value of two keys: d:crosstab(\"topic\", \"reason\")" },
    { "groups(key)", "how many rows each value of an annotation or path has" },
    { "reasons()", "why rows were rejected, with an example each" },
    { "stages()", "the stages so far: what each saw and removed" },
    { "sources()", "the files and their formats" },
    { "sweep(stage, param, values)", "what each value of a parameter would keep, with rows at the margin: "
                                     .. "c:sweep(\"near_dedup\", \"threshold\", { .7, .8, .9 }); or "
                                     .. "c:sweep \"length.min_input_tokens=0:20:4\"; a fourth: other parameters" },
    { "diff(other [, options])", "against another view, a run, a file or a run folder: what is new there, gone and "
                                 .. "edited; { id =, near =, by =, examples = }" },
    { "report()", "statistics and health checks" },
    { "export(path [, options])", "write the kept rows to a file, or all to a folder; options as of the stage export" },
    { "run()", "of a recipe: its stages, in memory" },
  },
  row = {
    { "input, output, system, alternative, assistant", "its texts, after the edits of the stages so far" },
    { "id, source, line, row, bytes, identity", "where it stands, and its line as it was read" },
    { "status, stage, reason, evidence, also", "what became of it" },
    { "metrics, annotations", "what stages noted of it" },
    { "topic, metadata.queue, …", "any annotation or path of the row: r.topic, r[\"metadata.queue\"]" },
  },
  run = {
    { "reasons()", "why rows were rejected" },
    { "explain(row)", 'why that row: its number, "raw.jsonl:12", "curated.jsonl:3" or its id' },
    { "sample(reason [, n])", "a few rows that were rejected for a reason" },
    { "kept()", "the curated rows, as a view" },
    { "sources()", "the sources as they were read, as a view" },
    { "report()", "statistics and health checks" },
    { "diff(other [, options])", "against another run, a view, a file" },
    { "query(sql)", "rows of an SQL query over the ledger" },
  },
}
