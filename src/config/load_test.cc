#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include "config/config.h"
#include "config/toml_file.h"

namespace payswitch::config {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class LoadTest : public testing::Test {
 protected:
  LoadTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-config-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    file_ = directory_ + "/payswitch.toml";
  }
  ~LoadTest() override { std::filesystem::remove_all(directory_); }

  // Loads `toml` (when there is some) under the environment and the flags.
  std::expected<Config, std::string> load_with(const std::string& toml,
                                               std::vector<std::string_view> flags = {}) {
    if (!toml.empty()) {
      std::ofstream(file_) << toml;
      flags.insert(flags.end(), {"--config", file_});
    }
    return load(flags, [this](const std::string& name) -> std::optional<std::string> {
      const auto found = environment_.find(name);
      if (found == environment_.end()) return std::nullopt;
      return found->second;
    });
  }

  // The error, with the name of the file instead of its path.
  std::string error_of(const std::string& toml, std::vector<std::string_view> flags = {}) {
    const auto config = load_with(toml, std::move(flags));
    if (config) return "loaded";
    std::string error = config.error();
    const std::size_t at = error.find(directory_ + "/");
    return at == std::string::npos ? error : error.erase(at, directory_.size() + 1);
  }

  std::string directory_;
  std::string file_;
  std::map<std::string, std::string> environment_;
};

std::string processor(const std::string& keys) {
  return "[[processor]]\n" + keys;
}

std::vector<std::string> names_of(const Config& config) {
  std::vector<std::string> names;
  for (const store::Place& place : config.store.processors) names.push_back(place.name);
  return names;
}

const std::string complete = "name = 'a'\nurl = 'http://a'\nfee = 0.05\n";

// -- layers -------------------------------------------------------------------------------------

TEST_F(LoadTest, WithoutAnythingTheDefaultsHoldAndThereAreNoProcessors) {
  const Config config = load_with("").value();
  EXPECT_EQ(to_toml(config), to_toml(Config{}));
  EXPECT_TRUE(config.processors.empty());
}

TEST_F(LoadTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  EXPECT_EQ(load_with("").value().data, "payswitch-data");
  EXPECT_EQ(load_with("data = 'file'").value().data, "file");
  environment_["DATA"] = "environment";
  EXPECT_EQ(load_with("data = 'file'").value().data, "environment");
  EXPECT_EQ(load_with("data = 'file'", {"--data", "flag"}).value().data, "flag");
  EXPECT_EQ(load_with("data = 'file'", {"--data=flag"}).value().data, "flag");
}

TEST_F(LoadTest, AnEmptyVariableCountsAsNotSet) {
  environment_["DATA"] = "";
  environment_["REDIS_URL"] = "";
  EXPECT_EQ(load_with("data = 'file'").value().data, "file");
}

TEST_F(LoadTest, EveryOptionReachesItsRoom) {
  const Config config = load_with(R"(
listen = "0.0.0.0:8080"
data = "d"
durability = "os"
patience = "1s"
log = "json"
log_level = "debug"
[limits]
connections = 1
open_payments = 2
[journal]
segment_size = 65536
[breaker]
rest = "1s"
window = "2s"
min_volume = 3
failure_rate = 0.25
slow = "4ms"
slow_rate = 1
consecutive_failures = 6
close_after = 7
)")
                            .value();
  EXPECT_EQ(config.server.host, "0.0.0.0");
  EXPECT_EQ(config.server.port, 8080);
  EXPECT_EQ(config.data, "d");
  EXPECT_EQ(config.store.durability, platform::Durability::os);
  EXPECT_EQ(config.policy.patience, seconds(1));
  EXPECT_TRUE(config.log_json);
  EXPECT_EQ(config.log_level, platform::Level::debug);
  EXPECT_EQ(config.server.max_connections, 1u);
  EXPECT_EQ(config.open_payments, 2u);
  EXPECT_EQ(config.store.segment_bytes, 65'536u);
  EXPECT_EQ(config.dispatch.rest, seconds(1));
  EXPECT_EQ(config.breaker.window, seconds(2));
  EXPECT_EQ(config.breaker.min_volume, 3u);
  EXPECT_EQ(config.breaker.failure_rate, 0.25);
  EXPECT_EQ(config.breaker.slow, milliseconds(4));
  EXPECT_EQ(config.breaker.slow_rate, 1.0);
  EXPECT_EQ(config.breaker.consecutive_failures, 6u);
  EXPECT_EQ(config.breaker.close_after, 7u);
}

TEST_F(LoadTest, EveryOptionReachesItsRoomByFlagToo) {
  const Config config =
      load_with("", {"--listen", "[::1]:0", "--durability", "memory", "--patience", "250ms",
                     "--log-level", "error", "--limits.open-payments", "5",
                     "--breaker.failure-rate", "0.75", "--journal.segment-size", "1048576"})
          .value();
  EXPECT_EQ(config.server.host, "::1");
  EXPECT_EQ(config.server.port, 0);
  EXPECT_EQ(config.store.durability, platform::Durability::memory);
  EXPECT_EQ(config.policy.patience, milliseconds(250));
  EXPECT_EQ(config.log_level, platform::Level::error);
  EXPECT_EQ(config.open_payments, 5u);
  EXPECT_EQ(config.breaker.failure_rate, 0.75);
  EXPECT_EQ(config.store.segment_bytes, 1u << 20);
}

TEST_F(LoadTest, WhatToTomlWritesLoadsToTheSameWhateverIsInATextInQuotes) {
  const std::string data = "a \"b\" \\ \n \t \x7f \u00e9";
  const Config config = load_with("", {"--data", data}).value();
  EXPECT_EQ(load_with(to_toml(config)).value().data, data);
}

TEST_F(LoadTest, WhatToTomlWritesLoadsToTheSame) {
  const std::string toml =
      "listen = '[::1]:1'\nlog = 'json'\n[limits]\nconnections = 7\n" +
      processor(complete + "max_processing_time = '90s'\n") +
      processor("name = 'b'\nurl = 'http://b:81/x'\nfee = 0.000001\nhang_up = '2m'\n");
  const std::string written = to_toml(load_with(toml).value());
  EXPECT_EQ(to_toml(load_with(written).value()), written);
  EXPECT_THAT(written, HasSubstr("max_processing_time = \"90s\""));
  EXPECT_THAT(written, HasSubstr("connections = 7"));
}

TEST_F(LoadTest, AGroupFitsASmallSegment) {
  EXPECT_EQ(load_with("").value().store.max_batch_bytes, 4u << 20);
  EXPECT_EQ(load_with("[journal]\nsegment_size = 65536").value().store.max_batch_bytes, 16'384u);
}

// -- PORT and LISTEN ----------------------------------------------------------------------------

TEST_F(LoadTest, PortReplacesThePortOfTheFileAndListenTheWhole) {
  environment_["PORT"] = "1234";
  const Config port = load_with("listen = '0.0.0.0:80'").value();
  EXPECT_EQ(port.server.host, "0.0.0.0");
  EXPECT_EQ(port.server.port, 1234);
  environment_["LISTEN"] = "10.0.0.1:5";
  const Config whole = load_with("listen = '0.0.0.0:80'").value();
  EXPECT_EQ(whole.server.host, "10.0.0.1");
  EXPECT_EQ(whole.server.port, 5);
}

TEST_F(LoadTest, AListenFlagBeatsPort) {
  environment_["PORT"] = "1234";
  EXPECT_EQ(load_with("", {"--listen", "127.0.0.1:80"}).value().server.port, 80);
}

// -- acts of the operator

TEST_F(LoadTest, RestoredIsAFlagThatMayStandAlone) {
  using store::Restored;
  EXPECT_EQ(load_with("").value().store.restored, Restored::unset);
  EXPECT_EQ(load_with("", {"--restored"}).value().store.restored, Restored::on);
  EXPECT_EQ(load_with("", {"--restored", "--patience", "1s"}).value().store.restored, Restored::on);
  EXPECT_EQ(load_with("", {"--restored=on"}).value().store.restored, Restored::on);
  EXPECT_EQ(load_with("", {"--restored=done"}).value().store.restored, Restored::done);
}

TEST_F(LoadTest, AnActIsGivenOnceAndByItsFlag) {
  EXPECT_EQ(error_of("", {"--restored=off"}),
            "restored in the flag --restored: 'off' is not one of on, done");
  EXPECT_EQ(error_of("restored = \"on\"\n"),
            "restored in payswitch.toml line 1: it is set by the flag --restored only, not "
            "in a file");
  EXPECT_EQ(error_of("", {"--restored", "--restored=done"}),
            "the flag --restored takes one value and may be given once");
}

// -- processors ---------------------------------------------------------------------------------

TEST_F(LoadTest, AProcessorIsReadWhole) {
  const Config config = load_with(processor(R"(
name = "cheap-1_x"
url = "http://host:8001/api/"
fee = 0.0125
dialect = "rinha"
attempt_timeout = "1s"
hang_up = "3s"
max_in_flight = 9
max_processing_time = "1h"
)"))
                            .value();
  ASSERT_EQ(config.processors.size(), 1u);
  const processor::Options& one = config.processors[0];
  EXPECT_EQ(one.name, "cheap-1_x");
  EXPECT_EQ(one.url, "http://host:8001/api/");
  EXPECT_EQ(one.host, "host");
  EXPECT_EQ(one.port, 8001);
  EXPECT_EQ(one.base_path, "/api");
  EXPECT_EQ(one.fee_ppm, 12'500);
  EXPECT_EQ(one.attempt_timeout, seconds(1));
  EXPECT_EQ(one.hang_up, seconds(3));
  EXPECT_EQ(one.max_in_flight, 9u);
  EXPECT_EQ(one.max_processing_time, std::chrono::hours(1));
  EXPECT_THAT(names_of(config), ElementsAre("cheap-1_x"));
}

TEST_F(LoadTest, ProcessorsKeepTheOrderOfTheFile) {
  const Config config =
      load_with(processor("name = 'b'\nurl = 'http://b'\nfee = 1\n") + processor(complete)).value();
  EXPECT_THAT(names_of(config), ElementsAre("b", "a"));
}

TEST_F(LoadTest, TheEnvironmentMakesTheTwoProcessorsOfTheContract) {
  environment_["PROCESSOR_FALLBACK_URL"] = "http://f:2";
  environment_["PROCESSOR_DEFAULT_URL"] = "http://d:1";
  const Config config = load_with("").value();
  EXPECT_THAT(names_of(config), ElementsAre("default", "fallback"));
  EXPECT_EQ(config.processors[0].host, "d");
  EXPECT_EQ(config.processors[0].fee_ppm, 50'000);
  EXPECT_EQ(config.processors[1].host, "f");
  EXPECT_EQ(config.processors[1].port, 2);
  EXPECT_EQ(config.processors[1].fee_ppm, 150'000);
}

TEST_F(LoadTest, TheEnvironmentMovesAProcessorOfTheFileAndLeavesItsRest) {
  environment_["PROCESSOR_DEFAULT_URL"] = "http://new:1";
  const Config config =
      load_with(processor("name = 'default'\nurl = 'http://old'\nfee = 0.01\nmax_in_flight = 5\n"))
          .value();
  ASSERT_EQ(config.processors.size(), 1u);
  EXPECT_EQ(config.processors[0].url, "http://new:1");
  EXPECT_EQ(config.processors[0].fee_ppm, 10'000);
  EXPECT_EQ(config.processors[0].max_in_flight, 5u);
}

TEST_F(LoadTest, NumWorkersLowersEveryProcessorAndRaisesNone) {
  environment_["NUM_WORKERS"] = "10";
  environment_["PROCESSOR_DEFAULT_URL"] = "http://d";
  const Config config = load_with(processor(complete + "max_in_flight = 5\n")).value();
  ASSERT_EQ(config.processors.size(), 2u);
  EXPECT_EQ(config.processors[0].max_in_flight, 5u);
  EXPECT_EQ(config.processors[1].max_in_flight, 10u);
}

TEST_F(LoadTest, AProcessorNeedsNameUrlAndFee) {
  EXPECT_EQ(error_of(processor("url = 'http://a'\nfee = 0\n")),
            "processor.name is missing in the [[processor]] in payswitch.toml line 1");
  EXPECT_EQ(error_of(processor("name = 'a'\nfee = 0\n")),
            "processor.url is missing in the [[processor]] in payswitch.toml line 1");
  EXPECT_EQ(error_of(processor("name = 'a'\nurl = 'http://a'\n")),
            "processor.fee is missing in the [[processor]] in payswitch.toml line 1");
}

TEST_F(LoadTest, ProcessorNamesAreOfFewLettersAndUnique) {
  const auto named = [](const std::string& name) {
    return processor("name = '" + name + "'\nurl = 'http://a'\nfee = 0\n");
  };
  EXPECT_TRUE(load_with(named(std::string(32, 'a'))));
  for (const auto& name : {std::string(33, 'a'), std::string(), std::string("A"),
                           std::string("a b"), std::string("a.b"), std::string("é")}) {
    EXPECT_FALSE(load_with(named(name))) << name;
  }
  EXPECT_EQ(error_of(named("A")),
            "processor.name in payswitch.toml line 2: 'A' is not a name of 1 to 32 of a-z, 0-9, _ "
            "and -");
  EXPECT_EQ(error_of(named("a") + named("a")),
            "the [[processor]] in payswitch.toml line 5 has the same name 'a' as another one");
}

TEST_F(LoadTest, ThirtyTwoProcessorsAreTheMost) {
  std::string toml;
  for (int i = 0; i < 32; ++i) {
    toml += processor("name = 'p" + std::to_string(i) + "'\nurl = 'http://a'\nfee = 0\n");
  }
  EXPECT_EQ(load_with(toml).value().processors.size(), 32u);
  environment_["PROCESSOR_DEFAULT_URL"] = "http://one-more";
  EXPECT_EQ(error_of(toml), "there are 33 processors; at most 32 can be configured");
}

TEST_F(LoadTest, HangUpIsNotBeforeTheAttemptTimesOut) {
  EXPECT_TRUE(load_with(processor(complete + "attempt_timeout = '2s'\nhang_up = '2s'\n")));
  EXPECT_EQ(
      error_of(processor(complete + "attempt_timeout = '2s'\nhang_up = '1999ms'\n")),
      "the [[processor]] in payswitch.toml line 1 has a hang_up of 1999ms, which is less than "
      "its attempt_timeout of 2s");
}

TEST_F(LoadTest, HttpsAndOtherUrlsAreRefusedWithTheirPlace) {
  EXPECT_EQ(error_of(processor("name = 'a'\nurl = 'https://a'\nfee = 0\n")),
            "processor.url in payswitch.toml line 3: 'https://a' is not a URL like "
            "http://host:port/path: https is not supported; put a TLS proxy in front of the "
            "processor");
  environment_["PROCESSOR_DEFAULT_URL"] = "nonsense";
  EXPECT_EQ(error_of(""),
            "the environment variable PROCESSOR_DEFAULT_URL: 'nonsense' is not a URL like "
            "http://host:port/path");
}

// -- errors -------------------------------------------------------------------------------------

TEST_F(LoadTest, AnUnknownOptionIsAnErrorWithTheNearestName) {
  EXPECT_EQ(error_of("\n\n\npatiance = '1s'"),
            "unknown option 'patiance' in payswitch.toml line 4; did you mean 'patience'?");
  EXPECT_EQ(error_of("[breaker]\nrst = '1s'"),
            "unknown option 'breaker.rst' in payswitch.toml line 2; did you mean 'breaker.rest'?");
  EXPECT_EQ(error_of("connections = 5"),
            "unknown option 'connections' in payswitch.toml line 1; did you mean "
            "'limits.connections'?");
  EXPECT_EQ(error_of(processor("ulr = 'http://a'")),
            "unknown option 'processor.ulr' in payswitch.toml line 2; did you mean "
            "'processor.url'?");
  EXPECT_EQ(error_of("colour = 1"), "unknown option 'colour' in payswitch.toml line 1");
}

TEST_F(LoadTest, AnUnknownSectionIsAnErrorEvenWhenItIsEmpty) {
  EXPECT_EQ(error_of("\n[limit]"),
            "unknown option 'limit' in payswitch.toml line 2; did you mean 'limits'?");
  EXPECT_EQ(error_of("[breaker.more]"), "unknown option 'breaker.more' in payswitch.toml line 1");
}

TEST_F(LoadTest, AnUnknownFlagIsAnErrorWithTheNearestName) {
  EXPECT_EQ(error_of("", {"--patiance", "1s"}),
            "unknown flag '--patiance'; did you mean '--patience'?");
  EXPECT_EQ(error_of("", {"--confg=x"}), "unknown flag '--confg'; did you mean '--config'?");
  EXPECT_EQ(error_of("", {"--limits.open_payments", "5"}),
            "unknown flag '--limits.open_payments'; did you mean '--limits.open-payments'?");
  EXPECT_EQ(error_of("", {"payments"}), "unexpected argument 'payments'");
  EXPECT_EQ(error_of("", {"-x"}), "unknown flag '-x'");
}

TEST_F(LoadTest, AFlagTakesOneValueAndIsGivenOnce) {
  const std::string once = "the flag --data takes one value and may be given once";
  EXPECT_EQ(error_of("", {"--data"}), once);
  EXPECT_EQ(error_of("", {"--data", "a", "--data", "b"}), once);
  EXPECT_EQ(error_of("", {"--data", "a", "b"}), "unexpected argument 'b'");
  EXPECT_EQ(error_of("", {"--config", ""}), "cannot read '': No such file or directory");
}

TEST_F(LoadTest, ABadValueNamesTheOptionThePlaceAndWhatIsAllowed) {
  EXPECT_EQ(error_of("patience = 5"),
            "patience in payswitch.toml line 1: 5 is not a duration (a number and ms, s, m or h) "
            "from 0s to 24h");
  EXPECT_EQ(
      error_of("[limits]\nconnections = 0"),
      "limits.connections in payswitch.toml line 2: 0 is not a whole number from 1 to 1000000");
  EXPECT_EQ(error_of("", {"--durability", "disk"}),
            "durability in the flag --durability: 'disk' is not one of fsync, os, memory");
  environment_["PORT"] = "65536";
  EXPECT_EQ(error_of(""),
            "the environment variable PORT: '65536' is not a whole number from 0 to 65535");
}

TEST_F(LoadTest, WrongTypesAreErrors) {
  for (const char* toml :
       {"data = 5", "data = ['a']", "data = true", "data = 1979-05-27", "log_level = 1",
        "durability = {a = 1}", "[limits]\nconnections = '5'", "[limits]\nconnections = 5.0",
        "[breaker]\nfailure_rate = '0.5'", "[breaker]\nrest = 5", "[patience]", "[data.more]",
        "limits = 5", "breaker = 'closed'", "[[limits]]", "processor = 5", "[processor]",
        "processor = ['a']", "[[processor]]\nname = {a = 1}"}) {
    const std::string error = error_of(toml);
    EXPECT_THAT(error, HasSubstr("payswitch.toml line ")) << toml;
  }
  EXPECT_EQ(error_of("limits = 5"),
            "limits in payswitch.toml line 1: 5 is not a section; write [limits]");
  EXPECT_EQ(error_of("[processor]\nname = 'a'"),
            "processor in payswitch.toml line 1: write [[processor]] above the keys of each one");
}

TEST_F(LoadTest, TheEdgesOfEachRangeAreAllowedAndOneBeyondIsNot) {
  const auto ok = [this](const std::string& toml) { return load_with(toml).has_value(); };
  EXPECT_TRUE(ok("[limits]\nconnections = 1_000_000\nopen_payments = 100_000_000"));
  EXPECT_FALSE(ok("[limits]\nconnections = 1_000_001"));
  EXPECT_FALSE(ok("[limits]\nopen_payments = 100_000_001"));
  EXPECT_FALSE(ok("[limits]\nopen_payments = 0"));
  EXPECT_TRUE(ok("[journal]\nsegment_size = 1_073_741_824"));
  EXPECT_FALSE(ok("[journal]\nsegment_size = 1_073_741_825"));
  EXPECT_FALSE(ok("[journal]\nsegment_size = 65_535"));
  EXPECT_TRUE(ok("[breaker]\nrest = '100ms'"));
  EXPECT_FALSE(ok("[breaker]\nrest = '99ms'"));
  EXPECT_TRUE(ok(processor(complete + "max_in_flight = 100_000")));
  EXPECT_FALSE(ok(processor(complete + "max_in_flight = 100_001")));
  EXPECT_FALSE(ok(processor(complete + "max_in_flight = 0")));
  EXPECT_TRUE(ok(processor(complete + "attempt_timeout = '10ms'\nhang_up = '1h'")));
  EXPECT_FALSE(ok(processor(complete + "attempt_timeout = '9ms'")));
  EXPECT_FALSE(ok(processor(complete + "hang_up = '3600001ms'")));
  EXPECT_FALSE(ok(processor(complete + "max_processing_time = '999ms'")));
  EXPECT_TRUE(ok(processor(complete + "max_processing_time = '168h'")));
  EXPECT_FALSE(ok(processor(complete + "max_processing_time = '604800001ms'")));
  EXPECT_FALSE(ok(processor(complete + "dialect = 'klingon'")));
  EXPECT_FALSE(ok("data = ''"));
}

TEST_F(LoadTest, ARedisUrlMakesTheSharedStore) {
  EXPECT_FALSE(load_with("[store]\nurl = ''")->is_shared());
  environment_["REDIS_URL"] = "redis://user:secret@a:7000/3";
  const auto config = load_with("");
  ASSERT_TRUE(config);
  EXPECT_TRUE(config->is_shared());
  EXPECT_EQ(config->redis.address.host, "a");
  EXPECT_EQ(config->redis.address.port, 7000);
  EXPECT_EQ(config->redis.address.database, 3u);
  EXPECT_THAT(to_toml(*config), Not(HasSubstr("secret")));
  EXPECT_THAT(error_of("[store]\nurl = 'http://a'"), HasSubstr("store.url"));
}

TEST_F(LoadTest, PaymentsAreKeptInOnePlace) {
  environment_["REDIS_URL"] = "redis://a";
  EXPECT_TRUE(load_with(""));
  EXPECT_EQ(error_of("data = 'b'"),
            "data and store.url are both set: payments are kept in one place");
}

TEST_F(LoadTest, WhatIsNotTomlNamesTheLine) {
  EXPECT_THAT(error_of("data = 'a'\nlisten = \n"), HasSubstr("payswitch.toml line 2: "));
  EXPECT_THAT(error_of("data = 'a'\ndata = 'b'\n"), HasSubstr("payswitch.toml line 2: "));
  EXPECT_THAT(error_of("a = \"\xff\""), HasSubstr("payswitch.toml line 1: "));
}

TEST_F(LoadTest, AFileThatCannotBeReadIsNamed) {
  EXPECT_EQ(error_of("", {"--config", "/nowhere/payswitch.toml"}),
            "cannot read '/nowhere/payswitch.toml': No such file or directory");
  EXPECT_EQ(error_of("", {"--config", directory_}).substr(0, 11), "cannot read");
}

TEST_F(LoadTest, AFileIsReadUpToItsLimitAndNotOneByteBeyond) {
  const std::string toml = "#" + std::string(max_file_bytes - 1, 'x');
  EXPECT_TRUE(load_with(toml));
  EXPECT_THAT(error_of(toml + "x"), HasSubstr("is longer than 1048576 bytes"));
}

TEST_F(LoadTest, AnErrorIsOneLineWhateverItQuotes) {
  const std::string error = error_of("durability = \"a\\nb\\u001b[31m\"");
  EXPECT_EQ(error,
            "durability in payswitch.toml line 1: 'a\\nb\\x1b[31m' is not one of fsync, os, "
            "memory");
  EXPECT_EQ(error_of("\"a\\nb\" = 1").find('\n'), std::string::npos);
}

}  // namespace
}  // namespace payswitch::config
