--- session: what one REPL shares: the thread pool, the screen, progress, and what was printed.

local core = require "core"
local fs = require "fs"
local screen = require "report.screen"
local show = require "repl.show"

local session = {}

local Session = {}

-- The pool starts with the first thing that needs it.
function Session.__index(s, key)
  if key ~= "pool" then return Session[key] end
  local pool = core.pool(0)
  rawset(s, "pool", pool)
  return pool
end

--- @param options  tty = stdout is a terminal, libs = folders of Lua files for recipes
function session.new(options)
  return setmetatable({ tty = options.tty, libs = options.libs, announced = {}, commands = {},
                        screen = screen.new { tty = options.tty, width = fs.width(1) } }, Session)
end

function Session.out(_, line) io.stdout:write(line, "\n") end

--- Says a sentence, in lines that fit.
function Session:say(text)
  for _, line in ipairs(self.screen:wrap(text, self.screen.width)) do self:out(line) end
end

--- Tells of a new object, as soon as it is there; the command's value then is not printed again.
function Session:announce(object, lines)
  self.announced[object] = true
  if not lines then return self:show(object) end
  for _, line in ipairs(lines) do self:say(self.screen.unicode and line or line:gsub(" · ", " - ")) end
end

--- Prints a value.
function Session:show(value)
  show.value(value, self.screen, function(line) self:out(line) end)
end

--- Keeps a stage's parameters as a recipe would write them.
function Session:note_text(entry) require "repl.recipe".note(self, entry) end

--- A command begins: what it makes is not announced yet; the terminal may have another width.
function Session:turn()
  self.announced = {}
  if self.tty then self.screen = screen.new { tty = true, width = fs.width(1) } end
end

--- The progress bar, where stderr is a terminal; nil elsewhere.
function Session:progress()
  if self.bar == nil then
    self.bar = fs.isatty(2) and require "run.progress".new { pool = self.pool } or false
  end
  return self.bar or nil
end

--- Names what runs now.
function Session:step(name)
  local bar = self:progress()
  if bar then bar:step(name) end
end

--- Takes the bar away.
function Session:progress_done()
  if self.bar then
    self.bar:drop()
  end
end

return session
