#pragma once

#include <functional>
#include <memory>
#include <string>

#include "platform/loop.h"
#include "store/shared/cluster/membership.h"
#include "store/store.h"

namespace payswitch::store::shared {

// What is read of the payments in Redis, as the store promises it. Another instance may have sent
// payments to a processor that we have not heard of: every number that is told has its name by
// then, or the answer is Unavailable. Loop thread only.
class Reader {
 public:
  Reader(const Seams& seams, Membership& membership, platform::Loop& loop)
      : seams_(seams), membership_(membership), loop_(loop) {}

  void find(const payment::CorrelationId& id, Store::FindDone done);
  void summary(const books::Window& window, Store::SummaryDone done);
  void list(const books::Window& window, const std::string& cursor, Store::ListDone done);

  // No caller waits for an answer.
  bool idle() const { return reads_ == 0; }

 private:
  struct Sums;
  using Named = std::move_only_function<void(bool are_known)>;

  void sum(const books::Window& window, Store::SummaryDone done);
  void read_names(Named then);
  void with_names(std::size_t needed, Named then);
  void later(platform::Callback callback);
  template <typename ReadDone>
  void decline(ReadDone done);

  Seams seams_;
  Membership& membership_;
  platform::Loop& loop_;
  std::size_t reads_ = 0;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace payswitch::store::shared
