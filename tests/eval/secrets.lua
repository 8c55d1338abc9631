-- tests/eval/secrets.lua: how well secrets finds keys and tokens. Run by `make eval`.
-- The set is made here: EACH values of every kind, from the services' published prefixes and lengths,
-- each in a line of text, of code, of JSON or of settings; and as many decoys: digests, UUIDs, order ids,
-- base64 pictures, lines of lock files, placeholders, references to settings, public keys. No value is
-- anybody's: the parts are put together at run time, so that no scanner trips over this file.
package.path = "tests/eval/?.lua;" .. package.path
local scan = require "scan"
local rules, floors = require "pii.secrets", require "floors"

local scanner, why = scan.new(rules)
if not scanner then
  print("skip: " .. why)
  return
end

local EACH = 8
local state = 54321
local function draw(n)
  state = (state * 1103515245 + 12345) % 2147483648
  return (state >> 8) % n
end

local LOW, UP, NUM = "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789"
local function some(alphabet)
  return function(n)
    local out = {}
    for i = 1, n do
      local k = 1 + draw(#alphabet)
      out[i] = alphabet:sub(k, k)
    end
    return table.concat(out)
  end
end
local an, hex, num, caps, low = some(LOW .. UP .. NUM), some "0123456789abcdef", some(NUM), some(UP .. NUM), some(LOW .. NUM)
local b64, url, b32 = some(LOW .. UP .. NUM .. "+/"), some(LOW .. UP .. NUM .. "-_"), some(UP .. "234567")

-- url-safe text that does not end in a dash, as tokens are cut out of texts
local function urls(n) return url(n - 1) .. an(1) end

local function pem(kind)
  local lines = { "-----BEGIN " .. kind .. "PRIVATE " .. "KEY-----" }
  for _ = 1, 5 do lines[#lines + 1] = b64(64) end
  lines[#lines + 1] = "-----END " .. kind .. "PRIVATE " .. "KEY-----"
  return table.concat(lines, "\n")
end

local function password() return low(4) .. caps(3) .. "!" .. an(5) .. num(2) end

-- kind, how a value is made, and the text it needs around it, if any
local MAKE = {
  { "AWS_ACCESS_KEY", function() return "AK" .. "IA" .. b32(16) end },
  { "AWS_SECRET_KEY", function() return b64(40) end, "aws_secret_access_key = %s" },
  { "GOOGLE_API_KEY", function() return "AI" .. "za" .. urls(35) end },
  { "GOOGLE_OAUTH", function() return "GOC" .. "SPX-" .. urls(28) end },
  { "AZURE_STORAGE_KEY", function() return b64(86) .. "==" end, "DefaultEndpointsProtocol=https;AccountName=a1;AccountKey=%s" },
  { "AZURE_CLIENT_SECRET", function() return an(3) .. num(1) .. "Q" .. "~" .. an(34) end },
  { "DIGITALOCEAN_TOKEN", function() return "dop" .. "_v1_" .. hex(64) end },
  { "GITHUB_TOKEN", function() return "gh" .. "p_" .. an(36) end },
  { "GITHUB_TOKEN", function() return "github" .. "_pat_" .. an(22) .. "_" .. an(59) end },
  { "GITLAB_TOKEN", function() return "gl" .. "pat-" .. urls(20) end },
  { "NPM_TOKEN", function() return "np" .. "m_" .. an(36) end },
  { "PYPI_TOKEN", function() return "pypi-" .. "AgEIcHlwaS5vcmc" .. urls(150) end },
  { "RUBYGEMS_KEY", function() return "ruby" .. "gems_" .. hex(48) end },
  { "DOCKER_TOKEN", function() return "dckr" .. "_pat_" .. urls(27) end },
  { "ANTHROPIC_KEY", function() return "sk-" .. "ant-api03-" .. urls(93) .. "AA" end },
  { "OPENAI_KEY", function() return "sk-" .. "proj-" .. urls(74) .. "T3Blbk" .. "FJ" .. urls(74) end },
  { "OPENAI_KEY", function() return "sk-" .. an(20) .. "T3Blbk" .. "FJ" .. an(20) end },
  { "HUGGINGFACE_TOKEN", function() return "h" .. "f_" .. an(34) end },
  { "GROQ_KEY", function() return "gs" .. "k_" .. an(52) end },
  { "REPLICATE_TOKEN", function() return "r" .. "8_" .. an(37) end },
  { "SLACK_TOKEN", function() return "xo" .. "xb-" .. num(12) .. "-" .. num(12) .. "-" .. an(24) end },
  { "SLACK_WEBHOOK", function() return "hooks.slack" .. ".com/services/T" .. caps(10) .. "/B" .. caps(10) .. "/" .. an(24) end,
    "https://%s" },
  { "DISCORD_WEBHOOK", function() return "discord" .. ".com/api/webhooks/" .. num(18) .. "/" .. urls(68) end, "https://%s" },
  { "DISCORD_TOKEN", function() return "M" .. an(23) .. "." .. an(6) .. "." .. urls(38) end },
  { "TELEGRAM_TOKEN", function() return "7" .. num(9) .. ":A" .. "A" .. urls(33) end },
  { "TWILIO_KEY", function() return "S" .. "K" .. hex(32) end },
  { "SENDGRID_KEY", function() return "S" .. "G." .. urls(22) .. "." .. urls(43) end },
  { "MAILGUN_KEY", function() return "ke" .. "y-" .. hex(32) end },
  { "MAILCHIMP_KEY", function() return hex(32) .. "-u" .. "s14" end },
  { "STRIPE_KEY", function() return "sk" .. "_live_" .. an(24) end },
  { "SQUARE_TOKEN", function() return "sq0" .. "csp-" .. urls(43) end },
  { "SHOPIFY_TOKEN", function() return "shp" .. "at_" .. hex(32) end },
  { "ATLASSIAN_TOKEN", function() return "ATA" .. "TT3" .. urls(186) end },
  { "LINEAR_KEY", function() return "lin" .. "_api_" .. an(40) end },
  { "NOTION_TOKEN", function() return "nt" .. "n_" .. an(46) end },
  { "AIRTABLE_TOKEN", function() return "pa" .. "t" .. an(14) .. "." .. hex(64) end },
  { "POSTMAN_KEY", function() return "PM" .. "AK-" .. hex(24) .. "-" .. hex(34) end },
  { "NEW_RELIC_KEY", function() return "NR" .. "AK-" .. caps(27) end },
  { "GRAFANA_TOKEN", function() return "gl" .. "sa_" .. an(32) .. "_" .. hex(8) end },
  { "DATABRICKS_TOKEN", function() return "da" .. "pi" .. hex(32) end },
  { "VAULT_TOKEN", function() return "hv" .. "s." .. urls(95) end },
  { "TERRAFORM_TOKEN", function() return an(14) .. ".atlas" .. "v1." .. urls(67) end },
  { "DOPPLER_TOKEN", function() return "dp" .. ".pt." .. an(43) end },
  { "PLANETSCALE_TOKEN", function() return "pscale" .. "_tkn_" .. urls(43) end },
  { "FIGMA_TOKEN", function() return "fi" .. "gd_" .. urls(40) end },
  { "PRIVATE_KEY", function() return pem "RSA " end },
  { "PRIVATE_KEY", function() return pem "OPENSSH " end },
  { "JWT", function() return "ey" .. "J" .. urls(33) .. ".ey" .. "J" .. urls(90) .. "." .. urls(43) end },
  { "CONNECTION_STRING", function() return "postgres" .. "://app:" .. an(14) .. "@db" .. num(2) .. ".corp.io" end },
  { "CONNECTION_STRING", function() return "mongodb" .. "+srv://svc:" .. an(14) .. "@cluster0.k" .. low(4) .. ".mongodb.net" end },
  { "URL_CREDENTIALS", function() return "https" .. "://deploy:" .. an(16) .. "@git.corp.io" end },
  { "AUTH_HEADER", function() return an(40) end, "curl -H 'Authorization: Bearer %s' https://api.corp.io" },
  { "ASSIGNMENT", password, "DB_PASSWORD=%s" },
  { "ASSIGNMENT", password, "  password: \"%s\"," },
  { "ASSIGNMENT", function() return "Sommer" .. num(4) .. "!" end, "password = \"%s\"" },
  { "ASSIGNMENT", function() return "Berlin" .. num(4) end, "passwd: %s" },
  { "ASSIGNMENT", function() return an(32) end, "const apiKey = '%s';" },
  { "ASSIGNMENT", function() return hex(40) end, "{\"client_secret\": \"%s\"}" },
}

local AROUND = { "my key is %s, is that safe?", "export KEY=%s", "client = Client(\"%s\")", "{\"value\":\"%s\",\"n\":1}", "%s",
                 "# old one: %s\n# new one below", "{\\\"arguments\\\": \\\"%s\\\"}", "Use `%s` for now." }

local function uuid() return hex(8) .. "-" .. hex(4) .. "-4" .. hex(3) .. "-a" .. hex(3) .. "-" .. hex(12) end

local DECOYS = {
  function() return "md5 " .. hex(32) end,
  function() return "commit " .. hex(40) end,
  function() return "sha256:" .. hex(64) end,
  function() return "sha512-" .. b64(86) .. "==" end,
  function() return "\"integrity\": \"sha512-" .. b64(86) .. "==\"," end,
  function() return "resolved \"https://registry.yarnpkg.com/js-tokens/-/js-tokens-4.0.0.tgz#" .. hex(40) .. "\"" end,
  function() return "checksum = \"" .. hex(64) .. "\"" end,
  function() return "golang.org/x/net v0.17.0 h1:" .. b64(43) .. "=" end,
  function() return "    --hash=sha256:" .. hex(64) end,
  function() return "{file = \"token-1.0-py3-none-any.whl\", hash = \"sha256:" .. hex(64) .. "\"}" end,
  function() return "request " .. uuid() end,
  function() return "{\"id\": \"" .. uuid() .. "\", \"order\": \"ORD-" .. caps(10) .. "\"}" end,
  function() return "order #" .. caps(12) .. " shipped as 1Z" .. caps(16) end,
  function() return "SKU " .. caps(4) .. "-" .. num(6) .. ", serial " .. caps(20) end,
  function() return "<img src=\"data:image/png;base64,iVBORw0KGgo" .. b64(400) .. "=\">" end,
  function() return "\"picture\": \"/9j/4AAQSkZJRg" .. b64(300) .. "\"" end,
  function() return "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI" .. b64(43) .. " jo@host" end,
  function() return "-----BEGIN CERTIFICATE-----\n" .. b64(64) .. "\n" .. b64(64) .. "\n-----END CERTIFICATE-----" end,
  function() return "-----BEGIN PUBLIC KEY-----\n" .. b64(64) .. "\n-----END PUBLIC KEY-----" end,
  function() return "AK" .. "IA" .. "IOSFODNN7" .. "EXAMPLE" end,
  function() return "sk" .. "_live_" .. ("x"):rep(24) end,
  function() return "gh" .. "p_" .. an(12) .. " is too short" end,
  function() return "api_key = \"your_api_key_" .. num(2) .. "\"" end,
  function() return "password: <your-password-" .. num(2) .. ">" end,
  function() return "password = os.environ[\"DB_PASSWORD_" .. num(1) .. "\"]" end,
  function() return "token = get_token_v" .. num(1) .. "(user" .. num(2) .. ")" end,
  function() return "const secret = process.env.SECRET_" .. num(2) .. ";" end,
  function() return "secret: ${{ secrets.DEPLOY_" .. num(2) .. " }}" end,
  function() return "TOKEN=$CI_TOKEN_" .. num(3) end,
  function() return "postgres" .. "://app:${DB_PASS}@db" .. num(2) .. ".corp.io/main" end,
  function() return "postgres" .. "://user:password@localhost:54" .. num(2) .. "/main" end,
  function() return "{\"max_tokens\": 51" .. num(1) .. ", \"total_tokens\": 20" .. num(2) .. "}" end,
  function() return "password must have 12 characters and " .. num(1) .. " digits" end,
  function() return "the token: a word, a number or 1" .. num(1) .. " bytes" end,
  function() return "password: settings.database.password" .. num(1) end,
  function() return "password: Required" .. (num(1) < "5" and "" or ", minimum " .. num(2)) end,
  function() return "password = getPassword" .. num(1) .. "(user)" end,
  function() return "password: settings.Db" .. num(1) .. ".Password" end,
  function() return "passwordLabel: \"Password\", passwordHint: \"At least " .. num(2) .. " characters\"" end,
  function() return "Authorization: Bearer <token" .. num(2) .. ">" end,
  function() return "key-value store, key-" .. low(10) end,
  function() return "session " .. urls(22) .. " ended" end,
  function() return "color: #" .. hex(6) .. "; token: var(--c" .. num(2) .. ")" end,
  function() return "trace-id: " .. hex(32) .. "-" .. hex(16) end,
}

local hit, wrong, missed, misnamed, kinds, nkinds = 0, 0, 0, 0, {}, 0

local function find(text) return scanner:find(text) end

for turn = 1, EACH do
  for i, m in ipairs(MAKE) do
    local kind, make, around = table.unpack(m)
    if not kinds[kind] then kinds[kind], nkinds = true, nkinds + 1 end
    local value = make()
    local frame = around or AROUND[(turn + i) % #AROUND + 1]
    local text = frame:gsub("%%s", function() return value end)
    local right
    for _, f in ipairs(find(text)) do
      local first, last = f.start + 1, f["end"]
      local from, to = text:find(value, 1, true)
      if first <= to and from <= last then
        right = true
        if f.type ~= kind then misnamed = misnamed + 1 end
      else
        wrong = wrong + 1
      end
    end
    if right then hit = hit + 1 else
      missed = missed + 1
      if os.getenv "TAMIS_SHOW" then print("missed", kind, text) end
    end
  end
end

local n = EACH * #MAKE
for i = 1, n do
  local text = DECOYS[i % #DECOYS + 1]()
  for _, f in ipairs(find(text)) do
    wrong = wrong + 1
    if os.getenv "TAMIS_SHOW" then print("wrong", f.type, f.text, text) end
  end
end

local precision, recall = hit / (hit + wrong), hit / (hit + missed)
print(("Secrets: %d of %d kinds, and as many decoys"):format(n, nkinds))
print(("%d found, %d wrong, %d missed, %d under another name: precision %.3f, recall %.3f"):format(hit, wrong, missed, misnamed,
  precision, recall))
local floor = floors.secrets
if precision < floor.precision or recall < floor.recall then
  print "a figure is below its floor (tests/eval/floors.lua)"
  os.exit(1)
end
