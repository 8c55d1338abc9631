--- What `make eval` measured and what it holds from then on: under a floor it fails.
return {
  -- pii on the Presidio-style set, kind by kind
  presidio = {
    CREDIT_CARD    = { f1 = 0.96 },
    DRIVER_LICENSE = { f1 = 0.90 },
    EMAIL          = { f1 = 0.99 },
    IBAN           = { f1 = 0.99 },
    IP             = { f1 = 0.99 },
    PHONE          = { f1 = 0.95, precision = 0.95 },
    SSN            = { f1 = 0.99 },
    URL            = { f1 = 0.99 },
    DATE_OF_BIRTH  = { precision = 0.95 },
  },
  -- numbers with a check digit, among as many near misses of each sort
  near_misses = { precision = 0.98, recall = 0.98 },
  -- toxicity: the shipped weights on the third of each set that they were not fitted to, templates apart
  toxicity = {
    ["toxicity_social.jsonl"]    = { auc = 0.88, best_f1 = 0.82, precision = 0.92, recall = 0.60 },
    ["toxicity_hatecheck.jsonl"] = { auc = 0.64, best_f1 = 0.84, precision = 0.78, recall = 0.73 },
    ["sentences.jsonl"]          = { auc = 0.90, best_f1 = 0.72, precision = 0.72, recall = 0.56 },
  },
  -- made secrets of all kinds, among as many decoys
  secrets = { precision = 0.95, recall = 0.95 },
  -- faults planted in real texts, among decoys: url_quality, dates, truncated's length, schema
  rows = { least = { precision = 0.98, recall = 0.98 } },
  -- sentences and contradictions planted in real texts
  recurring = { rows = { precision = 0.98, recall = 0.98 },
                ["alpaca.jsonl.gz"] = { precision = 0.90, recall = 0.98 } },   -- programs that share most lines
  conflict = { all = { precision = 0.98, recall = 0.98 }, ["short answers"] = { precision = 0.98, recall = 0.84 },
               intents = { precision = 0.98, recall = 0.90 } },
  -- the stage language: shares of texts of 100 characters and more, of shorter ones, of raw_multilingual's rows
  language = {
    cld2   = { long_right = 0.98, long_strict = 0.965, short_not_wrong = 0.985, multilingual = 0.94 },
    lid176 = { long_right = 0.88, long_strict = 0.85, short_not_wrong = 0.96, multilingual = 0.86, bare = 0.92 },
  },
  -- a character model of good text: most of the good text held out that may be past the fit's own p99, and the AUC of
  -- that text against others and the share of these that is past it
  perplexity = {
    clean = 0.03,
    ["shuffled characters"] = { auc = 0.999, past = 0.99 },
    ["one in ten random"] = { auc = 0.97, past = 0.8 },
    ["other languages"] = { auc = 0.999, past = 0.99 },
    mojibake = { auc = 0.999, past = 0.99 },
    ["random printable"] = { auc = 0.999, past = 0.99 },
    base64 = { auc = 0.999, past = 0.99 },
    ["keyboard mash"] = { auc = 0.999, past = 0.99 },
  },
  -- labelled pairs by the cosine of their vectors; precision: at the threshold of semantic_dedup for that embedding
  meaning = {
    ["static, potion-base-4m"] = {
      ["pairs_paraphrase.jsonl"] = { auc = 0.918, precision = 0.98 },
      ["pairs_records.jsonl"]    = { auc = 0.919, precision = 0.98 },
      ["pairs_postedit.jsonl"]   = { auc = 0.920, spearman = 0.841 },
    },
    ["lexical, projection, word+bigram"] = {
      ["pairs_paraphrase.jsonl"] = { auc = 0.890, precision = 0.965 },
      ["pairs_records.jsonl"]    = { auc = 0.958, precision = 0.985 },
      ["pairs_postedit.jsonl"]   = { auc = 0.896, spearman = 0.820, precision = 0.79 },
    },
    ["lexical, svd, word+bigram"] = {
      ["pairs_paraphrase.jsonl"] = { auc = 0.920 },
      ["pairs_records.jsonl"]    = { auc = 0.890, precision = 0.95 },
      ["pairs_postedit.jsonl"]   = { auc = 0.890, spearman = 0.820 },
    },
  },
}
