--- thresholds: from which cosine on two rows say the same, by where their vectors come from (embed/sources.lua).
-- static: on the labelled pairs of questions and of records, whose negatives are the most word-alike, 0.98 of the pairs
-- at 0.95 and above are the same; at 0.92 it is 0.96 of the questions (potion-base-4m; tests/eval/meaning.lua).

return { file = 0.92, endpoint = 0.92, static = 0.95, lexical = 0.6 }
