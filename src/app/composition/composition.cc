#include "app/composition/composition.h"

#include <algorithm>
#include <utility>

#include "api/greeting.h"
#include "api/processors.h"
#include "api/readiness.h"
#include "app/composition/restored.h"

namespace payswitch::app {

namespace {

dispatch::Options with_what_the_store_says(dispatch::Options options, store::Restored said,
                                           const store::Store& store) {
  options.restored = dispatch::restored_mode(said, store.facts());
  return options;
}

}  // namespace

Composition::Composition(const Settings& settings, const Platform& platform, store::Store& store,
                         store::Peers& peers, const std::vector<Processor>& processors,
                         Outside outside)
    : platform_(platform),
      store_(store),
      outside_(std::move(outside)),
      dispatcher_(with_what_the_store_says(settings.dispatch, settings.restored, store),
                  settings.policy, {.store = store, .peers = peers, .platform = platform},
                  make_upstreams(settings, processors),
                  [this](const payment::CorrelationId& id) { payments_.status().ended(id); }),
      payments_(settings.api, dispatcher_, store, platform.timers, platform.clock, counters_),
      drain_(outside_.door, dispatcher_, store, platform.timers, platform.clock, platform.log) {
  payments_.add_to(router_);
  add_routes();
}

std::vector<std::unique_ptr<dispatch::Upstream>> Composition::make_upstreams(
    const Settings& settings, const std::vector<Processor>& processors) const {
  std::vector<std::unique_ptr<dispatch::Upstream>> upstreams;
  const auto& names = store_.names();
  for (const auto& [options, client] : processors) {
    const auto number = std::ranges::find(names, options.name) - names.begin();
    upstreams.push_back(std::make_unique<dispatch::Upstream>(
        options, static_cast<payment::ProcessorNumber>(number), settings.routing,
        *processor::find_dialect(options.dialect), client, platform_.timers, platform_.clock,
        platform_.log));
  }
  return upstreams;
}

void Composition::add_routes() {
  using http::Method;
  router_.add(Method::get, "/processors", {}, [this](const auto&, auto, auto respond) {
    api::list_processors(dispatcher_, store_, platform_.clock, std::move(respond));
  });
  router_.add(Method::get, "/", {}, [this](const auto&, auto, auto respond) {
    api::greet(platform_.clock, std::move(respond));
  });
  router_.add(Method::get, "/healthz", {},
              [](const auto&, auto, auto respond) { answer_healthz(std::move(respond)); });
  router_.add(Method::get, "/readyz", {}, [this](const auto&, auto, auto respond) {
    answer_readyz(dispatcher_, store_, outside_.durability(), std::move(respond));
  });
  router_.add(Method::get, "/metrics", {},
              [this](const auto&, auto, auto respond) { answer_metrics(std::move(respond)); });
}

void Composition::answer_metrics(http::Responder respond) const {
  api::Sources sources{.store = store_, .dispatcher = dispatcher_, .api = counters_};
  outside_.complete(sources);
  const std::string text = api::metrics_text(sources);
  respond({.content_type = "text/plain; version=0.0.4; charset=utf-8", .body = text, .fields = {}});
}

void Composition::start() {
  dispatcher_.start();
  warn_if_restored(dispatcher_, store_, platform_.log);
}

void Composition::stop(platform::Callback done) {
  drain_.start(std::move(done));
  payments_.status().stop_waiting();
}

}  // namespace payswitch::app
