--- style: how the texts of each source are written: forms, lengths, openings; whose they are, and when. It removes
-- nothing: it measures, and warns where a source has one way of writing only.
-- What a teacher model always does (a list under a header, "Certainly! Here is …") a model learns before anything
-- else, and two humps of lengths are two sources that do not go together.

local annotators = require "style.annotators"
local code = require "style.code"
local groups = require "style.groups"
local keys = require "run.keys"
local screen = require "report.screen"
local style = require "style"

-- What the kernel takes.
local function native(p)
  return { field = p.field, by = p.by, opening_words = p.opening_words, list_items = p.list_items,
           code_lines = p.code_lines, code_share = p.code_share, code_starts = p.code_starts or code.starts,
           code_ends = p.code_ends or code.ends, annotator = p.annotator, time = p.time }
end

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local TELL = 2   -- openings in a note

local number, percent = screen.number, screen.percent

local function quoted(openings)
  local out = {}
  for i, t in ipairs(openings.top) do
    if i <= TELL then out[i] = ('"%s"'):format(t.text) end
  end
  return table.concat(out, ", ")
end

local NOTES = {
  openings = function(g, p)
    local o = g.openings
    if o.first_share > p.max_opening then
      return ("%s of the texts begin with %s (at most %s is usual)"):format(percent(o.first_share),
        quoted { top = { o.top[1] } }, percent(p.max_opening))
    end
    return ("%s of the texts begin in one of %d ways, %s … (at most %s is usual)"):format(percent(o.top_share), p.top,
      quoted(o), percent(p.max_openings))
  end,
  humps = function(g)
    local h = g.lengths.humps
    return ("lengths have two humps, near %s and %s tokens: two kinds of rows that may not go together"):format(
      number(h.left), number(h.right))
  end,
  form = function(g)
    return ("%s of the texts are %s: a model would learn the form; vary it, or keep it if production asks for it")
      :format(percent(g.form_share), g.form == "json" and "JSON" or g.form == "code" and "code"
        or ("with a %s"):format(g.form))
  end,
}

local function notes_of(f, p, name)
  local out = {}
  for _, g in ipairs(f.groups) do
    for _, sign in ipairs(g.signs) do
      out[#out + 1] = ("%s: %s (%s): %s"):format(name, g.name, screen.count(g.rows, "row"), NOTES[sign](g, p))
    end
  end
  local a = f.annotators
  for _, who in ipairs(a and a.drifting or {}) do
    for _, x in ipairs(a.list) do
      if x.name == who and x.drifts then
        out[#out + 1] = ("%s: the texts of %s drift: by the end they are %s times as long as at the beginning"):format(
          name, who, number(x.change, 2))
      end
    end
  end
  return out
end

-- Nobody named an annotator or a time: the path is wrong.
local function misnamed(view, f, p, name, out)
  local a = f.annotators
  if not a or f.rows == 0 then return end
  if a.rows == 0 then
    out[#out + 1] = ('%s: annotator = "%s": no row has it%s'):format(name, p.annotator, keys.hint(view, p.annotator))
  elseif p.time and a.timed == 0 then
    out[#out + 1] = ('%s: time = "%s": no row has a time there%s'):format(name, p.time, keys.hint(view, p.time))
  end
end

return {
  name    = "style",
  scope   = "corpus",
  doc     = "measure how the texts of each source are written: forms, lengths, openings, annotators; removes nothing",
  params  = {
    field     = { type = "enum", default = "output", values = FIELDS, doc = "the text to look at" },
    by        = { type = "list", of = { type = "string" }, default = { "kind", "generator" },
                  doc = "keys of a row whose values together name its group, at most 4; rows without any: their file" },
    synthetic = { type = "string", default = "synthetic",
                  doc = "the value of such a key that marks synthetic rows: all of them are told of together, too" },
    opening_words = { type = "integer", default = 4, min = 1, max = 20,
                      doc = "words of an opening; a text of no more words than that has none" },
    top       = { type = "integer", default = 10, min = 1, max = 100, doc = "commonest openings that are told" },
    max_opening  = { type = "number", default = 0.1, min = 0, max = 1,
                     doc = "warn where a larger share of a group's texts has one opening" },
    max_openings = { type = "number", default = 0.3, min = 0, max = 1,
                     doc = "warn where the commonest openings (top) have a larger share together" },
    max_form  = { type = "number", default = 0.9, min = 0, max = 1,
                  doc = "warn where a larger share of a group's texts has one form other than plain" },
    min_rows  = { type = "integer", default = 200, min = 1, max = 1000000000,
                  doc = "a group or an annotator of fewer rows is told of without warnings" },
    list_items = { type = "integer", default = 2, min = 1, max = 1000, doc = "lines that make a list" },
    code_lines = { type = "integer", default = 2, min = 1, max = 1000,
                   doc = "lines like code that make a text code where it has no fence," },
    code_share = { type = "number", default = 0.5, min = 0, max = 1, doc = "if they are this share of its lines" },
    code_starts = { type = "list", of = { type = "string" },
                    doc = "beginnings of such lines; a built-in list if absent" },
    code_ends   = { type = "list", of = { type = "string" }, doc = "ends of such lines; a built-in list if absent" },
    annotator = { type = "string", doc = "path or annotation that names who wrote or labelled a row" },
    time      = { type = "string", doc = "path of the time of it: lengths are then told by annotator and month" },
    max_drift = { type = "number", default = 1.5, min = 1, max = 1000,
                  doc = "warn where an annotator's texts became so many times as long, or as short" },
  },
  example = [[s.style { annotator = "metadata.annotator", time = "created_at" }]],
  reasons = {},
  metrics = {},

  check = function(p)
    if #p.by > 4 then return ("by has %d keys: at most 4"):format(#p.by) end
    if p.time and not p.annotator then return "time is the time of an annotator's rows: it needs annotator" end
  end,

  --- @return  the view as it is, and { figures, notes }
  run = function(view, p, ctx)
    local found, err = style.measure(view, native(p), ctx.pool)
    if not found then return nil, err end
    local function place(n)
      local row = view:row(n)
      return { source = row.source, line = row.line }
    end
    local f = { field = p.field, top = p.top, opening_words = p.opening_words, min_rows = p.min_rows,
                rows = found:forms(nil).rows }
    f.groups, f.group_count = groups.of(view, found, p, place)
    if p.annotator then f.annotators = annotators.of(found, p) end
    local notes = notes_of(f, p, ctx.name)
    misnamed(view, f, p, ctx.name, notes)
    return view, { figures = { style = f }, notes = notes }
  end,
}
