--- repl: what the REPL's objects can do, for `tamis help repl`, help() and the tests that hold these
-- lists against the methods themselves.

return {
  globals = {
    { 'open "raw.jsonl"', "read files: a path, a glob, a list of them; "
                          .. "open(path, { limit = 1000, format = …, fields = …, gold = path })" },
    { 'open "recipe.lua"', "load a recipe's sources; :run() runs it in memory; "
                           .. "open(path, { set = { [\"length.min_input_tokens\"] = 5 } })" },
    { 'open "curated/NAME/latest"', "a run folder, as its ledger tells it" },
    { "help(x)", "help on a stage, a command, a module, a view; help() for this page" },
    { "text, neardup, hash, pii, lang, …", "native modules on plain strings, as in recipes" },
    { "_", "the last value" },
  },
  view = {
    { "head([n])", "the first n rows" },
    { "sample([n [, seed]])", "n rows by chance; the same ones for the same seed; with a table it is the stage" },
    { "kept()", "rows that still stand" },
    { "rejected([reason])", "rows that were rejected; for a reason, stage.reason or stage" },
    { "quarantined()", "rows that a stage could not decide" },
    { "find(what)", 'rows that hold these words; or { id = … }, { source = …, line = … }' },
    { "near(text [, k [, field]])", "the k rows whose input is most like a text, by exact Jaccard" },
    { "rows()", "the numbers of the rows, as a list" },
    { "row(i)", "a row as a card; r.input, r.topic, r.reason … are its parts" },
    { "field(i, name)", "the text of a row's field" },
    { "explain(i)", "why a row was kept or rejected, and what would have kept it" },
    { "lengths([field])", "how long texts are, in tokens: a histogram" },
    { "metric(name)", "a stage's figure, as a histogram: d:metric \"length.input_tokens\"" },
    { "groups(key)", "how many rows each value of an annotation or path has" },
    { "reasons()", "why rows were rejected, with an example each" },
    { "stages()", "the stages so far: what each saw and removed" },
    { "sources()", "the files and their formats" },
    { "report()", "statistics and health checks" },
    { "export(path [, options])", "write the kept rows to a file, or all to a folder; options as of the stage export" },
    { "run()", "of a recipe: its stages, in memory" },
  },
  run = {
    { "reasons()", "why rows were rejected" },
    { "explain(row)", 'why that row: its number, "raw.jsonl:12", "curated.jsonl:3" or its id' },
    { "sample(reason [, n])", "a few rows that were rejected for a reason" },
    { "kept()", "the curated rows, as a view" },
    { "sources()", "the sources as they were read, as a view" },
    { "report()", "statistics and health checks" },
    { "query(sql)", "rows of an SQL query over the ledger" },
  },
}
