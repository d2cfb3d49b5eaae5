#include "store/embedded/listing.h"

#include <gtest/gtest.h>

#include <set>

#include "store/embedded/index.h"
#include "store/journal/record.h"
#include "store/samples_fixture.h"

namespace payswitch::store::embedded {
namespace {

TEST(Listing, ACursorIsTextAndBack) {
  for (const char* text : {"open-0", "open-18446744073709551615", "settled-8-63", "sealed",
                           "settled-8-3-550e8400-e29b-41d4-a716-446655440000",
                           "sealed-550e8400-e29b-41d4-a716-446655440000"}) {
    const auto cursor = parse_cursor(text);
    ASSERT_TRUE(cursor) << text;
    EXPECT_EQ(to_string(*cursor), text);
  }
  EXPECT_EQ(to_string(*parse_cursor("")), "open-0");
  for (const char* text :
       {"open", "open-", "open-x", "open-1-550e8400-e29b-41d4-a716-446655440000", "settled-1",
        "settled-1-", "settled-1-x", "settled-1-2-", "settled-1-2-x", "sealed-", "sealed1",
        "sealed-x", "open-18446744073709551616", "open--1"}) {
    EXPECT_FALSE(parse_cursor(text)) << text;
  }
}

TEST(Listing, ACursorBehindTheEndIsTheEnd) {
  Counters counters;
  const Index index(counters);
  EXPECT_EQ(index.list({}, *parse_cursor("open-7")).next, "");
  EXPECT_EQ(index.list({}, *parse_cursor("settled-0-64")).next, "");
  EXPECT_EQ(index.list({}, *parse_cursor("settled-18446744073709551615-0")).next, "");
}

// Full pages, and what one page looks at: at the limit and one beyond.
class ListingPages : public testing::TestWithParam<std::uint32_t> {};

TEST_P(ListingPages, EachPaymentIsOnOnePage) {
  Counters counters;
  Index index(counters);
  index.apply(journal::named_record(0, "default"), 1);
  for (std::uint32_t n = 1; n <= GetParam(); ++n) {
    // Every second one stays open; every hundredth lies in the window.
    const Intent sent = intent(1, at(n % 100 == 0 ? 1 : 2));
    index.apply(journal::accepted_record(acceptance(n, 1990, sent)), n);
    if (n % 200 != 0) index.apply(journal::settled_record(test_id(n), settlement(sent)), n);
  }
  std::set<payment::CorrelationId> seen;
  std::string cursor;
  int pages = 0;
  do {
    const Page page = index.list({at(1), at(1)}, *parse_cursor(cursor));
    EXPECT_LE(page.payments.size(), max_page_payments);
    for (const auto& view : page.payments) EXPECT_TRUE(seen.insert(view.id).second);
    cursor = page.next;
    ++pages;
  } while (!cursor.empty());
  EXPECT_EQ(seen.size(), GetParam() / 100);
  EXPECT_GE(pages, GetParam() / max_listed_over);
}

INSTANTIATE_TEST_SUITE_P(Counts, ListingPages,
                         testing::Values(0, 1, 10'000, 10'100, max_listed_over, max_listed_over + 1,
                                         4 * max_listed_over));

}  // namespace
}  // namespace payswitch::store::embedded
