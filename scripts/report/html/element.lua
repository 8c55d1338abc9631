--- element: HTML as a tree. Text is escaped when it is written; attributes are the page's own words
-- and numbers, never data. An element's children are strings, elements, and lists of both.

local element = {}

local VOID = { meta = true, input = true, br = true, col = true }
local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

--- Text as it may stand between tags and in a quoted attribute.
function element.escape(text) return (text:gsub("[&<>\"']", ESCAPES)) end

local function attribute(name, value)
  if value == true then return " " .. name end
  if math.type(value) == "float" then value = string.format("%.6g", value) end
  return (' %s="%s"'):format(name, element.escape(tostring(value)))
end

local function add(children, v)
  if v == nil or v == false then return end
  if type(v) == "table" and not v.name and not v.raw then
    for i = 1, v.n or #v do add(children, v[i]) end
  else
    children[#children + 1] = v
  end
end

--- @param attributes  { class = "x", hidden = true }; nil or false values are left out
function element.new(name, attributes, ...)
  local self = { name = name, attributes = attributes or {}, children = {} }
  add(self.children, table.pack(...))
  return self
end

--- What is HTML already: the page's own style and script, and the escaped data block.
function element.raw(text) return { raw = text } end

--- Writes a tree through `out(text)`.
function element.write(node, out)
  if type(node) ~= "table" then
    out(element.escape(tostring(node)))
    return
  end
  if node.raw then
    out(node.raw)
    return
  end
  local names = {}
  for name, value in pairs(node.attributes) do
    if value then names[#names + 1] = name end
  end
  table.sort(names)
  out("<" .. node.name)
  for _, name in ipairs(names) do out(attribute(name, node.attributes[name])) end
  out(">")
  for _, child in ipairs(node.children) do element.write(child, out) end
  if not VOID[node.name] then out("</" .. node.name .. ">") end
end

return element
