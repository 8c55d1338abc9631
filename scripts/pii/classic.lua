--- The five classic kinds of personal data, as data: each rule a pattern (PCRE2, over bytes) and
-- what is cheap to know beforehand.
--
--   type      what a match is called; several rules may share one
--   pattern   PCRE2; a rule earlier in the list wins where two matches overlap
--   gate      a plainer pattern, without lookaround, that stands wherever `pattern` matches
--   check     judges, and may narrow, what matched: a name of modules/scan/checks.h
--   context   words, of which one must stand beside the match; "tel*" begins a word, a word behind "!"
--             speaks against: the nearest of those before the match decides, else those behind it
--   within    in how many words on either side
--   entropy   least entropy of the match, in bits a byte
--   digits    ASCII digits that a match has at least
--   need      a byte that every match holds

-- No letter, digit or underscore on the left, unless it is the end of an escape such as \n that
-- tool arguments are full of; none on the right.
local LEFT  = [[(?:(?<![0-9A-Za-z_])|(?<=\\[nrt]))]]
local RIGHT = [[(?![0-9A-Za-z_])]]
local EXTENSION = [[(?: ?(?:x|ext\.? ?)[0-9]{1,5})?]]

return {
  { type = "SSN", check = "ssn", digits = 9,
    pattern = LEFT .. [[(?<![0-9][-.])[0-9]{3}([- ])[0-9]{2}\1[0-9]{4}]] .. RIGHT .. [[(?![-.][0-9])]],
    gate = [[[0-9]{3}[- ][0-9]{2}[- ][0-9]{4}]] },

  { type = "CREDIT_CARD", check = "card", digits = 14,
    pattern = LEFT .. [[[0-9](?:[ -]?[0-9]){13,18}]] .. RIGHT,
    gate = [[[0-9](?:[ -]?[0-9]){13}]] },

  -- twelve and thirteen digits are few: so many ids pass Luhn's sum that a word must tell
  { type = "CREDIT_CARD", check = "card", digits = 12, within = 5,
    context = "card* cc credit debit visa mastercard maestro amex payment* carte* karte* tarjeta* cartão",
    pattern = LEFT .. [[[0-9](?:[ -]?[0-9]){11,12}]] .. RIGHT .. "(?![ -][0-9])",
    gate = [[[0-9](?:[ -]?[0-9]){11}]] },

  { type = "EMAIL", check = "email", need = "@",
    pattern = [[(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]++@]]
              .. [[(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])]],
    gate = [=[[A-Za-z0-9._%+-]@[A-Za-z0-9]]=] },

  { type = "PHONE", check = "phone", digits = 7, need = "+",
    pattern = [[(?<![0-9A-Za-z_+])\+[1-9](?:[ ./()-]{0,2}[0-9]){6,15}]] .. EXTENSION .. RIGHT,
    gate = [[\+[1-9](?:[ ./()-]{0,2}[0-9]){6}]] },

  { type = "PHONE", check = "phone", digits = 10,
    pattern = LEFT .. [[(?<![0-9][.-])(?:(?:001|1)[ .-])?]]
              .. [[(?:\([2-9][0-9]{2}\)[ .-]?|[2-9][0-9]{2}[ .-])[0-9]{3}[ .-][0-9]{4}]]
              .. EXTENSION .. RIGHT .. [[(?![.-][0-9])]],
    gate = [[[2-9][0-9]{2}[) .-]{1,2}[0-9]{3}[ .-][0-9]{4}]] },

  { type = "PHONE", check = "phone", digits = 10,
    pattern = LEFT .. [[(?<![0-9][ .-])0[1-9]([ .-])[0-9]{2}(?:\1[0-9]{2}){3}]] .. RIGHT .. [[(?![ .-][0-9])]],
    gate = [[0[1-9](?:[ .-][0-9]{2}){4}]] },

  { type = "IP", check = "ipv4", digits = 4,
    pattern = LEFT .. [[(?<![0-9]\.)(?:[0-9]{1,3}\.){3}[0-9]{1,3}]] .. RIGHT .. [[(?!\.[0-9])]],
    gate = [=[(?:[0-9]{1,3}\.){3}[0-9]]=] },

  { type = "IP", check = "ipv6", digits = 1, need = ":",
    pattern = [[(?<![0-9A-Za-z_:.])(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{1,4}(?![0-9A-Za-z_:.])]],
    gate = [=[(?:[0-9A-Fa-f]{0,4}:){2}[0-9A-Fa-f]]=] },

  -- as numbers are written at home: only beside a word that tells, and last, since the shape is so plain
  { type = "PHONE", check = "national_phone", digits = 7, within = 5,
    context = "phone* telephone* tel telefon* téléphone teléfono telefone mobile mobil* handy cell cellphone fax desk "
              .. "landline whatsapp sms dial call calling ring text voicemail hotline answering messages registered "
              .. "contact reach celular portable "
              .. "!order* !ticket* !invoice* !case !account* !ref !reference !sku !isbn !serial !tracking !item* !part "
              .. "!product* !model !version* !build !error* !code* !id !ids !pin !otp !iban !card* !customer "
              .. "!policy !claim !zip !postcode !amount !total !price !usd !eur !gbp !inr !rs",
    pattern = LEFT .. [[(?<![0-9$+#][-. ])(?<![$+#./:-])]]
              .. [[(?:[0-9]{9,12}+|\(?[0-9]{1,5}+\)?(?:(?:[ .-]|(?<=\)))\(?[0-9]{2,8}+\)?){1,4}+)]]
              .. RIGHT .. [[(?![-.:/][0-9])(?!%)]],
    gate = [=[[0-9](?:[ ().-]{0,2}[0-9]){6}]=] },
}
