--- loop: reads a command, runs it, prints what it gives, until the input ends.

local core = require "core"
local evaluate = require "repl.evaluate"
local fs = require "fs"
local source = require "repl.source"

local loop = {}

local PROMPT, MORE = "tamis> ", "    .. "
local LONGEST = 4000   -- bytes of a command that history keeps on one line
local LEAVE = { exit = true, quit = true, ["exit()"] = true, ["quit()"] = true }

-- Lines from something that is no terminal, or from one without libedit.
local plain = {}
plain.__index = plain

function plain:read(prompt)
  if self.tty then
    io.stdout:write(prompt)
    io.stdout:flush()
  end
  local line, _, code = io.stdin:read "L"
  if line then return (line:gsub("\r?\n$", "")) end
  if code ~= 4 then return nil, "end" end   -- 4: EINTR
  io.stdout:write "\n"
  return nil, "interrupted"
end

function plain:remember() return self end

local function history_file()
  local root = fs.getenv "XDG_STATE_HOME"
  if not root or root == "" then root = fs.getenv "HOME" and fs.getenv "HOME" .. "/.local/state" end
  if not root then return nil end
  local ok = fs.mkdirs(root .. "/tamis", 448)   -- octal 0700
  return ok and root .. "/tamis/history" or nil
end

--- Where lines come from: the editor at a terminal, else plain lines.
function loop.reader(complete)
  local tty = fs.isatty(0) and fs.isatty(1)
  if not tty then return setmetatable({ tty = fs.isatty(0) }, plain) end
  local editor = require "edit".new { history = history_file(), lines = 2000, complete = complete }
  return editor or setmetatable({ tty = true }, plain)
end

-- At a terminal in lines that fit; elsewhere one line, for whoever searches it.
local function problem(state, text)
  local lines = { "error: " .. text }
  if fs.isatty(2) then lines = state.session.screen:wrap(lines[1], fs.width(2) or 80) end
  io.stdout:flush()
  for _, line in ipairs(lines) do io.stderr:write(fs.printable(line), "\n") end
end

-- A command of several lines as one, so that history gives it back whole; nil where that would change it.
local function on_one_line(lines)
  local text = table.concat(lines, "\n")
  for _, w in ipairs(source.words(text)) do
    if w.text:find("\n", 1, true) and w.text:find "%S" or w.text:find "^%-%-" then return nil end
  end
  return (text:gsub("%s*\n%s*", " "))
end

local function remember(state, lines)
  local whole = #lines > 1 and on_one_line(lines)
  if whole and #whole <= LONGEST then return state.reader:remember(whole) end
  for _, line in ipairs(lines) do state.reader:remember(line) end
end

-- One whole command: as many lines as it takes.
-- @return  its text and function; or nil and "end", "interrupted", or a syntax error
local function read_command(state)
  local lines = {}
  while true do
    state.pending = table.concat(lines, "\n")
    local line, why = state.reader:read(#lines == 0 and PROMPT or MORE)
    if not line then
      remember(state, lines)
      if why == "end" and #lines > 0 then
        local _, err = evaluate.compile(table.concat(lines, "\n"), state.names)
        return nil, "syntax", evaluate.sentence(err, state.names, #lines > 1)
      end
      return nil, why
    end
    lines[#lines + 1] = line
    local text = table.concat(lines, "\n")
    local leaves = #lines == 1 and LEAVE[text:match "^%s*(.-)%s*$"]
    if leaves and state.names[text:match "%a+"] == nil then return nil, "end" end
    if text:find "%S" then
      local n = #state.session.commands + 1
      local chunk, err, more = evaluate.compile(text, state.names, n)
      if chunk then
        remember(state, lines)
        state.session.commands[n] = text
        state.session.commands[evaluate.chunk_name(n)] = text
        return text, chunk
      end
      if not more then remember(state, lines) end
      if not more then return nil, "syntax", evaluate.sentence(err, state.names, #lines > 1) end
    else
      lines = {}
    end
  end
end

local function print_values(state, values)
  for i = 1, values.n do
    local v = values[i]
    if v == nil or not state.session.announced[v] then state.session:show(v) end
  end
  if values.n > 0 then rawset(state.names, "_", values[1]) end
end

local function run_command(state, text, chunk)
  local session = state.session
  session:turn()
  core.clear_interrupt()   -- one that came between two commands belongs to neither
  local ok, values, interrupted = evaluate.run(chunk)
  session:progress_done()
  if ok then
    -- what draws itself may be interrupted or fail too
    ok, values, interrupted = evaluate.run(function() print_values(state, values) end)
  end
  if not ok then
    state.failed = true
    problem(state, interrupted and "interrupted" or evaluate.sentence(values, state.names, text:find "\n"))
    local trace = state.trace and type(values) == "table" and values.trace
    if trace then io.stderr:write(fs.printable(trace:gsub("repl#%d+:", "repl:"), true), "\n") end
  elseif text:find "^%s*local%s" and not text:find "[;\n]" then
    session:say "(a local lives for one command; without `local` the name stays)"
  end
  collectgarbage()   -- views that nobody holds any more are large on the native side
end

--- Runs until the input ends.
-- @param state  { session, names, reader, trace }
-- @return  false if a command failed
function loop.run(state)
  while true do
    io.stdout:flush()
    local ok, text, chunk, message = pcall(read_command, state)
    if not ok then
      if not core.interrupted() then error(text, 0) end
      text, chunk = nil, "interrupted"
    end
    if text then run_command(state, text, chunk)
    elseif chunk == "end" then break
    elseif chunk == "syntax" then
      state.failed = true
      problem(state, message)
    elseif chunk == "interrupted" then
      core.clear_interrupt()
    else
      problem(state, chunk)
      state.failed = true
      break
    end
  end
  return not state.failed
end

return loop
