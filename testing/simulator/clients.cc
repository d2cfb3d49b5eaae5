#include "testing/simulator/clients.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;

constexpr std::uint64_t largest_burst = 200;
constexpr std::size_t most_windows = 20;
// Slips are drawn apart, so that a seed of old plays as it did.
constexpr std::uint64_t slips_apart = 0x5119'5119'5119'5119;
constexpr auto pause_while_paused = milliseconds(10);
constexpr auto pause_between_repeats = milliseconds(20);
constexpr std::size_t repeats_at_once = 20;

}  // namespace

Clients::Clients(World& world, std::uint64_t seed, const FaultPlan& plan, Judge& judge,
                 const Trace& trace, std::uint32_t payments, Process process)
    : world_(world),
      random_(seed),
      slips_(seed ^ slips_apart),
      plan_(plan),
      judge_(judge),
      trace_(trace),
      payments_(payments),
      process_(std::move(process)) {}

void Clients::act() {
  if (is_paused_) {
    world_.after(pause_while_paused, [this] { act(); });
    return;
  }
  const bool bursts = plan_.clients_burst && random_.one_in(100);
  for (auto left = bursts ? random_.below(largest_burst) : 1; left > 0 && !have_paid(); --left) {
    pay_something_new();
  }
  if (have_paid()) return;
  pay_again();
  look_around();
  if (slips_.one_in(32)) make_a_slip();
  const auto pause = plan_.pause_between_payments;
  world_.after(between(random_, milliseconds(0), 2 * pause), [this] { act(); });
}

void Clients::pay_something_new() {
  constexpr std::array<std::int64_t, 3> ranges = {1'990, 1'000'000, payment::Money::max_cents};
  const auto most = static_cast<std::uint64_t>(ranges[random_.below(ranges.size())]);
  const auto cents = static_cast<std::int64_t>(1 + random_.below(most));
  amounts_.push_back(payment::Money::from_cents(cents));
  pay(static_cast<std::uint32_t>(amounts_.size() - 1), amounts_.back());
}

void Clients::pay_again() {
  if (plan_.clients_repeat && random_.one_in(4)) {
    const auto n = somebody();
    pay(n, amounts_[n]);
  }
  if (plan_.clients_contradict && random_.one_in(8)) {
    const auto n = somebody();
    pay(n, payment::Money::from_cents(1 + static_cast<std::int64_t>(random_.below(3'000))));
  }
}

void Clients::repeat(std::vector<std::uint32_t> these) {
  to_repeat_.insert(these.begin(), these.end());
  if (!std::exchange(is_repeating_, true)) repeat_some();
}

// Those that are left, from any place on: one that is refused again and again holds up no other.
void Clients::repeat_some() {
  if (to_repeat_.empty()) {
    is_repeating_ = false;
    return;
  }
  auto next = to_repeat_.lower_bound(static_cast<std::uint32_t>(random_.below(amounts_.size())));
  const auto some = std::min(to_repeat_.size(), repeats_at_once);
  std::vector<std::uint32_t> these;
  while (these.size() < some) {
    if (next == to_repeat_.end()) next = to_repeat_.begin();
    these.push_back(*next++);
  }
  for (const auto n : these) pay(n, amounts_[n]);
  world_.after(pause_between_repeats, [this] { repeat_some(); });
}

void Clients::look_around() {
  if (random_.one_in(8)) ask_for_status(somebody());
  if (random_.one_in(64)) {
    ask_for_status(somebody(), between(random_, milliseconds(1), milliseconds(2'000)));
  }
  if (random_.one_in(128)) ask_for_sums(random_.one_in(2) ? some_told_window() : some_window());
}

// A currency that is not read is never dropped, and a misspelt end of a window never left open.
void Clients::make_a_slip() {
  VirtualSwitch* process = process_();
  if (!process || amounts_.empty()) return;
  const auto refused = [this](std::string_view what) {
    return [this, what](const Received& received) {
      if (received.status == 400) return;
      judge_.accuse(fmt::format("{} was answered {}", what, received.status));
    };
  };
  const auto n = static_cast<std::uint32_t>(slips_.below(amounts_.size()));
  const std::string body = fmt::format(R"({{"correlationId":"{}","amount":{},"currency":"USD"}})",
                                       id_of(n).to_string(), amounts_[n].to_string());
  process->request(http::Method::post, "/payments", body, refused("a payment with a currency"));
  process->request(http::Method::get, "/payments-summary?form=2020-01-01T00:00:00Z", "",
                   refused("a sum from 'form'"));
}

// The newest ones most of all: theirs is in flight.
std::uint32_t Clients::somebody() {
  const auto all = amounts_.size();
  const auto recent = std::min<std::size_t>(all, random_.one_in(4) ? all : 20);
  return static_cast<std::uint32_t>(all - 1 - random_.below(recent));
}

void Clients::pay(std::uint32_t n, payment::Money amount) {
  VirtualSwitch* process = process_();
  if (!process) return;
  trace_.say("client: pay {} {}", n, amount.to_string());
  judge_.sent(n, amount);
  const std::string body = fmt::format(R"({{"correlationId":"{}","amount":{}}})",
                                       id_of(n).to_string(), amount.to_string());
  const bool vanishes = plan_.clients_vanish && random_.one_in(8);
  process->request(http::Method::post, "/payments", body,
                   [this, n, amount, vanishes](const Received& received) {
                     trace_.say("client: {} answered {}{}", n, received.status,
                                received.replayed ? " (replayed)" : "");
                     if (received.status == 202 || received.status == 422) to_repeat_.erase(n);
                     if (!vanishes) judge_.answered_client(n, amount, received);
                   });
}

void Clients::ask_for_status(std::uint32_t n, platform::Duration wait) {
  VirtualSwitch* process = process_();
  if (!process || n >= judge_.payments()) return;
  std::string target = "/payments/" + id_of(n).to_string();
  if (wait.count() > 0) target += fmt::format("?wait={}ms", wait / milliseconds(1));
  process->request(http::Method::get, target, "",
                   [this, n, asked = now(wait.count() > 0)](const Received& received) {
                     judge_.saw_status(n, asked, received);
                   });
}

void Clients::ask_for_sums(const books::Window& window) {
  VirtualSwitch* process = process_();
  if (!process) return;
  std::string target = "/payments-summary?";
  if (window.from != payment::UtcMs::min()) {
    target += "from=" + payment::format_iso8601(window.from) + "&";
  }
  if (window.to != payment::UtcMs::max()) target += "to=" + payment::format_iso8601(window.to);
  process->request(
      http::Method::get, target, "", [this, window, asked = now()](const Received& received) {
        trace_.say("client: sums {} to {}: {}", window.from.value, window.to.value, received.body);
        judge_.saw_summary(window, asked, received);
        if (windows_.size() == most_windows) windows_.erase(windows_.begin());
        windows_.push_back(window);
      });
}

void Clients::ask_by_every_route(bool with_lists) {
  VirtualSwitch* process = process_();
  if (!process) return;
  std::vector<std::string> targets = {"/",        "/healthz",    "/readyz",
                                      "/metrics", "/processors", "/payments-summary"};
  if (with_lists) targets.emplace_back("/payments");
  for (const std::string& target : targets) {
    unanswered_routes_.insert(target);
    process->request(http::Method::get, target, "", [this, target](const Received& received) {
      unanswered_routes_.erase(target);
      if (received.status == 200) return;
      judge_.accuse(fmt::format("GET {} answered {}: {}", target, received.status, received.body));
    });
  }
}

void Clients::expect_every_route_answered() {
  for (const auto& target : unanswered_routes_) judge_.accuse("GET " + target + " got no answer");
}

// Once more what was told before: it may have been final.
books::Window Clients::some_told_window() {
  return windows_.empty() ? some_window() : windows_[random_.below(windows_.size())];
}

// Cut at times that the books know: there a mistake by one millisecond shows.
books::Window Clients::some_window() {
  books::Window window;
  const auto& times = judge_.booked_times();
  if (times.empty()) return window;
  const auto some_time = [&] {
    const auto time = times[random_.below(times.size())].value;
    return payment::UtcMs{time + static_cast<std::int64_t>(random_.below(3)) - 1};
  };
  if (!random_.one_in(4)) window.from = some_time();
  if (!random_.one_in(4)) window.to = some_time();
  if (window.to < window.from) std::swap(window.from, window.to);
  return window;
}

}  // namespace payswitch::lab::simulator
