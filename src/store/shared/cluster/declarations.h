#pragma once

#include <vector>

#include "store/peers.h"

namespace payswitch::store::shared {

// Those who wait to hear up to where what they are about to tell is final. One beat answers all who
// came before it was sent. Pure.
class Declarations {
 public:
  void add(payment::UtcMs told, Peers::Confirmed done) {
    waiting_.push_back({told, std::move(done)});
  }

  // Whether a beat has to be sent now, for all who wait. Not while one is under way: then the next.
  bool begin();
  // It was answered; nullopt: nothing is known to be final.
  void end(std::optional<payment::UtcMs> until);
  // It will not be answered.
  void give_up();

 private:
  struct Declaration {
    payment::UtcMs told;
    Peers::Confirmed done;
  };

  std::vector<Declaration> waiting_;
  std::vector<Declaration> under_way_;
};

}  // namespace payswitch::store::shared
