--- text: how text from data comes into the page. What is made of letters, digits and a few harmless
-- signs alone stands in the HTML, so that it shows with scripts off; all else waits in the JSON block
-- and enters by textContent.

local element = require "report.html.element"
local screen = require "report.screen"

local text = {}
text.__index = text

local PLAIN = "^[%w %.,:;_/%(%)%%%+%?!=|*@~-]*$"

function text.new() return setmetatable({ strings = {}, place = {} }, text) end

-- Number of a string in the JSON block, from 0; each string stands there once.
local function numbered(self, s)
  if not self.place[s] then
    self.strings[#self.strings + 1] = s
    self.place[s] = #self.strings - 1
  end
  return self.place[s]
end

--- An element that shows text from data: controls, marks that reorder a line and bytes that are no
-- UTF-8 are spelt out.
-- @param options  class, tag ("span"), lines = true keeps line feeds, most = bytes shown
function text:show(s, options)
  options = options or {}
  s = tostring(s)
  local cut = options.most and #s > options.most
  if cut then s = s:sub(1, (utf8.offset(s, 0, options.most + 1) or options.most + 1) - 1) end
  s = screen.clean(s, options.lines) .. (cut and " …" or "")
  local tag, class = options.tag or "span", options.class
  if s:find(PLAIN) then return element.new(tag, { class = class }, s) end
  return element.new(tag, { class = class, ["data-t"] = numbered(self, s) })
end

return text
