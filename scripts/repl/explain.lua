--- explain: a row's passport, from a view in memory; drawn as `tamis explain` draws it.

local command = require "cli.explain"
local json = require "json"
local remedy = require "report.remedy"
local show = require "repl.show"
local turns = require "report.turns"

local FIELDS = { "system", "input", "output", "alternative" }

local function text_of(native, n)
  local fields, any = {}, false
  for _, name in ipairs(FIELDS) do
    fields[name] = native:field(n, name)
    any = any or fields[name] ~= nil
  end
  local bytes = native:row(n).bytes
  if not any then return { raw = bytes } end
  local object = json.decode(bytes)
  return { fields = fields, turns = turns.of(object, function(path) return native:key(n, path) end) }
end

local STATUS = { standing = "curated" }

local function twin_of(native, twin)
  local n = not twin.run and native:find({ source = twin.source, line = twin.line })[1]
  return { run = twin.run, source = twin.source, line = twin.line, output = n and "#" .. n or nil,
           text = n and text_of(native, n) or nil }
end

-- As the ledger has them, by stage.
local function edits_of(native, n)
  local out = {}
  for _, edits in ipairs { native:edits(n) } do
    for _, e in ipairs(edits) do
      out[e.stage] = out[e.stage] or {}
      table.insert(out[e.stage], { path = e.path, spans = e.spans })
    end
  end
  return out
end

return function(v, native, n)
  local view = require "repl.view"
  local stages = view.stages(v)
  local row = native:row(n)
  row.status, row.also = STATUS[row.status] or row.status, row.also or {}
  row.edits = edits_of(native, n)
  local p = { source = row.source, line = row.line, row = n, id = row.id, status = row.status, stage = row.stage,
              reason = row.reason, evidence = row.evidence,
              annotations = next(row.annotations) and row.annotations or nil, metrics = row.metrics,
              text = text_of(native, n), stages = remedy.stages(stages, row), also = {} }
  p.verdict = row.status ~= "curated" and remedy.verdict(stages, row)
    or #stages.stages == 0 and "kept: no stage has run" or "kept: it passed every stage so far"
  for i, a in ipairs(row.also) do
    p.also[i] = { stage = a.stage, reason = a.reason, evidence = a.evidence, words = remedy.words(stages, a) }
  end
  if row.status ~= "curated" then p.would_keep = remedy.would_keep(stages, row) end
  if row.evidence and row.evidence.twin then p.twin = twin_of(native, row.evidence.twin) end
  return show.drawing(p, function(s, out) command.show(s, p, out) end, "passport")
end
