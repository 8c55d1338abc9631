--- mapping: which keys of a file that fits no known format hold the input and the output.
-- Only keys that are text on every row looked at can carry a field. Names decide first; of what
-- is left the longest texts are taken for the input.

local mapping = {}

-- In order of preference; a name counts as itself or as the last part of a path.
mapping.INPUT = { "input", "question", "prompt", "instruction", "query", "request", "user", "source", "a", "text_a",
                  "sentence1", "text", "content", "document", "body", "message", "sentence", "title", "word", "term",
                  "name" }
mapping.OUTPUT = { "output", "answer", "response", "completion", "reply", "target_text", "summary", "assistant", "a",
                   "b", "text_b", "sentence2", "translation", "correction", "label", "class", "intent", "category" }

-- Of these, the names of a class: what a query is about, and no answer to it.
mapping.CLASS = { label = true, class = true, intent = true, category = true }

mapping.SHARE = 0.95     -- of the rows looked at must have the key

local function rank(list, name)
  local last = name:lower():match("[^.]*$")
  for i, n in ipairs(list) do if n == last then return i end end
end

local function best(list, keys, taken)
  local found, at
  for _, k in ipairs(keys) do
    local r = not taken[k.name] and rank(list, k.name)
    if r and (not at or r < at) then found, at = k, r end
  end
  return found
end

--- Proposes { input = key, output = key }; output is absent where no key looks like one.
-- @param keys  as corpus.sniff gives them: { name, kind, share, example }
-- @return  the fields, and the reason in a few words; nil if no key holds text
function mapping.propose(keys)
  local text = {}
  for _, k in ipairs(keys) do
    if k.kind == "string" and k.share >= mapping.SHARE and not k.name:lower():match("_?id$") then
      text[#text + 1] = k
    end
  end
  if #text == 0 then return nil end
  local taken = {}
  local input = best(mapping.INPUT, text, taken)
  local why = "by its name"
  if not input then
    why = "its texts are the longest"
    for _, k in ipairs(text) do
      if not input or #(k.example or "") > #(input.example or "") then input = k end
    end
  end
  taken[input.name] = true
  local output = best(mapping.OUTPUT, text, taken)
  local fields = { input = input.name, output = output and output.name }
  local reason = ("input = %s (%s)"):format(input.name, why)
  if output then reason = reason .. (", output = %s (by its name)"):format(output.name)
  else reason = reason .. ", no key looks like an answer" end
  return fields, reason
end

return mapping
