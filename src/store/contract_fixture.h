#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/options.h"
#include "store/samples_fixture.h"
#include "store/store.h"

// What every store must do, whatever it stands on. An engine's test brings a StoreUnderTest and
// instantiates StoreContract with it. The suite is in contract_suite.cc and
// facts_contract_suite.cc; its rules are those of store.h and PROTOCOL 2, 3, 5 and 6.
namespace payswitch::store {

// One store with the processors "default" (0) and "fallback" (1), and the world around it.
class StoreUnderTest {
 public:
  virtual ~StoreUnderTest() = default;

  virtual Store& store() = 0;

  // Lets the world go on until the store is idle and every completion has run.
  virtual void settle_down() = 0;

  // What the store made ours since it was opened.
  virtual std::vector<OpenPayment> adopted() = 0;

  // Ends the store as a crash would, and opens it again as `options` says. False: this one forgets
  // everything.
  virtual bool restart() = 0;

  // What opening it again is refused with. Only where restart() is true.
  virtual std::string refusal() = 0;

  // Of processors and restoring, as the next start is told.
  Options options{.processors = {{"default", "http://a:1"}, {"fallback", "http://b:1/pay"}}};
};

struct StoreMaker {
  std::string name;
  std::function<std::unique_ptr<StoreUnderTest>()> make;
};

class StoreContract : public testing::TestWithParam<StoreMaker> {
 protected:
  Store& store() { return under_test_->store(); }
  void settle_down() { under_test_->settle_down(); }
  bool restart() { return under_test_->restart(); }
  std::string refusal() { return under_test_->refusal(); }
  Options& options() { return under_test_->options; }
  const std::vector<std::string>& origins() { return store().facts().origins; }
  std::vector<OpenPayment> adopted() {
    auto open = under_test_->adopted();
    std::ranges::sort(open, {}, &OpenPayment::id);
    return open;
  }

  // Asks, and waits for the answer.
  Verdict accept(const Acceptance& acceptance) {
    std::optional<Verdict> verdict;
    store().accept(acceptance, [&](Verdict given) { verdict = given; });
    EXPECT_FALSE(verdict) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(verdict);
    return verdict.value_or(Verdict::not_admitted);
  }

  void intend(std::uint32_t number, const Intent& intent) {
    bool done = false;
    store().intend(test_id(number), intent, [&](bool is_granted) { done = is_granted; });
    EXPECT_FALSE(done) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(done);
  }

  void refuse(std::uint32_t number, const Intent& intent,
              payment::Outcome reason = payment::Outcome::refused) {
    store().refuse(test_id(number),
                   {.processor = intent.processor, .number = intent.number, .reason = reason});
    settle_down();
  }

  void settle(std::uint32_t number, const Settlement& settlement) {
    bool done = false;
    store().settle(test_id(number), settlement, [&] { done = true; });
    EXPECT_FALSE(done) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(done);
  }

  void park(std::uint32_t number, payment::UtcMs when) {
    bool done = false;
    store().park(test_id(number), when, [&] { done = true; });
    settle_down();
    EXPECT_TRUE(done);
  }

  // Accepted with a carried intent, and settled by it.
  void pay(std::uint32_t number, payment::UtcMs requested_at, std::int64_t amount = 1990,
           payment::ProcessorNumber processor = cheap) {
    const Intent first = intent(1, requested_at, processor);
    EXPECT_EQ(accept(acceptance(number, amount, first)), Verdict::accepted);
    settle(number, settlement(first, amount));
  }

  void keep_told(payment::UtcMs told) {
    bool done = false;
    store().keep_told(told, [&] { done = true; });
    EXPECT_FALSE(done) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(done);
  }

  std::optional<PaymentView> find(std::uint32_t number) {
    std::optional<PaymentView> view;
    bool answered = false;
    store().find(test_id(number), [&](const Store::Found& found) {
      view = found.value();
      answered = true;
    });
    EXPECT_FALSE(answered) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(answered);
    return view;
  }

  std::vector<payment::Total> summary(const books::Window& window = {}) {
    std::vector<payment::Total> totals;
    store().summary(window, [&](const auto& summary) { totals = summary.value().by_processor; });
    settle_down();
    return totals;
  }

  // One page; nullopt: the cursor is none.
  std::optional<Page> list(const books::Window& window, const std::string& cursor) {
    std::optional<Page> page;
    bool answered = false;
    store().list(window, cursor, [&](const Store::Listed& listed) {
      page = listed.value();
      answered = true;
    });
    EXPECT_FALSE(answered) << "completed inside the call";
    settle_down();
    EXPECT_TRUE(answered);
    return page;
  }

  // Every page, once each payment.
  std::map<payment::CorrelationId, PaymentView> list_all(const books::Window& window) {
    std::map<payment::CorrelationId, PaymentView> all;
    std::string cursor;
    do {
      const auto page = list(window, cursor);
      EXPECT_TRUE(page);
      if (!page) break;
      EXPECT_LE(page->payments.size(), max_page_payments);
      for (const PaymentView& view : page->payments) all.emplace(view.id, view);
      cursor = page->next;
    } while (!cursor.empty());
    return all;
  }

  std::uint64_t in_state(payment::State state) {
    return store().counters().by_state[static_cast<std::size_t>(state)];
  }

  std::unique_ptr<StoreUnderTest> under_test_ = GetParam().make();
};

}  // namespace payswitch::store
