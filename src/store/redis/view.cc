#include "store/redis/view.h"

#include <charconv>
#include <map>
#include <string_view>

namespace payswitch::store::redis {

namespace {

std::int64_t number_of(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

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
  std::int64_t number(std::string_view name) const { return number_of(text(name)); }

 private:
  std::map<std::string_view, std::string_view> fields_;
};

std::string_view cut(std::string_view& text, char until) {
  const auto end = std::min(text.find(until), text.size());
  const std::string_view piece = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return piece;
}

// "number:processor:requestedAt:reason;" for each.
std::vector<AttemptView> refused_attempts(std::string_view history) {
  std::vector<AttemptView> attempts;
  while (!history.empty()) {
    std::string_view entry = cut(history, ';');
    AttemptView attempt;
    attempt.number = static_cast<std::uint32_t>(number_of(cut(entry, ':')));
    attempt.processor = static_cast<payment::ProcessorNumber>(number_of(cut(entry, ':')));
    attempt.requested_at = {number_of(cut(entry, ':'))};
    attempt.outcome = static_cast<payment::Outcome>(number_of(entry));
    attempts.push_back(attempt);
  }
  return attempts;
}

}  // namespace

std::optional<PaymentView> view_of(const payment::CorrelationId& id,
                                   const payswitch::redis::Reply& reply) {
  const Fields fields(reply);
  if (!fields.has("a")) return std::nullopt;
  PaymentView view;
  view.id = id;
  view.amount = payment::Money::from_cents(fields.number("a"));
  view.state = static_cast<payment::State>(fields.number("s"));
  view.accepted_at = {fields.number("t")};
  view.attempts_made = static_cast<std::uint32_t>(fields.number("n"));
  view.attempts = refused_attempts(fields.text("h"));
  const bool is_settled = view.state == payment::State::settled;
  if (view.attempts_made > 0) {
    view.processor = static_cast<payment::ProcessorNumber>(fields.number("p"));
    view.requested_at = payment::UtcMs{fields.number("q")};
    if (view.attempts.empty() || view.attempts.back().number != view.attempts_made) {
      view.attempts.push_back({.number = view.attempts_made,
                               .processor = view.processor,
                               .requested_at = *view.requested_at,
                               .outcome = {}});
    }
  }
  if (view.attempts.size() > max_attempts_remembered) view.attempts.erase(view.attempts.begin());
  if (is_settled) {
    view.processor = static_cast<payment::ProcessorNumber>(fields.number("x"));
    view.requested_at = payment::UtcMs{fields.number("y")};
    view.settled_at = payment::UtcMs{fields.number("d")};
    view.booked_amount = payment::Money::from_cents(fields.number(fields.has("b") ? "b" : "a"));
    view.finding = fields.has("f");
    if (!view.attempts.empty()) view.attempts.back().outcome = payment::Outcome::taken;
  }
  return view;
}

}  // namespace payswitch::store::redis
