--- boilerplate: answers made of sentences that stand in many rows, and answers that refuse or hand the matter on.
-- Recurring sentences are found by themselves: one pass counts in how many rows each stands (modules/recur/recur.h),
-- a second one says of every row how much of its answer they are: the figure `share`. The ones in most rows are
-- listed, whatever becomes of the rows. A helpdesk says the same things every day, and a model should learn them: so
-- no row goes for them until `max_share` says from where on it is too much.
-- The table of phrases is yours to edit: `phrases` adds reasons of your own, or replaces the two that are built
-- in. A phrase counts where it stands in the first `within` words: an answer may well quote one later on. A safe answer
-- to a harmful request is a refusal too: keep those by another recipe, or list them in a source that is trusted.

local json = require "json"
local recur = require "recur"
local rules = require "rules"

local PHRASES = {
  refusal = {
    "as an AI language model", "as a large language model", "as an AI assistant", "as an artificial intelligence",
    "as a language model", "I'm sorry, but I can't", "I'm sorry, but I cannot", "I am sorry, but I cannot",
    "I’m sorry, but I can’t", "I’m sorry, but I cannot", "I'm sorry, I can't assist", "I cannot assist with",
    "I can't assist with", "I'm unable to assist", "I am unable to assist", "I cannot fulfill", "I can't fulfill",
    "I'm not able to help with that", "I cannot provide assistance", "I can't help with that",
    "I do not have access to real-time", "I don't have access to real-time", "my knowledge cutoff", "my training data",
  },
  deflection = {
    "I'll escalate this", "I will escalate this", "I'm escalating this", "I have escalated", "I've escalated",
    "I'll forward your", "I will forward your", "I'll pass this on", "I have forwarded your",
    "please contact our support team", "please contact customer support", "please reach out to our support",
    "a member of our team will", "one of our agents will", "someone from our team will", "we will get back to you",
    "we'll get back to you", "your ticket has been created", "this is an automated",
  },
}

--- Reasons in order of their names: each with its phrases.
local function table_of(p)
  local names, out = {}, {}
  local all = {}
  for name, list in pairs(PHRASES) do all[name] = list end
  for name, list in pairs(p.phrases) do all[name] = list end
  for name in pairs(all) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    if type(name) ~= "string" or not name:find "^[%a_][%w_]*$" then
      return nil, ("phrases: \"%s\" is no reason: letters, digits and underscores"):format(tostring(name))
    end
    local rule = { name }
    for _, phrase in ipairs(all[name]) do rule[#rule + 1] = phrase end
    if #rule > 1 then out[#out + 1] = rule end
  end
  return out
end

-- Words whose full stop ends no sentence.
local ABBREVIATIONS = { "mr", "mrs", "ms", "dr", "prof", "st", "vs", "e.g", "i.e", "cf", "jr", "sr", "inc", "ltd", "co",
                        "dept", "fig", "approx", "u.s", "u.k", "z.b", "d.h", "bzw", "ca", "nr", "p.ej", "sra", "mme" }

local SHOWN = 70      -- characters of a sentence that a note shows
local STORED = 200    -- and that the lineage and the page hold
local NOTED = 3       -- sentences that notes name; all of `top` stand in the report

local function cut(s, most)
  s = s:gsub("%s+", " ")
  local at = utf8.offset(s, most + 1)
  return at and s:sub(1, at - 1) .. "…" or s
end

--- What was found, for the lineage and the report.
local function figures(view, info)
  local top = json.array {}
  for i, t in ipairs(info.top) do
    local row = view:row(t.row)
    top[i] = { rows = t.rows, share = t.rows / info.rows, text = cut(t.text, STORED),
               first = { source = row.source, line = row.line } }
  end
  return { rows = info.rows, sentences = info.sentences, recurring = info.recurring, bound = info.bound,
           recurring_top = top }
end

local function notes(info, name)
  local out = {}
  if info.recurring == 0 then return out end
  out[1] = ("%s: %d %s in %d rows or more of %d (%s.max_share rejects rows by their share)"):format(name,
    info.recurring, info.recurring == 1 and "sentence stands" or "sentences stand", info.bound, info.rows, name)
  for i = 1, math.min(NOTED, #info.top) do
    local t = info.top[i]
    out[#out + 1] = ("%s: in %d rows (%.1f%%): %s"):format(name, t.rows, 100 * t.rows / info.rows, cut(t.text, SHOWN))
  end
  return out
end

return {
  name    = "boilerplate",
  scope   = "corpus",
  makes_op = true,   -- rows that come back are judged by what the pass found (run/engine.lua)
  doc     = "find the sentences that recur across rows, and reject answers made of them; or that refuse, by a table",
  params  = {
    field   = { type = "enum", default = "output", values = { "output", "alternative", "assistant" },
                doc = "the text to look at" },
    max_share = { type = "number", default = 1, min = 0, max = 1,
                  doc = "largest share of the text (characters of its sentences) that may stand in recurring ones; 1: "
                    .. "they are only counted and listed" },
    max_df  = { type = "number", default = 0.002, min = 0, max = 1,
                doc = "a sentence recurs that stands in more than this share of the rows" },
    min_rows = { type = "integer", default = 10, min = 2, max = 1000000000, doc = "and in so many rows at least" },
    min_words = { type = "integer", default = 4, min = 1, max = 1000000,
                  doc = "shorter sentences do not recur (\"Sure, thanks.\"), nor does a whole text without a "
                    .. "mark at its end (a label)" },
    action  = { type = "enum", default = "reject", values = { "reject", "strip", "tag" },
                doc = "what becomes of rows over max_share. strip: the sentences are taken out, a row of which nothing "
                  .. "would be left is rejected; tag: annotated `boilerplate`" },
    top     = { type = "integer", default = 20, min = 0, max = 10000, doc = "recurring sentences that are listed" },
    abbreviations = { type = "list", of = { type = "string" }, default = ABBREVIATIONS,
                      doc = "words whose full stop ends no sentence, without that stop" },
    within  = { type = "integer", default = 40, min = 0,
                doc = "words from the beginning in which phrases are looked for; 0: all" },
    max_phrases = { type = "integer", default = 0, min = 0, doc = "most different phrases of the table that are good" },
    phrases = { type = "table", of = { type = "list", of = { type = "string" } }, default = {},
                doc = "reasons and their phrases: { waiting = { \"please hold\" } }; deflection = {} turns one off" },
  },
  example = [[s.boilerplate { max_share = 0.8, phrases = { thanks_only = { "thank you for contacting us" } } }]],
  reasons = { "recurring_sentences", "nothing_left", "refusal", "deflection" },   -- and those of `phrases`
  metrics = { "share", "phrases" },
  bounds  = {
    { param = "max_share", metric = "share", side = "max", reason = "recurring_sentences",
      only = { action = "reject" } },
    { param = "max_phrases", metric = "phrases", side = "max", reason = "refusal" },
    { param = "max_phrases", metric = "phrases", side = "max", reason = "deflection" },
  },
  check = function(p)
    local list, err = table_of(p)
    return not list and err or nil
  end,

  --- @return  the view with metrics, verdicts and edits, and { notes, figures, op }; or nil and a message
  run = function(view, p, ctx)
    local list, err = table_of(p)
    if not list then return nil, err end
    local op, info = recur.sentences(view, p, ctx.pool)
    if not op then return nil, info end
    local phrases = rules.phrases { field = p.field, metric = "phrases", within = p.within, most = p.max_phrases,
                                    rules = list }
    local both = rules.chain(phrases, op)
    local child
    child, err = view:run_group { ops = { both }, stages = { ctx.name }, pool = ctx.pool }
    if not child then return nil, err end
    return child, { notes = notes(info, ctx.name), figures = figures(view, info), op = both }
  end,
}
