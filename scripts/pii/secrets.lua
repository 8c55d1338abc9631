--- Keys, tokens and passwords, as rules of the form that classic.lua tells. A token of a service is
-- known by its prefix and its length; what has none needs a name before it and some entropy.

local LEFT  = [[(?:(?<![0-9A-Za-z_])|(?<=\\[nrt]))]]
local RIGHT = [[(?![0-9A-Za-z_-])]]
local QUOTE, SPACE = [=[["'\\]{0,3}]=], [=[[ \t]{0,4}]=]
local RANDOM = 3.0    -- bits a byte: below it a token is a placeholder
local A, B, HEX = "[A-Za-z0-9]", "[A-Za-z0-9_-]", "[0-9a-f]"

local rules = {}

--- A token: a prefix, then the rest. The gate is the prefix where that is telling enough, else all.
local function token(kind, prefix, rest, gate)
  rules[#rules + 1] = { type = kind, pattern = LEFT .. prefix .. rest .. RIGHT, gate = gate or prefix,
                        check = "filled", entropy = RANDOM }
end

--- A value behind a name: "name": "value", name=value.
local function named(kind, name, value, behind, check, gate)
  rules[#rules + 1] = { type = kind, check = check, entropy = RANDOM, gate = gate,
                        pattern = name .. QUOTE .. SPACE .. "(?:=>|:=|[:=])" .. SPACE .. QUOTE .. [[\K]] .. value
                                  .. behind }
end

-- A block with an end is taken whole; without one, as far as its lines of base64 go.
rules[#rules + 1] = { type = "PRIVATE_KEY", need = "-",
  pattern = [[-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY(?: BLOCK)?-----]]
            .. [[(?:(?:[^-]|-(?!--))++-----END [A-Z ]{0,30}PRIVATE KEY(?: BLOCK)?-----]]
            .. [[|(?:\s|\\[nr])*+(?:[A-Za-z0-9+/=]{16,}+(?:\s|\\[nr])*+)++)]],
  gate = [[-----BEGIN (?:[A-Z]{1,12} ){0,2}PRIVATE KEY]] }
token("AGE_KEY", "AGE-SECRET-KEY-1", "[A-Z0-9]{58}")
token("JWT", "eyJ" .. B .. "{10,4000}", [[\.eyJ]] .. B .. [[{10,8000}\.]] .. B .. "{10,2000}", [[\.eyJ]])

-- clouds and hosts
token("AWS_ACCESS_KEY", "(?:AKIA|ASIA|ABIA|ACCA)", "[A-Z2-7]{16}")
named("AWS_SECRET_KEY", "(?i:aws_?secret_?(?:access_?)?key)", "[A-Za-z0-9/+]{40}", "(?![A-Za-z0-9/+=])", "filled",
  "(?i)aws_?secret")
token("GOOGLE_API_KEY", "AIza", B .. "{35}")
token("GOOGLE_OAUTH", "GOCSPX-", B .. "{28}")
token("GOOGLE_OAUTH", [[ya29\.]], B .. "{30,400}")
named("AZURE_STORAGE_KEY", "AccountKey", "[A-Za-z0-9+/]{86}==", "", "filled", "AccountKey")
token("AZURE_CLIENT_SECRET", "[A-Za-z0-9_~.]{3}[0-9]Q~", "[A-Za-z0-9_~.-]{31,34}", "[0-9]Q~")
token("DIGITALOCEAN_TOKEN", "do[opr]_v1_", HEX .. "{64}")
token("HEROKU_KEY", "HRKU-", B .. "{36,64}")
token("CLOUDFLARE_KEY", [[v1\.0-]] .. HEX .. "{24}-", HEX .. "{146}", [[v1\.0-]])
token("FLY_TOKEN", "fo1_", B .. "{43}")
token("NETLIFY_TOKEN", "nfp_", A .. "{36}")
token("SUPABASE_KEY", "sbp_", HEX .. "{40}")
token("PLANETSCALE_TOKEN", "pscale_(?:tkn|pw|oauth)_", "[A-Za-z0-9_.-]{32,64}")
token("VAULT_TOKEN", [[hv[sbr]\.]], B .. "{24,300}")
token("TERRAFORM_TOKEN", A .. [[{14}\.atlasv1\.]], B .. "{60,70}", [[\.atlasv1\.]])
token("DOPPLER_TOKEN", [[dp\.(?:pt|st|ct|sa|scim|audit)\.]], A .. "{40,44}")
token("PULUMI_TOKEN", "pul-", HEX .. "{40}")
token("DATABRICKS_TOKEN", "dapi", HEX .. "{32}(?:-[0-9])?", "dapi" .. HEX .. "{4}")

-- code and packages
token("GITHUB_TOKEN", "gh[pousr]_", A .. "{36,251}")
token("GITHUB_TOKEN", "github_pat_", "[A-Za-z0-9_]{82}")
token("GITLAB_TOKEN", "gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent)-", B .. "{20,64}")
token("NPM_TOKEN", "npm_", A .. "{36}", "npm_" .. A .. "{8}")
token("PYPI_TOKEN", "pypi-AgEIcHlwaS5vcmc", B .. "{50,1000}")
token("RUBYGEMS_KEY", "rubygems_", HEX .. "{48}")
token("CRATES_TOKEN", "cio", A .. "{32}", "cio" .. A .. "{16}")
token("NUGET_KEY", "oy2", "[a-z0-9]{43}", "oy2[a-z0-9]{16}")
token("DOCKER_TOKEN", "dckr_pat_", B .. "{27}")

-- models
token("ANTHROPIC_KEY", "sk-ant-", "(?:api|admin|oat)[0-9]{2}-" .. B .. "{80,120}")
token("OPENAI_KEY", "sk-(?:proj|svcacct|admin)-", B .. "{20,200}")
token("OPENAI_KEY", "sk-", A .. "{20}T3BlbkFJ" .. A .. "{20}", "T3BlbkFJ")
token("OPENAI_KEY", "sk-", A .. "{48}", "sk-" .. A .. "{16}")
token("HUGGINGFACE_TOKEN", "hf_", A .. "{34,40}", "hf_" .. A .. "{8}")
token("GROQ_KEY", "gsk_", A .. "{52}")
token("XAI_KEY", "xai-", A .. "{80}")
token("PERPLEXITY_KEY", "pplx-", A .. "{48}")
token("REPLICATE_TOKEN", "r8_", A .. "{37}", "r8_" .. A .. "{8}")

-- messages and mail
token("SLACK_TOKEN", "xox[abeoprs]-", "[A-Za-z0-9-]{10,250}")
token("SLACK_TOKEN", "xapp-", "[0-9]-[A-Z0-9]{8,16}-[0-9]{8,16}-[a-z0-9]{32,80}")
token("SLACK_WEBHOOK", [[hooks\.slack\.com/services/]], "T[A-Z0-9]{8,12}/B[A-Z0-9]{8,12}/" .. A .. "{20,28}")
token("DISCORD_WEBHOOK", [[discord(?:app)?\.com/api/webhooks/]], "[0-9]{17,20}/" .. B .. "{60,80}")
token("DISCORD_TOKEN", "[MNO]" .. B .. [[{23,25}\.]] .. B .. [[{6}\.]], B .. "{27,38}",
  [[\.]] .. B .. [[{6}\.]] .. B .. "{27}")
token("TELEGRAM_TOKEN", "[0-9]{8,10}:AA", B .. "{33}", ":AA")
token("TWILIO_KEY", "SK", HEX .. "{32}", "SK" .. HEX .. "{8}")
token("SENDGRID_KEY", [[SG\.]], B .. [[{22}\.]] .. B .. "{43}")
token("MAILGUN_KEY", "key-", HEX .. "{32}", "key-" .. HEX .. "{8}")
token("MAILCHIMP_KEY", HEX .. "{32}-us", "[0-9]{1,2}", HEX .. "-us[0-9]")

-- money and shops
token("STRIPE_KEY", "[rs]k_(?:live|test)_", A .. "{16,247}")
token("STRIPE_KEY", "whsec_", "[A-Za-z0-9+/]{32,64}")
token("SQUARE_TOKEN", "sq0[a-z]{3}-", B .. "{22,43}")
token("SQUARE_TOKEN", "EAAA", B .. "{60}", "EAAA")
token("PAYPAL_TOKEN", [[access_token\$production\$]], "[a-z0-9]{16}\\$" .. HEX .. "{32}")
token("SHOPIFY_TOKEN", "shp(?:at|ca|pa|ss)_", "[0-9a-fA-F]{32}")

-- work and watch
token("ATLASSIAN_TOKEN", "ATATT3", "[A-Za-z0-9_=-]{180,220}")
token("LINEAR_KEY", "lin_api_", A .. "{40}")
token("NOTION_TOKEN", "(?:ntn_|secret_)", A .. "{43,46}", "(?:ntn|secret)_" .. A .. "{16}")
token("AIRTABLE_TOKEN", "pat" .. A .. [[{14}\.]], HEX .. "{64}", "pat" .. A .. [[{14}\.]])
token("POSTMAN_KEY", "PMAK-", HEX .. "{24}-" .. HEX .. "{34}")
token("FIGMA_TOKEN", "figd_", B .. "{40,48}")
token("DROPBOX_TOKEN", [[sl\.]], B .. "{130,160}", [[sl\.]] .. B .. "{16}")
token("FACEBOOK_TOKEN", "EAACEdEose0cBA", A .. "{20,400}")
token("NEW_RELIC_KEY", "NRAK-", "[A-Z0-9]{27}")
token("GRAFANA_TOKEN", "glsa_", A .. "{32}_" .. "[0-9a-fA-F]{8}")
token("SENTRY_TOKEN", "sntry[su]_", "[A-Za-z0-9+/=_-]{40,300}")
token("DYNATRACE_TOKEN", [[dt0c01\.]], "[A-Z0-9]{24}\\.[A-Z0-9]{64}")

-- what has no prefix of its own
for _, of in ipairs {
  { "CONNECTION_STRING", "(?:postgres(?:ql)?|mysql|mariadb|mongodb|rediss?|amqps?|mssql|sqlserver|clickhouse)"
                         .. "(?:\\+[a-z0-9]{1,12})?" },
  { "URL_CREDENTIALS", "[A-Za-z][A-Za-z0-9+.-]{1,30}" },
} do
  rules[#rules + 1] = { type = of[1], check = "credentials", need = "@", gate = [=[://[^\s/@]*:[^\s/@]+@]=],
    pattern = "(?<![A-Za-z0-9])" .. of[2]
              .. [=[://[^\s:/@"'<>\\]{0,100}:[^\s/@"'<>\\]{1,200}@[A-Za-z0-9.-]{1,253}]=] }
end
rules[#rules + 1] = { type = "AUTH_HEADER", check = "secret", entropy = RANDOM, gate = "(?i)authorization",
  pattern = "(?i:authorization)" .. QUOTE .. SPACE .. "[:=]" .. SPACE .. QUOTE
            .. [[(?i:bearer|basic|token) \K[A-Za-z0-9._~+/=-]{16,2000}+]] }
-- a password that people think up has little entropy: several kinds of characters tell instead
rules[#rules + 1] = { type = "ASSIGNMENT", check = "password",
  gate = [=[(?i)(?:passwo?r?d|passphrase|pwd)["'\\]{0,3}[ \t]{0,4}(?:=>|:=|[:=])]=],
  pattern = "(?i:passw(?:or)?d|passphrase|pwd)" .. QUOTE .. SPACE .. "(?:=>|:=|[:=])" .. SPACE .. QUOTE
            .. [=[\K[A-Za-z0-9+/=_.~!@#$%^&*?-]{8,64}+(?![(\[{<])]=] }
named("ASSIGNMENT", "(?i:passw(?:or)?d|passphrase|pwd|secret|token|credentials?|api[_-]?key"
  .. "|(?:access|auth|private|secret|signing|encryption|master|account)[_-]?key)(?i:_?value)?",
  "[A-Za-z0-9+/=_.~!@#$%^&*?-]{8,300}+", "(?![(\\[{<])", "assigned",
  [=[(?i)(?:passwo?r?d|passphrase|pwd|secret|token|credentials?|key|value)["'\\]{0,3}[ \t]{0,4}[:=]]=])

return rules
