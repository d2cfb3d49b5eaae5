#include "api/listing.h"

#include "api/api_fixture.h"

namespace payswitch::api {
namespace {

using payment::State;
using testing::EndsWith;
using testing::IsEmpty;
using testing::StartsWith;

struct ListingTest : ApiTest {
  std::shared_ptr<FakeClient> get(std::string_view query = {}) {
    Listing listing(store);
    return ask(listing, {.path = "/payments", .query = query});
  }
};

TEST_F(ListingTest, ThereMayBeNothing) {
  const auto client = get();
  EXPECT_EQ(client->status, 200u);
  EXPECT_EQ(client->body, R"({"payments":[],"next":null})");
}

TEST_F(ListingTest, APageHasItsPaymentsAndNamesTheNextOne) {
  store.page = std::optional(
      store::Page{.payments = {view(State::accepted), view(State::parked)}, .next = "j12-x"});
  const std::string body = get()->body;
  EXPECT_THAT(body, StartsWith(R"({"payments":[{"correlationId":")"));
  EXPECT_TRUE(body.contains(R"("state":"accepted")")) << body;
  EXPECT_TRUE(body.contains(R"(},{"correlationId":)")) << body;
  EXPECT_THAT(body, EndsWith(R"(],"next":"j12-x"})"));
}

TEST_F(ListingTest, WindowAndCursorAreThoseOfTheQuery) {
  get("from=2025-06-15T00:00:00Z&cursor=j12%2Dx");
  ASSERT_EQ(store.windows.size(), 1u);
  EXPECT_EQ(store.windows[0].from, lab::World::default_wall);
  EXPECT_EQ(store.windows[0].to, payment::UtcMs::max());
  EXPECT_EQ(store.cursor, "j12-x");
}

TEST_F(ListingTest, ACursorThatIsNoneIs400) {
  store.page = std::optional<store::Page>();
  EXPECT_THAT(*get("cursor=x"),
              IsProblem(400, "invalid-parameter", "is not a cursor of this list", "cursor"));
}

TEST_F(ListingTest, ABadQueryIs400AndTheStoreIsNotAsked) {
  EXPECT_THAT(*get("cursor=a&cursor=b"),
              IsProblem(400, "invalid-parameter", "appears more than once", "cursor"));
  EXPECT_THAT(*get("from=2025-06-15T00:00:01Z&to=2025-06-15T00:00:00Z"),
              IsProblem(400, "invalid-parameter", "must not be after 'to'", "from"));
  EXPECT_THAT(store.windows, IsEmpty());
}

TEST_F(ListingTest, AStoreThatIsAwayIs503) {
  store.page = std::unexpected(store::Unavailable{});
  EXPECT_THAT(*get(), IsProblem(503, "store-unavailable", "", ""));
}

}  // namespace
}  // namespace payswitch::api
