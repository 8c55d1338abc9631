--- What is out at a provider, as the cache's file notes it.

local batches = require "judge.batch.store"
local cache = require "judge.ask.cache"
local check = require "check"
local rubric = require "judge.rubric"

check.test("a mark that this program did not draw is no batch: it would be part of a file's name", function()
  local c = check.ok(cache.open(check.folder() .. "/judge.db"))
  local store = batches.of(c)
  local mark = store:intend({ provider = "openai", url = "u", model = "m", digest = "d", rubric = rubric.check { "a" },
    price = { input = 1, output = 5 }, job = "j", cost = 0 }, { { key = ("k"):rep(64), id = "i", max_tokens = 9,
    worst = 1 } })
  for _, odd in ipairs { "/../../../../home/u/.profile", "a/b", "", "A.b" } do
    check.ok(c.db:exec("INSERT INTO batches SELECT ?, 'sent', 'batch_1', provider, url, model, digest, rubric, price, job, "
      .. "closed, nrows, worst, cost, at, denied FROM batches WHERE mark = ?", odd, mark))
  end
  local out = store:out()
  check.eq({ #out, out[1].mark }, { 1, mark })
  c:close()
end)
check.done()
