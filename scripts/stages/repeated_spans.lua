--- repeated_spans: runs of tokens that stand in several rows, word for word: headers, disclaimers,
-- pasted passages. Every run of `tokens` tokens that an earlier row has is found, whatever stands
-- around it (case and white space apart); runs do not cross strings. Exact: tokens are compared,
-- no verdict rests on a hash. "report" only measures; "reject" drops rows of which more than
-- `max_share` stands in an earlier kept row; "cut" takes the runs out of the later rows' texts.

local spans = require "spans"

local FIELDS = { "system", "input", "output", "alternative", "assistant" }
local SHOWN = 70   -- characters of a span that a note shows

local function shown(s)
  s = s:gsub("%s+", " ")
  local cut = utf8.offset(s, SHOWN + 1)
  return cut and s:sub(1, cut - 1) .. "…" or s
end

local function notes(info, p, name)
  local out = {}
  if info.covered == 0 then return out end
  out[1] = ("%s: %d of %d rows repeat a span of %d tokens or more of an earlier row "
    .. "(%.1f%% of a row's tokens on average)")
           :format(name, info.covered, info.rows, p.tokens, info.share * 100)
  for _, t in ipairs(info.top) do
    out[#out + 1] = ("%s: in %d rows, %d tokens, first in row %d: %s"):format(
      name, t.rows, t.tokens, t.row, shown(t.text))
  end
  return out
end

return {
  name    = "repeated_spans",
  scope   = "corpus",
  doc     = "find, reject or cut out runs of tokens that an earlier row has too",
  params  = {
    tokens    = { type = "integer", default = 50, min = 2, max = 100000, doc = "a span has so many tokens or more" },
    action    = { type = "enum", default = "report", values = { "report", "reject", "cut" },
                  doc = "only measure; drop rows by their share; or take the spans out of later rows" },
    max_share = { type = "number", default = 0.5, min = 0, max = 1,
                  doc = "with reject: most of a row's tokens that may stand in spans of an earlier kept row" },
    fields    = { type = "list", least = 1, of = { type = "enum", values = FIELDS },
                  default = { "input", "output", "alternative" }, doc = "whose strings are compared" },
  },
  example = [[s.repeated_spans { tokens = 50, action = "cut" }]],
  reasons = { "repeated_spans", "nothing_left" },
  metrics = { "share" },
  -- loose: what a row shares with kept ones depends on which are kept
  bounds  = { { param = "max_share", metric = "share", side = "max", reason = "repeated_spans", loose = true } },

  --- @return  the view with the spans' metric, verdicts and edits; or nil and a message
  run = function(view, p, ctx)
    local op, info = spans.repeated(view, p, ctx.pool)
    if not op then return nil, info end
    local child, err = view:run_group { ops = { op }, stages = { ctx.name }, pool = ctx.pool }
    if not child then return nil, err end
    return child, { notes = notes(info, p, ctx.name) }
  end,
}
