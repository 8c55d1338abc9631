--- texts: what a server is asked for a view's rows: each different text once.

local hash = require "hash"
local json = require "json"

local texts = {}

local ORDER = { "system", "input", "output", "alternative", "assistant" }

--- What makes keys: all that is sent with each text.
function texts.base(o)
  return hash.sha256(table.concat({ "embed 1", o.provider, o.url, o.model, tostring(o.dimensions or ""),
                                    json.encode(o.extra or {}) }, "\0"))
end

-- Whole characters of at most `most` bytes.
local function cut(text, most)
  if not most or #text <= most then return text end
  local at = most
  while at > 0 and text:byte(at + 1) & 0xC0 == 0x80 do at = at - 1 end
  return text:sub(1, at)
end

--- A row's text: its fields, joined by line feeds, behind `prefix`.
-- @param o  { fields, prefix, truncate = bytes: what is behind them is left out; nil: nothing is }
-- @return  it, "" where there is nothing to embed; and whether an end was left out
function texts.of(view, row, o)
  local wanted, parts = {}, {}
  for _, name in ipairs(o.fields) do wanted[name] = true end
  for _, name in ipairs(ORDER) do
    local text = wanted[name] and view:field(row, name)
    if text and text ~= "" then parts[#parts + 1] = text end
  end
  local text = table.concat(parts, "\n")
  if not text:find "%S" then return "", false end
  local short = cut(text, o.truncate)
  return (o.prefix or "") .. short, #short < #text
end

--- All of those that stand: a copy that was rejected has texts that no later row stage has seen, so what `pii` would
-- mask stands in them; it is neither sent nor paid.
-- @param o  { base, fields, prefix, truncate, store }
-- @return  { rows = those to embed, of = { [i] = the text of rows[i], or false }, list = of different texts: { key,
--   row = the first that has it, bytes, held = the cache has its vector, rows = how many have it }, cut = rows whose
--   end was left out }
function texts.all(view, o)
  local out = { rows = view:standing_rows(), of = {}, list = {}, cut = 0 }
  local by_key = {}
  for i, row in ipairs(out.rows) do
    local text, short = texts.of(view, row, o)
    out.cut = out.cut + (short and 1 or 0)
    local t = false
    if text ~= "" then
      local key = hash.sha256(o.base .. text)
      t = by_key[key]
      if not t then
        t = { key = key, row = row, bytes = #text, rows = 0, held = o.store:holds(key) }
        by_key[key], out.list[#out.list + 1] = t, t
      end
      t.rows = t.rows + 1
    end
    out.of[i] = t
  end
  return out
end

return texts
