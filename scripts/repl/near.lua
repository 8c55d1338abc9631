--- near: the rows of a view that are most like a text, by what the view has to compare them with.

local neardup = require "neardup"
local screen = require "report.screen"
local semantic = require "semantic"
local vectors = require "vectors"

local near = {}

local STRANGER = 0.001   -- a cosine below it is shown as nothing

local WORDS = "by the cosine of %s vectors, which see shared words and not paraphrases"
local MEANING = "by the cosine of the vectors of %s"
local CANNOT = "the vectors of %s are given ones, and no text can be embedded as they were: by exact Jaccard instead"
local UNKNOWN = "the embedding (%s) knows nothing of this text: by exact Jaccard instead"

local function by_jaccard(o, text, k, field)
  local hits, err = neardup.nearest(o.view, text, { k = k, shingle = 5, fields = { field or "input" }, rows = o.rows },
                                    o.session.pool)
  return hits, hits and "Jaccard" or err
end

--- @param o      what a view of the REPL holds
-- @param field  whose Jaccard; nil: vectors are taken where there are some
-- @return  { { row =, jaccard = or cosine = }, … }, best first, and the figure's name; or nil and a message
function near.find(o, text, k, field)
  local given = not field and vectors.of(o.view)
  if not given then return by_jaccard(o, text, k, field) end
  local say = function(words) o.session:say(words:format(screen.clean(given:name()))) end
  if not given:embedder() then
    say(CANNOT)
    return by_jaccard(o, text, k)
  end
  local hits, err = semantic.nearest(o.view, given, text, { k = k, rows = o.rows }, o.session.pool)
  if hits == nil then return nil, err end
  if not hits then
    say(UNKNOWN)
    return by_jaccard(o, text, k)
  end
  say(given:meaning() and MEANING or WORDS)
  while #hits > 0 and hits[#hits].cosine < STRANGER do hits[#hits] = nil end
  return hits, "cosine"
end

return near
