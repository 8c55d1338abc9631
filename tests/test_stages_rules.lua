-- tests/test_stages_rules.lua - the rule and selection stages on rows that were really read
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local views = require "views"

local pool = core.pool(2)
local FORMATS = require "formats.all"

local load, params = views.load, views.params

--- Runs a stage over a view: the child, and the stage's finish notes.
local function run(view, name, changes, ctx)
  local stage = require("stages." .. name)
  local p = params(stage, changes)
  ctx = ctx or {}
  ctx.pool, ctx.seed, ctx.name = ctx.pool or pool, ctx.seed or 42, ctx.name or name
  local child, err
  if stage.scope == "row" then
    local op = check.ok(stage.op(p, ctx))
    child, err = view:run_group { ops = { op }, stages = { name }, pool = pool }
  else
    local verdicts = check.ok(stage.run(view, p, ctx))
    if getmetatable(verdicts).__name == "tamis.view" then child = verdicts
    else child, err = view:apply(name, verdicts) end
  end
  check.ok(child, err)
  return child, stage.finish and stage.finish(child, p, ctx).notes or {}
end

local function reasons(view)
  local out = {}
  for _, r in ipairs(view:reasons()) do out[r.stage .. "." .. r.reason] = r.count end
  return out
end

local function words(n) return ("word "):rep(n):sub(1, -2) end

check.test("length judges both fields, and says by how much", function()
  local view = load {
    { input = words(20), output = words(10) }, { input = words(19), output = words(10) },
    { input = words(2049), output = words(10) }, { input = words(20), output = words(9) },
    { input = words(20), output = words(1025) }, { input = words(3), output = words(3) },
  }
  local child = run(view, "length")
  check.eq(reasons(child), { ["length.input_too_short"] = 2, ["length.input_too_long"] = 1,
                             ["length.output_too_short"] = 1, ["length.output_too_long"] = 1 })
  local row = child:row(2)
  check.eq(row.evidence, { field = "input", value = 19, threshold = 20 })
  check.eq(row.metrics["length.input_tokens"], 19.0)
  check.eq(#child:row(6).also, 1)
  check.eq(child:row(6).also[1].reason, "output_too_short")
end)

check.test("length refuses bounds that cross", function()
  local stage = require "stages.length"
  local op, err = stage.op(params(stage, { min_input_tokens = 30, max_input_tokens = 20 }), {})
  check.eq(op, nil)
  check.contains(err, "min_input_tokens is 30")
end)

check.test("repetition rejects above its ratio, from ten words up", function()
  local distinct = "one two three four five six seven eight nine ten"
  local view = load {
    { input = "q", output = distinct },
    { input = "q", output = ("yes no "):rep(10) },
    { input = "q", output = ("yes no "):rep(4) },       -- eight words
  }
  local child = run(view, "repetition")
  check.eq(reasons(child), { ["repetition.repetitive"] = 1 })
  check.near(child:row(2).evidence.value, 1 - 2 / 19)   -- 19 bigrams of two kinds
  check.eq(child:row(3).metrics["repetition.ratio"], nil)
end)

check.test("topics tags by the first rule, and warns of low coverage", function()
  local view = load {
    { input = "I forgot my Password", output = "x" }, { input = "refund the invoice", output = "x" },
    { input = "hello", output = "x" }, { input = "hi", output = "password" },
  }
  local child, notes = run(view, "topics", { rules = { { "login", "password", "log in" }, { "billing", "invoice" } } })
  check.eq(child:group_counts("topic", "standing"), { login = 1, billing = 1, unknown = 2 })
  check.contains(notes[1], "2 of 4 rows (50%")
end)

local needs_pcre2 = not select(2, require("scan").new {}) and true

check.test("pii rejects by kind, with places and never the text", function()
  if not needs_pcre2 then check.skip "built without PCRE2" end
  local view = load {
    { input = "Grüße von jo@corp.io und ab@corp.io", output = "call 415-555-2671" },
    { input = "nothing", output = "here" },
    { input = "x", output = "y", note = "ssn 460-89-9847" },
  }
  local child = run(view, "pii")
  check.eq(reasons(child), { ["pii.pii_email"] = 1, ["pii.pii_ssn"] = 1 })
  local row = child:row(1)
  check.eq(row.evidence, { spans = { { field = "input", path = "input", start = 10, ["end"] = 20, type = "EMAIL" },
                                     { field = "input", path = "input", start = 25, ["end"] = 35, type = "EMAIL" } } })
  check.eq(row.also[1].reason, "pii_phone")
  check.eq(child:row(3).evidence.spans[1].path, "note")
end)

check.test("pii redacts in place, in tool arguments too, and leaves the id alone", function()
  if not needs_pcre2 then check.skip "built without PCRE2" end
  local view = load({
    { id = "jo@corp.io", messages = {
      { role = "user", content = "I am jo@corp.io" },
      { role = "assistant", content = "ok", tool_calls = { { type = "function", id = "1", ["function"] = {
        name = "mail", arguments = '{"to":"jo@corp.io","card":4111111111111111}' } } } },
      { role = "tool", content = "sent", tool_call_id = "1" },
      { role = "assistant", content = "done" } } },
  }, { id = "id" })
  local child = run(view, "pii", { action = "redact" })
  local row = child:row(1)
  check.eq(row.status, "standing")
  check.eq(child:field(1, "input"):match "I am %S+", "I am [EMAIL]")
end)

check.test("pii tags the kinds that are found", function()
  if not needs_pcre2 then check.skip "built without PCRE2" end
  local view = load { { input = "jo@corp.io 86.121.97.248", output = "x" }, { input = "x", output = "y" } }
  local child = run(view, "pii", { action = "tag" })
  check.eq(child:row(1).annotations.pii, "EMAIL,IP")
  check.eq(child:row(2).annotations.pii, nil)
end)

check.test("pii takes kinds of the recipe's own, and an action a kind", function()
  if not needs_pcre2 then check.skip "built without PCRE2" end
  local view = load { { input = "EMP-123456 wrote to jo@corp.io", output = "x" },
                      { input = "EMP-12", output = "460-89-9847" } }
  local child = run(view, "pii", { types = { EMAIL = "redact" },
                                   extra = { employee_id = { pattern = [[EMP-\d{6}]], action = "redact" } } })
  check.eq(child:field(1, "input"), "[EMPLOYEE_ID] wrote to [EMAIL]")
  check.eq(child:row(2).status, "standing")
end)

check.test("a row of ten thousand strings is redacted in each of them", function()
  local tags = {}
  for i = 1, 10000 do tags[i] = ("write to user%d@mail%d.org"):format(i, i % 7) end
  local view = load { { input = "ask bob@mail.org", output = "yes" }, { input = "q", output = "a", tags = tags },
                      { input = "ask eve@mail.org", output = "no" } }
  local child = run(view, "pii", { action = "redact" })
  check.eq(child:field(1, "input"), "ask [EMAIL]")
  check.eq(child:field(3, "input"), "ask [EMAIL]")
  check.eq(#child:edits(2), 10000)
  check.eq({ child:key(2, "tags[0]"), child:key(2, "tags[9999]") }, { "write to [EMAIL]", "write to [EMAIL]" })
end)

check.test("pii suggests redaction when it rejects much", function()
  if not needs_pcre2 then check.skip "built without PCRE2" end
  local _, notes = run(load { { input = "jo@corp.io", output = "x" }, { input = "a", output = "b" } }, "pii")
  check.contains(notes[1], 'action = "redact"')
end)

check.test("rows of trusted sources are flagged and stay", function()
  local view = load({ { input = words(3), output = words(3) } }, { trusted = true })
  local child = run(view, "length")
  check.eq(child:row(1).status, "standing")
  check.eq(child:row(1).annotations.flagged, "length:input_too_short,length:output_too_short")
end)

check.test("language keeps what it is told to, and what it cannot tell", function()
  local ok, why = require("lang").detect("x")
  if not ok then check.skip(why) end
  local view = load {
    { input = "How do I reset my password on the mobile app?", output = "Open the settings and choose a new one." },
    { input = "Comment réinitialiser mon mot de passe ?",
      output = "Ouvrez les paramètres et choisissez-en un nouveau." },
    { input = "yes", output = "ok" },
    { input = "How do I reset my password on the mobile app, please tell me?",
      output = "Ouvrez les paramètres de votre compte et choisissez-en un nouveau mot de passe." },
  }
  local child = run(view, "language")
  check.eq(child:row(1).annotations.language, "en")
  check.eq(child:row(2).reason, "other_language")
  check.eq(child:row(2).evidence.language, "fr")
  check.eq(child:row(3).status, "standing")
  check.eq(child:row(3).annotations.language, "und")
  check.eq(child:row(4).status, "rejected")
  check.eq(select(2, child:counts()), 2)
  child = run(view, "language", { keep = {}, min_confidence = 0 })
  check.eq(select(2, child:counts()), 0)
end)

-- ---- selection ----

local function topical(n)
  local rows = {}
  for i = 1, n do
    rows[i] = { input = "question " .. i, output = "answer", topic = i % 3 == 0 and "rare" or "common" }
  end
  rows[#rows + 1] = { input = "no topic", output = "x" }
  rows[#rows + 1] = { input = "no topic either", output = "x" }
  return rows
end

local function standing(view, key) return view:group_counts(key, "standing") end

check.test("balance caps each group and leaves unknown alone", function()
  local view = load(topical(90))
  local child = run(view, "balance", { max = 10 })
  check.eq(standing(child, "topic"), { rare = 10, common = 10, unknown = 2 })
  check.eq(reasons(child), { ["balance.over_cap"] = 70 })
  for i = 1, #child do
    local e = child:row(i).evidence
    if e then check.ok(e.field == "topic" and e.threshold == 10 and e.value > 10 and e.value <= 60) end
  end
end)

check.test("balance takes a table of caps, and names unknown only there", function()
  local view = load(topical(90))
  local child = run(view, "balance", { max = { rare = 5, unknown = 1 } })
  check.eq(standing(child, "topic"), { rare = 5, common = 60, unknown = 1 })
  child = run(view, "balance", { max = { rare = 5, ["*"] = 7 } })
  check.eq(standing(child, "topic"), { rare = 5, common = 7, unknown = 2 })
end)

check.test("balance takes a function of group and count", function()
  local view = load(topical(90))
  local seen = {}
  local ctx = { call = function(fn, ...) return fn(...) end }
  local child = run(view, "balance", { max = function(group, count) seen[group] = count; return count // 3 end }, ctx)
  check.eq(seen, { rare = 30, common = 60 })
  check.eq(standing(child, "topic"), { rare = 10, common = 20, unknown = 2 })
  ctx.name = "balance"
  local stage = require "stages.balance"
  local _, err = stage.run(view, params(stage, { max = function() return "many" end }), ctx)
  check.contains(err, "expected a number of rows, got many")
end)

check.test("which rows stay is a matter of seed and bytes, not of order", function()
  local rows = topical(60)
  local function kept(list, seed)
    local child, out = run(load(list), "balance", { max = 5 }, { seed = seed }), {}
    for _, i in ipairs(child:standing_rows()) do out[#out + 1] = child:field(i, "input") end
    table.sort(out)
    return out
  end
  local reversed = {}
  for i = #rows, 1, -1 do reversed[#reversed + 1] = rows[i] end
  check.eq(kept(rows, 1), kept(reversed, 1))
  check.ok(table.concat(kept(rows, 1)) ~= table.concat(kept(rows, 2)), "another seed keeps other rows")
end)

check.test("language takes the codes that CLD2 gives, and says which code another word means", function()
  local stage, list = require "stages.language", require "lang".known()
  if #list == 0 then check.skip "this build has no CLD2" end
  for _, code in ipairs { "en", "zh", "zh-Hant", "haw", "he" } do check.eq(stage.check { keep = { code } }, nil) end
  check.eq(stage.check { keep = {} }, nil)
  for given, right in pairs { english = "en", EN = "en", eng = "en", germn = "de", ["pt-BR"] = "pt", ["zh-hant"] = "zh-Hant" } do
    check.contains(stage.check { keep = { "fr", given } },
      ('keep has "%s", which is no language\'s code, such as "en", "de" or "zh"; did you mean "%s"?'):format(given, right))
  end
  check.contains(stage.check { keep = { "und" } }, "keep_undetermined")
end)

check.test("sample keeps n rows, or near enough the share", function()
  local rows = {}
  for i = 1, 2000 do rows[i] = { input = "question " .. i, output = "answer" } end
  local view = load(rows)
  check.eq((run(view, "sample", { n = 100 }):counts()), 100)
  check.eq((run(view, "sample", { n = 5000 }):counts()), 2000)
  local kept = run(view, "sample", { share = 0.25 }):counts()
  check.ok(math.abs(kept - 500) < 4 * math.sqrt(2000 * 0.25 * 0.75), kept)
  check.eq((run(view, "sample", { share = 0 }):counts()), 0)
  check.eq((run(view, "sample", { share = 1 }):counts()), 2000)
  check.contains(require "stages.sample".check {}, "needs one of n, ")
  check.contains(require "stages.sample".check { n = 3, share = 0.5 }, "both n and share")
  check.eq(require "stages.sample".check { n = 3 }, nil)
end)

check.test("no rule of the chat preset removes more than 3% of clean data", function()
  local chat = require "presets.chat"
  local files = { "raw_math.jsonl", "raw_support.jsonl.gz", "raw_tickets.jsonl", "alpaca.jsonl.gz",
                  "sharegpt.jsonl", "openai_messages.jsonl" }
  if not io.open("../shared/data/" .. files[1]) then check.skip "no ../shared/data" end
  for _, file in ipairs(files) do
    local source = { path = "../shared/data/" .. file }
    local view = check.ok(corpus.load { sources = { source }, formats = FORMATS, pool = pool })
    for _, name in ipairs { "length", "repetition", "language", "pii" } do
      local stage = require("stages." .. name)
      local op, err = stage.op(params(stage, chat[name]), {})
      if not op then check.contains(err, "needs") end
      local child = op and check.ok(view:run_group { ops = { op }, stages = { name }, pool = pool }) or view
      for _, r in ipairs(child:reasons()) do
        check.ok(r.stage == "load" or r.count <= 0.03 * #view,
                 ("%s: %s.%s %d"):format(file, r.stage, r.reason, r.count))
      end
    end
  end
end)

check.test("a preset names parameters that its stages have", function()
  for _, preset in ipairs { "document", "chat", "code" } do
    local figures = require("presets." .. preset)
    for _, name in ipairs(figures.order) do
      local stage = require("stages." .. name)
      for p in pairs(figures[name] or {}) do check.ok(stage.params[p], preset .. ": " .. name .. "." .. p) end
    end
  end
end)

check.test("every stage of the house has the anatomy of one", function()
  local names = { "length", "repetition", "pii", "language", "filter", "map", "topics", "balance", "sample", "export" }
  for _, name in ipairs(names) do
    local s = require("stages." .. name)
    check.eq(s.name, name)
    check.ok(type(s.doc) == "string" and #s.doc > 0 and not s.doc:find("%.$"), name .. ".doc")
    for p, spec in pairs(s.params) do
      check.ok(spec.type and type(spec.doc) == "string" and #spec.doc > 0, name .. "." .. p)
    end
    check.ok(type(s.reasons) == "table" and type(s.metrics) == "table", name)
  end
end)

check.done()
