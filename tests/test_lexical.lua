-- tests/test_lexical.lua: the stage embed with model = "lexical", and what its vectors tell.
local check = require "check"
local embed = require "stages.embed"
local lexical = require "lexical"
local vectors = require "vectors"
local views = require "views"

local function row(input, output) return { input = input, output = output } end

local ROWS = {
  row("how do I reset my password", "click on reset my password on the login page"),
  row("How do I reset my password?", "Click on reset my password, on the login page!"),
  row("where is my invoice", "invoices are under billing"),
  row("which team won the match on sunday", "the home team won"),
  row("???", "..."),
}

local function run(view, changes)
  local p = views.params(embed)
  for k, v in pairs(changes) do p[k] = v end
  return embed.run(view, p, { name = "embed", pool = views.pool, seed = 42 })
end

for _, method in ipairs(lexical.has_svd() and { "projection", "svd" } or { "projection" }) do
  check.test("rows of the same words are alike, others less, and the notes say what is not seen: " .. method, function()
    local child, info = run(views.load(ROWS), { model = "lexical", method = method, sample = 5 })
    check.ok(child, info)
    local v = vectors.of(child)
    check.eq({ #v, v:dim(), v:name(), v:meaning() },
      { 4, 256, method == "svd" and "lexical svd" or "lexical", false })
    if method == "projection" then
      check.near(v:cosine(1, 2), 1, 1e-6)   -- case, punctuation and order of marks count nothing
      local e = v:embedder()
      local one, two = e:embed("the dog bites the man"), e:embed("the man bites the dog")
      local cosine = vectors.cosine(one, two)
      check.ok(cosine < 0.95 and cosine > 0.6, cosine)   -- in another order: the pairs differ
      check.ok(v:cosine(1, 3) < 0.5 and v:cosine(1, 4) < 0.4)
    end
    check.eq(v:has(5), false)
    check.eq(info.figures.method, method)
    check.eq(info.figures.sees_paraphrases, false)
    check.contains(info.notes[1], "do not see that a paraphrase means the same")
    check.eq(#v:embedder():embed("reset"), 256)
  end)

  check.test("the vectors are the same for any number of threads: " .. method, function()
    local view, core = views.load(ROWS), require "core"
    local p = { method = method, sample = 5, least = 1, seed = 3 }
    local one, three = lexical.fit(view, p), lexical.fit(view, p, core.pool(3))
    check.eq(one:embed("reset my invoice"), three:embed("reset my invoice"))
  end)
end

check.test("a decomposition needs LAPACK, and a plan says so before it reads a row", function()
  local p = views.params(embed)
  p.model, p.method = "lexical", "svd"
  local fine, why = embed.ready(p, {})
  check.eq(fine or nil, lexical.has_svd() or nil)
  if not fine then check.contains(why, "needs LAPACK") end
end)

check.test("wrong parameters are told", function()
  local p = views.params(embed)
  p.model, p.dim = "lexical", 100
  check.eq(embed.check(p), "dim is 100: expected a multiple of 8")
  p.dim, p.features = 256, {}
  check.contains(embed.check(p), "features is an empty list")
  local view = views.load(ROWS)
  check.raises("dim: expected a multiple of 8", lexical.fit, view, { dim = 12 })
  check.raises("sample: expected a whole number", lexical.fit, view, { sample = 0 })
  check.raises("bigram: expected a weight", lexical.fit, view, { bigram = 0 })
  check.raises("method: expected", lexical.fit, view, { method = "pca" })
end)

check.done()
