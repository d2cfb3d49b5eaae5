-- The baseline of script/bench-redis: the summary of a window as a ledger without totals makes it,
-- by decoding every payment. KEYS a list of payments as JSON. ARGV from and to, in ms.
-- -> for each of the two processors: count, cents.
local count = {default = 0, fallback = 0}
local cents = {default = 0, fallback = 0}
local from, to = tonumber(ARGV[1]), tonumber(ARGV[2])
for _, text in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do
  local payment = cjson.decode(text)
  if payment.requestedAt >= from and payment.requestedAt <= to then
    count[payment.processor] = count[payment.processor] + 1
    cents[payment.processor] = cents[payment.processor] + payment.cents
  end
end
return {count.default, cents.default, count.fallback, cents.fallback}
