--- judged_blocks: what report/judged.lua found as blocks of a document.

local drift = require "judge.trust.drift"
local screen = require "report.screen"
local states = require "judge.states"
local tell = require "judge.tell"

local judged_blocks = {}

judged_blocks.GROUPS = 50   -- topics or sources in a table

local number, percent = screen.number, screen.percent

local function text(blocks, line) blocks[#blocks + 1] = { kind = "text", text = line } end

-- ---- scores ----

local FIGURES = { { "rows", "right" }, { "mean", "right" }, { "P25", "right" }, { "median", "right" },
                  { "P75", "right" }, { "under 3.0", "right" } }

local function cells(first, s, last)
  local row = { first, number(s.count), number(s.mean, 2), number(s.p25, 2), number(s.median, 2), number(s.p75, 2),
                percent(s.under_3) }
  row[#row + 1] = last
  return row
end

local function columns(name, last)
  local out = { { name, flex = true } }
  for i, c in ipairs(FIGURES) do out[i + 1] = c end
  out[#out + 1] = last and { last, "right" } or nil
  return out
end

local function scores(j, blocks)
  local rows = {}
  for _, s in ipairs(j.scores or {}) do
    for _, which in ipairs { "all", "kept", "rejected" } do
      if s[which] then rows[#rows + 1] = cells(s.name .. ", " .. which, s[which]) end
    end
  end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", columns = columns "scores", rows = rows }
end

local function groups(name, list, blocks)
  local rows = {}
  for i, g in ipairs(list) do
    if i <= judged_blocks.GROUPS then rows[i] = cells(g.name, g, percent(g.kept / g.count)) end
  end
  blocks[#blocks + 1] = { kind = "table", columns = columns(name, "kept"), rows = rows }
  if #list > #rows then text(blocks, ("and %s more"):format(number(#list - #rows))) end
end

-- ---- in words ----

local TRUST = {
  people = "The scores are people's own.",
  untrusted = "Untrusted: no calibration on 100 labels or more exists for this judge, rubric and version "
    .. "(tamis judge calibrate).",
}

local function trust_line(t)
  if TRUST[t.state] then return TRUST[t.state] end
  local kappa = t.kappa and ("%.2f"):format(t.kappa) or "undefined"
  return ("%s on %s labels: kappa of keep and drop %s"):format(t.state == "calibrated" and "Calibrated"
    or "Found uninformative by its calibration", number(t.n), kappa)
end

local function states_line(j)
  local parts = {}
  for _, name in ipairs(states.names) do
    local n = (j.states or {})[name]
    if n then parts[#parts + 1] = ("%s %s"):format(number(n), name) end
  end
  return table.concat(parts, ", ")
end

local function spent_lines(j, blocks)
  local s = j.spent
  if not s then return end
  local tokens = s.tokens or {}
  text(blocks, ("New spending $%s: %s, %s; %s tokens in, %s from the provider's cache, %s out; prices of %s."):format(
    tell.dollars(s.cost or 0), screen.count(s.requests or 0, "request"),
    screen.count(s.retries or 0, "retry", "retries"), number((tokens.input or 0) + (tokens.cache_write or 0)),
    number(tokens.cache_read or 0), number(tokens.output or 0), tostring(s.price_as_of)))
  if (s.lost or 0) > 0 then
    text(blocks, ("Of it $%s for requests whose replies were lost or not counted: at most that."):format(
      tell.dollars(s.lost)))
  end
  text(blocks, ("%s came from the cache, which saved $%s."):format(screen.count(s.hits or 0, "answer"),
    tell.dollars(s.saved or 0)))
end

local function length_line(l)
  local told = l.low <= 0 and l.high >= 0 and "; that is not told apart from none" or ""
  return ("Twice the output's tokens go with %+.3f in the total (%+.3f to %+.3f, %s, each source with a level of its "
    .. "own%s). At equal length %s would go and %s come back."):format(l.slope, l.low, l.high, screen.count(l.n, "row"),
    told, screen.count(l.flips.go, "kept row"), number(l.flips.come))
end

local function words(j, blocks)
  text(blocks, trust_line(j.trust))
  text(blocks, "Rows: " .. states_line(j))
  if j.provider ~= "file" then
    text(blocks, ("The model's own overall would decide otherwise on %s."):format(
      screen.count(j.disagreements or 0, "row")))
  end
  local c = j.canaries
  if c and c.asked > 0 then
    text(blocks, ("Planted answers that only ask for the highest marks: %d of %d got them."):format(c.passed, c.asked))
  end
  spent_lines(j, blocks)
  if j.length then text(blocks, length_line(j.length)) end
end

local function moved(d, model, blocks)
  text(blocks, "Drift: " .. drift.line(d, model))
  local rows = {}
  for _, x in ipairs(d.dimensions or {}) do
    rows[#rows + 1] = { x.name, number(x.n), ("%+.2f"):format(x.shift), percent(x.exact) }
  end
  if d.total then
    rows[#rows + 1] = { "total", number(d.total.n), ("%+.2f"):format(d.total.shift), percent(d.total.exact) }
  end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "drift of", flex = true }, { "rows", "right" },
    { "mean shift", "right" }, { "same mark", "right" } } }
end

--- The blocks of all judge stages of a report.
function judged_blocks.add(f, blocks)
  for _, j in ipairs(f.judges or {}) do
    local by = j.model or j.scores_file and j.scores_file.path or j.provider
    blocks[#blocks + 1] = { kind = "heading", text = ("Judged by %s (%s, rubric %s, version %d)"):format(tostring(by),
      j.stage, tostring(j.rubric.name), j.rubric.version), name = #f.judges == 1 and "Judge" or "Judge: " .. j.stage }
    words(j, blocks)
    scores(j, blocks)
    if j.topics then groups("by " .. j.topics.key, j.topics.groups, blocks) end
    if j.drift then moved(j.drift, j.model, blocks) end
    if #(j.sources or {}) > 1 then groups("by source", j.sources, blocks) end
  end
end

return judged_blocks
