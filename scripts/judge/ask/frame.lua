--- frame: a request but for the row. The rubric, the schema and all that goes with every row stand in the body as
-- they did in the one before, so a provider renders them once, and what is sent for a row is put between.

local fs = require "fs"
local json = require "json"

local frame = {}

local MARK = 24   -- characters a-z0-9 in the place of the user's turn

--- Renders a request and cuts it where the user's turn goes.
-- @param request  a provider's function
-- @param ask      what it renders: { model, system, schema, max_tokens, sampling, extra }, without `user`
-- @return  { path, headers, head, tail: the body on either side of the user's turn as JSON, bytes = of both }
function frame.of(request, ask)
  while true do
    ask.user = fs.random(MARK)
    local r, mark = request(ask), json.encode(ask.user)
    local from, to = r.body:find(mark, 1, true)
    if from and not r.body:find(mark, to, true) then
      local head, tail = r.body:sub(1, from - 1), r.body:sub(to + 1)
      return { path = r.path, headers = r.headers, head = head, tail = tail, bytes = #head + #tail }
    end
  end
end

--- The body with a row's turn in it, in pieces, and its bytes.
function frame.body(f, user)
  local text = json.encode(user)
  return { f.head, text, f.tail }, f.bytes + #text
end

return frame
