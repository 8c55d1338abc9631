--- url_quality: reject a row whose text is links for a good part, or whose links lead nowhere.
-- Code between fences and backticks is passed over: a program may well name example.com, and so may the answer to a
-- question that does. The share is
-- NeMo Curator's filter; an answer of a line that is asked for a link is one, so that short texts have no share.
-- Public addresses alone count as hosts: the page of a router at 192.168.1.1 is an answer.

local rules = require "rules"
local signs = require "signs"

local SHORTENERS = { "bit.ly", "tinyurl.com", "t.co", "goo.gl", "ow.ly", "is.gd", "v.gd", "buff.ly", "adf.ly",
                     "cutt.ly", "rb.gy", "rebrand.ly", "shorturl.at", "tiny.cc", "bl.ink", "lnkd.in", "dlvr.it",
                     "trib.al", "clck.ru", "soo.gd", "s.id", "t.ly", "shorte.st", "bc.vc" }
local PLACEHOLDERS = { "example.com", "example.org", "example.net", "example.edu", "example", "test", "invalid",
                       "domain.com", "yourdomain.com", "your-domain.com", "mydomain.com", "yoursite.com",
                       "your-site.com", "yourwebsite.com", "your-website.com", "yourcompany.com", "website.com" }
local TRACKING = { "utm_*", "gclid", "gclsrc", "dclid", "fbclid", "msclkid", "yclid", "twclid", "igshid", "mc_cid",
                   "mc_eid", "_hsenc", "_hsmi", "mkt_tok", "oly_enc_id", "vero_id", "wbraid", "gbraid" }

local SIGNS = {
  { "malformed", 0, "URLs that lead nowhere" },
  { "ip_hosts", 0, "URLs with a public address for a host" },
  { "shorteners", 0, "URLs of `shorteners`, whose target nobody sees" },
  { "placeholder_hosts", 0, "URLs of `placeholders`, where the input names none of them" },
  { "tracking", 0, "parameters of `tracking_parameters`" },
  { "broken_links", 0, "Markdown links without a target, or cut off in it" },
  { "empty_link_text", 0, "Markdown links without a text" },
}
local ASKS = { system = true, input = true }   -- texts that answer no question
local HOSTS = "hosts, subdomains included; a list of yours replaces these"

local params = {
  field         = { type = "enum", default = "output", doc = "the text to look at",
                    values = { "system", "input", "output", "alternative", "assistant" } },
  code          = { type = "boolean", default = false, doc = "look between fences of code and backticks, too" },
  max_url_ratio = { type = "number", default = 0.2, min = 0, max = 1,
                    doc = "largest share of the characters that are in URLs; 1: off" },
  min_chars     = { type = "integer", default = 200, min = 1, doc = "texts of fewer characters have no share" },
  max_urls      = { type = "integer", min = 0, doc = "most URLs; none: off" },
  skip          = { type = "list", of = { type = "string" }, default = {},
                    doc = "signs to leave out, by their names: { \"tracking\" }" },
  shorteners    = { type = "list", of = { type = "string" }, default = SHORTENERS, doc = HOSTS },
  placeholders  = { type = "list", of = { type = "string" }, default = PLACEHOLDERS, doc = HOSTS },
  tracking_parameters = { type = "list", of = { type = "string" }, default = TRACKING,
                    doc = "names in the query of a URL; a star at the end stands for any rest" },
}
local reasons, metrics, bounds = signs(SIGNS, params)
for i, name in ipairs { "url_ratio", "urls" } do
  table.insert(reasons, i, name)
  table.insert(metrics, i, name)
  table.insert(bounds, i, { param = "max_" .. name, metric = name, side = "max", reason = name })
end

--- All words, lower case, and how many are of the first two lists.
local function words_of(p)
  local words = {}
  for _, list in ipairs { p.shorteners, p.placeholders, p.tracking_parameters } do
    for _, w in ipairs(list) do words[#words + 1] = w:lower() end
  end
  return words
end

--- The bounds that are on; or nil and what is wrong with `skip`.
local function bounds_of(p)
  local skip, on = {}, {}
  for _, name in ipairs(p.skip) do skip[name] = true end
  for _, b in ipairs(bounds) do
    local most = p[b.param]
    if most and not skip[b.metric] then on[#on + 1] = { measure = b.metric, max = most, above = b.reason } end
    skip[b.metric] = nil
  end
  local unknown = next(skip)
  if unknown then return nil, ("skip: there is no sign \"%s\""):format(unknown) end
  return on
end

return {
  name    = "url_quality",
  scope   = "row",
  doc     = "reject a row with too many links, or with malformed, shortened, tracked, placeholder or broken ones",
  params  = params,
  example = [[s.url_quality { max_url_ratio = 0.3, max_urls = 20, skip = { "tracking" } }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    local on, err = bounds_of(p)
    if not on then return nil, err end
    local words = words_of(p)
    if #words > 256 then
      return nil, ("shorteners, placeholders and tracking_parameters have %d entries, at most 256 are allowed")
                  :format(#words)
    end
    local question = not ASKS[p.field] and "input" or nil
    return rules.check { kernel = "urls", field = p.field, against = question, words = words, bounds = on, numbers = {
      min_chars = p.min_chars, code = p.code and 1 or 0, shorteners = #p.shorteners, placeholders = #p.placeholders } }
  end,
}
