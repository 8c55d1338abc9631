--- evaluate: from what was typed to values. An expression gives its values; so does the last one of
-- several statements (d = c:near_dedup{}; d:rejected()); a statement gives none.

local core = require "core"
local host = require "host"
local nearest = require "nearest"

local evaluate = {}

--- The name of the chunk of command n, so that a function can be traced to its text.
function evaluate.chunk_name(n) return ("=repl#%d"):format(n) end

-- The statements before the last separator behind which an expression stands.
local function last_expression(text, names, chunk)
  local at = #text
  while at > 1 do
    at = text:sub(1, at - 1):match ".*()[;\n]"
    if not at then return nil end
    local tail = text:sub(at + 1)
    local head = text:sub(1, at - 1)
    if tail:find "%S" and load("return " .. tail, chunk, "t", names) and load(head, chunk, "t", names) then
      -- the line feeds stay, so that an error names the right line
      local between = text:sub(at, at) == "\n" and "\n" or " "
      return load(text:sub(1, at - 1) .. between .. "return " .. tail, chunk, "t", names)
    end
  end
end

local function unfinished(err) return err:sub(-5) == "<eof>" and not err:find("unfinished string", 1, true) end

-- Does the message point at the first word that was typed? Then it was no statement.
local function at_first_word(err, text)
  local word = text:match "^%s*([%w_.]+)" or text:match "^%s*(.)"
  return err:sub(-#word - 7) == ("near '%s'"):format(word)
end

--- Compiles what was typed.
-- @return  a function; or nil, a message, and true if more lines may complete it
-- @param n  the number of the command; 0 if not given
function evaluate.compile(text, names, n)
  local chunk = evaluate.chunk_name(n or 0)
  local expression, wrong = load("return " .. text, chunk, "t", names)
  if expression then return expression end
  local statements, err = load(text, chunk, "t", names)
  local last = last_expression(text, names, chunk)
  if last or statements then return last or statements end
  if unfinished(wrong) or unfinished(err) then return nil, err, true end
  return nil, at_first_word(err, text) and wrong or err, false
end

local function known_names(names)
  local out = {}
  for k in pairs(names) do if type(k) == "string" then out[#out + 1] = k end end
  return out
end

--- What went wrong, in one line.
-- @param many  the text had several lines, so that its line says something
function evaluate.sentence(err, names, many)
  if type(err) == "table" then err = err.message or err.recipe or "an error that is no text" end
  local text = tostring(err):gsub("\nstack traceback:.*", "")
  text = text:gsub("repl#%d+:", "repl:"):gsub("^repl:(%d+): ", many and "line %1: " or "")
  text = text:gsub("^([%w_.]+)%.lua:%d+: ", function(name) return host.script(name) and "" end)
  local missing = text:match "attempt to call a nil value %(global '([^']+)'%)"
    or text:match "attempt to index a nil value %(global '([^']+)'%)"
  if missing then
    local near = nearest(missing, known_names(names))
    text = ("there is no %s%s"):format(missing, near and ("; did you mean %s?"):format(near) or "")
  end
  return (text:gsub("%s*\n%s*", "; "))
end

local function handler(err)
  if type(err) == "table" then return err end
  return { message = tostring(err), trace = debug.traceback(tostring(err), 2) }
end

--- Runs a compiled command; Ctrl-C ends the command alone.
-- @return  true and the packed values; or false, what was raised, and true if it was interrupted
function evaluate.run(chunk)
  local values = table.pack(xpcall(chunk, handler))
  local interrupted = core.interrupted()
  core.clear_interrupt()
  if not values[1] then return false, values[2], interrupted end
  return true, table.move(values, 2, values.n, 1, { n = values.n - 1 })
end

return evaluate
