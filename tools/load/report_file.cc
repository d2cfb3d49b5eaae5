#include "tools/load/report_file.h"

#include <fmt/format.h>

#include <cstdio>
#include <fstream>

namespace payswitch::lab::load {

std::expected<void, std::string> tell(const std::string& text, const std::string& json,
                                      const std::string& file) {
  fmt::print("{}", file == "-" ? json : text);
  std::fflush(stdout);
  if (file.empty() || file == "-") return {};
  std::ofstream stream(file);
  stream << json << std::flush;
  if (stream) return {};
  return std::unexpected("cannot write " + file);
}

}  // namespace payswitch::lab::load
