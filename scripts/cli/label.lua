--- label: a person scores a sample of rows by a rubric, in a full-screen form; saved row by row.

local book = require "label.book"
local core = require "core"
local form = require "label.form"
local fs = require "fs"
local json = require "json"
local load = require "report.load"
local options = require "cli.options"
local pick = require "label.pick"
local rubric = require "label.rubric"
local run = require "report.run"
local screen = require "report.screen"

local label = {
  summary = "score a sample of rows by a rubric, in the terminal",
  usage = "tamis label RUN|FILE… [--n N] [--by KEY|--margin STAGE.PARAM|--queue STAGE] [--export FILE]",
  options = {
    { "RUN|FILE…", "a run folder, or data files (default: the latest run)" },
    { "--n N", "rows in the sample (default 100)", "count" },
    { "--by KEY", "draw from each value of KEY: topic, source, reason or an annotation; of files a key of the rows;"
      .. " several with commas (default: the topic if there is one)" },
    { "--of WHICH", "kept, rejected or all rows of the run (default: kept; all with --by reason)" },
    { "--margin STAGE.PARAM", "the rows nearest that threshold of the run, on both sides" },
    { "--queue STAGE", "the rows that a spot_check stage of the run queued, all of them" },
    { "--seed N", "another sample (default 42)", "count" },
    { "--rubric FILE", "a Lua table or JSON of dimensions; tamis help label shows one (default: five, 1 to 5)" },
    { "--annotator NAME", "who scores (default: $USER)" },
    { "--file FILE", "where labels are kept (default labels/NAME.ANNOTATOR.jsonl); found again, it is gone on with" },
    { "--export FILE", "write the labelled rows with their scores as JSONL, - for stdout; no form" },
    { "--at-least N", "export only rows whose every score is N or more: candidates for a gold set", "count" },
    { "--format NAME", "read the files as this format (default: found)" },
  },
  notes = {
    "One digit scores the marked dimension and marks the next; the last one saves the row and shows the next row.",
    "A rubric: return { name = \"tone\", { name = \"polite\", doc = \"is it polite?\", min = 1, max = 5 }, \"clear\" }",
    "Two people label the same sample (same run, --n, --by and --seed), then: tamis agree A.jsonl B.jsonl",
  },
  examples = {
    "tamis label curated/helpdesk_v1/latest --n 200",
    "tamis label raw_2024.jsonl --by topic --annotator ana",
    "tamis label --margin near_dedup.threshold --n 60",
    "tamis label curated/helpdesk_v1/latest --export gold.jsonl --at-least 4",
  },
}

local DEFAULT_N, DEFAULT_SEED = 100, 42
local FILE_MODE = 384   -- octal 0600: it holds rows

local function fail(status, message)
  io.stderr:write("tamis: ", screen.clean(message), "\n")
  return status
end

local WHICH = { kept = true, rejected = true, all = true }

local function parse(args)
  local o, places = options.read(args, label.options)
  if not o then return nil, places end
  if o.margin and o.by then return nil, "give one of --margin and --by" end
  if o.queue and (o.margin or o.by or o.of) then return nil, "--queue names the rows: no --margin, --by or --of" end
  if o.of and not WHICH[o.of] then return nil, ("--of %s: expected kept, rejected or all"):format(o.of) end
  o.places, o.n, o.seed = places, o.n or DEFAULT_N, o.seed or DEFAULT_SEED
  o.annotator = o.annotator or fs.getenv "USER" or "annotator"
  if not o.annotator:find "^[%w_.@+-]+$" then
    return nil, ("--annotator %s: expected letters, digits and _ . @ + -"):format(o.annotator)
  end
  return o
end

--- What is labelled: { items, run, title, name }; or nil, a sentence and the exit status.
local function open(o)
  local folder = #o.places == 0 or #o.places == 1 and pick.is_run(o.places[1])
  if folder then
    local dir, err = run.find(o.places[1])
    if not dir then return nil, err, 1 end
    local r
    r, err = run.open(dir)
    if not r then return nil, err, 1 end
    r.pool = o.pool
    local items, note
    if o.margin then items, note = pick.margin(r, o)
    elseif o.queue then items, note = pick.queue(r, o)
    else items, note = pick.run(r, o) end
    if not items then return nil, note, 2 end
    local name = tostring(r.lineage.dataset_name or "run")
    return { items = items, run = r, note = note, name = name, title = ("%s %s"):format(name, r.lineage.run_id or "") }
  end
  local of_run = o.margin and "--margin" or o.of and "--of" or o.queue and "--queue"
  if of_run then
    return nil, ("%s needs a run: its ledger has the figures"):format(of_run), 2
  end
  local paths, missing = load.paths(o.places)
  if not paths then return nil, missing, 1 end
  local items, err = pick.files(paths, o)
  if not items then return nil, err, 1 end
  local name = paths[1]:match "[^/]*$":gsub("%..*$", "")
  return { items = items, name = name ~= "" and name or "rows", title = paths[1]:match "[^/]*$" }
end

local function default_file(what, o)
  return ("labels/%s.%s.jsonl"):format(what.name:gsub("[^%w_-]", "_"), o.annotator)
end

local function reaches(scores, least)
  for _, v in pairs(scores) do
    if v < least then return false end
  end
  return next(scores) ~= nil
end

-- An object with one more key, its other bytes as they are.
local function with_label(text, entry)
  local body = text:match "^%s*(.-)%s*$"
  local open_end = body:match "^(.*)}$"
  local sep = open_end:find "[^{%s]" and "," or ""
  return open_end .. sep .. '"_label":' .. json.encode(entry) .. "}"
end

local function export(o, what, path)
  local of, list = book.read(path)
  if not of then return fail(1, list) end
  local items = {}
  for _, item in ipairs(what.items) do items[item.key] = item end
  local wanted, lost = {}, 0
  for _, l in ipairs(list) do
    if not l.skipped and next(l.scores) and (not o.at_least or reaches(l.scores, o.at_least)) then
      if items[l.identity] then wanted[#wanted + 1] = items[l.identity] else lost = lost + 1 end
    end
  end
  local objects, err = pick.objects(wanted, what.run)
  if not objects then return fail(1, err) end
  local lines = {}
  for _, item in ipairs(wanted) do
    local l, text = of[item.key], objects[item.key]
    if not text or not text:find "^%s*{.*}%s*$" then lost = lost + 1
    else
      lines[#lines + 1] = with_label(text, { annotator = l.annotator, scores = l.scores, comment = l.comment,
                                             rubric = l.rubric, source = l.source, line = l.line }) .. "\n"
    end
  end
  local bytes = table.concat(lines)
  if o.export == "-" then io.stdout:write(fs.isatty(1) and screen.json(bytes) or bytes)
  else
    local ok, bad = fs.write(o.export, bytes, FILE_MODE)
    if not ok then return fail(1, bad) end
    io.stdout:write(("%s with scores in %s\n"):format(screen.count(#lines, "row"), screen.clean(o.export)))
  end
  if lost > 0 then
    local message = "%s of %s: not in this sample, or no object; give the --n, --by, --margin and --seed of then"
    return fail(1, message:format(screen.count(lost, "label"), path))
  end
  return 0
end

local function annotate(o, what, path, scores)
  local b <close>, err = book.open(path, o.annotator)
  if not b then return fail(1, err) end
  local state = form.new {
    items = what.items, rubric = scores, annotator = o.annotator, title = what.title, of = b.of,
    text = function(item) return pick.text(item, what.run) end,
    save = function(l)
      l.annotator, l.rubric, l.at = o.annotator, scores.name, fs.utc()
      return b:add(l)
    end,
  }
  local how, why = require "label.session".run(state)
  if not how then return fail(why:find "must be a terminal" and 2 or 1, "label: " .. why) end
  local labelled, skipped = form.counts(state)
  if how ~= "gone" then
    local line = "%s labelled and %s skipped of %s, in %s\n"
    io.stdout:write(line:format(screen.number(labelled), screen.number(skipped), screen.number(#what.items),
      screen.clean(path)))
  end
  return how == "left" and 0 or 130
end

function label.run(args)
  local o, message = parse(args)
  if not o then return fail(2, message) end
  local scores, err = rubric.load(o.rubric)
  if not scores then return fail(2, err) end
  if not o.export and not (fs.isatty(0) and fs.isatty(1)) then
    return fail(2, "label needs a terminal: standard input and output must be one; --export FILE needs none")
  end
  local pool <close> = core.pool(0)
  o.pool = pool
  local what, bad, status = open(o)
  if not what then return fail(status, bad) end
  if what.note then io.stderr:write(screen.clean(what.note), "\n") end
  local path = o.file or default_file(what, o)
  if o.export then status = export(o, what, path) else status = annotate(o, what, path, scores) end
  if what.run then what.run:close() end
  return status
end

return label
