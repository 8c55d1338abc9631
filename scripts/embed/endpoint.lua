--- endpoint: see embed/sources.lua
return { make = function() return nil, "this source is not there yet" end }
