--- tamis help: whatever validates is told of, and nothing else.

local catalogue = require "help.catalogue"
local check = require "check"
local docs = require "help.modules"
local host = require "host"
local markdown = require "help.markdown"
local open = require "recipe.open"
local settings = require "help.settings"

local function help(args) return check.run(check.tamis .. " help " .. args) end

check.test("help without a topic names every command, stage, module and format", function()
  local status, out = help ""
  check.eq(status, 0)
  for _, kind in ipairs { "commands", "stages", "modules", "formats", "presets" } do
    local list = catalogue[kind]()
    for _, what in ipairs(list) do check.contains(out, "\n  " .. what.name) end
  end
end)

check.test("every name that help knows has a page", function()
  for _, name in ipairs(catalogue.names()) do
    local status, out, err = help(name)
    check.eq(status, 0, name .. ": " .. err)
    check.ok(#out > 20, name)
  end
end)

check.test("no line of help is wider than 80 columns", function()
  local screen = require "report.screen"
  for _, name in ipairs { "", "near_dedup", "pii", "language", "filter", "text", "formats", "recipe", "run", "registry", "judging",
                          "repl" } do
    local _, out = help(name)
    for line in out:gmatch "[^\n]+" do
      if not line:find "^  tamis " then check.ok(screen.width_of(line) <= 80, name .. ": " .. line) end
    end
  end
end)

check.test("help judging tells of every provider, state and field of the configuration", function()
  local _, out = help "judging"
  for _, name in ipairs(require "judge.server.provider".names()) do check.contains(out, "\n  " .. name .. " ") end
  for _, name in ipairs(require "judge.states".names) do check.contains(out, "\n  " .. name .. " ") end
  for _, field in ipairs(require "judge.server.config".FIELDS) do check.contains(out, "\n  " .. field[1] .. " ") end
end)

check.test("every stage has a scope, a doc, and a doc, a type and a sound default for each parameter", function()
  local plan = require "plan"
  for _, stage in ipairs(catalogue.stages()) do
    check.ok(stage.doc and stage.scope and stage.reasons and stage.metrics, stage.name)
    for name, spec in pairs(stage.params) do
      check.ok(spec.doc and spec.type, stage.name .. "." .. name)
      check.ok(not (spec.required and spec.default ~= nil), stage.name .. "." .. name)
      if spec.default ~= nil then check.ok(plan.check(spec.default, spec, name) ~= nil, stage.name .. "." .. name) end
    end
  end
end)

check.test("the example of every stage is a recipe that validates", function()
  for _, stage in ipairs(catalogue.stages()) do
    local text = 'local s = require "tamis"\nreturn s.recipe { sources = { "a.jsonl" },\n%s\n}'
    text = text:format(catalogue.example(stage))
    local opened, err = open.text(text, "example.lua")
    check.ok(opened, stage.name .. ": " .. tostring(err))
    opened.recipe:close()
  end
end)

check.test("every command has a summary, a usage and an example that names it", function()
  for _, c in ipairs(catalogue.commands()) do
    check.ok(c.summary and #c.summary < 70, c.name)
    check.contains(c.usage, "tamis " .. c.name)
    check.ok(#c.examples > 0, c.name)
    for _, e in ipairs(c.examples) do check.contains(e, "tamis " .. c.name) end
    for _, o in ipairs(c.options or {}) do check.ok(#o[1] > 0 and #o[2] > 0, c.name) end
  end
end)

check.test("the page of a module names each of its functions, and no other", function()
  for _, m in ipairs(host.modules()) do
    if m.recipe then
      local d = check.ok(docs[m.name], "scripts/help/modules.lua says nothing of " .. m.name)
      local told = {}
      for _, list in ipairs { d.functions, d.stages or {} } do
        for _, f in ipairs(list) do told[f[1]:match "^[%w_]+"] = true end
      end
      local module = require(m.name)
      for name, value in pairs(module) do
        if type(value) == "function" then
          check.ok(told[name], ("%s.%s is not in scripts/help/modules.lua"):format(m.name, name))
        end
      end
      for name in pairs(told) do
        check.ok(type(module[name]) == "function", ("there is no %s.%s"):format(m.name, name))
      end
    end
  end
  for name in pairs(docs) do check.ok(type(require(name)) == "table", name) end
end)

check.test("the examples of the modules run", function()
  for name, d in pairs(docs) do
    local chunk = check.ok(load(("local %s = require %q\nreturn %s"):format(name, name, d.example), "=example", "t"))
    local value, why = chunk()
    check.ok(value ~= nil, ("%s: %s"):format(name, why))
  end
end)

check.test("the settings that help tells of are those a recipe may have", function()
  for _, setting in ipairs(settings) do
    local value = ({ seed = "7", sources = '{ "a" }', gold = '{ "b" }', expect = "{}" })[setting[1]] or '"x"'
    local text = ('local s = require "tamis"\nreturn s.recipe { %s = %s }'):format(setting[1], value)
    local opened, err = open.text(text, "r.lua")
    check.ok(opened, err)
    opened.recipe:close()
  end
  local _, err = open.text('local s = require "tamis"\nreturn s.recipe { sauces = {} }', "r.lua")
  check.contains(err, "unknown setting")
end)

check.test("near_dedup's page has the recall curve of its bands: 1 - (1 - J^7)^36", function()
  local _, out = help "near_dedup"
  check.contains(out, "36 bands of 7 slots")
  for _, j in ipairs { 0.5, 0.6, 0.7 } do
    check.contains(out, ("%.2f  %6.1f%%"):format(j, 100 * (1 - (1 - j ^ 7) ^ 36)))
  end
end)

check.test("a parameter has a page of its own", function()
  local status, out = help "near_dedup.threshold"
  check.eq(status, 0)
  check.contains(out, "number, 0.05 to 1; default 0.8")
  check.ok(not out:find("shingle", 1, true))
end)

check.test("an unknown topic exits 2 and offers the nearest names", function()
  local status, out, err = help "nearr_dedup"
  check.eq(status, 2)
  check.eq(out, "")
  check.contains(err, 'tamis: no help for "nearr_dedup"; did you mean "near_dedup" or ')
  local bad_status, _, bad = help "'x\27[31my'"
  check.eq(bad_status, 2)
  check.ok(not bad:find "\27")
end)

check.test("help --markdown is the reference of every stage and parameter", function()
  local status, out = help "--markdown"
  check.eq(status, 0)
  check.eq(out, markdown.stages() .. "\n")
  for _, stage in ipairs(catalogue.stages()) do
    check.contains(out, "### " .. stage.name .. "\n")
    for name in pairs(stage.params) do check.contains(out, "| `" .. name .. "` |") end
  end
end)

check.done()
