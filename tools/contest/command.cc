#include "tools/contest/command.h"

#include "tools/load/machine.h"
#include "tools/load/report_file.h"

namespace payswitch::lab::contest {

std::expected<bool, std::string> run(const Options& options) {
  load::allow_many_files();
  const auto report = Contest(options.contestants, make_schedule(options.scale)).run();
  if (!report) return std::unexpected(report.error());
  if (auto told = load::tell(to_text(*report), to_json(*report), options.json); !told) {
    return std::unexpected(told.error());
  }
  return passed(*report);
}

}  // namespace payswitch::lab::contest
