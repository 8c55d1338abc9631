--- prompt_completion: {"prompt": …, "completion": …} under the names that are met, each a text or a
-- list of turns.

local turns = require "formats.turns"

return {
  name  = "prompt_completion",
  doc   = "a prompt and its completion, texts or turns; also question and answer, query and response",
  turn  = turns.sharegpt,
  slots = {
    { field = "system", path = { "system", "system_prompt" }, optional = true },
    { field = "input",  path = "history", shape = "pairs", optional = true },
    { field = "input",  path = { "prompt", "question", "query" }, shape = { "text", "turns" } },
    { field = "output", path = { "completion", "response", "answer" }, shape = { "text", "turns" } },
  },
}
