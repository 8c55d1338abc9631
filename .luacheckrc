-- What `make lint` asks of Lua: no undefined globals, nothing unused, lines that fit.
std = "lua54"
max_line_length = 120
files["tests"] = { max_line_length = false }            -- rows of data stand on one line
files["examples/helpdesk/make"] = { max_line_length = false }   -- so do the tickets' texts
