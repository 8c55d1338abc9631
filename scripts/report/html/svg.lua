--- svg: the page's charts. They hold shapes and numbers only, stretch to the width that they are
-- given, and show with scripts off; their words stand beside them as HTML.

local element = require "report.html.element"
local screen = require "report.screen"

local svg = {}

local new, number = element.new, screen.number

local function canvas(class, width, height, label, ...)
  return new("svg", { class = class, viewBox = ("0 0 %d %d"):format(width, height), preserveAspectRatio = "none",
                      role = "img", ["aria-label"] = label }, ...)
end

local function rect(class, x, y, width, height, title)
  return new("rect", { class = class, x = x, y = y, width = math.max(0, width), height = math.max(0, height) },
             title and new("title", nil, title))
end

--- A bar of parts side by side: { class, share } each, shares of the whole bar.
function svg.bar(parts, label)
  local x, rects = 0, {}
  for i, p in ipairs(parts) do
    local width = 100 * math.max(0, math.min(1, p[2]))
    if p[2] > 0 then width = math.max(width, 0.4) end
    rects[i] = rect(p[1], x, 0, width, 10)
    x = x + width
  end
  return canvas("bar", 100, 10, label, rects)
end

--- Bars of a histogram; those of `before` stand behind those of `counts`.
-- @param labels  what each bin holds, in words
function svg.histogram(labels, counts, before, label)
  local top, n, rects = 1, #counts, {}
  for i = 1, n do top = math.max(top, counts[i], before and before[i] or 0) end
  local width = 1000 / n
  local gap = math.min(2, width / 5)
  local function height(count) return count > 0 and math.max(1, 200 * count / top) or 0 end
  for i = 1, n do
    local x, title = (i - 1) * width + gap / 2, labels[i] .. ": " .. number(counts[i])
    if before then
      title = ("%s: %s of %s"):format(labels[i], number(counts[i]), number(before[i]))
      rects[#rects + 1] = rect("was", x, 200 - height(before[i]), width - gap, height(before[i]))
    end
    rects[#rects + 1] = rect("now", x, 200 - height(counts[i]), width - gap, height(counts[i]))
    rects[#rects + 1] = rect("hit", (i - 1) * width, 0, width, 200, title)
  end
  return canvas("histogram", 1000, 200, label, rects)
end

--- A line through values at equal distances, from 0 to `top`, with a mark at place `at`.
function svg.curve(values, top, at, label)
  local n, points = #values, {}
  local function x(i) return n > 1 and 1000 * (i - 1) / (n - 1) or 500 end
  for i, v in ipairs(values) do
    points[i] = ("%s%.1f %.1f"):format(i == 1 and "M" or "L", x(i), 118 - 114 * v / math.max(1, top))
  end
  return canvas("curve", 1000, 120, label,
    new("path", { class = "line", d = table.concat(points, " "), ["vector-effect"] = "non-scaling-stroke" }),
    new("line", { class = "set", x1 = x(at), x2 = x(at), y1 = 0, y2 = 120, ["vector-effect"] = "non-scaling-stroke" }),
    new("line", { class = "cursor", x1 = x(at), x2 = x(at), y1 = 0, y2 = 120,
                  ["vector-effect"] = "non-scaling-stroke" }))
end

return svg
