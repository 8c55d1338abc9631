--- What the judge's outcomes make of rows that were really read.

local check = require "check"
local core = require "core"
local corpus = require "corpus"
local json = require "json"
local rubric = require "judge.rubric"
local tell = require "judge.tell"

local R = rubric.check { "correctness", "tone" }

local function read(n)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for i = 1, n do file:write(json.encode { input = "question " .. i, output = "answer" }, "\n") end
  file:close()
  local view, err = corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = core.pool(1) }
  os.remove(path)
  return check.ok(view, err)
end

check.test("a server's words in any bytes, or cut within a character, are evidence all the same", function()
  local said = { "cut \xe2\x80", "\xff\xfe\0", "caf\xe9", "€" }
  local of = {}
  for i, why in ipairs(said) do of[i] = { state = "failed", why = why } end
  local self = { rubric = R, p = {}, ctx = { name = "judge" }, provider = { name = "x" },
                 trust_file = check.folder() .. "/none.json" }
  local view = check.ok(tell.view(self, read(#said), { of = of }, {}))
  for i = 1, #said do check.eq(view:row(i).status, "quarantined") end
end)
check.done()
