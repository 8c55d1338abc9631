--- sections: the blocks of a document as HTML elements. A heading opens a section; the first lines,
-- the notices and the headline stand above them.

local bins = require "report.bins"
local element = require "report.html.element"
local json = require "json"
local pairwise = require "diff.html"
local screen = require "report.screen"
local svg = require "report.html.svg"
local tables = require "report.html.tables"

local sections = {}

local new, number, percent = element.new, screen.number, screen.percent

local draw = {}

function draw.text(b, at) return at.texts:show(b.text, { tag = "p", class = "soft" }) end

function draw.notice(b, at)
  return new("p", { class = b.level == "bad" and "notice bad" or "notice" }, at.texts:show(b.text))
end

function draw.headline(b, at)
  local cards, why = {}, {}
  for i, c in ipairs(b.cards) do
    cards[i] = new("div", { class = "card" }, new("div", { class = "label" }, c.label),
      new("div", { class = "value" }, c.value), c.note and at.texts:show(c.note, { tag = "div", class = "note" }))
  end
  for i, r in ipairs(b.why) do
    why[i] = new("li", nil, at.texts:show(r.label), new("span", nil, number(r.count)))
  end
  return new("div", { class = "cards" }, cards,
    #why > 0 and new("div", { class = "card wide" }, new("div", { class = "label" }, "Why not the rest"),
      new("ul", { class = "why" }, why)))
end

draw["table"] = function(b, at) return tables.table(b, at) end

function draw.checks(b, at)
  local rows, missing = {}, {}
  for _, c in ipairs(b.rows) do
    if c.level == "none" then missing[#missing + 1] = c.title
    else
      rows[#rows + 1] = new("tr", nil, new("td", nil, new("span", { class = "level " .. c.level }, c.level)),
        new("td", nil, c.title),
        new("td", { class = "flex" }, at.texts:show(c.text, { tag = "div" }),
          c.advice and at.texts:show(c.advice, { tag = "div", class = "remedy" })))
    end
  end
  return { tables.frame({ { "verdict" }, { "check" }, { "found, and what to do" } }, rows),
           #missing > 0 and new("p", { class = "soft" }, "not in this data: " .. table.concat(missing, ", ")) }
end

local function example(e, at)
  return new("div", { class = "row" },
    new("div", { class = "where" }, at.texts:show(e.place), e.why and { " · ", at.texts:show(e.why) }),
    e.text and e.text ~= "" and at.texts:show(e.text, { tag = "div", class = "text", lines = true, most = 1200 }))
end

local function examples(list, at)
  local out = {}
  for i, e in ipairs(list or {}) do out[i] = example(e, at) end
  return new("div", { class = "inside" }, out)
end

function draw.reasons(b, at)
  local list = {}
  for i, r in ipairs(b.rows) do
    list[i] = new("details", nil,
      new("summary", nil, new("span", { class = "count" }, number(r.count)),
        new("span", { class = "share" }, percent(r.share)), at.texts:show(r.label)),
      examples(r.examples or (r.place and { { place = r.place, why = r.detail, text = r.example } }), at))
  end
  return new("div", { class = "unfold" }, list)
end

-- ---- charts ----

local function key(words)
  local out = {}
  for i, w in ipairs(words) do
    out[i] = new("span", nil, new("span", { class = "swatch " .. w[1] }), w[2])
  end
  return new("div", { class = "key" }, out)
end

local BEFORE_AFTER = { { "now", "kept" }, { "was", "read, not kept" } }

local function histogram(b, at)
  local labels = {}
  for i, bin in ipairs(bins(b)) do labels[i] = bin.label end
  return new("figure", nil, new("figcaption", nil, at.texts:show(b.text)),
    svg.histogram(labels, b.counts, b.before, "histogram"),
    new("div", { class = "axis" }, new("span", nil, number(b.edges[1], 2)),
      new("span", nil, number(b.edges[#b.edges // 2 + 1], 2)), new("span", nil, number(b.edges[#b.edges], 2))),
    b.note and new("p", { class = "soft" }, b.note))
end

function draw.histogram(b, at) return histogram(b, at) end

function draw.charts(b, at)
  local list, paired = {}, false
  for i, h in ipairs(b.charts) do list[i], paired = histogram(h, at), paired or h.before ~= nil end
  return { paired and key(BEFORE_AFTER), new("div", { class = b.small and "charts small" or "charts two" }, list) }
end

--- Groups: how many before and after, with a bar for the largest.
function draw.bars(b, at)
  local top, paired, rows = 1, false, {}
  for _, r in ipairs(b.rows) do
    paired = paired or r.before ~= nil
    if not r.faint then top = math.max(top, r.before or r.count) end
  end
  for i, r in ipairs(b.rows) do
    local parts = { { "now", r.count / top }, { "was", ((r.before or r.count) - r.count) / top } }
    rows[i] = new("tr", { class = r.faint and "faint" },
      new("td", { class = "flex" }, at.texts:show(r.label)),
      paired and new("td", { class = "right" }, number(r.before or 0)),
      new("td", { class = "right" }, number(r.count)), new("td", { class = "right" }, percent(r.share)),
      new("td", { class = "bars" }, not r.faint and svg.bar(parts, number(r.count) .. " rows")))
  end
  local columns = { { b.label or "group", flex = true }, { b.unit or "rows", "right" }, { "share", "right" }, { "" } }
  if paired then
    columns[2] = { "kept", "right" }
    table.insert(columns, 2, { "read", "right" })
  end
  return { paired and key(BEFORE_AFTER), tables.frame(columns, rows) }
end

-- ---- thresholds ----

-- A threshold with the digits it needs.
local function value(v) return math.type(v) == "integer" and number(v) or (number(v, 4):gsub("%.?0+$", "")) end

function draw.bounds(b, at)
  local boxes = {}
  for i, r in ipairs(b.rows) do
    at.data.bounds[#at.data.bounds + 1] = { name = screen.clean(r.name), values = json.array(r.values),
      kept = json.array(r.kept), go = json.array(r.go), back = json.array(r.back), at = r.at - 1, read = r.read }
    local top = 0
    for _, k in ipairs(r.kept) do top = math.max(top, k) end
    boxes[i] = new("div", { class = "bound", ["data-bound"] = #at.data.bounds - 1 },
      new("h3", nil, at.texts:show(r.name), " = " .. value(r.values[r.at])),
      svg.curve(r.kept, top, r.at, "rows kept by value"),
      new("div", { class = "axis" }, new("span", nil, value(r.values[1])),
        new("span", nil, value(r.values[#r.values]))),
      new("input", { type = "range", class = "script", min = 0, max = #r.values - 1, value = r.at - 1, step = 1,
                     ["aria-label"] = "value" }),
      new("div", { class = "says", ["aria-live"] = "polite" }, "keeps " .. number(r.kept[r.at]) .. " rows"))
  end
  return new("div", { class = "charts two" }, boxes)
end

-- ---- copies ----

function draw.clusters(b, at)
  local list = {}
  for i, c in ipairs(b.rows) do
    list[i] = new("details", nil,
      new("summary", nil, new("span", { class = "count" }, number(c.size) .. " rows"),
        at.texts:show((c.text or c.place):gsub("%s+", " "), { most = 160 })),
      examples({ { place = c.place, why = "kept", text = c.text } }, at), examples(c.members, at),
      c.more and c.more > 0 and new("p", { class = "soft inside" }, "and " .. screen.count(c.more, "more row")))
  end
  return new("div", { class = "unfold" }, list)
end

function draw.code(b, at)
  return new("details", nil, new("summary", nil, at.texts:show(b.text)),
    at.texts:show(b.code, { tag = "pre", lines = true }))
end

function draw.next(b, at) return at.texts:show(b.text, { tag = "p", class = "soft code" }) end

draw.drift, draw.edit = pairwise.drift, pairwise.edit

-- ---- the whole ----

local function slug(title, used)
  local base = title:lower():gsub("[^a-z0-9]+", "-"):gsub("^%-", ""):gsub("%-$", ""):match "^[^:]*" or ""
  local id, n = base, 1
  while used[id] or id == "" do n = n + 1; id = base .. "-" .. n end
  used[id] = true
  return id
end

--- @param blocks  a document
-- @param texts   the page's text (report/html/text.lua)
-- @return  the body's element, the data of the script, the title
function sections.draw(blocks, texts)
  local at = { texts = texts, data = { bounds = json.array {} } }
  local lead, top, list, links, used, title = {}, {}, {}, {}, {}, "report"
  local into = lead
  for _, b in ipairs(blocks) do
    if b.kind == "title" then
      title = b.text
      lead[#lead + 1] = texts:show(b.text, { tag = "h1" })
    elseif b.kind == "heading" then
      local id = slug(b.name or b.text, used)
      into = { texts:show(b.text, { tag = "h2" }) }
      list[#list + 1] = { id = id, into = into }
      links[#links + 1] = new("a", { href = "#" .. id }, texts:show(b.name or b.text))
    else
      local where = into
      if into == lead and b.kind ~= "text" then where = top end
      if draw[b.kind] then where[#where + 1] = draw[b.kind](b, at) end
    end
  end
  for i, s in ipairs(list) do list[i] = new("section", { id = s.id }, s.into) end
  at.data.title = screen.clean(title) .. " · Tamis"
  local note = new("noscript", nil, new("p", { class = "notice" },
    "Scripts are off: figures and charts are here, texts of rows and the sliders are not."))
  return new("div", { class = "page" }, new("header", nil, lead), note, top,
    new("nav", { ["aria-label"] = "sections" }, links), new("main", nil, list)), at.data
end

return sections
