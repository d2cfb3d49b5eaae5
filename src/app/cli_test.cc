#include "app/cli.h"

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

namespace payswitch::app {
namespace {

using testing::HasSubstr;
using testing::Not;
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
        .memory = [] { return platform::MemoryLimit{320ull << 20, "cgroup"}; },
        .serve =
            [this](const config::Config& config, std::string_view version) {
              served_ = config.data + " " + std::string(version);
              return 7;
            },
        .audit =
            [this](const reconcile::Options& options, std::ostream&, std::ostream&) {
              audited_ = options;
              return 1;
            },
        .out = out_,
        .err = err_};
    return app::run(arguments, process);
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
  std::optional<reconcile::Options> audited_;
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

TEST_F(CliTest, CheckSaysHowManyPaymentsMayBeOpenAndWhy) {
  EXPECT_EQ(run({"check", file("")}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("\n# At most 671088 payments may be open, from 320 MiB of "
                                    "memory (cgroup).\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("Warning")));
  EXPECT_EQ(run({"check", file("[limits]\nopen_payments = 671088\n")}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("\n# At most 671088 payments may be open, as configured.\n"));
  EXPECT_THAT(out_.str(), Not(HasSubstr("Warning")));
  EXPECT_EQ(run({"check", file("[limits]\nopen_payments = 671089\n")}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("\n# Warning: limits.open_payments is 671089, but half of "));
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

TEST_F(CliTest, AuditRunsWithItsFlagsAndReturnsItsCode) {
  EXPECT_EQ(run({"audit", "--data", "books", "--json"}), 1);
  EXPECT_EQ(audited_->data, "books");
  EXPECT_TRUE(audited_->json);
  EXPECT_EQ(run({"audit", "--data", "books", "--processors", "a,b"}), 1);
  EXPECT_EQ(audited_->processors, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(run({"audit", "--url=http://a", "--to", "2025-07-08T12:34:56.7891Z", "--last", "10m",
                 "--grain", "1ms"}),
            1);
  EXPECT_EQ(audited_->url, "http://a");
  EXPECT_EQ(payment::format_iso8601(*audited_->live.to), "2025-07-08T12:34:56.789Z");
  EXPECT_EQ(audited_->live.last, std::chrono::minutes(10));
  EXPECT_EQ(audited_->live.grain, std::chrono::milliseconds(1));
  EXPECT_EQ(audited_->token, "123");
  EXPECT_EQ(run({"audit", "--url", "http://a", "--from", "2025-07-08T12:34:56.7891Z"}), 1);
  EXPECT_EQ(payment::format_iso8601(*audited_->live.from), "2025-07-08T12:34:56.790Z");
}

TEST_F(CliTest, TheAuditsTokenIsOfAFileElseOfTheEnvironment) {
  environment_["PROCESSOR_TOKEN"] = "of-environment";
  EXPECT_EQ(run({"audit", "--url", "http://a"}), 1);
  EXPECT_EQ(audited_->token, "of-environment");
  const std::string path = file("of-file\n");
  EXPECT_EQ(run({"audit", "--url", "http://a", "--token-file", path}), 1);
  EXPECT_EQ(audited_->token, "of-file");
  EXPECT_EQ(run({"audit", "--url", "http://a", "--token-file", file("a\tb")}), exit_usage);
  EXPECT_EQ(run({"audit", "--url", "http://a", "--token-file", directory_ + "/no"}), exit_usage);
  EXPECT_THAT(err_.str(), HasSubstr("--token-file: cannot read a token from '"));
}

TEST_F(CliTest, AnAuditWithABadFlagIsOneLineAndNothingRuns) {
  const auto refused = [&](const std::vector<std::string_view>& flags) {
    std::vector<std::string_view> arguments{"audit"};
    arguments.insert(arguments.end(), flags.begin(), flags.end());
    EXPECT_EQ(run(arguments), exit_usage);
    EXPECT_FALSE(audited_);
    return err_.str();
  };
  EXPECT_EQ(refused({"--dat", "x"}), "payswitch: unknown flag '--dat'; did you mean '--data'?\n");
  EXPECT_EQ(refused({"--data"}), "payswitch: --data takes DIR\n");
  EXPECT_EQ(refused({"--data", "x", "--json=yes"}), "payswitch: --json takes no value\n");
  EXPECT_THAT(refused({}), StartsWith("payswitch: audit needs --data DIR or --url SWITCH"));
  EXPECT_THAT(refused({"--data", "x", "--url", "y"}), HasSubstr("not both"));
  EXPECT_THAT(refused({"--data", "x", "--last", "1m"}), HasSubstr("go with --url"));
  EXPECT_THAT(refused({"--url", "x", "--processors", "a"}), HasSubstr("goes with --data"));
  EXPECT_THAT(refused({"--data", "x", "--processors", "a,,b"}), HasSubstr("is not a list"));
  EXPECT_THAT(refused({"--url", "x", "--last", "1m", "--from", "2025-07-08T12:34:56Z"}),
              HasSubstr("not both"));
  EXPECT_THAT(refused({"--url", "x", "--to", "now"}), HasSubstr("--to: 'now' is not an ISO 8601"));
  EXPECT_THAT(refused({"--url", "x", "--grain", "0s"}), HasSubstr("a time above 0"));
}

TEST_F(CliTest, AuditHelpListsTheFlagsAndNothingRuns) {
  EXPECT_EQ(run({"audit", "--data", "x", "--help"}), exit_ok);
  EXPECT_THAT(out_.str(), HasSubstr("\n  --token-file FILE "));
  EXPECT_FALSE(audited_);
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
}  // namespace payswitch::app
