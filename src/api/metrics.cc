#include "api/metrics.h"

#include <fmt/format.h>

#include <array>

#include "metrics/prometheus.h"

namespace payswitch::api {

namespace {

using metrics::PrometheusText;
using payment::Outcome;
using payment::State;

constexpr std::array states{State::accepted, State::attempting, State::unknown, State::settled,
                            State::parked};

double seconds(std::optional<platform::Duration> duration) {
  return duration ? std::chrono::duration<double>(*duration).count() : 0.0;
}

// Cents times parts per million, exactly, in the currency's unit.
std::string fee_text(__int128 cents_ppm) {
  constexpr __int128 per_unit = 100 * 1'000'000;
  return fmt::format("{}.{:08}", static_cast<std::uint64_t>(cents_ppm / per_unit),
                     static_cast<std::uint64_t>(cents_ppm % per_unit));
}

void payments(PrometheusText& text, const Sources& from) {
  const store::Counters& store = from.store.counters();
  text.gauge("payswitch_payments", "Payments by state.");
  for (const State state : states) {
    text.sample(store.by_state[static_cast<std::size_t>(state)], {{"state", to_string(state)}});
  }
  text.counter("payswitch_replays_total", "Payments that were sent again with the same amount.");
  text.sample(store.replays);
  text.counter("payswitch_conflicts_total", "Payments that were sent again with another amount.");
  text.sample(store.conflicts);
  text.counter("payswitch_findings_total", "Settlements that differ from what was sent.");
  text.sample(store.findings);
  text.gauge("payswitch_backlog", "Open payments that wait for a processor.");
  text.sample(static_cast<std::uint64_t>(from.dispatcher.backlog()));
  text.gauge("payswitch_restored",
             "1 while every new payment is asked for before it is sent (--restored).");
  text.sample(std::uint64_t{from.dispatcher.restored() == dispatch::Restored::yes});
  text.gauge("payswitch_asking_first",
             "Open payments that are asked for before anything is sent for them.");
  text.sample(static_cast<std::uint64_t>(from.dispatcher.asking_first()));
  text.gauge("payswitch_oldest_open_seconds",
             "Age of the oldest open payment; 0 when none is open.");
  text.sample(seconds(from.dispatcher.oldest_open()));
  text.gauge("payswitch_oldest_unknown_seconds",
             "Age of the oldest unknown attempt; 0 when there is none.");
  text.sample(seconds(from.dispatcher.oldest_unknown()));
}

void attempts(PrometheusText& text, const dispatch::Dispatcher& dispatcher) {
  text.counter("payswitch_attempts_total", "Answers to POSTs, by what they mean.");
  for (const auto& upstream : dispatcher.upstreams()) {
    for (std::size_t at = 0; at < dispatch::outcome_count; ++at) {
      text.sample(upstream->counters().outcomes[at],
                  {{"processor", upstream->options().name},
                   {"outcome", to_string(static_cast<Outcome>(at))}});
    }
  }
  const auto per_upstream = [&](std::string_view name, std::string_view help, auto field) {
    text.counter(name, help);
    for (const auto& upstream : dispatcher.upstreams()) {
      text.sample(upstream->counters().*field, {{"processor", upstream->options().name}});
    }
  };
  using dispatch::UpstreamCounters;
  per_upstream("payswitch_late_total", "POSTs that passed attempt_timeout.",
               &UpstreamCounters::late);
  per_upstream("payswitch_asked_total", "GETs that resolve unknown outcomes.",
               &UpstreamCounters::asked);
  per_upstream("payswitch_repeated_total", "POSTs sent again to resolve unknown outcomes.",
               &UpstreamCounters::repeated);
  per_upstream("payswitch_contradictions_total", "A 422, and then not in the processor's books.",
               &UpstreamCounters::contradictions);
  per_upstream("payswitch_found_first_total",
               "Payments that it had by requests that the store knows nothing of.",
               &UpstreamCounters::found_first);
  text.counter("payswitch_booked_before_total",
               "Payments that were new to us, and that it had: were these books restored?");
  for (const auto& upstream : dispatcher.upstreams()) {
    text.sample(upstream->counters().booked_before.total(),
                {{"processor", upstream->options().name}});
  }
  per_upstream("payswitch_health_polls_total", "Health polls.", &UpstreamCounters::health_polls);
  text.histogram("payswitch_answer_seconds", "From the start of a POST's write to its answer.");
  for (const auto& upstream : dispatcher.upstreams()) {
    text.sample(upstream->counters().answer, {{"processor", upstream->options().name}});
  }
}

void processors(PrometheusText& text, const dispatch::Dispatcher& dispatcher) {
  using enum routing::BreakerState;
  text.gauge("payswitch_breaker_state", "1 for the state that a processor's breaker is in.");
  for (const auto& upstream : dispatcher.upstreams()) {
    for (const auto state : {closed, open, half_open}) {
      text.sample(static_cast<std::uint64_t>(upstream->breaker().state() == state),
                  {{"processor", upstream->options().name}, {"state", to_string(state)}});
    }
  }
  text.gauge("payswitch_resting", "1 while every breaker is open and only probes are sent.");
  text.sample(static_cast<std::uint64_t>(dispatcher.outage().is_resting()));
  text.counter("payswitch_rests_total", "Times that every breaker was open.");
  text.sample(dispatcher.outage().count());
  text.gauge("payswitch_in_flight", "Requests whose answer is outstanding, and held slots.");
  for (const auto& upstream : dispatcher.upstreams()) {
    text.sample(std::uint64_t{upstream->in_flight()}, {{"processor", upstream->options().name}});
  }
  text.gauge("payswitch_limit", "How many first attempts may be in flight.");
  for (const auto& upstream : dispatcher.upstreams()) {
    text.sample(std::uint64_t{upstream->limit()}, {{"processor", upstream->options().name}});
  }
  text.gauge("payswitch_processor_connections", "Open connections to a processor.");
  for (const auto& upstream : dispatcher.upstreams()) {
    text.sample(upstream->client().counters().connections_open,
                {{"processor", upstream->options().name}});
  }
  text.counter("payswitch_fees_paid_total", "Fees of the settlements since the start.");
  text.sample_text(fee_text(dispatcher.counters().fees_paid_ppm));
  text.counter("payswitch_fees_saved_total",
               "Fees saved against the dearest processor, since the start.");
  text.sample_text(fee_text(dispatcher.counters().fees_saved_ppm));
  text.counter("payswitch_clock_alarms_total", "Intents made while the wall clock was far behind.");
  text.sample(dispatcher.clock_alarms());
}

void latencies(PrometheusText& text, const Sources& from) {
  text.histogram("payswitch_accept_seconds", "From a payment's last byte to its durable verdict.");
  text.sample(from.api.accept);
  text.histogram("payswitch_sync_seconds", "From handing a group to the disk to its completion.");
  text.sample(from.store.counters().sync);
  text.histogram("payswitch_settlement_seconds", "From accepted to settled.");
  text.sample(from.dispatcher.counters().settlement);
}

void machine(PrometheusText& text, const Sources& from) {
  const http::ServerCounters none;
  const http::ServerCounters& server = from.server ? *from.server : none;
  const store::Counters& store = from.store.counters();
  text.gauge("payswitch_durability", "1 for the durability that is configured.");
  for (const auto durability :
       {platform::Durability::fsync, platform::Durability::os, platform::Durability::memory}) {
    text.sample(static_cast<std::uint64_t>(from.durability == durability),
                {{"durability", to_string(durability)}});
  }
  text.counter("payswitch_journal_groups_total",
               "Groups made durable: one write and one sync each.");
  text.sample(store.batches);
  text.counter("payswitch_journal_records_total", "Records in them.");
  text.sample(store.records);
  text.counter("payswitch_journal_bytes_total", "Bytes in them.");
  text.sample(store.bytes_written);
  text.gauge("payswitch_journal_segments", "Segments that hold records and are not sealed.");
  text.sample(store.segments);
  text.gauge("payswitch_journal_prepared_segments", "Empty segments that are ready.");
  text.sample(store.prepared_segments);
  text.gauge("payswitch_journal_dropped_groups",
             "Intact groups that this start dropped behind a gap (durability os).");
  text.sample(store.dropped_batches);
  text.gauge("payswitch_sealed_files", "Sealed files.");
  text.sample(store.sealed_files);
  text.gauge("payswitch_sealed_payments", "Payments in them.");
  text.sample(store.sealed_payments);
  text.counter("payswitch_sealing_copies_total",
               "Payments told again, so that their segment could be sealed.");
  text.sample(store.carried_forward);
  text.counter("payswitch_sealed_look_ups_total",
               "Questions to the sealed files that waited for the disk.");
  text.sample(store.page_reads);
  text.counter("payswitch_http_requests_total", "Well-formed requests.");
  text.sample(server.requests);
  text.counter("payswitch_http_bad_requests_total",
               "Requests that the server itself answered with an error.");
  text.sample(server.bad_requests);
  text.gauge("payswitch_http_connections", "Open connections of clients.");
  text.sample(server.connections_open);
  text.counter("payswitch_http_refused_connections_total", "Connections beyond the limit.");
  text.sample(server.connections_refused);
  text.counter("payswitch_log_lines_dropped_total", "Lines of the log that no reader took.");
  text.sample(from.log_lines_dropped);
  text.gauge("payswitch_build_info", "1; the labels say what runs.");
  text.sample(std::uint64_t{1}, {{"version", from.version}});
}

// What the operator of Redis should know, too (PROTOCOL 7.6).
void redis(PrometheusText& text, const redis::Client& client, const redis::Server& server) {
  const redis::Counters& counters = client.counters();
  text.gauge("payswitch_redis_connected", "1 while there is a connection to Redis.");
  text.sample(static_cast<std::uint64_t>(counters.connected));
  text.gauge("payswitch_redis_risk",
             "1 for each setting of Redis with which it can lose what it has.");
  const std::pair<std::string_view, bool> risks[] = {
      {"appendonly", server.appendonly == "no"},
      {"appendfsync", server.appendonly != "no" && server.appendfsync != "always"},
      {"maxmemory_policy", server.maxmemory_policy != "noeviction"},
  };
  for (const auto& [setting, is_risky] : risks) {
    text.sample(static_cast<std::uint64_t>(is_risky), {{"setting", setting}});
  }
  text.counter("payswitch_redis_commands_total", "Commands written to Redis.");
  text.sample(counters.commands);
  text.counter("payswitch_redis_writes_total",
               "Writes to its socket: a turn's commands share one.");
  text.sample(counters.writes);
  text.counter("payswitch_redis_lost_total", "Commands whose reply was lost.");
  text.sample(counters.maybe_ran);
  text.counter("payswitch_redis_connects_total", "Connections made to Redis.");
  text.sample(counters.connects);
  text.histogram("payswitch_redis_answer_seconds", "From a command to its reply.");
  text.sample(counters.answer);
}

}  // namespace

std::string metrics_text(const Sources& sources) {
  PrometheusText text;
  payments(text, sources);
  attempts(text, sources.dispatcher);
  processors(text, sources.dispatcher);
  latencies(text, sources);
  machine(text, sources);
  if (sources.redis) redis(text, *sources.redis, *sources.redis_server);
  return text.text();
}

}  // namespace payswitch::api
