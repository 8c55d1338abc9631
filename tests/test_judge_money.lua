--- What a judge may cost and where it may go: prices, the budget, addresses and keys.

local budget = require "judge.money.budget"
local check = require "check"
local config = require "judge.server.config"
local endpoint = require "judge.server.endpoint"
local estimate = require "judge.money.estimate"
local fs = require "fs"
local prices = require "judge.money.prices"

-- ---- prices ----

check.test("a model's price is that of the longest name that fits, and a name only fits whole words", function()
  check.eq(prices.of "claude-haiku-4-5-20251001".output, 5)
  check.eq(prices.of "claude-opus-5".input, 5)
  check.eq(prices.of "gpt-4o-2024-08-06".input, 2.5)
  check.eq(prices.of "gpt-4o-mini".input, 0.15)
  check.eq({ prices.of "gpt-4omega", prices.of "nobody-knows" }, {})
end)

check.test("the recipe's price counts before the user's, the user's before the table's", function()
  local user = { ["gpt-4o"] = { input = 7, output = 8 } }
  check.eq(prices.of("gpt-4o", nil, user).input, 7)
  check.eq(prices.of("gpt-4o", { input = 1, output = 2 }, user).input, 1)
  check.eq(prices.of("gpt-4o", nil, {}).input, 2.5)
end)

check.test("a price that is none is refused with the recipe, and so is a member that would break the cap", function()
  local judge = require "stages.judge"
  local function fault(p) return judge.check { model = "x", price = p.price, extra = p.extra } end
  check.eq(fault { price = { input = 1, output = 5 }, extra = { seed = 7, options = { num_ctx = 8192 } } }, nil)
  check.eq(fault { price = {} }, "price: it needs input and output, dollars a million tokens")
  check.eq(fault { price = { input = -1, output = 5 } }, "price: input: expected a number of dollars, 0 or more")
  check.eq(fault { price = { input = "1", output = 5 } }, "price: input: expected a number of dollars, 0 or more")
  check.contains(fault { price = { input = 1, output = 5, ouput = 5 } }, "ouput: there is no such member")
  check.eq(fault { extra = { max_tokens = 100000 } }, "extra.max_tokens is what the parameter max_tokens says")
  check.contains(fault { extra = { n = 8 } }, "extra.n: ")
end)

check.test("a usage costs its tokens in all four kinds, in whole billionths of a dollar", function()
  local p = prices.of "claude-haiku-4-5"
  -- 1000 x $1 + 100 x $5 + 10000 x $0.1 + 200 x $1.25, a million: $0.00275
  local usage = { input = 1000, output = 100, cache_read = 10000, cache_write = 200 }
  check.eq(prices.cost(p, usage), 2750000)
  check.eq(prices.cost(p, usage, true), 1375000)
  check.eq(prices.cost(prices.free, usage), 0)
end)

check.test("the worst case is never under the cost of as many bytes", function()
  local p = prices.of "claude-haiku-4-5"
  for _, split in ipairs { { 900, 0, 0 }, { 0, 900, 0 }, { 0, 0, 900 }, { 300, 300, 300 } } do
    local usage = { input = split[1], cache_read = split[2], cache_write = split[3], output = 512 }
    check.ok(prices.cost(p, usage) <= prices.worst(p, 900, 512))
  end
end)

-- ---- the estimate ----

check.test("without earlier answers tokens are told from bytes, and each end pays its own", function()
  local p = prices.of("x", { input = 1, output = 5 })
  local e = estimate.of({ 3600, 3600 }, 7200, p, { max_tokens = 512 })
  -- mid: 3.6 bytes a token: 2 x (1000 + 2000) sent, 2 x 120 back, at $1 and $5 a million
  check.eq({ e.rows, e.input.mid, e.output.mid, e.cost.mid }, { 2, 6000, 240, (6000 + 5 * 240) * 1000 })
  check.eq({ e.input.high, e.output.low, e.output.high }, { 2 * (1500 + 3000), 120, 520 })
  check.eq(estimate.of({ 1 }, 1, p, { max_tokens = 100 }).output.high, 100)
  check.eq(estimate.of({}, 7200, p, { max_tokens = 512, canaries = 5 }).cost, { low = 0, mid = 0, high = 0 })
  check.eq(estimate.of({ 1 }, 1, nil, { max_tokens = 100 }).cost, nil)
end)

check.test("a shared part is discounted from its least length on, never at the dear end; a batch costs half", function()
  local haiku, sonnet = prices.of "claude-haiku-4-5", prices.of "claude-sonnet-4-5"
  local todo = { 3600, 3600, 3600 }
  local short = estimate.of(todo, 3600, sonnet, { max_tokens = 512 })
  check.eq(short.cost, short.undiscounted, "1000 tokens are under 1024")
  check.eq(estimate.of(todo, 3600 * 4, haiku, { max_tokens = 512 }).undiscounted.mid,
    estimate.of(todo, 3600 * 4, haiku, { max_tokens = 512 }).cost.mid, "4000 are under this model's 4096")
  local e = estimate.of(todo, 7200, sonnet, { max_tokens = 512 })
  -- 3 x 1000 at $3, 2000 written at 1.25 of it, 4000 read at 0.1 of it, 360 back at $15
  check.eq(e.cost.mid, (3000 * 3 + 2000 * 3.75 + 4000 * 0.3 + 360 * 15) * 1000)
  check.eq(e.undiscounted.mid, (9000 * 3 + 360 * 15) * 1000)
  check.eq(e.cost.high, e.undiscounted.high)
  check.eq(e.batch_cost.mid * 2, e.cost.mid)
end)

check.test("earlier answers tell the length of replies and the bytes of a token, where they are enough", function()
  check.eq(estimate.replies { n = 19, sum = 1900, squares = 190000 }, nil)
  check.eq(estimate.replies { n = 100, sum = 8000, squares = 640000 }, { low = 72.0, mid = 80.0, high = 88.0 })
  -- 50 of 20 and 50 of 140: mean 80, variance 100/99 x 60^2, two standard errors 12.06
  local wide = estimate.replies { n = 100, sum = 8000, squares = 50 * 400 + 50 * 19600 }
  check.near(wide.high - wide.mid, 2 * math.sqrt(3600 * 100 / 99 / 100), 1e-9)
  local list = {}
  for i = 1, 20 do list[i] = { bytes = 400, tokens = 100 } end
  local per = estimate.bytes_a_token(list)
  check.near(per.low, 4.4, 1e-9)
  check.near(per.mid, 4, 1e-9)
  check.near(per.high, 3.6, 1e-9)
  list[20] = nil
  check.eq(estimate.bytes_a_token(list), nil)
end)

-- ---- the budget ----

check.test("what is in flight counts: nothing is sent that could overshoot", function()
  local b = budget.new(100)
  check.eq({ b:reserve(60), b:reserve(50), b:reserve(40) }, { true, false, true })
  b:settle(60, 10)
  check.eq({ b.spent, b.held, b:reserve(50) }, { 10, 40, true })
  b:lose(50)
  b:release(40)
  check.eq({ b.spent, b.held, b.lost }, { 60, 0, 50 })
  check.eq({ b:exhausted(41), b:exhausted(40) }, { true, false })
end)

check.test("without a cap everything is counted and nothing refused", function()
  local b = budget.new(nil)
  check.ok(b:reserve(1 << 50))
  b:settle(1 << 50, 5)
  check.eq({ b.spent, b:exhausted(1 << 60) }, { 5, false })
end)

-- ---- addresses ----

check.test("addresses are read as they are meant, and odd ones are refused", function()
  check.eq(endpoint.parse "HTTPS://API.Example.com:443/v1/".url, "https://api.example.com/v1")
  check.eq(endpoint.parse "http://[::1]:8000/v1".loopback, true)
  check.eq(endpoint.parse "http://127.0.0.1.evil.example".loopback, false)
  for _, bad in ipairs { "", "api.example.com", "ftp://x", "file:///etc/passwd", "https://", "https://u:p@x/", "https://x y",
                         "https://x\r\nHost: y", "https://x/?k=1", "https://x/#f", "https://x:0", "https://x:99999",
                         "https://x\\@y", "javascript://x", "https:///v1" } do
    check.eq((endpoint.parse(bad)), nil, bad)
  end
end)

local hosted = { name = "hosted", key = "T_KEY", base = "T_URL", url = "https://api.hosted.example/v1",
                 secret = { header = "authorization", prefix = "Bearer " } }
local private = { name = "private", key = "T_KEY", base = "T_URL", keyless = true, secret = hosted.secret }

-- Finds with an environment of its own: getenv is the only way in.
local function find(provider, p, env, o)
  local real = fs.getenv
  fs.getenv = function(name) return env[name] end
  local ok, e, err = pcall(endpoint.find, provider, p, { allow_hosts = o and o.allow,
                                                         config = o and o.config or { providers = {}, prices = {} } })
  fs.getenv = real
  assert(ok, e)
  return e, err
end

check.test("a provider's own address goes with its key alone; without a key there is nothing to send", function()
  local e = find(hosted, {}, { T_KEY = "k-1" })
  check.eq({ e.origin, e.path, e.secret.authorization.env, e.private }, { "https://api.hosted.example", "/v1", "T_KEY", false })
  local _, err = find(hosted, {}, {})
  check.eq(err, "no key for hosted: set T_KEY, or api_key in the configuration file (tamis help judging)")
  _, err = find(hosted, {}, { HOME = "/home/ana" })
  check.contains(err, "api_key in ~/.config/tamis/judge.json")
end)

check.test("a recipe's address is nobody's word: refused, allowed by the user, and then without the key", function()
  local p = { base_url = "https://evil.example/v1" }
  local e, err = find(hosted, p, { T_KEY = "k-1" })
  check.eq(e, nil)
  check.contains(err, "the recipe would send rows to https://evil.example, which nobody allowed")
  e, err = find(hosted, p, { T_KEY = "k-1" }, { allow = { "https://evil.example" } })
  check.eq(e, nil)
  check.contains(err, "T_KEY is not sent to https://evil.example")
  e = find(private, p, { T_KEY = "k-1" }, { allow = { "https://evil.example" } })
  check.eq({ e.origin, next(e.secret) }, { "https://evil.example" })
end)

check.test("a recipe may spell out the address that would be taken anyway, whatever is spelt otherwise is another", function()
  local env = { T_KEY = "k-1" }
  local e = find(hosted, { base_url = "HTTPS://api.hosted.example:443/v1/" }, env)
  check.eq({ e.url, e.secret.authorization.env, e.private }, { "https://api.hosted.example/v1", "T_KEY", false })
  for _, other in ipairs { "https://api.hosted.example.evil.example/v1", "https://api.hosted.example:444/v1",
                           "http://api.hosted.example/v1", "https://api.hosted.example%2eevil.example/v1" } do
    check.eq((find(hosted, { base_url = other }, env)), nil, other)
  end
  for _, odd in ipairs { "http://0x7f.1/v1", "http://127.1/v1", "http://2130706433/v1", "http://127.0.0.01/v1",
                         "https://x/%2e%2e/v1", "https://x/../v1" } do
    check.eq((endpoint.parse(odd)), nil, odd)
  end
  check.eq(endpoint.parse "http://judge.localhost:8000".loopback, false)
end)

check.test("an address in the environment carries the key; the recipe may only say the same origin", function()
  local env = { T_KEY = "k-1", T_URL = "https://gateway.example/v1" }
  check.eq(find(hosted, {}, env).secret.authorization, { env = "T_KEY", prefix = "Bearer " })
  check.eq(find(hosted, { base_url = "https://gateway.example/other" }, env).path, "/other")
  check.eq((find(hosted, { base_url = "https://gateway.example:444/v1" }, env)), nil)
end)

check.test("a key in the environment stays from a server of one's own that only the configuration names", function()
  local mine = { providers = { private = { base_url = "https://own.example/v1" } }, prices = {} }
  check.eq(next(find(private, {}, { T_KEY = "k-1" }, { config = mine }).secret), nil)
  mine.providers.private.api_key = "own"
  check.eq(find(private, {}, { T_KEY = "k-1" }, { config = mine }).secret, { authorization = "Bearer own" })
  check.eq(find(private, {}, { T_KEY = "k-1", T_URL = "https://own.example/v1" }).secret.authorization.env, "T_KEY")
end)

check.test("plain http goes to this machine, elsewhere only where the user says so", function()
  check.eq(find(private, {}, { T_URL = "http://127.0.0.1:8000/v1" }).plain, true)
  local e, err = find(private, {}, { T_URL = "http://10.0.0.5:8000/v1" })
  check.eq(e, nil)
  check.eq(err, "http://10.0.0.5:8000/v1 is plain http, and not this machine: use https, or say that it is meant: "
    .. "--allow-host http://10.0.0.5:8000")
  check.ok(find(private, {}, { T_URL = "http://10.0.0.5:8000/v1" }, { allow = { "http://10.0.0.5:8000" } }))
end)

check.test("a key with a line break goes nowhere", function()
  local _, err = find(hosted, {}, { T_KEY = "k\nx: y" })
  check.eq(err, "the key in T_KEY holds a blank or a line break: copy it again")
end)

check.test("the configuration file is read as data, and one with a key must be the user's alone", function()
  local dir = check.folder()
  local path = dir .. "/judge.json"
  assert(fs.write(path, '{"providers":{"hosted":{"api_key":"k-2","requests_per_minute":60}},"prices":{"m":{"input":1,"output":2}}}', 384))
  local c = check.ok(config.read(path))
  check.eq(find(hosted, {}, {}, { config = c }).secret.authorization, "Bearer k-2")
  check.eq(prices.of("m-1", nil, c.prices).output, 2)
  local open = dir .. "/open.json"
  assert(fs.write(open, '{"providers":{"hosted":{"api_key":"k-2"}}}', 420))
  check.contains(select(2, config.read(open)), "chmod 600")
  for _, bad in ipairs { "{", "7", '{"providers":{"x":{"base_url":7}}}', '{"providers":{"x":{"requests_per_minute":0}}}',
                         '{"prices":{"m":{"input":"1"}}}' } do
    local file = dir .. "/bad.json"
    assert(fs.write(file, bad, 384))
    local t, err = config.read(file)
    check.ok(t == nil and type(err) == "string", bad)
  end
  assert(fs.write(dir .. "/bad.json", '{"providers":{"x":{"apikey":"k-2"}}}', 384))
  check.contains(select(2, config.read(dir .. "/bad.json")), "providers.x has no field apikey, did you mean api_key?")
  check.eq(config.read(dir .. "/none.json"), { providers = {}, prices = {} })
end)
check.done()
