#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "payment/money.h"
#include "platform/clock.h"
#include "platform/log.h"
#include "redis/client.h"
#include "store/options.h"
#include "store/origins.h"
#include "store/shared/scripts.h"
#include "store/store.h"

namespace payswitch::store::shared {

// Facts about the whole store, as the group keeps them in Redis: where each processor is, whether
// this Redis was restored, up to when sums were told.
//
// How an instance agrees on origins, before its first beat: it reads what is kept and plans what to
// change (store/origins.h). A change of what another instance may be using is counted over all open
// payments first and refused when one of them is unanswered there; then the script `place` makes
// it, unless another instance lives: that one uses the place as it is. While the lease of one may
// still run out the change is tried again. After that every beat compares: an instance whose place
// is not the group's any more stops.
class SharedFacts {
 public:
  using Replied = std::move_only_function<void(const wire::Reply&)>;
  // They give replies that are no errors, and nothing once the connection has gone.
  struct Wire {
    std::function<void(const wire::Script& script, const std::vector<std::string>& keys,
                       const std::vector<std::string>& arguments, Replied then)>
        run;
    std::function<void(const std::vector<std::string>& words, Replied then)> say;
  };
  // How agree() ends; exactly one of them is called, unless the connection goes.
  struct Agreed {
    std::function<void()> yes;
    std::function<void(const std::string& line)> no;
    std::function<void(const std::string& why)> not_yet;  // to be tried again
  };
  // Who asks.
  struct Instance {
    std::string name;
    bool has_been_ready = false;  // there are payments to see through: nothing is changed any more
    bool has_forgotten = false;   // Redis may have: what we know is written again
  };

  SharedFacts(const Options& configured, platform::Duration lease, const Scripts& scripts,
              const platform::Clock& clock, platform::Log& log, Wire wire);

  // `names`, by number, are kept already.
  void agree(const Instance& instance, std::vector<std::string> names, Agreed agreed);

  // What a beat says. A line: a processor is not where the group has it.
  std::optional<std::string> learn(const std::vector<std::string>& names,
                                   const wire::Reply& origins, const wire::Reply& settings);

  // Sent, and sent again in each ready(), until it is answered.
  void keep_told(payment::UtcMs told, Store::Done done);
  void ready();
  void away();
  bool idle() const { return waiting_.empty(); }

  const Facts& values() const { return values_; }

 private:
  struct Agreement;
  struct Count;
  struct Told {
    payment::UtcMs time;
    Store::Done done;
  };

  void plan(const std::shared_ptr<Agreement>& agreement);
  void count(const std::shared_ptr<Agreement>& agreement);
  void count_all(const std::shared_ptr<Count>& count, const wire::Reply& members);
  void counted(const std::shared_ptr<Count>& count);
  void place(const std::shared_ptr<Agreement>& agreement);
  void placed(const std::shared_ptr<Agreement>& agreement, const wire::Reply& reply);
  void keep_what_is_known(const std::shared_ptr<Agreement>& agreement);
  void learn_settings(const wire::Reply& settings);
  void send(std::uint64_t number);

  const Options configured_;
  const platform::Duration lease_;
  const Scripts& scripts_;
  const platform::Clock& clock_;
  platform::Log& log_;
  const Wire wire_;
  Facts values_;
  std::optional<platform::Instant> others_lived_at_;  // when that first stopped us
  bool is_ready_ = false;
  std::uint64_t next_ = 0;
  std::map<std::uint64_t, Told> waiting_;  // in the order of the calls
};

}  // namespace payswitch::store::shared
