--- masked: do rows leave for a judge as they were read? A stage `pii` before it that rejects them, redacts them or puts
-- stand-ins is what keeps private data at home; one that only tags is none.

local masked = {}

-- Does a pii stage do more than tag? Its kinds may have actions of their own.
local function takes_out(p, what)
  local own = false
  for kind, action in pairs(type(p.types) == "table" and p.types or {}) do
    if type(kind) == "string" then
      own = true
      if what[action] then return true end
    end
  end
  return not own and what[p.action] == true
end

local ANY = { reject = true, redact = true, pseudonym = true }
local EDITS = { redact = true, pseudonym = true }

local function has_trusted(view)
  for _, source in ipairs(view:sources()) do
    if source.trusted then return true end
  end
  return false
end

--- What a person should know before rows leave; nil where there is nothing to say.
-- @param self  the stage as judge/run has prepared it
-- @param view  the rows
function masked.note(self, view)
  if not self.ctx.before or self.p.provider == "file" then return nil end
  local any, edits = false, false
  for _, entry in ipairs(self.ctx.before()) do
    if entry.stage == "pii" then
      any, edits = any or takes_out(entry.params, ANY), edits or takes_out(entry.params, EDITS)
    end
  end
  local where = self.endpoint and self.endpoint.origin or self.provider.url or self.provider.name
  if not any then
    return ('%s: no pii stage before it masks or rejects private data: rows leave for %s as they were read; put '
      .. 's.pii { action = "redact" } before it'):format(self.ctx.name, where)
  end
  if edits or not has_trusted(view) then return nil end
  return ('%s: pii rejects, but rows of trusted sources stay: theirs leave for %s as they were read; '
    .. 's.pii { action = "redact" } masks them too'):format(self.ctx.name, where)
end

return masked
