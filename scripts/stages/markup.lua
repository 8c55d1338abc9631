--- markup: reject a row with residue of HTML, or Markdown that does not close.
-- Code between fences and between backticks is passed over. A row that answers with a page of HTML has many
-- tags by right: raise max_html_tags for code.

local rules = require "rules"
local signs = require "signs"

local TAGS = { "a", "b", "i", "u", "p", "br", "hr", "div", "span", "font", "center", "table", "tr", "td", "th",
               "tbody", "thead", "ul", "ol", "li", "img", "strong", "em", "h1", "h2", "h3", "h4", "pre", "code",
               "script", "style",
               "html", "head", "body", "meta", "link", "iframe", "form", "input", "button", "blockquote", "section",
               "nav", "footer", "header" }

local SIGNS = {
  { "html_tags", 0, "tags of HTML" },
  { "html_entities", 0, "entities such as &nbsp;" },
  { "open_fence", 0, "fences of code open at the end" },
  { "open_emphasis", 0, "** without the other half" },
}

local params = {
  field = { type = "enum", default = "output", doc = "the text to look at",
            values = { "system", "input", "output", "alternative", "assistant" } },
  tags  = { type = "list", of = { type = "string" }, default = TAGS, doc = "names of tags that count" },
}
local reasons, metrics, bounds = signs(SIGNS, params)

return {
  name    = "markup",
  scope   = "row",
  doc     = "reject a row whose text has residue of HTML or Markdown that does not close",
  params  = params,
  example = [[s.markup { max_html_tags = 20 }]],
  reasons = reasons,
  metrics = metrics,
  bounds  = bounds,

  op = function(p)
    if #p.tags > 64 then return nil, ("tags has %d entries, at most 64 are allowed"):format(#p.tags) end
    local tags, on = {}, {}
    for i, t in ipairs(p.tags) do tags[i] = t:lower() end
    for i, s in ipairs(SIGNS) do on[i] = { measure = s[1], max = p["max_" .. s[1]], above = s[1] } end
    return rules.check { kernel = "markup", field = p.field, words = tags, bounds = on }
  end,
}
