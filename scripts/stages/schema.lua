--- schema: reject a row that lacks what it must have, or whose JSON is not what was asked for.
-- Three promises are held: `require` names paths of the row and what stands there; an answer that was asked for
-- as JSON parses; and an answer, or the arguments of a tool call, fits its JSON Schema. Whether JSON was asked
-- for is read from phrases: "return a JSON object" in a request for a program is no such question, so that
-- the weaker phrases count only where no word of `programs` stands beside them.

local json = require "json"
local schema = require "schema"
local screen = require "report.screen"

-- What says that the answer is not JSON, whatever else stands there.
local NEVER = { "not json", "not in json", "not as json", "not return json", "not output json", "not use json",
                "no json", "without json", "instead of json", "rather than json", "don't return json", "don't use json",
                "don't output json", "avoid json", "never json", "other than json", "don't answer in json",
                "don't respond in json", "don't reply in json", "not answer in json", "not respond in json",
                "not reply in json" }
-- What asks for JSON without a doubt.
local ASKS = { "respond in json", "respond with json", "respond with a json", "respond with valid json",
               "respond only with json", "respond only in json", "respond as json", "reply in json", "reply with json",
               "reply with a json", "reply only with json", "reply as json", "answer in json", "answer as json",
               "answer with json", "answer with a json", "answer only in json", "output only json",
               "output only valid json", "return only json", "return only valid json", "return only a json",
               "only valid json", "json only", "only json", "your response must be json", "must be valid json",
               "must be a valid json", "must be a json", "format your answer as json", "format your response as json",
               "format the output as json", "in the following json", "using the following json",
               "following json schema", "following json format", "this json schema", "this json format",
               "as a single json", "strictly json", "strict json", "output must be json", "answer must be json",
               "output should be json", "answer should be json", "format: json", "json please", "json, please",
               "in the form of json", "fill in this json", "fill in the json", "use json for your", "using json only",
               "using this json", "this json structure", "output to be json", "answer to be json",
               "must be a single json", "send back json" }
-- What asks for JSON unless a program is to make it.
local MAY_ASK = { "in json", "as json", "as a json", "into json", "to json", "a json object", "a json array",
                  "a json list", "json output", "output json", "return json", "return a json", "produce json",
                  "generate json", "valid json", "json format", "in a json", "a json with", "a json containing",
                  "a json document", "a json structure", "a json dictionary", "give me json", "give me a json",
                  "provide json", "provide a json", "write json", "write a json", "create a json", "use json",
                  "using json", "through json", "via json" }
local PROGRAMS = { "function", "functions", "script", "program", "programs", "code", "snippet", "api", "apis",
                   "endpoint", "server", "app", "application", "class", "method", "query", "python", "javascript",
                   "typescript", "java", "php", "ruby", "rust", "golang", "node.js", "nodejs", "express", "flask",
                   "django", "c#", "c++", "sql", "swift", "kotlin", "bash", "curl", "fetch", "library", "module",
                   "parse", "parser", "parsing", "serialize", "deserialize", "implement", "regex", "what is",
                   "what are", "what does", "how do i", "how to", "how can", "how would", "explain", "why",
                   "should i", "is this", "is it", "is that", "is the", "when was", "who invented", "difference",
                   "compare", "better", "describe the json", "is {*", "is [*" }

-- ---- what a path requires ----

local TYPES = { string = true, number = true, integer = true, boolean = true, object = true, array = true, null = true }
local KEYS = { one_of = true, min = true, max = true, pattern = true, optional = true }
local SHAPE = 'a type ("string", "number", "integer", "boolean", "object", "array", "null", "any") or a table of types '
              .. "with one_of, min, max, pattern, optional"

--- The types of a shape: a list without "any"; nil and a sentence if one is none.
local function types_of(place, shape)
  local out = {}
  for _, t in ipairs(shape) do
    if t ~= "any" and not TYPES[t] then
      return nil, ("%s: \"%s\" is no type: %s"):format(place, tostring(t), SHAPE)
    end
    if t ~= "any" then out[#out + 1] = t end
  end
  return out
end

local function check_keys(place, shape)
  for key, value in pairs(shape) do
    if type(key) ~= "number" and not KEYS[key] then
      return ("%s: there is no \"%s\": %s"):format(place, tostring(key), SHAPE)
    end
    if (key == "min" or key == "max") and type(value) ~= "number" then
      return ("%s: %s must be a number, not %s"):format(place, key, type(value))
    elseif key == "one_of" and (type(value) ~= "table" or #value == 0) then
      return ("%s: one_of must be a list of values"):format(place)
    elseif key == "pattern" and type(value) ~= "string" then
      return ("%s: pattern must be a text, not %s"):format(place, type(value))
    elseif key == "optional" and type(value) ~= "boolean" then
      return ("%s: optional must be true or false"):format(place)
    end
  end
end

--- A shape as JSON Schema: min and max are of a number, of a string's characters, of an array's elements.
local function rule_of(path, shape)
  local place = ("require[\"%s\"]"):format(tostring(path))
  if type(path) ~= "string" then return nil, "require: its keys are paths of the row, as in [\"messages[].role\"]" end
  if type(shape) == "string" then shape = { shape } end
  if type(shape) ~= "table" then return nil, ("%s must be %s"):format(place, SHAPE) end
  local types, err = types_of(place, shape)
  err = err or check_keys(place, shape)
  if err then return nil, err end
  local size = function(n) return n and math.max(0, math.ceil(n)) end
  local out = { minimum = shape.min, maximum = shape.max, minLength = size(shape.min), minItems = size(shape.min),
                maxLength = shape.max and math.max(0, math.floor(shape.max)),
                maxItems = shape.max and math.max(0, math.floor(shape.max)), pattern = shape.pattern,
                enum = shape.one_of and json.array(shape.one_of) or nil }
  if #types > 0 then out.type = json.array(types) end
  return { path = path, optional = shape.optional or false, schema = next(out) and json.encode(out) or "true" }
end

--- All rules, by their paths in order; or nil and a sentence.
local function rules_of(p)
  local paths, out = {}, {}
  for path in pairs(p.require) do paths[#paths + 1] = path end
  table.sort(paths, function(a, b) return tostring(a) < tostring(b) end)
  for i, path in ipairs(paths) do
    local rule, err = rule_of(path, p.require[path])
    if not rule then return nil, err end
    out[i] = rule
  end
  return out
end

--- Has the row a value at the path, or an object that holds a string, as every schema in use does?
local function has_at(view, i, path)
  if view:key(i, path) ~= nil then return true end
  for _, s in ipairs(view:strings(i)) do
    if s.path:sub(1, #path) == path and s.path:find("^[.%[]", #path + 1) then return true end
  end
  return false
end

--- A note where `json_schema` reads like a file's name and no row has such a path.
local function lost_path(view, path)
  if type(path) ~= "string" or not path:find "%.json$" then return nil end
  for i = 1, #view do
    if has_at(view, i, path) then return nil end
  end
  return ("no row has anything at json_schema = \"%s\", which is a path of the row, so that nothing was held against a "
    .. "schema; a file's is json_schema = s.read_json \"%s\""):format(path, path)
end

local LIST = { type = "string" }

return {
  name    = "schema",
  scope   = "row",
  doc     = "reject a row that lacks a required value, or whose JSON does not parse or fit its schema",
  params  = {
    require     = { type = "table", of = { type = { "string", "table" }, words = SHAPE }, default = {},
                    doc = "paths of the row and what stands there: { [\"metadata.queue\"] = \"string\", "
                    .. "[\"messages[].role\"] = { \"string\", one_of = { \"user\", \"assistant\" } } }" },
    json_output = { type = "enum", default = "when_asked", values = { "when_asked", "always", "never" },
                    doc = "which answers must parse as JSON, whole or in a fence of code" },
    json_in_prose = { type = "boolean", default = false, doc = "JSON may also stand between the words of an answer" },
    field       = { type = "enum", default = "output", values = { "output", "alternative", "assistant" },
                    doc = "the answer" },
    ask_in      = { type = "list", of = { type = "enum", values = { "system", "input" } },
                    default = { "system", "input" }, doc = "where the question is read" },
    asks        = { type = "list", of = LIST, default = ASKS, doc = "phrases that ask for JSON" },
    may_ask     = { type = "list", of = LIST, default = MAY_ASK,
                    doc = "those that do where no word of `programs` stands" },
    programs    = { type = "list", of = LIST, default = PROGRAMS,
                    doc = "words of who asks for a program or about one" },
    never       = { type = "list", of = LIST, default = NEVER, doc = "phrases that take it all back" },
    json_schema = { type = { "string", "table" }, words = "a path of the row, or a table that is a JSON Schema",
                    doc = "path of the row's schema, as an object or a text, in a response_format or bare; or the "
                    .. "schema itself, as s.read_json reads it" },
    json_value  = { type = "string", doc = "path of what the schema is for; not set: the answer" },
    tools       = { type = "string", default = "tools", doc = "path of the row's tools: the arguments of each call fit "
                    .. "the parameters of the tool it names; \"\": off" },
    calls       = { type = "string", default = "messages[].tool_calls[]", doc = "path of the calls" },
    max_steps   = { type = "integer", default = 1000000, min = 1000, max = 1000000000,
                    doc = "work that one value may take, or all tool calls of a row; what needs more is a bad schema" },
  },
  example = [[s.schema {
    require = { ["input"] = { "string", min = 1 }, ["metadata.score"] = { "number", max = 1, optional = true } },
    json_schema = "response_format.json_schema.schema" }]],
  reasons = { "missing_value", "wrong_value", "not_json", "schema_mismatch", "unknown_tool", "tool_arguments",
              "bad_schema" },
  metrics = { "asked", "checked" },

  check = function(p)
    local _, err = rules_of(p)
    return err
  end,

  op = function(p)
    local rules, err = rules_of(p)
    if not rules then return nil, err end
    local given = p.json_schema
    return schema.op { require = rules, field = p.field, ask_in = p.ask_in, always = p.json_output == "always",
      phrases = p.json_output == "when_asked" and { p.never, p.asks, p.programs, p.may_ask } or { {}, {}, {}, {} },
      prose = p.json_in_prose, schema_path = type(given) == "string" and given or nil,
      schema = type(given) == "table" and json.encode(given) or nil, value_path = p.json_value,
      tools = p.tools ~= "" and p.tools or nil, calls = p.calls, max_steps = p.max_steps }
  end,

  finish = function(view, p, ctx)
    local notes, rows, names = {}, 0, {}
    local lost = lost_path(view, p.json_schema)
    for keywords, count in pairs(view:group_counts("schema_unchecked", "all") or {}) do
      if keywords ~= "unknown" then
        rows = rows + count
        for name in keywords:gmatch "[^,]+" do names[(name:gsub("^ ", ""))] = true end
      end
    end
    if rows > 0 then
      local list = {}
      for name in pairs(names) do list[#list + 1] = name end
      table.sort(list)
      notes[1] = ("schema: %s with keywords that were not checked: %s"):format(screen.count(rows, "row"),
        table.concat(list, ", "))
    end
    if lost then notes[#notes + 1] = ("%s: %s"):format(ctx.name or "schema", lost) end
    return { notes = notes }
  end,
}
