--- client: the connection as the loop sees it (judge/ask.lua): http.client with the provider's headers read. A table
-- of functions, so that a test can stand in for it.

local client = {}
client.__index = client

return client
