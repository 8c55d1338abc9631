--- main: finds the command and runs it.
return function(args)
  local ok, command = pcall(require, "cli." .. tostring(args[1] or "help"))
  if not ok then io.stderr:write("tamis: unknown command\n") return 2 end
  return command.run(table.pack(table.unpack(args, 2)), {}) or 0
end
