#include "app/composition/restored.h"

#include "api/processors_fixture.h"

namespace payswitch::app {
namespace {

using platform::Level;

using RestoredTest = api::ProcessorsTest;

TEST_F(RestoredTest, OfAStoreThatIsNoCopyNothingIsSaid) {
  dispatcher = make_dispatcher({}, one_upstream());
  warn_if_restored(*dispatcher, store, log);
  dispatcher = make_dispatcher({.restored = dispatch::Restored::ending}, one_upstream());
  warn_if_restored(*dispatcher, store, log);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(RestoredTest, OfACopyIsSaidHowLongRequestsMayStillBeUnderWay) {
  dispatcher = make_dispatcher({.restored = dispatch::Restored::yes}, one_upstream());
  warn_if_restored(*dispatcher, store, log);
  EXPECT_EQ(log.count(Level::warn, "at least 60 s ago (hang_up)"), 1u);
}

TEST_F(RestoredTest, AProcessorThatIsNotAskedIsNamed) {
  dispatcher = make_dispatcher({.restored = dispatch::Restored::yes}, one_upstream());
  warn_if_restored(*dispatcher, store, log);
  EXPECT_EQ(log.count(Level::error, "processor 'gone' is known to the restored store"), 1u);
  EXPECT_EQ(log.count(Level::error, "'default'"), 0u);
}

}  // namespace
}  // namespace payswitch::app
