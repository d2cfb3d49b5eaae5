#include "processor/dialect.h"

#include <algorithm>
#include <array>

namespace payswitch::processor {

namespace {

using enum AnswerRule::Body;
using payment::Outcome;

constexpr std::array rinha_answers = {
    AnswerRule{200, any, Outcome::taken},
    AnswerRule{422, any, Outcome::already_booked},
    // The failure switch answers with an empty body. A body means that the database failed,
    // possibly after the commit: not listed, so unknown.
    AnswerRule{500, empty, Outcome::refused},
    AnswerRule{429, any, Outcome::throttled},
    AnswerRule{400, any, Outcome::our_fault},
    AnswerRule{413, any, Outcome::our_fault},
    AnswerRule{415, any, Outcome::our_fault},
    AnswerRule{401, any, Outcome::misconfigured},
    AnswerRule{403, any, Outcome::misconfigured},
    AnswerRule{404, any, Outcome::misconfigured},
    AnswerRule{405, any, Outcome::misconfigured},
};

constexpr Dialect rinha = {"rinha", rinha_answers};

}  // namespace

const Dialect* find_dialect(std::string_view name) {
  return name == rinha.name ? &rinha : nullptr;
}

Outcome read_answer(const Dialect& dialect,
                    const std::expected<http::Answer, http::Failure>& answer) {
  if (!answer) {
    return answer.error() == http::Failure::not_sent ? Outcome::not_sent : Outcome::unknown;
  }
  const bool is_empty = answer->body.empty() && answer->is_framed;
  const auto rule = std::ranges::find_if(dialect.answers, [&](const AnswerRule& row) {
    return row.status == answer->status && (row.body == any || is_empty);
  });
  return rule == dialect.answers.end() ? Outcome::unknown : rule->outcome;
}

}  // namespace payswitch::processor
