--- encoding: reject a row whose strings went through the wrong encoding, or hide characters.
-- Every string of the row is read but its id, unknown keys and tool arguments included; counts are the row's.

local rules = require "rules"
local signs = require "signs"

local SIGNS = {
  { "mojibake", 0, "characters of UTF-8 read as Latin-1 or Windows-1252" },
  { "replacement", 0, "replacement characters, U+FFFD" },
  { "control", 0, "control characters but tab and line ends" },
  { "zero_width", 0, "zero-width characters, where no script needs them" },
  { "mixed_script", 0, "words that mix Latin with look-alikes of Greek or Cyrillic" },
}

local params = {}
local reasons, metrics, bounds = signs(SIGNS, params)

return {
  name    = "encoding",
  scope   = "row",
  doc     = "reject a row with mojibake, replacement, control or zero-width characters, or look-alike letters",
  params  = params,
  example = [[s.encoding { max_zero_width = 2 }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    local on = {}
    for i, s in ipairs(SIGNS) do on[i] = { measure = s[1], max = p["max_" .. s[1]], above = s[1] } end
    return rules.check { kernel = "encoding", field = "strings", bounds = on }
  end,
}
