-- wrk: every request is a payment of 19.90 with an id of its own. It names a requestedAt too, which the
-- switch ignores (UNKNOWN_FIELDS=ignore) and a processor wants, so that a proxy in front of a processor gets the same bytes.
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  local random = io.open("/dev/urandom", "rb")
  local bytes = random:read(6)
  random:close()
  prefix = (bytes:gsub(".", function(byte) return string.format("%02x", byte:byte()) end))
  count = 0
end

function request()
  count = count + 1
  local body = string.format('{"correlationId":"%s-%s-4%03x-8000-%012x","amount":19.90,' ..
                             '"requestedAt":"2025-07-08T12:34:56.789Z"}',
                             prefix:sub(1, 8), prefix:sub(9, 12), number, count)
  return wrk.format("POST", "/payments", {["Content-Type"] = "application/json"}, body)
end
