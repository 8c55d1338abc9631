--- modules: the native modules that a recipe and the REPL may require, function by function. The
-- first list of each is for plain strings; `stages` are what a stage of one's own may call.
-- A test holds these lists against the modules themselves.

return {
  hash = {
    example = 'hash.xxh3("hello"):sub(1, 8)',
    functions = {
      { "sha256(s)", "64 hex digits" },
      { "xxh3(s)", "32 hex digits: XXH3-128, what a row's identity is" },
      { "xxh3_64(s)", "an integer" },
    },
  },
  lang = {
    example = 'lang.detect("Bonjour à tous et à toutes")',
    functions = {
      { "detect(s [, t])", "the language's code, its share of the text, all that were found, and whether the detector "
                     .. "stands by it; \"und\", 0 where it does not; t: { min_letters = 16, model = m, "
                     .. "min_probability = 0.5 }" },
      { "model(bytes, name)", "a fastText model in place of CLD2: m:predict(s, k) gives { { label, probability }, … }, "
                     .. "m:labels() all labels; nil and a message where the bytes are none" },
      { "known()", "the languages it can tell: { { code = \"en\", name = \"english\" }, … }" },
    },
    stages = { { "keep{ … }", "the row operator of the stage language" } },
  },
  neardup = {
    example = 'neardup.jaccard("reset my password", "reset my password please")',
    functions = {
      { "jaccard(a, b [, n [, unit]])", "0.0 to 1.0: the exact Jaccard over shingles (5 code points); "
                                        .. "unit: \"char\" or \"word\"" },
      { "normalise(s [, \"drop\"])", "the text that duplicates are judged by; \"drop\" leaves punctuation out" },
      { "minhash(s [, shingle [, hashes]])", "an array of slots; the share of equal ones estimates the Jaccard" },
      { "recall_curve(bands, rows)", "an array of { jaccard =, probability = }: the chance that a pair is proposed" },
      { "bands(hashes, threshold, recall)", "bands and rows that propose that share of the pairs at the threshold" },
    },
    stages = {
      { "exact(view, p [, pool])", "the verdicts of exact_dedup" },
      { "leaders(view, p [, pool])", "the verdicts of near_dedup, and a table of figures" },
      { "sweep(view, p, evidence [, pool])", "what other thresholds keep, from the pairs that leaders left" },
      { "sweep_rows(states, p, evidence [, rank])", "the same of a finished run; false where its texts are needed" },
      { "recall(view, p [, pool])", "how many exact pairs the bands propose: { pairs =, proposed =, copies = }" },
      { "decontaminate(view, gold, p [, pool])", "the verdicts of decontaminate" },
      { "gold_copy(view, gold, input_alone [, pool])", "false, or the first row that is a copy of a gold row" },
      { "rank_op(key [, dates])", "a row operator: the number (or date) at an annotation or path, as metric `rank`" },
      { "nearest(view, text, p [, pool])", "the rows most like a text, best first: { { row =, jaccard = }, … }" },
    },
  },
  pii = {
    doc = "personal data, keys and tokens in a text",
    example = 'pii.scan("born 1980-02-03", { types = { "all", "secrets" } })[1].type',
    functions = {
      { "scan(s [, o])", "an array of { type, start, end, text }, places in code points from 0; o.types: \"all\", "
        .. "\"secrets\" or a list of kinds, the five classic ones if absent; o.strict = true: placeholders too" },
      { "kinds()", "two lists of names: kinds of personal data, kinds of keys and tokens" },
    },
  },
  scan = {
    example = 'scan.new({ { type = "ORDER", pattern = "ORD-\\\\d{6}" } }):types()[1]',
    functions = {
      { "new(rules [, options])", "a scanner of { type =, pattern =, check = }: scanner:find(s), scanner:types()" },
    },
    stages = {
      { "kept(key [, scanner])", "the scanner that this state keeps by that name, where a row function may find it" },
      { "pii{ … }", "the row operator of the stage pii" },
      { "gate()", "what operators of one fused group share, to read a text once: gate:compile() behind the last" },
    },
  },
  text = {
    example = 'text.tokens("How do I reset it?")',
    functions = {
      { "tokens(s)", "how many tokens: white-space words, or characters of a script without blanks" },
      { "words(s)", "an array of words" },
      { "shingles(s, n [, unit])", "an array of the runs of n code points; unit: \"char\" or \"word\"" },
      { "repetition_ratio(s)", "the share of repeated word bigrams, and the number of words" },
      { "fold(s)", "lower case, one blank between words" },
    },
    stages = {
      { "length{ … }", "the row operator of the stage length" },
      { "repetition{ … }", "the row operator of the stage repetition" },
      { "topics{ … }", "the row operator of the stage topics" },
    },
  },
  verdicts = {
    example = 'verdicts.new({ "too_old" }, "input")',
    functions = {},
    stages = { { "new(reasons [, field])",
                 "a list for a corpus stage: list:add(row, reason, { value =, threshold =, twin =, detail = })" } },
  },
  vectors = {
    example = "vectors.cosine({ 1, 2, 3 }, { 1, 2, 4 })",
    functions = {
      { "cosine(a, b)", "-1 to 1, of two tables of numbers; exactly 1 only where they are the same" },
    },
    stages = {
      { "of(view [, name])", "the vectors that an embed stage left: v:cosine(row, row), v:vector(row), "
                            .. "v:has(row), v:dim()" },
      { "attach(view, name, v)", "a view that has them, for the stages behind" },
      { "embed(view, embedder, p [, pool])", "vectors of its rows by v:embedder(); p: { fields =, kind =, rows = }" },
      { "make(view, list, p)", "vectors given row by row, tables of p.dim numbers" },
      { "op(v, reject)", "the row operator of the stage embed" },
      { "library()", "what computes products of matrices" },
    },
  },
}
