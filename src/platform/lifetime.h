#pragma once

#include <memory>
#include <utility>

namespace payswitch::platform {

// Guards the callbacks of an object that may be gone when they run: a disk, a timer or a peer
// answers when it likes. The object holds a Lifetime as its last member, and gives away only
// guarded functions:
//
//   disk.sync(file, lifetime_.guard([this](auto result) { synced(std::move(result)); }));
//
// A guarded function does nothing once the Lifetime has ended. Made, called and ended on one
// thread.
class Lifetime {
 public:
  Lifetime() = default;
  Lifetime(const Lifetime&) = delete;
  Lifetime& operator=(const Lifetime&) = delete;

  // Takes any function that returns nothing; what is given back takes the same arguments.
  template <class Function>
  auto guard(Function function) const {
    return [function = std::move(function),
            token = std::weak_ptr(token_)]<class... Arguments>(Arguments&&... arguments) mutable {
      if (!token.expired()) function(std::forward<Arguments>(arguments)...);
    };
  }

  // Ends it early: nothing that was guarded before runs any more.
  void end() { token_.reset(); }

 private:
  std::shared_ptr<const char> token_ = std::make_shared<const char>();
};

}  // namespace payswitch::platform
