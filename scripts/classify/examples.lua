--- examples: what a classifier is fitted to: labelled texts, and strings of rows that are clean.

local corpus = require "corpus"
local fs = require "fs"
local hash = require "hash"
local json = require "json"
local load = require "report.load"

local examples = {}

local YES = { ["true"] = true, yes = true, ["1"] = true, toxic = true, hate = true, hateful = true, offensive = true,
              abusive = true, insult = true }
local AT = 0.5   -- a number is the share of people who called it toxic

--- Below this, of 0 to 1; the same for the same seed and text.
function examples.draw(seed, text) return (hash.xxh3_64(seed .. "\31" .. text) >> 11) / (1 << 53) end

--- Whether a label says yes; nil if it says nothing.
local function truth(label, positive)
  if type(label) == "boolean" then return label end
  if type(label) == "number" then return label >= AT end
  if type(label) ~= "string" then return nil end
  if positive then return label == positive end
  return YES[label:lower()] or false
end

--- Reads a file of labelled texts.
-- @param o  text, label, group, by = paths of a line; positive = the label that says yes; pool
-- @return  list of { text, toxic, group, by, file }, and { lines, silent = those without a label }; or nil, a sentence
function examples.labelled(path, o)
  local view, err = corpus.load { sources = { { path = path, format = { fields = { output = o.text } } } },
                                  formats = require "formats.all", pool = o.pool }
  if not view then return nil, err end
  local out, silent = {}, 0
  for _, i in ipairs(view:standing_rows()) do
    local toxic = truth(view:key(i, o.label), o.positive)
    if toxic == nil then silent = silent + 1
    else
      local function at(key)
        local v = key and view:key(i, key)
        return v ~= nil and tostring(v) or nil
      end
      out[#out + 1] = { text = view:field(i, "output"), toxic = toxic, group = at(o.group), by = at(o.by), file = path }
    end
  end
  local n = #view
  view:close()
  if #out == 0 then
    local words = "%s: none of its %d lines has a text at %s and a label at %s: give --text PATH and --label PATH"
    return nil, words:format(path, n, o.text, o.label)
  end
  return out, { silent = silent, lines = n }
end

--- Strings of rows that hold nothing toxic, each once, the same number from each file.
-- @param o  most = strings in all, seed, pool
-- @return  list of { text, toxic = false, file, row }, those of a row in a row; or nil and a sentence
function examples.clean(paths, o)
  local out = {}
  for k, path in ipairs(paths) do
    local view, err = load.view({ path }, { pool = o.pool })
    if not view then return nil, err end
    local rows, first = view:standing_rows(), #out
    local drawn, seen = {}, {}
    for n, i in ipairs(rows) do
      rows[n], drawn[i] = i, examples.draw(o.seed, view:field(i, "input") or view:field(i, "output") or tostring(i))
    end
    table.sort(rows, function(a, b)
      if drawn[a] ~= drawn[b] then return drawn[a] < drawn[b] end
      return a < b
    end)
    local quota = (o.most * k) // #paths
    for _, i in ipairs(rows) do
      if #out >= quota then break end
      for _, s in ipairs(view:strings(i)) do
        if not seen[s.text] then
          seen[s.text] = true
          out[#out + 1] = { text = s.text, toxic = false, file = path, row = path .. ":" .. i }
        end
      end
    end
    view:close()
    if #out == first then return nil, path .. " holds no text" end
  end
  return out
end

--- Words and phrases, one a line or as JSON { "word" }; of one language where lines name theirs.
-- @return  list of { text, toxic = true }; or nil and a sentence
function examples.words(path, lang)
  local text, err = fs.read(path)
  if not text then return nil, err end
  return examples.words_of(text, path, lang)
end

--- The same of a file's text.
function examples.words_of(text, path, lang)
  local out = {}
  for line in text:gmatch "[^\r\n]+" do
    local t = line:sub(1, 1) == "{" and json.decode(line) or { word = line:match "^%s*(.-)%s*$" }
    if type(t) == "table" and type(t.word) == "string" and t.word ~= ""
        and (not lang or t.lang == nil or t.lang == lang) then
      out[#out + 1] = { text = t.word, toxic = true, file = path }
    end
  end
  if #out == 0 then return nil, path .. " holds no words: expected one a line, or JSON with \"word\"" end
  return out
end

return examples
