--- registry: versions, links and fingerprints, and the mirror that a review reads.
local check = require "check"
local command = require "cli.registry"
local json = require "json"

local dir = check.folder()
local db = dir .. "/reg/registry.db"
local data = check.write(dir .. "/helpdesk.jsonl", '{"input":"a b c","output":"d e f"}\n')

local function run(...)
  local lines, args = {}, { ... }
  args[#args + 1] = "--registry"
  args[#args + 1] = db
  local status = command.run(args, { out = function(l) lines[#lines + 1] = l end })
  return status, table.concat(lines, "\n")
end

check.test("a file becomes v1, the same bytes are v1 again, other bytes v2", function()
  local status, text, _ = run("add", data, "--notes", "first")
  check.eq(status, 0)
  check.contains(text, "registered helpdesk@v1")
  _, text = run("add", data)
  check.contains(text, "helpdesk@v1 has these bytes already")
  check.write(data, '{"input":"a b c","output":"changed"}\n')
  _, text = run("add", data)
  check.contains(text, "registered helpdesk@v2")
end)

check.test("a version never changes", function()
  check.write(data, '{"input":"a b c","output":"third"}\n')
  check.eq(run("add", data, "--version", "v1"), 1)
  check.write(data, '{"input":"a b c","output":"changed"}\n')
end)

check.test("list shows the newest, history all, show one", function()
  local _, text = run "list"
  check.contains(text, "helpdesk@v2")
  check.ok(not text:find("@v1", 1, true))
  _, text = run("history", "helpdesk")
  check.contains(text, "helpdesk@v1")
  check.contains(text, "first")
  _, text = run("show", "helpdesk@v1", "--json")
  local d = json.decode(text)
  check.eq(d.version, "v1")
  check.eq(d.notes, "first")
  check.eq(#d.fingerprint, 64)
  check.eq(d.rows, 1)
end)

check.test("a training run is linked to the version it used", function()
  local status = run("link", "helpdesk@v1", "--training-run", "ft-118", "--model", "llama-3-8b", "--param",
    "lr=2e-5", "--param", "epochs=3")
  check.eq(status, 0)
  local _, text = run("show", "helpdesk@v1")
  check.contains(text, "ft-118")
  check.contains(text, "epochs=3 lr=2e-5")
  check.eq(run("link", "helpdesk@v9", "--training-run", "x"), 1)
  check.eq(run("link", "helpdesk"), 2)
end)

check.test("verify tells the version whose bytes have changed", function()
  local status, text = run "verify"
  check.eq(status, 1)
  check.contains(text, "DIFFERS")
  check.eq(run("verify", "helpdesk@v2"), 0)
  check.write(data, "other\n")
  check.eq(run("verify", "helpdesk@v2"), 1)
end)

check.test("the mirror is readable JSON with all of it", function()
  local text = check.read(dir .. "/reg/registry.json")
  local m = json.decode(text)
  check.eq(#m.datasets, 2)
  check.eq(m.datasets[1].version, "v1")
  check.eq(m.training_runs[1].dataset, "helpdesk@v1")
  check.eq(m.training_runs[1].params.epochs, 3)
  check.eq(m.training_runs[1].params.lr, "2e-5")
  check.contains(text, '\n      "fingerprint": "')
end)

check.test("a run folder brings its name, size and lineage", function()
  dofile "tests/e2e/fixture_run.lua" (dir)
  local status, text, _ = run("add", dir .. "/curated/helpdesk/latest", "--name", "tickets")
  check.eq(status, 0)
  check.contains(text, "registered tickets@v1")
  _, text = run("show", "tickets")
  check.contains(text, "\n  folder       " .. dir)
  check.eq(select(2, text:gsub("\n  run ", "")), 1)
  _, text = run("show", "tickets", "--json")
  local d = json.decode(text)
  check.eq(d.rows, 3)
  check.eq(d.run_id, "r1")
  check.eq(d.path, dir .. "/curated/helpdesk/r1")
  check.eq(d.fingerprint, ("ab"):rep(32))
end)

check.test("misuse is status 2, what is missing status 1", function()
  check.eq(run(), 2)
  check.eq(run "frobnicate", 2)
  check.eq(run("add"), 2)
  check.eq(run("add", dir .. "/none.jsonl"), 1)
  check.eq(run("show", "nobody"), 1)
  check.eq(run("add", data, "--name", "a@b"), 2)
  check.eq(run("link", "helpdesk", "--training-run", "t", "--param", "novalue"), 2)
end)

check.done()
