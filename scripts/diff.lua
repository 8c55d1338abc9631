--- diff: two sets of rows compared.
--   local diff = require "diff"
--   local a = diff.side("old.jsonl", { pool = pool })       -- a file, a run folder, a list of files, a view
--   local f = diff.compare(a, diff.side(view, { pool = pool, title = "d" }), { pool = pool })
--   terminal.render(diff.document(f), screen, out)
-- Which rows belong together is told by modules/diff/match.h.

local changes = require "diff.changes"
local document = require "diff.document"
local drift = require "diff.drift"
local json = require "json"
local names = require "diff.names"
local near = require "diff.near"
local rowdiff = require "rowdiff"
local side = require "diff.side"

local diff = {}

diff.EXAMPLES = 3
diff.NEAR = near.THRESHOLD

--- Opens one of the two sets: side.open of scripts/diff/side.lua.
diff.side = side.open
diff.document = document.blocks
diff.sentence = document.sentence

local EDITED = { "edited_id", "edited_near", "edited_folded" }
local HOW = { edited_id = "id", edited_near = "near", edited_folded = "folded" }

local function example(a, b, pair, how)
  return { a = pair.a and { place = a:place(pair.a), fields = a:fields(pair.a) } or nil,
           b = pair.b and { place = b:place(pair.b), fields = b:fields(pair.b) } or nil,
           jaccard = pair.jaccard, by = how }
end

-- A few rows of each kind: the same ones, whatever the order of the rows.
local function examples_of(a, b, match, most)
  local out = { edited = json.array {}, added = json.array {}, removed = json.array {} }
  for _, how in ipairs(EDITED) do
    for _, pair in ipairs(match:rows(how, most)) do
      if #out.edited < most then out.edited[#out.edited + 1] = example(a, b, pair, HOW[how]) end
    end
  end
  for _, kind in ipairs { "added", "removed" } do
    for i, pair in ipairs(match:rows(kind, most)) do out[kind][i] = example(a, b, pair) end
  end
  return out
end

local function about(s)
  return { title = s.title, rows = s.rows, faulty = s.faulty, formats = json.array(s.formats), run_id = s.run_id,
           path = s.dir }
end

local function add_counts(f, c)
  f.same, f.same_by_id = c.same + c.same_id, c.same_id
  f.edited = c.edited_id + c.edited_folded + c.edited_near
  f.edited_by = { id = c.edited_id, folded = c.edited_folded, near = c.edited_near }
  f.added, f.removed = c.added, c.removed
end

local function add_moves(f, match, pool)
  if not f.topics then return nil end
  local moves, err = match:moves(f.topics.key, pool)
  if not moves then return nil, err end
  f.topics.moved, f.topics.moves = 0, json.array(moves)
  for _, m in ipairs(moves) do
    f.topics.moved = f.topics.moved + m.rows
    m.from, m.to = tostring(m.from or "unknown"), tostring(m.to or "unknown")
  end
  return true
end

local function compare(a, b, o)
  local threshold = o.near == nil and near.THRESHOLD or o.near
  local named, err = names.find(a, b, { id = o.id, threshold = threshold or near.THRESHOLD, pool = o.pool })
  if not named then return nil, err end
  local match
  match, err = rowdiff.match(a.side, b.side, { ids = named.key ~= nil, near = threshold and near.params(threshold) },
    o.pool)
  if not match then return nil, err end
  local f = { a = about(a), b = about(b), id = named, near = threshold or nil }
  add_counts(f, match:counts())
  f.lengths = drift.lengths(a, b)
  f.topics, err, f.topics_of_one = drift.topics(a, b, o.by)
  if err then return nil, err end
  local moved, bad = add_moves(f, match, o.pool)
  if not moved and bad then return nil, bad end
  f.languages = drift.languages(a, b)
  f.examples = examples_of(a, b, match, o.examples or diff.EXAMPLES)
  if a.lineage and b.lineage then
    f.changes = json.array(changes.between(a.lineage, b.lineage))
    f.funnel = json.array(changes.funnel(a.lineage, b.lineage))
  end
  f.match = match
  return f
end

--- Compares two sides.
-- @param o  id = a path that names rows (false: none; nil: a recipe's, or one that is found),
--           near = the Jaccard from which rows count as edited (false: not looked for; nil: 0.5),
--           by = the annotation or path that groups rows, examples = so many of each kind, pool
-- @return   figures, plain data but for `match` (rowdiff); nil and a message
function diff.compare(a, b, o)
  local ok, f, err = pcall(compare, a, b, o or {})
  if ok then return f, err end
  if type(f) == "string" then return nil, f end
  error(f, 0)
end

return diff
