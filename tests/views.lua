--- views: rows of a test as a view, and a stage's parameters.
local core = require "core"
local corpus = require "corpus"
local json = require "json"
local trial = require "init.trial"

local views = { pool = core.pool(2), params = trial.params }

--- Rows, tables or lines, written to a file that is gone afterwards.
-- @param source  settings of that source (trusted, kind), and `id`, if any
function views.load(rows, source)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  for _, row in ipairs(rows) do file:write(type(row) == "string" and row or json.encode(row), "\n") end
  file:close()
  local one = { path = path }
  for k, v in pairs(source or {}) do one[k] = v end
  local view, err = corpus.load { sources = { one }, formats = require "formats.all", pool = views.pool,
                                  id = source and source.id }
  os.remove(path)
  return assert(view, err)
end

return views
