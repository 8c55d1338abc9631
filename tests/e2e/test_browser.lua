--- the page in a real browser, headless Chromium: what a reader sees, moves and filters, at the width of a
-- phone and of a desk, with scripts and without; nothing is fetched, nothing of the data runs.
local browser = require "browser"
local check = require "check"
local document = require "report.document"
local health = require "report.health"
local hostile = require "hostile"
local json = require "json"
local page = require "report.html.page"
local run_figures = dofile "tests/hostile_figures.lua"

if not browser.find() then
  print "skip: the browser's part of the report's tests: no Chromium here (apt-get install chromium-headless-shell)"
  print "0 passed, 0 failed, 1 skipped"
  return
end

local here = check.folder()
local status, _, err = check.run(("cd examples/helpdesk && %s run recipe.lua --quiet --run-id r --out %s"):format(
  check.tamis, check.quote(here)))
check.test("the example's run leaves a page", function() check.eq(status, 0, err) end)
local PAGE = here .. "/helpdesk_v1/r/report.html"

local b <close> = browser.open(here)

local function quiet(what)
  check.eq(b.messages, {}, what)
  check.eq(#b.requests, 1, what)   -- the file itself
end

check.test("nothing is asked of the network and the console stays empty", function()
  b:visit(PAGE, 1280, 900)
  quiet()
  check.contains(b:eval "document.title", "helpdesk_v1")
end)

check.test("no word stands past the edge at the widths of a phone and of a desk", function()
  for _, width in ipairs { 375, 1280 } do
    for _, dark in ipairs { false, true } do
      b:visit(PAGE, width, 800, { dark = dark })
      b:eval "document.querySelectorAll('details').forEach(d => { d.open = true; }); 0"
      check.eq(b:eval "document.documentElement.scrollWidth", width)
      local out = b:eval [[Array.from(document.querySelectorAll('body *')).filter(e => !e.closest('.scroll') &&
        !e.closest('svg') && e.getClientRects().length && e.getBoundingClientRect().right > innerWidth + 0.5)
        .map(e => e.tagName + '.' + e.className).slice(0, 5).join(' ')]]
      check.eq(out, "", "at " .. width)
    end
  end
end)

check.test("a slider moves the numbers to those that its data holds", function()
  b:visit(PAGE, 1280, 900)
  local n = b:eval "document.querySelectorAll('.bound').length"
  check.ok(n >= 5, n)
  for i = 0, n - 1 do
    local bound = json.decode(b:eval(("JSON.stringify(JSON.parse(document.getElementById('data').textContent).bounds[%d])"):format(i)))
    local before = b:eval(("document.querySelectorAll('.bound .says')[%d].textContent"):format(i))
    local at = bound.at + 1 == 1 and #bound.values - 1 or 0
    b:eval(([[(() => { const x = document.querySelectorAll('.bound input')[%d]; x.value = %d;
      x.dispatchEvent(new Event('input')); })()]]):format(i, at))
    local says = b:eval(("document.querySelectorAll('.bound .says')[%d].textContent"):format(i))
    local function words(v) return b:eval(("(%d).toLocaleString('en-US')"):format(v)) end
    check.ok(says ~= before, says)
    check.contains(before, words(bound.kept[bound.at + 1]))
    check.contains(says, words(bound.kept[at + 1]))
    check.contains(says, words(bound.go[at + 1]) .. " go")
    check.contains(says, words(bound.back[at + 1]) .. " come back")
  end
  quiet()
end)

check.test("a filter filters and a heading sorts, numbers as numbers", function()
  local stages = "document.querySelector('#stages')"
  local rows = b:eval(stages .. ".querySelectorAll('tbody tr').length")
  b:eval(([[(() => { const f = %s.querySelector('.filter'); f.value = 'DEDUP'; f.dispatchEvent(new Event('input')); })()]])
    :format(stages))
  check.eq(b:eval(stages .. ".querySelectorAll('tbody tr:not([hidden])').length"), 2)   -- exact_dedup, near_dedup
  b:eval(([[(() => { const f = %s.querySelector('.filter'); f.value = ''; f.dispatchEvent(new Event('input')); })()]])
    :format(stages))
  check.eq(b:eval(stages .. ".querySelectorAll('tbody tr:not([hidden])').length"), rows)
  local function column(k)
    return json.decode(b:eval(("JSON.stringify(Array.from(%s.querySelectorAll('tbody tr')).map(r => r.cells[%d].textContent))")
      :format(stages, k)))
  end
  local function click(k) b:eval(("%s.querySelectorAll('th button')[%d].click()"):format(stages, k)) end
  click(2)
  local function numbers(list)
    local t = {}
    for i, text in ipairs(list) do t[i] = tonumber((text:gsub(",", ""))) end
    return t
  end
  local function ordered(list, falling)
    for i = 2, #list do
      if falling and list[i] > list[i - 1] or not falling and list[i] < list[i - 1] then return false end
    end
    return true
  end
  check.ok(ordered(numbers(column(2)), true), table.concat(column(2), " "))
  click(2)
  check.ok(ordered(numbers(column(2)), false), table.concat(column(2), " "))
  click(0)
  check.ok(ordered(column(0), false), table.concat(column(0), " "))
  quiet()
end)

check.test("with scripts off the charts, tables and figures are there", function()
  b:visit(PAGE, 900, 800, { scripts = false })
  local tree = b:call("DOM.getDocument", { depth = 0 }).root.nodeId
  local function count(selector) return #b:call("DOM.querySelectorAll", { nodeId = tree, selector = selector }).nodeIds end
  check.ok(count "svg.histogram rect.now" > 20)
  check.ok(count "svg.bar rect" > 20)
  local body = b:call("DOM.querySelector", { nodeId = tree, selector = "main" }).nodeId
  local text = b:call("DOM.getOuterHTML", { nodeId = body }).outerHTML
  check.contains(text, "near_dedup: near_duplicate")
  check.contains(text, "1,297")
end)

check.test("texts that try to be markup are shown as they are, and nothing of them runs", function()
  for _, w in ipairs(hostile) do
    local f = run_figures(w)
    check.write(here .. "/hostile.html", page.render(document.report(f, health.examine(f))))
    b:visit(here .. "/hostile.html", 375, 800)
    b:eval "document.querySelectorAll('details').forEach(d => { d.open = true; }); 0"
    quiet(w)
    check.eq(b:eval "typeof window.pwned", "undefined", w)
    check.eq(b:eval "document.querySelectorAll('img, iframe, link, base, object, embed, form, animate, math').length", 0, w)
    check.eq(b:eval "document.querySelectorAll('script').length", 2, w)
    check.eq(b:eval "document.documentElement.scrollWidth", 375, w)
  end
end)

check.test("on paper every fold is open and nothing is hidden behind a control", function()
  b:visit(PAGE, 1280, 900)
  b:eval "window.dispatchEvent(new Event('beforeprint')); 0"
  check.eq(b:eval "document.querySelectorAll('details:not([open])').length", 0)
  local pdf = b:call("Page.printToPDF", {}).data
  check.ok(#pdf > 20000, #pdf)
end)

check.done()
