--- lines: a file of lines read a block at a time, so that neither a large file nor a long line fills the memory.

local lines = {}

local BLOCK = 1 << 16

--- Iterates over a file's lines without their ends.
-- @param most  bytes from which on a line is not kept whole
-- @return  iterator: the line, and "cut" where only its beginning is given, "open" where the file ends without a line
--   feed behind it, else nil; or nil and a sentence
function lines.of(path, most)
  local f, err = io.open(path, "rb")
  if not f then return nil, err end
  local block, at, parts, size = "", 1, {}, 0
  local function add(part)
    if size < most then parts[#parts + 1] = part end
    size = size + #part
  end
  local function take(how)
    local line, cut = table.concat(parts), size > most
    parts, size = {}, 0
    return cut and line:sub(1, most) or line, cut and "cut" or how
  end
  return function()
    while f do
      local feed = block:find("\n", at, true)
      if feed then
        add(block:sub(at, feed - 1))
        at = feed + 1
        return take(nil)
      end
      add(block:sub(at))
      block, at = f:read(BLOCK), 1
      if not block then
        f:close()
        f = nil
        if size > 0 then return take "open" end
      end
    end
  end
end

return lines
