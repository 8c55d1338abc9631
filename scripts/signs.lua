--- signs: the tables of a stage that counts signs of a fault, from one list { name, most that is good, words }.

--- @param list    { { "zero_width", 0, "zero-width characters …" }, … }
-- @param params  filled with max_NAME for each sign
-- @param words   how its doc is said, with one %s; "most %s" if nil
-- @return  reasons, metrics, bounds
return function(list, params, words)
  local reasons, metrics, bounds = {}, {}, {}
  for i, s in ipairs(list) do
    params["max_" .. s[1]] = { type = "integer", default = s[2], min = 0, doc = (words or "most %s"):format(s[3]) }
    reasons[i], metrics[i] = s[1], s[1]
    bounds[i] = { param = "max_" .. s[1], metric = s[1], side = "max", reason = s[1] }
  end
  return reasons, metrics, bounds
end
