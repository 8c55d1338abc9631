--- length: reject a row whose input or output is too short or too long.
-- A token is a white-space word, or one character of a script written without spaces.

local text = require "text"

return {
  name    = "length",
  scope   = "row",
  doc     = "reject a row whose input or output has too few or too many tokens",
  params  = {
    min_input_tokens  = { type = "integer", default = 20,   min = 0, doc = "fewest tokens in the input" },
    max_input_tokens  = { type = "integer", default = 2048, min = 0, doc = "most tokens in the input" },
    min_output_tokens = { type = "integer", default = 10,   min = 0, doc = "fewest tokens in the output" },
    max_output_tokens = { type = "integer", default = 1024, min = 0, doc = "most tokens in the output" },
  },
  example = [[s.length { min_input_tokens = 3, max_output_tokens = 1024 }]],
  reasons = { "input_too_short", "input_too_long", "output_too_short", "output_too_long" },
  metrics = { "input_tokens", "output_tokens" },
  bounds  = {
    { param = "min_input_tokens", metric = "input_tokens", side = "min", reason = "input_too_short" },
    { param = "max_input_tokens", metric = "input_tokens", side = "max", reason = "input_too_long" },
    { param = "min_output_tokens", metric = "output_tokens", side = "min", reason = "output_too_short" },
    { param = "max_output_tokens", metric = "output_tokens", side = "max", reason = "output_too_long" },
  },

  --- The native operator that the runner applies to every row, in parallel.
  -- @param p  parameters, already validated against `params`
  -- @return   a row operator, or nil and a message
  op = function(p)
    for _, field in ipairs { "input", "output" } do
      local min, max = p["min_" .. field .. "_tokens"], p["max_" .. field .. "_tokens"]
      if min > max then
        return nil, ("min_%s_tokens is %d, above max_%s_tokens, which is %d"):format(field, min, field, max)
      end
    end
    return text.length {
      { field = "input", min = p.min_input_tokens, max = p.max_input_tokens, metric = "input_tokens",
        below = "input_too_short", above = "input_too_long" },
      { field = "output", min = p.min_output_tokens, max = p.max_output_tokens, metric = "output_tokens",
        below = "output_too_short", above = "output_too_long" },
    }
  end,
}
