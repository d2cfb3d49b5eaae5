#pragma once

#include <expected>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "payment/money.h"
#include "payment/processor_number.h"
#include "store/options.h"

// The same name is the same place (PROTOCOL 3.3): what is configured against what a store keeps.
// Pure.
namespace payswitch::store {

// 1 to max_origin_bytes of printable ASCII without spaces, quotes and backslashes.
bool is_origin(std::string_view text);

struct KeptOrigin {
  payment::ProcessorNumber processor = payment::no_processor;
  std::string origin;
};

// What is to be kept from now on, and what is to be said of it.
struct OriginPlan {
  std::vector<KeptOrigin> to_keep;
  std::vector<std::string> infos;
  std::vector<std::string> warnings;
};

// What a store keeps. Index: ProcessorNumber.
struct KnownOrigins {
  std::span<const std::string> names;
  std::span<const std::string> origins;        // may be shorter; empty: none is kept
  std::span<const payment::Total> unanswered;  // payments whose last intent has no answer; likewise
  std::size_t named_before = 0;                // so many of the names were there before this start
};

// An error is one line for a person: a processor is elsewhere, and what was sent to it may be in
// the books of the place where it was. Every configured processor has a name there.
std::expected<OriginPlan, std::string> plan_origins(const Options& options,
                                                    const KnownOrigins& known);

// That line.
std::string elsewhere(std::string_view name, std::string_view kept, std::string_view configured,
                      const payment::Total& unanswered);

}  // namespace payswitch::store
