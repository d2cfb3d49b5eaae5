#include "app/audit.h"

#include <fmt/format.h>

#include "app/caller.h"
#include "platform/linux/real.h"
#include "reconcile/exit_code.h"
#include "reconcile/report.h"
#include "store/embedded/check/directory_check.h"
#include "store/embedded/check/report.h"
#include "text/one_line.h"

namespace payswitch::app {

namespace {

using namespace payswitch::reconcile;
namespace check = store::embedded::check;

int fail(const std::string& line, std::ostream& err) {
  err << "payswitch: " << text::on_one_line(line) << '\n';
  return exit_could_not_ask;
}

int audit_directory(const Options& options, platform::Progress& progress, std::ostream& out,
                    std::ostream& err) {
  const std::string& directory = *options.data;
  auto files = check::open_files(directory);
  if (!files) return fail(files.error().message(), err);
  auto report = check::check_directory(**files, progress);
  if (!report) return fail(fmt::format("{}: {}", directory, report.error()), err);
  if (options.processors) report->unasked = check::unasked_of(*report, *options.processors);
  out << (options.json ? check::to_json(*report, directory) : check::to_text(*report, directory));
  return exit_code(report->discrepancy_count, report->unasked);
}

int audit_switch(const Options& options, const platform::Clock& clock, platform::Progress& progress,
                 std::ostream& out, std::ostream& err) {
  Caller caller(clock);
  const std::string& url = *options.url;
  Reconciler live(Queries([&caller](const Question& question) { return caller.ask(question); }, url,
                          options.token),
                  options.live, progress);
  const auto report = live.run();
  if (!report) return fail(report.error(), err);
  out << (options.json ? to_json(*report, url) : to_text(*report, url));
  return exit_code(report->discrepancies.size(), report->unasked);
}

}  // namespace

int audit(const Options& options, std::ostream& out, std::ostream& err) {
  const auto clock = platform::make_real_clock();
  platform::Progress progress(*clock,
                              [&err](const std::string& line) { err << line << std::endl; });
  return options.data ? audit_directory(options, progress, out, err)
                      : audit_switch(options, *clock, progress, out, err);
}

}  // namespace payswitch::app
