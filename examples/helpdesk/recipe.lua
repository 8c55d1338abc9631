--- The helpdesk example: two product logs, expert rows and synthetic rows become a training set.
-- Run it from anywhere:  tamis run examples/helpdesk/recipe.lua
-- Paths are those of this folder. The gold set is frozen: rows close to it leave the training side.

local s = require "tamis"

-- ---- what this team calls a bad answer: a filter returns nothing to keep a row, or a reason ----

--- An answer that hands the matter on teaches a model to hand everything on.
local function no_escalation(ex)
  if ex.output:find("I'll escalate", 1, true) then return "escalation" end
end

--- The acknowledgement of receipt, logged as though it were the answer.
local function boilerplate(ex)
  local answer = ex.output:lower()
  if answer:find("thank you for contacting", 1, true) and #answer < 250 then return "only_thanks" end
end

--- A last line of more than four words ends like a sentence; shorter ones are signatures.
local function cut_off(ex)
  local last = ex.output:gsub("^.*\n", "")
  local words = select(2, last:gsub("%S+", ""))
  if words > 4 and not last:match("[%.%?!:%)\"]$") then return "no_end", last:sub(-40) end
end

--- The answer stands in the question: a model would learn to copy, and its scores would lie.
local function answer_in_question(ex)
  if #ex.output > 40 and ex.input:find(ex.output, 1, true) then return "leakage" end
end

return s.recipe {
  name    = "helpdesk_v1",
  seed    = 42,
  id      = "ticket_id",
  gold    = { "gold.jsonl" },
  sources = {
    { "raw_2023.jsonl",  kind = "product_log" },
    { "raw_2024.jsonl",  kind = "product_log" },
    { "expert.jsonl",    kind = "expert", trusted = true },
    { "synthetic.jsonl", kind = "synthetic", generator = "gpt-4o" },
  },

  s.exact_dedup {},
  s.length      { min_input_tokens = 3, max_input_tokens = 2048, min_output_tokens = 10, max_output_tokens = 1024 },
  s.repetition  { max_repetition_ratio = 0.15 },
  s.language    { keep = { "en" }, min_confidence = 0.95 },
  s.pii         { action = "redact", strict = true },   -- strict: addresses reserved for examples count too
  s.filter      { name = "no_escalation", fn = no_escalation },
  s.filter      { name = "boilerplate", fn = boilerplate },
  s.filter      { name = "cut_off", fn = cut_off },
  s.filter      { name = "answer_in_question", fn = answer_in_question },
  s.near_dedup  { threshold = 0.8 },
  s.topics      { rules = require "helpdesk_topics" },
  s.judge       { provider = "file", scores = "scores.jsonl" },     -- an author read 382 of the rows
  s.balance     { by = "topic", max = 120 },
  s.export      { format = "messages", include = { "topic" }, splits = { train = 0.95, valid = 0.05 } },

  expect = { max_removed = 0.7, min_rows = 500 },
}
