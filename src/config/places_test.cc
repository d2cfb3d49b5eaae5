#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "config/config.h"

// Where processors are, as the store keeps it.
namespace payswitch::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Places : public testing::Test {
 protected:
  Places() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-places-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
    file_ = directory_ + "/payswitch.toml";
  }
  ~Places() override { std::filesystem::remove_all(directory_); }

  std::expected<Config, std::string> load_with(const std::string& toml,
                                               std::vector<std::string_view> flags = {}) {
    std::ofstream(file_) << toml;
    flags.insert(flags.end(), {"--config", file_});
    return load(flags, [](const std::string&) { return std::nullopt; });
  }
  std::string error_of(const std::string& toml, std::vector<std::string_view> flags = {}) {
    const auto config = load_with(toml, std::move(flags));
    return config ? "loaded" : config.error();
  }

  std::string directory_;
  std::string file_;
};

std::vector<std::string> origins_of(const Config& config) {
  std::vector<std::string> origins;
  for (const store::Place& place : config.store.processors) origins.push_back(place.origin);
  return origins;
}

TEST_F(Places, AnOriginIsTheUrlInOneSpelling) {
  const auto origin_of = [&](const std::string& url) {
    return origins_of(
               load_with("[[processor]]\nname = 'a'\nfee = 0.05\nurl = '" + url + "'\n").value())
        .at(0);
  };
  EXPECT_EQ(origin_of("http://Some.Host"), "http://some.host:80");
  EXPECT_EQ(origin_of("HTTP://some.host:80/"), "http://some.host:80");
  EXPECT_EQ(origin_of("http://a:8001/Pay/"), "http://a:8001/Pay");
  EXPECT_EQ(origin_of("http://[::1]:9"), "http://[::1]:9");
}

TEST_F(Places, AnOriginHasUpToFourHundredBytes) {
  const auto toml = [](std::size_t size) {
    return "[[processor]]\nname = 'a'\nfee = 0.05\nurl = 'http://a:1/" +
           std::string(size - std::string("http://a:1/").size(), 'x') + "'\n";
  };
  EXPECT_EQ(origins_of(load_with(toml(400)).value()).at(0).size(), 400u);
  EXPECT_THAT(error_of(toml(401)), HasSubstr("the URL of processor 'a'"));
  EXPECT_THAT(error_of(toml(401)), HasSubstr("at most 400 bytes"));
}

TEST_F(Places, MovedNamesConfiguredProcessorsAndMayBeGivenSeveralTimes) {
  const std::string two =
      "[[processor]]\nname = 'one'\nurl = 'http://a'\nfee = 0.05\n"
      "[[processor]]\nname = 'two'\nurl = 'http://b'\nfee = 0.05\n";
  EXPECT_THAT(load_with(two).value().store.moved, testing::IsEmpty());
  EXPECT_THAT(load_with(two, {"--moved", "one", "--moved=two"}).value().store.moved,
              ElementsAre("one", "two"));
  EXPECT_THAT(load_with("moved = 'two,one'\n" + two).value().store.moved,
              ElementsAre("two", "one"));
  EXPECT_EQ(error_of(two, {"--moved", "tow"}),
            "moved: no processor 'tow' is configured; did you mean 'two'?");
}

}  // namespace
}  // namespace payswitch::config
