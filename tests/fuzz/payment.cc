// The body of POST /payments, through the real route, dispatch and store. What Boost.JSON's tree
// says of the same text decides what must come of it; what was taken is shown with its amount, and
// is a replay the second time.
#include <fmt/format.h>

#include <boost/json.hpp>
#include <cassert>
#include <cmath>
#include <optional>
#include <string>

#include "testing/simulator/virtual_switch.h"
#include "testing/world/disk.h"
#include "testing/world/log.h"
#include "testing/world/processor.h"

namespace {

namespace json = boost::json;
using namespace payswitch;
using lab::simulator::Received;
using lab::simulator::VirtualSwitch;
using payment::CorrelationId;
using payment::Money;

struct Town {
  lab::World world;
  lab::SeededRandom random{1};
  lab::VirtualDisk disk{world, random};
  lab::CollectedLog log;
  std::unique_ptr<VirtualSwitch> process;

  Town() {
    lab::simulator::SwitchSettings settings;
    settings.store.durability = platform::Durability::memory;
    auto started = VirtualSwitch::start(
        {.world = world, .disk = &disk, .random = random, .log = log, .processors = {}}, settings,
        [](const std::string&) { assert(false); });
    assert(started);
    process = std::move(*started);
  }

  Received ask(http::Method method, std::string_view target, std::string_view body = {}) {
    Received received;
    process->request(method, target, body, [&](const Received& got) { received = got; });
    const bool answered = world.run_until([&] { return received.status != 0; });
    assert(answered);
    return received;
  }
};

struct Payment {
  CorrelationId id;
  std::int64_t cents = 0;
};

// Cents of an amount with two places at most are exact in a double up to the largest one.
std::optional<std::int64_t> cents_of(const json::value& value) {
  if (!value.is_number()) return std::nullopt;
  const double cents = value.to_number<double>() * 100;
  const double nearest = std::nearbyint(cents);
  if (nearest < 1 || nearest > static_cast<double>(Money::max_cents)) return std::nullopt;
  if (std::abs(cents - nearest) > 1e-3) return std::nullopt;
  return static_cast<std::int64_t>(nearest);
}

std::optional<Payment> payment_in(const json::value& tree) {
  const auto* object = tree.if_object();
  // Every other field is refused: the tree has no more than these two.
  if (object == nullptr || object->size() != 2) return std::nullopt;
  const auto* id = object->if_contains("correlationId");
  const auto* amount = object->if_contains("amount");
  if (id == nullptr || amount == nullptr || !id->is_string()) return std::nullopt;
  const auto parsed = CorrelationId::parse(std::string_view(id->get_string()));
  const auto cents = cents_of(*amount);
  if (!parsed || !cents) return std::nullopt;
  return Payment{*parsed, *cents};
}

void expect_kept(Town& town, std::string_view body, const Payment& payment) {
  const Received again = town.ask(http::Method::post, "/payments", body);
  assert(again.status == 202 && again.replayed);
  const std::string id = payment.id.to_string();
  const Received shown = town.ask(http::Method::get, "/payments/" + id);
  assert(shown.status == 200);
  const json::value view = json::parse(shown.body);
  assert(view.at("correlationId").as_string() == id);
  assert(shown.body.contains(
      fmt::format("\"amount\":{}", Money::from_cents(payment.cents).to_string())));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  boost::system::error_code error;
  const json::value tree = json::parse({body.data(), body.size()}, error);
  const auto expected = error ? std::nullopt : payment_in(tree);

  Town town;
  const Received received = town.ask(http::Method::post, "/payments", body);
  if (received.status == 202) {
    assert(expected && !received.replayed);
    expect_kept(town, body, *expected);
  } else {
    assert(received.status == 400);
    // The tree keeps the last of two fields, and no double shows a millionth of a cent.
    const bool finer = received.body.contains("more than once") ||
                       received.body.contains("more than two decimal places") ||
                       received.body.contains("too large");
    assert(!expected || finer);
  }
  return 0;
}
