--- settings: the named entries of a recipe, for `tamis help recipe`. A test holds the names against
-- those that plan.lua accepts.

return {
  { "name", "names the run folder; the recipe's file name if absent" },
  { "seed", "a whole number that drives sample, balance and splits; 42 if absent" },
  { "sources", "files to read, globs too; { \"expert.jsonl\", trusted = true } for one with attributes" },
  { "gold", "the frozen evaluation set: rows close to it leave, before anything else" },
  { "id", "a path of the row that names it to people" },
  { "expect", "max_removed, min_removed (shares), min_rows, max_rows; --strict makes them count" },
}
