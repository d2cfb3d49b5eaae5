#include "store/shared/cluster/shared_facts.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "store/shared/keys.h"
#include "store/shared/number.h"

namespace payswitch::store::shared {

namespace {

// Payments that one call looks at.
constexpr std::size_t max_read_at_once = 500;

// What Redis keeps of one processor: where it is, and where the instances may still have it that
// joined before it moved ("http://new:1/ http://old:1/").
struct Kept {
  std::string now;
  std::string before;
};

Kept kept_of(const std::string& text) {
  const auto space = std::min(text.find(' '), text.size());
  return {.now = text.substr(0, space), .before = text.substr(std::min(space + 1, text.size()))};
}

// Index: ProcessorNumber.
std::vector<Kept> kept_by_number(const std::vector<std::string>& names,
                                 const wire::Reply& origins) {
  std::vector<Kept> kept(names.size());
  for (std::size_t i = 0; i + 1 < origins.elements.size(); i += 2) {
    const auto name = std::ranges::find(names, origins.elements[i].text);
    if (name == names.end()) continue;
    kept[static_cast<std::size_t>(name - names.begin())] = kept_of(origins.elements[i + 1].text);
  }
  return kept;
}

std::vector<std::string> places_now(const std::vector<Kept>& kept) {
  std::vector<std::string> origins;
  for (const Kept& each : kept) origins.push_back(each.now);
  return origins;
}

std::string not_where_the_group_has_it(const Place& place, const std::string& kept) {
  return fmt::format(
      "processor '{}' is configured at {}, but the instances of this group have it at {}",
      place.name, place.origin, kept);
}

}  // namespace

struct SharedFacts::Agreement {
  Instance instance;
  std::vector<std::string> names;
  std::vector<Kept> kept = {};
  std::optional<std::vector<payment::Total>> unanswered = {};  // once they are counted
  OriginPlan plan = {};
  Agreed agreed;
};

// Of what is unanswered, over the open payments of all who may own some.
struct SharedFacts::Count {
  std::shared_ptr<Agreement> agreement;
  std::vector<payment::Total> unanswered;
  std::size_t outstanding = 0;  // replies
};

SharedFacts::SharedFacts(const Options& configured, platform::Duration lease,
                         const Scripts& scripts, const platform::Clock& clock, platform::Log& log,
                         Wire wire)
    : configured_(configured),
      lease_(lease),
      scripts_(scripts),
      clock_(clock),
      log_(log),
      wire_(std::move(wire)) {}

// -- joining --------------------------------------------------------------------------------------

void SharedFacts::agree(const Instance& instance, std::vector<std::string> names, Agreed agreed) {
  is_ready_ = false;
  const auto agreement = std::make_shared<Agreement>(
      Agreement{.instance = instance, .names = std::move(names), .agreed = std::move(agreed)});
  wire_.say({"HGETALL", meta_key("origins")}, [this, agreement](const wire::Reply& reply) {
    agreement->kept = kept_by_number(agreement->names, reply);
    plan(agreement);
  });
}

void SharedFacts::plan(const std::shared_ptr<Agreement>& agreement) {
  // Those who were here before it moved are where they were.
  if (agreement->instance.has_been_ready) {
    for (const Place& place : configured_.processors) {
      const auto name = std::ranges::find(agreement->names, place.name);
      auto& kept = agreement->kept.at(static_cast<std::size_t>(name - agreement->names.begin()));
      if (kept.before == place.origin) kept.now = place.origin;
      if (kept.now.empty() || place.origin.empty() || kept.now == place.origin) continue;
      return agreement->agreed.no(not_where_the_group_has_it(place, kept.now));
    }
  }
  const auto origins = places_now(agreement->kept);
  const auto plan = plan_origins(
      configured_, {.names = agreement->names,
                    .origins = origins,
                    .unanswered = agreement->unanswered.value_or(std::vector<payment::Total>()),
                    .named_before = agreement->names.size()});
  if (!plan) return agreement->agreed.no(plan.error());
  agreement->plan = *plan;
  const auto replaces = [&](const KeptOrigin& each) { return !origins[each.processor].empty(); };
  const bool must_be_counted = std::ranges::any_of(plan->to_keep, replaces);
  if (must_be_counted && !agreement->unanswered) return count(agreement);
  place(agreement);
}

// No instance has to stop for it: one that lives refuses the change by living (script
// `place`), and one that does not live sends nothing.
void SharedFacts::count(const std::shared_ptr<Agreement>& agreement) {
  const auto count = std::make_shared<Count>(
      Count{.agreement = agreement,
            .unanswered = std::vector<payment::Total>(agreement->names.size()),
            .outstanding = shard_count});
  for (unsigned shard = 0; shard < shard_count; ++shard) {
    wire_.say(
        {"HGETALL", shard_key(shard, owners)}, [this, count, shard](const wire::Reply& reply) {
          for (std::size_t i = 0; i + 1 < reply.elements.size(); i += 2) {
            ++count->outstanding;
            wire_.say({"SMEMBERS", shard_key(shard, own, reply.elements[i].text)},
                      [this, count](const wire::Reply& members) { count_all(count, members); });
          }
          counted(count);
        });
  }
}

void SharedFacts::count_all(const std::shared_ptr<Count>& count, const wire::Reply& members) {
  std::vector<std::string> keys;
  const auto look = [&] {
    ++count->outstanding;
    wire_.run(scripts_.unanswered, std::exchange(keys, {}), {},
              [this, count](const wire::Reply& rows) {
                for (std::size_t i = 0; i + 1 < rows.elements.size(); i += 2) {
                  const auto number = static_cast<std::size_t>(number_of(rows.elements[i].text));
                  if (number >= count->unanswered.size()) continue;
                  count->unanswered[number].add(
                      payment::Money::from_cents(number_of(rows.elements[i + 1].text)));
                }
                counted(count);
              });
  };
  for (const wire::Reply& member : members.elements) {
    const auto id = payment::CorrelationId::parse(member.text);
    if (!id) continue;
    keys.push_back(payment_key(*id));
    if (keys.size() == max_read_at_once) look();
  }
  if (!keys.empty()) look();
  counted(count);
}

void SharedFacts::counted(const std::shared_ptr<Count>& count) {
  if (--count->outstanding != 0) return;
  count->agreement->unanswered = std::move(count->unanswered);
  plan(count->agreement);
}

// Only if everything is still as it was planned for.
void SharedFacts::place(const std::shared_ptr<Agreement>& agreement) {
  std::vector<std::string> arguments{agreement->instance.name};
  for (const auto& [processor, origin] : agreement->plan.to_keep) {
    const std::string& name = agreement->names.at(processor);
    const std::string& kept = agreement->kept.at(processor).now;
    const bool is_moved = std::ranges::find(configured_.moved, name) != configured_.moved.end();
    arguments.insert(arguments.end(), {name, kept, origin, is_moved ? "1" : "0"});
  }
  if (arguments.size() == 1) return keep_what_is_known(agreement);
  wire_.run(scripts_.place, {meta_key("leases"), meta_key("origins")}, arguments,
            [this, agreement](const wire::Reply& reply) { placed(agreement, reply); });
}

void SharedFacts::placed(const std::shared_ptr<Agreement>& agreement, const wire::Reply& reply) {
  const auto& what = reply.elements.at(0);
  if (what.integer == 2)
    return agreement->agreed.not_yet("another instance has placed a processor");
  if (what.integer == 1) {
    const std::string line =
        fmt::format("{}; another instance lives, and uses it there",
                    agreement->plan.warnings.empty() ? "a processor is elsewhere"
                                                     : agreement->plan.warnings.front());
    const auto now = clock_.now();
    if (!others_lived_at_) others_lived_at_ = now;
    // What has just stopped keeps its lease until that runs out.
    if (now - *others_lived_at_ <= 2 * lease_) return agreement->agreed.not_yet(line);
    return agreement->agreed.no(line);
  }
  for (const auto& line : agreement->plan.infos) log_.info("{}", line);
  for (const auto& line : agreement->plan.warnings) log_.warn("{}", line);
  keep_what_is_known(agreement);
}

void SharedFacts::keep_what_is_known(const std::shared_ptr<Agreement>& agreement) {
  others_lived_at_.reset();
  std::string restored;
  if (!agreement->instance.has_been_ready && configured_.restored != Restored::unset) {
    restored = configured_.restored == Restored::on ? "1" : "0";
  } else if (agreement->instance.has_forgotten && values_.restored) {
    restored = "1";
  }
  wire_.run(scripts_.keep_facts, {meta_key("settings")},
            {restored, fmt::format("{}", values_.told.value)},
            [this, agreement](const wire::Reply& reply) {
              learn_settings(reply);
              values_.origins = places_now(agreement->kept);
              for (const auto& [processor, origin] : agreement->plan.to_keep) {
                values_.origins.at(processor) = origin;
              }
              agreement->agreed.yes();
            });
}

// -- living ---------------------------------------------------------------------------------------

std::optional<std::string> SharedFacts::learn(const std::vector<std::string>& names,
                                              const wire::Reply& origins,
                                              const wire::Reply& settings) {
  learn_settings(settings);
  const auto kept = kept_by_number(names, origins);
  values_.origins = places_now(kept);
  for (const Place& place : configured_.processors) {
    const auto number =
        static_cast<std::size_t>(std::ranges::find(names, place.name) - names.begin());
    if (place.origin.empty() || number == names.size() || kept[number].now.empty()) continue;
    if (kept[number].now == place.origin || kept[number].before == place.origin) continue;
    return not_where_the_group_has_it(place, kept[number].now);
  }
  return std::nullopt;
}

void SharedFacts::learn_settings(const wire::Reply& settings) {
  values_.restored = settings.elements.at(0).text == "1";
  values_.told = std::max(values_.told, {number_of(settings.elements.at(1).text)});
}

// -- told -----------------------------------------------------------------------------------------

void SharedFacts::keep_told(payment::UtcMs told, Store::Done done) {
  values_.told = std::max(values_.told, told);
  const auto number = next_++;
  waiting_.emplace(number, Told{told, std::move(done)});
  if (is_ready_) send(number);
}

void SharedFacts::ready() {
  is_ready_ = true;
  for (const auto& [number, told] : waiting_) send(number);
}

void SharedFacts::away() {
  is_ready_ = false;
}

void SharedFacts::send(std::uint64_t number) {
  wire_.run(scripts_.keep_facts, {meta_key("settings")},
            {"", fmt::format("{}", waiting_.at(number).time.value)},
            [this, number](const wire::Reply& reply) {
              learn_settings(reply);
              auto answered = waiting_.extract(number);
              if (answered && answered.mapped().done) answered.mapped().done();
            });
}

}  // namespace payswitch::store::shared
