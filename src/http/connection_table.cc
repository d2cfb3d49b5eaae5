#include "http/connection_table.h"

#include <cassert>
#include <utility>

namespace payswitch::http {

ConnectionTable::Slot ConnectionTable::reserve() {
  if (free_.empty()) {
    free_.push_back(static_cast<Slot>(entries_.size()));
    entries_.emplace_back();
  }
  const Slot slot = free_.back();
  free_.pop_back();
  return slot;
}

ClientConnection& ConnectionTable::put(Slot slot, std::shared_ptr<ClientConnection> connection) {
  assert(!entries_[slot].connection);
  entries_[slot].connection = std::move(connection);
  ++size_;
  return *entries_[slot].connection;
}

void ConnectionTable::remove(Slot slot) {
  end_hold(slot);
  free_.push_back(slot);
  --size_;
  entries_[slot].connection.reset();
}

ConnectionId ConnectionTable::id_of(Slot slot) const {
  return ConnectionId{std::uint64_t{entries_[slot].generation} << 32 | slot};
}

ClientConnection* ConnectionTable::find(ConnectionId id) const {
  const auto slot = static_cast<Slot>(static_cast<std::uint64_t>(id));
  const bool is_current = slot < entries_.size() && id_of(slot) == id;
  return is_current ? entries_[slot].connection.get() : nullptr;
}

std::vector<std::shared_ptr<ClientConnection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<ClientConnection>> found;
  for (const Entry& entry : entries_) {
    if (entry.connection) found.push_back(entry.connection);
  }
  return found;
}

}  // namespace payswitch::http
