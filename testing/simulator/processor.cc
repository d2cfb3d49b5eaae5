#include "testing/simulator/processor.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "http/json_fields.h"

namespace payswitch::lab::simulator {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr auto shortest_profile = milliseconds(100);
constexpr auto just_below = milliseconds(1);

template <class T, std::size_t n>
const T& one_of(SeededRandom& random, const std::array<T, n>& these) {
  return these[random.below(n)];
}

Posting read_posting(std::string_view body, platform::Instant at) {
  std::array<http::JsonField, 3> fields{http::JsonField{.name = "correlationId"},
                                        http::JsonField{.name = "amount"},
                                        http::JsonField{.name = "requestedAt"}};
  http::read_json_fields(body, fields);
  return {.id = payment::CorrelationId::parse(fields[0].text).value(),
          .amount = payment::Money::parse(fields[1].text).value(),
          .requested_at = payment::parse_iso8601(fields[2].text).value().floor,
          .at = at};
}

Reading reading_of(const std::expected<SentResponse, http::Failure>& answer) {
  if (!answer) return Reading::unclear;
  switch (answer->status) {
    case 200:
      return Reading::taken;
    case 500:
      return answer->body.empty() ? Reading::refused : Reading::unclear;
    case 429:
    case 400:
    case 413:
    case 415:
    case 401:
    case 403:
    case 404:
    case 405:
      return Reading::refused;
    default:
      return Reading::unclear;
  }
}

}  // namespace

UnsteadyProcessor::UnsteadyProcessor(World& world, std::uint64_t seed, std::size_t index,
                                     const FaultPlan& plan, Watcher& watcher)
    : world_(world), random_(seed), index_(index), plan_(plan), watcher_(watcher) {
  world_.after(between(random_, milliseconds(0), plan_.longest_profile),
               [this] { change_profile(); });
}

// -- profiles -----------------------------------------------------------------------------------

void UnsteadyProcessor::change_profile() {
  if (is_calm_) return;
  auto profile = static_cast<FaultProfile>(random_.below(profile_count));
  if (!plan_.profiles[static_cast<std::size_t>(profile)]) profile = FaultProfile::healthy;
  enter(profile);
  const auto longest =
      profile == FaultProfile::stopped ? plan_.longest_stop : plan_.longest_profile;
  world_.after(between(random_, shortest_profile, longest), [this] { change_profile(); });
}

void UnsteadyProcessor::enter(FaultProfile profile) {
  if (profile == FaultProfile::down && profile_ != FaultProfile::down) ++starts_;
  profile_ = profile;
  if (profile_ == FaultProfile::stopped) return;
  for (const Arrival& arrival : std::exchange(held_, {})) handle(arrival);
}

void UnsteadyProcessor::calm() {
  is_calm_ = true;
  enter(FaultProfile::healthy);
}

void UnsteadyProcessor::arrive(SentRequest request, Reply reply) {
  Arrival arrival{
      .request = std::move(request), .posting = {}, .at = world_.now(), .reply = std::move(reply)};
  if (arrival.request.method == http::Method::post) {
    arrival.posting = read_posting(arrival.request.body, arrival.at);
    ++posts_by_profile_[static_cast<std::size_t>(profile_)];
    ++posts_under_way_;
    watcher_.posted(index_, *arrival.posting);
  }
  if (profile_ == FaultProfile::stopped) return held_.push_back(std::move(arrival));
  if (profile_ != FaultProfile::down) return handle(arrival);
  if (arrival.posting) {
    watcher_.answered(index_, *arrival.posting, Reading::unclear);
    decided();
  }
  arrival.reply(std::unexpected(http::Failure::cut));
}

void UnsteadyProcessor::handle(const Arrival& arrival) {
  if (arrival.posting) return post(*arrival.posting, arrival.reply);
  arrival.request.target.ends_with("/service-health") ? health(arrival.reply) : get(arrival);
}

// -- POST ---------------------------------------------------------------------------------------

void UnsteadyProcessor::post(const Posting& posting, const Reply& reply) {
  const bool is_odd =
      profile_ == FaultProfile::healthy && plan_.single_faults && !is_calm_ && random_.one_in(8);
  Fate fate = fate_of_a_post(is_odd ? FaultProfile::mixed : profile_);
  keep_the_operators_word(fate, posting);
  const auto delay = fate.delay;
  world_.after(delay, [this, posting, fate = std::move(fate), start = starts_, reply] {
    decide(posting, fate, start, reply);
  });
}

// Nothing is booked later than max_processing_time after it was sent (PROTOCOL 3.2).
void UnsteadyProcessor::keep_the_operators_word(Fate& fate, const Posting& posting) const {
  const auto& most = plan_.settings.max_processing_time;
  if (!most) return;
  const platform::Duration left = posting.at + *most - just_below - world_.now();
  if (left < platform::Duration(0)) {
    fate = {.books = false, .answer = std::unexpected(http::Failure::cut)};
    return;
  }
  fate.delay = std::min(fate.delay, left);
  fate.books_later = std::min(fate.books_later, left - fate.delay);
}

void UnsteadyProcessor::book(const Posting& posting) {
  if (!books_.emplace(posting.id, Entry{posting.amount, posting.requested_at}).second) return;
  watcher_.booked(index_, posting);
}

void UnsteadyProcessor::decided() {
  --posts_under_way_;
  last_decided_ = world_.now();
}

void UnsteadyProcessor::decide(const Posting& posting, const Fate& fate, std::uint64_t start,
                               const Reply& reply) {
  const bool known = books_.contains(posting.id);
  if (fate.books && fate.books_later > platform::Duration(0)) {
    world_.after(fate.books_later, [this, posting] {
      book(posting);
      decided();
    });
  } else {
    if (fate.books) book(posting);
    decided();
  }
  if (fate.is_silent) return;
  auto answer = fate.answer;
  if (fate.books && known && answer) answer = SentResponse{422, R"({"message":"known"})"};
  if (start != starts_) answer = std::unexpected(http::Failure::cut);  // it went down in between
  watcher_.answered(index_, posting, reading_of(answer));
  reply(std::move(answer));
}

UnsteadyProcessor::Fate UnsteadyProcessor::fate_of_a_post(FaultProfile profile) {
  constexpr std::array forbidding = {401u, 403u, 404u, 405u};
  constexpr std::array faulting = {400u, 413u, 415u};
  const auto refusal = [this](unsigned status) {
    return Fate{.delay = between(random_, milliseconds(0), milliseconds(50)),
                .books = false,
                .answer = SentResponse{status, ""}};
  };
  switch (profile) {
    case FaultProfile::slow:
      return {.delay = between(random_, milliseconds(0), seconds(2))};
    case FaultProfile::late:
      return fate_of_a_late_post();
    case FaultProfile::refusing:
      return refusal(500);
    case FaultProfile::throttling:
      return refusal(429);
    case FaultProfile::forbidding:
      return refusal(one_of(random_, forbidding));
    case FaultProfile::faulting:
      return refusal(one_of(random_, faulting));
    case FaultProfile::erring:
    case FaultProfile::lossy:
      return fate_of_an_erring_post(profile);
    case FaultProfile::mixed: {
      const auto other =
          static_cast<FaultProfile>(random_.below(static_cast<std::uint64_t>(FaultProfile::mixed)));
      return fate_of_a_post(
          plan_.profiles[static_cast<std::size_t>(other)] ? other : FaultProfile::healthy);
    }
    case FaultProfile::healthy:
    case FaultProfile::down:
    case FaultProfile::stopped:
      return {.delay = between(random_, milliseconds(0), milliseconds(3))};
  }
  std::unreachable();
}

// Refusals come late as well, and while an earlier request of the same payment still runs.
UnsteadyProcessor::Fate UnsteadyProcessor::fate_of_a_late_post() {
  Fate fate;
  const auto& settings = plan_.settings;
  const bool after_hang_up = random_.one_in(3);
  fate.delay = after_hang_up ? between(random_, settings.hang_up, 2 * settings.hang_up)
                             : between(random_, settings.attempt_timeout / 2, settings.hang_up);
  if (random_.one_in(4)) {
    fate.books = false;
    fate.answer = SentResponse{random_.one_in(2) ? 500u : 429u, ""};
  }
  return fate;
}

UnsteadyProcessor::Fate UnsteadyProcessor::fate_of_an_erring_post(FaultProfile profile) {
  constexpr std::array statuses = {500u, 500u, 502u, 503u, 504u, 408u, 409u, 302u};
  Fate fate{.delay = between(random_, milliseconds(0), milliseconds(100)),
            .books = random_.one_in(2)};
  if (profile == FaultProfile::erring) {
    fate.answer = SentResponse{one_of(random_, statuses), R"({"message":"sorry"})"};
  } else if (random_.one_in(3)) {
    fate.is_silent = true;
  } else {
    fate.answer = std::unexpected(random_.one_in(2) ? http::Failure::cut : http::Failure::garbled);
  }
  // What stands before it has answered for it, and it goes on.
  if (plan_.books_after_answering && random_.one_in(2)) {
    const auto most = 2 * plan_.settings.hang_up;
    fate.books_later = between(random_, milliseconds(1), most);
  }
  return fate;
}

// -- GET ----------------------------------------------------------------------------------------

void UnsteadyProcessor::get(const Arrival& arrival) {
  const std::string& target = arrival.request.target;
  if (plan_.odd_answers_to_get && profile_ != FaultProfile::healthy && answer_oddly(arrival.reply))
    return;
  const auto id = payment::CorrelationId::parse(target.substr(target.rfind('/') + 1)).value();
  const auto entry = books_.find(id);
  if (entry == books_.end()) return answer_a_get(arrival, SentResponse{404, ""});
  answer_a_get(
      arrival,
      SentResponse{200, fmt::format(R"({{"correlationId":"{}","amount":{},"requestedAt":"{}"}})",
                                    id.to_string(), entry->second.amount.to_string(),
                                    text_of(entry->second.requested_at))});
}

// Where GETs are slow, it says in the end what was true when it came in.
void UnsteadyProcessor::answer_a_get(const Arrival& arrival,
                                     std::expected<SentResponse, http::Failure> answer) {
  const auto say = [this, reply = arrival.reply, at = arrival.at, target = arrival.request.target,
                    answer = std::move(answer), start = starts_] {
    if (start != starts_) return reply(std::unexpected(http::Failure::cut));
    const auto id = payment::CorrelationId::parse(target.substr(target.rfind('/') + 1)).value();
    if (answer->status == 200) watcher_.vouched(index_, id, at);
    if (answer->status == 404) watcher_.denied(index_, id, at);
    reply(answer);
  };
  if (!plan_.gets_are_slow || is_calm_ || random_.one_in(3)) return say();
  const auto timeout = plan_.settings.attempt_timeout;
  const auto most = random_.one_in(8) ? 2 * timeout : timeout;
  world_.after(between(random_, milliseconds(0), most), say);
}

bool UnsteadyProcessor::answer_oddly(const Reply& reply) {
  switch (random_.below(8)) {
    case 0:
      reply(SentResponse{429, ""});
      return true;
    case 1:
      return true;  // silence
    case 2:
      reply(std::unexpected(http::Failure::cut));
      return true;
    case 3:
      reply(SentResponse{200, R"({"amount":)"});
      return true;
    case 4:
      reply(SentResponse{500, "{}"});
      return true;
    default:
      return false;
  }
}

// UTC with or without its Z, three digits or seven, or as many as are not zero.
std::string UnsteadyProcessor::text_of(payment::UtcMs time) {
  std::string text = payment::format_iso8601(time);
  text.pop_back();
  switch (random_.below(4)) {
    case 0:
      return text;
    case 1:
      return text + "0000Z";
    case 2:
      while (text.back() == '0') text.pop_back();
      if (text.back() == '.') text.pop_back();
      return text + "Z";
    default:
      return text + "Z";
  }
}

void UnsteadyProcessor::health(const Reply& reply) {
  if (plan_.health_lies && profile_ != FaultProfile::healthy && answer_oddly(reply)) return;
  const bool failing =
      profile_ == FaultProfile::refusing || (plan_.health_lies && random_.one_in(20));
  reply(SentResponse{200, fmt::format(R"({{"failing":{},"minResponseTime":0}})", failing)});
}

}  // namespace payswitch::lab::simulator
