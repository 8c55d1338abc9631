--- markdown: the reference of all stages as the README has it, from the tables that validate.

local catalogue = require "help.catalogue"
local values = require "help.values"

local markdown = {}

local SCOPES = { row = "Works row by row.", corpus = "Works over all rows." }

local function escaped(text) return (text:gsub("|", "\\|"):gsub("<", "&lt;")) end

local function sentence(text) return (text:gsub("^%l", string.upper)) .. "." end

local function about(stage)
  local parts = { sentence(stage.doc), SCOPES[stage.scope] }
  if #stage.reasons > 0 then parts[#parts + 1] = "Reasons: `" .. table.concat(stage.reasons, "`, `") .. "`." end
  if #stage.metrics > 0 then parts[#parts + 1] = "Metrics: `" .. table.concat(stage.metrics, "`, `") .. "`." end
  return table.concat(parts, " ")
end

--- One stage: what it does, an example, its parameters.
function markdown.stage(stage)
  local out = { "### " .. stage.name, "", about(stage), "", "```lua", catalogue.example(stage), "```", "",
                "| parameter | type | default | |", "| --- | --- | --- | --- |" }
  for _, name in ipairs(values.names(stage.params)) do
    local p = stage.params[name]
    local default = values.default(p)
    if default ~= "" and not p.required then default = "`" .. default .. "`" end
    out[#out + 1] = ("| `%s` | %s | %s | %s |"):format(name, escaped(values.kind(p)), escaped(default), escaped(p.doc))
  end
  return table.concat(out, "\n")
end

--- The reference of all stages, in the order in which recipes have them.
function markdown.stages()
  local parts = {}
  for i, stage in ipairs(catalogue.stages()) do parts[i] = markdown.stage(stage) end
  return table.concat(parts, "\n\n")
end

return markdown
