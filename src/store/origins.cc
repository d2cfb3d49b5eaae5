#include "store/origins.h"

#include <fmt/format.h>

#include <algorithm>
#include <cassert>

namespace payswitch::store {

bool is_origin(std::string_view text) {
  return !text.empty() && text.size() <= max_origin_bytes && std::ranges::all_of(text, [](char c) {
    return c > ' ' && c <= '~' && c != '"' && c != '\\';
  });
}

std::string elsewhere(std::string_view name, std::string_view kept, std::string_view configured,
                      const payment::Total& unanswered) {
  return fmt::format(
      "processor '{}' is configured at {}, but was at {} when {} of {} without an answer {} sent "
      "to it: another processor would charge them again. Configure it at {}, or start with --moved "
      "{} if both places have the same books",
      name, configured, kept,
      unanswered.count == 1 ? "a payment" : fmt::format("{} payments", unanswered.count),
      unanswered.amount(), unanswered.count == 1 ? "was" : "were", kept, name);
}

namespace {

template <class T>
T at_or(std::span<const T> values, std::size_t index) {
  return index < values.size() ? values[index] : T{};
}

}  // namespace

std::expected<OriginPlan, std::string> plan_origins(const Options& options,
                                                    const KnownOrigins& known) {
  OriginPlan plan;
  for (const Place& place : options.processors) {
    if (place.origin.empty()) continue;
    if (!is_origin(place.origin)) {
      return std::unexpected(fmt::format(
          "processor '{}' has an origin that is not 1 to {} bytes of printable ASCII: {}",
          place.name, max_origin_bytes, place.origin));
    }
    const auto number =
        static_cast<std::size_t>(std::ranges::find(known.names, place.name) - known.names.begin());
    assert(number < known.names.size());
    const auto kept = at_or(known.origins, number);
    if (kept == place.origin) continue;
    plan.to_keep.push_back({static_cast<payment::ProcessorNumber>(number), place.origin});
    if (kept.empty()) {
      if (number < known.named_before) {
        plan.infos.push_back(
            fmt::format("processor '{}' is at {}: kept from now on", place.name, place.origin));
      }
      continue;
    }
    const auto unanswered = at_or(known.unanswered, number);
    if (std::ranges::find(options.moved, place.name) != options.moved.end()) {
      plan.infos.push_back(fmt::format(
          "processor '{}' has moved from {} to {}: its books are the same, the operator "
          "says; {} payments of {} are without an answer there",
          place.name, kept, place.origin, unanswered.count, unanswered.amount()));
    } else if (unanswered.count > 0) {
      return std::unexpected(elsewhere(place.name, kept, place.origin, unanswered));
    } else {
      plan.warnings.push_back(fmt::format(
          "processor '{}' is at {} now, and was at {}: nothing is without an answer there, so it "
          "is taken for another place of that name",
          place.name, place.origin, kept));
    }
  }
  return plan;
}

}  // namespace payswitch::store
