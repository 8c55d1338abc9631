--- fixture_run: a small run folder written by hand, so that what explain and report say can be
-- checked against figures that nobody computed. Eight lines were read:
--
--   line  verdict
--   1     curated
--   2     curated
--   3     rejected length.input_too_short (2 tokens, at least 3), also pii
--   4     rejected near_dedup of line 1 (Jaccard 0.8333, threshold 0.8)
--   5     rejected exact_dedup of line 2
--   6     rejected load.malformed
--   7     rejected by a row function: no_escalation.boilerplate
--   8     curated
local fs = require "fs"
local json = require "json"
local store = require "store"

local ROWS = {
  { input = "How do I reset my password please?", output = "Click on Forgot password." , topic = "account" },
  { input = "Where is my invoice?", output = "Under Billing.", topic = "billing" },
  { input = "Hi a@b.de", output = "Hello, how can I help?", topic = "account" },
  { input = "How do I reset my password, please?", output = "Click on Forgot password.", topic = "account" },
  { input = "where is  my invoice?", output = "Under Billing.", topic = "billing" },
  false,
  { input = "My screen is broken, what now?", output = "I'll escalate this.", topic = "hardware" },
  { input = "Can I change my \27[31maddress?", output = "Yes, in Settings.", topic = "account" },
}

local SCHEMA = {
  [[CREATE TABLE rows (row INTEGER PRIMARY KEY, source INTEGER, line INTEGER, identity BLOB, id TEXT,
    status INTEGER, stage TEXT,
    reason TEXT, evidence TEXT, also TEXT, output INTEGER, output_line INTEGER, "length.input_tokens" REAL,
    "length.output_tokens" REAL, "repetition.ratio" REAL, "@topic" TEXT)]],
  [[CREATE TABLE sources (source INTEGER PRIMARY KEY, path, kind, generator, trusted, format, sha256, bytes,
    rows, blank, attributes)]],
  "CREATE TABLE outputs (output INTEGER PRIMARY KEY, name, rows, bytes, sha256)",
  "CREATE TABLE stages (position, stage, name, params, seen, removed, seconds)",
  "CREATE TABLE pairs (stage, a, b, value)",
  "CREATE TABLE meta (key, value)",
}

local STAGES = {
  { "exact_dedup", "exact_dedup", "{}", 7, 1, 0.01 },
  { "length", "length",
    '{"min_input_tokens":3,"max_input_tokens":2048,"min_output_tokens":2,"max_output_tokens":1024}', 6, 1, 0.02 },
  { "repetition", "repetition", '{"max_repetition_ratio":0.15}', 5, 0, 0.02 },
  { "pii", "pii", '{"action":"reject"}', 5, 0, 0.02 },
  { "filter", "no_escalation", "{}", 5, 1, 0.02 },
  { "near_dedup", "near_dedup", '{"threshold":0.8}', 4, 1, 0.05 },
}

-- status, stage, reason, evidence, also, output, output_line, input tokens, output tokens
local function verdicts(source)
  local twin = function(line) return ('"twin":{"source":%s,"line":%d}'):format(json.encode(source), line) end
  return {
    { 0, nil, nil, nil, nil, 1, 1, 7, 4 }, { 0, nil, nil, nil, nil, 1, 2, 4, 2 },
    { 1, "length", "input_too_short", '{"field":"input","value":2,"threshold":3}',
      '[{"stage":"pii","reason":"pii","evidence":{"spans":' ..
      '[{"field":"input","path":"input","start":3,"end":9,"type":"EMAIL"}]}}]', 2, 1, 2, 5 },
    { 1, "near_dedup", "near_duplicate", '{"field":"input+output",' .. twin(1) .. ',"jaccard":0.83333}',
      nil, 2, 2, 7, 4 },
    { 1, "exact_dedup", "duplicate", '{"field":"all",' .. twin(2) .. "}", nil, 2, 3, nil, nil },
    { 1, "load", "malformed", '{"offset":12}', nil, 2, 4, nil, nil },
    { 1, "no_escalation", "boilerplate", '{"detail":"I\'ll escalate"}', nil, 2, 5, 6, 3 },
    { 0, nil, nil, nil, nil, 1, 3, 5, 3 },
  }
end

local function write(path, text) assert(fs.write(path, text)) end

--- Makes DIR/curated/helpdesk/r1 and its `latest`, and the source DIR/raw.jsonl.
-- @return  the run's folder, the source's path
return function(dir)
  local out = dir .. "/curated/helpdesk/r1"
  assert(fs.mkdirs(out))
  local source = dir .. "/raw.jsonl"
  local raw, curated, rejected = {}, {}, {}
  local facts = verdicts(source)
  for i, row in ipairs(ROWS) do
    raw[i] = row and json.encode(row) or '{"input": "x'
    local f = facts[i]
    local object = {}
    for k, v in pairs(row or {}) do object[k] = v end
    if f[1] == 0 then curated[f[7]] = raw[i]
    else
      if not row then object._raw = raw[i] end
      object._rejection = { stage = f[2], reason = f[3], source = source, line = i }
      rejected[f[7]] = json.encode(object)
    end
  end
  write(source, table.concat(raw, "\n") .. "\n")
  write(out .. "/curated.jsonl", table.concat(curated, "\n") .. "\n")
  write(out .. "/rejected.jsonl", table.concat(rejected, "\n") .. "\n")
  write(out .. "/lineage.json", json.encode { run_id = "r1", dataset_name = "helpdesk",
    created_at = "2024-06-01T00:00:00Z",
    fingerprint = ("ab"):rep(32), final_count = 3, rejected_count = 5, quarantined_count = 0,
      config = { seed = 42 } })
  local db = assert(store.open(out .. "/ledger.db"))
  for _, sql in ipairs(SCHEMA) do assert(db:exec(sql)) end
  assert(db:exec("INSERT INTO sources VALUES (1, ?, 'expert', NULL, 0, 'pairs', '', ?, 8, 0, NULL)", source,
    #table.concat(raw, "\n") + 1))
  assert(db:exec "INSERT INTO outputs VALUES (1, 'curated.jsonl', 3, 0, ''), (2, 'rejected.jsonl', 5, 0, '')")
  for i, s in ipairs(STAGES) do assert(db:exec("INSERT INTO stages VALUES (?, ?, ?, ?, ?, ?, ?)", i,
    table.unpack(s, 1, 6))) end
  for i, f in ipairs(facts) do
    assert(db:exec("INSERT INTO rows VALUES (?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, NULL, ?)", i, i,
      string.rep(string.char(i), 16),
      "T-" .. i, f[1], f[2], f[3], f[4], f[5], f[6], f[7], f[8], f[9], ROWS[i] and ROWS[i].topic or nil))
  end
  db:close()
  assert(fs.symlink("r1", dir .. "/curated/helpdesk/latest"))
  return out, source
end
