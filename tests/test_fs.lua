--- Files and folders as the trusted scripts see them.
local check = require "check"
local fs = require "fs"

check.test("what was written is read back, NULs and all", function()
  local path = check.folder() .. "/a.bin"
  check.ok(fs.write(path, "a\0b\n"))
  check.eq(fs.read(path), "a\0b\n")
end)

check.test("a missing file is nil, a sentence with its path and the error's name", function()
  local v, message, code = fs.read "no/such/file"
  check.eq(v, nil)
  check.contains(message, "cannot read no/such/file: ")
  check.eq(code, "ENOENT")
end)

check.test("a folder is no file", function()
  local v, _, code = fs.read(check.folder())
  check.eq(v, nil)
  check.eq(code, "EISDIR")
end)

check.test("a write that fails leaves the old file and no other", function()
  local dir = check.folder()
  check.ok(fs.write(dir .. "/f", "old"))
  local v, message = fs.write(dir .. "/f/g", "new")
  check.eq(v, nil)
  check.contains(message, "cannot write")
  check.eq(fs.list(dir), { "f" })
  check.eq(fs.read(dir .. "/f"), "old")
end)

check.test("globs are in byte order", function()
  local dir = check.folder()
  for _, name in ipairs { "b", "a", "B", "é" } do check.write(dir .. "/" .. name .. ".txt", "") end
  local names = {}
  for i, path in ipairs(fs.glob(dir .. "/*.txt")) do names[i] = path:match "[^/]*$" end
  check.eq(names, { "B.txt", "a.txt", "b.txt", "é.txt" })
end)

check.test("removing a tree follows no link", function()
  local dir = check.folder()
  check.ok(fs.mkdirs(dir .. "/kept"))
  check.write(dir .. "/kept/file", "x")
  check.ok(fs.mkdirs(dir .. "/tree/sub"))
  check.write(dir .. "/tree/sub/file", "x")
  check.ok(fs.symlink(dir .. "/kept", dir .. "/tree/link"))
  check.ok(fs.remove_tree(dir .. "/tree"))
  check.eq(fs.exists(dir .. "/tree"), false)
  check.eq(fs.read(dir .. "/kept/file"), "x")
end)

check.test("a link is replaced in one step", function()
  local dir = check.folder()
  check.ok(fs.symlink("one", dir .. "/latest"))
  check.ok(fs.symlink("two", dir .. "/latest"))
  check.eq(fs.readlink(dir .. "/latest"), "two")
end)

check.test("a lock is held by one at a time", function()
  local path = check.folder() .. "/lock"
  local lock = check.ok(fs.lock(path))
  local other, _, code = fs.lock(path)
  check.eq(other, nil)
  check.eq(code, "EAGAIN")
  lock:close()
  check.ok(fs.lock(path)):close()
end)

check.test("escape, control, bidirectional and zero-width characters are shown as what they are", function()
  local cases = {
    { "plain é 中", "plain é 中" },
    { "\27[31mred", "\\x1b[31mred" },
    { "a\nb\tc\rd", "a\\nb\\tc\\rd" },
    { "\u{202e}x\u{200b}y\u{feff}", "\\u{202e}x\\u{200b}y\\u{feff}" },
    { "\u{9b}31m\u{7f}", "\\u{9b}31m\\x7f" },
    { "bad \xff\xc0\x80 byte", "bad \\xff\\xc0\\x80 byte" },
    { "\xed\xa0\x80", "\\xed\\xa0\\x80" },
    { "\0", "\\x00" },
  }
  for _, c in ipairs(cases) do check.eq(fs.printable(c[1]), c[2]) end
  check.eq(fs.printable("a\nb\27", true), "a\nb\\x1b")
end)

check.done()
