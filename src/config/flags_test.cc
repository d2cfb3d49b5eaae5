#include <gtest/gtest.h>

#include "config/config.h"

namespace payswitch::config {
namespace {

std::expected<Config, std::string> load_with(const std::vector<std::string_view>& flags) {
  return load(flags, [](const std::string&) -> std::optional<std::string> { return std::nullopt; });
}

bool takes(std::string_view flag) {
  return load_with({flag}).has_value();
}

TEST(Flags, TheOptionsOfTheStoreOnRedisReachTheirModules) {
  const Config config = load_with({"--store.url=rediss://a", "--store.ca-file=authorities.pem",
                                   "--store.lease=3s", "--store.wait-replicas=2"})
                            .value();
  EXPECT_TRUE(config.redis.address.is_tls);
  EXPECT_EQ(config.redis.ca_file, "authorities.pem");
  EXPECT_EQ(config.redis_store.lease, std::chrono::seconds(3));
  EXPECT_EQ(config.redis_store.wait_replicas, 2u);
}

TEST(Flags, ChoicesMeanWhatTheySay) {
  EXPECT_TRUE(load_with({"--api.unknown-fields=refuse"})->api.refuse_unknown_fields);
  EXPECT_FALSE(load_with({"--api.unknown-fields=ignore"})->api.refuse_unknown_fields);
  EXPECT_TRUE(load_with({"--io-uring=auto"})->io_uring);
  EXPECT_FALSE(load_with({"--io-uring=off"})->io_uring);
}

TEST(Flags, TheEdgesOfEachRangeAreAllowedAndOneBeyondIsNot) {
  EXPECT_TRUE(takes("--store.lease=1s"));
  EXPECT_FALSE(takes("--store.lease=999ms"));
  EXPECT_TRUE(takes("--store.lease=10m"));
  EXPECT_FALSE(takes("--store.lease=600001ms"));
  EXPECT_TRUE(takes("--store.wait-replicas=0"));
  EXPECT_TRUE(takes("--store.wait-replicas=10"));
  EXPECT_FALSE(takes("--store.wait-replicas=11"));
  EXPECT_TRUE(takes("--breaker.rest=10m"));
  EXPECT_FALSE(takes("--breaker.rest=600001ms"));
  EXPECT_TRUE(takes("--patience=24h"));
  EXPECT_FALSE(takes("--patience=86400001ms"));
}

}  // namespace
}  // namespace payswitch::config
