#include "store/shared/scripts.h"

// A payment is a hash: a amount (cents), t acceptedAt, k who accepted it, o the owner while it is
// open, s payment::State, n attempts made, p and q processor and requestedAt of the last intent, m
// the processors that said that it is our fault (bits), h the refused attempts
// ("number:processor:requestedAt:reason;"). Settled: b the booked amount where it differs, x and y
// the processor and requestedAt of the books, d settledAt, f 1 for a finding. Times are
// milliseconds since 1970.
namespace payswitch::store::shared {

namespace {

// KEYS payment, own set, owners. ARGV id, instance, token, amount, acceptedAt, admit, processor,
// requestedAt (both empty: no intent).
// -> {verdict}: 0 accepted, 1 replayed, 2 conflict, 3 not admitted, 4 the instance was evicted.
// 0 and 1 also say which instance has it; none, when it is not open.
constexpr std::string_view accept_source = R"(
local old = redis.call('HMGET', KEYS[1], 'a', 'k', 'o')
if old[1] then
  if old[2] == ARGV[3] then return {0, old[3] or ''} end
  if old[1] ~= ARGV[4] then return {2} end
  return {1, old[3] or ''}
end
if ARGV[6] == '0' then return {3} end
if redis.call('HGET', KEYS[3], ARGV[2]) ~= '1' then return {4} end
if ARGV[7] == '' then
  redis.call('HSET', KEYS[1], 'a', ARGV[4], 't', ARGV[5], 'k', ARGV[3], 'o', ARGV[2], 's', 0)
else
  redis.call('HSET', KEYS[1], 'a', ARGV[4], 't', ARGV[5], 'k', ARGV[3], 'o', ARGV[2], 's', 1,
             'n', 1, 'p', ARGV[7], 'q', ARGV[8])
end
redis.call('SADD', KEYS[2], ARGV[1])
return {0, ARGV[2]}
)";

// KEYS payment. ARGV instance, number, processor, requestedAt.
// -> 1 granted, 0 not: it is not ours, or not where we think it is.
constexpr std::string_view intend_source = R"(#!lua flags=allow-oom
local old = redis.call('HMGET', KEYS[1], 'o', 's', 'n', 'p', 'q')
if old[1] ~= ARGV[1] then return 0 end
if old[3] == ARGV[2] then
  return old[4] == ARGV[3] and old[5] == ARGV[4] and 1 or 0
end
if old[2] ~= '0' or tonumber(old[3] or 0) + 1 ~= tonumber(ARGV[2]) then return 0 end
redis.call('HSET', KEYS[1], 's', 1, 'n', ARGV[2], 'p', ARGV[3], 'q', ARGV[4])
return 1
)";

// KEYS payment. ARGV instance, number, reason, bit of the processor or 0, attempts remembered.
constexpr std::string_view refuse_source = R"(#!lua flags=allow-oom
local old = redis.call('HMGET', KEYS[1], 'o', 's', 'n', 'p', 'q', 'm', 'h')
if old[1] ~= ARGV[1] or old[3] ~= ARGV[2] or (old[2] ~= '1' and old[2] ~= '2') then return 0 end
local history = (old[7] or '') .. old[3] .. ':' .. old[4] .. ':' .. old[5] .. ':' .. ARGV[3] .. ';'
local _, entries = string.gsub(history, ';', ';')
if entries > tonumber(ARGV[5]) then history = string.gsub(history, '^[^;]*;', '') end
redis.call('HSET', KEYS[1], 's', 0, 'h', history)
if ARGV[4] ~= '0' then
  local mask = tonumber(old[6] or 0)
  local flag = tonumber(ARGV[4])
  if math.floor(mask / flag) % 2 == 0 then mask = mask + flag end
  redis.call('HSET', KEYS[1], 'm', mask)
end
return 1
)";

// KEYS payment. ARGV instance, number.
constexpr std::string_view mark_unknown_source = R"(#!lua flags=allow-oom
local old = redis.call('HMGET', KEYS[1], 'o', 's', 'n')
if old[1] ~= ARGV[1] or old[2] ~= '1' or old[3] ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[1], 's', 2)
return 1
)";

// Evidence, not a decision: taken from anyone (PROTOCOL 7.4).
// KEYS payment, own set of the owner, count, cents, widest count, widest cents. ARGV id, owner,
// processor, number, requestedAt, booked amount, settledAt, finding, five buckets, the widest one.
// -> {what}: 0 settled, 1 it was already, and likewise, 2 it was, elsewhere: a finding, 3 it is
// another owner's, who is named.
constexpr std::string_view settle_source = R"(#!lua flags=allow-oom
local old = redis.call('HMGET', KEYS[1], 'a', 'o', 's', 'x', 'y')
if old[3] == '3' then
  if old[4] == ARGV[3] and old[5] == ARGV[5] then return {1} end
  redis.call('HSET', KEYS[1], 'f', 1)
  return {2}
end
if old[2] and old[2] ~= ARGV[2] then return {3, old[2]} end
local most = redis.call('HGET', KEYS[6], ARGV[14])
if most and #most > 18 then return redis.error_reply('ERR the sum of the cents is too large') end
redis.call('HSET', KEYS[1], 's', 3, 'x', ARGV[3], 'y', ARGV[5], 'd', ARGV[7])
if not old[1] then redis.call('HSET', KEYS[1], 'a', ARGV[6], 't', ARGV[5], 'n', ARGV[4],
                              'p', ARGV[3], 'q', ARGV[5]) end
if old[1] and old[1] ~= ARGV[6] then redis.call('HSET', KEYS[1], 'b', ARGV[6]) end
if ARGV[8] == '1' or not old[1] then redis.call('HSET', KEYS[1], 'f', 1) end
redis.call('HDEL', KEYS[1], 'k', 'o')
redis.call('SREM', KEYS[2], ARGV[1])
for i = 9, 13 do
  redis.call('HINCRBY', KEYS[3], ARGV[i], 1)
  redis.call('HINCRBY', KEYS[4], ARGV[i], ARGV[6])
end
redis.call('HINCRBY', KEYS[5], ARGV[14], 1)
redis.call('HINCRBY', KEYS[6], ARGV[14], ARGV[6])
return {0}
)";

// KEYS payment, own set. ARGV id, instance, when.
constexpr std::string_view park_source = R"(#!lua flags=allow-oom
local old = redis.call('HMGET', KEYS[1], 'o', 's')
if old[1] ~= ARGV[2] or old[2] == '3' or old[2] == '4' then return 0 end
redis.call('HSET', KEYS[1], 's', 4, 'd', ARGV[3])
redis.call('HDEL', KEYS[1], 'k', 'o')
redis.call('SREM', KEYS[2], ARGV[1])
return 1
)";

// KEYS owners. ARGV instance. The instance may accept in this shard, unless it was evicted.
constexpr std::string_view join_source = R"(#!lua flags=allow-oom
return redis.call('HSETNX', KEYS[1], ARGV[1], 1)
)";

// KEYS owners. ARGV instance. From here on it accepts nothing in this shard any more.
constexpr std::string_view evict_source = R"(#!lua flags=allow-oom
if redis.call('HGET', KEYS[1], ARGV[1]) ~= '1' then return 0 end
redis.call('HSET', KEYS[1], ARGV[1], 0)
return 1
)";

// KEYS owners, own set. ARGV instance. Once nothing is left of it.
constexpr std::string_view forget_source = R"(
if redis.call('HGET', KEYS[1], ARGV[1]) ~= '0' then return 0 end
if redis.call('SCARD', KEYS[2]) ~= 0 then return 0 end
redis.call('HDEL', KEYS[1], ARGV[1])
return 1
)";

// KEYS own set of the giver, own set of the taker, owners, payments. ARGV giver, taker, ids.
// -> for each id that is the taker's now: place in the call, a, t, k, s, n, p, q, m; or 0 when the
// taker was evicted.
constexpr std::string_view take_source = R"(#!lua flags=allow-oom
if redis.call('HGET', KEYS[3], ARGV[2]) ~= '1' then return 0 end
local taken = {}
for i = 3, #ARGV do
  local key = KEYS[i + 1]
  local of = redis.call('HMGET', key, 'o', 'a', 't', 'k', 's', 'n', 'p', 'q', 'm')
  if of[1] == ARGV[1] or of[1] == ARGV[2] then
    redis.call('HSET', key, 'o', ARGV[2])
    redis.call('SADD', KEYS[2], ARGV[i])
    taken[#taken + 1] = {i - 3, of[2], of[3], of[4], of[5], of[6] or '0', of[7] or '', of[8] or '',
                         of[9] or '0'}
  end
  if ARGV[1] ~= ARGV[2] then redis.call('SREM', KEYS[1], ARGV[i]) end
end
return taken
)";

// KEYS for each processor: count, cents, widest count, widest cents. ARGV begin and end of the
// widest buckets, how many of the others are added, those, and the ones that are taken off.
// -> for each processor: count, cents div 10^9, cents mod 10^9. A Lua number holds 2^53 exactly.
constexpr std::string_view sum_source = R"(
local said = {}
local billion = 1000000000
local low = tonumber(ARGV[1])
local high = tonumber(ARGV[2])
local added = tonumber(ARGV[3])
local fields = {unpack(ARGV, 4)}
for first = 1, #KEYS, 4 do
  local count, billions, rest = 0, 0, 0
  local function add(n, c, sign)
    count = count + sign * tonumber(n)
    if #c > 9 then
      billions = billions + sign * tonumber(string.sub(c, 1, -10))
      rest = rest + sign * tonumber(string.sub(c, -9))
    else
      rest = rest + sign * tonumber(c)
    end
  end
  if #fields > 0 and redis.call('EXISTS', KEYS[first]) == 1 then
    local n = redis.call('HMGET', KEYS[first], unpack(fields))
    local held = {}
    for i = 1, #fields do
      if n[i] then held[#held + 1] = fields[i] end
    end
    if #held > 0 then
      local c = redis.call('HMGET', KEYS[first + 1], unpack(held))
      local at = 0
      for i = 1, #fields do
        if n[i] then
          at = at + 1
          add(n[i], c[at], i <= added and 1 or -1)
        end
      end
    end
  end
  if low < high then
    local n = redis.call('HGETALL', KEYS[first + 2])
    for i = 1, #n, 2 do
      local bucket = tonumber(n[i])
      if low <= bucket and bucket < high then
        add(n[i + 1], redis.call('HGET', KEYS[first + 3], n[i]), 1)
      end
    end
  end
  said[#said + 1] = {count, billions + math.floor(rest / billion), rest % billion}
end
return said
)";

// KEYS any key of ours. -> the commands that our user may not run on it: those of all scripts, and
// those that we send ourselves.
constexpr std::string_view rights_source = R"(#!lua flags=allow-oom
local lacks = {}
if not redis.acl_check_cmd then return lacks end
for _, name in ipairs({'EXISTS', 'HDEL', 'HEXISTS', 'HGET', 'HGETALL', 'HINCRBY', 'HLEN', 'HMGET',
                       'HSET', 'HSETNX', 'SADD', 'SCARD', 'SCAN', 'SMEMBERS', 'SRANDMEMBER', 'SREM',
                       'TIME', 'ZADD', 'ZRANGE', 'ZRANGEBYSCORE', 'ZREM', 'ZSCORE'}) do
  if not redis.acl_check_cmd(name, KEYS[1], '0', '0') then table.insert(lacks, name) end
end
return lacks
)";

// KEYS settings, names. ARGV number of shards, the most names that there may be, names of the
// processors. -> {number of shards that are kept, how many names there would be, the names and
// their numbers}. Where the shards are others, or the names too many, nothing is kept.
constexpr std::string_view enroll_source = R"(#!lua flags=allow-oom
local shards = redis.call('HGET', KEYS[1], 'shards') or ARGV[1]
local count = redis.call('HLEN', KEYS[2])
for i = 3, #ARGV do count = count + 1 - redis.call('HEXISTS', KEYS[2], ARGV[i]) end
if shards ~= ARGV[1] or count > tonumber(ARGV[2]) then return {shards, count, {}} end
redis.call('HSET', KEYS[1], 'shards', ARGV[1])
for i = 3, #ARGV do
  redis.call('HSETNX', KEYS[2], ARGV[i], redis.call('HLEN', KEYS[2]))
end
return {shards, count, redis.call('HGETALL', KEYS[2])}
)";

// KEYS leases, settings, names, health, breakers, origins. ARGV instance, lease (ms), 1 when it is
// new, the least requestedAt that it may still issue, what it says of itself ("open working next
// run": its breakers, that least requestedAt, the run of Redis that it has written everything to).
// -> {1 when it is alive, the highest such requestedAt of all, the living instances, names, health,
// breakers, now, origins, {restored, told}}.
// An instance whose lease has run out is gone for good, whatever the clock does later; where the
// clock was set back, no lease lasts for more than two.
constexpr std::string_view beat_source = R"(#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local lease = redis.call('ZSCORE', KEYS[1], ARGV[1])
local is_alive = ARGV[3] == '1' or (lease and tonumber(lease) >= now)
local highest = tonumber(redis.call('HGET', KEYS[2], 'issued') or 0)
local ended = '(' .. string.format('%.0f', now)
for _, gone in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ended)) do
  redis.call('ZREM', KEYS[1], gone)
  redis.call('HDEL', KEYS[5], gone)
end
local latest = string.format('%.0f', now + 2 * ARGV[2])
for _, late in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. latest, '+inf')) do
  redis.call('ZADD', KEYS[1], latest, late)
end
if is_alive then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now + ARGV[2]), ARGV[1])
  redis.call('HSET', KEYS[5], ARGV[1], ARGV[5])
  if tonumber(ARGV[4]) > highest then
    highest = tonumber(ARGV[4])
    redis.call('HSET', KEYS[2], 'issued', ARGV[4])
  end
end
return {is_alive and 1 or 0, highest, redis.call('ZRANGE', KEYS[1], 0, -1),
        redis.call('HGETALL', KEYS[3]), redis.call('HGETALL', KEYS[4]),
        redis.call('HGETALL', KEYS[5]), now, redis.call('HGETALL', KEYS[6]),
        redis.call('HMGET', KEYS[2], 'restored', 'told')}
)";

// KEYS payments. -> of those whose last intent has no answer: processor, amount; one behind the
// other.
constexpr std::string_view unanswered_source = R"(
local rows = {}
for _, key in ipairs(KEYS) do
  local of = redis.call('HMGET', key, 's', 'p', 'a')
  if of[1] == '1' or of[1] == '2' then
    rows[#rows + 1] = of[2]
    rows[#rows + 1] = of[3]
  end
end
return rows
)";

// KEYS leases, origins. ARGV instance, then for each processor: name, the origin that is kept
// (empty: none), the one to keep, 1 when both have the same books.
// -> {what}: 0 kept, 1 another instance lives, and may use one that would be replaced, 2 another
// one is kept than was said. Of a place that has moved the one before is kept as well.
constexpr std::string_view place_source = R"(#!lua flags=allow-oom
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
local replaces = false
for i = 2, #ARGV, 4 do
  local kept = string.gsub(redis.call('HGET', KEYS[2], ARGV[i]) or '', ' .*$', '')
  if kept ~= ARGV[i + 1] then return {2} end
  replaces = replaces or (kept ~= '' and ARGV[i + 3] == '0')
end
if replaces then
  for _, living in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], now, '+inf')) do
    if living ~= ARGV[1] then return {1} end
  end
end
for i = 2, #ARGV, 4 do
  local where = ARGV[i + 2]
  if ARGV[i + 1] ~= '' and ARGV[i + 3] == '1' then where = where .. ' ' .. ARGV[i + 1] end
  redis.call('HSET', KEYS[2], ARGV[i], where)
end
return {0}
)";

// KEYS settings. ARGV 1 or 0: it was restored, or not, or empty: what is kept holds; up to when
// sums were told. -> {restored, told}, as they are kept now.
constexpr std::string_view keep_facts_source = R"(#!lua flags=allow-oom
if ARGV[1] ~= '' then redis.call('HSET', KEYS[1], 'restored', ARGV[1]) end
if tonumber(ARGV[2]) > tonumber(redis.call('HGET', KEYS[1], 'told') or 0) then
  redis.call('HSET', KEYS[1], 'told', ARGV[2])
end
return redis.call('HMGET', KEYS[1], 'restored', 'told')
)";

// KEYS health. ARGV processor, the time between polls (ms). -> 0: it is our turn; else the ms until
// somebody's is.
constexpr std::string_view claim_poll_source = R"(#!lua flags=allow-oom
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local field = 'polled:' .. ARGV[1]
local last = tonumber(redis.call('HGET', KEYS[1], field) or 0)
local every = tonumber(ARGV[2])
if last <= now and now - last < every then return every - (now - last) end
redis.call('HSET', KEYS[1], field, string.format('%.0f', now))
return 0
)";

// KEYS health. ARGV processor, what its poll has found ("failing:min_ms:when").
constexpr std::string_view tell_health_source = R"(#!lua flags=allow-oom
redis.call('HSET', KEYS[1], 'said:' .. ARGV[1], ARGV[2])
return 1
)";

}  // namespace

Scripts::Scripts()
    : accept(accept_source),
      intend(intend_source),
      refuse(refuse_source),
      mark_unknown(mark_unknown_source),
      settle(settle_source),
      park(park_source),
      join(join_source),
      evict(evict_source),
      forget(forget_source),
      take(take_source),
      sum(sum_source),
      rights(rights_source),
      enroll(enroll_source),
      beat(beat_source),
      claim_poll(claim_poll_source),
      tell_health(tell_health_source),
      unanswered(unanswered_source),
      place(place_source),
      keep_facts(keep_facts_source) {}

std::vector<const wire::Script*> Scripts::all() const {
  return {&accept,     &intend,      &refuse,     &mark_unknown, &settle,    &park,   &join,
          &evict,      &forget,      &take,       &sum,          &rights,    &enroll, &beat,
          &claim_poll, &tell_health, &unanswered, &place,        &keep_facts};
}

}  // namespace payswitch::store::shared
