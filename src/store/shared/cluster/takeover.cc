// Membership's other half: who has gone, and what becomes of their payments.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "store/shared/cluster/membership.h"
#include "store/shared/number.h"

namespace payswitch::store::shared {

namespace {

// Payments that one call takes over.
constexpr std::size_t max_taken_at_once = 100;

// A row of the script `take`; nullopt: it cannot be true of a payment.
std::optional<Taken> taken_of(const payment::CorrelationId& id,
                              const std::vector<wire::Reply>& row) {
  if (row.size() != 9) return std::nullopt;
  const auto number = [&](std::size_t at) { return number_of(row[at].text); };
  const auto is_in = [&](std::size_t at, std::int64_t end) {
    return number(at) >= 0 && number(at) < end;
  };
  if (!is_in(1, payment::Money::max_cents + 1) || !is_in(4, payment::state_count)) {
    return std::nullopt;
  }
  Taken taken;
  taken.payment = {.id = id,
                   .amount = payment::Money::from_cents(number(1)),
                   .accepted_at = {number(2)},
                   .attempts_made = static_cast<std::uint32_t>(number(5)),
                   .our_fault_mask = static_cast<std::uint32_t>(number(8)),
                   .unanswered = {},
                   .was_anothers = false,
                   .ask_first_mask = 0};
  const auto state = static_cast<payment::State>(number(4));
  taken.was_unknown = state == payment::State::unknown;
  if (state == payment::State::attempting || state == payment::State::unknown) {
    if (!is_in(6, payment::max_processors)) return std::nullopt;
    taken.payment.unanswered = Intent{.processor = static_cast<payment::ProcessorNumber>(number(6)),
                                      .number = taken.payment.attempts_made,
                                      .requested_at = {number(7)}};
  }
  const std::string_view token = row[3].text;  // "process-number"
  const auto dash = token.find('-');
  if (dash != std::string_view::npos) {
    taken.token = static_cast<std::uint64_t>(number_of(token.substr(dash + 1)));
  }
  return taken;
}

}  // namespace

struct Membership::Takeover {
  std::string giver;
  std::vector<unsigned> shards;  // the last is next
  bool is_evicted = false;       // in that shard
  std::function<void()> done;
};

std::vector<unsigned> Membership::every_shard() {
  std::vector<unsigned> shards;
  shards.reserve(shard_count);
  for (unsigned shard = 0; shard < shard_count; ++shard) shards.push_back(shard);
  return shards;
}

// -- looking --------------------------------------------------------------------------------------

// First who may accept somewhere, then who lives: an instance is entered in the opposite order.
void Membership::look() {
  look_is_due_ = false;
  last_look_ = seams_.clock.now();
  auto found = std::make_shared<std::map<std::string, std::vector<unsigned>>>();
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    say({"HGETALL", shard_key(shard, owners)}, [found, shard](const wire::Reply& reply) {
      for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
        (*found)[reply.elements[i].text].push_back(shard);
      }
    });
  }
  beat([this, found] {
    for (const std::string& name : living_) found->erase(name);
    for (auto& [name, shards] : *found) {
      // Instances that look at the same time begin at different ends.
      const auto first = static_cast<std::ptrdiff_t>(seams_.random.next() % shards.size());
      std::ranges::rotate(shards, shards.begin() + first);
      seams_.log.info("redis: instance {} is gone: taking its payments over", name);
      take_over(name, std::move(shards), [] {});
    }
    look_for_orphans();
  });
}

// Ours by Redis, and at work nowhere: the accept ran, its answer was lost (PROTOCOL 7.3).
void Membership::look_for_orphans() {
  auto owned = std::make_shared<std::int64_t>(0);
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    say({"SCARD", shard_key(shard, own, speaker_.instance)},
        [this, owned, shard](const wire::Reply& reply) {
          *owned += reply.integer;
          if (shard + 1 < shard_count) return;
          if (*owned <= static_cast<std::int64_t>(callbacks_.owned())) return;
          for (const unsigned each : every_shard()) look_for_orphans_in(each);
        });
  }
}

void Membership::look_for_orphans_in(unsigned shard) {
  say({"SMEMBERS", shard_key(shard, own, speaker_.instance)}, [this](const wire::Reply& reply) {
    std::vector<payment::CorrelationId> ids;
    for (const wire::Reply& member : reply.elements) {
      const auto id = payment::CorrelationId::parse(member.text);
      if (id && !callbacks_.is_known(*id) && ids.size() < max_taken_at_once) ids.push_back(*id);
    }
    if (ids.empty()) return;
    orphans_.say(seams_.log, platform::Level::warn, seams_.clock.now(),
                 "redis: {} payments are ours, {} among them, and nobody was at work on them",
                 ids.size(), ids.front().to_string());
    take(speaker_.instance, std::move(ids), [] {});
  });
}

// -- taking over ----------------------------------------------------------------------------------

void Membership::take_over(std::string giver, std::vector<unsigned> shards,
                           std::function<void()> done) {
  ++takeovers_;
  take_next(std::make_shared<Takeover>(
      Takeover{.giver = std::move(giver), .shards = std::move(shards), .done = std::move(done)}));
}

// From its eviction on, nothing is added to what it leaves behind in a shard.
void Membership::take_next(const std::shared_ptr<Takeover>& takeover) {
  if (takeover->shards.empty()) {
    --takeovers_;
    return takeover->done();
  }
  const unsigned shard = takeover->shards.back();
  if (!std::exchange(takeover->is_evicted, true)) {
    run(seams_.scripts.evict, {shard_key(shard, owners)}, {takeover->giver},
        [](const wire::Reply&) {});
  }
  say({"SRANDMEMBER", shard_key(shard, own, takeover->giver), fmt::format("{}", max_taken_at_once)},
      [this, takeover](const wire::Reply& reply) { take_some(takeover, reply); });
}

void Membership::take_some(const std::shared_ptr<Takeover>& takeover, const wire::Reply& members) {
  const bool from_ourselves = is_former(takeover->giver);
  std::vector<payment::CorrelationId> ids;
  for (const wire::Reply& member : members.elements) {
    const auto id = payment::CorrelationId::parse(member.text);
    // What is at work here under an older claim first has to come to its end.
    if (id && (from_ourselves || !callbacks_.is_known(*id))) ids.push_back(*id);
  }
  if (!ids.empty()) {
    return take(takeover->giver, std::move(ids), [this, takeover] { take_next(takeover); });
  }
  const unsigned shard = takeover->shards.back();
  run(seams_.scripts.forget, {shard_key(shard, owners), shard_key(shard, own, takeover->giver)},
      {takeover->giver}, [](const wire::Reply&) {});
  takeover->shards.pop_back();
  takeover->is_evicted = false;
  take_next(takeover);
}

// All of one shard.
void Membership::take(const std::string& giver, std::vector<payment::CorrelationId> ids,
                      std::function<void()> then) {
  const unsigned shard = shard_of(ids.front());
  std::vector<std::string> keys{shard_key(shard, own, giver),
                                shard_key(shard, own, speaker_.instance), shard_key(shard, owners)};
  std::vector<std::string> arguments{giver, speaker_.instance};
  for (const payment::CorrelationId& id : ids) {
    keys.push_back(payment_key(id));
    arguments.push_back(id.to_string());
  }
  run(seams_.scripts.take, keys, arguments,
      [this, from_ourselves = is_former(giver), ids = std::move(ids),
       then = std::move(then)](const wire::Reply& reply) {
        if (reply.kind != wire::Reply::Kind::array) return evicted();
        std::vector<Taken> taken;
        for (const wire::Reply& row : reply.elements) {
          const auto& id = ids.at(static_cast<std::size_t>(row.elements.at(0).integer));
          auto payment = taken_of(id, row.elements);
          if (!payment) {
            seams_.log.error("redis: what it holds of payment {} cannot be", id.to_string());
            continue;
          }
          taken.push_back(*std::move(payment));
          taken.back().was_ours = from_ourselves;
          taken.back().payment.was_anothers = !from_ourselves;
          if (!from_ourselves)
            taken.back().payment.ask_first_mask = may_be_at(taken.back().payment);
        }
        std::ranges::sort(taken, {}, &Taken::token);
        if (!taken.empty()) callbacks_.taken(std::move(taken));
        then();
      });
}

// Where an intent that Redis has forgotten could have sent it: anywhere, but where Redis keeps all
// that it has answered. The last intent's processor is asked in any case.
std::uint32_t Membership::may_be_at(const OpenPayment& payment) const {
  if (server_.syncs_always()) return 0;
  auto mask = static_cast<std::uint32_t>((std::uint64_t{1} << names_.size()) - 1);
  if (payment.unanswered) mask &= ~(1u << payment.unanswered->processor);
  return mask;
}

bool Membership::is_former(const std::string& name) const {
  return std::ranges::find(former_names_, name) != former_names_.end();
}

}  // namespace payswitch::store::shared
