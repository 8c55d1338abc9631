--- model: the file that a topics stage leaves in the run's folder, and that later runs place their rows by.
-- It holds the centroids (modules/topics/model.h) and a note: the topics' numbers, names and terms, from which cosine
-- on a row belongs, and of which embedding the vectors are. An embedding that is fitted to the rows has other axes each
-- time, under the same name: so the note also holds what some texts were embedded as, and those are embedded again.

local fs = require "fs"
local json = require "json"
local sources = require "embed.sources"
local topics = require "topics"
local vectors = require "vectors"

local model = {}

local PROBES = 5           -- texts that are embedded again: the terms of the largest topics
local SAME = 0.9           -- cosine of the middle one with what it was

--- The name of a stage's file in the folder of a run.
function model.file_name(stage) return stage .. ".model" end

-- ---- writing ----

local function probes_of(v, list)
  local embedder = v:embedder()
  if not embedder then return nil end
  local out = json.array {}
  for _, topic in ipairs(list) do
    local text = table.concat(topic.terms, " ")
    if #out < PROBES and text ~= "" then out[#out + 1] = { text = text, vector = json.array(embedder:embed(text)) } end
  end
  return out
end

-- Where the vectors came from, as far as the stages before this one tell.
local function source_of(p, ctx)
  local entry = sources.among(p, ctx.before())
  return entry and sources.name(entry.params) or nil
end

--- @param t     the topics (native)
-- @param v     the vectors
-- @param made  { topics, next_id, min }
-- @return  bytes
function model.bytes(t, v, made, p, ctx)
  local list = json.array {}
  for i, topic in ipairs(made.topics) do
    list[i] = { id = topic.id, name = topic.name, terms = json.array(topic.terms) }
  end
  return t:write(json.encode {
    topics = list, next_id = made.next_id, min_similarity = made.min,
    embedding = { name = v:name(), dim = v:dim(), source = source_of(p, ctx), probes = probes_of(v, made.topics) },
  })
end

-- ---- finding ----

-- Where the file may lie, of a run as people name it or of a path.
local function places(name, file, runs)
  local out = {}
  local function add(dir) out[#out + 1] = dir .. "/" .. file end
  if runs.name then add(runs.out .. "/" .. runs.name .. "/" .. name) end
  add(runs.out .. "/" .. name)
  if runs.folder then add(runs.folder .. "/" .. name) end
  add(name)
  add(name .. "/latest")
  return out
end

local function is_text(v) return type(v) == "string" end

-- Is the note one of ours? What it says is used as it stands.
local function check_note(note, k)
  if type(note) ~= "table" or type(note.topics) ~= "table" or #note.topics ~= k
    or math.type(note.next_id) ~= "integer" or type(note.min_similarity) ~= "number"
    or type(note.embedding) ~= "table" or not is_text(note.embedding.name) then
    return false
  end
  for _, topic in ipairs(note.topics) do
    if type(topic) ~= "table" or math.type(topic.id) ~= "integer" or not is_text(topic.name)
      or type(topic.terms) ~= "table" then
      return false
    end
    for _, text in ipairs(topic.terms) do
      if not is_text(text) then return false end
    end
  end
  return true
end

--- The topics that a run left.
-- @param name  a file, or a run: `latest`, NAME/ID, its folder
-- @return  { topics = native, note, path }; nil and a sentence, and true where there is none of that name
function model.open(name, ctx)
  local file = model.file_name(ctx.name)
  local bytes, path
  for _, place in ipairs(places(name, file, ctx.runs)) do
    if not bytes and fs.exists(place) then bytes, path = ctx.file(place) end
  end
  if not bytes then bytes, path = ctx.file(name) end
  if not bytes then
    return nil, ("%s: no file of that name, and no run of that name that left %s"):format(name, file), true
  end
  local t, text = topics.read(bytes, path)
  if not t then return nil, text end
  local ok, note = pcall(json.decode, text)
  if not ok or not check_note(note, #t) then return nil, path .. " is damaged (its note is none of topics)" end
  return { topics = t, note = note, path = path }
end

-- ---- is it the same embedding? ----

local function middle(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

-- How alike texts are embedded now and then; nil where that cannot be told.
local function drift(probes, v)
  local embedder, out = v:embedder(), {}
  if not embedder or type(probes) ~= "table" then return nil end
  for i, probe in ipairs(probes) do
    local ok, cosine = pcall(function() return vectors.cosine(embedder:embed(probe.text), probe.vector) end)
    out[i] = ok and cosine or 0
  end
  return #out > 0 and middle(out) or nil
end

local NAMED = { static = true, endpoint = true, lexical = true }

--- Are a model's centroids vectors of the embedding that these rows have?
-- @return  true; or nil and a sentence
function model.fits(found, v, p, ctx)
  local was, path = found.note.embedding, found.path
  if found.topics:dim() ~= v:dim() then
    return nil, ("%s was made of vectors of %d dimensions (%s), and these rows have %d (%s)"):format(path,
      found.topics:dim(), was.name, v:dim(), v:name())
  end
  local source = source_of(p, ctx)
  if (NAMED[was.source] or NAMED[source]) and was.name ~= v:name() then
    return nil, ("%s was made with another embedding: %s, and these rows have %s"):format(path, was.name, v:name())
  end
  local cosine = drift(was.probes, v)
  if cosine and cosine < SAME then
    return nil, ("%s was made with another fit of %s, whose axes were others (its own terms have cosine %.2f with "
      .. "what they were): take an embedding that is not fitted to the rows"):format(path, v:name(), cosine)
  end
  return true
end

return model
