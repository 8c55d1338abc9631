--- leakage: reject a row whose output stands in its input, where a model would learn to copy.
-- Two figures over the tokens of the output (words without punctuation, case apart): the longest common
-- subsequence and the longest common run. Extraction and rewriting copy for good reason: see the
-- report's figures by topic before you trust a threshold. Markers ("Answer:") in the input are a third
-- sign: what stands behind one, up to the next blank line, is taken for the answer.

local rules = require "rules"

local MARKERS = { "Answer:", "Answers:", "Final answer:", "Correct answer:", "Expected answer:", "Gold answer:",
                  "Ground truth:", "Reference answer:", "Expected output:", "Target:", "Summary:", "Label:",
                  "Response:" }

return {
  name    = "leakage",
  scope   = "row",
  doc     = "reject a row whose input holds its output, by common subsequence, common run and answer markers",
  params  = {
    max_lcs_ratio       = { type = "number", default = 0.4, min = 0, max = 1,
                            doc = "largest share of the output's tokens in the longest common subsequence; 1: off" },
    max_substring_ratio = { type = "number", default = 0.4, min = 0, max = 1,
                            doc = "largest share of the output's tokens in the longest common run; 1: off" },
    min_tokens          = { type = "integer", default = 8, min = 1, max = 65536,
                            doc = "outputs of fewer tokens have no figures: a short answer may stand in its question" },
    max_tokens          = { type = "integer", default = 4096, min = 16, max = 65536,
                            doc = "tokens read of each side; the rest does not count" },
    unit                = { type = "enum", default = "word", values = { "word", "char" },
                            doc = "tokens are words, or single characters" },
    markers             = { type = "list", of = { type = "string" }, default = MARKERS,
                            doc = "what announces an answer at the beginning of a line of the input; none: off" },
    marker_action       = { type = "enum", default = "reject", values = { "reject", "strip" },
                            doc = "strip: take the marker and what it gives away out of the input; one that would be "
                            .. "left blank is rejected" },
  },
  example = [[s.leakage { max_lcs_ratio = 0.6, marker_action = "strip" }]],
  reasons = { "lcs_ratio", "substring_ratio", "answer_marker" },
  metrics = { "lcs_ratio", "substring_ratio", "markers" },
  bounds  = {
    { param = "max_lcs_ratio", metric = "lcs_ratio", side = "max", reason = "lcs_ratio" },
    { param = "max_substring_ratio", metric = "substring_ratio", side = "max", reason = "substring_ratio" },
  },

  op = function(p)
    local words = {}
    for i, m in ipairs(p.markers) do words[i] = m:lower() end
    if #words > 64 then return nil, ("markers has %d entries, at most 64 are allowed"):format(#words) end
    local copied = rules.check { kernel = "leakage", field = "output", against = "input",
      numbers = { min_tokens = p.min_tokens, max_tokens = p.max_tokens, characters = p.unit == "char" and 1 or 0 },
      bounds = { { measure = "lcs_ratio", max = p.max_lcs_ratio, above = "lcs_ratio" },
                 { measure = "substring_ratio", max = p.max_substring_ratio, above = "substring_ratio" } } }
    local marked = rules.markers { field = "input", words = words, action = p.marker_action,
                                   reason = "answer_marker", metric = "markers" }
    return rules.chain(marked, copied)   -- what was stripped leaks no more
  end,
}
