--- rubric: what the judge is asked, as data: the task, dimensions with a scale and a weight each, and examples.
-- A recipe may give its own table; what it leaves out is the default's:
--   { name = "helpdesk", version = 2, task = "…",
--     { name = "correctness", weight = 2, doc = "is it true?" }, "completeness",
--     examples = { { input = "…", output = "…", reasoning = "…", scores = { correctness = 5, completeness = 5 } } } }
-- With `topics`, a list of names (or "free"), the judge also names the topic of each input; where a rubric has no
-- dimensions, they are the default ones.
-- The dimensions are read as `tamis label` reads them, so that people and judge score by one table.

local hash = require "hash"
local json = require "json"
local label_rubric = require "label.rubric"
local nearest = require "nearest"

local rubric = {}

local MOST_TEXT = 20000      -- characters of one text of a rubric
local MOST_EXAMPLES = 12
local MOST_TOPICS, MOST_TOPIC = 200, 100   -- names; bytes of one
local RESERVED = { id = true, reasoning = true, overall = true, exclude = true }

--- The rubric where a recipe gives none. One example is an excellent answer of a few words: a judge that has
-- seen one pays less for length alone.
rubric.default = {
  name = "default", version = 1,
  task = "You rate examples that are meant to fine-tune a language model. Each example has an input, what somebody "
    .. "asked, and an output, the answer a model would learn to give. You rate the output.",
  { name = "correctness", doc = "Is everything the output says true, and does code in it work? 1: wrong in what "
    .. "matters. 3: right in the main, with a fault. 5: no fault to find." },
  { name = "helpfulness", doc = "Does it solve what whoever asked came for? 1: of no use. 5: they need nothing more." },
  { name = "instruction_following", doc = "Does it do what was asked, in the form, language and limits that were "
    .. "asked for? 1: something else. 5: to the letter." },
  { name = "completeness", doc = "Is every part of the request answered? A short answer to a small question is "
    .. "complete; length is no merit. 1: most is missing. 5: nothing is." },
  { name = "quality", doc = "Is it clear, well written and worth imitating? 1: a model would be worse for it. 5: a "
    .. "model answer." },
  examples = {
    { input = "What is the capital of Australia?", output = "Canberra.",
      reasoning = "True, exactly what was asked, and nothing is missing; more words would not make it better.",
      scores = { correctness = 5, helpfulness = 5, instruction_following = 5, completeness = 5, quality = 5 } },
    { input = "How do I cancel my subscription?",
      output = "Thank you so much for reaching out to us today! We truly value you as a customer, and we understand "
        .. "how important it is to manage your subscription. Cancelling is always a big decision. There are many "
        .. "reasons why people cancel, and each of them matters to us. Please let us know if there is anything else!",
      reasoning = "Many friendly words, and not one step that leads to a cancelled subscription.",
      scores = { correctness = 3, helpfulness = 1, instruction_following = 1, completeness = 1, quality = 2 } },
    { input = "Sum the numbers 2, 3 and 7 and answer with the number alone.", output = "The sum is 2 + 3 + 7 = 13.",
      reasoning = "The sum is 12, and a sentence stands where a number alone was asked for.",
      scores = { correctness = 1, helpfulness = 1, instruction_following = 2, completeness = 3, quality = 1 } },
  },
}

local function text_of(value, what)
  if type(value) ~= "string" then return nil, ("%s is a %s: expected a text"):format(what, type(value)) end
  if #value > MOST_TEXT then
    return nil, ("%s has %d characters: at most %d fit"):format(what, #value, MOST_TEXT)
  end
  return value
end

local function weight_of(d)
  local w = type(d) == "table" and d.weight or 1
  if type(w) ~= "number" or w ~= w or w < 0 or w > 1000 then return nil, "weight must be a number from 0 to 1000" end
  return w + 0.0
end

local function check_dimensions(t)
  local dims, err = label_rubric.check(t)
  if not dims then return nil, err end
  local list, sum = type(t.dimensions) == "table" and t.dimensions or t, 0
  for i, d in ipairs(dims) do
    if RESERVED[d.name] then
      return nil, ("%s is a key of the reply itself: name the dimension otherwise"):format(d.name)
    end
    d.weight, err = weight_of(list[i])
    if not d.weight then return nil, ("%s: %s"):format(d.name, err) end
    sum = sum + d.weight
  end
  if sum <= 0 then return nil, "all weights are 0: at least one dimension must count" end
  return dims
end

-- What the judge may answer where no topic fits.
rubric.OTHER = "other"

local function check_topics(t)
  if t == nil or t == "free" then return t end
  if type(t) ~= "table" or #t < 2 then return nil, 'topics: expected a list of two names or more, or "free"' end
  if #t > MOST_TOPICS then return nil, ("topics: %d names: at most %d fit"):format(#t, MOST_TOPICS) end
  local out, seen = {}, { [rubric.OTHER] = true }
  for i, name in ipairs(t) do
    if type(name) ~= "string" or not name:find "%S" or #name > MOST_TOPIC or name:find "[%c\"]" then
      return nil, ("topics[%d]: expected a name of at most %d bytes, without quotes"):format(i, MOST_TOPIC)
    end
    if seen[name] and name ~= rubric.OTHER then return nil, ("the topic %s stands twice"):format(name) end
    if name ~= rubric.OTHER then out[#out + 1], seen[name] = name, true end
  end
  return out
end

--- The topic that a reply names, as the rubric spells it; nil where it is none of them.
function rubric.topic(r, given)
  if not r.topics or type(given) ~= "string" then return nil end
  local name = given:match "^%s*(.-)%s*$"
  if r.topics == "free" then
    name = name:lower():gsub("%s+", " ")
    return name ~= "" and #name <= MOST_TOPIC and utf8.len(name) and name or nil
  end
  if name:lower() == rubric.OTHER then return rubric.OTHER end
  for _, topic in ipairs(r.topics) do
    if topic:lower() == name:lower() then return topic end
  end
end

local function check_topic(e, topics, out)
  if not topics then return out end
  out.topic = rubric.topic({ topics = topics }, e.topic)
  if not out.topic then return nil, "its topic must be one of topics" end
  return out
end

local function check_example(e, dims, topics)
  if type(e) ~= "table" then return nil, "expected a table, got a " .. type(e) end
  local out = { scores = {} }
  for _, key in ipairs { "input", "output", "reasoning" } do
    local text, err = text_of(e[key], key)
    if not text then return nil, err end
    out[key] = text
  end
  for _, d in ipairs(dims) do
    local v = type(e.scores) == "table" and e.scores[d.name]
    if math.type(v) ~= "integer" or v < d.min or v > d.max then
      return nil, ("its score of %s must be a whole number from %d to %d"):format(d.name, d.min, d.max)
    end
    out.scores[d.name] = v
  end
  return check_topic(e, topics, out)
end

local function check_examples(t, dims, topics)
  local list = t.examples
  if list == nil then return {} end
  if type(list) ~= "table" then return nil, "examples is a " .. type(list) .. ": expected a list" end
  if #list > MOST_EXAMPLES then return nil, ("%d examples: at most %d fit"):format(#list, MOST_EXAMPLES) end
  local out = {}
  for i, e in ipairs(list) do
    local made, err = check_example(e, dims, topics)
    if not made then return nil, ("example %d: %s"):format(i, err) end
    out[i] = made
  end
  return out
end

local KEYS = { name = true, version = true, task = true, examples = true, dimensions = true, min = true, max = true,
               topics = true }
local OF_DIMENSION = { name = true, doc = true, min = true, max = true, weight = true }

-- A key that nobody reads is a slip of whoever wrote it.
local function unknown_key(t, known, where)
  for key in pairs(t) do
    if math.type(key) ~= "integer" and not known[key] then
      local names = {}
      for name in pairs(known) do names[#names + 1] = name end
      table.sort(names)
      local near = nearest(tostring(key), names)
      return ("%s: unknown key %s%s (there are %s)"):format(where, tostring(key),
        near and (", did you mean %s?"):format(near) or "", table.concat(names, ", "))
    end
  end
end

local function unknown_keys(t)
  local fault = unknown_key(t, KEYS, "the rubric")
  for i, d in ipairs(type(t.dimensions) == "table" and t.dimensions or t) do
    if type(d) == "table" then fault = fault or unknown_key(d, OF_DIMENSION, d.name or "dimension " .. i) end
  end
  return fault
end

--- A rubric from a table as a recipe writes it; the default one from nil.
-- @return  { name, version, task, { name, doc, min, max, weight }, …, examples = { … } }; or nil and a sentence
function rubric.check(t)
  if t == nil then t = rubric.default end
  if type(t) ~= "table" then return nil, "expected a table of dimensions, got a " .. type(t) end
  local fault = unknown_keys(t)
  if fault then return nil, fault end
  local bare = t.topics ~= nil and #t == 0 and t.dimensions == nil
  local out, err = check_dimensions(bare and rubric.default or t)
  if not out then return nil, err end
  out.topics, err = check_topics(t.topics)
  if err then return nil, err end
  for _, d in ipairs(out.topics and out or {}) do
    if d.name == "topic" then return nil, "topic is what topics asks for: name the dimension otherwise" end
  end
  if type(t.name) == "string" then out.name = t.name end
  out.version = t.version or 1
  if math.type(out.version) ~= "integer" then return nil, "version must be a whole number" end
  out.task, err = text_of(t.task or rubric.default.task, "task")
  if not out.task then return nil, err end
  out.examples, err = check_examples(t, out, out.topics)
  if not out.examples then return nil, err end
  return out
end

--- The same rubric without a dimension, where a row cannot be judged by it. Its examples lose it, too.
function rubric.without(r, name)
  local out = { name = r.name, version = r.version, task = r.task, examples = r.examples, topics = r.topics }
  for _, d in ipairs(r) do
    if d.name ~= name then out[#out + 1] = d end
  end
  return out
end

--- The rubric for a row that lost its middle: it is not judged by what may have stood there.
function rubric.cut(r)
  local less = rubric.without(r, "completeness")
  return #less > 0 and less or r
end

-- ---- as text ----

local function reply_of(r, example)
  local parts = { '"id": "the value of the last line of the request"',
                  '"reasoning": ' .. json.encode(example.reasoning) }
  if example.topic then parts[#parts + 1] = '"topic": ' .. json.encode(example.topic) end
  local sum, weights = 0, 0
  for _, d in ipairs(r) do
    parts[#parts + 1] = ('"%s": %d'):format(d.name, example.scores[d.name])
    sum, weights = sum + d.weight * example.scores[d.name], weights + d.weight
  end
  local overall = math.floor(sum / weights + 0.5)
  parts[#parts + 1] = ('"overall": %d, "exclude": %s'):format(overall, tostring(overall < 3))
  return "{" .. table.concat(parts, ", ") .. "}"
end

--- The part of the request that is the same for every row: the task, the rubric, its examples, the form of the reply.
function rubric.text(r)
  local out = { r.task, "", "Rate each dimension by a whole number:" }
  for _, d in ipairs(r) do
    out[#out + 1] = ("- %s, %d to %d%s"):format(d.name, d.min, d.max, d.doc and ": " .. d.doc or "")
  end
  out[#out + 1] = '- overall: your rating of the whole, on the same scale. exclude: true if no model should learn it.'
  if r.topics == "free" then
    out[#out + 1] = "- topic: what the input is about, in one to three words, the same words for the same matter."
  elseif r.topics then
    out[#out + 1] = ("- topic: the one of these that the input is about; %s where none is: %s"):format(rubric.OTHER,
      table.concat(r.topics, "; "))
  end
  out[#out + 1] = ""
  out[#out + 1] = "Length is neither a merit nor a fault: a short output that does all that was asked deserves the "
    .. "highest marks. Judge only what stands there, not who may have written it."
  out[#out + 1] = "Answer with one flat JSON object and nothing else. First id, then reasoning in two or three "
    .. "sentences, " .. (r.topics and "then topic, " or "") .. "then the numbers."
  for i, e in ipairs(r.examples) do
    out[#out + 1] = ("\nExample %d\n[input]\n%s\n[output]\n%s\n[reply]\n%s"):format(i, e.input, e.output,
      reply_of(r, e))
  end
  return table.concat(out, "\n")
end

local function topic_schema(topics)
  if topics == "free" then return '"topic":{"type":"string"}' end
  local values = {}
  for i, name in ipairs(topics) do values[i] = json.encode(name) end
  values[#values + 1] = json.encode(rubric.OTHER)
  return ('"topic":{"type":"string","enum":[%s]}'):format(table.concat(values, ","))
end

local function scale(d)
  local values = {}
  for v = d.min, d.max do values[#values + 1] = tostring(v) end
  return ('{"type":"integer","enum":[%s]}'):format(table.concat(values, ","))
end

--- The reply's JSON Schema as text, in the subset that every provider takes: each property required, no other,
-- whole numbers as an enum. Models fill a schema in its order, so reasoning stands before the scores.
function rubric.schema(r)
  local properties, names = { '"id":{"type":"string"}', '"reasoning":{"type":"string"}' }, { '"id"', '"reasoning"' }
  if r.topics then properties[3], names[3] = topic_schema(r.topics), '"topic"' end
  local low, high = r[1].min, r[1].max
  for _, d in ipairs(r) do
    properties[#properties + 1] = ('"%s":%s'):format(d.name, scale(d))
    names[#names + 1] = ('"%s"'):format(d.name)
    low, high = math.min(low, d.min), math.max(high, d.max)
  end
  properties[#properties + 1] = '"overall":' .. scale { min = low, max = high }
  properties[#properties + 1] = '"exclude":{"type":"boolean"}'
  names[#names + 1], names[#names + 2] = '"overall"', '"exclude"'
  return ('{"type":"object","properties":{%s},"required":[%s],"additionalProperties":false}'):format(
    table.concat(properties, ","), table.concat(names, ","))
end

--- What names a rubric in caches, calibrations and reports: SHA-256 of its text, its weights and its schema.
function rubric.digest(r)
  local weights = {}
  for i, d in ipairs(r) do weights[i] = ("%s=%.17g"):format(d.name, d.weight) end
  return hash.sha256(table.concat({ rubric.text(r), rubric.schema(r), table.concat(weights, " ") }, "\0"))
end

return rubric
