#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "http/client.h"

namespace payswitch::http {

class ClientConnection;

// The connections of a pool, in numbered slots, and the ids by which callers name them. An id is a
// slot and its generation, which grows whenever a caller's hold ends, so an old id never names the
// exchange that is there now.
class ConnectionTable {
 public:
  using Slot = std::uint32_t;

  // A slot that is free; put() fills it.
  Slot reserve();
  ClientConnection& put(Slot slot, std::shared_ptr<ClientConnection> connection);
  // The connection has gone: its ids are old, and the slot is free.
  void remove(Slot slot);

  ConnectionId id_of(Slot slot) const;
  // All ids that were made of this slot are old.
  void end_hold(Slot slot) { ++entries_[slot].generation; }

  // nullptr: the id is old.
  ClientConnection* find(ConnectionId id) const;
  ClientConnection& at(Slot slot) const { return *entries_[slot].connection; }

  // How many there are.
  std::size_t size() const { return size_; }
  std::vector<std::shared_ptr<ClientConnection>> all() const;

 private:
  struct Entry {
    std::shared_ptr<ClientConnection> connection;  // nullptr: free
    std::uint32_t generation = 1;
  };

  std::vector<Entry> entries_;
  std::vector<Slot> free_;
  std::size_t size_ = 0;
};

}  // namespace payswitch::http
