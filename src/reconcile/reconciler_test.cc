#include "reconcile/reconciler.h"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <functional>
#include <set>

#include "reconcile/report.h"
#include "testing/world/world.h"

namespace payswitch::reconcile {
namespace {

using payment::CorrelationId;
using payment::State;
using payment::UtcMs;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr std::int64_t begin_ms = 1'750'000'000'000;
constexpr std::int64_t now_ms = begin_ms + 600'000;

CorrelationId id_of(std::uint32_t number) {
  return *CorrelationId::parse(fmt::format("550e8400-e29b-41d4-a716-{:012d}", number));
}

UtcMs at(std::int64_t ms) {
  return {begin_ms + ms};
}

struct Entry {
  UtcMs at;
  std::int64_t cents = 0;
};

using TheirBooks = std::map<CorrelationId, Entry>;

// A switch with two processors that answers from maps, and counts the questions.
struct Town {
  std::map<CorrelationId, ListedPayment> ours;
  std::map<std::string, TheirBooks> theirs{{"default", {}}, {"fallback", {}}};
  std::map<std::string, payment::Total> forged;  // added to what the switch's sums say
  std::function<void(const Question&)> before;
  std::string unreachable;
  std::string unasked;  // added to what GET /processors says
  std::string token;
  std::uint64_t questions = 0;

  // Settled, and in the books.
  void pay(std::uint32_t number, UtcMs time, std::int64_t cents,
           const std::string& processor = "default") {
    send(number, time, cents, processor);
    ours.at(id_of(number)).state = State::settled;
    ours.at(id_of(number)).attempts.back().is_answered = true;
    theirs[processor][id_of(number)] = {time, cents};
  }

  // In flight, and not in the books.
  void send(std::uint32_t number, UtcMs time, std::int64_t cents,
            const std::string& processor = "default") {
    ours[id_of(number)] = {.id = id_of(number),
                           .state = State::unknown,
                           .amount = payment::Money::from_cents(cents),
                           .processor = processor,
                           .requested_at = time,
                           .attempts = {{processor, time, false}}};
  }

  Reply answer(const Question& question);
  Reply answer_of_switch(const std::string& path, UtcMs from, UtcMs to, std::string_view cursor);
  Reply answer_of_processor(const std::string& name, const Question& question, UtcMs from,
                            UtcMs to);
  std::string metrics() const;
};

std::string parameter(const std::string& target, const std::string& name) {
  const auto found = target.find(name + "=");
  if (found == target.npos) return "";
  const auto begin = found + name.size() + 1;
  return target.substr(begin, target.find('&', begin) - begin);
}

UtcMs time_parameter(const std::string& target, const std::string& name) {
  const auto time = payment::parse_iso8601(parameter(target, name));
  return time ? time->floor : UtcMs{};
}

std::string total_json(const payment::Total& total) {
  return fmt::format(R"({{"totalRequests":{},"totalAmount":{}}})", total.count, total.amount());
}

std::string payment_json(const ListedPayment& payment) {
  std::string attempts;
  for (const auto& attempt : payment.attempts) {
    attempts += fmt::format(R"({}{{"processor":"{}","requestedAt":"{}","outcome":{}}})",
                            attempts.empty() ? "" : ",", attempt.processor,
                            payment::format_iso8601(attempt.requested_at),
                            attempt.is_answered ? "\"refused\"" : "null");
  }
  const bool settled = payment.state == State::settled;
  return fmt::format(
      R"({{"correlationId":"{}","state":"{}","amount":{},"bookedAmount":{},"processor":"{}",)"
      R"("requestedAt":"{}","attempts":[{}]}})",
      payment.id.to_string(), payment::to_string(payment.state), payment.amount.to_string(),
      settled ? payment.amount.to_string() : "null", payment.processor,
      payment::format_iso8601(payment.requested_at), attempts);
}

Reply Town::answer(const Question& question) {
  ++questions;
  if (before) before(question);
  const UtcMs from = time_parameter(question.target, "from");
  const UtcMs to = time_parameter(question.target, "to");
  if (question.url == "http://switch") {
    return answer_of_switch(question.target.substr(0, question.target.find('?')), from, to,
                            parameter(question.target, "cursor"));
  }
  return answer_of_processor(question.url.substr(std::string("http://").size()), question, from,
                             to);
}

Reply Town::answer_of_switch(const std::string& path, UtcMs from, UtcMs to,
                             std::string_view cursor) {
  if (path == "/") return {200, fmt::format(R"({{"timestamp":{}}})", now_ms)};
  if (path == "/metrics") return {200, metrics()};
  if (path == "/processors") {
    return {200, R"([{"name":"default","url":"http://default","configured":true},)"
                 R"({"name":"fallback","url":"http://fallback"})" +
                     unasked + "]"};
  }
  const auto is_in = [&](UtcMs time) { return from <= time && time <= to; };
  if (path == "/payments-summary") {
    auto totals = forged;
    for (const auto& [id, payment] : ours) {
      if (payment.state == State::settled && is_in(payment.requested_at)) {
        totals[payment.processor].add(payment.amount);
      }
    }
    return {200,
            fmt::format(R"({{"default":{},"fallback":{},"old":{}}})", total_json(totals["default"]),
                        total_json(totals["fallback"]), total_json(totals["old"]))};
  }
  // One payment a page.
  for (const auto& [id, payment] : ours) {
    const bool fits =
        std::ranges::any_of(payment.attempts, is_in, &ListedPayment::Attempt::requested_at);
    if (!fits || id.to_string() <= cursor) continue;
    return {200, fmt::format(R"({{"payments":[{}],"next":"{}"}})", payment_json(payment),
                             id.to_string())};
  }
  return {200, R"({"payments":[],"next":null})"};
}

Reply Town::answer_of_processor(const std::string& name, const Question& question, UtcMs from,
                                UtcMs to) {
  const auto& books = theirs.at(name);
  if (question.target.starts_with("/admin/payments-summary")) {
    token = question.token;
    payment::Total total;
    for (const auto& [id, entry] : books) {
      if (from <= entry.at && entry.at <= to) total.add(payment::Money::from_cents(entry.cents));
    }
    return {200, total_json(total)};
  }
  const auto id = CorrelationId::parse(question.target.substr(std::string("/payments/").size()));
  const auto found = books.find(*id);
  if (found == books.end()) return {404, ""};
  return {200, fmt::format(R"({{"correlationId":"{}","amount":{},"requestedAt":"{}"}})",
                           id->to_string(), payment::format_cents(found->second.cents),
                           payment::format_iso8601(found->second.at))};
}

std::string Town::metrics() const {
  States states{};
  for (const auto& [id, payment] : ours) ++states[static_cast<std::size_t>(payment.state)];
  std::string text = "# TYPE payswitch_payments gauge";
  for (int state = 0; state < payment::state_count; ++state) {
    text += fmt::format("\npayswitch_payments{{state=\"{}\"}} {}",
                        payment::to_string(static_cast<State>(state)),
                        states[static_cast<std::size_t>(state)]);
  }
  return text + "\n";
}

class Live : public testing::Test {
 protected:
  // A payment every 3 s, and every third one at the dear processor.
  Live() {
    for (std::uint32_t n = 1; n <= 60; ++n) {
      town.pay(n, at(n * 3'000), 1'000 + n, n % 3 == 0 ? "fallback" : "default");
    }
  }

  std::expected<Report, std::string> audit(const ReconcilerOptions& options = {}) {
    const lab::World world;
    platform::Progress progress(world, [](const std::string&) {});
    Queries queries(
        [this](const Question& question) -> std::expected<Reply, std::string> {
          if (question.url == town.unreachable) return std::unexpected(question.url + ": silence");
          return town.answer(question);
        },
        "http://switch", "secret");
    return Reconciler(std::move(queries), options, progress).run();
  }

  std::vector<std::string> discrepancies(const ReconcilerOptions& options = {}) {
    const auto report = audit(options);
    if (!report) return {report.error()};
    std::vector<std::string> lines;
    for (const Discrepancy& discrepancy : report->discrepancies)
      lines.push_back(to_text(discrepancy));
    return lines;
  }

  static std::string time(std::int64_t ms) { return payment::format_iso8601(at(ms)); }

  Town town;
};

TEST_F(Live, EqualBooksHaveNoFindings) {
  const auto report = audit();
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->windows, 60u);
  EXPECT_EQ(report->grain, least_grain);
  EXPECT_EQ(report->window.to.value, now_ms - 1'500);
  EXPECT_EQ(report->sums[0].ours.count, 40u);
  EXPECT_EQ(town.token, "secret");
  EXPECT_LT(town.questions, 2'000u);
  EXPECT_THAT(to_text(*report, "http://switch"), HasSubstr("\nno findings\n"));
}

TEST_F(Live, EmptyBooksAreEqual) {
  town = {};
  EXPECT_THAT(discrepancies(), IsEmpty());
  EXPECT_LT(town.questions, 20u);
}

TEST_F(Live, WhatIsAlteredIsNamedAndNothingElse) {
  town.theirs["default"][id_of(10)].cents += 50;
  town.theirs["fallback"].erase(id_of(30));
  town.theirs["default"][id_of(999)] = {at(30'000), 777};
  EXPECT_THAT(
      discrepancies(),
      ElementsAre(fmt::format("default: a charge of 7.77 at {} that we do not have", time(30'000)),
                  fmt::format("default: {} at {} is 10.10 in our books, 10.60 in its",
                              id_of(10).to_string(), time(30'000)),
                  fmt::format("fallback: {} of 10.30 at {} is not in its books",
                              id_of(30).to_string(), time(90'000))));
}

TEST_F(Live, WhatCancelsOutInTheSumOfAllIsFoundInTheWindows) {
  town.theirs["default"][id_of(10)].cents += 50;
  town.theirs["default"][id_of(20)].cents -= 50;
  EXPECT_THAT(discrepancies(), SizeIs(2));
  EXPECT_THAT(discrepancies({.grain = std::chrono::hours(1)}), IsEmpty());
}

TEST_F(Live, APaymentWithAnotherTimeIsOneFinding) {
  // Within one window of the usual grain the sums do not show it.
  const ReconcilerOptions closely{.grain = std::chrono::milliseconds(1)};
  for (const std::int64_t moved : {1, 29'999, 30'001, 500'000}) {
    town.theirs["default"][id_of(10)].at = at(moved);
    EXPECT_THAT(discrepancies(closely),
                ElementsAre(fmt::format("default: {} of 10.10 is at {} in our books, at {} in its",
                                        id_of(10).to_string(), time(30'000), time(moved))));
  }
}

TEST_F(Live, AnotherTimeDoesNotHideAnotherAmount) {
  town.theirs["default"][id_of(5)] = {at(200'001), town.theirs["default"][id_of(5)].cents + 100};
  const auto found = discrepancies();
  ASSERT_THAT(found, SizeIs(2));
  EXPECT_THAT(found, testing::Contains(HasSubstr("at " + time(200'001) + " in its")));
  EXPECT_THAT(found, testing::Contains(HasSubstr("in our books, ")));
  const auto report = audit();
  std::set<DiscrepancyKind> kinds;
  for (const Discrepancy& discrepancy : report->discrepancies) kinds.insert(discrepancy.kind);
  EXPECT_EQ(kinds, (std::set{DiscrepancyKind::amount, DiscrepancyKind::requested_at}));
}

TEST_F(Live, APaymentThatIsChargedAtBothIsNamed) {
  town.theirs["fallback"][id_of(10)] = {at(30'000), 1'010};
  // Refused there first, by our books.
  auto& tried = town.ours.at(id_of(30));
  tried.attempts.insert(tried.attempts.begin(), {"default", at(89'000), true});
  town.theirs["default"][id_of(30)] = {at(89'000), 1'030};
  EXPECT_THAT(discrepancies(),
              ElementsAre(fmt::format("fallback: {} of 10.10 at {} is in its books, and settled at "
                                      "default too",
                                      id_of(10).to_string(), time(30'000)),
                          fmt::format("default: {} of 10.30 at {} is in its books, and settled at "
                                      "fallback too",
                                      id_of(30).to_string(), time(89'000))));
}

TEST_F(Live, Protocol6WhatIsInFlightMayBeInTheirBooks) {
  town.send(70, at(7'000), 500);
  town.send(71, at(7'000), 600);
  town.theirs["default"][id_of(71)] = {at(7'000), 600};
  const auto report = audit();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->in_flight, 1u);
  EXPECT_EQ(report->states[static_cast<std::size_t>(State::unknown)], 2u);
  EXPECT_THAT(to_text(*report, "http://switch"),
              HasSubstr("unknown 2, waiting 0, parked 0\n  1 of them in a processor's books"));
  // Only where its last intent is.
  town.theirs["fallback"][id_of(70)] = {at(7'000), 500};
  EXPECT_THAT(discrepancies(),
              ElementsAre(HasSubstr("is in its books, although not sent or refused; "
                                    "it is unknown in ours")));
}

TEST_F(Live, Protocol6WhatSettlesWhileItIsLookedIntoIsNoFinding) {
  for (const std::uint64_t moment : {0u, 1u, 2u, 3u, 5u, 8u, 13u, 21u}) {
    town.send(70, at(7'000), 500);
    town.theirs["default"][id_of(70)] = {at(7'000), 500};
    std::uint64_t listed = 0;
    town.before = [&](const Question& question) {
      // Questions of that millisecond, counted.
      if (question.target.contains(time(7'000)) && listed++ == moment) town.pay(70, at(7'000), 500);
    };
    EXPECT_THAT(discrepancies(), IsEmpty()) << moment;
  }
}

TEST_F(Live, WhatGoesOnChangingIsToldAndIsNoFinding) {
  std::int64_t extra = 0;
  town.before = [&](const Question& question) {
    const bool summed = question.url == "http://default" && question.target.starts_with("/admin");
    if (summed) town.theirs["default"][id_of(999)] = {at(7'000), ++extra};
  };
  const auto report = audit();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->restless, 1u);
  EXPECT_THAT(to_text(*report, "http://switch"), HasSubstr("1 window went on changing"));
}

TEST_F(Live, ASumThatTheListDoesNotBearOutIsAFinding) {
  town.before = [&](const Question& question) {
    const auto& target = question.target;
    town.forged.clear();
    const bool holds =
        time_parameter(target, "from") <= at(30'000) && at(30'000) <= time_parameter(target, "to");
    if (holds) town.forged["default"] = {.count = 1, .cents = 5};
  };
  EXPECT_THAT(discrepancies(),
              ElementsAre(fmt::format("default: our sum at {} is 2 payments and 10.15, "
                                      "our list has 1 and 10.10",
                                      time(30'000))));
}

TEST_F(Live, SeveralChargesOfOneMillisecondAreOneFinding) {
  town.theirs["default"][id_of(998)] = {at(30'000), 100};
  town.theirs["default"][id_of(999)] = {at(30'000), 11};
  EXPECT_THAT(discrepancies(), ElementsAre(HasSubstr("2 charges of 1.11 together")));
}

TEST_F(Live, BeyondTheMillisecondsThatAreLookedIntoWindowsAreTold) {
  for (const std::uint32_t n : {10u, 20u, 40u}) town.theirs["default"].erase(id_of(n));
  EXPECT_THAT(discrepancies({.max_examined = 3}), SizeIs(3));
  EXPECT_THAT(discrepancies({.max_examined = 2}),
              ElementsAre(HasSubstr("is not in its books"), HasSubstr("is not in its books"),
                          HasSubstr("we have 23 payments and 239.83, it has 22 and 229.43")));
}

TEST_F(Live, Protocol6BeyondThemMoreOfTheirsMayBeInFlight) {
  for (const std::uint32_t n : {70u, 71u, 72u}) {
    town.send(n, at(n * 3'000), 100);
    town.theirs["default"][id_of(n)] = {at(n * 3'000), 100};
  }
  const auto report = audit({.max_examined = 1});
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_GT(report->restless, 0u);
  town.theirs["default"][id_of(73)] = {at(73 * 3'000), 100};
  town.theirs["default"][id_of(74)] = {at(74 * 3'000), 100};
  EXPECT_FALSE(discrepancies({.max_examined = 1}).empty());
}

TEST_F(Live, OnlyTheWindowIsAudited) {
  town.theirs["default"].erase(id_of(10));
  EXPECT_THAT(discrepancies({.from = at(30'001)}), IsEmpty());
  EXPECT_THAT(discrepancies({.to = at(29'999)}), IsEmpty());
  EXPECT_THAT(discrepancies({.from = at(30'000), .to = at(30'000)}), SizeIs(1));
  const std::chrono::milliseconds span(now_ms - 1'500 - begin_ms - 30'000);
  EXPECT_THAT(discrepancies({.last = span}), SizeIs(1));
  EXPECT_THAT(discrepancies({.last = span - std::chrono::milliseconds(1)}), IsEmpty());
}

TEST_F(Live, AWindowIsClosedAfterASecondAndAHalf) {
  const UtcMs closed{now_ms - closed_after.count()};
  town.theirs["default"][id_of(999)] = {{closed.value + 1}, 100};
  EXPECT_THAT(discrepancies({.to = UtcMs{now_ms}}), IsEmpty());
  town.theirs["default"][id_of(999)] = {closed, 100};
  EXPECT_THAT(discrepancies({.to = UtcMs{now_ms}}), SizeIs(1));
  EXPECT_THAT(discrepancies({.from = UtcMs{closed.value + 1}}), ElementsAre(HasSubstr("is empty")));
}

TEST_F(Live, ALongHistoryIsComparedInAboutAThousandWindows) {
  town.pay(70, {begin_ms - 1'000'000'000}, 500);
  const auto report = audit();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_EQ(report->grain.count(), 1'000'180);
}

TEST_F(Live, AProcessorThatIsNotConfiguredAnyMoreIsNamed) {
  town.forged["old"] = {.count = 1, .cents = 100};
  const auto report = audit();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_THAT(report->not_asked, ElementsAre("old"));
}

TEST_F(Live, WhatMayBeChargedAtAProcessorThatNobodyAsksIsTold) {
  town.unasked = R"(,{"name":"old","url":null,"configured":false,"origin":"http://old:1",)"
                 R"("open":{"payments":2,"amount":39.80}})";
  const auto report = audit();
  ASSERT_TRUE(report) << report.error();
  EXPECT_THAT(report->discrepancies, IsEmpty());
  EXPECT_THAT(report->unasked,
              ElementsAre(store::UnaskedAt{"old", "http://old:1", {.count = 2, .cents = 3980}}));
  EXPECT_THAT(to_text(*report, "http://switch"),
              HasSubstr("old (http://old:1): 2 open payments of 39.80 may be charged there"));
  EXPECT_THAT(to_json(*report, "http://switch"),
              HasSubstr(R"("unasked":[{"processor":"old","origin":"http://old:1","open")"));
  town.unasked = R"(,{"name":"old","configured":false})";
  EXPECT_THAT(audit().error(), HasSubstr("a processor that cannot be read"));
}

TEST_F(Live, WhoCannotBeAskedEndsTheAudit) {
  town.unreachable = "http://fallback";
  EXPECT_EQ(audit().error(), "http://fallback: silence");
}

TEST_F(Live, TheReportIsOneJsonDocument) {
  town.theirs["default"].erase(id_of(10));
  const std::string json = to_json(*audit(), "http://switch");
  EXPECT_THAT(json, HasSubstr(R"("findings":[{"kind":"missing","processor":"default",)"
                              R"("correlationId":"550e8400-e29b-41d4-a716-000000000010",)"));
  EXPECT_EQ(std::ranges::count(json, '\n'), 1);
}

TEST(Queries, AmountsAreReadExactly) {
  EXPECT_TRUE(parse_cents("0") == 0);
  EXPECT_TRUE(parse_cents("19.9") == 1990);
  EXPECT_TRUE(parse_cents("19.900") == 1990);
  EXPECT_EQ(payment::format_cents(*parse_cents("123456789012345678901234567890.12")),
            "123456789012345678901234567890.12");
  for (const char* text :
       {"", ".", "1.", ".5", "-1", "1e3", "1.999", "1234567890123456789012345678901"}) {
    EXPECT_FALSE(parse_cents(text)) << text;
  }
}

}  // namespace
}  // namespace payswitch::reconcile
