--- registry: dataset versions, and the training runs that used them.

local fs = require "fs"
local json = require "json"
local options = require "cli.options"
local registry = require "registry.registry"
local run = require "report.run"
local screen = require "report.screen"

local command = {
  summary = "dataset versions and the training runs that used them",
  usage = "tamis registry add FILE|RUN | list | show NAME[@VERSION] | history NAME | "
    .. "link NAME[@VERSION] --training-run ID | verify [NAME]",
  options = {
    { "add FILE|RUN", "register a file or a run folder; the same bytes twice are one version" },
    { "list", "the newest version of every dataset" },
    { "show NAME[@VERSION]", "all that is known of one version, and what was trained on it" },
    { "history NAME", "the versions of a dataset, oldest first" },
    { "link NAME[@VERSION]", "record the training run that used it (--training-run ID)" },
    { "verify [NAME[@VERSION]]", "recompute fingerprints; exit 1 if one differs" },
    { "--name NAME", "add: the dataset's name (default: the run's, or the file's)" },
    { "--version V", "add: the version (default: v1, v2, …)" },
    { "--notes TEXT", "add, link: a note" },
    { "--training-run ID", "link: the training run's name" },
    { "--model M", "link: the model that was trained" },
    { "--param K=V", "link: a hyperparameter; may be repeated", "pair" },
    { "--registry PATH", "the registry's file (default .tamis/registry.db; its mirror is registry.json)" },
    { "--json", "JSON to stdout" },
  },
  examples = {
    "tamis registry add curated/helpdesk_v1/latest --notes 'first that beat the baseline'",
    "tamis registry link helpdesk_v1@v2 --training-run ft-118 --model llama-3-8b --param lr=2e-5",
    "tamis registry verify",
  },
}

-- A number where that prints as it was typed; 2e-5 stays a text.
local function as_typed(text)
  local n = math.tointeger(tonumber(text)) or tonumber(text)
  return n and tostring(n) == text and n or text
end

local function parse(args)
  local o, places = options.read(args, command.options)
  if not o then return nil, places end
  o.places, o.params = places, {}
  for _, pair in ipairs(o.param or {}) do o.params[pair[1]] = as_typed(pair[2]) end
  return o
end

local act = {}

local function label(d) return screen.clean(d.name .. "@" .. d.version) end

local function line(d)
  return ("%s  %s  %s rows  %s  %s"):format(screen.pad(label(d), 28), d.fingerprint:sub(1, 12), screen.number(d.rows),
    d.created_at:sub(1, 10), screen.clean(d.path))
end

local function plain(d)
  local copy = {}
  for k, v in pairs(d) do if k ~= "id" and k ~= "dataset" then copy[k] = v end end
  return copy
end

-- The run folder behind a link such as `latest`, so that the record keeps meaning that run.
local function settled(path)
  local target = fs.readlink(path)
  if not target then return path end
  if target:sub(1, 1) == "/" then return target end
  return (path:match("^(.*)/[^/]*$") or ".") .. "/" .. target
end

local function rows_of(path)
  local ok, view = pcall(function()
    return (require("corpus").load { sources = { { path = path, format = "auto" } },
      formats = require("formats.all") })
  end)
  return ok and view and #view or nil
end

function act.add(o, out)
  local path = o.places[2]
  if not path or #o.places > 2 then return 2, "which file or run? usage: tamis registry add FILE|RUN" end
  local st, missing = fs.stat(path)
  if not st then return 1, missing end
  if st.type == "folder" then
    local dir, err = run.find(path)
    if not dir then return 1, err end
    path = settled(dir)
  end
  local d, name = registry.describe(path)
  if not d then return 1, name end
  d.name, d.version, d.notes = o.name or name, o.version, o.notes
  if not d.name or d.name == "" or d.name:find "[@%c]" then
    return 2, "a dataset needs a name without @: give --name"
  end
  if d.version and d.version:find "[@%c]" then return 2, "a version has no @ in it" end
  d.rows = d.rows or rows_of(path)
  local r, err = registry.open(o.registry, true)
  if not r then return 1, err end
  local added, new = r:add(d)
  local mirror = r.mirror
  r:close()
  if not added then return 1, new end
  if o.json then out(screen.json(json.encode(plain(added)))) return 0 end
  out(new and ("registered %s, fingerprint %s; %s holds the same in text"):format(label(added),
    added.fingerprint:sub(1, 12), mirror)
    or ("%s has these bytes already"):format(label(added)))
  return 0
end

function act.list(o, out)
  if #o.places > 1 then return 2, "list takes no name: tamis registry history NAME" end
  local r, err = registry.open(o.registry)
  if not r then return 1, err end
  local newest, order = {}, {}
  for _, d in ipairs(r:datasets()) do
    if not newest[d.name] then order[#order + 1] = d.name end
    newest[d.name] = d
  end
  r:close()
  for _, name in ipairs(order) do
    out(o.json and screen.json(json.encode(plain(newest[name]))) or line(newest[name]))
  end
  return 0
end

function act.history(o, out)
  local name = o.places[2]
  if not name or #o.places > 2 then return 2, "which dataset? usage: tamis registry history NAME" end
  local r, err = registry.open(o.registry)
  if not r then return 1, err end
  local found, none = r:find(name)
  if not found then return 1, none end
  for _, d in ipairs(r:datasets(found.name)) do
    if o.json then out(screen.json(json.encode(plain(d))))
    else
      out(line(d))
      if d.notes then out("  " .. screen.clean(d.notes)) end
      for _, t in ipairs(r:training_runs(d.id)) do
        out("  trained: " .. screen.clean(t.training_run .. (t.model and " (" .. t.model .. ")" or "")))
      end
    end
  end
  r:close()
  return 0
end

function act.show(o, out)
  local name = o.places[2]
  if not name or #o.places > 2 then return 2, "which dataset? usage: tamis registry show NAME[@VERSION]" end
  local r, err = registry.open(o.registry)
  if not r then return 1, err end
  local d, none = r:find(name, o.version)
  if not d then return 1, none end
  local runs = r:training_runs(d.id)
  r:close()
  if o.json then
    local copy = plain(d)
    copy.training_runs = {}
    for i, t in ipairs(runs) do copy.training_runs[i] = plain(t) end
    out(screen.json(json.encode(copy)))
    return 0
  end
  out(label(d))
  local function say(key, value) if value ~= nil then out(("  %-12s %s"):format(key, screen.clean(value))) end end
  say("fingerprint", d.fingerprint)
  say(d.kind == "run" and "folder" or "file", d.path)
  say("rows", d.rows and screen.number(d.rows))
  say("size", d.bytes and screen.bytes(d.bytes))
  say("registered", d.created_at)
  say("run", d.run_id)
  for _, s in ipairs((d.lineage or {}).sources or {}) do
    say("source", ("%s  %s  %s rows"):format(s.path, (s.sha256 or ""):sub(1, 12), screen.number(s.rows)))
  end
  for _, f in ipairs((d.lineage or {}).recipe or {}) do
    say("recipe", ("%s  %s"):format(f.path or "?", (f.sha256 or ""):sub(1, 12)))
  end
  say("notes", d.notes)
  for _, t in ipairs(runs) do
    local params = {}
    for k, v in pairs(t.params) do params[#params + 1] = k .. "=" .. tostring(v) end
    table.sort(params)
    say("trained", table.concat({ t.training_run, t.model or "", table.concat(params, " "), t.notes or "",
      t.created_at:sub(1, 10) }, "  "))
  end
  return 0
end

function act.link(o, out)
  local name = o.places[2]
  if not name or #o.places > 2 then
    return 2, "which dataset? usage: tamis registry link NAME[@VERSION] --training-run ID"
  end
  if not o.training_run then return 2, "link needs --training-run ID" end
  local r, err = registry.open(o.registry)
  if not r then return 1, err end
  local d, none = r:find(name, o.version)
  if not d then return 1, none end
  local ok, failure = r:link(d, { training_run = o.training_run, model = o.model, params = o.params,
    notes = o.notes })
  r:close()
  if not ok then return 1, failure end
  out(("training run %s used %s"):format(screen.clean(o.training_run), label(d)))
  return 0
end

function act.verify(o, out)
  if #o.places > 2 then return 2, "usage: tamis registry verify [NAME[@VERSION]]" end
  local r, err = registry.open(o.registry)
  if not r then return 1, err end
  local list, none
  if o.places[2] and o.places[2]:find("@", 1, true) then
    local d
    d, none = r:find(o.places[2])
    list = d and { d }
  elseif o.places[2] then
    local d
    d, none = r:find(o.places[2])
    list = d and r:datasets(d.name)
  else
    list = r:datasets()
  end
  r:close()
  if not list then return 1, none end
  local bad = 0
  for _, d in ipairs(list) do
    local ok, what = registry.verify(d)
    if not ok then bad = bad + 1 end
    if o.json then out(screen.json(json.encode { name = d.name, version = d.version, ok = ok, message = what or nil }))
    else
      out(("%s  %s%s"):format(screen.pad(label(d), 28), ok and "ok" or "DIFFERS  ", ok and "" or screen.clean(what)))
    end
  end
  if bad > 0 then return 1, ("%d of %d datasets differ from what was registered"):format(bad, #list) end
  return 0
end

function command.run(args, env)
  local out = env and env.out or function(text) io.stdout:write(text, "\n") end
  local o, message = parse(args)
  local status = 2
  if o then
    local action = act[o.places[1] or ""]
    if action then status, message = action(o, out)
    elseif o.places[1] then message = ("unknown registry command %s; usage: %s"):format(o.places[1], command.usage)
    else message = "usage: " .. command.usage end
  end
  if message then io.stderr:write("tamis: ", screen.clean(message), "\n") end
  return status
end

return command
