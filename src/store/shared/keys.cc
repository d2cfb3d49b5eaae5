#include "store/shared/keys.h"

#include <fmt/format.h>
#include <xxhash.h>

namespace payswitch::store::shared {

unsigned shard_of(const payment::CorrelationId& id) {
  return static_cast<unsigned>(XXH3_64bits(id.bytes().data(), id.bytes().size()) % shard_count);
}

std::string payment_key(const payment::CorrelationId& id) {
  std::string key = shard_key(shard_of(id), "p", std::string_view());
  const auto begin = key.size();
  key.resize(begin + payment::CorrelationId::text_length);
  id.write(key.data() + begin);
  return key;
}

std::string shard_key(unsigned shard, std::string_view name) {
  std::string key = "ps:{s00}:";
  key[5] = static_cast<char>('0' + shard / 10);
  key[6] = static_cast<char>('0' + shard % 10);
  key += name;
  return key;
}

std::string shard_key(unsigned shard, std::string_view name, std::string_view what) {
  std::string key = shard_key(shard, name);
  key += ':';
  key += what;
  return key;
}

std::string shard_key(unsigned shard, std::string_view name, payment::ProcessorNumber processor) {
  return fmt::format("ps:{{s{:02}}}:{}:{}", shard, name, processor);
}

std::string meta_key(std::string_view name) {
  return fmt::format("ps:{{meta}}:{}", name);
}

}  // namespace payswitch::store::shared
