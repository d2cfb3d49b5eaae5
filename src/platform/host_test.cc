#include "platform/host.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "platform/manual_time.h"

namespace payswitch::platform {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

// Answers when the test says so.
class PlayedResolver final : public Resolver {
 public:
  void look_up(const std::string& name, Done done) override {
    names.push_back(name);
    asked_.push_back(std::move(done));
  }
  void answer(std::expected<Addresses, NoAddress> found) {
    Done done = std::move(asked_.front());
    asked_.erase(asked_.begin());
    done(std::move(found));
  }
  void find(const char* address) { answer(Addresses{address}); }
  void find_nothing() { answer(std::unexpected(NoAddress{"no such host", false})); }

  std::vector<std::string> names;

 private:
  std::vector<Done> asked_;
};

class WhereAHostIs : public testing::Test {
 protected:
  Host host(const std::string& name) {
    return {name, resolver, time, [this](const auto& found) { told.push_back(found.has_value()); }};
  }

  PlayedResolver resolver;
  ManualTime time;
  std::vector<bool> told;
};

TEST_F(WhereAHostIs, AnAddressIsNeverLookedUp) {
  for (const char* address : {"127.0.0.1", "::1"}) {
    Host literal = host(address);
    literal.doubt();
    literal.want();
    EXPECT_THAT(literal.addresses(), ElementsAre(address));
  }
  EXPECT_THAT(resolver.names, IsEmpty());
}

TEST_F(WhereAHostIs, ANameIsLookedUpOnceForAllWhoWait) {
  Host one = host("bank");
  EXPECT_THAT(one.addresses(), IsEmpty());
  one.want();
  one.want();
  EXPECT_THAT(resolver.names, ElementsAre("bank"));
  resolver.find("10.0.0.1");
  EXPECT_THAT(one.addresses(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(told, ElementsAre(true));
}

TEST_F(WhereAHostIs, TheLastGoodAddressesAreUsedWhileANewLookUpRuns) {
  Host one = host("bank");
  one.want();
  resolver.find("10.0.0.1");
  time.advance(Host::fresh_for - 1ns);
  one.want();
  EXPECT_EQ(resolver.names.size(), 1u) << "they are fresh";
  time.advance(1ns);
  one.want();
  EXPECT_EQ(resolver.names.size(), 2u);
  EXPECT_THAT(one.addresses(), ElementsAre("10.0.0.1"));
  resolver.find("10.0.0.2");
  EXPECT_THAT(one.addresses(), ElementsAre("10.0.0.2"));
}

TEST_F(WhereAHostIs, TheyOutliveALookUpThatFails) {
  Host one = host("bank");
  one.want();
  resolver.find("10.0.0.1");
  time.advance(Host::fresh_for);
  one.want();
  resolver.find_nothing();
  EXPECT_THAT(one.addresses(), ElementsAre("10.0.0.1"));
  EXPECT_THAT(told, ElementsAre(true, false));
}

TEST_F(WhereAHostIs, WhatLedNowhereIsLookedUpAnewButNotAllTheTime) {
  Host one = host("bank");
  one.want();
  resolver.find("10.0.0.1");
  one.doubt();
  one.want();
  EXPECT_EQ(resolver.names.size(), 1u) << "just looked up";
  time.advance(Host::doubted_for);
  one.want();
  EXPECT_EQ(resolver.names.size(), 2u);
  resolver.find("10.0.0.2");
  time.advance(Host::doubted_for);
  one.want();
  EXPECT_EQ(resolver.names.size(), 2u) << "nothing speaks against the new one";
}

TEST_F(WhereAHostIs, WithoutAnyAddressEachWantAsks) {
  Host one = host("bank");
  one.want();
  resolver.find_nothing();
  one.want();
  EXPECT_EQ(resolver.names.size(), 2u);
}

TEST_F(WhereAHostIs, NobodyIsCalledAfterTheEnd) {
  {
    Host one = host("bank");
    one.want();
  }
  resolver.find("10.0.0.1");
  EXPECT_THAT(told, IsEmpty());
}

}  // namespace
}  // namespace payswitch::platform
