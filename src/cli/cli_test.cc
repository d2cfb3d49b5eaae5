#include "cli/cli.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

namespace payswitch::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class CliTest : public testing::Test {
 protected:
  CliTest() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "payswitch-cli-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) std::abort();
    directory_ = pattern;
  }
  ~CliTest() override { std::filesystem::remove_all(directory_); }

  int run(const std::vector<std::string_view>& arguments) {
    out_.str("");
    err_.str("");
    const Process process{
        .version = "1.2.3",
        .environment = [this](const std::string& name) -> std::optional<std::string> {
          const auto found = environment_.find(name);
          if (found == environment_.end()) return std::nullopt;
          return found->second;
        },
        .serve =
            [this](const config::Config& config, std::string_view version) {
              served_ = config.data + " " + std::string(version);
              return 7;
            },
        .out = out_,
        .err = err_};
    return cli::run(arguments, process);
  }

  std::string file(const std::string& content) {
    const std::string path = directory_ + "/payswitch.toml";
    std::ofstream(path) << content;
    return path;
  }

  std::string directory_;
  std::map<std::string, std::string> environment_;
  std::ostringstream out_;
  std::ostringstream err_;
  std::string served_;
};

TEST_F(CliTest, ServeRunsTheSwitchWithItsConfigurationAndReturnsItsCode) {
  environment_["DATA"] = "from-environment";
  EXPECT_EQ(run({"serve", "--patience", "1s"}), 7);
  EXPECT_EQ(served_, "from-environment 1.2.3");
  EXPECT_EQ(run({"serve", "--data", "from-flag"}), 7);
  EXPECT_EQ(served_, "from-flag 1.2.3");
}

TEST_F(CliTest, ServeWithABadFlagIsOneLineAndNothingRuns) {
  EXPECT_EQ(run({"serve", "--dat", "x"}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: unknown flag '--dat'; did you mean '--data'?\n");
  EXPECT_EQ(served_, "");
}

TEST_F(CliTest, ServeHelpListsTheFlagsAndNothingRuns) {
  EXPECT_EQ(run({"serve", "--data", "x", "--help"}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("--limits.connections"));
  EXPECT_EQ(served_, "");
}

TEST_F(CliTest, CheckPrintsWhatServeWouldRunWith) {
  const std::string path = file("[[processor]]\nname = 'a'\nurl = 'http://a'\nfee = 0.05\n");
  environment_["PATIENCE"] = "5s";
  EXPECT_EQ(run({"check", path}), exit_ok);
  EXPECT_THAT(out_.str(), StartsWith("# What `payswitch serve --config " + path + "` runs with"));
  EXPECT_THAT(out_.str(), HasSubstr("\npatience = \"5s\"\n"));
  EXPECT_THAT(out_.str(), HasSubstr("\n[[processor]]\nname = \"a\"\n"));
  EXPECT_EQ(err_.str(), "");
  EXPECT_EQ(served_, "");
}

TEST_F(CliTest, CheckSaysWhenThereAreNoProcessors) {
  const std::string path = file("log = 'json'\n");
  EXPECT_EQ(run({"check", path}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("\n# There are no processors"));
}

TEST_F(CliTest, CheckOfABadFileIsOneLine) {
  const std::string path = file("patiance = '1s'\n");
  EXPECT_EQ(run({"check", path}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: unknown option 'patiance' in " + path +
                            " line 1; did you mean 'patience'?\n");
  EXPECT_EQ(out_.str(), "");
}

TEST_F(CliTest, CheckTakesOneFile) {
  EXPECT_EQ(run({"check"}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: check takes one file: payswitch check FILE\n");
  EXPECT_EQ(run({"check", "a", "b"}), exit_usage);
}

TEST_F(CliTest, VersionAndHelpGoToStandardOutput) {
  EXPECT_EQ(run({"--version"}), exit_ok);
  EXPECT_EQ(out_.str(), "payswitch 1.2.3\n");
  for (const char* flag : {"--help", "-h"}) {
    EXPECT_EQ(run({flag}), exit_ok);
    EXPECT_THAT(out_.str(), StartsWith("Usage: payswitch COMMAND\n"));
  }
  EXPECT_EQ(run({"check", "--help"}), exit_ok);
  EXPECT_EQ(err_.str(), "");
}

TEST_F(CliTest, AnUnknownCommandIsOneLine) {
  EXPECT_EQ(run({"serv"}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: unknown command 'serv'; did you mean 'serve'?\n");
  EXPECT_EQ(run({"teapot\n"}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: unknown command 'teapot\\n'; see payswitch --help\n");
  EXPECT_EQ(run({}), exit_usage);
  EXPECT_EQ(err_.str(), "payswitch: no command; see payswitch --help\n");
  EXPECT_EQ(out_.str(), "");
}

}  // namespace
}  // namespace payswitch::cli
