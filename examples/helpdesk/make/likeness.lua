--- How alike are two tickets: Jaccard similarity of their sets of character 5-grams, by the plain
-- definition. The generator uses it to keep distinct tickets apart and planted copies close; it
-- shares no code with Tamis, so that the planted numbers are a check of it.

local likeness = {}

local function normal(text)
  return (text:lower():gsub("%s+", " "):gsub("^ ", ""):gsub(" $", ""))
end

--- @return the set of 5-grams of input and output, and its size under the key "n"
function likeness.grams(input, output)
  local text = normal(input) .. "\31" .. normal(output)
  local set, n = {}, 0
  for i = 1, #text - 4 do
    local gram = text:sub(i, i + 4)
    if not set[gram] then set[gram] = true; n = n + 1 end
  end
  return { set = set, n = n }
end

function likeness.jaccard(a, b)
  if a.n > b.n then a, b = b, a end
  local common = 0
  for gram in pairs(a.set) do
    if b.set[gram] then common = common + 1 end
  end
  return common / (a.n + b.n - common)
end

--- The share of word pairs of a text that repeat an earlier one.
function likeness.repetition(text)
  local seen, total, again, last = {}, 0, 0, nil
  for word in text:lower():gmatch("%S+") do
    if last then
      local pair = last .. " " .. word
      total = total + 1
      if seen[pair] then again = again + 1 end
      seen[pair] = true
    end
    last = word
  end
  return total == 0 and 0 or again / total
end

function likeness.words(text)
  return select(2, text:gsub("%S+", ""))
end

return likeness
