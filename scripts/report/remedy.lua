--- remedy: a row's verdict in words, its figures against the thresholds, and what would have
-- kept it. Works on the ledger's records and the stages' own parameters; knows few stages by
-- name, so that new ones are explained too.

local json = require "json"
local limits = require "report.limits"
local marks = require "report.marks"
local screen = require "report.screen"

local remedy = {}

local number = screen.number

-- A measured figure with the digits it needs.
local function figure(v)
  if math.type(v) == "integer" or (type(v) == "number" and v == math.floor(v)) then return number(v) end
  local text = string.format("%.4f", v):gsub("0+$", ""):gsub("%.$", "")
  return text == "1" and v < 1 and ("%.7g"):format(v) or text   -- nearly the same is not the same
end

-- Four digits, rounded so that the row would pass: up for a bound it must stay under.
local function rounded(v, up)
  if v == math.floor(v) then return number(v) end
  local t = v * 10000
  return figure((up and math.ceil(t - 1e-9) or math.floor(t + 1e-9)) / 10000)
end

local OVER = { over_cap = true, over_target = true }   -- of a group more rows than are kept

local function evidence_of(fault) return fault.evidence or {} end

local function similarity(e)
  if e.jaccard then return "Jaccard", e.jaccard end
  if e.cosine then return "cosine", e.cosine end
  if e.overlap then return "overlap", e.overlap end
end

-- The parameter of a stage that a fault's evidence ran into: the one whose value is the
-- threshold; of several, the one whose name says most of the reason and the field.
local function parameter(r, fault)
  local stage = r:stage(fault.stage)
  local e = evidence_of(fault)
  if not stage then return nil end
  if e.overlap then return "overlap", e.threshold end
  local declared = limits.behind(stage, fault.reason)
  if declared then return declared.param, limits.params(stage)[declared.param] end
  if marks.decided(stage, fault) then return nil end   -- a lowest mark, or several bounds at once
  if similarity(e) and stage.params.threshold then return "threshold", stage.params.threshold end
  if similarity(e) and type(stage.params.max) == "number" then return "max", stage.params.max end
  if type(e.threshold) ~= "number" then return nil end
  local lower = type(e.value) == "number" and e.value < e.threshold
  local best, best_points
  for name, value in pairs(stage.params) do
    if type(value) == "number" and value == e.threshold then
      local points = 0
      if name:find(lower and "^min" or "^max") then points = points + 2 end
      if e.field and name:find(e.field, 1, true) then points = points + 2 end
      if name == "threshold" then points = points + 1 end
      if not best or points > best_points or (points == best_points and name < best) then
        best, best_points = name, points
      end
    end
  end
  return best, e.threshold
end

local function spans_in_words(spans)
  local list = {}
  for i, s in ipairs(spans) do
    if i > 5 then list[#list + 1] = ("and %d more"):format(#spans - 5) break end
    list[#list + 1] = ("%s in %s, characters %s to %s"):format(s.type or "a match", s.path or s.field
      or "the row", s.start, s["end"])
  end
  return table.concat(list, "; ")
end

--- Where a twin stands; one that an earlier run kept is of that run.
local function twin_place(r, twin)
  if twin.run then return ("%s:%s of the earlier run %s"):format(twin.source, tostring(twin.line), twin.run) end
  return r:short(twin.source) .. ":" .. tostring(twin.line)
end
remedy.twin_place = twin_place

local function article(word) return (word:find "^[aeio]" and "an " or "a ") .. word end

-- What is wrong with a line that could not be read, by its reason; nil where there is nothing to add.
local unread = {
  missing_field = function(e) return e.field and ('there is no "%s"'):format(e.field) end,
  field_type = function(e)
    return e.field and e.found and ('"%s" is %s that the format does not take'):format(e.field,
      e.found == "null" and "a null" or article(e.found))
  end,
  not_an_object = function(e) return e.found and ("the line is %s"):format(article(e.found)) end,
  duplicate_key = function(e) return e.field and ('"%s" stands twice'):format(e.field) end,
  lone_surrogate = function(e) return e.field and ('"%s" has half a character'):format(e.field) end,
  too_long = function(e)
    if not e.threshold then return nil end
    if not e.value then return ("more than %s %s"):format(figure(e.threshold), e.unit) end
    return ("the line has %s %s, at most %s are read"):format(figure(e.value), e.unit, figure(e.threshold))
  end,
}

local function unread_words(lead, fault, e)
  local say = (fault.stage or "load") == "load" and unread[fault.reason]
  local words = say and say(e)
  if not words then return nil end
  local at = e.offset and e.offset > 0 and (" at byte %s of the line"):format(tostring(e.offset)) or ""
  return lead .. ", " .. words .. at
end

--- One fault in a sentence: "length.input_too_short: input has 7, at least 20 is asked".
function remedy.words(r, fault)
  local e = evidence_of(fault)
  local lead = (fault.stage or "load") .. ": " .. (fault.reason or "?")
  local kind, value = similarity(e)
  local said = unread_words(lead, fault, e)
  if said then return said end
  if marks.decided(r:stage(fault.stage), fault) then return marks.words(r:stage(fault.stage), fault) end
  if e.twin then
    local place = twin_place(r, e.twin)
    local _, threshold = parameter(r, fault)
    if not value or not threshold then
      return ("%s, the same as %s in %s"):format(lead, place, e.field or "all fields")
    end
    -- what a file's vectors are of is not known
    local fields = e.field and " in " .. e.field or kind ~= "cosine" and " in all fields" or ""
    if e.via then
      local link = figure(e.via_jaccard or e.via_cosine)
      return ("%s, %s %s with %s%s, connected through %s, %s %s (at or above %s is a match)"):format(lead, kind,
        figure(value), place, fields, twin_place(r, e.via), kind, link, figure(threshold))
    end
    local other = e.jaccard and e.cosine and (" and cosine %s"):format(figure(e.cosine)) or ""
    return ("%s, %s %s%s with %s%s (at or above %s is a match)"):format(lead, kind, figure(value), other, place, fields,
      figure(threshold))
  end
  if fault.reason == "off_target" and type(e.value) == "number" then
    return ("%s, it is number %s by likeness to production and the draw, and %s are kept"):format(lead, figure(e.value),
      figure(e.threshold))
  end
  if fault.reason == "not_selected" and type(e.value) == "number" then
    return ("%s, it is number %s in the order of the scores, and %s stayed before it"):format(lead, figure(e.value),
      figure(e.threshold))
  end
  if OVER[fault.reason] and type(e.value) == "number" then
    return ("%s, it is number %s of its %s, and %s are kept"):format(lead, figure(e.value), (e.field
      or "group"):gsub("%+", " and "), figure(e.threshold))
  end
  if e.language and fault.reason ~= "low_confidence" then
    return ("%s, %s is %s (confidence %s)"):format(lead, e.field or "the text", tostring(e.language),
      figure(e.value or 1))
  end
  if type(e.value) == "number" and type(e.threshold) == "number" then
    return ("%s, %s is %s, %s %s is asked"):format(lead, e.field or "the row", figure(e.value),
      e.value < e.threshold and "at least" or "at most", figure(e.threshold))
  end
  if e.value ~= nil then
    return ("%s, %s is %s%s"):format(lead, e.field or "the row", tostring(e.value), e.threshold
      and ", asked is " .. tostring(e.threshold) or "")
  end
  if type(e.spans) == "table" then return lead .. ", " .. spans_in_words(e.spans) end
  if e.detail then return lead .. ", " .. tostring(e.detail) end
  if e.offset and e.wrong then
    return ("%s, %s: %s (behind %s characters)"):format(lead, e.path or e.field or "the row", e.wrong, figure(e.offset))
  end
  if e.offset then return ("%s at byte %s of the line"):format(lead, tostring(e.offset)) end
  local rest = {}
  for name, v in pairs(e) do
    if type(v) ~= "table" and name ~= "field" then
      rest[#rest + 1] = name .. " " .. (type(v) == "number" and figure(v) or tostring(v))
    end
  end
  table.sort(rest)
  if #rest > 0 then return lead .. ", " .. table.concat(rest, ", ") end
  return lead
end

local PATHS, PLACES = 4, 3   -- shown of the strings that a stage changed, and of what it replaced in each

-- "output (EMAIL at 9 to 29, 2 more)": places are of the text as the stage read it.
local function changed_string(edit)
  local spans, shown = edit.spans or {}, {}
  for i = 1, math.min(PLACES, #spans) do
    shown[i] = ("%s at %d to %d"):format(spans[i].type, spans[i].start, spans[i]["end"])
  end
  if #spans > PLACES then shown[#shown + 1] = ("%d more"):format(#spans - PLACES) end
  if #shown == 0 then return edit.path end
  return ("%s (%s)"):format(edit.path, table.concat(shown, ", "))
end

--- "changed 2 strings: input, output"
local function changed(edits)
  local shown = {}
  for i = 1, math.min(PATHS, #edits) do shown[i] = changed_string(edits[i]) end
  if #edits > PATHS then shown[PATHS] = ("%s and %d more"):format(shown[PATHS], #edits - PATHS) end
  return ("changed %s: %s"):format(screen.count(#edits, "string"), table.concat(shown, ", "))
end

-- A row that a stage had back.
local function came_back(r, back)
  return ("came back: %s, for which it was removed, %s"):format(r:short(back.source) .. ":" .. tostring(back.line),
    back.stage and ("was then rejected by %s"):format(back.stage) or "is no longer kept")
end

--- The verdict in one sentence.
function remedy.verdict(r, row)
  if row.status == "curated" then
    local by = {}
    for _, s in ipairs(r.stages) do
      if (row.edits or {})[s.name] then by[#by + 1] = s.name end
    end
    if #by == 0 then return "curated: it passed every stage" end
    return "curated: it passed every stage; its text was changed by " .. table.concat(by, ", ")
  end
  return ("%s by %s"):format(row.status, remedy.words(r, row))
end

-- A higher threshold keeps other rows too, and one of them may be nearer to this row than its twin is:
-- the pair alone is known. Where the stage removed this row only, there are no such rows.
local PAIR = "%s spares it from this twin; of the rows that are kept then, another may match it"

-- Of components one link is known of those that hold the row.
local LINK = "%s cuts its link to %s; another may hold it%s"

-- The lowest value of a similarity's threshold that this figure does not reach: none lies above 1.
local function above(stage, name, value)
  local limit = rounded(value, true)
  return ("%s.%s %s"):format(stage, name, limit == "1" and "= 1" or "above " .. limit)
end

-- Of the copies of one text the first is kept: one row less only moves the place.
local function without_twin(r, twin, source)
  local place = r:short(twin.source) .. ":" .. tostring(twin.line)
  if twin.source == source then return "its twin " .. place .. " removed, and any other copy before it" end
  return "its twin " .. place .. " and any other copy before it removed, or its source listed first or marked trusted"
end

-- What would have to change for one fault not to reject the row; nil if nothing sensible would.
local function change(r, fault, row)
  local e, source = evidence_of(fault), row.source
  local stage = fault.stage or "load"
  local kind, value = similarity(e)
  local name = parameter(r, fault)
  if stage == "load" and fault.reason == "too_long" and e.unit == "bytes" then
    return ("--max-line of %d or more"):format(e.value)
  end
  if stage == "load" then return "a line that reads: mend it in the source" end
  local s = r:stage(stage)
  local params = s and s.params or {}
  if marks.decided(s, fault) then return marks.would_keep(s, fault, (row.metrics or {})[stage .. ".total"]) end
  if fault.reason == "not_convertible" and (s and s.stage or stage) == "export" then
    return ("%s.format of a shape that holds it; it is %s"):format(stage, tostring(params.format or "another"))
  end
  if (s and s.stage or stage) == "decontaminate" then return "nothing should: it repeats a gold row" end
  if e.language and fault.reason ~= "low_confidence" then
    if fault.reason == "undetermined" then return ("%s.keep_undetermined = true"):format(stage) end
    local unsure = type(e.value) == "number" and type(e.threshold) == "number" and e.value < e.threshold
    return ("%s.keep with %s in it"):format(stage, tostring(e.language))
      .. (unsure and (", and %s.min_confidence at most %s"):format(stage, rounded(e.value, false)) or "")
  end
  if fault.reason == "off_target" then
    return ("a text of words like production's, a higher %s.n, or another seed"):format(stage)
  end
  if fault.reason == "not_selected" then return ("a higher score, or a higher %s.n"):format(stage) end
  if OVER[fault.reason] then
    local other = params.keep == "best" and "a higher score" or params.keep == "diverse" and "a text less like others"
      or "another seed"
    if fault.reason == "over_cap" then
      return ("%s.max at least %s, or %s"):format(stage, figure(e.value or 0), other)
    end
    return ("%s.%s with a larger share of its group, or %s"):format(stage, params.match and "match" or "target", other)
  end
  if e.twin and e.twin.run then
    local without = ("%s.against without %s"):format(stage, e.twin.run)
    if not (kind and name) or value >= 1 then return without end
    return ("%s, or %s"):format(without, PAIR:format(above(stage, name, value)))
  end
  if kind and name and params.cluster == "components" and value < 1 then
    return LINK:format(above(stage, name, e.via_jaccard or e.via_cosine or value), twin_place(r, e.via or e.twin),
      e.via and (", or %s.cluster = leader"):format(stage) or "")
  end
  if kind and name and e.jaccard and (e.cosine or 1) < 1 then
    local cosine = above(stage, "cosine", e.cosine)
    return value < 1 and ("%s, or %s"):format(cosine, PAIR:format(above(stage, name, value))) or cosine
  end
  if kind and name then
    if value >= 1 then
      local same = kind == "cosine" and "vector" or "text"
      return ("no threshold: its %s is the same as the twin's; --skip %s"):format(same, stage)
    end
    local limit = above(stage, name, value)
    return s.removed == 1 and limit or PAIR:format(limit)
  end
  if e.twin then
    return without_twin(r, e.twin, source)
  end
  if name and type(e.value) == "number" then
    if e.value < e.threshold then return ("%s.%s at most %s"):format(stage, name, rounded(e.value, false)) end
    return ("%s.%s at least %s"):format(stage, name, rounded(e.value, true))
  end
  if params.action == "reject" then return ("%s.action = redact or tag"):format(stage) end
  if type(params.keep) == "table" then return ("%s.keep with this row's value in it"):format(stage) end
  if e.detail ~= nil or fault.reason == stage or (s and s.stage == "filter") then
    return ("a change to the recipe's function %s, or --skip %s"):format(stage, stage)
  end
  return ("--skip %s"):format(stage)
end

--- All that would have to change for the row to be kept: the deciding fault and every other.
function remedy.would_keep(r, row)
  local out, seen = {}, {}
  local function add(fault)
    local text = change(r, fault, row)
    if text and not seen[text] then
      seen[text] = true
      out[#out + 1] = text
    end
  end
  add(row)
  for _, fault in ipairs(row.also) do add(fault) end
  for i = 1, #out - 1 do out[i] = out[i] .. ", and" end
  return out
end

-- How far a figure lies inside a bound; below 0 outside.
local function margin_of(side, value, bound)
  if side == "min" then return value - bound end
  return bound - value
end

local NO_VECTOR = "%s, so it is compared with nobody"
local WITHOUT = { "it has no vector", "its vector is all zero", "its vector holds NaN or infinity" }   -- vectors.h

-- "input_tokens 31 (20 to 2,048)": a metric with the parameters that bound it; and these as data.
local function bounded(stage, metric, value)
  local at, list, params = {}, {}, limits.params(stage)
  for _, b in ipairs(limits.of(stage, { metric })) do
    if b.metric == metric then
      at[b.side] = params[b.param]
      list[#list + 1] = { param = stage.name .. "." .. b.param, side = b.side, bound = at[b.side],
                          margin = margin_of(b.side, value, at[b.side]) }
    end
  end
  local low, high = at.min, at.max
  local text = metric .. " " .. figure(value)
  if metric == "no_vector" then text = NO_VECTOR:format(WITHOUT[value] or WITHOUT[1])
  elseif low and high then text = ("%s (%s to %s)"):format(text, figure(low), figure(high))
  elseif low then text = ("%s (at least %s)"):format(text, figure(low))
  elseif high then text = ("%s (at most %s)"):format(text, figure(high))
  elseif at.similarity then text = ("%s (threshold %s)"):format(text, figure(at.similarity)) end
  return text, list
end

local SPARED = "a kept row is as near by its words, but the cosine of the two is below %s"

--- Every stage of the run as this row met it.
-- Native row stages of one pass all see a row, also when one of them has rejected it; a pass is
-- told by its time, which its stages share. The recipe's own functions are spared such rows.
-- @return  list of { name, outcome, figures = { "…" }, metrics = { [name] = { value, bounds = { { param, side, bound,
--   margin } } } } }, the outcome one of passed, changed, rejected, quarantined, fault, not reached; a margin is how
--   far the figure lies inside its bound
function remedy.stages(r, row)
  local out, over, pass = {}, row.stage == "load", nil
  local faults = {}
  for _, a in ipairs(row.also) do faults[a.stage] = true end
  for _, stage in ipairs(r.stages) do
    local item = { name = stage.name, figures = json.array {}, metrics = {} }
    local names = {}
    for name, value in pairs(row.metrics) do
      local metric = name:sub(1, #stage.name + 1) == stage.name .. "." and name:sub(#stage.name + 2)
      if metric and type(value) == "number" then names[#names + 1] = metric end
    end
    table.sort(names)
    for _, metric in ipairs(names) do
      local value = row.metrics[stage.name .. "." .. metric]
      local text, list = bounded(stage, metric, value)
      item.figures[#item.figures + 1] = text
      item.metrics[metric] = { value = value, bounds = json.array(list) }
    end
    local edits = (row.edits or {})[stage.name]
    if edits then table.insert(item.figures, 1, changed(edits)) end
    item.edits = edits and json.array(edits)
    local back = (row.revived or {})[stage.name]
    if back then table.insert(item.figures, came_back(r, back)) end
    if stage.name == row.stage and row.status ~= "curated" then
      item.outcome, over, pass = row.status, true, stage.seconds
    elseif faults[stage.name] then item.outcome = "fault"
    elseif edits then item.outcome = "changed"
    else
      if stage.seconds ~= pass then pass = nil end
      local same = pass and stage.stage ~= "filter" and stage.stage ~= "map"
      item.outcome = over and #names == 0 and not same and "not reached" or "passed"
    end
    local similar = item.metrics.jaccard
    if item.outcome == "passed" and similar and stage.params.verify == "cosine" then
      table.insert(item.figures, SPARED:format(figure(stage.params.cosine)))
    end
    out[#out + 1] = item
  end
  return out
end

remedy.parameter = parameter

return remedy
