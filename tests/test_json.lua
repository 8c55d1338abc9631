--- JSON that scripts read and write.
local check = require "check"
local json = require "json"

check.test("keys are sorted, integers exact, doubles the shortest that read back", function()
  check.eq(json.encode { b = 9007199254740993, a = 0.1, c = { 1, 2.0, "x" }, d = true },
           '{"a":0.1,"b":9007199254740993,"c":[1,2.0,"x"],"d":true}')
end)

check.test("an empty table is an object unless it was made an array", function()
  check.eq(json.encode { {}, json.array {} }, "[{},[]]")
end)

check.test("null, escapes and bytes that are no UTF-8", function()
  check.eq(json.encode { json.null, "a\"\\\n\0", "\xff" }, '[null,"a\\"\\\\\\n\\u0000","\u{fffd}"]')
end)

check.test("indented JSON has a member a line", function()
  check.eq(json.encode({ a = 1, b = { 2 } }, "  "), '{\n  "a": 1,\n  "b": [\n    2\n  ]\n}')
end)

check.test("what has no JSON is an error", function()
  check.raises("a function has no JSON", json.encode, { print })
  local ring = {}
  ring[1] = ring
  check.raises("in a ring", json.encode, ring)
end)

check.test("decoding keeps integers exact and arrays arrays", function()
  local t = json.decode '{"a":[],"n":9007199254740993,"x":1.0,"s":"\\u00e9\\n","z":null,"big":123456789012345678901234567890}'
  check.eq(json.encode(t.a), "[]")
  check.eq(t.n, 9007199254740993)
  check.eq(t.x, 1.0)
  check.eq(t.s, "é\n")
  check.eq(t.z, json.null)
  check.eq(t.big, 123456789012345678901234567890.0)
end)

check.test("text that is no JSON is nil and the place of the fault", function()
  local v, message = json.decode '{"a":01}'
  check.eq(v, nil)
  check.contains(message, "malformed JSON at byte ")
end)

check.done()
