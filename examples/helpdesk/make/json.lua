--- Writes a ticket as one line of JSON, in the manner of one of three exporters.
-- `python` escapes all but ASCII and puts blanks after colons; `compact` writes UTF-8 as it is.

local json = {}

local SHORT = { ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t" }

local function escape_ascii(text)
  local out = {}
  for _, code in utf8.codes(text) do
    if code < 0x80 then out[#out + 1] = utf8.char(code)
    elseif code < 0x10000 then out[#out + 1] = ("\\u%04x"):format(code)
    else
      local c = code - 0x10000
      out[#out + 1] = ("\\u%04x\\u%04x"):format(0xD800 + (c >> 10), 0xDC00 + (c & 0x3FF))
    end
  end
  return table.concat(out)
end

function json.string(text, style)
  local quoted = '"' .. text:gsub('[%c"\\]', function(c)
    return SHORT[c] or ("\\u%04x"):format(c:byte())
  end) .. '"'
  if style == "python" then return escape_ascii(quoted) end
  return quoted
end

--- @param pairs_list  { {key, value}, … }: a string, a number, or { raw = "JSON as it is" }, or such a list
function json.object(pairs_list, style)
  local comma, colon = ",", ":"
  if style == "python" then comma, colon = ", ", ": " end
  local parts = {}
  for i, pair in ipairs(pairs_list) do
    local value = pair[2]
    if type(value) == "string" then value = json.string(value, style)
    elseif type(value) == "number" then value = tostring(value)
    elseif value.raw then value = value.raw
    else value = json.object(value, style) end
    parts[i] = json.string(pair[1], style) .. colon .. value
  end
  return "{" .. table.concat(parts, comma) .. "}"
end

return json
