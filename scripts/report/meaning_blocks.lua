--- meaning_blocks: what embed, spot_check, diversity, outliers and distribution found, as blocks of a document.

local screen = require "report.screen"

local meaning_blocks = {}

meaning_blocks.STRATA = 50     -- in a table

local number, percent = screen.number, screen.percent

local function text(blocks, line) blocks[#blocks + 1] = { kind = "text", text = line } end

local function heading(blocks, list, x, name, line)
  if #list > 1 then name = ("%s: %s"):format(name, x.stage) end
  blocks[#blocks + 1] = { kind = "heading", text = line, name = name }
end

-- ---- embed ----

local function embeddings(list, blocks)
  if not list then return end
  blocks[#blocks + 1] = { kind = "heading", text = "Vectors" }
  local rows = {}
  for i, x in ipairs(list) do
    rows[i] = { x.stage, x.features and ("%s: %s"):format(x.embedding, x.features) or x.embedding, number(x.dim),
                number(x.vectors), number(x.without) }
  end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "stage" }, { "embedding", flex = true },
    { "numbers", "right" }, { "rows", "right" }, { "without", "right" } } }
  for _, x in ipairs(list) do
    if x.sees_paraphrases == false then
      text(blocks, ("The vectors of %s are of words alone: they see which words two rows share, not that a paraphrase "
        .. "means the same."):format(x.stage))
    end
    if x.energy then
      text(blocks, ("Its directions were fitted on %s and %s; they hold %s of the squared weights of their words.")
        :format(screen.count(x.sampled, "row"), screen.count(x.terms, "term"), percent(x.energy)))
    end
  end
end

-- ---- spot_check ----

local function strata_of(x)
  local rows = {}
  for i, s in ipairs(x.strata) do
    if i <= meaning_blocks.STRATA then
      rows[i] = { s.name, number(s.rows), number(s.queued), number(s.labelled), number(s.wrong) }
    end
  end
  return rows
end

local function spot_check(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Spot check", ("Synthetic rows for people to check (%s): %s of %s labelled"):format(
      x.stage, number(x.labelled), number(x.queued)))
    if x.rate then
      text(blocks, ("%s of %s were found wrong (%s under %g): %s, with 95%% confidence %s to %s."):format(
        number(x.wrong), screen.count(x.labelled, "row"), x.dimension, x.wrong_below, percent(x.rate), percent(x.low),
        percent(x.high)))
    else
      text(blocks, ("Nobody has labelled one: tamis label RUN --queue %s"):format(x.stage))
    end
    blocks[#blocks + 1] = { kind = "table", rows = strata_of(x), columns = { { x.by, flex = true }, { "rows", "right" },
      { "queued", "right" }, { "labelled", "right" }, { "wrong", "right" } } }
    if #x.strata > meaning_blocks.STRATA then
      text(blocks, ("and %s more"):format(number(#x.strata - meaning_blocks.STRATA)))
    end
  end
end

-- ---- diversity ----

-- A line of the table: a figure of each set.
local function line(rows, x, name, of)
  local cells, any = { name }, false
  for i, set in ipairs { "read", "kept", "random" } do
    local value = x[set] and of(x[set])
    cells[i + 1], any = value or "", any or value ~= nil
  end
  if any then rows[#rows + 1] = cells end
end

local function diversity(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Diversity", "How varied the rows are")
    local rows = {}
    line(rows, x, "rows", function(s) return number(s.rows) end)
    line(rows, x, x.k == 1 and "mean distance to the nearest row" or ("mean distance to the %d nearest"):format(x.k),
      function(s) return s.distance and number(s.distance, 4) end)
    line(rows, x, ("runs of %d words of the %s that differ"):format(x.ngram, x.field), function(s)
      return s.novelty and percent(s.novelty)
    end)
    if x.topics then
      local covered = ("topics covered (%s)"):format(x.topics.by)
      rows[#rows + 1] = { covered, number(x.topics.read), number(x.topics.kept), "" }
    end
    blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "figure", flex = true }, { "read", "right" },
      { "kept", "right" }, { "as many at random", "right" } } }
    if x.embedding and (x.kept.queries or 0) > 0 then
      text(blocks, ("Distances are 1 - cosine of the vectors of %s, from %s of each set."):format(x.embedding,
        screen.count(x.kept.queries, "row")))
    end
  end
end

-- ---- outliers ----

local function place(at) return at and ("%s:%d"):format(at.source:match "[^/]*$", at.line) or "" end

local function outliers(list, blocks)
  for _, x in ipairs(list or {}) do
    heading(blocks, list, x, "Outliers", ("Rows far from everything, by %s"):format(x.stage))
    local rows = {}
    for i, t in ipairs(x.top) do rows[i] = { number(t.distance, 3), place(t.at), place(t.nearest), t.text } end
    if not x.p50 then
      text(blocks, "Fewer than two rows had a vector.")
      return
    end
    text(blocks, ("Mean distance (1 - cosine, %s) to the %d nearest rows: median %s, 90%% at most %s, 99%% at most %s.")
      :format(x.embedding, x.k, number(x.p50, 3), number(x.p90, 3), number(x.p99, 3)))
    blocks[#blocks + 1] = { kind = "table", rows = rows, wide = true, columns = { { "distance", "right" }, { "row" },
      { "nearest" }, { "text", flex = true } } }
  end
end

-- ---- distribution ----

local SETS = { production = "production", gold = "the gold set" }

local function topic_shares(set, by, blocks)
  local t = set.topics
  if set.no_topics then text(blocks, set.no_topics .. ".") end
  if not t then return end
  local rows = {}
  for i, g in ipairs(t.groups) do
    rows[i] = { g.name, percent(g.train), percent(g.other), number(g.train_rows), number(g.rows) }
  end
  text(blocks, ("Shares of %s: Jensen-Shannon divergence %s bits; by chance alone %s."):format(by, number(t.js, 3),
    number(t.chance, 3)))
  blocks[#blocks + 1] = { kind = "table", rows = rows, most = 20, columns = { { by, flex = true },
    { "training", "right" }, { set.what, "right" }, { "rows", "right" }, { "rows there", "right" } } }
  if t.count > #rows then text(blocks, ("and %s more"):format(number(t.count - #rows))) end
end

local function telling(list)
  local out = {}
  for i, w in ipairs(list) do out[i] = ("%s (%s, %s)"):format(w.word, percent(w.train), percent(w.other)) end
  return table.concat(out, ", ")
end

local function told_apart(set, blocks)
  local w = set.words
  if not w then return end
  local error = w.error and (" (standard error %s)"):format(number(w.error, 3)) or ""
  text(blocks, ("A classifier of words told %s of each set apart with an AUC of %s%s: 0.5 is not at all, 1 always.")
    :format(screen.count(w.texts, "text"), number(w.auc, 3), error))
  local v = set.vectors
  if v then
    text(blocks, ("By their vectors, the AUC is %s%s."):format(number(v.auc, 3),
      v.error and (" (standard error %s)"):format(number(v.error, 3)) or ""))
  end
  for _, side in ipairs { "other", "train" } do
    if #w.telling[side] > 0 then
      text(blocks, ("Words of %s (share of texts in training, there): %s."):format(
        side == "other" and SETS[set.what] or "training", telling(w.telling[side])))
    end
  end
end

local function set_lengths(set, blocks)
  local rows = {}
  for _, l in ipairs(set.lengths) do
    for i, side in ipairs { "train", "other" } do
      local s = l[side]
      rows[#rows + 1] = { ("%s, %s"):format(l.field, i == 1 and "training" or set.what), number(s.rows), number(s.p10),
                          number(s.median), number(s.p90) }
    end
  end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "tokens", flex = true }, { "rows", "right" },
    { "P10", "right" }, { "median", "right" }, { "P90", "right" } } }
end

local function covered(set, blocks)
  local r = set.reach
  if not r then
    if set.no_reach then text(blocks, "What is near no training row is not told: " .. set.no_reach) end
    return
  end
  text(blocks, ("%s of %s (%s) are near no training row: the nearest has a cosine under %s (%s; %s)."):format(
    number(r.far + r.without), screen.count(r.queries + r.without, "row"), percent(r.share), number(r.bound, 3),
    r.embedding, r.given and "as given" or "what all but a few training rows have to another one"))
  if r.without > 0 then
    text(blocks, ("%s of them have no vector: the embedding knows none of their words."):format(number(r.without)))
  end
  local topics = {}
  for i, t in ipairs(r.topics) do
    local of = t.rows and (" of %s"):format(number(t.rows)) or ""
    if i <= 8 then topics[i] = ("%s %s%s"):format(t.name, number(t.far), of) end
  end
  if #topics > 0 then text(blocks, "By topic: " .. table.concat(topics, ", ") .. ".") end
  local rows = {}
  for i, t in ipairs(r.top) do rows[i] = { number(t.cosine, 3), place(t.at), place(t.nearest), t.text } end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", rows = rows, wide = true, most = 20, columns = { { "cosine", "right" },
    { "row" }, { "nearest training row" }, { "text", flex = true } } }
end

local function distribution(list, blocks)
  for _, x in ipairs(list or {}) do
    for _, set in ipairs(x.sets) do
      heading(blocks, list, x, "Against " .. set.what, ("Training against %s: %s against %s"):format(SETS[set.what],
        screen.count(set.train_rows, "row"), number(set.rows)))
      topic_shares(set, x.by, blocks)
      told_apart(set, blocks)
      set_lengths(set, blocks)
      covered(set, blocks)
    end
  end
end

--- The blocks of all such stages of a report.
function meaning_blocks.add(f, blocks)
  embeddings(f.embeddings, blocks)
  distribution(f.distribution, blocks)
  spot_check(f.spot_check, blocks)
  diversity(f.diversity, blocks)
  outliers(f.outliers, blocks)
end

return meaning_blocks
