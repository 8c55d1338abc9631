--- What stands for <name> in the material. A slot keeps its value within one ticket, so that the
-- answer speaks of the same invoice as the question. All names, places and firms are invented.

local FIRST = { "Maria", "Tom", "Aisha", "Joon", "Petra", "Luis", "Greta", "Samir", "Nadia", "Owen", "Ilse", "Mateo",
  "Priya", "Hanna", "Callum", "Yuki", "Fatima", "Bruno", "Esther", "Viktor", "Lena", "Diego", "Marlon", "Ruth",
  "Anders", "Chloe", "Tariq", "Simone", "Pavel", "Ines", "Howard", "Mei", "Oskar", "Delia", "Kofi", "Rosa" }
local LAST = { "Alder", "Birchwood", "Castellan", "Dunmore", "Eklund", "Farrow", "Goodspeed", "Hartwell", "Ibsen",
  "Jessop", "Kettle", "Lindqvist", "Marlowe", "Northcott", "Okafor", "Pemberton", "Quist", "Rasmussen", "Sedgwick",
  "Tillman", "Underhill", "Vasquez", "Whitlock", "Yardley", "Zeller" }
local AGENT = { "Bea", "Jonas", "Miriam", "Theo", "Carla", "Finn", "Sunita", "Edgar", "Wanda", "Noel", "Agnes", "Rafi" }
local TOWN = { "Brackwater", "Elmstead", "Port Harlan", "Coldbrook", "Saint Orin", "Maplecross", "Dunwich Green",
  "Kestrel Bay", "Upper Tarn", "Hollowfield", "Rookhaven", "New Lindow" }
local TRADE = { "bakery", "joinery", "bike shop", "dental practice", "garden centre", "small brewery", "law office",
  "yoga studio", "print shop", "bookshop", "vet's practice", "catering firm", "plumbing firm", "flower shop",
  "language school", "music store", "cheese dealer's", "architects' office" }
local CO = { "Oak & Twine", "Lantern Street Bakery", "Harlow Joinery", "Blue Heron Cycles", "Pennywhistle Books",
  "Tern & Sons", "Marigold Catering", "Quarry Lane Vets", "Saltmarsh Brewing", "Copperleaf Design", "Fable & Finch",
  "Windmill Print", "Three Gables Inn", "Juniper Dental", "Osprey Plumbing" }
local MONTH = { "January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
  "November", "December" }
local DAY = { "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" }

local function from(list) return function(rng) return rng:pick(list) end end
local function number(format, low, high)
  return function(rng) return format:format(rng:int(low, high)) end
end
local function a_date(rng) return rng:pick(MONTH) .. " " .. rng:int(1, 28) end

local slots = {
  first = from(FIRST), first2 = from(FIRST), last = from(LAST), agent = from(AGENT), agent2 = from(AGENT),
  town = from(TOWN), trade = from(TRADE), co = from(CO),
  plan = from { "Starter", "Team", "Studio" },
  month = from(MONTH), day = from(DAY), date = a_date, date2 = a_date,
  time = function(rng) return ("%d:%02d"):format(rng:int(6, 22), rng:int(0, 59)) end,
  n = number("%d", 4, 9), n2 = number("%d", 12, 68),
  amt = function(rng) return ("$%d.%02d"):format(rng:int(9, 480), rng:pick { 0, 50, 90, 95, 99 }) end,
  inv = number("INV-24-%05d", 1000, 99999), order = number("FT-%05d", 10000, 99999),
  custno = number("%06d", 100200, 998999), ref = number("R%05d", 10000, 99999),
  err = number("FW-%04d", 1001, 9899),
  ver = number("5.%d", 2, 19), ver2 = number("6.%d", 0, 4),
  browser = from { "Firefox", "Chrome", "Safari", "Edge", "Vivaldi" },
  device = from { "Pixel 7", "Galaxy A54", "iPhone 13", "iPhone SE", "Fairphone 5", "Xperia 10" },
  carrier = from { "Swiftline", "Parcelhawk", "Northbound Freight", "Dasher Post" },
  carrier2 = from { "Swiftline", "Parcelhawk", "Northbound Freight", "Dasher Post" },
  bank = from { "Northgate Bank", "Tidewater Savings", "Merchants Union", "Corvid Bank", "First Orchard" },
  app = from { "Stockwise", "Cartmate", "Pipely", "Shiftboard", "Quotella", "Parcelpop" },
}

--- Writes out one text: {one|or the other} is drawn, nested as deep as you like, and <slot> filled in.
-- @param values  the slots of this ticket so far; new ones are added
function slots.expand(text, rng, values)
  local count
  repeat
    text, count = text:gsub("{([^{}]*)}", function(choice)
      local options = {}
      for option in (choice .. "|"):gmatch("([^|]*)|") do options[#options + 1] = option end
      return rng:pick(options)
    end)
  until count == 0
  return (text:gsub("<(%w+)>", function(name)
    local draw = assert(slots[name], "no slot " .. name)
    if not values[name] then values[name] = draw(rng) end
    return values[name]
  end))
end

return slots
