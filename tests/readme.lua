--- readme: the parts of README.md that are made from the program itself, each between two marks
-- such as <!-- stages --> and <!-- /stages -->: the stage reference from the tables that validate
-- recipes, and the recipe from the example's own file.

local readme = {}

-- The order in which a recipe has them; every file of scripts/stages stands here.
local STAGES = { "decontaminate", "exact_dedup", "near_dedup", "length", "repetition", "language", "pii", "filter", "map",
  "topics", "balance", "sample", "export" }

local function show(value)
  if value == nil then return "" end
  if type(value) == "string" then return '"' .. value .. '"' end
  if type(value) ~= "table" then return tostring(value) end
  local parts = {}
  for i, v in ipairs(value) do parts[i] = show(v) end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

local function type_of(param)
  local t = type(param.type) == "table" and table.concat(param.type, " or ") or param.type
  if param.values then
    t = show(param.values):gsub("^{ ", ""):gsub(" }$", ""):gsub('", "', '" or "')
  elseif t == "list" and param.of then
    local of = param.of.values and "names" or param.of.type .. "s"
    t = "list of " .. of
  end
  if param.min and param.max then return ("%s, %s to %s"):format(t, param.min, param.max) end
  if param.min then return ("%s, %s or more"):format(t, param.min) end
  return t
end

local function escaped(text)
  return (text:gsub("|", "\\|"))
end

local function sorted_params(stage)
  local names = {}
  for name in pairs(stage.params) do names[#names + 1] = name end
  table.sort(names, function(a, b)
    local ra, rb = stage.params[a].required or false, stage.params[b].required or false
    if ra ~= rb then return ra end
    return a < b
  end)
  return names
end

local function stage_section(name)
  local stage = require("stages." .. name)
  local kind = ({ row = "row by row", corpus = "over all rows" })[stage.scope] or stage.scope
  local out = { ("### %s"):format(name), "", ("%s. Works %s."):format(stage.doc:gsub("^%l", string.upper), kind) }
  if stage.scope == "export" then out[3] = stage.doc:gsub("^%l", string.upper) .. "." end
  if #stage.reasons > 0 then
    out[3] = out[3] .. " Reasons: `" .. table.concat(stage.reasons, "`, `") .. "`."
  end
  out[#out + 1] = ""
  out[#out + 1] = "| parameter | type | default | |"
  out[#out + 1] = "| --- | --- | --- | --- |"
  for _, key in ipairs(sorted_params(stage)) do
    local p = stage.params[key]
    local default = p.required and "required" or p.default ~= nil and "`" .. show(p.default) .. "`" or ""
    out[#out + 1] = ("| `%s` | %s | %s | %s |"):format(key, escaped(type_of(p)), escaped(default), escaped(p.doc))
  end
  return table.concat(out, "\n")
end

local function read(path)
  local f = assert(io.open(path, "rb"))
  local text = f:read("a")
  f:close()
  return text
end

--- The reference of all stages, as Markdown.
function readme.stages()
  local parts = {}
  for i, name in ipairs(STAGES) do parts[i] = stage_section(name) end
  return table.concat(parts, "\n\n")
end

--- The names of the stages that the reference has.
function readme.stage_names() return STAGES end

local PARTS = {
  { mark = "recipe", make = function() return "```lua\n" .. read("examples/helpdesk/recipe.lua") .. "```" end },
  { mark = "stages", make = readme.stages },
}

--- README.md with its generated parts as they ought to be.
-- @return  the text as it is, and as it ought to be
function readme.current_and_wanted()
  local current = read("README.md")
  local wanted = current
  for _, part in ipairs(PARTS) do
    local open, close = "<!-- " .. part.mark .. " -->\n", "<!-- /" .. part.mark .. " -->"
    local _, first = wanted:find(open, 1, true)
    local last = wanted:find(close, 1, true)
    assert(first and last, "README.md lacks the marks of " .. part.mark)
    wanted = wanted:sub(1, first) .. part.make() .. "\n" .. wanted:sub(last)
  end
  return current, wanted
end

return readme
