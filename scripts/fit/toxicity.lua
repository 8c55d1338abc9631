--- fit.toxicity: a linear classifier from labelled texts, for the stage toxicity.

local core = require "core"
local examples = require "classify.examples"
local figures = require "classify.figures"
local fitting = require "classify.fitting"
local hash = require "hash_file"
local host = require "host"
local json = require "json"
local load = require "report.load"
local screen = require "report.screen"

local D = fitting.DEFAULTS
local MOST_CLEAN = 18000
local LANGUAGE = "en"

local function base(path) return path:match "[^/]*$" end

-- ---- options ----

--- A number of an option, inside its bounds.
local function number(o, name, default, low, high)
  local given = o[name:gsub("-", "_")]
  if not given then return default end
  local v = tonumber(given)
  if v and v >= low and v <= high then return v end
  return nil, ("--%s needs a number from %g to %g, got %s"):format(name, low, high, given)
end

local function settings(o)
  local threshold, e1 = number(o, "threshold", D.threshold, 0, 1)
  local prior, e2 = number(o, "prior", D.prior, 0.001, 0.999)
  local held_out, e3 = number(o, "held-out", D.held_out, 0.05, 0.9)
  local err = e1 or e2 or e3
  if err then return nil, err end
  local window = o.window or D.window
  if window < D.least or window > 256 then
    return nil, ("--window is %d to 256 words, got %d"):format(D.least, window)
  end
  local unfit = {}
  for _, value in ipairs(o.not_fitted or {}) do unfit[value] = true end
  if next(unfit) and not o.by then return nil, "--not-fitted names values of --by PATH, which is not given" end
  return { unfit = unfit, threshold = threshold, prior = prior, held_out = held_out, window = window, seed = o.seed,
           alike = o.by_line and 0 or D.alike }
end

-- ---- reading ----

local function read_all(places, o, pool)
  local labelled, clean, words = {}, {}, {}
  local notes = {}
  for _, path in ipairs(places) do
    local list, seen = examples.labelled(path, { text = o.text or "text", label = o.label or "toxic", group = o.group,
                                                 by = o.by, positive = o.yes, pool = pool })
    if not list then return nil, seen end
    table.move(list, 1, #list, #labelled + 1, labelled)
    if seen.lines > #list then
      notes[#notes + 1] = ("%s: %d of %d lines have no text or label and are left out"):format(path, seen.lines - #list,
        seen.lines)
    end
  end
  if o.clean then
    local list, err = examples.clean(o.clean, { most = MOST_CLEAN, seed = o.seed, pool = pool })
    if not list then return nil, err end
    clean = list
  end
  if o.words then
    local list, err = examples.words(o.words, o.language or LANGUAGE)
    if not list then return nil, err end
    words = list
  end
  return { labelled = labelled, clean = clean, words = words, notes = notes }
end

-- ---- what is said ----

local function row(name, f)
  return ("  %-28s %6d %6d  %5s   %.2f  %.2f  %.2f    %.2f  %.2f  %.2f  %.3f   %.2f"):format(name, f.texts, f.toxic,
    f.auc and ("%.3f"):format(f.auc) or "-", f.at.precision, f.at.recall, f.at.f1, f.best.precision, f.best.recall,
    f.best.f1, f.best.threshold, f.majority)
end

local function say_groups(file, threshold, out)
  local names, lists = {}, {}
  for _, e in ipairs(file.list) do
    if e.by and not lists[e.by] then names[#names + 1], lists[e.by] = e.by, {} end
    if e.by then table.insert(lists[e.by], e) end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    local a = figures.at(lists[name], threshold)
    out(("    %-26s %6d %6d  %4.0f%% right"):format(name, #lists[name], a.tp + a.fn,
      100 * (a.tp + a.tn) / #lists[name]))
  end
end

local function say(found, read, s, out)
  out(("Fitted to %s texts: %s labelled, %s clean strings and %s words, less those held out"):format(
    screen.number(found.fitted), screen.number(#read.labelled), screen.number(#read.clean), screen.number(#read.words)))
  out(("Held out                                            at %-4g                 at the best F1                all"
    ):format(s.threshold))
  out("  set                           texts  toxic    AUC   prec  rec   F1      prec  rec   F1    at      toxic: F1")
  for _, f in ipairs(found.files) do
    out(row(base(f.file), f))
    say_groups(f, s.threshold, out)
  end
  for _, c in ipairs(found.clean) do
    out(("  %-28s %6d rows, of which %s score above %g"):format(base(c.file), c.rows, screen.percent(c.over / c.rows),
      s.threshold))
  end
end

-- ---- the file's header ----

local function record(places, read, found, s, o)
  local files, clean = {}, {}
  for i, f in ipairs(found.files) do
    files[i] = { file = base(f.file), sha256 = (hash.sha256(places[i])), held_out = f.texts, toxic = f.toxic,
                 auc = f.auc, at = f.at, best = f.best }
  end
  for i, c in ipairs(found.clean) do clean[i] = { file = base(c.file), rows = c.rows, over = c.over } end
  return json.encode {
    kind = "toxicity", about = o.about or "", tamis = host.version,
    files = json.array(files), clean = json.array(clean),
    labelled = #read.labelled, clean_strings = #read.clean, words = #read.words, fitted = found.fitted,
    threshold = s.threshold, prior = s.prior, window = s.window, seed = s.seed,
  }
end

local function refuse_twice(places)
  local seen = {}
  for _, p in ipairs(places) do
    if p == "-" then return "standard input cannot be read here: name a file" end
    if seen[p] then return p .. " is given twice" end
    seen[p] = true
  end
end

return {
  summary = "a classifier of texts by their label, for the stage toxicity",
  usage = "tamis fit toxicity LABELS… [--text PATH] [--label PATH] [--clean FILE]… [--words FILE] [--out FILE]",
  options = {
    { "--text PATH", "where a line has its text (default text)" },
    { "--label PATH", "where a line has its label (default toxic): true or false; a number, toxic from 0.5; a word" },
    { "--yes WORD", "the word that says toxic (default: true, yes, 1, toxic, hate, offensive and their like)" },
    { "--clean FILE", "rows of any format that hold nothing toxic, so that the score keeps off them", "list" },
    { "--words FILE", "words that tell, one a line or JSON with \"word\" (and \"lang\")" },
    { "--language CODE", "of the words, where the file names theirs (default en)" },
    { "--group PATH", "lines of the same value are held out together (default: those alike by their words)" },
    { "--by-line", "hold lines out one by one; a template's fillings are then on both sides" },
    { "--by PATH", "print the share that is right by this value too" },
    { "--not-fitted VALUE", "lines of this value of --by are scored, not fitted to: their label means another thing",
      "list" },
    { "--held-out SHARE", "of the groups (default 0.333)" },
    { "--threshold SCORE", "print precision, recall and F1 here (default 0.1)" },
    { "--prior SHARE", "of the strings that the stage will see are toxic (default 0.04): sets what a score means" },
    { "--window N", "words that are scored together (default 24); a shorter text is scored whole", "count" },
    { "--about TEXT", "whose texts these are, and their licences: kept in the file" },
  },
  notes = {
    "The figures are of texts that the weights were never fitted to, and of the file that --out writes. Each file of "
      .. "labels counts the same in the fit.",
  },
  examples = { "tamis fit toxicity labels.jsonl --clean tickets.jsonl --out mine.weights" },

  run = function(places, o, out)
    local s, wrong = settings(o)
    wrong = wrong or refuse_twice(places)
    if wrong then return nil, wrong, 2 end
    local paths, missing = load.paths(places)
    if not paths then return nil, missing end
    if #paths == 0 then return nil, "expected a file of labelled texts", 2 end
    local pool <close> = core.pool(0)
    local read, err = read_all(paths, o, pool)
    if not read then return nil, err end
    for _, note in ipairs(read.notes) do out(note) end
    local model, found = fitting.run(read.labelled, read.clean, read.words, s)
    if not model then return nil, found end
    say(found, read, s, out)
    return model:bytes(record(paths, read, found, s, o))
  end,
}
