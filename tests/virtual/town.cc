#include "tests/virtual/town.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

namespace payswitch::lab {

namespace {

class Mailbox final : public http::ResponseSink {
 public:
  explicit Mailbox(Received& received) : received_(received) {}
  void answer(std::uint64_t, const http::Response& response) override {
    received_ = {.status = response.status, .body = std::string(response.body), .replayed = false};
    for (const http::Field& field : response.fields) {
      received_.replayed |= field.name == "Idempotent-Replayed";
    }
  }

 private:
  Received& received_;
};

processor::Options options_of(std::size_t index, const VirtualSwitch::Settings& settings) {
  return {.name = index == 0 ? "default" : "fallback",
          .host = "virtual",
          .base_path = "",
          .url = "http://virtual",
          .fee_ppm = index == 0 ? 50'000 : 150'000,
          .attempt_timeout = settings.attempt_timeout,
          .hang_up = settings.hang_up,
          .max_processing_time = settings.max_processing_time};
}

}  // namespace

VirtualSwitch::VirtualSwitch(World& world, VirtualDisk& disk, SeededChance& chance,
                             CollectedLog& log, std::array<VirtualProcessor*, 2> processors,
                             const Settings& settings)
    : life_(world), clock_(world) {
  store::Options store_options = settings.store;
  store_options.processors = {"default", "fallback"};
  auto store = store::embedded::open(
      store_options, disk, life_, life_, world, log,
      [](const std::string& line) { FAIL() << "the journal failed: " << line; });
  if (!store) throw std::runtime_error(store.error());
  store_ = std::move(*store);
  std::vector<std::unique_ptr<dispatch::Lane>> lanes;
  for (std::size_t i = 0; i < processors.size(); ++i) {
    clients_.push_back(std::make_unique<VirtualClient>(world, life_, *processors[i]));
    lanes.push_back(std::make_unique<dispatch::Lane>(
        options_of(i, settings), static_cast<payment::ProcessorNumber>(i), settings.routing,
        *processor::find_dialect("rinha"), *clients_.back(), life_, world, log));
  }
  dispatcher_.emplace(settings.dispatch, settings.policy,
                      dispatch::Dispatcher::World{*store_, life_, life_, world, chance, log},
                      std::move(lanes),
                      [this](const payment::CorrelationId& id) { status_->ended(id); });
  accept_.emplace(*dispatcher_, world, counters_);
  summary_.emplace(*dispatcher_, *store_, world);
  status_.emplace(*store_, life_);
  add_routes();
  dispatcher_->start();
}

void VirtualSwitch::add_routes() {
  using http::Method;
  router_.add(Method::post, "/payments", [this](const auto& request, auto, auto respond) {
    (*accept_)(request, std::move(respond));
  });
  router_.add(Method::get, "/payments-summary", [this](const auto& request, auto, auto respond) {
    (*summary_)(request, std::move(respond));
  });
  router_.add(Method::get, "/payments/", [this](const auto& request, auto id, auto respond) {
    (*status_)(request, id, std::move(respond));
  });
}

void VirtualSwitch::request(http::Method method, std::string_view target, std::string_view body,
                            Received& received) {
  const auto mark = std::min(target.find('?'), target.size());
  const http::Request request{.method = method,
                              .path = target.substr(0, mark),
                              .query = target.substr(std::min(mark + 1, target.size())),
                              .fields = {},
                              .body = body};
  router_(request, http::Responder(std::make_shared<Mailbox>(received), 0));
}

Town::Town(std::uint64_t seed, VirtualSwitch::Settings settings)
    : chance(seed), disk(world, chance), settings_(std::move(settings)) {
  settings_.store.segment_bytes = 64 * 1024;
  start();
}

void Town::start() {
  process = std::make_unique<VirtualSwitch>(world, disk, chance, log, std::array{&cheap, &dear},
                                            settings_);
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
  process->request(http::Method::post, "/payments", body, received_[n]);
}

std::string Town::state_of(int n) {
  std::string state;
  process->store().find(id_of(n),
                        [&](const auto& view) { state = view ? to_string(view->state) : "none"; });
  EXPECT_TRUE(world.run_until([&] { return !state.empty(); }));
  return state;
}

bool Town::drains(world::Duration at_most) {
  return world.run_until(
      [this] { return process->store().counters().open() == 0 && process->store().idle(); },
      at_most);
}

std::string Town::summary(std::optional<payment::UtcMs> from, std::optional<payment::UtcMs> to) {
  Received received;
  std::string target = "/payments-summary?";
  if (from) target += "from=" + payment::format_iso8601(*from) + "&";
  if (to) target += "to=" + payment::format_iso8601(*to);
  process->request(http::Method::get, target, "", received);
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
