-- tests/test_secrets.lua - keys and tokens: what is found and what is not (that no text takes
-- long is measured: tests/bench/linear.lua).
-- Values are put together here, so that no scanner trips over this file.
local check = require "check"
local core = require "core"
local corpus = require "corpus"
local json = require "json"
local scan = require "scan"
local rules = require "pii.secrets"
local views = require "views"

local pool = core.pool(2)
local scanner, why = scan.new(rules)

local function test(name, fn)
  check.test(name, function()
    if not scanner then check.skip(why) end
    fn()
  end)
end

local function found(s, options)
  local out = {}
  local sc = options and check.ok(scan.new(rules, options)) or scanner
  for i, m in ipairs(check.ok(sc:find(s))) do out[i] = m.type .. " " .. m.text end
  return table.concat(out, "; ")
end

local BODY = "4fR7kQ2xZ9mB1nT6vC3wH8yJ5pL0sD7gA2eU"   -- 36 letters and digits
local GITHUB = "gh" .. "p_" .. BODY

test("a token is found whole, in text, JSON and tool arguments", function()
  check.eq(found("use " .. GITHUB .. "."), "GITHUB_TOKEN " .. GITHUB)
  check.eq(found("{\"k\":\"" .. GITHUB .. "\"}"), "GITHUB_TOKEN " .. GITHUB)
  check.eq(found("{\\\"k\\\":\\\"\\n" .. GITHUB .. "\\\"}"), "GITHUB_TOKEN " .. GITHUB)
end)

test("a token that is cut, or part of a longer word, is none", function()
  check.eq(found(GITHUB:sub(1, 30)), "")
  check.eq(found("x" .. GITHUB), "")
  check.eq(found("AK" .. "IA" .. ("Q7"):rep(9)), "")   -- 18 behind the prefix
end)

test("placeholders count only when strict", function()
  local key = "AK" .. "IA" .. "IOSFODNN7" .. "EXAMPLE"
  check.eq(found(key), "")
  check.eq(found(key, { strict = true }), "AWS_ACCESS_KEY " .. key)
end)

test("a private key is one find from its first line to its last", function()
  local head, tail = "-----BEGIN " .. "RSA PRIVATE KEY-----", "-----END " .. "RSA PRIVATE KEY-----"
  local block = head .. "\n" .. BODY .. "\n" .. BODY .. "\n" .. tail
  check.eq(found("see\n" .. block .. "\nend"), "PRIVATE_KEY " .. block)
  local escaped = block:gsub("\n", "\\n")
  check.eq(found("\"key\": \"" .. escaped .. "\""), "PRIVATE_KEY " .. escaped)
  check.eq(found(head .. "\n" .. BODY .. "\n\nthe rest was cut"), "PRIVATE_KEY " .. head .. "\n" .. BODY .. "\n\n")
  check.eq(found("a line that says " .. head .. " starts a key"), "")
end)

test("an assignment tells its value, a reference none", function()
  check.eq(found("DB_PASSWORD=k7#mQ2xZ!9"), "ASSIGNMENT k7#mQ2xZ!9")
  check.eq(found("\"api_key\": \"" .. BODY .. "\""), "ASSIGNMENT " .. BODY)
  for _, s in ipairs { "password = user.password1", "token = get_token_v2(x)", "secret: ${SECRET_12}", "pwd=/home/user1/dir",
                       "password: hunter", "api_key = your_api_key_12", "secret = process.env.SECRET_1",
                       "token: 8c8c8c8c8c" } do
    check.eq(found(s), "", s)
  end
end)

test("a password that somebody thought up is found behind its name, a word or a reference is not", function()
  local own = "Sommer" .. "2024!"
  check.eq(found("password = \"" .. own .. "\""), "ASSIGNMENT " .. own)
  check.eq(found("password: " .. own), "ASSIGNMENT " .. own:sub(1, -2))    -- the sign may end a sentence
  check.eq(found("{\"passwd\": \"" .. own .. "\"}"), "ASSIGNMENT " .. own)
  check.eq(found("DB_PWD='" .. own .. "'"), "ASSIGNMENT " .. own)
  for _, s in ipairs { "password = \"sommer\"", "password: Required", "password: " .. "sommer2024", "password = Settings.Default2",
                       "password: YOUR_PASSWORD1", "password = getPassword2(user)", "title = \"" .. own .. "\"" } do
    check.eq(found(s), "", s)
  end
end)

test("a password in an address is found, a template's or an example's is not", function()
  local dsn = "postgres" .. "://app:s3cr3t@db.corp.io"
  check.eq(found(dsn .. "/main"), "CONNECTION_STRING " .. dsn)
  check.eq(found("https" .. "://bot:s3cr3t@git.corp.io/x"), "URL_CREDENTIALS https" .. "://bot:s3cr3t@git.corp.io")
  check.eq(found("postgres" .. "://app:${PASS}@db.corp.io"), "")
  check.eq(found("postgres" .. "://app:s3cr3t@localhost/main"), "")
  local house = "postgres" .. "://user:pass123@db.internal"
  check.eq(found(house .. ":5432/prod"), "CONNECTION_STRING " .. house)
end)

test("there are forty kinds or more, and the stage takes each by name", function()
  local kinds = require "pii.finder".kinds(rules)
  check.ok(#kinds >= 40, #kinds .. " kinds")
  local op, err = require "stages.secrets".op { action = "reject", types = kinds, extra = {}, annotation = "secrets" }
  check.ok(op, err)
end)

-- ---- pii and secrets in one group: one reading serves both ----

--- Rows of one string each, read anew.
local function rows_of(texts)
  local lines = {}
  for i, text in ipairs(texts) do lines[i] = json.encode { input = "q", output = text } end
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local view, err = corpus.load { sources = { { path = path } }, formats = require "formats.all", pool = pool }
  os.remove(path)
  return check.ok(view, err)
end

--- Runs row stages as one group. together: behind one gate.
-- @return  of each row what was found, and its text behind all edits
local function grouped(texts, stages, together)
  local gate, ops, names = scan.gate(), {}, {}
  for i, s in ipairs(stages) do
    local def = require("stages." .. s[1])
    local p = views.params(def, s[2])
    names[i] = s[1]
    ops[i] = check.ok(def.op(p, { name = s[1], gate = together and gate or nil, pool = pool }))
  end
  gate:compile()
  local view = check.ok(rows_of(texts):run_group { ops = ops, stages = names, pool = pool })
  local out = {}
  for i = 1, #view do
    local row = view:row(i)
    out[i] = { reason = row.reason, evidence = row.evidence, also = row.also, output = view:field(i, "output"),
               annotations = row.annotations }
  end
  return out
end

local AWS = "AKIA" .. "QYLPMN5HFIQR7XYA"
local URL = "postgres://app:" .. "x9Kq2LmP7v@db.acme.io/main"
local MIXED = {
  "write to jo@acme.io, key " .. AWS .. " and é +1-604-696-5272",
  "see " .. URL .. " and " .. AWS .. " by jo@acme.io",
  "nothing here",
  json.encode { arguments = json.encode { url = URL, mail = "jo@acme.io" } },
  AWS, "jo@acme.io", ("jo@acme.io " .. AWS .. "\n"):rep(40),
}

test("two stages behind one gate find what each finds alone, whatever the one before edits", function()
  for _, case in ipairs { { "pii", "redact", "secrets", "reject" }, { "pii", "tag", "secrets", "redact" },
                          { "secrets", "redact", "pii", "redact" }, { "secrets", "reject", "pii", "tag" } } do
    local stages = { { case[1], { action = case[2] } }, { "length", {} }, { case[3], { action = case[4] } } }
    for _, s in ipairs(stages) do
      if s[1] == "pii" then s[2].types = { "IBAN", "EMAIL", "PHONE", "URL_CREDENTIALS" } end
      if s[1] == "secrets" then s[2].types = { "AWS_ACCESS_KEY", "CONNECTION_STRING", "URL_CREDENTIALS" } end
    end
    check.eq(grouped(MIXED, stages, true), grouped(MIXED, stages, false), table.concat(case, " "))
  end
end)

test("the second stage sees the text as the first left it", function()
  local pii_first = grouped({ MIXED[2] }, { { "pii", { action = "redact", types = { "all" } } }, { "secrets", {} } }, true)[1]
  check.eq(pii_first.output, "see [URL_CREDENTIALS]/main and " .. AWS .. " by [EMAIL]")
  check.eq(pii_first.evidence.spans, { { field = "output", path = "output", start = 31, ["end"] = 51, type = "AWS_ACCESS_KEY" } })
  local secrets_first = grouped({ MIXED[2] }, { { "secrets", { action = "redact" } }, { "pii", {} } }, true)[1]
  check.eq(secrets_first.output, "see [CONNECTION_STRING]/main and [AWS_ACCESS_KEY] by jo@acme.io")
  check.eq(secrets_first.reason, "pii_email")
  check.eq(secrets_first.evidence.spans, { { field = "output", path = "output", start = 53, ["end"] = 63, type = "EMAIL" } })
end)

test("what an edit writes is read, too", function()
  local extra = { [AWS:lower()] = { pattern = "ZZZ" } }   -- redact writes the kind's name in capitals
  local row = grouped({ "call ZZZ" }, { { "pii", { action = "redact", extra = extra } }, { "secrets", {} } }, true)[1]
  check.eq({ row.output, row.reason }, { "call [" .. AWS .. "]", "secret" })
end)

test("before a gate is compiled its operators find the same", function()
  local gate = scan.gate()
  local op = check.ok(require "stages.secrets".op({ action = "reject", extra = {}, annotation = "secrets" }, { gate = gate }))
  local view = rows_of { "key " .. AWS }
  local child = check.ok(view:run_group { ops = { op }, stages = { "secrets" } })
  check.eq(child:row(1).reason, "secret")
  check.raises("tamis.scangate", scan.pii, { rules = {}, actions = {}, reasons = {}, limit_reason = "l", annotation = "a",
    gate = op })
end)

check.done()
