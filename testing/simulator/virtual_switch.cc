#include "testing/simulator/virtual_switch.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace payswitch::lab::simulator {

namespace {

class Mailbox final : public http::ResponseSink {
 public:
  explicit Mailbox(VirtualSwitch::Answered answered) : answered_(std::move(answered)) {}
  void respond(std::uint64_t, const http::Response& response) override {
    Received received{.status = response.status, .body = std::string(response.body)};
    for (const http::Field& field : response.fields) {
      received.replayed |= field.name == "Idempotent-Replayed";
      if (field.name != "Payswitch-Final-Until") continue;
      received.final_until = payment::parse_iso8601(field.value).value().floor;
    }
    answered_(received);
  }

 private:
  VirtualSwitch::Answered answered_;
};

processor::Options options_of(std::size_t index, const SwitchSettings& settings) {
  constexpr std::array fees = {50'000, 150'000, 300'000};
  return {.name = std::string(processor_names[index]),
          .host = "virtual",
          .base_path = "",
          .url = "http://virtual",
          .fee_ppm = fees[index],
          .attempt_timeout = settings.attempt_timeout,
          .hang_up = settings.hang_up,
          .max_in_flight = settings.max_in_flight,
          .max_processing_time = settings.max_processing_time};
}

}  // namespace

std::expected<std::unique_ptr<VirtualSwitch>, std::string> VirtualSwitch::start(
    const Seams& seams, const SwitchSettings& settings, JournalFailed failed) {
  std::unique_ptr<VirtualSwitch> made(new VirtualSwitch(seams, settings));
  if (auto opened = made->open_embedded(std::move(failed)); !opened) {
    return std::unexpected(std::move(opened.error()));
  }
  made->compose();
  return made;
}

std::unique_ptr<VirtualSwitch> VirtualSwitch::join(const Seams& seams,
                                                   const SwitchSettings& settings) {
  std::unique_ptr<VirtualSwitch> made(new VirtualSwitch(seams, settings));
  made->join_group();
  return made;
}

void VirtualSwitch::place_processors(store::Options& options) const {
  for (std::size_t i = 0; i < seams_.processors.size(); ++i) {
    if (!seams_.processors[i]) continue;
    options.processors.push_back({.name = options_of(i, settings_).name,
                                  .origin = seams_.origins.empty() ? "" : seams_.origins.at(i)});
  }
}

std::expected<void, std::string> VirtualSwitch::open_embedded(JournalFailed failed) {
  store::Options options = settings_.store;
  place_processors(options);
  auto store = store::embedded::open(options, *seams_.disk, life_, life_, seams_.world,
                                     seams_.random, seams_.log, std::move(failed));
  if (!store) return std::unexpected(std::move(store.error()));
  store_ = std::move(*store);
  return {};
}

void VirtualSwitch::join_group() {
  redis_ = std::make_unique<VirtualRedisClient>(
      VirtualRedisSeams{seams_.world, life_, life_, seams_.random, *seams_.redis}, redis_options_,
      scripts_.all());
  store::Options options;
  place_processors(options);
  auto shared = store::shared::open(
      options, settings_.redis, {*redis_, scripts_, life_, clock_, seams_.random, seams_.log},
      life_,
      {.opened = [this] { compose(); }, .refused = [](const std::string&) { std::abort(); }});
  store_ = std::move(shared.store);
  peers_ = shared.peers;
  shared_server_ = shared.server;
}

void VirtualSwitch::compose() {
  std::vector<app::Composition::Processor> processors;
  for (std::size_t i = 0; i < seams_.processors.size(); ++i) {
    clients_.push_back(seams_.processors[i] ? std::make_unique<VirtualClient>(seams_.world, life_,
                                                                              *seams_.processors[i])
                                            : nullptr);
    if (clients_.back()) processors.push_back({options_of(i, settings_), *clients_.back()});
  }
  composition_ = std::make_unique<app::Composition>(
      app::Composition::Settings{.dispatch = settings_.dispatch,
                                 .policy = settings_.policy,
                                 .routing = settings_.routing,
                                 .restored = settings_.store.restored},
      app::Composition::Platform{life_, life_, clock_, seams_.random, seams_.log}, *store_, *peers_,
      processors, outside());
  composition_->start();
}

app::Composition::Outside VirtualSwitch::outside() {
  return {.door = {.close = [this] { is_closed_ = true; },
                   .is_deserted = [this] { return unanswered_ == 0; }},
          .durability = [] { return "virtual"; },
          .complete =
              [this](api::Sources& sources) {
                if (redis_) {
                  sources.redis = redis_.get();
                  sources.redis_server = shared_server_;
                } else {
                  sources.durability = settings_.store.durability;
                }
              }};
}

void VirtualSwitch::request(http::Method method, std::string_view target, std::string_view body,
                            Answered answered) {
  ++unanswered_;
  Answered counted = [this, answered = std::move(answered)](const Received& received) mutable {
    --unanswered_;
    answered(received);
  };
  // One of a group may be asleep: it gets to it when it wakes up.
  if (!redis_) return serve(method, target, body, std::move(counted));
  life_.post([this, method, target = std::string(target), body = std::string(body),
              counted = std::move(counted)]() mutable {
    serve(method, target, body, std::move(counted));
  });
}

std::string VirtualSwitch::open_work() const {
  if (!is_open()) return "not open";
  std::string work;
  if (const auto open = composition_->dispatcher().open(); open > 0)
    work += fmt::format(", {} open", open);
  if (unanswered_ > 0) work += fmt::format(", {} requests without an answer", unanswered_);
  if (!store_->idle()) {
    work += ", waits for its store";
  } else if (!composition_->dispatcher().is_quiet()) {
    work += ", waits for a processor";
  }
  return work.empty() ? work : work.substr(2);
}

void VirtualSwitch::serve(http::Method method, std::string_view target, std::string_view body,
                          Answered answered) {
  const auto mark = std::min(target.find('?'), target.size());
  const http::Request request{.method = method,
                              .path = target.substr(0, mark),
                              .query = target.substr(std::min(mark + 1, target.size())),
                              .fields = {},
                              .body = body};
  composition_->answer(request, http::Responder(std::make_shared<Mailbox>(std::move(answered)), 0));
}

}  // namespace payswitch::lab::simulator
