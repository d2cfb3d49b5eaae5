#include <algorithm>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "app/audit.h"
#include "app/cli.h"
#include "app/serve.h"
#include "platform/memory.h"
#include "text/one_line.h"

namespace {

constexpr int exit_bug = 70;  // EX_SOFTWARE

std::optional<std::string> environment(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) return std::nullopt;
  return value;
}

payswitch::platform::MemoryLimit memory() {
  return payswitch::platform::memory_limit(payswitch::platform::read_memory_facts());
}

}  // namespace

int main(int count, char** arguments) try {
  const std::vector<std::string_view> given(arguments + 1, arguments + std::max(count, 1));
  return payswitch::app::run(given, {.version = PAYSWITCH_VERSION,
                                     .environment = environment,
                                     .memory = memory,
                                     .serve = payswitch::app::serve,
                                     .audit = payswitch::app::audit,
                                     .out = std::cout,
                                     .err = std::cerr});
} catch (const std::exception& error) {
  const std::string what = payswitch::text::on_one_line(error.what());
  std::cerr << "payswitch: this should not happen: " << what << '\n';
  return exit_bug;
}
