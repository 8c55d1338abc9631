/* modules/modules.c - see modules.h. One line a module; its luaopen is declared by the same line. */
#include "modules.h"

#include <stddef.h>

#define TRUSTED MODULE_TRUSTED
#define BOTH (MODULE_TRUSTED | MODULE_RECIPE)

/* X(name, luaopen, flags, doc): keep one line a module, in alphabetical order of the folder. */
#define MODULES(X) \
  X("array_file", luaopen_array_file, TRUSTED, "vectors in files: .npy, .npz, safetensors") \
  X("conflict", luaopen_conflict, TRUSTED, "rows that ask the same and answer otherwise") \
  X("classify", luaopen_classify, TRUSTED, "linear classifiers of texts: fitting, scores, the operator of toxicity") \
  X("coverage", luaopen_coverage, TRUSTED, "how far rows lie apart, and how much of what they say is said once") \
  X("core", luaopen_core, TRUSTED, "thread pool, progress and the interrupt flag") \
  X("corpus", luaopen_corpus, TRUSTED, "files become rows, and what a file looks like") \
  X("verdicts", luaopen_verdicts, BOTH, "the verdicts of a corpus stage written in Lua") \
  X("rowdiff", luaopen_rowdiff, TRUSTED, "which rows of two sets are the same, edited or new") \
  X("edit", luaopen_edit, TRUSTED, "lines typed at a terminal") \
  X("hash", luaopen_hash, BOTH, "SHA-256 and XXH3 of a string") \
  X("hash_file", luaopen_hash_file, TRUSTED, "SHA-256 of a file") \
  X("fs", luaopen_fs, TRUSTED, "files, folders, the clock and the terminal") \
  X("http", luaopen_http, TRUSTED, "requests to one origin: a judge's, or one for embeddings") \
  X("lang", luaopen_lang, BOTH, "the language of a text") \
  X("lexical", luaopen_lexical, TRUSTED, "vectors of the words of a text, fitted to the rows") \
  X("lm", luaopen_lm, TRUSTED, "how much a text surprises a character model fitted on good ones") \
  X("pick", luaopen_pick, TRUSTED, "the best rows first, none near to one picked already") \
  X("scan", luaopen_scan, BOTH, "many patterns over a text: personal data and its like") \
  X("select", luaopen_select, TRUSTED, "which rows of a group, or of all, stay") \
  X("importance", luaopen_importance, TRUSTED, "which rows look like those of a target: weights and draws") \
  X("term", luaopen_term, TRUSTED, "a full-screen form on the terminal") \
  X("text", luaopen_text, BOTH, "tokens, words, shingles, and the operators of the text rules") \
  X("neardup", luaopen_neardup, BOTH, "exact and near duplicates, decontamination, the exact Jaccard") \
  X("neardup_index", luaopen_neardup_index, TRUSTED, "the texts that a run kept, for the runs after it") \
  X("recur", luaopen_recur, TRUSTED, "sentences that recur across rows") \
  X("rules", luaopen_rules, TRUSTED, "what the text rules measure, and their operators") \
  X("schema", luaopen_schema, TRUSTED, "JSON that rows promise: by a schema, or because it was asked for") \
  X("semantic", luaopen_semantic, TRUSTED, "semantic duplicates: rows whose vectors are nearly the same") \
  X("spans", luaopen_spans, TRUSTED, "runs of tokens that recur across rows") \
  X("stats", luaopen_stats, TRUSTED, "sums, quantiles and histograms of a number a row") \
  X("style", luaopen_style, TRUSTED, "how rows are written: forms, openings, lengths, whose and when") \
  X("packed", luaopen_packed, TRUSTED, "vectors as bytes: of a reply, of a cache") \
  X("passing", luaopen_passing, TRUSTED, "how many rows would pass at other values of a stage's bounds") \
  X("tally", luaopen_tally, TRUSTED, "rows counted by a value and by the row that they copy") \
  X("json", luaopen_json, TRUSTED, "JSON of settings and reports: exact integers, sorted keys") \
  X("static_model", luaopen_static_model, TRUSTED, "a table with one vector a piece of text, as model2vec publishes") \
  X("store", luaopen_store, TRUSTED, "SQLite files: ledgers and registries") \
  X("export", luaopen_export, TRUSTED, "the rows of a view as files") \
  X("ledger", luaopen_ledger, TRUSTED, "the record of a run: ledger.db") \
  X("topics", luaopen_topics, TRUSTED, "clusters of vectors as topics") \
  X("vectors", luaopen_vectors, BOTH, "one vector a row: embeddings, and the cosine of two") \
  /* the end */

#define DECLARE(name, open, flags, doc) int open(lua_State *L);
#define ROW(name, open, flags, doc) { name, open, flags, doc },

MODULES(DECLARE)

const Module modules[] = {
  MODULES(ROW)
  { NULL, NULL, 0, NULL }
};
