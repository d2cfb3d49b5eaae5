#include "tests/virtual/town.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>
#include <stdexcept>

namespace payswitch::lab {

Town::Town(std::uint64_t seed, simulator::SwitchSettings settings)
    : random(seed), disk(world, random), settings_(std::move(settings)) {
  settings_.store.segment_bytes = 64 * 1024;
  start();
}

void Town::start() {
  auto started = VirtualSwitch::start(
      {.world = world, .disk = &disk, .random = random, .log = log, .processors = {&cheap, &dear}},
      settings_, [](const std::string& line) { FAIL() << "the journal failed: " << line; });
  if (!started) throw std::runtime_error(started.error());
  process = std::move(*started);
}

// What was received is there when it is; nothing when the process dies before.
void Town::request(http::Method method, std::string_view target, std::string_view body,
                   Received& received) {
  process->request(method, target, body, [&received](const Received& got) { received = got; });
}

void Town::kill() {
  disk.kill();
  process.reset();
}

void Town::power_cut() {
  disk.power_cut();
  process.reset();
}

payment::CorrelationId Town::id_of(int n) {
  return *payment::CorrelationId::parse(fmt::format("00000000-0000-4000-8000-{:012x}", n));
}

void Town::pay(int n, std::int64_t cents) {
  const std::string body =
      fmt::format(R"({{"correlationId":"{}","amount":{}}})", id_of(n).to_string(),
                  payment::Money::from_cents(cents).to_string());
  request(http::Method::post, "/payments", body, received_[n]);
}

std::string Town::state_of(int n) {
  std::string state;
  process->store().find(id_of(n), [&](const store::Store::Found& found) {
    const auto& view = found.value();
    state = view ? to_string(view->state) : "none";
  });
  EXPECT_TRUE(world.run_until([&] { return !state.empty(); }));
  return state;
}

bool Town::drains(platform::Duration at_most) {
  return world.run_until(
      [this] { return process->store().counters().open() == 0 && process->store().idle(); },
      at_most);
}

std::string Town::summary(std::optional<payment::UtcMs> from, std::optional<payment::UtcMs> to) {
  Received received;
  std::string target = "/payments-summary?";
  if (from) target += "from=" + payment::format_iso8601(*from) + "&";
  if (to) target += "to=" + payment::format_iso8601(*to);
  request(http::Method::get, target, "", received);
  EXPECT_TRUE(world.run_until([&] { return received.status != 0; }));
  EXPECT_EQ(received.status, 200u) << received.body;
  return received.body;
}

std::string Town::expected_summary(payment::UtcMs from, payment::UtcMs to) const {
  const auto total = [&](const VirtualProcessor& processor) {
    payment::Total sum;
    for (const auto& [id, entry] : processor.books()) {
      if (entry.requested_at >= from && entry.requested_at <= to) sum.add(entry.amount);
    }
    return fmt::format(R"({{"totalRequests":{},"totalAmount":{}}})", sum.count, sum.amount());
  };
  return fmt::format(R"({{"default":{},"fallback":{}}})", total(cheap), total(dear));
}

void Town::expect_books_equal() {
  std::set<payment::UtcMs> cuts;
  for (const auto& [n, received] : received_) {
    if (received.status != 202) continue;
    const auto at_cheap = cheap.books().find(id_of(n));
    const auto at_dear = dear.books().find(id_of(n));
    const bool in_cheap = at_cheap != cheap.books().end();
    const bool in_dear = at_dear != dear.books().end();
    EXPECT_NE(in_cheap, in_dear) << "payment " << n
                                 << (in_cheap ? " is charged twice" : " is lost");
    if (in_cheap == in_dear) continue;
    cuts.insert((in_cheap ? at_cheap : at_dear)->second.requested_at);
  }
  EXPECT_EQ(summary({}, {}), expected_summary(payment::UtcMs::min(), payment::UtcMs::max()));
  for (const payment::UtcMs cut : cuts) {
    EXPECT_EQ(summary(cut, {}), expected_summary(cut, payment::UtcMs::max()));
    EXPECT_EQ(summary({}, cut), expected_summary(payment::UtcMs::min(), cut));
    EXPECT_EQ(summary(cut, cut), expected_summary(cut, cut));
  }
}

}  // namespace payswitch::lab
