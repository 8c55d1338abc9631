--- clusters: topics as clusters of the rows' vectors, found in these rows or placed by the model of an earlier run.

local json = require "json"
local model = require "topics.model"
local naming = require "topics.naming"
local screen = require "report.screen"
local sources = require "embed.sources"
local topics = require "topics"

local clusters = {}

clusters.UNKNOWN = "unknown"

-- How many: of these the fewest whose held-out rows lie about as clearly with one centroid (a silhouette of at least
-- NEAR of the best). Half of SAMPLE rows is fitted to; fewer than PER rows a cluster tell nothing. Of many rows
-- two or three clusters are the clearest and say least: at least a SPREADth of the square root of the rows are tried.
local LADDER = { 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128 }
local SAMPLE, PER, NEAR, SPREAD = 8000, 20, 0.98, 16
-- Terms: rows of a cluster that are read for them, terms that are kept, how much more of the cluster than of all other
-- rows must hold one, from which share of its rows on two words stand for one.
local READ, TERMS, LEAST, LIFT, PHRASE = 300, 10, 2, 2, 0.6
local CENTRAL, FAR, LARGEST = 3, 5, 5
local FENCE = 1.5
local MANY = 0.2           -- rows that fit no topic of an earlier run: above this share, new ones are advised
local NAMED = 5            -- topics that a line names

-- ---- how many ----

local function ladder(rows)
  local out = {}
  for _, k in ipairs(LADDER) do
    if k * PER <= math.min(rows, SAMPLE) / 2 and k >= math.sqrt(rows) / SPREAD then out[#out + 1] = k end
  end
  return out
end

--- The number of clusters.
-- @return  it, and { { k, score }, … }; or nil and a message
local function choose(view, v, ctx)
  local ks = ladder(#v)
  if #ks == 0 then return 1, json.array {} end
  local scores, err = topics.scores(view, v, { k = ks, sample = SAMPLE, seed = ctx.seed }, ctx.pool)
  if not scores then return nil, err end
  local best, tried = 0, json.array {}
  for i, k in ipairs(ks) do
    if scores[i] then
      tried[#tried + 1] = { k = k, score = scores[i] }
      best = math.max(best, scores[i])
    end
  end
  for _, t in ipairs(tried) do
    if t.score >= NEAR * best then return t.k, tried end
  end
  return 1, tried
end

-- ---- from which cosine on ----

--- Under this a row fits nowhere: as far under the lower quarter of all rows' cosines as one and a half times the
-- distance of the quarters (Tukey's fence), so that it is the outliers of these very rows.
local function fence(placed, view)
  local q = placed:quantiles(view, { 0.25, 0.75 })
  if not q[1] then return -1 end
  return math.max(-1, q[1] - FENCE * (q[2] - q[1]))
end

-- ---- what is told ----

local function place_of(view, row)
  local r = view:row(row)
  return { row = row, source = r.source, line = r.line }
end

local function places(view, rows)
  local out = json.array {}
  for i, row in ipairs(rows) do out[i] = place_of(view, row) end
  return out
end

local function figures_of(view, v, placed, made, p)
  local sizes, nowhere, without, cosine = placed:sizes(view, made.min)
  local central, list = placed:central(view, made.min, CENTRAL), json.array {}
  for i, topic in ipairs(made.topics) do
    list[i] = { id = topic.id, name = topic.name, rows = sizes[i], terms = json.array(topic.terms),
                central = places(view, central[i]), was = topic.was }
  end
  table.sort(list, function(a, b)
    if a.rows ~= b.rows then return a.rows > b.rows end
    return a.id < b.id
  end)
  return { annotation = p.annotation, topics = list, nowhere = nowhere, without = without, cosine = cosine,
           min_similarity = made.min, far = places(view, placed:far(view, made.min, FAR)), embedding = v:name(),
           sees_paraphrases = v:meaning() }
end

-- "20 topics; the largest: card, pin (974); …"
local function told_of(f)
  local parts = {}
  for i, t in ipairs(f.topics) do
    if i <= LARGEST and t.rows > 0 then parts[#parts + 1] = ("%s (%s)"):format(t.name, screen.number(t.rows)) end
  end
  return ("%s; the largest: %s"):format(screen.count(#f.topics, "topic"), table.concat(parts, "; "))
end

local function named(list)
  local out = {}
  for i, name in ipairs(list) do
    if i <= NAMED then out[i] = name end
  end
  return table.concat(out, "; ") .. (#list > NAMED and ("; and %d more"):format(#list - NAMED) or "")
end

-- "3 keep the name they had; new: chess, rook; gone: travel, visa"; nil where there was no earlier run.
local function kept_of(f, made)
  if not made.old then return nil end
  local known, new, gone, kept = {}, {}, {}, 0
  for _, t in ipairs(f.topics) do
    known[t.id] = true
    if t.was then kept = kept + 1 else new[#new + 1] = t.name end
  end
  for _, t in ipairs(made.old.topics) do
    if not known[t.id] then gone[#gone + 1] = t.name end
  end
  return ("%s the name of before%s%s"):format(screen.count(kept, "topic keeps", "topics keep"),
    #new > 0 and "; new: " .. named(new) or "", #gone > 0 and "; gone: " .. named(gone) or "")
end

local function notes_of(f, p, ctx)
  local notes = {}
  if f.nowhere > 0 then
    local first = f.far[1]
    notes[#notes + 1] = ("%s: %s nowhere: under cosine %.3f with every topic (min_similarity%s), the farthest %s:%d; "
      .. "their %s is %s"):format(ctx.name, screen.count(f.nowhere, "row fits", "rows fit"), f.min_similarity,
      p.min_similarity and "" or ", found from these rows", first.source, first.line, p.annotation, clusters.UNKNOWN)
  end
  local rows = f.nowhere
  for _, t in ipairs(f.topics) do rows = rows + t.rows end
  if p.model and f.nowhere > MANY * rows then
    notes[#notes + 1] = ('%s: these rows have topics that the earlier run did not know: clusters = "auto", previous = '
      .. '"%s" finds them, and keeps the names of the others'):format(ctx.name, p.model)
  end
  if math.type(p.clusters) == "integer" and #f.topics < p.clusters then
    notes[#notes + 1] = ("%s: %d clusters were asked for, and the vectors make %d: no more of them differ"):format(
      ctx.name, p.clusters, #f.topics)
  end
  if f.without > 0 then
    notes[#notes + 1] = ("%s: %s no vector; their %s is %s"):format(ctx.name,
      screen.count(f.without, "row has", "rows have"), p.annotation, clusters.UNKNOWN)
  end
  return notes
end

-- ---- the two ways ----

local function terms_of(view, placed, min, p, ctx)
  return placed:terms(view, { fields = p.fields, min = min, rows = READ, seed = ctx.seed, top = TERMS, least = LEAST,
                              lift = LIFT, phrase = PHRASE }, ctx.pool)
end

--- The topics of an earlier run that these are, and how that was told.
local function matched(t, terms, v, p, ctx)
  if not p.previous then return {}, nil end
  local old, err, missing = model.open(p.previous, ctx)
  if missing then return {}, nil, ("%s: no earlier run left topics (%s): all names are new"):format(ctx.name, err) end
  if not old then return nil, err end
  local fits, why = model.fits(old, v, p, ctx)
  if fits then return t:match(old.topics, p.min_match), old.note end
  return naming.by_terms(terms, old.note.topics), old.note,
    ("%s: topics keep their names by their terms, not by their vectors: %s"):format(ctx.name, why)
end

local function fit(view, v, p, ctx)
  local k, tried = p.clusters, nil
  if k == "auto" then
    k, tried = choose(view, v, ctx)
    if not k then return nil, tried end
  end
  local t, info = topics.fit(view, v, { k = k, seed = ctx.seed }, ctx.pool)
  if not t then return nil, info end
  info.tried, info.asked = tried, p.clusters
  return t, info
end

local function found(view, v, p, ctx)
  local t, info = fit(view, v, p, ctx)
  if not t then return nil, info end
  local placed, err = t:place(v, ctx.pool)
  if not placed then return nil, err end
  local min = p.min_similarity or fence(placed, view)
  local terms
  terms, err = terms_of(view, placed, min, p, ctx)
  if not terms then return nil, err end
  local pairs_of, old, note = matched(t, terms, v, p, ctx)
  if not pairs_of then return nil, old end
  local list, next_id = naming.topics(terms, old, pairs_of, clusters.UNKNOWN)
  return { t = t, placed = placed, topics = list, next_id = next_id, min = min, info = info, notes = { note },
           old = old, kept = old and #pairs_of or nil }
end

local function applied(_, v, p, ctx)
  local old, err = model.open(p.model, ctx)
  if not old then return nil, err end
  local fits
  fits, err = model.fits(old, v, p, ctx)
  if not fits then return nil, err end
  local placed
  placed, err = old.topics:place(v, ctx.pool)
  if not placed then return nil, err end
  local list = {}
  for i, topic in ipairs(old.note.topics) do list[i] = { id = topic.id, name = topic.name, terms = topic.terms } end
  return { t = old.topics, placed = placed, topics = list, next_id = old.note.next_id,
           min = p.min_similarity or old.note.min_similarity, info = {}, notes = {}, model = old.path }
end

--- The operator that gives each row its topic, and what is told of it.
-- @return  the operator, { figures, notes, files }; or nil and a message
function clusters.settle(view, p, ctx)
  local v, err = sources.vectors(view, p)
  if not v then return nil, err end
  local made
  made, err = (p.model and applied or found)(view, v, p, ctx)
  if not made then return nil, err end
  local names = {}
  for i, topic in ipairs(made.topics) do names[i] = topic.name end
  local figures = figures_of(view, v, made.placed, made, p)
  figures.fit = not p.model and made.info or nil
  figures.model, figures.kept_names = made.model, made.kept
  local notes = notes_of(figures, p, ctx)
  table.move(made.notes, 1, #made.notes, #notes + 1, notes)
  local entry = sources.entry(p, ctx)
  return made.placed:op { annotation = p.annotation, unknown = clusters.UNKNOWN, names = names, min = made.min,
                          metric = "similarity" },
    { figures = { topic_clusters = figures, told = json.array { told_of(figures), kept_of(figures, made) } },
      notes = notes,
      kept = { t = made.t, names = names, min = made.min, v = v, embed = entry },
      files = { { name = model.file_name(ctx.name), bytes = model.bytes(made.t, v, made, p, ctx) } } }
end

--- The topics of another view's rows (production), embedded as these were.
-- @param kept  what settle kept
-- @return  the view with the annotation; or nil and a message
function clusters.again(view, p, ctx, kept)
  local v, err = sources.again(view, kept.embed.params, ctx, kept.v)
  if not v then return nil, err end
  local placed
  placed, err = kept.t:place(v, ctx.pool)
  if not placed then return nil, err end
  local op = placed:op { annotation = p.annotation, unknown = clusters.UNKNOWN, names = kept.names, min = kept.min,
                         metric = "similarity" }
  return view:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool }
end

return clusters
