--- browser: a headless Chromium for tests, driven over DevTools. The protocol runs through two named
-- pipes (--remote-debugging-pipe: JSON messages, a NUL behind each), so that Lua needs nothing but files.
--   local b = browser.open(folder)
--   b:visit("/path/page.html", 375, 800)
--   b:eval "document.title"
--   b.messages, b.requests        -- what the console said, what was asked of the network
--   b:close()
local json = require "json"

local browser = {}
browser.__index = browser

local NAMES = { "chromium-headless-shell", "chromium", "chromium-browser", "google-chrome" }
local SECONDS = 100   -- after that the browser is ended from outside, and every wait with it

--- The program's name; nil where none is installed.
function browser.find()
  for _, name in ipairs(NAMES) do
    local p = io.popen("command -v " .. name)
    local path = p:read "l"
    p:close()
    if path then return path end
  end
end

local FLAGS = table.concat({ "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
  "--no-first-run", "--disable-extensions", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--hide-scrollbars", "--remote-debugging-pipe" }, " ")

local function quoted(path) return "'" .. path:gsub("'", "'\\''") .. "'" end

--- Starts a browser whose profile and pipes lie in `folder`.
function browser.open(folder)
  local self = setmetatable({ folder = folder, id = 0, messages = {}, requests = {}, waiting = {} }, browser)
  local to, from = folder .. "/to", folder .. "/from"
  assert(os.execute(("mkfifo %s %s"):format(quoted(to), quoted(from))))
  local command = "timeout -k 5 %d %s %s --user-data-dir=%s 3<%s 4>%s >%s 2>&1 &"
  assert(os.execute(command:format(SECONDS, quoted(browser.find()), FLAGS, quoted(folder .. "/profile"), quoted(to),
    quoted(from), quoted(folder .. "/log"))))
  self.to, self.from = assert(io.open(to, "wb")), assert(io.open(from, "rb"))
  self.to:setvbuf "no"
  local target = self:call("Target.createTarget", { url = "about:blank" }).targetId
  self.session = self:call("Target.attachToTarget", { targetId = target, flatten = true }).sessionId
  for _, domain in ipairs { "Page", "Runtime", "Log", "Network" } do self:call(domain .. ".enable") end
  return self
end

-- One message; the pipe is read byte by byte, since a read of more waits for all of it.
local function receive(self)
  local bytes = {}
  while true do
    local c = self.from:read(1)
    if not c then error("the browser ended: " .. (io.open(self.folder .. "/log"):read "a"):sub(-500), 0) end
    if c == "\0" then break end
    bytes[#bytes + 1] = c
  end
  return assert(json.decode(table.concat(bytes)))
end

-- What the page says and asks for.
local function note(self, m)
  local p = m.params
  if m.method == "Runtime.exceptionThrown" then
    local d = p.exceptionDetails
    table.insert(self.messages, (d.exception and d.exception.description) or d.text)
  elseif m.method == "Runtime.consoleAPICalled" then
    table.insert(self.messages, p.type .. ": " .. tostring(p.args[1] and p.args[1].value))
  elseif m.method == "Log.entryAdded" then table.insert(self.messages, p.entry.text)
  elseif m.method == "Network.requestWillBeSent" then table.insert(self.requests, p.request.url)
  end
end

--- Calls a method of the protocol and waits for its answer.
function browser:call(method, params)
  self.id = self.id + 1
  local request = { id = self.id, method = method, params = params, sessionId = self.session }
  self.to:write(json.encode(request), "\0")
  while true do
    local m = receive(self)
    if m.id == self.id then
      if m.error then error(method .. ": " .. m.error.message, 2) end
      return m.result
    end
    self.seen = m.method or self.seen
    if m.method == self.wanted then self.arrived = true end
    note(self, m)
  end
end

--- Shows a file at a width and height; returns when it has loaded. Forgets what the last page did.
-- @param options  scripts = false for a reader who allows none, dark = true
function browser:visit(path, width, height, options)
  options = options or {}
  self.messages, self.requests, self.arrived, self.wanted = {}, {}, false, "Page.loadEventFired"
  self:call("Emulation.setDeviceMetricsOverride", { width = width, height = height, deviceScaleFactor = 1,
    mobile = false })
  self:call("Emulation.setScriptExecutionDisabled", { value = options.scripts == false })
  self:call("Emulation.setEmulatedMedia", { media = options.media or "", features = {
    { name = "prefers-color-scheme", value = options.dark and "dark" or "light" } } })
  self:call("Page.navigate", { url = "file://" .. path })
  while not self.arrived do
    local m = receive(self)
    note(self, m)
    self.arrived = m.method == self.wanted
  end
end

--- The value of an expression in the page.
function browser:eval(expression)
  local r = self:call("Runtime.evaluate", { expression = expression, returnByValue = true, awaitPromise = true })
  if r.exceptionDetails then error((r.exceptionDetails.exception or {}).description or r.exceptionDetails.text, 2) end
  return r.result.value
end

--- A picture of the whole page, as PNG in base64.
function browser:screenshot()
  local size = self:call "Page.getLayoutMetrics".cssContentSize
  local shot = self:call("Page.captureScreenshot", { format = "png", captureBeyondViewport = true,
    clip = { x = 0, y = 0, width = size.width, height = size.height, scale = 1 } })
  return shot.data
end

function browser:close()
  self.session = nil
  pcall(self.call, self, "Browser.close")
  self.to:close()
  self.from:close()
end

browser.__close = browser.close

return browser
