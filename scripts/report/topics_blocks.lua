--- topics_blocks: the clusters that topics stages found, as blocks of a document: sizes, words, the rows in the
-- middle of each, and those that fit nowhere.

local screen = require "report.screen"

local topics_blocks = {}

topics_blocks.TOPICS = 50     -- in the table
topics_blocks.OPENED = 24     -- … whose middle rows are shown
topics_blocks.FEW = 12        -- of so many topics all the rows, of more the first

local number, percent = screen.number, screen.percent

local function text(blocks, line) blocks[#blocks + 1] = { kind = "text", text = line } end

local function place(x) return x.place or ("%s:%d"):format(x.source, x.line) end

-- The words that do not stand in the name.
local function more(topic)
  local out = {}
  for _, term in ipairs(topic.terms or {}) do
    if not topic.name:find(term, 1, true) then out[#out + 1] = term end
  end
  return table.concat(out, ", ")
end

local function sizes(x, blocks)
  local all, rows = x.nowhere + x.without, {}
  for _, t in ipairs(x.topics) do all = all + t.rows end
  for i, t in ipairs(x.topics) do
    if i <= topics_blocks.TOPICS then
      rows[i] = { tostring(t.id), t.name, number(t.rows), percent(t.rows / math.max(1, all)), more(t) }
    end
  end
  local left = #x.topics - #rows
  if x.nowhere > 0 then rows[#rows + 1] = { "", "unknown", number(x.nowhere), percent(x.nowhere / all), "" } end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "id", "right" }, { "topic" }, { "rows", "right" },
    { "share", "right" }, { "more of its words", flex = true } } }
  if left > 0 then text(blocks, ("and %s more"):format(screen.count(left, "topic"))) end
end

local function middles(x, blocks)
  local rows, most = {}, #x.topics <= topics_blocks.FEW and math.huge or 1
  for i, t in ipairs(x.topics) do
    for k, row in ipairs(i <= topics_blocks.OPENED and t.central or {}) do
      if k <= most and row.text then rows[#rows + 1] = { k == 1 and tostring(t.id) or "", place(row), row.text } end
    end
  end
  if #rows == 0 then return end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "id", "right" }, { "row" },
    { "in the middle of its topic", flex = true } } }
end

local function nowhere(x, blocks)
  if x.without > 0 then text(blocks, ("%s no vector, and so no topic."):format(
    screen.count(x.without, "row has", "rows have"))) end
  if x.nowhere == 0 then return end
  text(blocks, ("%s nowhere: the cosine with every topic's middle is under %.3f. The farthest:"):format(
    screen.count(x.nowhere, "row fits", "rows fit"), x.min_similarity))
  local rows = {}
  for i, row in ipairs(x.far) do rows[i] = { place(row), row.text or "" } end
  blocks[#blocks + 1] = { kind = "table", rows = rows, columns = { { "row" }, { "fits nowhere", flex = true } } }
end

--- What a topics stage found, without a heading.
function topics_blocks.one(x, blocks)
  sizes(x, blocks)
  middles(x, blocks)
  nowhere(x, blocks)
end

--- The blocks of all topics stages of a report that go by vectors.
function topics_blocks.add(f, blocks)
  for _, x in ipairs(f.topic_clusters or {}) do
    local name = #f.topic_clusters == 1 and "Topics by vectors" or "Topics by vectors: " .. x.stage
    local from = x.model and "placed by " .. x.model or x.kept_names and x.kept_names > 0
      and ("%s as in an earlier run"):format(number(x.kept_names)) or "found in these rows"
    blocks[#blocks + 1] = { kind = "heading", name = name, text = ("%s (%s): %s of %s vectors, %s"):format(name:match
      "^[^:]*", x.stage, screen.count(#x.topics, "topic"), x.embedding, from) }
    if not x.sees_paraphrases then
      text(blocks, "Vectors of words alone: rows that share words lie together, whatever they mean.")
    end
    topics_blocks.one(x, blocks)
  end
end

local function copied(t)
  local out = {}
  for k, v in pairs(t) do out[k] = v end
  return out
end

-- The same rows with their words: copies, since the lineage keeps the others, and no text of a row.
local function with_texts(list, text_of)
  local out = {}
  for i, row in ipairs(list or {}) do
    out[i] = copied(row)
    if row.row then out[i].text, out[i].place = text_of(row.row) end
  end
  return out
end

--- Figures of a topics stage whose rows have their words.
-- @param text_of  function(number of the row) -> its text or nil, and how it is named
function topics_blocks.told(x, text_of)
  local out = copied(x)
  out.topics, out.far = {}, with_texts(x.far, text_of)
  for i, t in ipairs(x.topics) do
    out.topics[i] = copied(t)
    out.topics[i].central = with_texts(t.central, text_of)
  end
  return out
end

--- The same of all that a report has.
function topics_blocks.texts(f, text_of)
  for i, x in ipairs(f.topic_clusters or {}) do f.topic_clusters[i] = topics_blocks.told(x, text_of) end
end

return topics_blocks
