#include "lab/simulator/virtual_switch.h"

#include <utility>

namespace payswitch::lab::simulator {

namespace {

class Mailbox final : public http::ResponseSink {
 public:
  explicit Mailbox(VirtualSwitch::Answered answered) : answered_(std::move(answered)) {}
  void answer(std::uint64_t, const http::Response& response) override {
    Received received{.status = response.status, .body = std::string(response.body)};
    for (const http::Field& field : response.fields) {
      received.replayed |= field.name == "Idempotent-Replayed";
    }
    answered_(received);
  }

 private:
  VirtualSwitch::Answered answered_;
};

processor::Options options_of(std::size_t index, const SwitchSettings& settings) {
  return {.name = index == 0 ? "default" : "fallback",
          .host = "virtual",
          .base_path = "",
          .url = "http://virtual",
          .fee_ppm = index == 0 ? 50'000 : 150'000,
          .attempt_timeout = settings.attempt_timeout,
          .hang_up = settings.hang_up,
          .max_in_flight = settings.max_in_flight,
          .max_processing_time = settings.max_processing_time};
}

}  // namespace

std::expected<std::unique_ptr<VirtualSwitch>, std::string> VirtualSwitch::start(
    const Seams& seams, const SwitchSettings& settings, JournalFailed failed) {
  std::unique_ptr<VirtualSwitch> made(new VirtualSwitch(seams.world));
  if (auto wired = made->wire(seams, settings, std::move(failed)); !wired) {
    return std::unexpected(std::move(wired.error()));
  }
  return made;
}

std::expected<void, std::string> VirtualSwitch::wire(const Seams& seams,
                                                     const SwitchSettings& settings,
                                                     JournalFailed failed) {
  store::Options store_options = settings.store;
  for (std::size_t i = 0; i < seams.processors.size(); ++i) {
    store_options.processors.push_back(options_of(i, settings).name);
  }
  auto store = store::embedded::open(store_options, seams.disk, life_, life_, seams.world,
                                     seams.log, std::move(failed));
  if (!store) return std::unexpected(std::move(store.error()));
  store_ = std::move(*store);
  std::vector<std::unique_ptr<dispatch::Lane>> lanes;
  for (std::size_t i = 0; i < seams.processors.size(); ++i) {
    clients_.push_back(std::make_unique<VirtualClient>(seams.world, life_, *seams.processors[i]));
    lanes.push_back(std::make_unique<dispatch::Lane>(
        options_of(i, settings), static_cast<payment::ProcessorNumber>(i), settings.routing,
        *processor::find_dialect("rinha"), *clients_.back(), life_, seams.world, seams.log));
  }
  dispatcher_.emplace(settings.dispatch, settings.policy,
                      dispatch::Dispatcher::World{*store_, alone_, life_, life_, seams.world,
                                                  seams.chance, seams.log},
                      std::move(lanes),
                      [this](const payment::CorrelationId& id) { payments_->status().ended(id); });
  payments_.emplace(*dispatcher_, *store_, life_, seams.world, counters_);
  payments_->add_to(router_);
  dispatcher_->start();
  return {};
}

void VirtualSwitch::request(http::Method method, std::string_view target, std::string_view body,
                            Answered answered) {
  const auto mark = std::min(target.find('?'), target.size());
  const http::Request request{.method = method,
                              .path = target.substr(0, mark),
                              .query = target.substr(std::min(mark + 1, target.size())),
                              .fields = {},
                              .body = body};
  router_(request, http::Responder(std::make_shared<Mailbox>(std::move(answered)), 0));
}

}  // namespace payswitch::lab::simulator
