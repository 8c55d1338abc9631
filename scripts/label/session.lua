--- session: the form on a real terminal.

local form = require "label.form"
local screen = require "report.screen"
local term = require "term"

local session = {}

local LEAST_COLUMNS, LEAST_ROWS = 20, 6

-- One write a page, no clearing of the whole screen, so that nothing flickers.
local function paint(t, state)
  local columns, rows = t:size()
  local s = screen.new { tty = true, width = columns }
  s.width = math.max(LEAST_COLUMNS, columns)   -- a page is as wide as its terminal
  local lines = form.draw(state, s, math.max(LEAST_ROWS, rows))
  local out = { "\27[H" }
  for i = 1, math.min(#lines, rows) do
    out[#out + 1] = "\27[K" .. lines[i]
    if i < math.min(#lines, rows) then out[#out + 1] = "\r\n" end
  end
  out[#out + 1] = "\27[J"
  return t:write(table.concat(out))
end

--- Shows the form until the person leaves or the program is to end.
-- @return  "left", "signal" or "gone"; nil and a sentence where there is no terminal or a label was not written
function session.run(state)
  local t <close>, err = term.open()
  if not t then return nil, err end
  while true do
    local ok, why = paint(t, state)
    if not ok then return nil, why end
    local key = t:key()
    if key == "signal" or key == "gone" then
      form.leave(state)
      return key
    elseif key == "ctrl-z" then t:suspend()
    elseif key ~= "resize" and key ~= "ctrl-l" then
      local what = form.press(state, key)
      if what == "failed" then return nil, state.failed end
      if what == "left" then return "left" end
    end
  end
end

return session
