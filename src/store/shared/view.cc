#include "store/shared/view.h"

#include <algorithm>
#include <limits>
#include <map>
#include <string_view>

#include "text/number.h"

namespace payswitch::store::shared {

namespace {

constexpr std::int64_t last_time = 253'402'300'799'999;  // of the year 9999
constexpr std::int64_t last_processor = payment::max_processors - 1;
constexpr auto last_outcome = static_cast<std::int64_t>(payment::Outcome::released);
constexpr std::int64_t most_attempts = std::numeric_limits<std::uint32_t>::max();

// The fields of a hash. Another program may have written there: a number that cannot be is read as
// the least that it may be, and remembered.
class Fields {
 public:
  explicit Fields(const payswitch::redis::Reply& reply) {
    for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
      fields_[reply.elements[i].text] = reply.elements[i + 1].text;
    }
  }

  bool has(std::string_view name) const { return fields_.contains(name); }
  std::string_view text(std::string_view name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? std::string_view() : found->second;
  }

  // Of a field that is not there: 0.
  std::int64_t number(std::string_view name, std::int64_t most) {
    return has(name) ? parse(text(name), most) : 0;
  }
  std::int64_t parse(std::string_view text, std::int64_t most) {
    const auto number = text::parse_number<std::int64_t>(text, 0, most);
    if (!number) are_sound_ = false;
    return number.value_or(0);
  }
  payment::ProcessorNumber processor(std::string_view name) {
    return static_cast<payment::ProcessorNumber>(number(name, last_processor));
  }
  payment::UtcMs time(std::string_view name) { return {number(name, last_time)}; }
  payment::Money money(std::string_view name) {
    return payment::Money::from_cents(number(name, payment::Money::max_cents));
  }

  bool are_sound() const { return are_sound_; }

 private:
  std::map<std::string_view, std::string_view> fields_;
  bool are_sound_ = true;
};

std::string_view cut(std::string_view& text, char until) {
  const auto end = std::min(text.find(until), text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

// "number:processor:requestedAt:reason;" for each.
std::vector<AttemptView> refused_attempts(Fields& fields) {
  std::vector<AttemptView> attempts;
  std::string_view history = fields.text("h");
  while (!history.empty()) {
    std::string_view entry = cut(history, ';');
    AttemptView attempt;
    attempt.number = static_cast<std::uint32_t>(fields.parse(cut(entry, ':'), most_attempts));
    attempt.processor =
        static_cast<payment::ProcessorNumber>(fields.parse(cut(entry, ':'), last_processor));
    attempt.requested_at = {fields.parse(cut(entry, ':'), last_time)};
    attempt.outcome = static_cast<payment::Outcome>(fields.parse(entry, last_outcome));
    attempts.push_back(attempt);
  }
  return attempts;
}

}  // namespace

std::expected<std::optional<PaymentView>, Unsound> view_of(const payment::CorrelationId& id,
                                                           const payswitch::redis::Reply& reply) {
  Fields fields(reply);
  if (!fields.has("a")) return std::nullopt;
  PaymentView view;
  view.id = id;
  view.amount = fields.money("a");
  view.state = static_cast<payment::State>(fields.number("s", payment::state_count - 1));
  view.accepted_at = fields.time("t");
  view.attempts_made = static_cast<std::uint32_t>(fields.number("n", most_attempts));
  view.attempts = refused_attempts(fields);
  const bool is_settled = view.state == payment::State::settled;
  if (view.attempts_made > 0) {
    view.processor = fields.processor("p");
    view.requested_at = fields.time("q");
    if (view.attempts.empty() || view.attempts.back().number != view.attempts_made) {
      view.attempts.push_back({.number = view.attempts_made,
                               .processor = view.processor,
                               .requested_at = *view.requested_at,
                               .outcome = {}});
    }
  }
  if (view.attempts.size() > max_attempts_remembered) view.attempts.erase(view.attempts.begin());
  if (is_settled) {
    view.processor = fields.processor("x");
    view.requested_at = fields.time("y");
    view.settled_at = fields.time("d");
    view.booked_amount = fields.money(fields.has("b") ? "b" : "a");
    view.finding = fields.has("f");
    if (!view.attempts.empty()) view.attempts.back().outcome = payment::Outcome::taken;
  }
  if (!fields.are_sound()) return std::unexpected(Unsound{});
  return view;
}

std::size_t names_needed(const PaymentView& view) {
  std::size_t needed = 0;
  const auto need = [&](payment::ProcessorNumber number) {
    if (number != payment::no_processor) needed = std::max<std::size_t>(needed, number + 1u);
  };
  need(view.processor);
  for (const AttemptView& attempt : view.attempts) need(attempt.processor);
  return needed;
}

}  // namespace payswitch::store::shared
