--- page: the report as one HTML file that needs nothing else. Nothing is fetched and no text of the
-- data is ever markup: the policy allows the one style and the one script whose hashes it names, and
-- data stands in a JSON block that the script puts into place as text.

local element = require "report.html.element"
local hash = require "hash"
local host = require "host"
local json = require "json"
local sections = require "report.html.sections"
local text = require "report.html.text"

local page = {}

local new = element.new

local DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

local function base64(bytes)
  local out = {}
  for i = 1, #bytes, 3 do
    local a, b, c = bytes:byte(i, i + 2)
    local v = a << 16 | (b or 0) << 8 | (c or 0)
    for k = 0, 3 do
      local digit = v >> (18 - 6 * k) & 63
      out[#out + 1] = (k == 2 and not b or k == 3 and not c) and "=" or DIGITS:sub(digit + 1, digit + 1)
    end
  end
  return table.concat(out)
end

--- The hash of a style or script as a content security policy names it.
function page.source_hash(body)
  local bytes = hash.sha256(body):gsub("%x%x", function(hex) return string.char(tonumber(hex, 16)) end)
  return "'sha256-" .. base64(bytes) .. "'"
end

--- JSON that cannot end its own element, whatever its strings hold.
function page.data_block(value)
  local escaped = json.encode(value):gsub("[<>&]", { ["<"] = "\\u003c", [">"] = "\\u003e", ["&"] = "\\u0026" })
  return (escaped:gsub("\u{2028}", "\\u2028"):gsub("\u{2029}", "\\u2029"))
end

local function policy(style, script)
  return ("default-src 'none'; script-src %s; style-src %s; base-uri 'none'; form-action 'none'"):format(
    page.source_hash(script), page.source_hash(style))
end

local function meta(attributes) return new("meta", attributes) end

local function head(title, style, script)
  return new("head", nil,
    meta { charset = "utf-8" },
    meta { ["http-equiv"] = "Content-Security-Policy", content = policy(style, script) },
    meta { name = "viewport", content = "width=device-width, initial-scale=1" },
    meta { name = "color-scheme", content = "light dark" },
    meta { name = "referrer", content = "no-referrer" },
    meta { name = "generator", content = "tamis " .. host.version },
    new("title", nil, title),
    new("style", nil, element.raw(style)))
end

--- The whole file.
-- @param blocks  a document (report/document.lua)
-- @return  its text
function page.render(blocks)
  local style, script = host.script "report.html.style.css", host.script "report.html.script.js"
  local texts = text.new()
  local body, data = sections.draw(blocks, texts)
  data.strings = json.array(texts.strings)
  local tree = new("html", { lang = "en" },
    head("Tamis report", style, script),
    new("body", nil, body,
      new("script", { type = "application/json", id = "data" }, element.raw(page.data_block(data))),
      new("script", nil, element.raw(script))))
  local out = { "<!doctype html>\n" }
  element.write(tree, function(s) out[#out + 1] = s end)
  out[#out + 1] = "\n"
  return table.concat(out)
end

return page
