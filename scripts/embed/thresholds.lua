--- thresholds: from which cosine on two rows say the same, by where their vectors come from (embed/sources.lua).

return { file = 0.92, endpoint = 0.92, static = 0.92, lexical = 0.6 }
