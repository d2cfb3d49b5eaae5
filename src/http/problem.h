#pragma once

#include <span>
#include <string>
#include <string_view>

#include "http/message.h"

namespace payswitch::http {

inline constexpr std::string_view problem_content_type = "application/problem+json";

// An error for a client to read: RFC 9457 application/problem+json. `type` is stable: clients may
// switch on it ("urn:payswitch:problem:<slug>").
struct Problem {
  unsigned status = 400;
  std::string_view slug;   // "invalid-field", "too-large", ...
  std::string_view title;  // the same for every problem of the type
  std::string detail;      // what is wrong with this request; may be empty
  std::string_view field;  // the field at fault; empty when none is
};

// {"type":"urn:payswitch:problem:invalid-field","title":…,"status":400,"detail":…,"field":"amount"}
std::string to_json(const Problem& problem);

// Answers with the problem, and with `fields` beside it (Allow, Retry-After).
void respond_with_problem(Responder respond, const Problem& problem,
                          std::span<const Field> fields = {});

}  // namespace payswitch::http
