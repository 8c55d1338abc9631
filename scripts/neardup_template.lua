--- neardup_template: when a beginning or an end of a field is a template, not what makes two rows alike.
-- Different questions behind one instruction are no copies of each other: what nearly all rows share
-- at the beginning or the end of a field is left out of the comparison (modules/neardup/template.h).

local template = {}

local LEAST = 40   -- bytes of folded text: shorter ones change no verdict
local REST  = 20   -- half of the rows have this much of their own behind it, else it is all they are

--- The parameter of a stage that compares texts.
template.share = { type = "number", default = 0.9, min = 0, max = 1,
                   doc = "a beginning or end of a field that this share of rows has is a template, "
                     .. "not compared; 0: off" }

--- The parameters as the kernel takes them, over those of the stage.
function template.params(p)
  local own = { template_share = p.template_share, template_least = LEAST, template_rest = REST }
  return setmetatable(own, { __index = p })
end

--- What was left out, a sentence a field.
-- @param found  { input = { begin = bytes, ["end"] = bytes } }
function template.notes(stage, found)
  local notes = {}
  for _, field in ipairs { "system", "input", "output", "alternative", "assistant" } do
    local f = found[field]
    local where = f and { f.begin > 0 and ("begins with the same %d bytes"):format(f.begin) or nil,
                          f["end"] > 0 and ("ends with the same %d bytes"):format(f["end"]) or nil }
    if f then
      local parts = {}
      for i = 1, 2 do parts[#parts + 1] = where[i] end
      notes[#notes + 1] = ("%s: %s %s in nearly all rows: a template, left out of the comparison "
        .. "(%s.template_share = 0 compares it)")
        :format(stage, field, table.concat(parts, " and "), stage)
    end
  end
  return notes
end

return template
