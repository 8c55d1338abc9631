--- What README.md shows was run: its recipes run as they stand, and the output that it prints is
-- what the helpdesk recipe gives.

local check = require "check"

local text = check.read "README.md"

local function block(mark)
  return check.ok(text:match("<!%-%- " .. mark .. " %-%->\n```%w*\n(.-)```\n<!%-%- /" .. mark), "no part " .. mark)
end

check.test("the helpdesk recipe prints what README.md says it prints", function()
  local out = check.folder()
  local status, got, err = check.run(("LC_ALL=C.UTF-8 COLUMNS=80 %s run examples/helpdesk/recipe.lua --run-id demo --out %s")
                                     :format(check.tamis, out))
  check.eq(status, 0, err)
  local shown = block "output"
  local upto = shown:find("  and %d+ more", 1) or #shown
  check.eq(got:sub(1, upto - 1), shown:sub(1, upto - 1))
end)

check.test("a sweep and an ablation print what README.md says they print", function()
  local out = check.folder()
  local function printed(args)
    local status, got, err = check.run(("LC_ALL=C.UTF-8 COLUMNS=80 %s %s"):format(check.tamis, args))
    check.eq(status, 0, err)
    return got
  end
  local command = check.ok(text:match "\n(tamis sweep examples[^\n]+)")
  check.eq(printed(command:gsub("^tamis ", "") .. " --quiet"), block "sweep")
  printed("run examples/helpdesk/recipe.lua --quiet --no-html --run-id demo --out " .. out)
  local shown = block "ablate"
  local got = printed("ablate --no-examples " .. out .. "/helpdesk_v1/demo"):gsub("^[^\n]*/helpdesk_v1", "build/demo/helpdesk_v1")
  check.eq(got:sub(1, #shown), shown)
end)

check.test("what judging would cost, and what was judged, is what README.md says", function()
  local out = check.folder()
  local NOBODY = "env -u ANTHROPIC_API_KEY -u ANTHROPIC_BASE_URL XDG_CONFIG_HOME=" .. check.quote(out)
  local function printed(args)
    local status, got, err = check.run(("%s LC_ALL=C.UTF-8 COLUMNS=80 %s %s"):format(NOBODY, check.tamis, args))
    check.eq(status, 0, err)
    return got
  end
  local options = check.ok(text:match "score\nfile %(`(%-%-set [^`]*)`%)")
  check.contains(printed("check examples/helpdesk/recipe.lua " .. options), block "cost")
  printed("run examples/helpdesk/recipe.lua --quiet --no-html --run-id demo --out " .. check.quote(out))
  check.contains(printed("report " .. check.quote(out .. "/helpdesk_v1/demo")), block "judged")
end)

check.test("a diff of two runs prints what README.md says it prints", function()
  local out = check.folder()
  local function tamis(args)
    local status, got, err = check.run(("LC_ALL=C.UTF-8 COLUMNS=80 %s %s"):format(check.tamis, args))
    check.eq(status, 0, err)
    return got
  end
  local run = "run examples/helpdesk/recipe.lua --quiet --no-html --out " .. out
  tamis(run .. " --run-id demo")
  tamis(run .. " --run-id looser " .. check.ok(text:match "the second with `(%-%-set [^`]*)`"))
  local got = tamis(("diff %s/helpdesk_v1/demo %s/helpdesk_v1/looser --examples 1"):format(out, out))
  local shown = block "diff"
  check.eq(got:sub(1, #shown), shown)
end)

check.test("the session of README.md gives what README.md says it gives", function()
  local shown, commands, wanted = block "session", {}, {}
  for line in shown:gmatch "(.-)\n" do
    local command = line:match "^tamis> (.*)"
    if command then commands[#commands + 1] = command
    elseif not line:find "^%$ " then wanted[#wanted + 1] = line end
  end
  local input = check.write(check.folder() .. "/session", table.concat(commands, "\n") .. "\n")
  local status, got, err = check.run(("cat %s | env -u COLUMNS LC_ALL=C.UTF-8 %s repl %s"):format(input, check.tamis,
    check.ok(shown:match "^%$ tamis repl (%S+)")))
  check.eq({ status, err }, { 0, "" })
  local function timeless(s) return (s:gsub("%d+%.%d%d s\n", "0.00 s\n")) end
  check.eq(timeless(got), timeless(table.concat(wanted, "\n") .. "\n"))
end)

check.test("the recipes of README.md run as they stand", function()
  local folder = check.folder()
  check.run("cp examples/helpdesk/raw_2024.jsonl " .. folder .. "/faq_1.jsonl")
  check.run("cp examples/helpdesk/gold.jsonl examples/helpdesk/expert.jsonl examples/helpdesk/production.jsonl " .. folder)
  local n = 0
  local rest = text:gsub("<!%-%- recipe %-%->.-<!%-%- /recipe %-%->", "")      -- the helpdesk recipe: see above
  for code in rest:gmatch("```lua\n(.-)```") do
    if code:find("s.recipe", 1, true) then
      n = n + 1
      local path = check.write(("%s/readme%d.lua"):format(folder, n), code)
      local status, out, err = check.run(("%s run %s --quiet --out %s/out"):format(check.tamis, path, folder))
      check.eq(status, 0, err .. out)
      if n == 1 then   -- the options that README.md tries on it, right below
        local options = check.ok(rest:match "`tamis run recipe%.lua (%-%-set [^`]*)`")
        status, out, err = check.run(("%s run %s --quiet --out %s/out %s"):format(check.tamis, path, folder, options))
        check.eq(status, 0, err .. out)
      end
    end
  end
  check.eq(n, 4)
end)

check.test("the format of README.md is one", function()
  local code = text:match("```lua\n(%-%-%- question_answer.-)```")
  local format = assert(load(check.ok(code)))()
  check.eq(format.name, "question_answer")
  local path = check.write(check.folder() .. "/qa.jsonl",
                           '{"question":"one","answer":"two"}\n{"query":"three","answer":"four"}\n')
  local corpus, core = require "corpus", require "core"
  local view = assert(corpus.load { sources = { { path = path, format = format.name } }, formats = { format },
                                    pool = core.pool(1) })
  check.eq(view:field(1, "input"), "one")
  check.eq(view:field(2, "input"), "three")
  check.eq(view:field(2, "output"), "four")
end)

check.done()
