-- vectors as Lua sees them; the stage embed and what rests on it.
local check = require "check"
local vectors = require "vectors"
local views = require "views"

local function rows(n)
  local out = {}
  for i = 1, n do out[i] = { input = "question " .. i, output = "answer " .. i } end
  return out
end

local function near(a, b) return math.abs(a - b) < 1e-6 end

check.test("the cosine of two tables is that of their numbers", function()
  check.ok(near(vectors.cosine({ 1, 0 }, { 1, 1 }), math.sqrt(0.5)))
  check.eq(vectors.cosine({ 1, 2, 3 }, { 1, 2, 3 }), 1.0)
  check.eq(vectors.cosine({ 0, 0 }, { 1, 2 }), 0.0)
  check.raises("as many numbers", function() vectors.cosine({ 1 }, { 1, 2 }) end)
  check.raises("1 to 16384", function() vectors.cosine({}, {}) end)
  check.raises("expected numbers", function() vectors.cosine({ "x" }, { 1 }) end)
end)

check.test("vectors hang on a view and on those made of it", function()
  local view = views.load(rows(3))
  check.eq(vectors.of(view), nil)
  local v = vectors.make(view, { { 1, 0 }, { 3, 4 } }, { dim = 2, name = "mine" })
  check.eq(#v, 2)
  check.eq(v:name(), "mine")
  check.eq(v:has(3), false)
  check.eq(v:cosine(1, 3), nil)
  check.ok(near(v:cosine(1, 2), 0.6))
  check.ok(near(v:vector(2)[2], 0.8))
  local child = assert(vectors.attach(view, "embed", v))
  local later = assert(vectors.attach(child, "again", vectors.make(view, { { 1 } }, { dim = 1, kind = "f16" })))
  check.eq(vectors.of(view), nil)
  check.eq(vectors.of(later):dim(), 1)
  check.eq(vectors.of(later):kind(), "f16")
  check.eq(vectors.of(later, "embed"):dim(), 2)
  check.raises("other rows", function() vectors.attach(views.load(rows(2)), "embed", v) end)
end)

check.test("rows without a vector are told, and rejected where the stage is asked to", function()
  local view = views.load(rows(4))
  local v = vectors.make(view, { { 1, 0 }, nil, { 0, 0 }, { 0 / 0, 1 } }, { dim = 2 })
  local states = v:states(view)
  check.eq({ ok = 1, missing = 1, zero = 1, not_finite = 1, first = 2 }, states)
  local child = assert(view:run_group { ops = { vectors.op(v, true) }, stages = { "embed" }, pool = views.pool })
  check.eq((child:counts()), 1)
  local count = {}
  for _, r in ipairs(child:reasons()) do count[r.reason] = r.count end
  check.eq({ no_vector = 2, bad_vector = 1 }, count)
  local kept = assert(view:run_group { ops = { vectors.op(v, false) }, stages = { "embed" }, pool = views.pool })
  check.eq((kept:counts()), 4)
end)
check.done()
