--- the report as a page: what it holds, what it lets in, and what it keeps out.
local check = require "check"
local document = require "report.document"
local element = require "report.html.element"
local health = require "report.health"
local hostile = require "hostile"
local json = require "json"
local page = require "report.html.page"
local svg = require "report.html.svg"
local text = require "report.html.text"

local figures = dofile "tests/hostile_figures.lua"   -- of a run in which every word is one

local function rendered(w)
  local f = figures(w)
  return page.render(document.report(f, health.examine(f)))
end

local function block_of(html)
  return html:match '<script id="data" type="application/json">(.-)</script>'
end

check.test("no text of the data is markup, whatever it says", function()
  local plain = rendered "plain"
  local function tags(html)
    local count = {}
    html = html:gsub("<style>.-</style>", ""):gsub("(<script[^>]*>).-</script>", "%1")
    for tag in html:gmatch "<(/?%a[%w]*)" do count[tag] = (count[tag] or 0) + 1 end
    return count
  end
  local wanted = tags(plain)
  for _, w in ipairs(hostile) do
    local html = rendered(w)
    if w ~= "" then check.eq(tags(html), wanted, w) end
  end
end)

check.test("the data block cannot end, open a comment, or hold what JSON in a script may not", function()
  for _, w in ipairs(hostile) do
    local block = page.data_block { strings = { w:gsub("[\128-\255]", "") } }
    check.eq(block:find "[<>&]", nil, w)
  end
  local block = page.data_block { strings = { "a\u{2028}b\u{2029}c" } }
  check.eq(block, '{"strings":["a\\u2028b\\u2029c"]}')
  local html = rendered(table.concat(hostile, " "))
  check.ok(json.decode(block_of(html)))
end)

check.test("what the page shows is the text itself, with controls spelt out", function()
  local html = rendered "<b>&amp; \u{202E}\27[1m"
  local strings = check.ok(json.decode(block_of(html))).strings
  check.eq(strings[1], "<b>&amp; \\u{202e}\\x1b[1m")
end)

-- The bytes of a hash as the policy names it, by programs that know nothing of ours.
local function outside_hash(body)
  local path = check.folder() .. "/body"
  check.write(path, body)
  local hex = io.popen("sha256sum < " .. check.quote(path)):read "l":match "%x+"
  return hex
end

check.test("the policy allows nothing but the one style and the one script that the page holds", function()
  local html = rendered "x"
  local policy = html:match 'Content%-Security%-Policy'  and html:match '<meta content="(default%-src[^"]*)"'
  policy = check.ok(policy):gsub("&#39;", "'")
  local script, style = policy:match "script%-src 'sha256%-([^']+)'", policy:match "style%-src 'sha256%-([^']+)'"
  check.eq(policy, ("default-src 'none'; script-src 'sha256-%s'; style-src 'sha256-%s'; base-uri 'none'; form-action 'none'")
    :format(script, style))
  local function hex_of(base64)
    return (io.popen("printf %s " .. check.quote(base64) .. " | base64 -d | od -An -v -tx1"):read "a":gsub("%s", ""))
  end
  check.eq(hex_of(script), outside_hash(html:match "<script>(.-)</script>"))
  check.eq(hex_of(style), outside_hash(html:match "<style>(.-)</style>"))
end)

check.test("the page names no other place and has no style or handler in its tags", function()
  local html = rendered(table.concat(hostile, " "))
  local markup = html:gsub("<style>.-</style>", ""):gsub("<script.->.-</script>", "")
  check.eq(markup:find("://", 1, true), nil)
  for attribute in markup:gmatch "%s([%w-]+)=\"" do
    check.ok(not attribute:find "^on" and attribute ~= "style" and attribute ~= "src", attribute)
  end
  for target in markup:gmatch 'href="([^"]*)"' do check.eq(target:sub(1, 1), "#") end
  local style = html:match "<style>(.-)</style>"
  check.eq(style:find "url%(" or style:find "@import", nil)
end)

check.test("elements escape their text and attributes", function()
  local out = {}
  element.write(element.new("p", { title = '"<&>\'', hidden = true, lang = false }, "a < b & c", { element.new("br"), "d" }),
    function(s) out[#out + 1] = s end)
  check.eq(table.concat(out), '<p hidden title="&quot;&lt;&amp;&gt;&#39;">a &lt; b &amp; c<br>d</p>')
end)

check.test("harmless words stand in the page as they are; others wait in the block, each once", function()
  local t = text.new()
  check.eq(t:show("near_dedup: near_duplicate 12.5%").children[1], "near_dedup: near_duplicate 12.5%")
  check.eq(t:show("a < b").attributes["data-t"], 0)
  check.eq(t:show("c > d").attributes["data-t"], 1)
  check.eq(t:show("a < b").attributes["data-t"], 0)
  check.eq(t.strings, { "a < b", "c > d" })
  check.eq(t:show("ééé", { most = 3 }).attributes["data-t"], 2)
  check.eq(t.strings[3], "é …")             -- cut between characters
end)

check.test("a bar's parts stand behind one another, a histogram's bars under each other's numbers", function()
  local bar = svg.bar({ { "now", 0.25 }, { "gone", 0.5 } }, "x")
  local first, second = bar.children[1].attributes, bar.children[2].attributes
  check.eq({ first.x, first.width, second.x, second.width }, { 0, 25.0, 25.0, 50.0 })
  local h = svg.histogram({ "1", "2" }, { 1, 2 }, { 4, 2 }, "x")
  local heights = {}
  for _, r in ipairs(h.children) do
    if r.attributes.class ~= "hit" then heights[#heights + 1] = r.attributes.class .. r.attributes.height // 1 end
  end
  check.eq(heights, { "was200.0", "now50.0", "was100.0", "now100.0" })
end)

check.done()
