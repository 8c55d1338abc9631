-- tests/test_pii.lua - the classic patterns: what they find, and what only looks like it
local check = require "check"
local scan = require "scan"
local pii = require "pii"
local classic = require "pii.classic"

local _, why = scan.new(classic)
local MISSING = type(why) == "string" and why:find("needs PCRE2", 1, true)

local function test(name, fn)
  check.test(name, function()
    if MISSING then check.skip(why) end
    fn()
  end)
end

--- Kinds and texts found, as "EMAIL jo@ex.io; PHONE …".
local function found(s)
  local out = {}
  for i, m in ipairs(check.ok(pii.scan(s))) do out[i] = m.type .. " " .. m.text end
  return table.concat(out, "; ")
end

local function each(cases)
  for _, c in ipairs(cases) do check.eq(found(c[1]), c[2], c[1]) end
end

test("each classic kind is found", function()
  each {
    { "My SSN is 460-89-9847.", "SSN 460-89-9847" },
    { "SSN 460 89 9847, thanks", "SSN 460 89 9847" },
    { "card 4111-1111-1111-1111 exp 12/27", "CREDIT_CARD 4111-1111-1111-1111" },
    { "card 4111111111111111, cvv 123", "CREDIT_CARD 4111111111111111" },
    { "amex 3782 822463 10005", "CREDIT_CARD 3782 822463 10005" },
    { "write to Jo.Doe+x@mail.corp.io!", "EMAIL Jo.Doe+x@mail.corp.io" },
    { "(jo@corp.io)", "EMAIL jo@corp.io" },
    { "call 415-555-2671", "PHONE 415-555-2671" },
    { "call (415) 555-2671 or 1-415-555-2671", "PHONE (415) 555-2671; PHONE 1-415-555-2671" },
    { "+44 20 7946 0958", "PHONE +44 20 7946 0958" },
    { "+1-604-696-5272x565", "PHONE +1-604-696-5272x565" },
    { "+46 (0)157 548 89", "PHONE +46 (0)157 548 89" },
    { "03.93.92.16.85", "PHONE 03.93.92.16.85" },
    { "logged in from 86.121.97.248:443", "IP 86.121.97.248" },
    { "http://86.121.97.248/x", "IP 86.121.97.248" },
    { "6e40:4041:c617:e898:c11:40d2:c669:2eb4", "IP 6e40:4041:c617:e898:c11:40d2:c669:2eb4" },
  }
end)

test("one digit off, a wrong length or a wrong issuer is no card", function()
  each {
    { "4111111111111112", "" }, { "411111111111111", "" }, { "41111111111111111", "" },
    { "9111111111111111", "" }, { "4111 1111 1111 1112", "" }, { "0.4111111111111111", "" },
    { "id 2000-4111111111111111", "" }, { "4111111111111111-77", "" },
    { "2023 4111 1111 1111 1111 4000", "" },
  }
end)

test("a number that is given to nobody is no SSN", function()
  each { { "000-12-3456", "" }, { "666-12-3456", "" }, { "923-12-3456", "" }, { "460-00-9847", "" },
         { "460-89-0000", "" }, { "460-89-98471", "" }, { "1460-89-9847", "" }, { "460-89 9847", "" },
         { "12-460-89-9847", "" }, { "SKU460-89-9847", "" } }
end)

test("versions, loopback and documentation addresses are no IP", function()
  each {
    { "v10.20.30.40", "" }, { "version 10.20.30.40", "" }, { "Firmware: 10.20.30.40", "" },
    { "Chrome/120.0.6099.71", "" }, { "pkg==10.20.30.40", "" }, { "1.2.3.4", "" }, { "10.20.30.40.50", "" },
    { "127.0.0.1", "" }, { "192.0.2.10", "" }, { "198.51.100.7", "" }, { "203.0.113.9", "" },
    { "255.255.255.0", "" }, { "0.0.0.0", "" }, { "300.20.30.40", "" }, { "10.20.30.400", "" },
    { "::1", "" }, { "2001:db8::1", "" }, { "std::vector<int>::iterator", "" }, { "12:30:45", "" },
    { "00:1A:2B:3C:4D:5E", "" },
  }
end)

test("reserved domains and file names are no e-mail address", function()
  each { { "jo@example.com", "" }, { "jo@mail.example.org", "" }, { "jo@host.test", "" }, { "jo@box.invalid", "" },
         { "root@localhost", "" }, { "logo@2x.png", "" }, { "left-pad@1.3.0", "" }, { "@handle", "" }, { "a@b", "" },
         { "jo@notexample.com", "EMAIL jo@notexample.com" }, { "jo@attest.io", "EMAIL jo@attest.io" } }
end)

test("order numbers, dates and sums are no phone number", function()
  each { { "order 4155552671", "" }, { "ticket #8005551234", "" }, { "2024-06-15 10:22:33", "" },
         { "2024-06-15T10:22:33.123Z", "" }, { "1,234,567,890", "" }, { "1718447353", "" }, { "1718447353123", "" },
         { "ISBN 978-0-306-40615-7", "" }, { "f47ac10b-58cc-4372-a567-0e02b2c3d479", "" },
         { "911-555-2671", "" }, { "SKU 123-456-7890", "" }, { "+12", "" }, { "2+3456789", "" },
         { "x = +1234567", "" }, { "415-555-26711", "" }, { "$100-200-3000", "" } }
end)

test("an address of a public name server is nobody's, strict or the like beside it is found", function()
  each {
    { "8.8.8.8", "" }, { "1.1.1.1", "" }, { "9.9.9.9", "" }, { "1.0.0.1", "" }, { "208.67.222.222", "" },
    { "2001:4860:4860::8888", "" }, { "2606:4700:4700:0::1111", "" }, { "2620:fe::fe", "" },
    { "208.67.222.221", "IP 208.67.222.221" }, { "2001:4860:4860::8889", "IP 2001:4860:4860::8889" },
  }
  local sc = check.ok(scan.new(classic, { strict = true }))
  check.eq(#sc:find("8.8.8.8 or 208.67.222.222 or 2001:4860:4860::8888"), 3)
end)

test("the password and host of an address are no e-mail address", function()
  each {
    { "postgres" .. "://user:pass123@db.corp.io:5432/prod", "" }, { "postgres" .. "://user:pa$s123@db.corp.io/prod", "" },
    { "https" .. "://user:password@git.corp.io/x", "" },
    { "https" .. "://site.io/a:b@corp.io", "EMAIL b@corp.io" }, { "to: jo@corp.io", "EMAIL jo@corp.io" },
    { "mailto:jo@corp.io", "EMAIL jo@corp.io" }, { "ssh://git@corp.io/x", "EMAIL git@corp.io" },
  }
end)

local function pii_op(p)
  p.action, p.annotation, p.extra = p.action or "reject", "pii", p.extra or {}
  return require "stages.pii".op(p, {})
end

test("types without a kind, and a check that there is not, are errors that name what there is", function()
  local op, err = pii_op { types = {} }
  check.eq(op, nil)
  check.contains(err, "types is empty")
  check.contains(err, "EMAIL")
  op, err = pii_op { extra = { staff = { pattern = "EMP-[0-9]{6}", check = "foo" } } }
  check.eq(op, nil)
  check.contains(err, "check \"foo\" of STAFF is unknown; there are card, luhn")
  check.contains(err, "cpf")
end)

test("strict counts what is reserved", function()
  local sc = check.ok(scan.new(classic, { strict = true }))
  check.eq(#sc:find("jo@example.com from 127.0.0.1"), 2)
end)

test("places count code points", function()
  local m = pii.scan("Grüße an jo@corp.io")[1]
  check.eq(m.start, 9)
  check.eq(m["end"], 19)
end)

test("one number has one kind", function()
  check.eq(found("+1 415 555 2671 4111111111111111"), "PHONE +1 415 555 2671; CREDIT_CARD 4111111111111111")
end)

test("text that is not UTF-8 is the caller's fault", function()
  check.raises("text is not UTF-8", pii.scan, "\xff\xfe")
end)

test("a bad pattern of the recipe is an error that shows where", function()
  local extra = { employee_id = { pattern = "EMP-(\\d{6}" } }
  local op, err = require "stages.pii".op({ action = "reject", extra = extra, annotation = "pii" }, {})
  check.eq(op, nil)
  check.contains(err, "EMPLOYEE_ID")
  check.contains(err, "offset 10")
end)

test("an unknown kind or action names the right ones", function()
  local stage = require "stages.pii"
  local _, err = stage.op({ action = "reject", types = { "EMAILS" }, extra = {} }, {})
  check.contains(err, "SSN, CREDIT_CARD, EMAIL, PHONE, IP")
  _, err = stage.op({ action = "reject", types = { EMAIL = "drop" }, extra = {} }, {})
  check.contains(err, "expected reject, redact, pseudonym or tag")
end)

local every = require "pii.all"

--- The same of every kind.
local function found_of_all(s, options)
  local out = {}
  for i, m in ipairs(check.ok(check.ok(scan.new(every, options)):find(s))) do out[i] = m.type .. " " .. m.text end
  return table.concat(out, "; ")
end

test("kinds beyond the classic ones are found", function()
  for _, c in ipairs {
    { "transfer from GB82WEST12345698765432 to us", "IBAN GB82WEST12345698765432" },
    { "IBAN: DE89 3704 0044 0532 0130 00 or so", "IBAN DE89 3704 0044 0532 0130 00" },
    { "NHS number 943 476 5919", "UK_NHS 943 476 5919" },
    { "mi DNI es 12345678Z", "ES_NIF 12345678Z" },
    { "Steuer-ID: 86 095 742 719", "DE_TAX_ID 86 095 742 719" },
    { "PESEL 44051401359", "PL_PESEL 44051401359" },
    { "my Aadhaar is 2341 2341 2346", "IN_AADHAAR 2341 2341 2346" },
    { "111.444.777-35", "BR_CPF 111.444.777-35" }, { "CPF 11144477735", "BR_CPF 11144477735" },
    { "AP 3C:22:FB:9A:10:7E is down", "MAC 3C:22:FB:9A:10:7E" }, { "3c-22-fb-9a-10-7e", "MAC 3c-22-fb-9a-10-7e" },
    { "passport no. C01X00T47", "PASSPORT C01X00T47" }, { "my passport: 512345678", "PASSPORT 512345678" },
    { "Driver's license number is F162823540116", "DRIVER_LICENSE F162823540116" },
    { "born on 2/8/1935", "DATE_OF_BIRTH 2/8/1935" }, { "DOB: 1990-06-12", "DATE_OF_BIRTH 1990-06-12" },
    { "date of birth 12th of June, 1990", "DATE_OF_BIRTH 12th of June, 1990" },
    { "see https://www.acme.pt/a(b).", "URL https://www.acme.pt/a(b)" }, { "visit acme.com.", "URL acme.com" },
    { "dsn postgres://app:s3cr3t@db.acme.com/x", "URL_CREDENTIALS postgres://app:s3cr3t@db.acme.com" },
    { "phone 4155552671", "PHONE 4155552671" }, { "call me on 07700 900123", "PHONE 07700 900123" },
    { "Tel. 030 1234567", "PHONE 030 1234567" }, { "mobile: 98765 43210", "PHONE 98765 43210" },
    { "celular (11) 91234-5678", "PHONE (11) 91234-5678" }, { "9472 7916 is my phone", "PHONE 9472 7916" },
  } do check.eq(found_of_all(c[1]), c[2], c[1]) end
end)

test("a shape without its word, its check digit or its country is nothing", function()
  for _, s in ipairs {
    "order number 4155552671, call us", "item 512345678", "F162823540116", "on 2/8/1935", "12345678Z", "44051401359",
    "2341 2341 2346", "9434765919", "NHS number 9434765918", "mi DNI es 12345678A", "PESEL 44051401358",
    "Steuer-ID: 86 095 742 718", "Aadhaar 2341 2341 2345", "111.444.777-34", "GB82WEST12345698765431",
    "GB82WEST1234569876543", "ZQ82WEST12345698765432", "call on 12-10-2024 or 2024-10-12", "call 1914-1918 a war",
    "phone the 100 000 people", "the phone costs $4,155,552,671",
  } do check.eq(found_of_all(s), "", s) end
end)

-- ISBNs that start like a card, UUIDs whose groups are all digits and the like among them.
local NOT_PERSONAL = {
  "version 10.20.30.40", "v1.2.3.4", "release 2024.11.22.1", "order 100-2003004005", "order #4111111111111112",
  "127.0.0.1", "::1", "192.0.2.10", "198.51.100.7", "203.0.113.9", "2001:db8::1", "mail jo@example.com", "https://example.com/x",
  "http://localhost:8080/", "00:00:5E:00:53:AF", "2024-06-15T10:22:33.123Z", "2024-06-15 10:22:33", "1718447353", "1718447353123",
  "ISBN 978-0-306-40615-7", "ISBN 9780306406157", "ISBN 0-306-40615-2", "f47ac10b-58cc-4372-a567-0e02b2c3d479",
  "12345678-1234-4123-8123-123456789012", "postgres://app:${PASSWORD}@db.acme.com", "main.rs and README.md, then run.sh",
  "the end.Next one", "obj.name = foo.info", "3.14159265358979", "0x4111111111111111", "sha256:9f86d081884c7d659a2feaa0c55ad015",
}

test("versions, orders, examples, timestamps, ISBNs and UUIDs are nobody's", function()
  for _, s in ipairs(NOT_PERSONAL) do check.eq(found_of_all(s), "", s) end
end)

test("strict counts what is set aside for documents and examples", function()
  for s, found_strict in pairs {
    ["127.0.0.1"] = "IP 127.0.0.1", ["192.0.2.10"] = "IP 192.0.2.10", ["mail jo@example.com"] = "EMAIL jo@example.com",
    ["https://example.com/x"] = "URL https://example.com/x", ["00:00:5E:00:53:AF"] = "MAC 00:00:5E:00:53:AF",
  } do check.eq(found_of_all(s, { strict = true }), found_strict) end
end)

test("a setting of extra that is no setting, or no number, is told by name", function()
  local stage = require "stages.pii"
  local function fault(extra)
    return select(2, stage.op({ action = "reject", extra = extra, annotation = "pii" }))
  end
  check.contains(fault { badge = { pattern = "B\\d+", contxt = "x" } }, "extra.badge: no setting \"contxt\"")
  check.contains(fault { badge = { pattern = "B\\d+", digits = "2" } }, "extra.badge.digits: expected integer, got string")
  check.contains(fault { ["a b"] = { pattern = "x" } }, "is no name")
  check.contains(fault { badge = { pattern = "B\\d+", check = "lun" } }, "check \"lun\" of BADGE is unknown")
end)

test("every kind, secrets too, is found in a plain string when it is asked for", function()
  local token = "gh" .. "p_" .. "4fR7kQ2xZ9mB1nT6vC3wH8yJ5pL0sD7gA2eU"
  local s = "born 1980-02-03, IBAN GB82 WEST 1234 5698 7654 32, " .. token .. ", jo@corp.io"
  local function kinds(o)
    local out = {}
    for i, m in ipairs(check.ok(pii.scan(s, o))) do out[i] = m.type end
    return out
  end
  check.eq(kinds(), { "EMAIL" })
  check.eq(kinds { types = "classic" }, { "EMAIL" })
  check.eq(kinds { types = "all" }, { "DATE_OF_BIRTH", "IBAN", "EMAIL" })
  check.eq(kinds { types = "secrets" }, { "GITHUB_TOKEN" })
  check.eq(kinds { types = { "secrets", "all" } }, { "DATE_OF_BIRTH", "IBAN", "GITHUB_TOKEN", "EMAIL" })
  check.eq(kinds { types = { "IBAN", "GITHUB_TOKEN" } }, { "IBAN", "GITHUB_TOKEN" })
  check.eq(#pii.scan("a@example.com", { types = "all" }), 0)
  check.eq(#pii.scan("a@example.com", { types = { "EMAIL" }, strict = true }), 1)
  check.raises("types has \"EMAILS\"; expected", pii.scan, "x", { types = { "EMAILS" } })
  local personal, secret = pii.kinds()
  check.ok(#personal >= 15 and #secret >= 40)
end)

test("a kind of one's own may ask for a word beside it", function()
  local sc = check.ok(scan.new { { type = "BADGE", pattern = "B[0-9]{4}", context = "badge* staff", within = 5 } })
  check.eq(#sc:find("his badge: B1234"), 1)
  check.eq(#sc:find("part B1234"), 0)
end)

-- The labelled set: precision by kind, and recall for those that a shape tells.
local KINDS = { CREDIT_CARD = "CREDIT_CARD", EMAIL_ADDRESS = "EMAIL", US_SSN = "SSN", IP_ADDRESS = "IP",
                PHONE_NUMBER = "PHONE" }

test("the labelled set meets its floors", function()
  local file = io.open("../shared/data/pii_presidio.jsonl")
  if not file then check.skip("no ../shared/data/pii_presidio.jsonl") end
  local json = require "json"
  local hit, wrong, all = {}, {}, {}
  for line in file:lines() do
    local row = json.decode(line)
    local truth = {}
    for _, s in ipairs(row.spans) do
      local kind = KINDS[s.type]
      if kind then
        truth[#truth + 1] = { kind = kind, first = s.start, last = s["end"] }
        all[kind] = (all[kind] or 0) + 1
      end
    end
    for _, m in ipairs(pii.scan(row.text)) do
      local good
      for _, t in ipairs(truth) do
        if t.kind == m.type and m.start < t.last and t.first < m["end"] then good = true end
      end
      local into = good and hit or wrong
      into[m.type] = (into[m.type] or 0) + 1
      if not good and os.getenv "TAMIS_SHOW" then print("extra", m.type, m.text, row.text) end
    end
  end
  file:close()
  local function f1(kind)
    local tp, fp, fn = hit[kind] or 0, wrong[kind] or 0, all[kind] - (hit[kind] or 0)
    return 2 * tp / (2 * tp + fp + fn), tp / (tp + fp), tp / all[kind]
  end
  for _, kind in ipairs { "CREDIT_CARD", "EMAIL", "SSN", "IP", "PHONE" } do
    local f, p, r = f1(kind)
    if os.getenv "TAMIS_SHOW" then print(("%-12s F1 %.3f  precision %.3f  recall %.3f"):format(kind, f, p, r)) end
    if kind ~= "PHONE" then check.ok(f >= 0.9, kind .. " F1 " .. f) else check.ok(p >= 0.7, "PHONE precision " .. p) end
  end
end)

check.done()
