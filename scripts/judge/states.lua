--- states: how a row may leave the judge, and what becomes of it then.

local states = {}

--- In the order in which reports list them.
states.names = { "scored", "refused", "unparsed", "too_long", "skipped_budget", "failed", "unscored" }

states.docs = {
  scored         = "the judge gave marks",
  refused        = "the model, or its provider, would not rate the row",
  unparsed       = "three replies in a row were no rating",
  too_long       = "the row does not fit the model",
  skipped_budget = "max_cost or max_rows was reached before the row's turn",
  failed         = "the server failed the row again and again",
  unscored       = "the score file does not name the row",
}

--- What becomes of the rows of each state but `scored` where the recipe says nothing.
states.policy = { refused = "quarantine", unparsed = "quarantine", too_long = "quarantine",
                  skipped_budget = "quarantine", failed = "quarantine", unscored = "keep" }

states.policies = { "keep", "reject", "quarantine" }

return states
