--- trust: is this judge known to agree with people? A calibration (tamis judge calibrate) stands in calibration.json
-- beside the cache; it speaks for one judge, one rubric and their versions, and for nothing else:
--   people         the scores are people's own (a score file whose every line names its annotator)
--   calibrated     a calibration of enough labels exists
--   uninformative  it exists, and found that the judge says next to nothing
--   untrusted      there is none

local fs = require "fs"
local json = require "json"

local trust = {}

local FORMAT = 1
local FILE_MODE, FOLDER_MODE = 384, 448   -- octal 0600, 0700

--- Where calibrations lie: in the folder of the cache.
-- @param cache  the cache's path
function trust.path(cache) return (cache:match "^(.*)/[^/]*$" or ".") .. "/calibration.json" end

--- What a calibration speaks for.
-- @param f  the stage's figures in the lineage
function trust.subject(f)
  return { provider = f.provider, model = f.model, served = json.array(f.served or {}),
           rubric = { sha256 = f.rubric.sha256, version = f.rubric.version },
           scores = f.scores and f.scores.sha256 or nil }
end

-- Every model that answered must have been among those that were calibrated: a name may move to another model.
local function serves(record, f)
  local known = {}
  for _, name in ipairs(record.served or {}) do known[name] = true end
  for _, name in ipairs(f.served or {}) do
    if not known[name] then return false end
  end
  return true
end

local function speaks_for(record, f)
  local r = record.rubric
  return record.provider == f.provider and record.model == f.model and r.sha256 == f.rubric.sha256
    and r.version == f.rubric.version and record.scores == (f.scores and f.scores.sha256 or nil) and serves(record, f)
end

local function without_null(v)
  if type(v) ~= "table" then return v end
  for key, x in pairs(v) do
    if x == json.null then v[key] = nil else v[key] = without_null(x) end
  end
  return v
end

--- All calibrations of a file; none where it is missing.
-- @return  a list; or nil and a sentence
function trust.read(path)
  if not fs.exists(path) then return {} end
  local text, err = fs.read(path, 1 << 24)
  if not text then return nil, err end
  local t = json.decode(text)
  if type(t) ~= "table" or t.format ~= FORMAT or type(t.calibrations) ~= "table" then
    return nil, path .. " holds no calibrations"
  end
  local out = json.array {}
  for _, record in ipairs(without_null(t.calibrations)) do
    if type(record) == "table" and type(record.rubric) == "table" then out[#out + 1] = record end
  end
  return out
end

--- How far the scores of a stage may be believed.
-- @param f     its figures in the lineage
-- @param path  of the calibrations; nil for that of the run
-- @return  { state, n, at, kappa } of the newest calibration that speaks for it
function trust.of(f, path)
  if f.scores and f.scores.annotators then return { state = "people" } end
  path = path or f.trust and f.trust.file
  local list = path and trust.read(path) or {}
  local found
  for _, record in ipairs(list) do
    if speaks_for(record, f) then found = record end
  end
  if not found then return { state = "untrusted" } end
  local state = found.informative == false and "uninformative" or "calibrated"
  return { state = state, n = found.n, at = found.at, kappa = found.kappa }
end

--- The state in one sentence; nil where there is nothing to warn of.
-- @param name  the stage's
-- @param f     its figures, `trust` in them
function trust.note(name, f)
  local state = f.trust.state
  if state == "untrusted" then
    return ("%s: untrusted: nobody has held its scores against people's: label 100 rows (tamis label RUN --of all), "
      .. "then tamis judge calibrate --labels FILE RUN"):format(name)
  elseif state == "uninformative" then
    return ("%s: uninformative: by its calibration on %d labels the judge says next to nothing of what people keep")
      :format(name, f.trust.n)
  end
end

--- Adds a calibration, in the place of an earlier one on the same subject.
-- @return  true; or nil and a sentence
function trust.add(path, record)
  local ok, err = fs.mkdirs(path:match "^(.*)/[^/]*$", FOLDER_MODE)
  if not ok then return nil, err end
  local list
  list, err = trust.read(path)
  if not list then return nil, err end
  local key, out = json.encode { record.provider, record.model or false, record.served, record.rubric,
                                 record.scores or false }, json.array {}
  for _, r in ipairs(list) do
    local other = json.encode { r.provider, r.model or false, json.array(r.served or {}), r.rubric, r.scores or false }
    if other ~= key then out[#out + 1] = r end
  end
  out[#out + 1] = record
  return fs.write(path, json.encode({ format = FORMAT, calibrations = out }, "  ") .. "\n", FILE_MODE)
end

return trust
