-- tests/test_secrets.lua - keys and tokens: what is found, what is not, and that no text takes long.
-- Values are put together here, so that no scanner trips over this file.
local check = require "check"
local scan = require "scan"
local rules = require "pii.secrets"
local personal = require "pii.all"

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

test("a password in an address is found, a template's or an example's is not", function()
  local dsn = "postgres" .. "://app:s3cr3t@db.corp.io"
  check.eq(found(dsn .. "/main"), "CONNECTION_STRING " .. dsn)
  check.eq(found("https" .. "://bot:s3cr3t@git.corp.io/x"), "URL_CREDENTIALS https" .. "://bot:s3cr3t@git.corp.io")
  check.eq(found("postgres" .. "://app:${PASS}@db.corp.io"), "")
  check.eq(found("postgres" .. "://app:s3cr3t@localhost/main"), "")
end)

test("there are forty kinds or more, and the stage takes each by name", function()
  local kinds = require "pii.finder".kinds(rules)
  check.ok(#kinds >= 40, #kinds .. " kinds")
  local op, err = require "stages.secrets".op { action = "reject", types = kinds, extra = {}, annotation = "secrets" }
  check.ok(op, err)
end)

-- Texts made to be slow: twice the text, at most 2.2 times the time (and a bit for the clock).
local SLOW = { "a@", "1.", "1 ", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----\n" .. ("A"):rep(64) .. "\n",
               "password=", "password=\"", "http://", "http://a.b/", "a.b-", "x://a:b", "x://a:b@", "eyJ" .. ("a"):rep(40) .. ".",
               "AA11 ", "sk-", "gh" .. "p_aaaa", "12:34:", "(0) ", "1234567890 ", "phone 12 ", "born 1-1-1 ", "Authorization: Bearer ",
               "\\n", "+1 ", "::", "0123456789abcdef", "token:", "a.atlasv1.", "driver AB12345 " }

local function seconds(sc, text)
  local least = math.huge
  for _ = 1, 3 do
    local from = os.clock()
    sc:find(text)
    least = math.min(least, os.clock() - from)
  end
  return least
end

test("no text makes the search grow faster than itself", function()
  local SIZE, CLOCK = 200000, 0.004
  for name, list in pairs { personal = personal, secrets = rules } do
    local sc = check.ok(scan.new(list))
    for _, unit in ipairs(SLOW) do
      local text = unit:rep(SIZE // #unit)
      local one, two = seconds(sc, text), seconds(sc, text .. text)
      if two > 2.2 * one + CLOCK then one, two = seconds(sc, text), seconds(sc, text .. text) end   -- a busy machine
      check.ok(two <= 2.2 * one + CLOCK, ("%s of %q: %.1f ms, twice the text %.1f ms"):format(name, unit, one * 1e3, two * 1e3))
      if os.getenv "TAMIS_SHOW" then print(name, ("%q"):format(unit), ("%.1f ms"):format(one * 1e3)) end
    end
  end
end)

check.done()
