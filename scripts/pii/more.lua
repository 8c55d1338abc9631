--- Personal data beyond the five classic kinds, as rules of the form that classic.lua tells.
-- `before` come before the classic ones where two overlap, `after` behind them.

local LEFT  = [[(?:(?<![0-9A-Za-z_])|(?<=\\[nrt]))]]
local RIGHT = [[(?![0-9A-Za-z_])]]
local NO_ADDRESS = [=[[^\s<>"'`{}|\\^]]=]
local LABELS = [[(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}]]
local MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|J[aä]n|M[aä]r|Mai|Okt|Dez)[a-zäé]{0,7}\\.?"
local WITHIN = 5

local before = {
  { type = "URL_CREDENTIALS", check = "credentials", need = "@",
    pattern = [=[(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,30}://]=]
              .. [=[[^\s:/@"'<>\\]{0,100}:[^\s/@"'<>\\]{1,200}@[A-Za-z0-9.-]{1,253}]=],
    gate = [=[://[^\s/@]*:[^\s/@]+@]=] },

  { type = "IBAN", check = "iban", digits = 7,
    pattern = LEFT .. [=[[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){9,36}]=],
    gate = [=[[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9](?:[ -]?[A-Za-z0-9]){9}]=] },

  { type = "UK_NHS", check = "nhs", digits = 10, within = WITHIN, context = "nhs patient*",
    pattern = LEFT .. [[[0-9]{3}([ -]?)[0-9]{3}\1[0-9]{4}]] .. RIGHT, gate = "(?i)nhs|patient" },

  { type = "ES_NIF", check = "nif", digits = 7, within = WITHIN,
    context = "nif dni nie identidad fiscal documento",
    pattern = LEFT .. [=[(?:[0-9]{8}|[XYZxyz][0-9]{7})[- ]?[A-Za-z]]=] .. RIGHT,
    gate = "(?i)nif|dni|nie|identidad|fiscal|documento" },

  { type = "DE_TAX_ID", check = "de_tax", digits = 11, within = WITHIN,
    context = "steuer* idnr identifikationsnummer finanzamt tax tin",
    pattern = LEFT .. [[[0-9]{2} ?[0-9]{3} ?[0-9]{3} ?[0-9]{3}]] .. RIGHT,
    gate = "(?i)steuer|idnr|identifikation|finanzamt|tax|tin" },

  { type = "PL_PESEL", check = "pesel", digits = 11, within = WITHIN, context = "pesel* ewidencyjn*",
    pattern = LEFT .. "[0-9]{11}" .. RIGHT, gate = "(?i)pesel|ewidencyjn" },

  { type = "IN_AADHAAR", check = "aadhaar", digits = 12, within = WITHIN, context = "aadhaar aadhar adhaar uidai uid",
    pattern = LEFT .. [[[2-9][0-9]{3}([ -]?)[0-9]{4}\1[0-9]{4}]] .. RIGHT .. [[(?![ -][0-9])]],
    gate = "(?i)aadh|adhaar|uid" },

  { type = "BR_CPF", check = "cpf", digits = 11,
    pattern = LEFT .. [[[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}]] .. RIGHT,
    gate = [[[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}]] },

  { type = "BR_CPF", check = "cpf", digits = 11, within = WITHIN, context = "cpf",
    pattern = LEFT .. "[0-9]{9}-?[0-9]{2}" .. RIGHT, gate = "(?i)cpf" },
}

local after = {
  { type = "MAC", check = "mac", need = ":",
    pattern = [=[(?<![0-9A-Za-z_:-])[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z_]|[:-][0-9A-Fa-f])]=],
    gate = "(?:[0-9A-Fa-f]{2}:){5}" },

  { type = "MAC", check = "mac", need = "-",
    pattern = [=[(?<![0-9A-Za-z_:-])[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5}(?![0-9A-Za-z_]|[:-][0-9A-Za-z])]=],
    gate = "(?:[0-9A-Fa-f]{2}-){5}" },

  { type = "PASSPORT", digits = 1, within = WITHIN,
    context = "passport* reisepass* passeport* pasaporte* passaport* !order* !ticket* !invoice*",
    pattern = LEFT .. [[(?:[A-Z]{1,2}[0-9]{6,8}|[0-9]{8,9}|[CFGHJKLMN](?=[A-Z]{0,7}[0-9])[0-9CFGHJKLMNPRTVWXYZ]{8})]]
              .. RIGHT .. "(?!-[0-9])",
    gate = "(?i)passp|reisepass|passeport|pasaporte|passaport" },

  { type = "DRIVER_LICENSE", digits = 6, within = WITHIN,
    context = "driver* driving licence* dl führerschein* permis !order* !ticket* !invoice* !version* !software !sku",
    pattern = LEFT .. [[(?:[A-Z]{1,2}[0-9]{6,14}|[0-9]{7,10}|[0-9]{3,4}-[0-9]{2,3}-[0-9]{4}]]
              .. "|[A-Z][0-9]{3}-[0-9]{4}-[0-9]{4}|[A-Z9]{5}[0-9]{6}[A-Z0-9]{5})" .. RIGHT .. "(?!-[0-9])",
    gate = "(?i)driv|licen[cs]e|hrerschein|permis|dl" },

  { type = "DATE_OF_BIRTH", check = "date", digits = 4, within = WITHIN,
    context = "born birth* dob birthdate birthday geboren* geburts* naissance né née nacimiento nacid* nascimento "
              .. "urodzenia bday",
    pattern = LEFT .. "(?:[0-9]{1,4}([-/.])[0-9]{1,2}\\1[0-9]{2,4}"
              .. "|(?i:" .. MONTH .. ") [0-9]{1,2}(?:st|nd|rd|th)?,? [0-9]{4}"
              .. "|[0-9]{1,2}(?:st|nd|rd|th|\\.)? (?:of )?(?i:" .. MONTH .. "),? [0-9]{4})"
              .. RIGHT .. "(?![-/.][0-9])",
    gate = "(?i)born|birth|dob|bday|geb(?:oren|urt)|naissance|née?|nacimiento|nacid|nascimento|urodzenia" },

  { type = "URL", check = "url", need = "/",
    pattern = [[(?<![A-Za-z0-9])(?i:https?|ftps?)://]] .. NO_ADDRESS .. "{3,2000}",
    gate = "(?i)(?:https?|ftps?)://" },

  { type = "URL", check = "domain", need = ".",
    pattern = [=[(?:(?<![A-Za-z0-9@._/\\:-])|(?<=\\[nrt]))]=] .. LABELS
              .. [=[(?![A-Za-z0-9@_:-]|\.[A-Za-z0-9])(?:/]=] .. NO_ADDRESS .. "{0,2000})?",
    gate = [=[[A-Za-z0-9]\.[A-Za-z]{2}]=] },
}

return { before = before, after = after }
