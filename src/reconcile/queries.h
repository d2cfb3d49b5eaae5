#pragma once

#include <array>
#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "books/books.h"
#include "payment/correlation_id.h"
#include "payment/money.h"
#include "payment/state.h"
#include "payment/time.h"
#include "processor/wire.h"
#include "reconcile/ask.h"
#include "store/unasked.h"

namespace payswitch::reconcile {

struct ProcessorAt {
  std::string name;
  std::string url;
};

struct ListedProcessors {
  std::vector<ProcessorAt> configured;
  std::vector<store::UnaskedAt> unasked;
};

// A payment as the switch lists it.
struct ListedPayment {
  struct Attempt {
    std::string processor;
    payment::UtcMs requested_at;
    bool is_answered = false;  // false: in flight, or unknown

    bool operator==(const Attempt&) const = default;
  };

  payment::CorrelationId id;
  payment::State state = payment::State::accepted;
  payment::Money amount;  // of a settled one what was booked
  std::string processor;  // of the last attempt or settlement; empty: none
  payment::UtcMs requested_at;
  std::vector<Attempt> attempts;

  bool is_settled_at(const std::string& name) const {
    return state == payment::State::settled && processor == name;
  }
  // Its last intent is there and nothing has been said of it: it may be in those books.
  bool may_be_at(const std::string& name) const {
    return state != payment::State::settled && !attempts.empty() &&
           attempts.back().processor == name && !attempts.back().is_answered;
  }
};

// How many payments are in each state: what the switch's metrics say. Index: payment::State.
using States = std::array<std::uint64_t, payment::state_count>;

// The questions of an audit, and the reading of their answers. Each waits for its answer; an error
// is one line for a person.
class Queries {
 public:
  template <class T>
  using Result = std::expected<T, std::string>;

  // `token` opens the processors' /admin/.
  Queries(Ask ask, std::string url, std::string token)
      : ask_(std::move(ask)), url_(std::move(url)), token_(std::move(token)) {}

  // -- of the switch ---------------------------------------------------------------------------
  Result<payment::UtcMs> time();
  Result<ListedProcessors> processors();
  Result<std::map<std::string, payment::Total>> summary(const books::Window& window);
  // All pages, sorted by id, each payment once.
  Result<std::vector<ListedPayment>> payments(const books::Window& window);
  Result<States> states();

  // -- of a processor --------------------------------------------------------------------------
  Result<payment::Total> summary(const ProcessorAt& processor, const books::Window& window);
  // nullopt: it is not in its books.
  Result<std::optional<processor::BookEntry>> entry(const ProcessorAt& processor,
                                                    const payment::CorrelationId& id);

 private:
  Result<std::string> get(const Question& question);

  Ask ask_;
  std::string url_;
  std::string token_;
};

// "1234567.80" as cents: digits and at most one point, two places and zeros behind them, at most 30
// digits. nullopt for anything else.
std::optional<__int128> parse_cents(std::string_view text);

}  // namespace payswitch::reconcile
