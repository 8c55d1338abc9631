--- naming: what the clusters of a topics stage are called: by their terms, or as the same topics of an earlier run.

local naming = {}

naming.TERMS = 3           -- of a name
local OVERLAP = 0.3        -- share of the terms that two topics must have in common, where vectors cannot tell

local function name_of(terms, id)
  local words = {}
  for i, term in ipairs(terms) do
    if i <= naming.TERMS then words[i] = term[1] end
  end
  return #words > 0 and table.concat(words, ", ") or "topic " .. id
end

--- The name, or it with a number behind where another topic has it.
local function unique(name, taken)
  local out, n = name, 2
  while taken[out] do out, n = name .. " " .. n, n + 1 end
  taken[out] = true
  return out
end

-- The share of the terms of both that both have.
local function overlap(a, b)
  local set, common = {}, 0
  for _, term in ipairs(a) do set[term[1]] = true end
  for _, text in ipairs(b) do common = common + (set[text] and 1 or 0) end
  local all = #a + #b - common
  return all > 0 and common / all or 0
end

--- Pairs of topics that share terms, as topics:match gives those of vectors.
-- @param terms  of each cluster, { { text, share }, … }
-- @param old    the topics of the earlier run, each with its terms
function naming.by_terms(terms, old)
  local near, used_a, used_b, out = {}, {}, {}, {}
  for i, mine in ipairs(terms) do
    for k, topic in ipairs(old) do
      local share = overlap(mine, topic.terms or {})
      if share >= OVERLAP then near[#near + 1] = { i, k, share } end
    end
  end
  table.sort(near, function(a, b)
    if a[3] ~= b[3] then return a[3] > b[3] end
    if a[1] ~= b[1] then return a[1] < b[1] end
    return a[2] < b[2]
  end)
  for _, pair in ipairs(near) do
    if not used_a[pair[1]] and not used_b[pair[2]] then
      used_a[pair[1]], used_b[pair[2]], out[#out + 1] = true, true, pair
    end
  end
  return out
end

--- Gives each cluster a number that stays its own from run to run, a name, and its terms.
-- @param terms    of each cluster
-- @param old      { topics = { { id, name, terms }, … }, next_id }; nil: no earlier run
-- @param matched  { { cluster, old topic, cosine or share }, … }
-- @param reserved the name of rows without a topic
-- @return  { { id, name, terms = { text, … }, was = the share or cosine of the match, or nil }, … }, the next number
function naming.topics(terms, old, matched, reserved)
  local out, next_id, taken = {}, old and old.next_id or 1, { [reserved] = true }
  for _, pair in ipairs(matched) do
    local from = old.topics[pair[2]]
    out[pair[1]] = { id = from.id, name = from.name, was = pair[3] }
    taken[from.name] = true
  end
  for i, mine in ipairs(terms) do
    if not out[i] then
      out[i] = { id = next_id, name = unique(name_of(mine, next_id), taken) }
      next_id = next_id + 1
    end
    out[i].terms = {}
    for k, term in ipairs(mine) do out[i].terms[k] = term[1] end
  end
  return out, next_id
end

return naming
