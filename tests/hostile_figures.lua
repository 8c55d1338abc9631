--- hostile_figures: the figures of a run in which every word is the one given, for tests of what shows them.
return function(w)
  local h = { edges = { 1, 2, 4 }, counts = { 3, 1 }, before = { 5, 2 } }
  local l = { count = 4, mean = 2, median = 2, p10 = 1, p25 = 1, p75 = 3, p90 = 3, p99 = 4, min = 1, max = 4, total = 8,
              histogram = { edges = h.edges, counts = h.counts } }
  local example = { place = w, why = w, text = w }
  return {
    title = w, about = { w }, kind = "run", curated = true, filtered = true,
    rows = { read = 7, faulty = 0, before = 7, after = 4, rejected = 3, quarantined = 0 },
    notices = { { level = "watch", text = w } },
    lengths = { input = { before = l, after = l, histogram = h }, output = { before = l, after = l, histogram = h } },
    funnel = { { name = w, stage = w, seen = 7, removed = 3, seconds = 0.1 } },
    reasons = { { stage = w, reason = w, count = 3, share = 3 / 7, example = example, examples = { example } } },
    topics = { key = w, total = 4, imbalance = 1, imbalance_before = 2, groups = { { name = w, count = 4, before = 7, share = 1 } } },
    languages = { key = w, total = 4, imbalance = 1, groups = { { name = w, count = 4, share = 1 } } },
    sources = { { path = w, name = w, kind = w, format = w, rows = 7, kept = 4, bytes = 9, removed = { [w] = 3 } },
                { path = w, name = w, rows = 0, kept = 0 } },
    scores = { name = w, count = 4, mean = 1, p25 = 1, median = 1, p75 = 1, min = 1, max = 1, below_3 = 0, histogram = h },
    metrics = { { name = w, count = 4, kept = 4, mean = 1, p10 = 1, median = 1, p90 = 1, min = 1, max = 1, histogram = h } },
    bounds = { { name = w, values = { 1, 2 }, kept = { 4, 3 }, go = { 0, 1 }, back = { 0, 0 }, at = 1, now = 1, read = 7 } },
    clusters = { { stage = w, clusters = 1, rows = 2, sizes = { { size = 3, clusters = 1 } },
                   largest = { { size = 3, place = w, text = w, members = { example } } } } },
    lineage = { run_id = w, created_at = w, fingerprint = w, seed = 1, stages = { { name = w, params = { [w] = w } } },
                recipe = { { path = w, sha256 = w, text = w } }, sources = { { path = w, rows = 7, sha256 = w } },
                versions = { [w] = w } },
    leakage = { count = 1, share = 0.1, least_bytes = 20, example = w }, next = { w },
  }
end
