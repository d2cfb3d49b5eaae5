// What a step of the virtual Redis costs: CPU time of this process.
#include <fmt/format.h>

#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include "testing/world/life.h"
#include "testing/world/redis.h"
#include "testing/world/redis_client.h"

namespace payswitch::lab {
namespace {

constexpr int warm_up = 20'000;
constexpr int measured = 500'000;
constexpr int ids = 50'000;

// Ten calls, about what accepting a payment needs: looks at the id and the owner, writes the
// payment, its place in the line and the totals.
const redis::Script ten_calls(R"lua(#!lua flags=allow-oom
local id, amount, owner = ARGV[1], ARGV[2], ARGV[3]
if redis.call('HGET', KEYS[1], id) then redis.call('HDEL', KEYS[1], id) end
local state = redis.call('HGET', KEYS[5], 'state')
if state == 'held' then return redis.error_reply('HELD by operator') end
local time = redis.call('TIME')
local now_ms = time[1] * 1000 + math.floor(time[2] / 1000)
local number = redis.call('HINCRBY', KEYS[4], 'number', 1)
redis.call('HSET', KEYS[1], id, amount .. ':' .. owner .. ':' .. string.format('%d', now_ms))
redis.call('ZADD', KEYS[2], now_ms, id)
redis.call('SADD', KEYS[3], id)
redis.call('HINCRBY', KEYS[6], 'count', 1)
redis.call('HINCRBY', KEYS[6], 'cents', amount)
redis.call('ZREM', KEYS[2], id)
return {number, now_ms}
)lua");

const redis::Script no_call("#!lua flags=allow-oom\nreturn 1\n");

double cpu_us() {
  timespec time{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

template <class Step>
void measure(std::string_view name, Step step) {
  for (int i = 0; i < warm_up; ++i) step(i);
  const double begin = cpu_us();
  for (int i = 0; i < measured; ++i) step(i);
  fmt::print("{:<52}{:>8.2f} µs\n", name, (cpu_us() - begin) / measured);
}

std::string id_of(int i) {
  return fmt::format("4a7901b8-7d26-4d9d-aa19-{:012x}", i % ids);
}

const std::vector<std::string_view> keys = {"{s07}payments", "{s07}line", "{s07}owned:3",
                                            "{s07}number",   "{s07}hold", "{s07}totals"};

void measure_engine(RedisSettings settings, std::string_view name) {
  World world;
  VirtualRedis redis(world, 1, settings);
  redis.run(std::vector<std::string_view>{"SCRIPT", "LOAD", ten_calls.source()});
  std::vector<std::string_view> words{"EVALSHA", ten_calls.hash(), "6"};
  words.insert(words.end(), keys.begin(), keys.end());
  words.insert(words.end(), {"", "1990", "instance-3"});
  measure(name, [&](int i) {
    const std::string id = id_of(i);
    words[9] = id;
    world.run_for(std::chrono::microseconds(100));
    redis.run(words);
  });
}

void measure_client(const redis::Script& script, std::size_t at_once, std::string_view name) {
  World world;
  SeededRandom random(1);
  VirtualRedis redis(world, 1);
  Life life(world);
  VirtualRedisClient client({world, life, life, random, redis}, {}, {&ten_calls, &no_call});
  client.start(
      {.connected = [](const redis::Server&) {}, .disconnected = [](const std::string&) {}});
  world.run_until([&] { return client.connected(); });
  std::size_t answered = 0;
  measure(name, [&](int i) {
    const std::string id = id_of(i);
    client.run(script, keys, std::vector<std::string_view>{id, "1990", "instance-3"},
               [&](const std::expected<redis::Reply, redis::Failure>&) { ++answered; });
    if (static_cast<std::size_t>(i) % at_once == 0) {
      world.run_for(std::chrono::milliseconds(1));
    }
  });
}

}  // namespace
}  // namespace payswitch::lab

int main() {
  using namespace payswitch::lab;
  using std::chrono::milliseconds;
  measure_engine({}, "a script of ten calls");
  measure_engine({.keeps = RedisKeeps::all_but_a_second}, "  the same, everysec");
  measure_client(ten_calls, 1, "  through the client, one at a time");
  measure_client(ten_calls, 10, "  through the client, ten in a turn");
  measure_client(no_call, 10, "a script of no calls through the client, ten in a turn");
}
