--- client: the connection as the loop sees it: http.client with the provider's headers read.

local http = require "http"

local client = {}
client.__index = client

return client
