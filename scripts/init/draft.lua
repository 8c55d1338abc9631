--- draft: the text of a recipe for a set of files. Each stage is tried on the rows in memory with
-- the parameters it is given, in the order of the recipe, and says in a comment what it removed.

local figures = require "init.figures"
local fs = require "fs"
local groups = require "report.figures"
local load = require "report.load"
local screen = require "report.screen"
local stats = require "stats"
local trial = require "init.trial"

local draft = {}

draft.ID_KEYS = { "id", "ticket_id", "uuid", "row_id", "metadata.id" }
draft.IMBALANCE = 10       -- above this a cap is proposed
draft.LANGUAGE_SHARE = 0.02  -- a language with fewer rows is not kept by the recipe proposed
draft.MANY = 0.3           -- a stage that would remove more is proposed as a comment
draft.LANGUAGE_ROWS = 3000
draft.FEW = 0.05           -- a default that removes less is left as it is

local number, percent, clean = screen.number, screen.percent, screen.clean

-- A Lua literal for any string: printable characters as they are, all else by number.
local function quoted(s)
  local safe = s:gsub('[%c"\\]', function(c) return string.format("\\%03d", c:byte()) end)
  if not utf8.len(safe) then
    safe = safe:gsub("[\128-\255]", function(c) return string.format("\\%03d", c:byte()) end)
  end
  if clean(safe) ~= safe then
    safe = safe:gsub("[\128-\255]", function(c) return string.format("\\%03d", c:byte()) end)
  end
  return '"' .. safe .. '"'
end

local function literal(v)
  if type(v) == "string" then return quoted(v) end
  if type(v) ~= "table" then
    return math.type(v) == "float" and v == math.floor(v) and string.format("%d", v) or tostring(v)
  end
  local parts = {}
  for _, x in ipairs(v) do parts[#parts + 1] = literal(x) end
  local names = {}
  for name in pairs(v) do if type(name) == "string" then names[#names + 1] = name end end
  table.sort(names)
  for _, name in ipairs(names) do
    parts[#parts + 1] = (name:match("^[%a_][%w_]*$") and name or "[" .. quoted(name) .. "]") .. " = "
      .. literal(v[name])
  end
  return "{ " .. table.concat(parts, ", ") .. " }"
end

-- Lines of a recipe, comments wrapped.
local Text = {}
Text.__index = Text

local plain = screen.new { width = 100, unicode = true }

function Text:add(line) self[#self + 1] = line end

function Text:comment(text, indent)
  indent = indent or ""
  for _, line in ipairs(plain:wrap(clean(text), 96 - #indent)) do self:add(indent .. "-- " .. line) end
end

-- One call of a stage: named parameters in the order given.
local function call(name, order, params)
  local parts = {}
  for _, key in ipairs(order) do
    if params[key] ~= nil then parts[#parts + 1] = key .. " = " .. literal(params[key]) end
  end
  if #parts == 0 then return ("s.%s {}"):format(name) end
  local lead = ("s.%s { "):format(name)
  local whole = lead .. table.concat(parts, ", ") .. " }"
  if #whole <= 92 then return whole end
  local each = math.ceil(#parts / math.ceil(#whole / 92))   -- parameters a line
  local lines = {}
  for i = 1, #parts, each do
    lines[#lines + 1] = (i == 1 and lead or (" "):rep(#lead + 2))
      .. table.concat(parts, ", ", i, math.min(i + each - 1, #parts))
  end
  return table.concat(lines, ",\n") .. " }"
end

-- ---- the stages, one function each: comment, call, view behind it ----

-- Writes a stage that was tried. off: stands as a comment.
local function write(t, what, seen, removed, comment, off)
  t:add("")
  t:comment(("%s; removes %s of %s (%s)"):format(comment, number(removed), number(seen),
    percent(seen > 0 and removed / seen or 0)), "  ")
  local lead = off and "  -- " or "  "
  for line in (what .. ","):gmatch("[^\n]+") do
    t:add(lead .. line)
    lead = off and "  --" or ""
  end
end

local function stage_exact(t, view, ctx)
  local after, seen, removed = trial.run(view, "exact_dedup", { pool = ctx.pool })
  if not after then return view end
  write(t, call("exact_dedup", {}, {}), seen, removed,
    "copies of an earlier row, in all fields; upper case and white space do not matter")
  return after
end

local function stage_length(t, view, ctx)
  local p, said = {}, {}
  for _, field in ipairs { "input", "output" } do
    local b = figures.bounds(view, field, ctx.pool)
    if b then
      p["min_" .. field .. "_tokens"], p["max_" .. field .. "_tokens"] = b.min, b.max
      said[#said + 1] = ("%s: %s to %s tokens, median %s, P1 %s, P99 %s"):format(field, number(b.least),
        number(b.most), number(b.median), number(b.low, 0), number(b.high, 0))
    end
  end
  local after, seen, removed = trial.run(view, "length", { pool = ctx.pool, params = p })
  if not after then return view end
  local order = { "min_input_tokens", "max_input_tokens", "min_output_tokens", "max_output_tokens" }
  write(t, call("length", order, p), seen, removed, table.concat(said, "; ")
      .. ". The bounds are this data's P1 and P99, rounded; the usual ones are 20 to 2,048 and 10 to 1,024")
  return after
end

local function stage_repetition(t, view, ctx)
  local p = { max_repetition_ratio = 0.15 }
  if not ctx.has.output then p.field = "input" end
  local after, seen, removed = trial.run(view, "repetition", { pool = ctx.pool, params = p })
  if not after then return view end
  local why = "texts that repeat their own word pairs"
  if seen > 0 and removed / seen > draft.FEW then
    local ratio = stats.metric(after, "repetition.ratio")
    p.max_repetition_ratio = figures.share_up(ratio and ratio:quantile(figures.HIGH) or 0.5)
    why = ("%s: the usual 0.15 would remove %s, so this is the data's P99"):format(why, percent(removed / seen))
    after, seen, removed = trial.run(view, "repetition", { pool = ctx.pool, params = p })
    if not after then return view end
  end
  write(t, call("repetition", { "field", "max_repetition_ratio" }, p), seen, removed, why)
  return after
end

-- "en 97.2%, fr 1.1%, …"
local function listed(g, most)
  local names = {}
  for i, x in ipairs(g.groups) do
    if i > most then names[#names + 1] = "…" break end
    names[#names + 1] = x.name .. " " .. percent(x.share)
  end
  return table.concat(names, ", ")
end

local function stage_language(t, view, ctx)
  local tagged = ctx.languages
  if tagged then
    t:add("")
    t:comment(("the key %s names languages: %s. To keep some of them:"):format(tagged.key, listed(tagged, 6)), "  ")
    t:add(("  -- s.language { keep = { %s } },"):format(quoted(tagged.groups[1].name)))
    return view
  end
  local rows = trial.spread(view, draft.LANGUAGE_ROWS)   -- telling languages is slow: some rows say enough
  local tagged_view = trial.run(view, "language", { pool = ctx.pool,
    params = { keep = {}, min_confidence = 0 }, rows = rows })
  if not tagged_view then return view end
  local counts = tagged_view:group_counts("language", "standing")
  if rows then counts.unknown = nil end                    -- the rows not looked at
  local found = groups.groups("language", counts)
  if not found then return view end
  local keep = {}
  for _, x in ipairs(found.groups) do
    if x.share >= draft.LANGUAGE_SHARE and x.name ~= "und" and x.name ~= "unknown" then keep[#keep + 1] = x.name end
  end
  if #keep == 0 then keep[1] = "en" end
  local after, seen, removed = trial.run(view, "language", { pool = ctx.pool, params = { keep = keep }, rows = rows })
  if not after then return view end
  local off = seen == 0 or removed / seen > draft.MANY
  write(t, call("language", { "keep" }, { keep = keep }), seen, removed,
    (off and "found: %s (und: too short or too mixed to tell). Too many would go; choose, and take the dashes away"
      or "other languages than these; found: %s (und: too short or too mixed to tell)")
      :format(listed(found, 6)) .. (rows and ", by a sample" or ""), off)
  return (off or rows) and view or after
end

local function stage_pii(t, view, ctx)
  local found, stage = pcall(require, "stages.pii")
  if not found then return view end
  local p = trial.params(stage, { action = "reject" })
  local rejected, seen, hits = trial.run(view, "pii", { pool = ctx.pool, params = p })
  if not rejected then return view end
  p.action = "redact"
  local after, _, removed = trial.run(view, "pii", { pool = ctx.pool, params = p })
  if not after then return view end
  write(t, call("pii", { "action" }, { action = "redact" }), seen, removed,
    ("e-mail, phone, card, SSN and IP in %s rows (%s) are replaced by [EMAIL] and its like; "
      .. "action = \"reject\" drops those rows"):format(
      number(hits), percent(seen > 0 and hits / seen or 0)))
  return after
end

local function stage_near(t, view, ctx)
  local after, seen, removed = trial.run(view, "near_dedup", { pool = ctx.pool })
  if not after then return view end
  write(t, call("near_dedup", { "threshold" }, { threshold = 0.8 }), seen, removed,
    "near copies: rows whose character 5-grams agree to four fifths with a kept row (exact Jaccard)")
  return after
end

local function stage_balance(t, view, ctx)
  local g = ctx.topics and groups.groups(ctx.topics.key, view:group_counts(ctx.topics.key, "standing"))
  t:add("")
  if not g or #g.groups < 2 then
    t:comment("no key groups the rows by topic; rules of your own could:", "  ")
    t:add([[  -- s.topics { rules = { { "billing", "invoice", "refund" }, { "password", "password", "log in" } } },]])
    t:add([[  -- s.balance { by = "topic", max = 500 },]])
    return
  end
  local sizes = {}
  for _, x in ipairs(g.groups) do sizes[#sizes + 1] = x.count end
  local s = stats.from(sizes)
  local max = math.max(1, figures.up(s:median() * 3))
  local over = 0
  for _, n in ipairs(sizes) do over = over + math.max(0, n - max) end
  local balanced = g.imbalance < draft.IMBALANCE
  t:comment(("%s groups the rows: %s groups of %s to %s rows, largest %sx the smallest (under 10x needs no cap). "
    .. "A cap of three medians would remove %s (%s)"):format(
    g.key, number(#g.groups), number(s:min()), number(s:max()), number(g.imbalance, 1), number(over),
      percent(over / math.max(1, g.total))), "  ")
  local what = call("balance", { "by", "max" }, { by = g.key, max = max }) .. ","
  local able = not balanced and pcall(require, "stages.balance")
  t:add((able and "  " or "  -- ") .. what)
end

-- ---- the whole ----

local function header(t, view, looks, o)
  local standing, rejected = view:counts()
  t:comment(("A recipe for %s, written by tamis init. Change a number and run it again: tamis run THIS_FILE"):format(
    #looks == 1 and looks[1].path or number(#looks) .. " files"))
  t:add("--")
  for _, look in ipairs(looks) do
    local name = type(look.format) == "table" and "a mapping of its own" or look.format
    t:comment(("%s: %s (%s)"):format(look.path, name, look.reason or "as found"))
    local keys = {}
    for i, k in ipairs(look.keys or {}) do
      if i > 12 then keys[#keys + 1] = ("and %d more"):format(#look.keys - 12) break end
      keys[#keys + 1] = k.name .. " " .. tostring(k.kind) .. (k.share < 1 and " in " .. percent(k.share) or "")
    end
    if #keys > 0 then t:comment("  keys: " .. table.concat(keys, ", ")) end
  end
  t:comment(("%s rows were read%s%s."):format(number(standing),
    rejected > 0 and (", " .. number(rejected) .. " lines could not be") or "",
    #view == o.limit and " (the first " .. number(o.limit) .. " of more)" or ""))
  for _, r in ipairs(view:reasons()) do
    local at = view:row(r.example)
    t:comment(("  %s: %s, first at %s:%d"):format(r.reason, number(r.count), at.source, at.line))
  end
end

local function split(path)
  local parts = {}
  for part in path:gmatch "[^/]+" do parts[#parts + 1] = part end
  return parts
end

--- A data file's path as a recipe in `folder` must name it: recipes look from where they lie.
function draft.path_from(folder, path)
  if path == "-" or path:sub(1, 1) == "/" then return path end
  local from, to = fs.realpath(folder), fs.realpath(path)
  local here = fs.realpath "."
  if not from or not to or from == here then return path end
  local a, b, same = split(from), split(to), 0
  while same < #a and same < #b - 1 and a[same + 1] == b[same + 1] do same = same + 1 end
  if same == 0 then return to end
  return ("../"):rep(#a - same) .. table.concat(b, "/", same + 1)
end

local function source_lines(t, looks, folder)
  local parts = {}
  for i, look in ipairs(looks) do
    local path = draft.path_from(folder or ".", look.path)
    if look.mapped then parts[i] = ("{ %s, fields = %s }"):format(quoted(path), literal(look.format.fields))
    else parts[i] = quoted(path) end
  end
  local one = ("  sources = { %s },"):format(table.concat(parts, ", "))
  if #one <= 96 then t:add(one) return end
  t:add("  sources = {")
  for _, p in ipairs(parts) do t:add("    " .. p .. ",") end
  t:add("  },")
end

local function dataset_name(path)
  local name = path:match("[^/]*$"):gsub("%.gz$", ""):gsub("%.zst$", ""):gsub("%.[^.]+$", "")
  name = name:gsub("[^%w_%-]+", "_"):gsub("^_+", "")
  if path == "-" or name == "" then name = "dataset" end
  return name .. "_v1"
end

-- The first key that names each row: on every row, and never twice.
local function id_key(view, looks)
  for _, key in ipairs(draft.ID_KEYS) do
    local everywhere = true
    for _, look in ipairs(looks) do
      local has = false
      for _, k in ipairs(look.keys or {}) do
        has = has or (k.name == key and k.share == 1 and (k.kind == "string" or k.kind == "number"))
      end
      everywhere = everywhere and has
    end
    if everywhere and #looks > 0 then
      local n, twice = 0, false
      for value, count in pairs(view:group_counts(key, "standing")) do
        n = n + 1
        twice = twice or count > 1 or value == "unknown"
      end
      if n > 0 and not twice then return key end
    end
  end
end

--- The recipe's text.
-- @param view   the rows, as loaded
-- @param looks  what load.look said of each file
-- @param o      pool, name, limit, folder = where the recipe will lie (here if absent)
-- @return  nil and a message if there is nothing to write a recipe for
function draft.recipe(view, looks, o)
  if view:counts() == 0 then
    local r = view:reasons()[1]
    return nil, ("%s: no row could be read%s"):format(looks[1].path,
      r and (", the first line is " .. r.reason) or "; the file is empty")
  end
  local known = load.known(looks)
  local function counts_of(key)
    if known and not known[key] then return {} end
    return view:group_counts(key, "standing", o.pool)
  end
  local ctx = { pool = o.pool, has = {} }
  for _, field in ipairs { "input", "output" } do
    local n = stats.field_tokens(view, field, o.pool)
    ctx.has[field] = n and n:count "standing" > 0
  end
  local topic, topic_counts = groups.group_key(groups.TOPIC_KEYS, counts_of)
  ctx.topics = topic and groups.groups(topic, topic_counts)
  local language, language_counts = groups.group_key(groups.LANGUAGE_KEYS, counts_of)
  ctx.languages = language and groups.groups(language, language_counts)

  local t = setmetatable({}, Text)
  header(t, view, looks, o)
  t:add("")
  t:add('local s = require "tamis"')
  t:add("")
  t:add("return s.recipe {")
  t:add(("  name    = %s,"):format(quoted(o.name or dataset_name(looks[1].path))))
  t:add("  seed    = 42,")
  source_lines(t, looks, o.folder)
  t:add('  -- gold = { "gold.jsonl" },   -- 200 to 500 rows made by hand first; training rows near them are rejected')
  local id = id_key(view, looks)
  if id then t:add(("  id      = %s,"):format(quoted(id))) end
  local v = view
  for _, stage in ipairs { stage_exact, stage_length, stage_repetition, stage_language, stage_pii, stage_near } do
    v = stage(t, v, ctx)
  end
  t:add("")
  t:comment("more filters: cut-off and empty answers, broken characters, refusals, keys … `tamis help chat` lists "
    .. "them with their figures, in order. In place of the stages above:", "  ")
  t:add('  -- require "tamis.presets.chat",')
  stage_balance(t, v, ctx)
  t:add("")
  t:add("  s.export {},")
  t:add("}")
  t:add("")
  return table.concat(t, "\n")
end

return draft
