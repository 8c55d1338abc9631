--- figures: everything a report says about a set of rows, as plain data.
-- The numbers come from the native statistics; here they are only asked for and named. Figures
-- have parts (`before` the filters and `after` them); for a file both are the same rows.
--
--   { title, curated, rows = { read, faulty, before, after, … },
--     lengths = { input = { before = LENGTHS, after = LENGTHS }, output = … },
--     topics = { key, total, imbalance, groups = { { name, count, share } } }, languages = …,
--     sources = { … }, scores, duplicates, leakage, time, funnel, reasons }

local nearest = require "nearest"
local stats = require "stats"
local tally = require "tally"

local figures = {}

figures.BINS = 18                 -- bars of a length histogram
figures.PAIRED_BINS = 30          -- of one that shows the rows before and after the filters
figures.LEAK_BYTES = 20           -- shorter answers ("yes", a label) may well stand in a question
figures.TOPIC_KEYS = { "topic", "category", "label", "intent", "class", "domain", "metadata.topic",
  "metadata.category", "metadata.label" }
figures.LANGUAGE_KEYS = { "language", "lang", "metadata.language", "metadata.lang" }
figures.SCORE_KEYS = { "overall", "score", "rating", "quality", "metadata.overall", "metadata.score",
  "metadata.rating", "metadata.judge.overall" }
figures.TIME_KEYS = { "created_at", "timestamp", "created", "date", "time", "updated_at",
  "metadata.created_at", "metadata.timestamp", "metadata.date" }
figures.COVERAGE = 0.5            -- a key must carry a value on this share of the rows to be one

--- Statistics of one column of numbers.
-- @return  nil if no row has one
function figures.summary(numbers, which, bins)
  local count = numbers:count(which)
  if count == 0 then return nil end
  return { count = count, mean = numbers:mean(which), median = numbers:median(which),
           p10 = numbers:quantile(0.10, which), p25 = numbers:quantile(0.25, which),
           p75 = numbers:quantile(0.75, which), p90 = numbers:quantile(0.90, which),
           p99 = numbers:quantile(0.99, which), min = numbers:min(which), max = numbers:max(which),
           total = numbers:sum(which),
           histogram = bins and numbers:histogram(bins, which, true) or nil }
end

-- The largest group over the smallest; those of none and "unknown" are left out.
local function imbalance_of(groups, which)
  local most, least
  for _, g in ipairs(groups) do
    local n = g[which]
    if n > 0 and g.name ~= "unknown" then
      most, least = math.max(most or n, n), math.min(least or n, n)
    end
  end
  return most and most / least or 1
end

--- Groups in order of size, largest first, ties by name; "unknown" is listed but left out of
-- the imbalance.
-- @param counts  { [value] = count }
-- @param before  the same of the rows before the filters; groups that they removed whole are listed too
function figures.groups(key, counts, before)
  local out, total, total_before = {}, 0, 0
  local function add(name, count, was)
    out[#out + 1] = { name = tostring(name), count = count, before = was }
    total, total_before = total + count, total_before + (was or 0)
  end
  for name, count in pairs(counts) do
    if count > 0 then add(name, count, before and (before[name] or count)) end
  end
  for name, was in pairs(before or {}) do
    if (counts[name] or 0) == 0 and was > 0 then add(name, 0, was) end
  end
  if total == 0 and total_before == 0 then return nil end
  table.sort(out, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    if (a.before or 0) ~= (b.before or 0) then return a.before > b.before end
    return a.name < b.name
  end)
  for _, g in ipairs(out) do g.share = total > 0 and g.count / total or 0 end
  return { key = key, total = total, groups = out, imbalance = imbalance_of(out, "count"),
           imbalance_before = before and imbalance_of(out, "before") or nil }
end

--- The same; nil where no row has a value.
function figures.named_groups(key, counts, before)
  local g = figures.groups(key, counts, before)
  for _, group in ipairs(g and g.groups or {}) do
    if group.name ~= "unknown" then return g end
  end
end

--- What is said where no row has the key that was asked for.
-- @param names  list of those that there are
function figures.no_key(key, names)
  local near = nearest(key, names)
  return { level = "watch", text = ("no row has a %s, so there are no topics to compare%s"):format(key,
    near and ('; did you mean "%s"?'):format(near) or "") }
end

-- Of several keys the first: a part of a date is none of its own.
local function first_key(by)
  for _, key in ipairs(type(by) == "table" and by or { by }) do
    if not key:find ":%a+$" then return key end
  end
end

--- The key that a run's stages grouped rows by: that of its last balance, else of its topics.
-- @param stages  list of { stage =, params = }
function figures.key_of(stages)
  local topics, balance
  for _, s in ipairs(stages) do
    if s.stage == "topics" then topics = s.params.annotation or topics end
    if s.stage == "balance" then balance = first_key(s.params.by) or balance end
  end
  return balance or topics
end

-- How many of the counts have a value, and how many values there are.
local function known(counts)
  local with, values, total = 0, 0, 0
  for name, count in pairs(counts) do
    total = total + count
    if name ~= "unknown" and count > 0 then with, values = with + count, values + 1 end
  end
  return with, values, total
end

--- The first of `keys` that groups the rows: most rows have a value, and values repeat.
function figures.group_key(keys, counts_of)
  for _, key in ipairs(keys) do
    local counts, before = counts_of(key)
    local with, values, total = known(counts)
    if total > 0 and with >= figures.COVERAGE * total and values <= math.max(20, with / 5) then
      return key, counts, before
    end
  end
end

-- The first path whose numbers are there on enough rows.
local function first_column(keys, rows, column)
  for _, key in ipairs(keys) do
    local numbers = column(key)
    if numbers and rows > 0 and numbers:count() >= figures.COVERAGE * rows then return key, numbers end
  end
end

local function day(t) return os.date("!%Y-%m-%d", math.floor(t)) end

local function time_figures(key, numbers)
  -- whole numbers may be milliseconds
  local first, last = numbers:min(), numbers:max()
  local unit = last > 1e11 and 1000 or 1
  if first / unit < 0 or last / unit > 4102444800 or (last - first) <= 0 then return nil end
  return { path = key, count = numbers:count(), first = day(first / unit), last = day(last / unit),
           median = day(numbers:median() / unit),
           latest_tenth = 1 - numbers:below(last - (last - first) / 10) }
end

--- What is told of a column of judgements.
function figures.scores(name, numbers)
  local s = figures.summary(numbers, "all")
  if not s then return nil end
  s.name, s.below_3 = name, numbers:below(3)
  s.histogram = numbers:histogram(10)
  return s
end

--- One column of all parts: make(view) of each, with the status its rows have; nil where a part has none.
local function joined(parts, make)
  local columns, statuses = {}, {}
  for i, part in ipairs(parts) do
    local numbers = make(part.view)
    if not numbers then return nil end
    columns[i], statuses[i] = part.marks and numbers:mark(part.marks) or numbers, part.as or "standing"
  end
  return columns[1] and stats.join(columns, statuses)
end

--- The rows of all parts by the value of a key: those that stand, and those that were read.
-- @param when     a path whose times are read on the way; nil for none
-- @param moments  … into moments[view], as columns
local function counts_in(parts, key, pool, when, moments)
  local after, before = {}, {}
  local function add(to, counts)
    for name, count in pairs(counts) do to[name] = (to[name] or 0) + count end
  end
  for _, part in ipairs(parts) do
    local standing, read, times = tally.groups(part.view, key, pool, when)
    if not standing then error(read, 0) end
    if times then moments[part.view] = stats.packed(times, part.view) end
    add(before, read)
    if part.groups then
      for _, view in ipairs(part.groups) do add(after, (tally.groups(view, key, pool))) end
    elseif part.as == "standing" then
      add(after, standing)
    end
  end
  return after, before
end

--- A histogram over the same bins of all rows and of those that stand.
-- @return  { edges, counts = of those that stand, before = of all }
function figures.paired(numbers, bins, logarithmic)
  local all = numbers:histogram(bins, "all", logarithmic)
  if not all then return nil end
  local below, last, counts = numbers:counts(all.edges, "standing"), #all.counts, {}
  below[1], below[last + 1] = 0, numbers:count "standing"   -- the outer bins hold what lies past their edges
  for i = 1, last do counts[i] = below[i + 1] - below[i] end
  return { edges = all.edges, counts = counts, before = all.counts }
end

--- Lengths before and after, by field, and how many rows have the longer column.
-- @param metrics  those that hold them for most rows, by field; may be nil
local function lengths_of(parts, pool, metrics)
  local out, readable, columns = {}, 0, {}
  for _, field in ipairs { "input", "output" } do
    local tokens = joined(parts, function(view)
      return stats.field_tokens(view, field, pool, metrics and metrics[field], parts[1].read)
    end)
    columns[field] = tokens
    if tokens then
      out[field] = { before = figures.summary(tokens, "all", figures.BINS),
                     after = figures.summary(tokens, "standing", figures.BINS),
                     histogram = figures.paired(tokens, figures.PAIRED_BINS, true) }
      readable = math.max(readable, tokens:count())
    end
  end
  return out, readable, columns
end

local function leakage_of(parts, pool, tokens)
  local input, output
  if #parts == 1 and not parts[1].marks then input, output = tokens.input, tokens.output end
  local leaks = joined(parts, function(view) return stats.leak(view, figures.LEAK_BYTES, pool, input, output) end)
  local n = leaks and leaks:count("standing") or 0
  if n == 0 then return nil end
  return { count = leaks:sum("standing"), share = leaks:sum("standing") / n, least_bytes = figures.LEAK_BYTES,
           row = leaks:first(1) }
end

--- What a set of views says: its parts loaded from files, each with the status its rows have.
-- @param parts  list of { view =, as = "standing"|"rejected", read = a view of it before any edit }, or of
--               { view =, marks = one digit a row, its status, groups = views of its standing rows }
-- @param options  by = topic key, prefer = the same where rows have it, pool =,
--                 known = set of the keys that rows have (nil: try all), tokens = { input = metric of a view }
function figures.of_views(parts, options)
  local pool, out = options.pool, {}
  local function present(keys)
    if not options.known then return keys end
    local some = {}
    for _, key in ipairs(keys) do if options.known[key] then some[#some + 1] = key end end
    return some
  end
  -- the first walk over the rows reads the time too, where the keys are known: it is the bytes that cost
  local when, moments = options.known and present(figures.TIME_KEYS)[1], {}
  local function counts_of(key) return counts_in(parts, key, pool, not next(moments) and when or nil, moments) end
  local function times_of(view, path)
    return path == when and moments[view] or stats.times(view, path, pool)
  end
  local function column_of(measure)
    return function(path)
      return joined(parts, function(view) return measure(view, path, pool) end)
    end
  end

  local lengths, readable, columns = lengths_of(parts, pool, options.tokens)
  out.lengths = lengths
  local by = options.by or options.prefer
  local function groups(key, counts, before)
    return key and figures.groups(key, counts, options.filtered and before or nil)
  end
  local after, before
  if by then after, before = counts_of(by) end
  if by and figures.named_groups(by, after) then
    out.topics = groups(by, after, before)
  elseif options.by then
    out.no_key = options.by
  else
    out.topics = groups(figures.group_key(present(figures.TOPIC_KEYS), counts_of))
  end
  out.languages = groups(figures.group_key(present(figures.LANGUAGE_KEYS), counts_of))

  local name, scores = first_column(present(figures.SCORE_KEYS), readable, column_of(stats.path))
  if name then out.scores = figures.scores(name, scores) end
  local path, moments_at = first_column(present(figures.TIME_KEYS), readable, column_of(times_of))
  if path then out.time = time_figures(path, moments_at) end
  out.leakage = leakage_of(parts, pool, columns)
  return out
end

return figures
