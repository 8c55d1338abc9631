--- store: SQLite for the trusted scripts.
local check = require "check"
local store = require "store"

local dir = check.folder()

local function rows(db, ...)
  local out = {}
  for row in db:rows(...) do out[#out + 1] = row end
  return out
end

check.test("what goes in comes out, with its type, NULLs as nothing", function()
  local db <close> = assert(store.open(dir .. "/a.db"))
  check.eq(db:exec "CREATE TABLE t (a, b)", 0)
  check.eq(db:exec("INSERT INTO t VALUES (?, ?)", 1, nil), 1)
  check.eq(db:exec("INSERT INTO t VALUES (?, ?)", 2.5, "x\0y"), 1)
  check.eq(db:exec("INSERT INTO t VALUES (?, ?)", true, ""), 1)
  check.eq(rows(db, "SELECT * FROM t ORDER BY rowid"), { { a = 1 }, { a = 2.5, b = "x\0y" }, { a = 1, b = "" } })
end)

check.test("several statements run in order; the values of a quote stay values", function()
  local db <close> = assert(store.open(dir .. "/b.db"))
  check.ok(db:exec "CREATE TABLE t (a); INSERT INTO t VALUES (1); INSERT INTO t VALUES (2); ")
  check.ok(db:exec("INSERT INTO t VALUES (?)", "'; DROP TABLE t; --"))
  check.eq(#rows(db, "SELECT a FROM t"), 3)
end)

check.test("a loop left early ends its query, and the store can be closed at any time", function()
  local db = assert(store.open(dir .. "/b.db"))
  local seen = 0
  for row in db:rows "SELECT a FROM t" do
    seen = seen + row.a
    if seen > 0 then break end
  end
  check.eq(seen, 1)
  local next_row = db:rows "SELECT a FROM t"
  check.eq(next_row().a, 1)
  db:close()
  db:close()
  check.eq(next_row().a, 2)
  check.raises("store is closed", db.exec, db, "SELECT 1")
end)

check.test("what the file refuses is nil and a message", function()
  local db, err = store.open(dir .. "/none/x.db")
  check.eq(db, nil)
  check.contains(err, "cannot open " .. dir .. "/none/x.db")
  check.eq(store.open(dir .. "/none.db", { readonly = true }), nil)
  local ro <close> = assert(store.open(dir .. "/b.db", { readonly = true }))
  local ok, message = ro:exec "DELETE FROM t"
  check.eq(ok, nil)
  check.contains(message, "readonly")
  ok, message = ro:exec "SELEKT 1"
  check.eq(ok, nil)
  check.contains(message, "syntax error")
end)

check.test("misuse raises, and says what was wrong", function()
  local db <close> = assert(store.open(dir .. "/b.db"))
  check.raises("takes 1 values, got 0", db.rows, db, "SELECT ?")
  check.raises("expected nil, a boolean, a number or a string", db.exec, db, "SELECT ?", {})
  check.raises("no such table", db.rows, db, "SELECT * FROM nowhere")
end)

check.done()
