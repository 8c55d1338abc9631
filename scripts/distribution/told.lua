--- told: what a person is told of the stage distribution: what is past its bound, a sentence each.

local screen = require "report.screen"

local told = {}

local number, percent = screen.number, screen.percent

local GROUPS = 2   -- topics named in a note

local NAMES = { production = "production", gold = "the gold set" }

local function topics(set)
  local out = {}
  for i, g in ipairs(set.topics.groups) do
    if i <= GROUPS then out[i] = ("%s %s here, %s there"):format(g.name, percent(g.train), percent(g.other)) end
  end
  return ("topics are shared out differently in %s (Jensen-Shannon %s bits, by chance %s): %s"):format(NAMES[set.what],
    number(set.topics.js, 3), number(set.topics.chance, 3), table.concat(out, "; "))
end

local function few(list)
  local out = {}
  for i, w in ipairs(list) do if i <= 4 then out[i] = w.word end end
  return table.concat(out, ", ")
end

local function words(set)
  local t = set.words.telling
  local line = ("a classifier tells %s from training rows by its words, AUC %s (0.5: not at all)"):format(
    NAMES[set.what], number(set.words.auc, 2))
  if #t.other > 0 then line = ("%s: there stand %s"):format(line, few(t.other)) end
  if #t.train > 0 then line = ("%s; here %s"):format(line, few(t.train)) end
  return line
end

local function vectors(set)
  return ("a classifier tells %s from training rows by their vectors, AUC %s (0.5: not at all; by words alone %s)")
    :format(NAMES[set.what], number(set.vectors.auc, 2), number(set.words.auc, 2))
end

local function reach(set)
  local r = set.reach
  local first = r.top[1]
  return ("%s of %s of %s (%s) are near no training row (cosine under %s)%s"):format(number(r.far + r.without),
    screen.count(r.queries + r.without, "row"), NAMES[set.what], percent(r.share), number(r.bound, 2),
    first and (": first %s:%d"):format(first.at.source, first.at.line) or "")
end

local function length(set, field)
  for _, l in ipairs(set.lengths) do
    if l.field == field then
      return ("the %ss have a median of %s tokens, in %s of %s"):format(field, number(l.train.median),
        NAMES[set.what], number(l.other.median))
    end
  end
end

--- Adds the notes of one set.
function told.add(set, _, name, notes)
  local function say(line) notes[#notes + 1] = ("%s: %s"):format(name, line) end
  for _, sign in ipairs(set.signs) do
    if sign == "topics" then say(topics(set))
    elseif sign == "words" then say(words(set))
    elseif sign == "vectors" then say(vectors(set))
    elseif sign == "reach" then say(reach(set))
    else say(length(set, sign:match "^length_(.*)")) end
  end
  if set.no_topics then say(set.no_topics) end
  if set.no_reach then say("what is near no training row is not told: " .. set.no_reach) end
end

return told
