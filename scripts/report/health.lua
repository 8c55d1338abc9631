--- health: what a practitioner would look at first, each check good, watch or bad, with what to
-- do about it. All thresholds stand here. The bounds are the user's document's; those of the
-- checks it names without figures (leakage, humps, faulty lines, recency) are ours.

local screen = require "report.screen"

local health = {}

local number, percent = screen.number, screen.percent

local function times(v) return number(v, 1) .. "x" end

-- Peaks of a length histogram. Lengths are whole numbers, so a bin's height is what it holds
-- over the log width of the whole numbers in it; bins without one join the next.
local function heights(histogram)
  local out, carried, from = {}, 0, nil
  for i, n in ipairs(histogram.counts) do
    local lo, hi = histogram.edges[i], histogram.edges[i + 1]
    local first, last = math.ceil(from or lo), math.ceil(hi) - 1
    if i == #histogram.counts then last = math.floor(hi) end
    carried = carried + n
    if last >= first then
      first = math.max(first, 1)
      out[#out + 1] = { mass = carried, from = first, to = math.max(first, last),
                        height = carried / math.log((math.max(first, last) + 1) / first) }
      carried, from = 0, nil
    else
      from = from or lo
    end
  end
  return out
end

local function smoothed(bins)
  local out = {}
  for i, b in ipairs(bins) do
    local before, after = bins[i - 1] or b, bins[i + 1] or b
    out[i] = { mass = b.mass, from = b.from, to = b.to, height = (before.height + 2 * b.height + after.height) / 4 }
  end
  return out
end

health.humps = { least_rows = 200, least_share = 0.15, deepest = 0.5 }

--- Two humps in a length histogram: two peaks, each with a fair share of the rows, and a valley
-- between them at most half as high as the lower one.
-- @return  the valley's length in tokens and the two peaks' lengths, or nil
function health.two_humps(histogram, total)
  if not histogram or total < health.humps.least_rows then return nil end
  local bins = smoothed(smoothed(heights(histogram)))
  local best
  for v = 2, #bins - 1 do
    local left, right, left_mass = 1, v + 1, 0
    for i = 1, v - 1 do if bins[i].height > bins[left].height then left = i end end
    for i = v + 1, #bins do if bins[i].height > bins[right].height then right = i end end
    for i = 1, v - 1 do left_mass = left_mass + bins[i].mass end
    local right_mass = total - left_mass - bins[v].mass
    local depth = bins[v].height / math.min(bins[left].height, bins[right].height)
    if left_mass >= health.humps.least_share * total and right_mass >= health.humps.least_share * total
       and depth <= health.humps.deepest and (not best or depth < best.depth) then
      best = { depth = depth, valley = bins[v].from, left = bins[left].from, right = bins[right].from }
    end
  end
  return best
end

-- A level for a value: good(v), else bad(v), else watch.
local function level(v, good, bad)
  if good(v) then return "good" end
  if bad(v) then return "bad" end
  return "watch"
end

-- Groups of the stage style that have a sign, and the first of them.
local function style_groups(list, sign)
  local n, first, judged = 0, nil, 0
  for _, x in ipairs(list) do
    for _, g in ipairs(x.groups) do
      if g.rows >= x.min_rows then judged = judged + 1 end
      for _, s in ipairs(g.signs) do
        if s == sign then n, first = n + 1, first or g end
      end
    end
  end
  return n, first, judged
end

local function distribution_sets(f, what)
  local out = {}
  for _, x in ipairs(f.distribution or {}) do
    for _, set in ipairs(x.sets) do if set.what == what then out[#out + 1] = set end end
  end
  return out
end

-- How many figures of a set, lengths apart, are past their bounds.
local function distant(set)
  local n = 0
  for _, sign in ipairs(set.signs) do if not sign:find "^length" then n = n + 1 end end
  return n
end

-- Each check: name, title, and `look(figures)`, which returns nil where the data does not say,
-- or level, value (for JSON), what was found, what to do (nothing when good).
health.checks = {
  { name = "input_spread", title = "input lengths",
    look = function(f)
      local l = f.lengths.input and f.lengths.input.after
      if not l or l.count == 0 then return nil end
      local v = l.p90 / math.max(l.p10, 1)
      return level(v, function(x) return x < 20 end, function(x) return x > 50 end), v,
        ("P90/P10 = %s (under 20x is good)"):format(times(v)),
        "inputs of very different kinds: tighten length.min_input_tokens and max_input_tokens, or train them apart"
    end },
  { name = "output_median", title = "output length",
    look = function(f)
      local l = f.lengths.output and f.lengths.output.after
      if not l or l.count == 0 then return nil end
      local v = l.median
      return level(v, function(x) return x >= 50 and x <= 300 end, function(x) return x < 20 or x > 800 end), v,
        ("median %s tokens (50 to 300 is good)"):format(number(v)),
        v < 50 and "answers this short teach the model to be curt: fine for labels, "
            .. "else drop the shortest (length.min_output_tokens)"
          or "answers this long teach the model to ramble: look at the longest, lower length.max_output_tokens"
    end },
  { name = "humps", title = "length histogram",
    look = function(f)
      for _, field in ipairs { "output", "input" } do
        local l = f.lengths[field] and f.lengths[field].after
        local h = l and health.two_humps(l.histogram, l.count)
        if h then
          return "watch", h.valley, ("%s lengths have two humps, near %s and %s tokens"):format(field,
            number(h.left), number(h.right)),
            "two humps mean two incompatible sources: compare the rows on both sides of "
              .. number(h.valley) .. " tokens"
        end
      end
      local l = f.lengths.output and f.lengths.output.after
      if not l or l.count < health.humps.least_rows then return nil end
      return "good", 0, "one hump", nil
    end },
  { name = "imbalance", title = "topic balance",
    look = function(f)
      local t = f.topics
      if not t or #t.groups < 2 then return nil end
      local v = t.imbalance
      return level(v, function(x) return x < 10 end, function(x) return x > 50 end), v,
        ("largest topic is %s the smallest (under 10x is good)"):format(times(v)),
        ("cap the largest: s.balance { by = %q, max = %d }; add rows to the rarest"):format(
          t.key, math.max(1, math.floor(t.groups[#t.groups].count * 10)))
    end },
  { name = "scores", title = "scores", only = "scores",
    look = function(f)
      local s = f.scores
      if not s then return nil end
      if s.max > 5 or s.min < 0 then return nil end
      local v = s.below_3
      return level(v, function(x) return x < 0.05 end, function(x) return x > 0.20 end), v,
        ("%s score under 3.0 (under 5%% is good)"):format(percent(v)),
        "the raw set is weak: read twenty of the low rows, fix their source first"
    end },
  { name = "duplicates", title = "duplicates",
    look = function(f)
      local d = f.duplicates
      if not d then return nil end
      local v = d.share
      local advice = "little was repeated: fine if the set was deduplicated before, else lower near_dedup.threshold"
      if v > 0.60 then
        advice = "the set is mostly copies of a few rows: look for a template or an export run twice"
      elseif v > 0.30 then
        advice = "much is repeated: see which source repeats itself (tamis explain --reason near_duplicate)"
      end
      return level(v, function(x) return x >= 0.05 and x <= 0.30 end, function(x) return x > 0.60 end), v,
        ("deduplication %s %s (5 to 30%% is good)"):format(d.would and "would remove" or "removes",
          percent(v)), advice
    end },
  { name = "size", title = "size",
    look = function(f)
      local n = f.rows.after
      if n > 500000 and not f.curated then
        return "bad", n, number(n) .. " rows, not curated",
          "volume is no proxy for quality: curate first (tamis init, tamis run)"
      end
      return level(n, function(x) return x >= 1000 end, function(x) return x < 1000 end), n, screen.count(n, "row"),
        "under 1,000 rows a fine-tune learns little: loosen the stage that removes most, or collect more"
    end },
  { name = "leakage", title = "label leakage",
    look = function(f)
      local l = f.leakage
      if not l then return nil end
      local v = l.share
      return level(v, function(x) return x == 0 end, function(x) return x > 0.05 end), v,
        v == 0 and "no answer stands in its question"
          or ("the answer stands in the input of %s (%s)"):format(screen.count(l.count, "row"), percent(v)),
        "the model learns to copy: strip the answer from the input, or filter those rows"
    end },
  { name = "faulty_lines", title = "faulty lines",
    look = function(f)
      local v = f.rows.read > 0 and f.rows.faulty / f.rows.read or 0
      return level(v, function(x) return x == 0 end, function(x) return x > 0.05 end), v,
        v == 0 and "every line was read"
          or ("%s of %s lines could not be read (%s)"):format(number(f.rows.faulty), number(f.rows.read), percent(v)),
        "see the reasons below; mend the export that made them"
    end },
  { name = "recency", title = "time",
    look = function(f)
      local t = f.time
      if not t or t.count < health.humps.least_rows then return nil end
      local v = t.latest_tenth
      return level(v, function(x) return x <= 0.4 end, function(x) return x > 0.8 end), v,
        ("%s of the rows lie in the latest tenth of %s to %s"):format(percent(v), t.first, t.last),
        "balance by time period; train on the past, evaluate on the future"
    end },
  { name = "openings", title = "openings", only = "style",
    look = function(f)
      local n, g, judged = style_groups(f.style or {}, "openings")
      if judged == 0 then return nil end
      local o = g and g.openings
      return n == 0 and "good" or o.first_share > 0.5 and "bad" or "watch", n,
        n == 0 and "texts begin in many ways" or ("%s of the texts of %s begin in one of %d ways, \"%s\""):format(
          percent(o.top_share), g.name, #o.top, o.top[1].text),
        "one style is learnt before anything else: rewrite or vary the openings, or take fewer rows of that source"
    end },
  { name = "forms", title = "formats", only = "style",
    look = function(f)
      local n, g, judged = style_groups(f.style or {}, "form")
      if judged == 0 then return nil end
      return n == 0 and "good" or "watch", n,
        n == 0 and "no source has one form only"
          or ("%s of the texts of %s: %s"):format(percent(g.form_share), g.name, g.form),
        "a model learns the form with the matter: show the same matter in other forms, unless production asks for one"
    end },
  { name = "production", title = "production", only = "distribution",
    look = function(f)
      local x = distribution_sets(f, "production")
      if #x == 0 then return nil end
      local set, n = x[1], 0
      for _, s in ipairs(x) do
        if distant(s) > n then set, n = s, distant(s) end
      end
      local said = {}
      if set.topics then said[#said + 1] = ("topics %s bits apart"):format(number(set.topics.js, 3)) end
      if set.words then said[#said + 1] = ("words told apart with AUC %s"):format(number(set.words.auc, 2)) end
      if set.reach then said[#said + 1] = ("%s of the queries near no row"):format(percent(set.reach.share)) end
      if #said == 0 then return nil end
      local far = set.words and set.words.auc > 0.95 or set.reach and set.reach.share > 0.5
      return n == 0 and "good" or far and "bad" or "watch", set.words and set.words.auc or set.topics and set.topics.js,
        table.concat(said, ", "), "training and production differ: collect rows like the queries that are listed, or "
          .. "choose by their shares (s.balance { match = FILE })"
    end },
  { name = "length_bias", title = "length bias", only = "distribution",
    look = function(f)
      local worst, of
      for _, what in ipairs { "production", "gold" } do
        for _, set in ipairs(distribution_sets(f, what)) do
          for _, l in ipairs(set.lengths) do
            if l.field == "output" and (not worst or l.ratio > worst.ratio) then worst, of = l, what end
          end
        end
      end
      if not worst then return nil end
      return level(worst.ratio, function(v) return v <= 2 end, function(v) return v > 4 end), worst.ratio,
        ("outputs have a median of %s tokens, those of %s %s"):format(number(worst.train.median), of,
          number(worst.other.median)),
        "the model will answer at the length that it was shown: drop the longest or the shortest (s.length)"
    end },
  { name = "spot_check", title = "spot check", only = "spot_check",
    look = function(f)
      local worst, level_of = nil, { good = 0, watch = 1, bad = 2 }
      for _, x in ipairs(f.spot_check or {}) do
        local left = x.queued - x.labelled - x.skipped
        local found = x.rate and x.low > x.max_error and "bad"
          or (left > 0 or x.rate and x.rate > x.max_error) and "watch" or "good"
        if not worst or level_of[found] > level_of[worst.level] then worst = { level = found, x = x, left = left } end
      end
      if not worst then return nil end
      local x = worst.x
      local said = ("%s of %s labelled"):format(number(x.labelled), screen.count(x.queued, "queued row"))
      if x.rate then said = ("%s, %s wrong"):format(said, percent(x.rate)) end
      return worst.level, x.rate, said, worst.left > 0 and ("tamis label RUN --queue %s"):format(x.stage)
        or "a teacher's errors of fact are learnt as facts: check that source whole, or leave it out"
    end },
  { name = "annotators", title = "annotators", only = "style",
    look = function(f)
      local n, who, any = 0, nil, false
      for _, x in ipairs(f.style or {}) do
        for _, a in ipairs(x.annotators and x.annotators.list or {}) do
          any = any or a.timed >= x.min_rows
          if a.drifts then n, who = n + 1, who or a end
        end
      end
      if not any then return nil end
      return n == 0 and "good" or "watch", n, n == 0 and "no annotator's lengths drift"
        or ("the texts of %s became %s as long"):format(who.name, times(who.change)),
        "show annotators the rubric again, with rows of then and of now; tamis agree on a sample that both label"
    end },
}

--- All checks that the figures allow, in order; one with `only` where there is such a figure.
-- @return  list of { name, title, level, value, text, advice }; level "none" where the data does not say
function health.examine(figures)
  local out = {}
  for _, check in ipairs(health.checks) do
    local found, value, text, advice = check.look(figures)
    if not check.only or figures[check.only] then
      out[#out + 1] = { name = check.name, title = check.title, level = found or "none", value = value, text = text,
                        advice = found ~= "good" and advice or nil }
    end
  end
  return out
end

--- The worst level among checks: "bad", "watch" or "good".
function health.worst(checks)
  local worst = "good"
  for _, c in ipairs(checks) do
    if c.level == "bad" then return "bad" end
    if c.level == "watch" then worst = "watch" end
  end
  return worst
end

return health
