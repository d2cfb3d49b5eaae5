#pragma once

#include "api/api_fixture.h"
#include "processor/dialect.h"
#include "testing/world/network.h"
#include "testing/world/processor.h"

namespace payswitch::api {

// With a processor `default` that takes 0.05, and a payment of an earlier life that was sent to one
// that is no longer configured.
struct ProcessorsTest : ApiTest {
  lab::VirtualProcessor processor{world};
  lab::VirtualClient connections{world, world, processor};

  std::vector<std::unique_ptr<dispatch::Upstream>> one_upstream() {
    store.processor_names = {"default", "gone"};
    std::vector<std::unique_ptr<dispatch::Upstream>> upstreams;
    upstreams.push_back(std::make_unique<dispatch::Upstream>(
        processor::Options{
            .name = "default", .host = "virtual", .base_path = "", .url = "http://virtual"},
        0, dispatch::Upstream::Routing{}, *processor::find_dialect("rinha"), connections, world,
        world, log));
    return upstreams;
  }
  void leave_open_at(payment::ProcessorNumber number) {
    store.open_at_start = {
        {.id = id,
         .amount = payment::Money::from_cents(1990),
         .accepted_at = lab::World::default_wall,
         .attempts_made = 1,
         .unanswered = store::Intent{
             .processor = number, .number = 1, .requested_at = lab::World::default_wall}}};
  }
};

}  // namespace payswitch::api
