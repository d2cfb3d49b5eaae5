#include "store/shared/cluster/finality.h"

#include <algorithm>

#include "text/number.h"

namespace payswitch::store::shared {

void Finality::heard(payment::UtcMs ours, const Next& others, platform::Instant now) {
  if (!since_ || now - last_ >= lease_) since_ = now;
  last_ = now;
  ours_ = ours;
  for (const auto& [name, next] : others) {
    Other& other = others_[name];
    other.next = std::max(other.next, next);
    other.gone.reset();
  }
  for (auto& [name, other] : others_) {
    if (!others.contains(name) && !other.gone) other.gone = now;
  }
  std::erase_if(others_, [&](const auto& entry) {
    const auto& gone = entry.second.gone;
    return gone && now - *gone >= lease_;
  });
}

Finality::Next said_by_others(const std::vector<std::string>& living, const std::string& ours,
                              const payswitch::redis::Reply& news) {
  Finality::Next others;
  for (const std::string& name : living) {
    if (name != ours) others[name] = {};
  }
  for (std::size_t i = 0; i + 1 < news.elements.size(); i += 2) {
    const auto other = others.find(news.elements[i].text);
    const std::string_view said = news.elements[i + 1].text;
    // One of an older version says nothing of it: its run is the third word.
    if (other == others.end() || std::ranges::count(said, ' ') != 3) continue;
    auto next = said.substr(said.find(' ', said.find(' ') + 1) + 1);
    other->second.value = text::take_number<std::int64_t>(next).value_or(0);
  }
  return others;
}

std::optional<payment::UtcMs> Finality::until() const {
  if (!since_ || last_ - *since_ < lease_) return std::nullopt;
  payment::UtcMs least = ours_;
  for (const auto& [name, other] : others_) least = std::min(least, other.next);
  if (least.value <= 0) return std::nullopt;
  return payment::UtcMs{least.value - 1};
}

}  // namespace payswitch::store::shared
